/-
kind: compiled code in the kernel
title: `Lean.ofReduceNat` turns what compiled code says into an equality
-/
--- statement
theorem t : (1 : Nat) + 1 = 2
--- bogus file
def two : Nat := 1 + 1
theorem t : (1 : Nat) + 1 = 2 := Lean.ofReduceNat two 2 rfl
--- honest file
def two : Nat := 1 + 1
theorem t : (1 : Nat) + 1 = 2 := (rfl : two = 2)
