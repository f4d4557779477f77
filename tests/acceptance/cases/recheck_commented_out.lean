/-
kind: the wrong theorem is judged
title: a theorem in a comment before the one that is asked
-/
--- statement
/- theorem old : (1 : Nat) = 1 := by sorry -/
-- theorem older : (1 : Nat) = 1 := by sorry
/-- As `theorem old : (1 : Nat) = 1 := sorry` says. -/
theorem main_thm : (1 : Nat) = 2 := by
  -- theorem
  sorry
--- claim: refused
rfl
--- claim: refused
sorry
--- recheck: refused
/- theorem main_thm : (1 : Nat) = 2 := by decide -/
theorem main_thm : (1 : Nat) = 1 := by decide
--- statement
/- theorem old : (1 : Nat) = 2 := by sorry -/
/-- As `theorem old : (1 : Nat) = 2 := sorry` says. -/
theorem main_thm : (1 : Nat) = 1 := by
  -- theorem
  sorry
--- claim: proved
rfl
--- recheck: proved
/- theorem main_thm : (1 : Nat) = 2 := by sorry -/
theorem main_thm : (1 : Nat) = 1 := by rfl
