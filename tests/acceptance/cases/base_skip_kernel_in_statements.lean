/-
kind: text before a hole that the kernel never saw
title: the same in the statements and in the solution
-/
--- statements
set_option debug.skipKernelTC true in
theorem lem : (1 : Nat) = 2 := by decide +kernel
theorem t : (1 : Nat) = 2 := sorry
--- solution: error
set_option debug.skipKernelTC true in
theorem lem : (1 : Nat) = 2 := by decide +kernel
theorem t : (1 : Nat) = 2 := lem
--- statements
theorem lem : (1 : Nat) + 1 = 2 := by decide +kernel
theorem t : (1 : Nat) + 1 = 2 := sorry
--- solution: t proved
theorem lem : (1 : Nat) + 1 = 2 := by decide +kernel
theorem t : (1 : Nat) + 1 = 2 := lem
