/-
threat: 8
title: debug.proofAsSorry: theorems get sorry for a proof
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
set_option debug.proofAsSorry true in
theorem t : (1 : Nat) = 2 := by
  exact nonsense
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
set_option debug.proofAsSorry false in
theorem t : (1 : Nat) + 1 = 2 := by
  exact rfl
