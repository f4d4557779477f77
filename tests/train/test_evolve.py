"""Statements that evolve, with a real Lean, and a scripted model behind a server of OpenAI's protocol."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from prover.data.decontaminate import Problem
from prover.data.theorems import backward
from prover.data.theorems.backward import Child, Parent, open_goal, open_parent, type_key
from prover.data.theorems.corpus import held_out
from prover.data.theorems.statement import Draft, Row, read_rows
from prover.errors import WrongUse
from prover.files import read_jsonl, write_json, write_jsonl
from prover.interrupt import run_cancellable
from prover.train.evolve import (
    Evolution,
    conjectures,
    evolve,
    novelty,
    qualities,
    ranked,
    read_child,
)
from prover.train.sft import read_pairs
from tests.informal.scripted import ScriptedModel, serving
from tests.lab import Lab
from tests.train.school import train


def stated(lab: Lab, name: str, conclusion: str, *binders: str, header: str = "") -> Row:
    draft = Draft("tests", name, binders, conclusion, header, split="train")
    state = lab.wait(open_goal(lab.pool, header, draft.statement))
    lab.pool.release([state])
    return Row.of(draft, type_key(state))


def parent(lab: Lab, conclusion: str, *binders: str) -> Parent:
    return lab.wait(open_parent(lab.pool, stated(lab, "one", conclusion, *binders)))


def all_of(lab: Lab, children: Any) -> list[Child]:
    async def collect() -> list[Child]:
        return [child async for child in children]

    return lab.wait(collect())


def signature(child: Child) -> str:
    """A child's binders and conclusion, or why it is none."""
    if child.row is None:
        return child.refused
    assert child.row.knobs["operator"] == child.operator
    assert child.row.knobs["direction"] == child.direction
    assert child.row.lineage == (child.operator, *(row.name for row in child.parents))
    return child.row.statement.removeprefix(f"theorem {child.row.name} ")


# Operators

MOVES = [
    (
        "generalise",
        "f (f 2) = 2",
        ("(f : Nat → Nat)", "(h : ∀ x, f x = x)"),
        ["(f : Nat → Nat) (h : ∀ (x : Nat), f x = x) (c : Nat) : f (f c) = c"],
    ),
    (
        "generalise",
        "n % 5 < 5",
        ("(n : Nat)",),
        ["precision: it leaves a goal that is false at n = 0, c = 0"],
    ),
    (
        "abstract",
        "g (f 2) = g 2",
        ("(f g : Nat → Nat)", "(h : f 2 = 2)"),
        ["(f g : Nat → Nat) (c : Nat) (h : c = 2) : g c = g 2"],
    ),
    ("strengthen", "∀ a b : Int, a * 2 ≤ b", (), ["(a b : Int) : a * 2 < b"]),
    ("strengthen", "q", ("(p q : Prop)", "(h : p)"), ["(p q : Prop) : p ↔ q"]),
    ("specialise", "n < m", ("(m n : Nat)",), ["(n : Nat) : n < 1"]),
    ("specialise", "0 < n", ("(n : Int)",), ["definition: its print means something else"] * 3),
    ("drop_conjunct", "p ∧ p", ("(p q : Prop)", "(h : q)"), ["(p q : Prop) (h : q) : p"]),
    ("drop_conjunct", "p ∨ p", ("(p : Prop)",), []),
]


@pytest.mark.parametrize(("operator", "conclusion", "binders", "expected"), MOVES)
def test_a_move_makes_exactly_the_expected_child(
    lab: Lab, operator: str, conclusion: str, binders: tuple[str, ...], expected: list[str]
) -> None:
    one = parent(lab, conclusion, *binders)
    made = all_of(lab, backward.moved(lab.pool, one, operator, Random(3)))
    assert [signature(child) for child in made] == expected
    assert made == all_of(lab, backward.moved(lab.pool, one, operator, Random(3)))


