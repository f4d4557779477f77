"""The figures of reports, computed again by other means, and the page itself."""

import itertools
import json
import math
import random
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from prover.errors import WrongUse
from prover.evaluate.report import Figures, blocks, paired, title
from prover.evaluate.run import read_results
from prover.evaluate.statistics import bootstrap, mcnemar, pass_at_k, wilson
from prover.render.document import to_html, to_markdown
from search.interfaces import MALFORMED

SETTINGS: dict[str, Any] = {
    "benchmark": "some.jsonl",
    "file_sha256": "f" * 64,
    "statements_sha256": "a" * 64,
    "split": "",
    "subset": "",
    "shard": [1, 1],
    "attempts": 1,
    "seed": 3,
    "budget": {"expansions": 600, "tokens": None, "heartbeats": None},
    "cap_seconds": 900.0,
    "tactic": {"heartbeats": 20000, "cap_seconds": 60.0},
    "width": 8,
    "alpha": 0.0,
    "portfolio": True,
    "model": None,
    "model_sha256": None,
    "prompt_format": None,
    "few_shot_sha256": None,
    "score": None,
    "sampling": None,
    "decontamination": "",
    "lean": "4.28.0-pre",
    "lean_commit": "38f3c0c4",
    "lean_kind": "embedded",
    "mathlib": None,
    "canaries": 4,
}
SESSION = {
    "began": "2026-01-02T03:04:05Z",
    "jobs": 2,
    "together": 4,
    "processor": "A <fast> one",
    "cores": 2,
    "memory_gb": 8.0,
    "gpu": None,
    "system": "Linux",
    "python": "3.11.7",
    "prover": "0.1.0",
    "code_sha256": "c" * 64,
}


def test_a_report_on_llemma_says_whose_examples_it_saw(tmp_path: Path) -> None:
    sampling = {"samples": 32, "temperature": 1.0, "top_p": 1.0, "max_tokens": 256, "beam": True}
    llemma = {"model": "m", "prompt_format": "llemma", "score": "mean", "sampling": sampling}
    own = to_markdown(blocks([write(tmp_path / "own.jsonl", {"a": []}, **llemma)]))
    assert "| llemma, three examples of our own, so that no figure is Llemma's |" in own
    assert "| completions of a prompt | 32, beams, at most 256 tokens each |" in own
    given = write(tmp_path / "given.jsonl", {"a": []}, **llemma, few_shot_sha256="e" * 64)
    assert f"| llemma, examples with SHA-256 {'e' * 64} |" in to_markdown(blocks([given]))


def write(path: Path, statements: dict[str, list[dict[str, Any]]], **changes: Any) -> Figures:
    """A file of results with these attempts of each statement."""
    listed = [
        {"name": n, "split": "valid" if i % 2 else "test", "sha256": f"{i:064}", "copy": "own"}
        for i, n in enumerate(statements)
    ]
    settings = {**SETTINGS, **changes}
    lines: list[dict[str, Any]] = [
        {"run": {"format": 1, "settings": settings, "statements": listed}},
        {"session": SESSION},
        {"canaries": {"searched": 4, "proved": None}},
    ]
    for name, rows in statements.items():
        for attempt, row in enumerate(rows):
            lines.append(
                {"name": name, "attempt": attempt, "split": "test", "seed": attempt, **row}
            )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return Figures(read_results(path))


def won(expansions: int, calls: int = 10, proof: str = "simp", **more: Any) -> dict[str, Any]:
    return {
        "outcome": "proved",
        "reason": "",
        "capped": False,
        "expansions": expansions,
        "lean_calls": calls,
        "tokens": 100,
        "heartbeats": 5,
        "failures": {"tactic": 2},
        "seconds": {"elaborate": 1.0, "search": 2.0, "generate": 0.5, "verify": 0.5},
        "proof": proof,
        "steps": proof.count("\n") + 1,
        "made_by": {"portfolio": 1},
        "axioms": ["propext"],
        "layers": ["text", "kernel"],
        **more,
    }


def lost(reason: str = "the budget is spent (expansions)", **more: Any) -> dict[str, Any]:
    row = {**won(600, 4000), "outcome": "gave_up", "reason": reason}
    kept = {
        k: v for k, v in row.items() if k not in ("proof", "steps", "made_by", "axioms", "layers")
    }
    return {**kept, **more}


def unread(
    outcome: str = "not elaborating", reason: str = "1:2: error: Unknown identifier `ℝ`"
) -> Any:
    return {"outcome": outcome, "reason": reason, "seconds": {"elaborate": 0.5}}


# Statistics


