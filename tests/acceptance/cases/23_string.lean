/-
threat: 23
title: the theorem stands in a string
refused by: statement
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
def s := "
theorem t : (1 : Nat) = 2 := rfl
"
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
def s := "
theorem t : (1 : Nat) = 2 := rfl
"
theorem t : (1 : Nat) + 1 = 2 := rfl
