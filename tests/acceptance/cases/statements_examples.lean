/-
kind: statements of every form
title: `example`s that are asked
-/
--- statements
example : 1 = 1 := sorry
--- solution: proved
example : 1 = 1 := rfl
--- solution: refused
example : 2 = 2 := rfl
--- solution: refused
theorem t : 1 = 1 := rfl
--- solution: refused
example : 1 = 1 := sorry
--- statements
example : 1 = 1 := sorry
/-- Doc. -/
example (n : Nat) : n + 0 = n := by sorry
--- solution: proved
theorem helper : 1 = 1 := rfl
/-- Doc. -/
example (n : Nat) : n + 0 = n := by rfl
example : 1 = 1 := helper
--- solution: example:1 proved, example:2 refused
example : 1 = 1 := rfl
example (n : Nat) : n + 0 = n := by sorry
