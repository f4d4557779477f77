/-
kind: declarations passed over
title: a theorem that rests on one that is left open, named or not
-/
--- check: a refused, b refused, c refused, d proved
theorem a : 1 = 2 := sorry
theorem b : 2 = 1 := a.symm
theorem c : 1 = 1 := a.trans b
theorem d : 1 = 1 := rfl
--- check: proved
theorem a : 1 = 1 := rfl
theorem b : 1 = 1 := a.symm
theorem c : 1 = 1 := a.trans b
