/-
kind: recursion
title: a proof by recursion that does not end
refused by: elaboration
-/
--- statement
theorem t (n : Nat) : n = n + 1
--- bogus file
theorem t (n : Nat) : n = n + 1 := Nat.succ.inj (t (n + 1))
--- honest statement
theorem t (n : Nat) : 0 + n = n
--- honest file
theorem t : (n : Nat) → 0 + n = n
  | 0 => rfl
  | n + 1 => congrArg Nat.succ (t n)
