/-
kind: text before a hole that the kernel never saw
title: the same in the header of a statement
-/
--- header
set_option debug.skipKernelTC true in
theorem lem : (1 : Nat) = 2 := by decide +kernel
--- statement
theorem t : (1 : Nat) = 2
--- tactics
exact lem
--- fill: error
--- proof: refused
exact lem
--- claim: refused
exact lem
--- recheck: refused
set_option debug.skipKernelTC true in
theorem lem : (1 : Nat) = 2 := by decide +kernel
theorem t : (1 : Nat) = 2 := by exact lem
--- header
theorem lem : (1 : Nat) + 1 = 2 := by decide +kernel
--- statement
theorem t : (1 : Nat) + 1 = 2
--- fill: proved
--- proof: proved
exact lem
--- claim: proved
exact lem
