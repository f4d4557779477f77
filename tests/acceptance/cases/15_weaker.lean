/-
kind: another statement
title: a weaker statement under the same name
refused by: statement
-/
--- statement
theorem t (n : Nat) : n < 5
--- bogus file
theorem t (n : Nat) : n < n + 5 := by omega
--- honest statement
theorem t (n : Nat) : n < n + 5
--- honest file
theorem t (n : Nat) : n < n + 5 := by omega