def test_two_statements_become_one(lab: Lab) -> None:
    one = parent(lab, "n < 9", "(n : Nat)", "(h : n < 7)")
    other = parent(lab, "∀ h : 2 ∣ m, m ≠ 3", "(m : Nat)")
    both, follows = all_of(lab, backward.composed(lab.pool, one, [other], Random(0)))
    assert signature(both) == "(n : Nat) (h : n < 7) (m : Nat) (h' : 2 ∣ m) : (n < 9) ∧ (m ≠ 3)"
    assert signature(follows) == "(n : Nat) (h : n < 7) (h1 : 2 ∣ n) : (n < 9) → (n ≠ 3)"
    apart = parent(lab, "p", "(p : Prop)", "[Inhabited Nat]", "(h : p)")
    (both,) = all_of(lab, backward.composed(lab.pool, apart, [one], Random(0)))
    assert signature(both) == (
        "(p : Prop) [Inhabited Nat] (h : p) (n : Nat) (h' : n < 7) : (p) ∧ (n < 9)"
    )


def test_a_goal_of_a_proof_becomes_a_statement(lab: Lab) -> None:
    one = parent(lab, "0 < n * n", "(n : Nat)", "(h : 2 < n)")
    step = "have h0 : 0 < n := ?_"
    rest, claim = sorted(lab.after(one.state, step).children, key=lambda s: -len(s.pp))
    tactics = {one.state.pp: step, rest.pp: "exact Nat.mul_pos h0 h0", claim.pp: "omega"}
    made = {
        signature(child)
        for seed in range(6)
        for child in all_of(lab, backward.lifted(lab.pool, one, tactics, Random(seed)))
    }
    assert made == {
        "(n : Nat) (h : 2 < n) : 0 < n",
        "(n : Nat) (h : 2 < n) (h0 : 0 < n) : 0 < n * n",
    }


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("```lean\nlemma l : ∀ (n : Nat), n ∣ n := by simp\n```", ": ∀ (n : Nat), n ∣ n"),
        ("def two := 2\ntheorem t : two = 2", "definition: it is more than one theorem"),
        ("theorem t (n : Nat) : Even n", "definition: Unknown identifier `Even`"),
        ("I cannot.", "definition: the answer holds no theorem in Lean that has a name"),
        (None, "definition: the answer was cut off"),
    ],
)
def test_an_answer_of_a_model_is_read_by_lean(lab: Lab, answer: str | None, expected: str) -> None:
    row = stated(lab, "one", "p", "(p : Prop)", "(h : p)")
    child = lab.wait(read_child(lab.pool, row, "write_up", "up", answer))
    assert signature(child) == expected


# Ranking


def test_each_is_compared_with_each() -> None:
    def good(name: str, conclusion: str, calls: int, outcome: str = "proved") -> dict[str, Any]:
        statement = f"theorem {name} (n : Nat) : {conclusion}"
        return {"row": {"name": name, "statement": statement}, "calls": calls, "outcome": outcome}

    there = ["theorem old (k : Nat) : k < k + 1"]
    some = [
        good("known_easy", "n < n + 1", 5),
        good("new_hard", "n ∣ n * n", 50),
        good("known_open", "n < n + 1", 20, "gave_up"),
    ]
    order = ranked(some, there)
    assert [one["name"] for one in order] == ["new_hard", "known_open", "known_easy"]
    assert [one["wins"] for one in order] == [3, 2.5, 0.5]
    assert novelty(["theorem new (a b : Int) : a = b"], there)[0] > 0.5
    assert novelty(["theorem old' (x : Nat) : x < x + 1"], there) == [0.0]
    assert ranked([], there) == []


# Rounds

SETTINGS = Evolution(rounds=2, parents=3, keep=1, expansions=4, seconds=1000.0, seed=5)
REFUSED = {
    "vacuous": (
        "theorem t (n : Nat) (h : n < 3) (h' : 3 < n) : n * n = 7",
        "precision: its hypotheses contradict each other",
    ),
    "false": ("theorem t (n : Nat) : n * n ≠ 4", "precision: it is false at n = 2"),
    "trivial": ("theorem t (x : Nat) (h : x = 2) : x = 2", "integrity: `assumption` proves it"),
    "known": ("theorem t (s t : Prop) (both : s ∧ t) : t ∧ s", "precision: it is known"),
    "problem": ("theorem t (a b : Nat) : b + a = a + b", "precision: it contains comm of a test"),
}
"""What the model writes, and why it is refused."""
GOOD = "theorem written (x y : Nat) (h : x ∣ y) : x ∣ y * y"


def lean(text: str) -> str:
    return f"So:\n```lean\n{text} := by\n  sorry\n```"


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedModel]:
    one = ScriptedModel()
    with serving(one):
        yield one


