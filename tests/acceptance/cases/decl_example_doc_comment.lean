/-
kind: declarations passed over
title: an `example` whose doc comment holds what a parser may look for
-/
--- check: example:1 refused
/-- example: theorem t : 1 = 1 := rfl -/ example : 1 = 2 := sorry
--- check: example:1 refused, example:3 proved
/-- example:2 -/
example : 1 = 2 := by sorry
example : 1 = 1 := rfl
--- check: example:1 refused, example:1 refused
example : 1 = 2 := sorry example : 1 = 1 := rfl
--- check: proved
/-- example: theorem t : 1 = 2 := sorry -/
@[simp] example : 1 = 1 := rfl
example : 1 = 1 := rfl example : 2 = 2 := rfl
