/-
kind: scripts that break out
title: the theorem stands in a comment that is never closed
refused by: statement
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
theorem u : True := trivial
/-
theorem t : (1 : Nat) = 2 := rfl
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
theorem u : True := trivial
/- theorem t : (1 : Nat) = 2 := rfl -/
theorem t : (1 : Nat) + 1 = 2 := rfl
