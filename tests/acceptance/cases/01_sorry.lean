/-
kind: a proof left open
title: sorry as a tactic
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus script
sorry
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest script
rfl
