/-
kind: holes that depend on each other
title: a hole for a number and one for what it must fulfil
-/
--- prove: refused
structure Pt where
  n : Nat
  h : n * n = 26
def pt : Pt := { n := sorry, h := by sorry }
--- tactics
exact 3
%%
rfl
--- prove: pair proved
theorem pair : ∃ n : Nat, n = 3 := ⟨sorry, by sorry⟩
--- tactics
exact (rfl : 5 * 5 = 25)
--- prove: pt proved
structure Pt where
  n : Nat
  h : n * n = 25
def pt : Pt := { n := sorry, h := by sorry }
