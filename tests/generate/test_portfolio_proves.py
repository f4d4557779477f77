"""What search over the portfolio proves with a real Lean, far from any benchmark."""

from pathlib import Path

import pytest

from prover.api import Options
from prover.generate.portfolio import suggestions
from search.budget import Budget
from search.interfaces import Progress
from tests.lab import NUMBERS, Lab

THEOREMS = [
    ("(p q : Prop) : ¬(p ∨ q) ↔ ¬p ∧ ¬q", 5),
    ("(p q r : Prop) : p ∧ (q ∨ r) ↔ (p ∧ q) ∨ (p ∧ r)", 20),
    ("(α : Type) (r : α → α → Prop) (h : ∃ x, ∀ y, r x y) : ∀ y, ∃ x, r x y", 25),
    ("(α : Type) (xs ys : List α) : (xs ++ ys).length = ys.length + xs.length", 5),
    ("(α : Type) (o : Option α) (h : o ≠ none) : ∃ x, o = some x", 15),
    ("(n : Nat) : n * (n + 1) % 2 = 0", 10),
    ("(n : Nat) : n < 2 ^ n", 5),
    ("(n : Nat) : 5 ∣ 6 ^ n - 1", 5),
    ("(a b : Nat) (h : ¬a = 0) : b % a < a", 1),
    ("(a b : Nat) : b * (a / b) ≤ a", 1),
    ("(n k : Nat) (h : 1 < k) (g : 0 < n) : n / k < n", 1),
    ("(a b : Int) : 2 * a * b ≤ a * a + b * b", 10),
    ("(n : Int) : (n ^ 2) % 3 ≠ 2", 15),
    ("(f : Int → Int) (h : ∀ x, f (x + 1) = f x + 5) (h0 : f 0 = 1) : f 12 = 61", 10),
    ("(n : Nat) : 2 * (List.range (n + 1)).sum = n * (n + 1)", 5),
    ("(n : Nat) : ((List.range n).map (fun i => 2 * i + 1)).sum = n ^ 2", 5),
    ("(xs : List Nat) (h : xs ≠ []) : ∃ m ∈ xs, ∀ x ∈ xs, x ≤ m", 60),
    ("(x n : Nat) : 1 + n * x ≤ (1 + x) ^ n", 5),
    ("(a b c d : Int) : (a * c + b * d) ^ 2 ≤ (a ^ 2 + b ^ 2) * (c ^ 2 + d ^ 2)", 8),
    ("(n : Nat) (h : 2 ∣ n ^ 2) : 2 ∣ n", 8),
    ("(n : Nat) (h : 5 ≤ n) : n ^ 2 < 2 ^ n", 5),
    ("(a b : Nat) (h : ∃ k, a = 2 * k + 1) (g : ∃ k, b = 2 * k + 1) : ∃ k, a * b = 2 * k + 1", 10),
    ("(n : Nat) : (∃ k, n = 2 * k) ∨ ∃ k, n = 2 * k + 1", 5),
    ("(a b c : Int) (h : a ∣ b) (g : a ∣ c) : a ∣ b * c + c", 8),
    (": ∃ a b : Nat, a ^ 2 + b ^ 2 = 65 ∧ a < b ∧ 3 < a", 3),
    (": ∃ x y : Int, 7 * x + 5 * y = 1 ∧ x < y ∧ y < 6", 3),
]


@pytest.mark.parametrize(("statement", "expansions"), THEOREMS)
def test_proves(lab: Lab, statement: str, expansions: int) -> None:
    budget = Budget(expansions=expansions, seconds=120.0)
    verdict = lab.wait(lab.prover.prove(f"theorem t {statement}", options=Options(budget)))
    assert verdict.proved, verdict.reason


def test_every_suggestion_is_read_as_a_tactic(lab: Lab) -> None:
    text = (Path(__file__).parents[1] / "engine" / "Programs.lean").read_text("utf-8")
    states = [hole.state for hole in lab.elaborate(text).holes[::3]]
    states += [lab.state(f"theorem t {statement}") for statement, _ in THEOREMS]
    bad = []
    for state in states:
        context = lab.wait(lab.pool.context(state, ()))
        for suggestion in suggestions(state.goals[0], context):
            read = lab.wait(lab.pool.steps(state, suggestion.tactic))
            if isinstance(read, str) or read[1] or read[0][-1][1] != len(suggestion.tactic):
                bad.append(suggestion.tactic)
    assert bad == []


@pytest.mark.parametrize(
    ("statement", "header"),
    [
        ("(n m : Nat) : n + m = m + n", ""),
        ("(xs ys : List Nat) : (xs ++ ys).length = (ys ++ xs).length", ""),
        (
            "(n m : Num) : plus n m = plus m n",
            NUMBERS,
        ),
    ],
)
def test_arms_that_are_left_open_are_goals(lab: Lab, statement: str, header: str) -> None:
    state = lab.state(f"theorem t {statement}", header)
    context = lab.wait(lab.pool.context(state, ()))
    arms = [s.tactic for s in suggestions(state.goals[0], context) if "=> ?_" in s.tactic]
    assert {tactic.split(" ")[0] for tactic in arms} >= {"induction"}
    for tactic in arms:
        outcome = lab.run(state, tactic)
        assert isinstance(outcome, Progress), outcome
        assert len(outcome.children) == tactic.count("?_")


@pytest.mark.parametrize("statement", ["(n : Nat) : n < 5", "(p q : Prop) : p ∨ q → p ∧ q"])
def test_does_not_prove_what_is_false(lab: Lab, statement: str) -> None:
    options = Options(Budget(expansions=10, seconds=60.0), refute=False)
    verdict = lab.wait(lab.prover.prove(f"theorem t {statement}", options=options))
    assert not verdict.proved
    assert verdict.open_goals
