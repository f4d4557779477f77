/-
kind: declarations passed over
title: two theorems that are printed alike
-/
--- check: refused
theorem «a.b» : 1 = 1 := rfl
theorem a.b : 1 = 2 := sorry
--- check: refused
theorem a.b : 1 = 1 := rfl
theorem «a.b» : 1 = 2 := sorry
--- check: refused
private theorem a.b : 1 = 2 := sorry
theorem a.c : 1 = 1 := rfl
--- check: proved
theorem «a.b» : 1 = 1 := rfl
theorem a.b : 1 = 1 := rfl
private theorem p : 1 = 1 := rfl
