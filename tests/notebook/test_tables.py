"""Tables of real traces."""

import json
from collections import Counter
from typing import Any

import pytest

from prover.api import Options, Settings
from prover.notebook import tables
from prover.terminal import write_trace
from search.budget import Budget
from tests.lab import Lab

TEXT = """def twice : List Nat → List Nat
  | [] => []
  | n :: rest => n :: n :: twice rest

theorem twice_append (k l : List Nat) : twice (k ++ l) = twice k ++ twice l := by
  sorry

theorem hard (α : Type) (f : α → α) (x : α) : f (f x) = f x := by
  sorry

theorem easy (p q : Prop) (hp : p) (hq : q) : p ∧ q := by
  constructor
  · sorry
  · sorry
"""


@pytest.fixture(scope="module")
def trace(_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """As the command writes it."""
    options = Options(Budget(expansions=3, seconds=60.0), width=4, refute=False, discover=False)
    filled = _lab.wait(_lab.prover.prove_text(TEXT, options=options))
    path = tmp_path_factory.mktemp("trace") / "tree.json"
    write_trace(path, filled, Settings(), options)
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return document


def test_expansions_are_those_of_the_verdicts(trace: dict[str, Any]) -> None:
    table = tables.expansions(trace)
    spent = {v["name"]: v["spent"] for v in trace["verdicts"]}
    assert [*dict.fromkeys(table["theorem"])] == ["twice_append", "hard", "easy"]
    visits = table.groupby("theorem")["expansion"].count()
    tactics = table.groupby("theorem")["tactics"].sum()
    for name, one in spent.items():  # a search that was begun anew left no graph of the first time
        assert 0 < visits[name] <= one["expansions"], name
        assert 0 < tactics[name] <= one["tactics"], name
    hard = table[table["theorem"] == "hard"]
    assert [*hard["expansion"]] == [1, 2, 3]
    assert (hard["closed"] == 0).all()
    assert table[table["theorem"] == "easy"]["closed"].sum() == 2, "a hole each"
    root = table.iloc[0]
    assert (root["goal"], root["depth"], root["logprob"]) == ("g0", 0, 0.0)
    assert root["state"].endswith("⊢ twice (k ++ l) = twice k ++ twice l")
    assert (table["seconds"] > 0).all()


def test_errors_are_counted_by_kind(trace: dict[str, Any]) -> None:
    table = tables.errors(trace)
    nodes = [node for graph in trace["graphs"] for node in graph["nodes"]]
    kinds = Counter(one["kind"] for node in nodes for one in node.get("failed", ()))
    assert dict(table["tactics"]) == kinds
    assert [*table["tactics"]] == sorted(table["tactics"], reverse=True)
    assert table["tactics"].sum() == tables.expansions(trace)["failed"].sum() > 0
    assert table["seconds"].sum() < tables.expansions(trace)["seconds"].sum()
    assert table.loc["tactic", "message"] and table.loc["tactic", "example"]


def test_seconds_are_those_of_the_phases(trace: dict[str, Any]) -> None:
    table = tables.seconds(trace)
    assert dict(table["seconds"]) == trace["seconds"]
    assert [*table.index] == ["elaborate", "search", "generate", "verify"]
    assert table["share"].sum() == pytest.approx(1.0)
    assert table.loc["search", "seconds"] > 0


def test_nothing_gives_empty_tables() -> None:
    nothing: dict[str, Any] = {"graphs": [], "seconds": {}}
    assert [len(table(nothing)) for table in (tables.expansions, tables.errors)] == [0, 0]
    assert tables.expansions(nothing)["tactics"].sum() == 0
    assert len(tables.seconds(nothing)) == 0
