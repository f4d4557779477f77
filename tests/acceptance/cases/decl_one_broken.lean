/-
kind: declarations passed over
title: one broken theorem says nothing about its neighbours
-/
--- check: ok1 proved, broken refused, ok2 proved
theorem ok1 : 1 = 1 := rfl
theorem broken : 1 = 2 := rfl
theorem ok2 : 2 = 2 := rfl
--- check: ok1 proved, broken refused, ok2 proved
theorem ok1 : 1 = 1 := rfl
theorem broken : 1 = 2 := by
  norm_num
theorem ok2 : 2 = 2 := rfl
--- check: ok1 proved, ok2 proved
theorem ok1 : 1 = 1 := rfl
theorem ok2 : 2 = 2 := rfl
