/-
kind: compiled code in the kernel
title: Lean.ofReduceBool by hand
refused by: axioms
-/
--- statement
theorem t : (2 : Nat) ^ 64 % 7 = 2
--- bogus file
def c : Bool := decide (2 ^ 64 % 7 = 2)
theorem t : (2 : Nat) ^ 64 % 7 = 2 :=
  of_decide_eq_true (Lean.ofReduceBool c true rfl)
--- honest file
def c : Bool := decide (2 ^ 64 % 7 = 2)
theorem t : (2 : Nat) ^ 64 % 7 = 2 :=
  of_decide_eq_true (rfl : c = true)
