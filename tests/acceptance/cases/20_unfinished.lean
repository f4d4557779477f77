/-
kind: scripts that break out
title: goals left open
refused by: elaboration
-/
--- statement
theorem t (p q : Prop) (hp : p) : p ∧ q
--- bogus script
constructor
exact hp
--- honest statement
theorem t (p : Prop) (hp : p) : p ∧ p
--- honest script
constructor
exact hp
exact hp
