/-
threat: 4
title: an axiom that inhabits every type
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
universe u
axiom helper {α : Sort u} : α
theorem t : (1 : Nat) = 2 := helper
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
universe u
theorem helper {α : Sort u} (a : α) : a = a := rfl
theorem t : (1 : Nat) + 1 = 2 := helper 2
