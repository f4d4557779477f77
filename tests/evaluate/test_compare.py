"""The comparison of a model with the portfolio, in miniature, with a real Lean."""

import asyncio
import itertools
import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import LlamaForSequenceClassification

from prover.data.theorems.corpus import held_out
from prover.errors import ProverError, WrongUse
from prover.evaluate.compare import (
    AtLeast,
    Comparison,
    Uniform,
    capped,
    compare,
    one_table,
    read_test,
    read_tests,
    summarise,
    table,
)
from prover.evaluate.statistics import mcnemar, sign_flips, wilson, wilson_by_cluster
from prover.generate.portfolio import Portfolio
from prover.models.presets import model_config, new_model
from prover.train.corpus import Recipe
from prover.train.sft import train_tactics
from search.budget import Spent
from search.interfaces import Goal, Request, State
from tests.train.school import PAIRS, ROWS, SHAPE, tokenizer, write_rows

SETTINGS = Comparison(calls=16, seconds=1.0, attempts=2, samples=2, max_tokens=16)


def test_wilsons_interval() -> None:
    assert wilson(10, 100) == pytest.approx((0.0552, 0.1744), abs=1e-4)
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)


def test_independent_clusters_have_wilsons_interval() -> None:
    """Exactly, where a cluster is one trial; nearly, where clusters mix as chance would have it."""
    alone = [(1, 1)] * 10 + [(0, 1)] * 90
    assert wilson_by_cluster(alone) == pytest.approx(wilson(10, 100), abs=2e-3)
    mixed = [(1, 2)] * 50
    assert wilson_by_cluster(mixed) == wilson(50, 100)


def test_clusters_that_end_alike_count_as_one_trial_each() -> None:
    alike = [(4, 4)] * 10 + [(0, 4)] * 15
    low, high = wilson_by_cluster(alike)
    assert (low, high) == pytest.approx(wilson(10, 25), abs=0.01)
    assert wilson_by_cluster([(0, 4)] * 10) == wilson(0, 10)
    assert wilson_by_cluster([(4, 4)] * 10) == wilson(10, 10)
    assert wilson_by_cluster([(3, 4)]) == pytest.approx(wilson(0.75, 1.0))
    assert wilson_by_cluster([]) == (0.0, 1.0)


def test_the_interval_covers_what_it_should() -> None:
    """Of 300 samples of 60 clusters of 1 to 5 trials, of which most end alike; 95% of 300 is 285."""
    numbers = random.Random(0)
    covered = {"clustered": 0, "as if independent": 0}
    for _ in range(300):
        clusters = []
        for size in numbers.choices(range(1, 6), k=60):
            chance = numbers.choice([0.02, 0.1, 0.5, 0.98])
            clusters.append((sum(numbers.random() < chance for _ in range(size)), size))
        won, tried = (sum(values) for values in zip(*clusters, strict=True))
        for name, (low, high) in {
            "clustered": wilson_by_cluster(clusters),
            "as if independent": wilson(won, tried),
        }.items():
            covered[name] += low <= 0.4 <= high
    assert covered["clustered"] >= 276 and covered["as if independent"] < 260


@given(st.lists(st.integers(-4, 4), max_size=10))
def test_flips_of_signs_are_counted_one_by_one(differences: list[int]) -> None:
    flipped = [
        abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(differences))
    ]
    extreme = sum(total >= abs(sum(differences)) for total in flipped)
    assert sign_flips(differences) == pytest.approx(extreme / len(flipped))


def test_without_clusters_it_is_mcnemars_test() -> None:
    assert sign_flips([1] * 30 + [0] * 300 + [-1] * 6) == pytest.approx(mcnemar(30, 6))
    assert sign_flips([3] * 10 + [-3] * 2) == pytest.approx(mcnemar(10, 2))
    assert sign_flips([]) == sign_flips([0, 0]) == 1.0


