/-
kind: text before a hole that the kernel never saw
title: a definition of the wrong type before the hole
-/
--- tactics
exact lie.elim
--- prove: error
set_option debug.skipKernelTC true in
def lie : Empty := by
  have h : (1 : Nat) = 2 := by decide +kernel
  exact absurd h (by decide)
theorem t : (1 : Nat) = 2 := by sorry
--- tactics
exact truth ▸ rfl
--- prove: t proved
def truth : (1 : Nat) = 1 := rfl
theorem t : (1 : Nat) = 1 := by sorry
