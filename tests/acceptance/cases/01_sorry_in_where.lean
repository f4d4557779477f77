/-
threat: 1
title: sorry in a local declaration after the proof
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus script
exact u
where u : (1 : Nat) = 2 := sorry
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest script
exact u
where u : (1 : Nat) + 1 = 2 := rfl