def test_of_the_held_out_test_no_statement_and_no_template_has_many_rows() -> None:
    rows = held_out()
    some = capped(rows)
    assert len({row.root for row in rows}) == 101
    roots = Counter(row.root for row in some)
    templates = Counter(root.rpartition("_")[0] for root in roots.elements())
    assert max(roots.values()) == 2 and max(templates.values()) == 10
    assert (len(some), len(roots)) == (153, 85)
    assert some == capped(rows[::-1])
    assert set(templates) == {row.root.rpartition("_")[0] for row in rows}


def test_a_root_is_the_statement_that_all_began_with() -> None:
    child = replace(ROWS[0], name="c_0", lineage=("lift", "a_0"))
    grandchild = replace(ROWS[0], name="d_0", lineage=("lift", "a_0", "conjoin", "c_0", "b_0"))
    assert child.root == grandchild.root == "a_0"
    assert ROWS[0].root == ROWS[0].name


def test_a_search_ends_when_calls_and_time_are_both_used_up() -> None:
    budget = AtLeast(seconds=9.0, calls=10, wall=1.0)
    assert budget.exhausted(Spent(tactics=10, seconds=0.5)) is None
    assert budget.exhausted(Spent(tactics=9, seconds=2.0)) is None
    assert budget.exhausted(Spent(tactics=10, seconds=1.0)) == "calls and seconds"
    assert budget.exhausted(Spent(tactics=0, seconds=9.0)) == "seconds"


def test_uniform_draws_the_same_tactics_in_another_order() -> None:
    state = State("k", (Goal("p q : Prop\n⊢ p ∧ q", "p ∧ q"),))

    async def tactics(generator: Any, seed: int) -> list[str]:
        found = [s async for _, s in generator.generate([Request(state, seed=seed)])]
        assert [s.logprob for s in found] == sorted((s.logprob for s in found), reverse=True)
        return [s.tactic for s in found]

    plain = asyncio.run(tactics(Portfolio(), 0))
    first, second = (asyncio.run(tactics(Uniform(Portfolio()), seed)) for seed in (0, 1))
    assert sorted(first) == sorted(second) == sorted(plain)
    assert len({tuple(plain), tuple(first), tuple(second)}) == 3


def line(contestant: str, name: str, attempt: int, calls: int, **more: Any) -> dict[str, Any]:
    return {
        "contestant": contestant,
        "name": name,
        "attempt": attempt,
        "outcome": "proved",
        "reason": "",
        "calls": calls,
        "seconds": 0.1,
        "steps": 1,
        "lean": "4",
        **more,
    }


def test_the_figures_of_known_searches() -> None:
    swap, either, steps, _ = (row.name for row in ROWS)
    lines = [
        line("portfolio", swap, 0, 3),
        line("portfolio", either, 0, 17),  # in time, but with too many calls
        line("model+portfolio", either, 0, 5, steps=2),
        line("model+portfolio", steps, 1, 16, seconds=0.3),
    ]
    settings = replace(SETTINGS, contestants=("portfolio", "model+portfolio"))
    summary = summarise(lines, ROWS, settings)
    portfolio, mixed = summary["contestants"].values()
    assert portfolio["pass@1"]["proved"] == portfolio["pass@2"]["proved"] == 1
    assert portfolio["solved against Lean calls"] == [[1, 0], [2, 0], [4, 1], [8, 1], [16, 1]]
    assert portfolio["solved against seconds"][-1] == [1.0, 2]
    assert mixed["pass@1"]["proved"] == 1 and mixed["pass@2"]["proved"] == 2
    assert mixed["proofs of more than one step"] == 1
    assert summary["pairs"] == [
        {
            "pair": ["portfolio", "model+portfolio"],
            "only the first": 1,
            "only the second": 1,
            "p": 1.0,
        }
    ]
    assert summary["roots"] == summary["statements"] == 4
    assert summary["only with the model"] == [either, steps]
    assert summary["only without the model"] == [swap]


