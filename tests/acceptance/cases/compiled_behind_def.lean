/-
kind: compiled code in the kernel
title: `Lean.reduceBool` behind a definition, an abbreviation and an instance
-/
--- check: r refused, viaDef refused, viaRight proved
def c : Bool := true
def r (b : Bool) : Bool := Lean.reduceBool b
theorem viaDef : r c = r c := rfl
theorem viaRight : c = true := rfl
--- check: c proved, hidden refused, viaInst refused
def c : Bool := true
class Fact' (p : Prop) : Prop where out : p
instance hidden : Fact' (Lean.reduceBool c = Lean.reduceBool c) := ⟨rfl⟩
theorem viaInst : Lean.reduceBool c = Lean.reduceBool c := hidden.out
--- check: proved
def c : Bool := true
class Fact' (p : Prop) : Prop where out : p
instance hidden : Fact' (c = true) := ⟨rfl⟩
theorem viaInst : c = true := hidden.out
