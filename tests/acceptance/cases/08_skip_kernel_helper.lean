/-
kind: the kernel switched off
title: a helper theorem with the kernel switched off
refused by: kernel
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
set_option debug.skipKernelTC true in
theorem helper : False := by
  have h : (0 : Nat) = 1 := by decide +kernel
  exact absurd h (by decide)
theorem t : (1 : Nat) = 2 := helper.elim
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
set_option maxRecDepth 1000 in
theorem helper : True := by
  have h : (1 : Nat) = 1 := by decide +kernel
  trivial
theorem t : (1 : Nat) + 1 = 2 := by
  have _ := helper
  rfl
