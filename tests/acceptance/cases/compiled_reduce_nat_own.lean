/-
kind: compiled code in the kernel
title: `Lean.reduceNat` of constants of one's own that compiled code tells apart
refused by: kernel
-/
--- statements
namespace Honest
theorem t : (1 : Nat) + 1 = 2 := sorry
end Honest
theorem t : (1 : Nat) = 2 := sorry
--- solution: Honest.t proved, t refused
namespace Honest
def slow (n : Nat) : Nat := n
def fast (_ : Nat) : Nat := 2
attribute [implemented_by fast] slow
theorem t : (1 : Nat) + 1 = 2 := congrArg slow (rfl : 1 + 1 = 2)
end Honest
def slow (n : Nat) : Nat := n
def fast (_ : Nat) : Nat := 2
attribute [implemented_by fast] slow
def c1 : Nat := 1
def c2 : Nat := slow 1
theorem t : (1 : Nat) = 2 :=
  have h : Lean.reduceNat c1 = Lean.reduceNat c2 :=
    congrArg Lean.reduceNat (show c1 = c2 from rfl)
  ((show Lean.reduceNat c1 = 1 by decide +kernel).symm.trans h).trans
    (show Lean.reduceNat c2 = 2 by decide +kernel)
