/-
kind: unsafe code
title: an unsafe definition in place of the theorem
refused by: kernel
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
unsafe def t : (1 : Nat) = 2 := t
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
unsafe def u : (1 : Nat) = 2 := u
theorem t : (1 : Nat) + 1 = 2 := rfl
