"""Proofs that say no more than they need, with a real Lean."""

import pytest

from prover.engine.minimise import minimised
from tests.lab import Lab

FUNCTIONS = """
def double : Nat → Nat
  | 0 => 0
  | n + 1 => double n + 2

def half : Nat → Nat
  | 0 => 0
  | 1 => 0
  | n + 2 => half n + 1

theorem t """


@pytest.mark.parametrize(
    ("statement", "found", "wanted"),
    [
        ("(n : Nat) : n + 0 = n", "first | omega | (simp_all; done) | grind", "omega"),
        ("(p : Prop) (h : p) : p", "first | rfl | (simp_all; done) | grind", "simp_all"),
        (
            "(n : Nat) : double n = 2 * n",
            "induction n <;> grind [double, half]",
            "induction n <;> grind [double]",
        ),
        (
            "(a b m k : Nat) (h : a % m = b % m) : (a * k) % m = (b * k) % m",
            (
                "simp_all [Nat.mul_one, Nat.mul_zero, Nat.one_mul, Nat.zero_mul, Nat.add_zero, "
                "Nat.zero_add, Nat.mul_mod, Nat.sub_self, Nat.sub_zero, Nat.zero_sub, Nat.pow_zero]"
            ),
            "simp_all [Nat.mul_mod]",
        ),
        ("(n : Nat) (h : n = 1) : n = 1", "have k := h.symm\nexact h", "exact h"),
        ("(n : Nat) : ∃ k, k = n", "exact ⟨n, by first | omega | rfl⟩", "exact ⟨n, by omega⟩"),
        ("(p : Prop) (h : p) : p", "exact h", "exact h"),
    ],
)
def test_what_is_not_needed_goes(lab: Lab, statement: str, found: str, wanted: str) -> None:
    state = lab.state(FUNCTIONS.strip() + " " + statement)
    assert lab.wait(minimised(lab.pool, state, found)) == wanted


def test_bullets_stay(lab: Lab) -> None:
    found = "constructor\n· first | omega | rfl\n· first | (simp_all; done) | grind"
    state = lab.state("theorem t (p : Prop) (h : p) : 1 = 1 ∧ p")
    assert lab.wait(minimised(lab.pool, state, found)) == "constructor\n· omega\n· simp_all"
