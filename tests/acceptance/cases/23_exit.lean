/-
kind: scripts that break out
title: #exit before the theorem
refused by: statement
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
#exit
theorem t : (1 : Nat) = 2 := nonsense
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
theorem t : (1 : Nat) + 1 = 2 := rfl
#exit
nonsense
