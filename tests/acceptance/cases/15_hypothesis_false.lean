/-
kind: another statement
title: an added hypothesis False
refused by: statement
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
theorem t (h : False) : (1 : Nat) = 2 := h.elim
--- honest statement
theorem t (h : False) : (1 : Nat) = 2
--- honest file
theorem t (h : False) : (1 : Nat) = 2 := h.elim