@pytest.fixture(scope="module")
def statements(tmp_path_factory: pytest.TempPathFactory, _lab: Lab) -> Path:
    given = [
        ("swap", "q ∧ p", "(p q : Prop)", "(h : p ∧ q)"),
        ("left", "p ∨ q", "(p q : Prop)", "(h : p)"),
        ("step", "a = c", "(a b c : Nat)", "(h : a = b)", "(h' : b = c)"),
    ]
    rows = [stated(_lab, *one, header=f"def {one[0]}.alone := 1\n") for one in given]
    path = tmp_path_factory.mktemp("given") / "train.jsonl"
    write_jsonl(path, [row.to_json() for row in rows])
    return path


@pytest.fixture(scope="module")
def whole(
    statements: Path, model: ScriptedModel, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[dict[str, Any]]]:
    """A run that was left alone, and its reports."""
    said = {
        ("swap", "harder"): REFUSED["vacuous"][0],
        ("swap", "easier"): REFUSED["known"][0],
        ("left", "harder"): REFUSED["false"][0],
        ("left", "easier"): REFUSED["trivial"][0],
        ("step", "harder"): GOOD,
        ("step", "easier"): REFUSED["problem"][0],
    }
    for (name, how), statement in said.items():
        model.when(f"theorem {name}_", f"is {how}", say=lean(statement))
    out = tmp_path_factory.mktemp("evolved")
    settings = replace(SETTINGS, writer=model.url)
    work = evolve(statements, out, settings, benchmarks=PROBLEMS, lean="embedded")
    return out, run_cancellable(work)


PROBLEMS = [Problem("comm", "theorem comm (x y : Nat) : x + y = y + x")]


def children(out: Path, number: int) -> list[dict[str, Any]]:
    return read_jsonl(out / f"round_{number}" / "children.jsonl")


@pytest.mark.lean
def test_each_child_is_kept_or_refused_with_the_reason(
    whole: tuple[Path, list[dict[str, Any]]], statements: Path
) -> None:
    out, reports = whole
    by_model = {c["by"]: c for c in children(out, 0) if c["operator"].startswith("write_")}
    for statement, why in REFUSED.values():
        assert by_model[lean(statement)]["refused"].startswith(why)
    assert by_model[lean(GOOD)]["refused"] == ""
    for child in children(out, 0):
        assert child["refused"].partition(":")[0] in ("", "definition", "precision", "integrity")
        assert (child["row"] is None) <= bool(child["refused"])
        assert child["from"] in [row.header + row.statement for row in read_rows(statements)]
    report, _ = reports
    good = [child["row"]["name"] for child in children(out, 0) if not child["refused"]]
    assert report["children"] == len(children(out, 0)) and report["good"] == len(good) >= 3
    assert sorted(one["name"] for one in report["ranking"]) == sorted(good)
    how_good = qualities(out)
    for child in children(out, 0):
        if child["row"] is not None and child["refused"]:
            assert how_good[child["row"]["statement_sha256"]] == 0
    kept = read_rows(out / "round_0" / "statements.jsonl")
    by_name = {c["row"]["name"]: c["row"]["statement_sha256"] for c in children(out, 0) if c["row"]}
    order = [how_good[by_name[one["name"]]] for one in report["ranking"]]
    assert order == sorted(order, reverse=True) and 0 < min(order) < max(order) <= 1
    with pytest.raises(WrongUse, match="holds no round_K"):
        qualities(statements.parent / "nowhere")
    assert [row.name for row in kept] == [one["name"] for one in report["ranking"]][:1]
    counted = sum(n for counts in report["operators"].values() for n in counts.values())
    assert counted == 2 * report["children"]
    later = children(out, 1)
    assert kept[0].name in {name for child in later for name in child["parents"]}
    tried = [c["row"]["key"] for c in children(out, 0) + later if c.get("outcome")]
    assert len(set(tried)) == len(tried)


