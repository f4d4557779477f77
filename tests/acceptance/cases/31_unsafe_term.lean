/-
kind: unsafe code
title: an unsafe term inside the proof
refused by: elaboration
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus script
exact unsafe lcProof
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest script
exact id rfl
