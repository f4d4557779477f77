/-
kind: another name
title: a private theorem of another statement in place of the asked one
refused by: statement
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
private theorem t : True := trivial
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
private theorem helper : (1 : Nat) + 1 = 2 := rfl
theorem t : (1 : Nat) + 1 = 2 := helper
