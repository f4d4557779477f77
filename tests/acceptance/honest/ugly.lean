theorem   spaced   ( n:Nat )   :   n+0=n   :=   by rfl

theorem semis (a b : Nat) (h : a = b) : b = a := by (skip; exact h.symm)

theorem nested (p q r : Prop) : p ∧ (q ∧ r) → (p ∧ q) ∧ r := by { intro ⟨a, b, c⟩; exact ⟨⟨a, b⟩, c⟩ }

theorem dots (p q : Prop) (hp : p) (hq : q) : p ∧ q := by
  constructor
  . exact hp
  . exact hq

theorem arrow (f : Nat → Nat) (h : ∀ x, f x = x) : f (f 0) = 0 := by rw [h]; rw [h]

theorem focus (a b c : Nat) (h : a = b ∧ b = c) : a = c := by
  cases h with | intro h₁ h₂ => exact h₁ ▸ h₂ ▸ rfl

theorem unusual : (fun (x : Nat) ↦ x) = (λ x => x) := rfl
