/-
kind: a proof left open
title: sorry in a helper theorem
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
theorem helper : False := sorry
theorem t : (1 : Nat) = 2 := helper.elim
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
private theorem helper : True := trivial
theorem t : (1 : Nat) + 1 = 2 := by
  have _ := helper
  rfl
