/-
kind: another statement
title: a hypothesis added by variable and include
refused by: statement
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
variable (h : False)
include h
theorem t : (1 : Nat) = 2 := h.elim
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
variable (h : False)
theorem t : (1 : Nat) + 1 = 2 := rfl
