/-
kind: the wrong theorem is judged
title: a helper theorem before the main one, which is false
-/
--- statement
theorem helper : (1 : Nat) + 1 = 2 := rfl
theorem main_thm : (1 : Nat) = 2 := by sorry
--- claim: refused
sorry
--- claim: refused
rfl
--- claim: refused
exact helper
--- recheck: refused
theorem helper : (1 : Nat) + 1 = 2 := rfl
theorem main_thm : (1 : Nat) = 2 := by sorry
--- recheck: refused
theorem helper : (1 : Nat) + 1 = 2 := rfl
--- proof: refused
rfl
--- statement
theorem helper : (1 : Nat) + 1 = 2 := rfl
theorem main_thm : (2 : Nat) = 1 + 1 := by sorry
--- claim: proved
exact helper.symm
--- proof: proved
exact helper.symm
--- recheck: proved
theorem helper : (1 : Nat) + 1 = 2 := rfl
theorem main_thm : (2 : Nat) = 1 + 1 := helper.symm
