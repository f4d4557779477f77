/-
kind: recursion
title: recursion whose end is proved with the kernel switched off
refused by: kernel
-/
--- statement
theorem t (n : Nat) : n = n + 1
--- bogus file
set_option debug.skipKernelTC true in
theorem lie : (0 : Nat) = 1 := by decide +kernel
theorem t (n : Nat) : n = n + 1 := Nat.succ.inj (t (n + 1))
termination_by n
decreasing_by exact absurd lie (by decide)
--- honest statement
theorem t (n : Nat) : 0 + n = n
--- honest file
theorem t (n : Nat) : 0 + n = n := match n with
  | 0 => rfl
  | n + 1 => congrArg Nat.succ (t n)
termination_by n
decreasing_by exact Nat.lt_succ_self n
