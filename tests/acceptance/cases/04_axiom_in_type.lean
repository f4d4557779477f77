/-
threat: 4
title: an axiom that stands only in the type of a helper
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
axiom n : Nat
axiom both : n = 1 ∧ n = 2
theorem helper : n = 1 := both.1
theorem t : (1 : Nat) = 2 := helper.symm.trans both.2
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
opaque n : Nat
theorem helper : n = n := rfl
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : n = n) => rfl) helper
