/-
threat: 1
title: sorry in a step that another step uses
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus script
have h : (1 : Nat) = 2 := by
  sorry
exact h
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest script
have h : (1 : Nat) + 1 = 2 := by
  rfl
exact h
