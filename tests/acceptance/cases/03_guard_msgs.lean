/-
kind: messages that are hidden
title: #guard_msgs swallows the error of the theorem
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
#guard_msgs (drop all) in
theorem t : (1 : Nat) = 2 := by decide
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
#guard_msgs (drop all) in
theorem t : (1 : Nat) + 1 = 2 := by decide
