/-
threat: 1
title: sorry inside a term
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus script
exact absurd (sorry : 0 = 1) (by decide)
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest script
exact (show 1 + 1 = 2 from rfl)
