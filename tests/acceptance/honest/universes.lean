universe u v

def compose {α : Type u} {β : Type v} {γ : Type v} (g : β → γ) (f : α → β) : α → γ := fun x => g (f x)

theorem compose_assoc {α : Type u} {β γ δ : Type v} (h : γ → δ) (g : β → γ) (f : α → β) :
    compose h (compose g f) = compose (compose h g) f := rfl

theorem compose_id {α : Type u} (f : α → α) : compose f id = f := rfl

inductive Both (α : Type u) (β : Type v) : Type (max u v) where
  | mk : α → β → Both α β

theorem both {α : Type u} {β : Type v} (x : Both α β) : ∃ a b, x = Both.mk a b := by
  cases x with
  | mk a b => exact ⟨a, b, rfl⟩
