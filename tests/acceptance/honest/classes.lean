class Magma (α : Type u) where
  op : α → α → α

infixl:70 " ∙ " => Magma.op

class Semi (α : Type u) extends Magma α where
  assoc : ∀ a b c : α, a ∙ b ∙ c = a ∙ (b ∙ c)

class Mon (α : Type u) extends Semi α where
  e : α
  left : ∀ a : α, e ∙ a = a
  right : ∀ a : α, a ∙ e = a

instance natMon : Mon Nat where
  op := (· + ·)
  assoc := Nat.add_assoc
  e := 0
  left := Nat.zero_add
  right := Nat.add_zero

theorem unit_unique {α : Type u} [Mon α] (x : α) (h : ∀ a : α, x ∙ a = a) : x = Mon.e := by
  have h₁ := h Mon.e
  rw [Mon.right] at h₁
  exact h₁

theorem four_ops {α : Type u} [Semi α] (a b c d : α) : a ∙ b ∙ c ∙ d = a ∙ (b ∙ (c ∙ d)) := by
  rw [Semi.assoc, Semi.assoc]
