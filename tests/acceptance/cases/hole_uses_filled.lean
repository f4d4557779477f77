/-
kind: holes that depend on each other
title: a hole that can use a theorem that is filled in the same run
-/
--- prove: proved
def wrap (n : Nat) : Nat := n + 1
theorem easy (n : Nat) : wrap n = n + 1 := by sorry
theorem later (n : Nat) : wrap n = 1 + n := by
  rw [easy]
  sorry
--- prove: easy refused, later refused
def wrap (n : Nat) : Nat := n + 1
theorem easy (n : Nat) : wrap n = n + 2 := by sorry
theorem later (n : Nat) : wrap n = 2 + n := by
  rw [easy]
  sorry
