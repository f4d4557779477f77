/-
kind: an axiom of one's own
title: a new axiom
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
axiom cheat : False
theorem t : (1 : Nat) = 2 := cheat.elim
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
axiom cheat : False
theorem t : (1 : Nat) + 1 = 2 := rfl
