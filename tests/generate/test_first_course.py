"""Sets as predicates, maps and relations, as first courses in proof define them: what is said stands
behind definitions and instances, which no tactic unfolds by itself."""

import pytest

from prover.api import Options
from search.budget import Budget
from search.interfaces import FunctionType
from tests.lab import Lab

FILE = """
variable {α : Type} {β : Type} {γ : Type}

def Subsets (α : Type) := α → Prop
namespace Subsets
instance : Membership α (Subsets α) := ⟨fun s a => s a⟩
def inter (s t : Subsets α) : Subsets α := fun x => x ∈ s ∧ x ∈ t
def union (s t : Subsets α) : Subsets α := fun x => x ∈ s ∨ x ∈ t
def compl (s : Subsets α) : Subsets α := fun x => x ∉ s
instance : Inter (Subsets α) := ⟨inter⟩
instance : Union (Subsets α) := ⟨union⟩
instance : HasSubset (Subsets α) := ⟨fun s t => ∀ x, x ∈ s → x ∈ t⟩
def image (f : α → β) (s : Subsets α) : Subsets β := fun y => ∃ x, x ∈ s ∧ f x = y
def preimage (f : α → β) (t : Subsets β) : Subsets α := fun x => f x ∈ t
end Subsets
open Subsets

def Onto (f : α → β) : Prop := ∀ y, ∃ x, f x = y

def Run (σ α : Type) := σ → α × σ
def Run.pure {σ : Type} (a : α) : Run σ α := fun s => (a, s)
def Run.bind {σ : Type} (m : Run σ α) (f : α → Run σ β) : Run σ β := fun s => f (m s).1 (m s).2

"""


@pytest.mark.parametrize(
    ("statement", "expansions"),
    [
        ("(s t r : Subsets α) : s ∩ (t ∪ r) = (s ∩ t) ∪ (s ∩ r)", 40),
        ("(s t : Subsets α) : compl (s ∪ t) = compl s ∩ compl t", 40),
        ("(f : α → β) (s t : Subsets α) : image f (s ∪ t) = image f s ∪ image f t", 60),
        ("(f : α → β) (s : Subsets α) (t : Subsets β) : image f s ⊆ t ↔ s ⊆ preimage f t", 40),
        ("(s t : Subsets α) (h : s ∩ t = s) : s ⊆ t", 40),
        ("{f : α → β} {g : β → γ} (hf : Onto f) (hg : Onto g) : Onto (g ∘ f)", 40),
        ("{f : α → β} (h : Onto f) : ∃ g : β → α, ∀ y, f (g y) = y", 60),
        ("(f : α → α → Prop) : ¬Onto f", 40),
        ("{σ : Type} (m : Run σ α) : m.bind Run.pure = m", 20),
    ],
)
def test_proves(lab: Lab, statement: str, expansions: int) -> None:
    options = Options(Budget(expansions=expansions, seconds=60.0), refute=False)
    filled = lab.wait(
        lab.prover.prove_text(f"{FILE}theorem t {statement} := by sorry", options=options)
    )
    assert filled.proved, filled.verdicts[-1].reason


@pytest.mark.parametrize(
    ("statement", "target", "hypothesis"),
    [
        ("(s t : Subsets α) (h : s = t) : t = s", FunctionType(1, True), FunctionType(1, True)),
        (
            "(f g : Nat → Nat → Int) (h : f 1 = g 1) : f = g",
            FunctionType(2, False),
            FunctionType(1, False),
        ),
        ("(r : α → Subsets β) (n : Nat) (h : n = 1) : r = r", FunctionType(2, True), None),
        ("(n : Nat) (h : ∀ f : Nat → Nat, f = id) : n = n", None, None),
    ],
)
def test_equations_between_functions_are_told(
    lab: Lab, statement: str, target: FunctionType | None, hypothesis: FunctionType | None
) -> None:
    (goal,) = lab.elaborate(f"{FILE}theorem t {statement} := by sorry").holes[0].state.goals
    assert goal.equates == target
    assert goal.hypotheses[-1].equates == hypothesis