@pytest.mark.parametrize(("n", "c"), [(6, 0), (6, 1), (6, 3), (6, 6), (1, 1)])
def test_pass_at_k_is_the_share_of_all_choices_with_a_success(n: int, c: int) -> None:
    for k in range(1, n + 1):
        choices = list(itertools.combinations([True] * c + [False] * (n - c), k))
        assert pass_at_k(n, c, k) == pytest.approx(sum(map(any, choices)) / len(choices))
    with pytest.raises(ValueError, match="pass@7"):
        pass_at_k(6, 2, 7)


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (3, 10), (64, 244), (10, 10)])
def test_wilson_solves_its_equation(successes: int, trials: int) -> None:
    share = successes / trials
    for end in wilson(successes, trials):
        if 0 < end < 1:
            z = abs(share - end) / math.sqrt(end * (1 - end) / trials)
            assert z == pytest.approx(1.959964, abs=1e-6)
        else:
            assert end == share


def test_the_bootstrap_has_the_width_of_the_standard_error() -> None:
    numbers = random.Random(1)
    values = [numbers.random() for _ in range(400)]
    low, high = bootstrap(values)
    error = math.sqrt(sum((v - 0.5) ** 2 for v in values)) / 400
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.08)
    assert low < sum(values) / 400 < high
    assert bootstrap(values) == bootstrap(values)


@pytest.mark.parametrize(("gained", "lost_"), [(0, 0), (5, 0), (3, 7), (4, 4), (9, 2)])
def test_mcnemar_counts_all_outcomes_of_the_coins(gained: int, lost_: int) -> None:
    changed = gained + lost_
    distance = abs(gained - changed / 2)
    outcomes = [sum(coins) for coins in itertools.product((0, 1), repeat=changed)]
    extreme = sum(abs(heads - changed / 2) >= distance for heads in outcomes)
    assert mcnemar(gained, lost_) == pytest.approx(extreme / len(outcomes))


# Figures


def test_every_statement_counts(tmp_path: Path) -> None:
    figures = write(
        tmp_path / "r.jsonl",
        {
            "a": [won(1, 3)],
            "b": [lost()],
            "c": [unread()],
            "d": [unread("needs Mathlib", "an import is missing: unknown module `Mathlib`")],
            "e": [unread("memory", "no memory")],
            "f": [won(40, 300, "simp\nomega")],
            "g": [lost("the budget is spent (seconds)", capped=True)],
            "h": [lost("no tactic is left to try")],
            "i": [],
        },
    )
    estimate = figures.pass_at(1, figures.statements)
    assert (estimate.value, estimate.low, estimate.high) == (2 / 9, *wilson(2, 9))
    assert figures.curve("expansions") == [(1, 1.0), (40, 2.0)]
    assert figures.curve("lean_calls") == [(3, 1.0), (300, 2.0)]
    assert figures.curve("seconds") == [(4.0, 2.0)]
    assert figures.reasons == {
        "budget of expansions": 1,
        "does not elaborate": 1,
        "needs Mathlib": 1,
        "Lean: memory": 1,
        "cap on wall time": 1,
        "no tactic is left to try": 1,
    }
    assert figures.messages == {
        "Unknown identifier `…`": 1,
        "an import is missing: unknown module `…`": 1,
    }
    assert figures.capped == 1
    assert figures.seconds(figures.rows)["elaborate"] == 1.0 * 5 + 0.5 * 3
    text = to_markdown(blocks([figures]))
    assert "**this run is not complete: 1 of 9 attempts are not there" in text
    assert "**1 attempts were ended by the cap on wall time" in text
    assert (
        f"| all | 9 | 2 | 22.2% ({100 * wilson(2, 9)[0]:.1f} to {100 * wilson(2, 9)[1]:.1f}) |"
        in text
    )
    assert "| tokens for each proof, failed attempts included | 250 |" in text
    assert "| seeds | 3 |" in text and "f" * 64 in text and "a" * 64 in text


def test_pass_at_k_over_attempts(tmp_path: Path) -> None:
    wins = {"a": [1, 1, 1, 1], "b": [0, 1, 0, 0], "c": [0, 0, 0, 0], "d": [1, 0, 1, 0]}
    figures = write(
        tmp_path / "r.jsonl",
        {name: [won(2) if win else lost() for win in row] for name, row in wins.items()},
        attempts=4,
    )
    assert figures.ks == [1, 2, 4]
    for k in figures.ks:
        share = [
            sum(map(any, itertools.combinations(row, k))) / math.comb(4, k) for row in wins.values()
        ]
        assert figures.pass_at(k, figures.statements).value == pytest.approx(sum(share) / 4)
    assert figures.pass_at(1, figures.statements).method == "bootstrap"
    assert figures.curve("expansions") == [(2, 7 / 4)]
    text = to_markdown(blocks([figures]))
    assert "| pass@1 | pass@2 | pass@4 |" in text and "| seeds | 3 to 6 |" in text
    assert "proved 2 of 4" in text


def test_a_subset_is_in_the_title_and_the_others_are_counted_too(tmp_path: Path) -> None:
    figures = write(
        tmp_path / "r.jsonl", {"a": [won(1)], "b": [lost()], "c": [unread()]}, subset="core"
    )
    assert title([figures]) == (
        "some, core subset: the 2 of 3 statements that elaborate without Mathlib"
    )
    text = to_markdown(blocks([figures]))
    assert "| all | 2 | 1 | 50.0%" in text
    assert "| the subset and all others | 3 | 1 | 33.3%" in text


