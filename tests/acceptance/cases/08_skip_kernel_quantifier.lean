/-
threat: 8
title: a false quantified proposition with the kernel switched off
refused by: kernel
-/
--- statement
theorem t (n : Fin 40) : n.val * n.val < 1500
--- bogus script
revert n
set_option debug.skipKernelTC true in
decide +kernel
--- honest statement
theorem t (n : Fin 40) : n.val * n.val < 1600
--- honest script
revert n
set_option maxRecDepth 10000 in
decide +kernel
