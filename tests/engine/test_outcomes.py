"""The log of searches, with real Lean."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from prover.api import Options
from prover.engine.outcomes import labelled
from prover.files import read_jsonl
from search.best_first import BestFirst
from search.budget import Budget
from search.interfaces import Failure, Goal, Outcome, Progress, State, Suggestion
from tests.lab import Lab

FILE = """theorem open_one (f : Nat → Nat) (n : Nat) : f n = f (f n) := by
  sorry

theorem both (p q : Prop) (hp : p) (hq : q) : q ∧ p := by
  sorry

def double : Nat → Nat
  | 0 => 0
  | n + 1 => double n + 2

theorem two (n : Nat) : double n = 2 * n := by
  sorry
"""


def test_all_that_was_tried_is_in_the_log_and_equal_runs_write_the_same(
    lab: Lab, tmp_path: Path
) -> None:
    logs = []
    for name in ("first.jsonl", "second.jsonl"):
        budget = Budget(expansions=5)
        options = Options(budget, 7, refute=False, discover=False, log=tmp_path / name)
        filled = lab.wait(lab.beside(options).prove_text(FILE))
        logs.append(read_jsonl(tmp_path / name))
    lines = logs[0]
    assert [line["name"] for line in lines] == ["open_one", "both", "two"]
    assert [line["status"] for line in lines] == ["budget", "proved", "proved"]
    assert {line["seed"] for line in lines} == {7}
    spent = [verdict.spent.tactics for verdict in filled.verdicts]
    assert [sum(len(g["tried"]) for g in line["goals"]) for line in lines] == spent
    for line in lines:
        helped = [t for g in line["goals"] for t in g["tried"] if t["helped"]]
        assert bool(helped) == (line["status"] == "proved")
        for goal in line["goals"]:
            assert all(t["source"] and t["ms"] > 0 for t in goal["tried"])
    assert lines[2]["goals"][0]["scene"]["functions"] == ["double"]

    def costless(value: Any) -> Any:
        return json.loads(json.dumps(value), object_hook=lambda d: {**d, "ms": 0, "heartbeats": 0})

    assert costless(logs[0]) == costless(logs[1])


def test_the_ranker_rates_the_first_short_search_about_functions_of_ones_own(
    lab: Lab, tmp_path: Path
) -> None:
    def rated(name: str, **changes: Any) -> dict[str, set[bool]]:
        log = tmp_path / name
        options = Options(Budget(expansions=16), refute=False, log=log, **changes)
        lab.wait(lab.beside(options).prove_text(FILE[FILE.index("theorem both") :]))
        found: dict[str, set[bool]] = {}
        for line in read_jsonl(log):
            tried = [tactic for goal in line["goals"] for tactic in goal["tried"]]
            found.setdefault(line["name"], set()).update(t["prior"] is not None for t in tried)
        return found

    assert rated("looks") == {"both": {False}, "two": {True}}
    assert set().union(*rated("none", discover=False).values()) == {False}  # no short searches


def test_nothing_is_written_where_it_is_not_allowed(lab: Lab, tmp_path: Path) -> None:
    options = replace(lab.prover.options, budget=Budget(expansions=2))
    lab.wait(lab.beside(options).prove_text("theorem t : 1 + 1 = 2 := by\n  sorry\n"))
    assert list(tmp_path.iterdir()) == []


def test_a_detour_and_what_came_to_nothing_did_not_help() -> None:
    def state(name: str) -> State:
        return State(name, (Goal(name, name),), name)

    def ran(*children: str) -> Progress:
        return Progress("", tuple(map(state, children)), tuple(range(len(children))))

    outcomes: dict[str, dict[str, Outcome]] = {
        "root": {"fails": Failure("tactic", "no"), "away": ran("far"), "on": ran("near")},
        "far": {"back": ran("root")},
        "near": {"around": ran("root"), "done": ran()},
    }
    search = BestFirst(state("root"), width=9)
    while expansion := search.next_expansion():
        goal = expansion.goal
        table = outcomes[goal.state.key]
        if expansion.request:
            search.add_suggestions(goal, [Suggestion(t, -0.1 * i) for i, t in enumerate(table, 1)])
        for suggestion in search.tactics(goal):
            if search.commit(goal, suggestion, table[suggestion.tactic]):
                break
    assert search.proved
    assert {c.suggestion.tactic: helped for c, helped in labelled(search)} == {
        "fails": False,
        "away": False,
        "on": True,
        "back": True,  # of `far` it is a proof
        "around": False,
        "done": True,
    }
