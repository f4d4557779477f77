/-
kind: declarations passed over
title: a field of an instance that is left open
-/
--- check: C proved, bad refused
class C (α : Type) where
  op : α → α → α
  comm : ∀ a b, op a b = op b a
instance bad : C Nat where
  op a b := a - b
  comm := by sorry
--- check: instCNat refused
class C (α : Type) where
  op : α → α → α
  comm : ∀ a b, op a b = op b a
instance : C Nat := ⟨fun a b => a - b, sorry⟩
--- check: proved
class C (α : Type) where
  op : α → α → α
  comm : ∀ a b, op a b = op b a
instance : C Nat where
  op a b := a + b
  comm := Nat.add_comm
