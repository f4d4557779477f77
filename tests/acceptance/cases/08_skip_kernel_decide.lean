/-
kind: the kernel switched off
title: a false proposition by decide +kernel with the kernel switched off
refused by: kernel
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus script
set_option debug.skipKernelTC true in
decide +kernel
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest script
set_option maxRecDepth 1000 in
decide +kernel
