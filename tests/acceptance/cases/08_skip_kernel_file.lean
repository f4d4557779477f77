/-
threat: 8
title: the kernel switched off for the rest of the file
refused by: kernel
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
set_option debug.skipKernelTC true
theorem t : (1 : Nat) = 2 := by decide +kernel
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
set_option maxRecDepth 1000
theorem t : (1 : Nat) + 1 = 2 := by decide +kernel
