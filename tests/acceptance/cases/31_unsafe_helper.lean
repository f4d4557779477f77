/-
kind: unsafe code
title: a theorem that uses an unsafe definition
refused by: elaboration
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
unsafe def u : False := u
theorem t : (1 : Nat) = 2 := u.elim
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
unsafe def u (n : Nat) : Nat := u n
theorem t : (1 : Nat) + 1 = 2 := rfl