@pytest.mark.lean
def test_killed_at_any_moment_it_goes_on_to_the_same_files(
    whole: tuple[Path, list[dict[str, Any]]],
    statements: Path,
    model: ScriptedModel,
    tmp_path: Path,
) -> None:
    write_jsonl(
        tmp_path / "problems.jsonl", [{"name": p.name, "statement": p.statement} for p in PROBLEMS]
    )
    out = tmp_path / "killed"
    command = [
        *("evolve", statements, "--out", out),
        *("--rounds", 1, "--parents", 3, "--keep", 1, "--expansions", 4, "--timeout", 1000),
        *("--seed", 5, "--writer", model.url, "--benchmark", tmp_path / "problems.jsonl"),
        *("--lean", "embedded"),
    ]
    log = out / "round_0" / "children.jsonl"
    train(*command, until=lambda: log.exists() and log.read_bytes().count(b"\n") >= 2)
    assert not (out / "round_0" / "report.json").exists()
    there = (whole[0] / "round_0" / "children.jsonl").read_bytes()
    assert there.startswith(log.read_bytes())
    log.write_bytes(b"".join(there.splitlines(keepends=True)[:-3]) + b'{"operator": "half a li')
    assert "round 0:" in train(*command)
    for path in sorted((whole[0] / "round_0").iterdir()):
        assert path.read_text() == (out / "round_0" / path.name).read_text(), path.name
    with pytest.raises(WrongUse, match=r"other settings .*keep 1 there, 3 here"):
        asyncio.run(evolve(statements, whole[0], replace(SETTINGS, keep=3, writer=model.url)))


def test_a_run_from_before_there_were_conjecturers_goes_on(
    whole: tuple[Path, list[dict[str, Any]]], statements: Path, model: ScriptedModel, tmp_path: Path
) -> None:
    out = tmp_path / "before"
    shutil.copytree(whole[0], out)
    settings = json.loads((out / "settings.json").read_text())
    assert settings.pop("conjecturer") is None
    write_json(out / "settings.json", settings)
    same = replace(SETTINGS, writer=model.url)
    assert asyncio.run(evolve(statements, out, same, benchmarks=PROBLEMS)) == whole[1]
    settings["conjecturer"] = "0123"
    write_json(out / "settings.json", settings)
    with pytest.raises(WrongUse, match=r"other settings \(conjecturer 0123 there, None here\)"):
        asyncio.run(evolve(statements, out, same, benchmarks=PROBLEMS))


def test_seldom_proved_children_teach_a_conjecturer(
    whole: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    seldom, often, *_ = (child for child in children(whole[0], 0) if child["row"] is not None)
    log = tmp_path / "attempts.jsonl"
    lines = [
        {"statement_sha256": child["row"]["statement_sha256"], "outcome": outcome}
        for child, proofs in ((seldom, 1), (often, 3))
        for outcome in ["proved"] * proofs + ["gave_up"] * (5 - proofs)
    ]
    write_jsonl(log, lines)
    write_jsonl(tmp_path / "pairs.jsonl", conjectures(whole[0], [log]))
    (pair,) = read_pairs(tmp_path / "pairs.jsonl")
    assert (pair.state, pair.tactic) == (seldom["from"], seldom["row"]["statement"])
    evolved = tmp_path / "evolved" / "round_0"
    evolved.mkdir(parents=True)
    foreign = seldom | {"row": seldom["row"] | {"header": "def other := 1\n"}}
    write_jsonl(evolved / "children.jsonl", [foreign])
    assert list(conjectures(evolved.parent, [log])) == []
    log.write_text(log.read_text() + '{"outcome": "proved"}\n')
    with pytest.raises(WrongUse, match="line 11: no search of"):
        list(conjectures(whole[0], [log]))
    with pytest.raises(WrongUse, match="no run of `train evolve`"):
        list(conjectures(tmp_path / "nowhere", []))


def test_bad_input_is_refused_with_the_reason(statements: Path, tmp_path: Path) -> None:
    def run(path: Path) -> None:
        asyncio.run(evolve(path, tmp_path / "out", SETTINGS))

    lines = statements.read_text().splitlines(keepends=True)
    broken = tmp_path / "broken.jsonl"
    for line, why in (
        ('{"name": "half\n', "line 2: "),
        ('{"name": "t"}\n', r"no file of statements \(line 2: 'lineage'\)"),
    ):
        broken.write_text(lines[0] + line)
        with pytest.raises(WrongUse, match=why):
            run(broken)
    with pytest.raises(WrongUse, match="cannot read"):
        run(tmp_path / "nothing.jsonl")
    write_jsonl(broken, [row.to_json() for row in held_out()[:3]])
    with pytest.raises(WrongUse, match="no statement for training"):
        run(broken)
    assert not (tmp_path / "out").exists()