def test_what_is_known_to_be_wrong_is_flagged(tmp_path: Path) -> None:
    figures = write(tmp_path / "r.jsonl", {"mathd_algebra_314": [won(1)], "a": [won(1)]})
    text = to_markdown(blocks([figures]))
    assert "| mathd_algebra_314 | proved | deepseek |" in text
    assert "issue 26" in text
    assert "| mathd_algebra_314 ⚑ |" in text and "| a ⚑ |" not in text


def test_a_proved_canary_is_the_first_thing_said(tmp_path: Path) -> None:
    figures = write(tmp_path / "r.jsonl", {"a": [won(1)]})
    figures.results.canaries.append({"searched": 0, "proved": "theorem canary : False"})
    second = to_markdown(blocks([figures])).split("\n\n")[1]
    assert second.startswith("**a false statement was accepted as proved")


def test_two_runs_are_compared_on_what_they_share(tmp_path: Path) -> None:
    one = write(
        tmp_path / "one.jsonl", {"a": [won(1)], "b": [lost()], "c": [won(1)], "d": [lost()]}
    )
    two = write(
        tmp_path / "two.jsonl",
        {"a": [won(1)], "b": [won(5)], "c": [lost()], "d": [won(9)], "e": [won(1)]},
    )
    found = paired(one, two)
    assert (found.both, found.gained, found.lost, found.neither) == (("a",), ("b", "d"), ("c",), 0)
    assert found.p == mcnemar(2, 1) and found.unshared == ("e",)
    text = to_markdown(blocks([one, two]))
    assert "| one | 2 | 1 | c |" in text and "| two | 4 | 3 | b, d, e |" in text
    assert "| one to two | 2 | 1 | 1 |" in text
    with pytest.raises(WrongUse, match="share no statement"):
        paired(one, write(tmp_path / "three.jsonl", {"z": [won(1)]}))


# The page


class Page(HTMLParser):
    """Fails where a page is not well nested; collects its tags, attributes and text."""

    VOID = frozenset({"meta", "line", "rect", "path", "br", "link", "img"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_needs_nothing_else_and_says_the_same(tmp_path: Path) -> None:
    nasty = "exact <script>alert('&')</script>"
    one = write(tmp_path / "one.jsonl", {"a": [won(3, 17, nasty)], "b": [lost()], "c": [unread()]})
    two = write(tmp_path / "two.jsonl", {"a": [won(1, 2)], "b": [won(90, 1500)], "c": [unread()]})
    found = list(blocks([one, two]))
    text = to_html(found)
    assert text.startswith("<!DOCTYPE html>")
    page = Page(text)
    assert {"html", "head", "title", "body", "svg", "table", "details"} <= set(page.tags)
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert not {name for name, _ in page.attributes} & {"src", "href", "srcset", "xlink:href"}
    assert "http" not in text and "url(" not in text and "@import" not in text
    assert nasty in page.text and "A <fast> one" in page.text
    assert page.tags.count("svg") == 3
    for cell in (
        "66.7% (20.8 to 93.9)",
        "33.3% (6.1 to 79.2)",
        "one to two",
        "2026-01-02T03:04:05Z",
    ):
        assert cell in page.text, cell


def test_a_curve_is_drawn_where_its_figures_are(tmp_path: Path) -> None:
    figures = write(tmp_path / "r.jsonl", {"a": [won(1)], "b": [won(10)], "c": [won(100)]})
    text = to_html(list(blocks([figures])))
    first = text[text.index("<svg") : text.index("</svg>")]
    path = first[first.index('d="M') + 3 :].split('"')[0]
    # From 1 to 100 over the width of the axis, so 10 is in its middle; 3 is at the top.
    left, middle, right = 44, (44 + 704) / 2, 704
    assert [float(x) for x in path.replace("V", "H").split("H")[1:6:2]] == [left, middle, right]
    assert path.split("V")[-1].split("H")[0] == "12.0"


def test_malformed_suggestions_are_told(tmp_path: Path) -> None:
    rows = {"a": [won(3)], "b": [lost(failures={"tactic": 2, MALFORMED: 5})]}
    text = to_markdown(blocks([write(tmp_path / "bad.jsonl", rows)]))
    assert "5 suggestions were malformed" in text
    rows["b"] = [lost()]
    assert "malformed" not in to_markdown(blocks([write(tmp_path / "good.jsonl", rows)]))


def test_proofs_of_putnambench_are_left_out(tmp_path: Path) -> None:
    figures = write(tmp_path / "r.jsonl", {"a": [won(1, 1, "secret")]}, benchmark="putnambench")
    found = list(blocks([figures]))
    assert "secret" not in to_html(found) and "authors of PutnamBench ask" in to_html(found)


def test_a_run_without_proofs_has_a_report(tmp_path: Path) -> None:
    figures = write(tmp_path / "r.jsonl", {"a": [unread()], "b": []})
    found = list(blocks([figures]))
    assert "There are none." in to_markdown(found)
    Page(to_html(found))
