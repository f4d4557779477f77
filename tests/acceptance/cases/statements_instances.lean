/-
kind: statements of every form
title: instances that are asked, with a name or none
-/
--- statements
class C (α : Type) where
  op : α → α → α
  comm : ∀ a b, op a b = op b a
instance : C Nat := sorry
instance named : C Int := sorry
protected instance C.bool : C Bool := sorry
--- solution: proved
class C (α : Type) where
  op : α → α → α
  comm : ∀ a b, op a b = op b a
instance : C Nat := ⟨(· + ·), Nat.add_comm⟩
instance named : C Int := ⟨(· + ·), Int.add_comm⟩
protected instance C.bool : C Bool where
  op := or
  comm := by decide
--- solution: instCNat refused, named refused, C.bool proved
class C (α : Type) where
  op : α → α → α
  comm : ∀ a b, op a b = op b a
instance : C Nat := ⟨(· - ·), sorry⟩
protected instance C.bool : C Bool := ⟨or, by decide⟩
