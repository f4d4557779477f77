/-
kind: a proof left open
title: the tactic `stop` throws the rest of the proof away
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus script
stop
exact nonsense
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest script
skip
exact rfl
