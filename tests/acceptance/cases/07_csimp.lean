/-
kind: compiled code in the kernel
title: csimp with a lemma that was never proved, evaluated natively
refused by: axioms
-/
--- statements
namespace Honest
theorem t : (1 : Nat) + 1 = 2 := sorry
end Honest
theorem t : (1 : Nat) = 2 := sorry
--- solution: Honest.t proved, t refused
namespace Honest
def two (_ : Unit) : Nat := 2
def one (_ : Unit) : Nat := 1 + 1
@[csimp] theorem swap : @two = @one := rfl
theorem helper : two () = 2 := rfl
theorem t : (1 : Nat) + 1 = 2 := helper
end Honest
def two (_ : Unit) : Nat := 2
def one (_ : Unit) : Nat := 1
@[csimp] theorem swap : @two = @one := sorryAx _ true
theorem helper : two () = 1 := by native_decide
theorem t : (1 : Nat) = 2 := helper.symm
