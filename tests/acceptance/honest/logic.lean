theorem and_swap' (p q : Prop) (h : p ∧ q) : q ∧ p := ⟨h.2, h.1⟩

theorem or_swap' (p q : Prop) (h : p ∨ q) : q ∨ p := by
  cases h with
  | inl hp => exact Or.inr hp
  | inr hq => exact Or.inl hq

theorem iff_self' (p : Prop) : p ↔ p := Iff.rfl

theorem contra (p q : Prop) (h : p → q) (nq : ¬ q) : ¬ p := fun hp => nq (h hp)

theorem em' (p : Prop) : p ∨ ¬ p := by
  by_cases h : p
  · exact Or.inl h
  · exact Or.inr h

theorem double (p : Prop) (h : ¬ ¬ p) : p := by
  rcases em' p with hp | hn
  · exact hp
  · exact absurd hn h

theorem exists_swap (α β : Type) (r : α → β → Prop) (h : ∃ a, ∃ b, r a b) : ∃ b, ∃ a, r a b := by
  obtain ⟨a, b, hab⟩ := h
  exact ⟨b, a, hab⟩