def test_what_descends_from_one_statement_counts_as_one() -> None:
    root, *others = ROWS
    children = [replace(root, name=f"child_{n}", lineage=("lift", root.name)) for n in range(9)]
    lines = [line("model+portfolio", row.name, 0, 3) for row in [root, *children]]
    settings = replace(SETTINGS, contestants=("portfolio", "model+portfolio"))
    summary = summarise(lines, [root, *children, *others], settings)
    (pair,) = summary["pairs"]
    assert (pair["only the first"], pair["only the second"], pair["p"]) == (0, 10, 1.0)
    share = summary["contestants"]["model+portfolio"]["pass@1"]
    assert (share["proved"], share["of"]) == (10, 13)
    assert share["low"] < 0.3 < wilson(10, 13)[0]
    written = table(summary | {"settings": {"calls": 16, "seconds": 1.0, "attempts": 2}})
    assert "13 statements that descend from 4, Lean 4." in written
    assert "| portfolio or model+portfolio | 0 | 10 | 1 |" in written


def test_kinds_that_training_has_not_seen_count_apart() -> None:
    old, new = ROWS[:3], replace(ROWS[3], name="any_lift_0", lineage=("lift", "dvd_linear_0"))
    lines = [
        line("portfolio", old[0].name, 0, 3),
        line("model+portfolio", old[0].name, 0, 3),
        line("model+portfolio", old[1].name, 0, 5),
        line("model+portfolio", new.name, 1, 5),
    ]
    settings = replace(SETTINGS, contestants=("portfolio", "model+portfolio"))
    summary = summarise(lines, [*old, new], settings)
    assert summary["kinds"] == {
        "seen in training": {
            "statements": 3,
            "not proved by the portfolio": 2,
            "proved": {"portfolio": 1, "model+portfolio": 2},
            "proved of those": {"portfolio": 0, "model+portfolio": 1},
        },
        "new": {
            "statements": 1,
            "not proved by the portfolio": 1,
            "proved": {"portfolio": 0, "model+portfolio": 1},
            "proved of those": {"portfolio": 0, "model+portfolio": 1},
        },
    }
    written = table(summary | {"settings": {"calls": 16, "seconds": 1.0, "attempts": 2}})
    assert "| seen in training | 3 (2) | 1 (0) | 2 (1) |" in written
    assert "| new | 1 (1) | 0 (0) | 1 (1) |" in written


def test_each_template_counts_the_same_in_the_mean_over_templates() -> None:
    rows = [
        replace(ROWS[0], name=f"{root}_{i}") for root, n in (("a", 3), ("b", 1)) for i in range(n)
    ]
    lines = [line("portfolio", name, 0, 3) for name in ("a_0", "a_1", "b_0")]
    summary = summarise(lines, rows, replace(SETTINGS, contestants=("portfolio",)))
    figures = summary["contestants"]["portfolio"]
    assert figures["pass@1"]["proved"] == 3
    assert figures["mean over templates"] == round((2 / 3 + 1) / 2, 4)
    ill = [{**one, "outcome": "not elaborating", "reason": "unknown n"} for one in lines]
    with pytest.raises(WrongUse, match="understood by this Lean: unknown n"):
        summarise([*ill, {**ill[0], "name": "a_2"}], rows, SETTINGS)


