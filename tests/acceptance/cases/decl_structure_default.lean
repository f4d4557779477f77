/-
kind: declarations passed over
title: a structure whose field has `sorry` for its default
-/
--- check: good proved, S refused
theorem good : 1 + 1 = 2 := rfl

structure S where
  n : Nat := 0
  h : n = n + 1 := by sorry
--- check: S refused
structure S where
  n : Nat := sorry
--- check: proved
structure S where
  n : Nat := 0
  h : n = n := by rfl
