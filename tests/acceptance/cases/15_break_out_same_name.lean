/-
kind: another statement
title: the proof fails and the theorem is declared a second time
refused by: elaboration
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus script
decide

theorem t : True := trivial
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest script
have t : (1 : Nat) + 1 = 2 := rfl
exact t
