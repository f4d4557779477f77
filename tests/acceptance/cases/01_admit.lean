/-
kind: a proof left open
title: admit
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus script
admit
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest script
decide
