"""Equations about functions of a file's own, found by computing with real Lean."""

from prover.engine.exploring import explored, learned
from prover.engine.terms import statement
from tests.lab import Lab

EACH = """
inductive Chain (α : Type) where
  | nil
  | cons (x : α) (xs : Chain α)

def size {α : Type} : Chain α → Nat
  | .nil => 0
  | .cons _ xs => size xs + 1

def each {α : Type} : (α → α) → Chain α → Chain α
  | _, .nil => .nil
  | f, .cons x xs => .cons (f x) (each f xs)

theorem t {α : Type} (f : α → α) (xs : Chain α) : size (each f xs) = size xs := by
  sorry
"""


def test_what_takes_a_function_is_computed_too(lab: Lab) -> None:
    done = lab.wait(lab.pool.elaborate("", EACH))
    state = done.holes[0].state
    context = lab.wait(lab.pool.context(state))
    exploration, bench = explored(state, context)
    law = "{α : Type} (f : α → α) (xs : Chain α) : size (each f xs) = size xs"
    found: list[str] = []
    while law not in found:
        assert exploration.batch(), found
        equations = lab.wait(learned(lab.pool, state, exploration, bench))
        found += [statement(equation, {"Chain": "Chain"}).signature for equation in equations]
    lab.pool.release([state])
    assert "{α : Type} : size (Chain.nil : Chain α) = 0" in found
