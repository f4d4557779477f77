/-
kind: compiled code in the kernel
title: extern that lies, evaluated natively (the interpreter refuses it)
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
@[extern "lean_nat_sub"] def plus (a b : Nat) : Nat := a + b
theorem helper : plus 2 1 = 1 := by native_decide
theorem t : (1 : Nat) = 2 :=
  absurd (helper : 3 = 1) (by decide)
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
@[extern "lean_nat_sub"] def plus (a b : Nat) : Nat := a + b
theorem helper : plus 1 1 = 2 := rfl
theorem t : (1 : Nat) + 1 = 2 := helper
