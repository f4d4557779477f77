/-
kind: the kernel switched off
title: a Decidable instance that the kernel never saw
refused by: kernel
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
set_option debug.skipKernelTC true in
instance (priority := high) d : Decidable ((1 : Nat) = 2) := .isTrue (by decide +kernel)
theorem t : (1 : Nat) = 2 := by decide
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
set_option maxRecDepth 1000 in
instance (priority := high) d : Decidable ((1 : Nat) + 1 = 2) := .isTrue (by decide +kernel)
theorem t : (1 : Nat) + 1 = 2 := by decide
