/-
kind: another statement
title: an axiom in place of the theorem
refused by: statement
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
axiom t : (1 : Nat) = 2
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
axiom u : (1 : Nat) = 2
theorem t : (1 : Nat) + 1 = 2 := rfl
