/-
kind: compiled code in the kernel
title: implemented_by means nothing to the kernel
refused by: axioms
-/
--- statements
namespace Honest
theorem t : (1 : Nat) + 1 = 2 := sorry
end Honest
theorem t : (1 : Nat) = 2 := sorry
--- solution: Honest.t proved, t refused
namespace Honest
def one : Nat := 1
@[implemented_by one] def two : Nat := 2
theorem helper : two = 2 := by decide +kernel
theorem t : (1 : Nat) + 1 = 2 := helper
end Honest
def one : Nat := 1
@[implemented_by one] def two : Nat := 2
theorem helper : two = 1 := by decide +kernel
theorem t : (1 : Nat) = 2 := helper.symm
