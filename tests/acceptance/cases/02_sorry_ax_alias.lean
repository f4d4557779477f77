/-
threat: 2
title: sorryAx under another name
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
abbrev harmless := @sorryAx
theorem t : (1 : Nat) = 2 := harmless _ true
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
abbrev harmless := @rfl
theorem t : (1 : Nat) + 1 = 2 := harmless