@pytest.mark.lean
def test_all_contestants_on_real_statements_and_the_report_made_again(tmp_path: Path) -> None:
    model = new_model(model_config(SHAPE, len(tokenizer())), 0)
    recipe = Recipe(100, 8, 128, 5e-3, 2)
    train_tactics(model, tokenizer(), PAIRS, tmp_path, recipe)
    out = tmp_path / "out"
    said: list[str] = []

    who = ("portfolio", "ranker", "value", "model", "model+ranker")
    judge = model_config(SHAPE, len(tokenizer()))
    judge.num_labels, judge.pad_token_id = 1, tokenizer().pad_token_id
    LlamaForSequenceClassification(judge).save_pretrained(tmp_path / "value")
    tokenizer().save_pretrained(tmp_path / "value")
    patient = replace(SETTINGS, contestants=who, seconds=2.0)

    def run(settings: Comparison = patient) -> dict[str, Any]:
        work = compare(
            ROWS,
            tmp_path / "model",
            out,
            settings,
            value=tmp_path / "value",
            lean="embedded",
            report=said.append,
        )
        return asyncio.run(work)

    summary = run()
    rows = [json.loads(text) for text in (out / "attempts.jsonl").read_text().splitlines()]
    assert len(rows) == len(said) == len(ROWS) * (3 * 1 + 2 * 2)
    assert {row["outcome"] for row in rows if row["name"].startswith("false")} == {"disproved"}
    figures = summary["contestants"]
    assert figures["portfolio"]["pass@1"]["proved"] == 3
    longer = [r for r in rows if r["contestant"] == "portfolio" and r.get("steps", 0) > 1]
    assert figures["portfolio"]["proofs of more than one step"] == len(longer)
    assert figures["model"]["pass@2"]["proved"] >= 1  # `swap` is one of its pairs
    assert figures["model+ranker"]["pass@1"]["proved"] == 3
    assert figures["ranker"]["pass@1 in time"]["proved"] == 3
    assert figures["value"]["pass@1"]["proved"] == 3
    columns = one_table({"ours": summary}).splitlines()
    assert columns[2] == "| | ours (4) |" and len(columns) == 9
    assert columns[5].startswith("| ranker | 3, 26 to 96% / 3, 26 to 96% (1 / 1) |")
    markdown = (out / "report.md").read_text()
    assert "| portfolio | 3 (75.0%, " in markdown and markdown == table(summary)

    last = (out / "attempts.jsonl").read_text().splitlines(keepends=True)
    (out / "attempts.jsonl").write_text("".join(last[:-1]) + last[-1][:20])
    assert run()["contestants"]["portfolio"] == figures["portfolio"]
    assert len(said) == len(rows) + 1
    with pytest.raises(ProverError, match=r"other settings .*calls 16 there, 8 here"):
        run(replace(patient, calls=8))


def test_two_tests_of_one_name_are_refused(tmp_path: Path) -> None:
    files = [write_rows(tmp_path / folder / "rows.jsonl") for folder in ("a", "b")]
    assert read_tests([str(files[0]), "library"], 2).keys() == {"rows", "library"}
    with pytest.raises(WrongUse, match="two tests are called rows"):
        read_tests([str(file) for file in files])


def test_tests_are_found_by_name_or_in_a_file(tmp_path: Path) -> None:
    assert 100 < len(read_test("statements")) < len(held_out())
    assert len(read_test("library")) == len(held_out("library"))
    rows = read_test(str(write_rows(tmp_path / "rows.jsonl")))
    assert sorted(row.name for row in rows) == sorted(row.name for row in ROWS)
    benchmark = tmp_path / "benchmark.jsonl"
    statement = "theorem t (n : ℕ) : n = n"
    benchmark.write_text(json.dumps({"name": "t", "statement": statement, "split": "valid"}))
    (plain,), (core,) = read_test(str(benchmark)), read_test(f"core:{benchmark}")
    assert plain.statement == core.statement == statement and "ℕ" in core.header
    with pytest.raises(
        WrongUse, match=r"nothing is neither a held-out test \(statements, library, "
    ):
        read_test("nothing")


def test_wrong_use_is_refused(tmp_path: Path) -> None:
    def run(rows: Any, model: Path | None, *contestants: str) -> None:
        asyncio.run(compare(rows, model, tmp_path, replace(SETTINGS, contestants=contestants)))

    with pytest.raises(WrongUse, match="give a value model"):
        run(ROWS, None, "value")
    with pytest.raises(WrongUse, match="contestants are"):
        run(ROWS, None, "nobody")
    with pytest.raises(WrongUse, match="no statement"):
        run([], None, "portfolio")
    with pytest.raises(WrongUse, match="give a model"):
        run(ROWS, None, "model")
    with pytest.raises(WrongUse, match="holds no model"):
        run(ROWS, tmp_path, "model")
    assert not list(tmp_path.iterdir())
