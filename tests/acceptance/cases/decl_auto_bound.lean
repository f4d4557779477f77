/-
kind: declarations passed over
title: variables that Lean adds, and a theorem beside them that is left open
-/
--- check: a proved, b refused
theorem a (x : α) : x = x := rfl
theorem b (x : α) (y : β) : HEq x y := sorry
--- check: a proved, b proved
theorem a (x : α) : x = x := rfl
theorem b {x : Fin n} : x = x := a x
