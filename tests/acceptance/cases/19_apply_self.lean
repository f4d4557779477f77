/-
kind: recursion
title: the theorem proves itself
refused by: elaboration
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus script
apply t
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest script
apply rfl
