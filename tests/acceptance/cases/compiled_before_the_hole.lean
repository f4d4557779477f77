/-
kind: compiled code in the kernel
title: definitions before the hole that compiled code tells apart, and a tactic that uses it
-/
--- tactics
exact absurd (((show Lean.reduceBool c1 = true by decide +kernel).symm.trans (congrArg Lean.reduceBool (show c1 = c4 from by decide))).trans (show Lean.reduceBool c4 = false by decide +kernel)) (by decide)
--- prove: refused
def slow (n : Nat) : Bool := n == n
def fast (n : Nat) : Bool := n == 0
attribute [implemented_by fast] slow
def c1 : Bool := true
def c4 : Bool := slow 3
theorem t : (1 : Nat) = 2 := by sorry
--- tactics
exact (show c1 = c4 from by decide)
--- prove: t proved
def slow (n : Nat) : Bool := n == n
def fast (n : Nat) : Bool := n == 0
attribute [implemented_by fast] slow
def c1 : Bool := true
def c4 : Bool := slow 3
theorem t : c1 = c4 := by sorry
