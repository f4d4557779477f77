/-
kind: the kernel switched off
title: debug.byAsSorry: proofs of propositions are not run
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
set_option debug.byAsSorry true in
theorem t : (1 : Nat) = 2 := by rfl
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
set_option debug.byAsSorry false in
theorem t : (1 : Nat) + 1 = 2 := by rfl
