/-
kind: declarations passed over
title: the same theorem twice: the second is an error, and open
-/
--- check: refused
theorem t : 1 = 1 := rfl
theorem t : 1 = 2 := sorry
--- check: refused
theorem t : 1 = 2 := sorry
theorem t : 1 = 1 := rfl
--- check: t proved
theorem t : 1 = 1 := rfl
