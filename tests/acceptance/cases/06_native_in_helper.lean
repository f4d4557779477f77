/-
threat: 6
title: native_decide in a private helper
refused by: axioms
-/
--- statement
theorem t : (2 : Nat) ^ 64 % 7 = 2
--- bogus file
private theorem helper : (2 : Nat) ^ 64 % 7 = 2 := by native_decide
theorem t : (2 : Nat) ^ 64 % 7 = 2 := helper
--- honest file
private theorem helper : (2 : Nat) ^ 64 % 7 = 2 := by decide
theorem t : (2 : Nat) ^ 64 % 7 = 2 := helper
