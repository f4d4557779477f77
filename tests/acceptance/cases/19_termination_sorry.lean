/-
kind: recursion
title: recursion whose end is only claimed
refused by: axioms
-/
--- statement
theorem t (n : Nat) : n = n + 1
--- bogus file
theorem t (n : Nat) : n = n + 1 := Nat.succ.inj (t (n + 1))
termination_by n
decreasing_by sorry
--- honest statement
theorem t (n : Nat) : 0 + n = n
--- honest file
theorem t (n : Nat) : 0 + n = n := match n with
  | 0 => rfl
  | n + 1 => congrArg Nat.succ (t n)
termination_by n
decreasing_by omega
