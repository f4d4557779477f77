/-
kind: text before a hole that the kernel never saw
title: a false lemma before the hole, by a kernel that was switched off
-/
--- tactics
exact lem
--- prove: error
set_option debug.skipKernelTC true in
theorem lem : (1 : Nat) = 2 := by decide +kernel
theorem t : (1 : Nat) = 2 := by sorry
--- prove: error
set_option debug.skipKernelTC true
theorem lem : (1 : Nat) = 2 := by decide +kernel
theorem t : (1 : Nat) = 2 := by
  sorry
--- prove: t proved
set_option maxRecDepth 1000 in
theorem lem : (1 : Nat) + 1 = 2 := by decide +kernel
theorem t : (1 : Nat) + 1 = 2 := by sorry
