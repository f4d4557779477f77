/-
threat: 22
title: an import that is not there
refused by: elaboration
-/
--- statement
theorem t : (1 : Nat) + 1 = 2
--- bogus file
import No.Such.Module
theorem t : (1 : Nat) + 1 = 2 := rfl
--- honest file
import Init.Data.Nat.Basic
theorem t : (1 : Nat) + 1 = 2 := rfl
