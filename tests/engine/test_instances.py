"""What a goal claims to exist, or to hold not always, is found by evaluation and proved there."""

import pytest

from prover.api import Options
from prover.engine.job import FIRST
from prover.verify.verdict import Outcome
from search.budget import Budget
from search.interfaces import State
from tests.lab import Lab

OPTIONS = Options(Budget(expansions=60, seconds=60.0), discover=False)

DEFINITIONS = """
inductive Tree | leaf | node (l : Tree) (k : Nat) (r : Tree) deriving DecidableEq
def Tree.size : Tree → Nat | leaf => 0 | node l _ r => l.size + r.size + 1
def Tree.depth : Tree → Nat | leaf => 0 | node l _ r => max l.depth r.depth + 1
def Tree.mirror : Tree → Tree | leaf => leaf | node l k r => node r.mirror k l.mirror
inductive Coin | penny | nickel | dime | quarter deriving DecidableEq
def Coin.val : Coin → Nat | penny => 1 | nickel => 5 | dime => 10 | quarter => 25
def value (cs : List Coin) : Nat := (cs.map Coin.val).sum
structure Config where
  width : Nat
  height : Nat := 3
  deriving DecidableEq
def Config.area (c : Config) := c.width * c.height
def isPrime (n : Nat) : Bool := n ≥ 2 && (List.range n).all fun d => d < 2 || n % d != 0
"""

CLAIMED = """
example : ∃ t : Tree, t.size = 3 ∧ t.depth = 2 := by sorry
theorem lopsided : ∃ t : Tree, t.mirror ≠ t := sorry
theorem sizes_lie : ¬ ∀ t u : Tree, t.size = u.size → t.depth = u.depth := by
  intro h
  sorry
theorem no_injection : ¬ Function.Injective Tree.size := by sorry
theorem forty_one : ∃ cs, value cs = 41 ∧ cs.length = 4 := by sorry
theorem two (c : Nat) : c = c ∧ ∃ a b : Config, a ≠ b ∧ a.area = b.area := by
  refine ⟨rfl, ?_⟩
  clear c
  sorry
theorem euler : ¬ (∀ n, isPrime (n^2 + n + 41) = true) := by sorry
theorem dependent : ∃ (n : Nat) (_ : 0 < n), ∃ v : Fin n, v.val = 3 := by sorry
theorem orders_count : ¬ ∀ l m : List Nat, l ++ m = m ++ l := by
  unfold Not
  sorry
theorem texts : ∃ s : String, s.length = 3 := by sorry
theorem maps : ¬ ∀ f g : Tree → Tree, f ∘ g = g ∘ f := by sorry
"""


def test_what_is_claimed_is_found(lab: Lab) -> None:
    filled = lab.wait(lab.beside(OPTIONS).prove_text(DEFINITIONS + CLAIMED))
    assert {v.name: v.outcome for v in filled.verdicts if not v.proved} == {}


def test_the_proof_is_the_instance(lab: Lab) -> None:
    text = "theorem t : ∃ a b : Nat, 17 * a + 12 * b = 305 := by sorry\n"
    (verdict,) = lab.wait(lab.beside(OPTIONS).prove_text(text)).verdicts
    assert verdict.proof == "exact ⟨13, 7, (by decide)⟩"
    assert verdict.spent.expansions <= FIRST


@pytest.mark.parametrize(
    "statement",
    [
        "∃ n : Nat, n < 0",
        "¬ ∀ a b : Nat, a + b = b + a",
        "∃ f : Bool → Bool, ∀ b, f b ≠ f (!b) ∧ f b",
    ],
)
def test_what_is_claimed_wrongly_is_not(lab: Lab, statement: str) -> None:
    text = f"theorem t : {statement} := by sorry\n"
    (verdict,) = lab.wait(lab.beside(OPTIONS).prove_text(text)).verdicts
    assert verdict.outcome is Outcome.DISPROVED


def test_a_search_that_succeeds_soon_looks_for_none(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(state: State, **how: object) -> None:
        pytest.fail(f"evaluated: {state.pp}")

    monkeypatch.setattr(lab.pool, "refute", refuse)
    text = "theorem t : ∃ n : Nat, n = 3 := by sorry\n"
    (verdict,) = lab.wait(lab.beside(OPTIONS).prove_text(text)).verdicts
    assert verdict.proved


def test_evaluation_that_runs_away_ends_no_search(lab: Lab) -> None:
    text = (
        "def slow (n : Nat) : Nat := Nat.rec 0 (fun _ k => k + 1) (n + 2 ^ 40)\n"
        "theorem t : ∃ n, slow n = slow 3 := by sorry\n"
    )
    (verdict,) = lab.wait(lab.beside(OPTIONS).prove_text(text)).verdicts
    assert verdict.proved, verdict.reason
