/-
threat: 4
title: an axiom inside a Decidable instance
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
axiom cheat : (1 : Nat) = 2
instance (priority := high) d : Decidable ((1 : Nat) = 2) := .isTrue cheat
theorem t : (1 : Nat) = 2 := by decide
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
instance (priority := high) d : Decidable ((1 : Nat) + 1 = 2) := .isTrue rfl
theorem t : (1 : Nat) + 1 = 2 := by decide
