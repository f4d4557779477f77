/-
kind: compiled code in the kernel
title: `Lean.reduceBool` of constants of one's own that compiled code tells apart
refused by: kernel
-/
--- statements
namespace Honest
theorem t : (1 : Nat) + 1 = 2 := sorry
end Honest
theorem t : (1 : Nat) = 2 := sorry
--- solution: Honest.t proved, t refused
namespace Honest
def slow (n : Nat) : Bool := n == n
def fast (n : Nat) : Bool := n == 0
attribute [implemented_by fast] slow
def c1 : Bool := true
def c4 : Bool := slow 3
theorem t : (1 : Nat) + 1 = 2 :=
  have _h : c1 = c4 := by decide
  rfl
end Honest
def slow (n : Nat) : Bool := n == n
def fast (n : Nat) : Bool := n == 0
attribute [implemented_by fast] slow
def c1 : Bool := true
def c4 : Bool := slow 3
theorem t : (1 : Nat) = 2 :=
  have h : Lean.reduceBool c1 = Lean.reduceBool c4 :=
    congrArg Lean.reduceBool (show c1 = c4 from by decide)
  absurd (((show Lean.reduceBool c1 = true by decide +kernel).symm.trans h).trans
    (show Lean.reduceBool c4 = false by decide +kernel)) (by decide)
