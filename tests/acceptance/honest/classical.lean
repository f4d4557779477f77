noncomputable def pick {α : Type} (p : α → Prop) (h : ∃ x, p x) : α := Classical.choose h

theorem pick_spec {α : Type} (p : α → Prop) (h : ∃ x, p x) : p (pick p h) := Classical.choose_spec h

theorem skolem {α β : Type} (r : α → β → Prop) (h : ∀ a, ∃ b, r a b) : ∃ f : α → β, ∀ a, r a (f a) :=
  ⟨fun a => pick (r a) (h a), fun a => pick_spec (r a) (h a)⟩

theorem not_all (α : Type) (p : α → Prop) (h : ¬ ∀ x, p x) : ∃ x, ¬ p x := by
  apply Classical.byContradiction
  intro hn
  apply h
  intro x
  apply Classical.byContradiction
  intro hx
  exact hn ⟨x, hx⟩
