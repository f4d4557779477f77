/-
kind: compiled code in the kernel
title: extern that lies, evaluated natively (the interpreter refuses it)
refused by: axioms
-/
--- statements
namespace Honest
theorem t : (1 : Nat) + 1 = 2 := sorry
end Honest
theorem t : (1 : Nat) = 2 := sorry
--- solution: Honest.t proved, t refused
namespace Honest
@[extern "lean_nat_sub"] def plus (a b : Nat) : Nat := a + b
theorem helper : plus 1 1 = 2 := rfl
theorem t : (1 : Nat) + 1 = 2 := helper
end Honest
@[extern "lean_nat_sub"] def plus (a b : Nat) : Nat := a + b
theorem helper : plus 2 1 = 1 := by native_decide
theorem t : (1 : Nat) = 2 :=
  absurd (helper : 3 = 1) (by decide)
