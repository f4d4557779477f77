"""Theorems of the library for a goal, from Lean itself."""

import os
import time
from pathlib import Path

import pytest

from prover.lean.library import MOST_ON_DISK, Libraries
from search.context import Premise
from search.interfaces import State
from search.premises import Library
from tests.lab import Lab

DIVIDES = "theorem t (a b c : Nat) (h : a ∣ b) : a ∣ b * c"
TREE = """inductive Tree where
  | leaf
  | node (left right : Tree)

def Tree.mirror : Tree → Tree
  | leaf => leaf
  | node l r => node r.mirror l.mirror

"""


def premises(lab: Lab, state: State, most: int = 32) -> tuple[Premise, ...]:
    return lab.wait(lab.pool.premises(state, most))


def library(lab: Lab, state: State) -> Library:
    found = lab.wait(lab.pool.library(state))
    assert found is not None
    return found


def test_the_library_has_what_somebody_wrote(lab: Lab) -> None:
    found = library(lab, lab.state(DIVIDES))
    assert len(found) > 10_000
    assert "Nat.add_comm" in found and "List.map_append" in found
    for name in ("Nat.rec", "List.cons.injEq", "List.map", "Lean.Omega.Constraint.add_sat"):
        assert name not in found


def test_premises_are_about_the_goal(lab: Lab) -> None:
    found = premises(lab, lab.state(DIVIDES))
    names = [premise.signature.name for premise in found]
    assert len(found) == 32 and len(set(names)) == 32
    assert "Nat.dvd_mul_right_of_dvd" in names[:12], "it is the statement itself"
    assert all(name.startswith("Nat.") for name in names[:12])
    first = found[names.index("Nat.dvd_mul_right_of_dvd")]
    assert first.signature.type == "∀ {a b : Nat}, a ∣ b → ∀ (c : Nat), a ∣ b * c"
    assert first.source == "Init.Data.Nat.Dvd" and first.head == "Dvd.dvd" and not first.open


def test_the_header_decides_what_is_there(lab: Lab) -> None:
    statement = "theorem t (m : Std.HashMap Nat Nat) (k v : Nat) : k ∈ m.insert k v"
    found = premises(lab, lab.state(statement, "import Std\n"))
    assert any(p.signature.name == "Std.HashMap.mem_insert_self" for p in found[:12])
    small = library(lab, lab.state("theorem t : 1 = 1"))
    assert "Std.HashMap.mem_insert_self" not in small


def test_a_premise_is_shown_as_short_as_it_can_be_called(lab: Lab) -> None:
    state = lab.state("theorem t (l m : List Nat) : (l ++ m).reverse = [] ", "open List\n")
    found = {p.signature.name: p.signature.shown for p in premises(lab, state)}
    assert found["List.reverse_append"] == "reverse_append"
    for name in ("reverse_append", "List.reverse_append"):
        lab.after(state, f"rw [{name}]")


def test_goals_about_own_definitions_have_few_premises(lab: Lab) -> None:
    own = lab.elaborate(TREE + "theorem t (t : Tree) : t.mirror.mirror = t := by sorry")
    assert premises(lab, own.holes[0].state) == ()
    mixed = lab.elaborate(
        TREE + "theorem t (t : Tree) (a b : Nat) (h : a ∣ b) : a ∣ b * 2 ∧ t = t := by sorry"
    )
    found = premises(lab, mixed.holes[0].state)
    assert any("dvd_mul" in p.signature.name for p in found)


def test_a_theorem_is_no_premise_of_its_own(lab: Lab) -> None:
    """Neither under its name nor under one that the file gives it later."""
    text = (
        "theorem mine (a b c : Nat) (h : a ∣ b) : a ∣ b * c := by sorry\n"
        "theorem alias_of_mine (a b c : Nat) (h : a ∣ b) : a ∣ b * c := mine a b c h\n"
    )
    done = lab.elaborate(text)
    state = done.holes[0].state
    assert not {"mine", "alias_of_mine"} & {p.signature.name for p in premises(lab, state)}
    names = [name for command in done.commands for name in command.theorems]
    told = lab.wait(lab.pool.context(state, names))
    assert told.premises == ()
    assert lab.failure(state, "exact mine a b c h").kind == "tactic"


def test_constants_and_names_that_nobody_knows_are_nothing(lab: Lab) -> None:
    state = lab.state(DIVIDES)
    found = library(lab, state)
    assert found.ranked(["No.such", "thing"], 32) == []
    assert found.ranked([], 32) == []
    reply = lab.wait(lab.pool._ask(state, 20, cmd="premises", names=["No.such", "Nat.add_comm"]))
    assert isinstance(reply, dict)
    assert [row["name"] for row in reply["theorems"]] == ["Nat.add_comm"]


def test_many_theorems_before_it_cost_nothing(lab: Lab) -> None:
    text = "".join(
        f"theorem t{i} (n : Nat) : n + {i} = {i} + n := n.add_comm {i}\n" for i in range(300)
    )
    state = lab.elaborate(text + DIVIDES + " := by sorry").holes[0].state
    library(lab, state)
    begin = time.monotonic()
    found = premises(lab, state)
    assert time.monotonic() - begin < 5.0, "it takes 0.1 s"
    assert len(found) == 32 and found[0].source is not None


def test_the_index_is_kept_on_disk(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = lab.state(DIVIDES)
    goal = state.goals[0].constants
    monkeypatch.setenv("PROVER_CACHE", str(tmp_path))
    monkeypatch.setattr(lab.pool, "_libraries", Libraries("test"))
    old = [tmp_path / f"theorems-other-{number}.json" for number in range(MOST_ON_DISK)]
    for number, path in enumerate(old):
        path.touch()
        os.utime(path, (number, number))
    made = library(lab, state).ranked(goal, 32)
    (kept,) = tmp_path.glob("theorems-test-*.json")
    assert not old[0].exists() and old[1].exists(), "the oldest goes"
    first = kept.stat().st_mtime_ns
    monkeypatch.setattr(lab.pool, "_libraries", Libraries("test"))
    assert library(lab, state).ranked(goal, 32) == made
    assert kept.stat().st_mtime_ns == first, "it was read"
    kept.write_bytes(kept.read_bytes()[:5_000])
    monkeypatch.setattr(lab.pool, "_libraries", Libraries("test"))
    assert library(lab, state).ranked(goal, 32) == made, "a broken one is made again"


def test_a_folder_that_cannot_be_written_costs_only_time(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    state = lab.state(DIVIDES)
    monkeypatch.setenv("PROVER_CACHE", str(tmp_path / "file" / "inside"))
    monkeypatch.setattr(lab.pool, "_libraries", Libraries("test"))
    assert len(library(lab, state)) > 10_000


def test_a_search_finds_proofs_that_need_theorems_of_the_library(lab: Lab) -> None:
    """Also of goals that only its steps lead to."""
    statement = "theorem t : ∀ (a b m k : Nat), a % m = b % m → k = k ∧ (a * k) % m = (b * k) % m"
    verdict = lab.wait(lab.prover.prove(statement))
    assert verdict.proved and verdict.proof is not None
    assert "Nat.mul_mod" in verdict.proof and verdict.proof.count("Nat.") < 4, "and no others"
