/-
kind: another statement
title: a definition of a proposition in place of a theorem
refused by: statement
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
def t : Prop := (1 : Nat) = 2
--- honest statement
theorem t : ((1 : Nat) = 2) = ((1 : Nat) = 2)
--- honest file
def p : Prop := (1 : Nat) = 2
theorem t : ((1 : Nat) = 2) = ((1 : Nat) = 2) := (rfl : p = p)
