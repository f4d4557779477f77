/-
kind: recursion
title: two theorems that prove each other
refused by: elaboration
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
mutual
theorem t : (1 : Nat) = 2 := u
theorem u : (1 : Nat) = 2 := t
end
--- honest statement
theorem t (n : Nat) : n + 0 = n
--- honest file
mutual
theorem t (n : Nat) : n + 0 = n := match n with
  | 0 => rfl
  | n + 1 => congrArg Nat.succ (u n)
theorem u (n : Nat) : n + 0 = n := match n with
  | 0 => rfl
  | n + 1 => congrArg Nat.succ (t n)
end
