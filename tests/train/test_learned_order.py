"""From statements to a ranker: searches with real Lean, their log, and what is learned from it."""

import asyncio
import copy
from dataclasses import replace
from pathlib import Path

import pytest

from prover.data.decontaminate import Problem
from prover.data.theorems import corpus
from prover.data.theorems.corpus import held_out
from prover.data.theorems.statement import split_of_module
from prover.errors import WrongUse
from prover.files import read_jsonl, write_jsonl
from prover.generate.features import Scene
from prover.generate.ranker import Ranker
from prover.train.outcomes import read_training, search_for_outcomes
from prover.train.ranker import fit, samples
from search.interfaces import Request, State, Suggestion
from tests.train.school import ROWS, row, write_rows

SUMS = [row(f"sum_{n}", f"{n} + a = a + {n}", "(a : Nat)") for n in range(2, 5)]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory, lean: object) -> Path:
    """The log of searches that were broken off once, in the middle of a line."""
    path = tmp_path_factory.mktemp("log") / "outcomes.jsonl"
    said: list[str] = []

    def search() -> None:
        work = search_for_outcomes(
            [*ROWS, *SUMS], path, expansions=4, lean="embedded", report=said.append
        )
        asyncio.run(work)

    search()
    whole = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert len(whole) == len(said) == 2 * (len(ROWS) + len(SUMS))
    path.write_text("".join(whole[:-2]) + whole[-2][:30], encoding="utf-8")
    said.clear()
    search()
    assert len(said) == 2
    again = path.read_text(encoding="utf-8").splitlines()
    assert len(again) == len(whole)
    return path


def test_a_ranker_learns_what_helped(log: Path, tmp_path: Path) -> None:
    lines = read_jsonl(log)
    for name in ("one", "other"):
        fit(lines).save(tmp_path / name)
    for file in ("ranker.bin", "ranker.json"):
        one, other = (tmp_path / name / file for name in ("one", "other"))
        assert one.read_bytes() == other.read_bytes()
    ranker = Ranker.load(tmp_path / "one")
    found = list(samples(lines))
    for helped in (True, False):
        assert any(one.helped == helped for one in found)
    good = [ranker.helps.at(one.places) for one in found if one.helped]
    bad = [ranker.helps.at(one.places) for one in found if not one.helped]
    assert sum(good) / len(good) > sum(bad) / len(bad) + 1
    goal = next(line for line in lines if line["name"].startswith("sum_"))["goals"][0]
    scene = Scene.from_json(goal["scene"])
    request = Request(State("k", (scene.goal,)))
    tactics = [Suggestion(t["tactic"], -1.0, source=t["source"]) for t in goal["tried"]]
    best = ranker.ranked(request, tactics)[0].tactic
    assert best in {t["tactic"] for t in goal["tried"] if t["helped"]}


def test_what_is_no_log_or_teaches_nothing_is_said(log: Path) -> None:
    lines = read_jsonl(log)
    with pytest.raises(WrongUse, match="line 1 is none of a log"):
        fit([{"format": 1}])
    other = copy.deepcopy(lines[0]) | {"format": 99}
    with pytest.raises(WrongUse, match="another version"):
        fit([other])
    with pytest.raises(WrongUse, match="no two tactics"):
        fit([])


def test_training_has_nothing_of_a_test(tmp_path: Path) -> None:
    tests = {name: held_out(name) for name in corpus.TESTS}
    assert len(tests["library"]) == 500 and len(tests["programs"]) > 200
    assert all(split_of_module(r.knobs["module"]) == "test" for r in tests["library"])
    assert {r.split for rows in tests.values() for r in rows} == {"test"}
    kept = ROWS[0]
    shown = replace(ROWS[1], knobs={"visible": "all"})
    program = replace(
        tests["programs"][0], split="train", name="other", statement="theorem o : 1 = 1"
    )
    theorem = replace(tests["library"][0], split="train")
    path = tmp_path / "rows.jsonl"
    rows = [kept, shown, program, theorem, tests["statements"][0], ROWS[2]]
    write_jsonl(path, [one.to_json() for one in rows])
    assert read_training(path, [Problem("steps", ROWS[2].statement)]) == [kept]
    with pytest.raises(WrongUse, match="no statement for training"):
        read_training(path, [Problem("p", r.statement) for r in (ROWS[0], ROWS[2])])
    path.write_text('{"a": 1}\n')
    with pytest.raises(WrongUse, match="no file of statements"):
        read_training(path)
    assert write_rows(path)
