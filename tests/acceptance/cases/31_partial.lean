/-
kind: unsafe code
title: a partial definition of a proof of False
refused by: elaboration
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
partial def u (n : Nat) : PLift False := u n
theorem t : (1 : Nat) = 2 := (u 0).down.elim
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
partial def u (n : Nat) : Nat := u n
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : u 0 = u 0) => rfl) rfl
