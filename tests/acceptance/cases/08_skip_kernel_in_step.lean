/-
kind: the kernel switched off
title: the kernel switched off for a step inside a term
refused by: kernel
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus script
exact absurd (show 0 = 1 by set_option debug.skipKernelTC true in decide +kernel) (by decide)
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest script
exact (show 1 + 1 = 2 by set_option maxRecDepth 1000 in decide +kernel)
