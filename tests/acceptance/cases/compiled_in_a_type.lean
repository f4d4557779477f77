/-
kind: compiled code in the kernel
title: `Lean.reduceBool` in the type of a structure's field, of an argument, of an inductive type
-/
--- check: S refused, h refused, fine proved
def c : Bool := true
structure S where
  n : Nat
  h : Lean.reduceBool c = true → n = n
theorem h (_ : Lean.reduceBool c = true) : 1 = 1 := rfl
theorem fine : 1 = 1 := rfl
--- check: P refused
def c : Bool := true
inductive P : Bool → Prop where
  | mk : P (Lean.reduceBool c)
--- check: proved
def c : Bool := true
structure S where
  n : Nat
  h : c = true → n = n
inductive P : Bool → Prop where
  | mk : P c
theorem h (_ : c = true) : P true := .mk
