"""Lemmas before a theorem become part of its proof, which Lean reads as it read them."""

import textwrap

import pytest

from prover.generate.lemmas import with_lemmas
from tests.lab import Lab
from tests.timing import grows_linearly

WORKING = {
    "binders": (
        "lemma aux (n : Nat) {m : Nat} (h : n = m) : m = n := by\n  exact h.symm",
        "exact aux a h",
        "theorem t (a b : Nat) (h : a = b) : b = a",
    ),
    "an instance, a term": (
        "theorem aux {α : Type} [Inhabited α] : ∃ x : α, x = x :=\n  ⟨default, rfl⟩",
        "exact aux",
        "theorem t : ∃ x : Nat, x = x",
    ),
    "a default, one upon the other": (
        "lemma one (n : Nat) (h : 0 < n := by decide) : n ≠ 0 := by omega\nlemma two : 5 ≠ 0 := one 5",
        "exact two",
        "theorem t : 5 ≠ 0",
    ),
    "cases": (
        "theorem aux : ∀ k : Nat, k = 0 ∨ 0 < k\n| 0 => .inl rfl\n| _ + 1 => .inr (by omega)",
        "exact aux a",
        "theorem t (a : Nat) : a = 0 ∨ 0 < a",
    ),
    "open": (
        "open Nat\n  List\nset_option maxHeartbeats 4000 in\nlemma aux : 3 < succ 3 := lt_succ_self 3",
        "exact aux",
        "theorem t : 3 < 4",
    ),
    "open in, scoped": (
        (
            "open scoped Classical in\n/-- lemma no -/\n@[simp] lemma aux (p : Prop) : p ∨ ¬p :=\n"
            "  if h : p then -- lemma no\n    .inl h else .inr h"
        ),
        "intro q\nexact aux q",
        "theorem t : ∀ q : Prop, q ∨ ¬q",
    ),
    "a proof in the margin": (
        "theorem a.b : 1 = 1\n  := by\nrfl",
        "exact a.b",
        "theorem t : 1 = 1",
    ),
    "only open": ("open Nat", "exact lt_succ_self 3", "theorem t : 3 < 4"),
}


@pytest.mark.parametrize("case", WORKING.values(), ids=WORKING.keys())
def test_lean_accepts_what_comes_of_a_proof_with_lemmas(lab: Lab, case: tuple[str, ...]) -> None:
    lemmas, tactics, statement = case
    script = with_lemmas(lemmas, tactics)
    assert script is not None
    judgement, _ = lab.wait(lab.prover.texts.check_proof(statement, script))
    assert judgement.proved, (judgement, script)


def test_the_text_of_a_lemma_moves_to_the_right() -> None:
    lemmas = "open A B\n\n@[simp]\nprivate lemma x (n : ℕ) :\n    n = n := by\n  rfl"
    assert with_lemmas(lemmas, "exact x 1\ndone") == textwrap.dedent("""\
        open A B in
        have x (n : ℕ) :
              n = n := by
            rfl
        exact x 1
        done""")
    assert with_lemmas("", "simp") == "simp"
    assert with_lemmas("-- nothing\n", "simp") == "simp"
    assert with_lemmas("\n", "simp") == "simp"


@pytest.mark.parametrize(
    "before",
    [
        "def x := 1",
        "noncomputable def x := 1",
        "lemma x : True := trivial\ninstance : Inhabited Nat := ⟨0⟩",
        "variable (n : Nat)\nlemma x : n = n := rfl",
        "namespace A\nlemma x : True := trivial\nend A",
        "set_option autoImplicit true in\nlemma x : True := trivial",
        "x := 1",
        "#eval 1",
        "axiom x : False",
    ],
)
def test_what_is_more_than_lemmas_is_left_out(before: str) -> None:
    assert with_lemmas(before, "simp") is None


@pytest.mark.parametrize(
    "unit", ["lemma x\n", "@[a]\n", "private\n", "@[", "open a\n", "/- ", "\n"]
)
def test_lemmas_are_read_in_time_by_length(unit: str) -> None:
    assert grows_linearly(lambda n: with_lemmas(unit * n, "simp"), 8_000)
