theorem big : 123456789012345678901234567890 * 2 = 246913578024691357802469135780 := rfl

theorem power : 2 ^ 200 % 7 = 4 := by decide

theorem steps (a b c d e f : Nat) (h₁ : a ≤ b) (h₂ : b ≤ c) (h₃ : c ≤ d) (h₄ : d ≤ e) (h₅ : e ≤ f) :
    a ≤ f := by
  have s₁ : a ≤ c := Nat.le_trans h₁ h₂
  have s₂ : a ≤ d := by
    exact Nat.le_trans s₁ h₃
  have s₃ : a ≤ e := by
    have := Nat.le_trans s₂ h₄
    exact this
  have s₄ : a ≤ f := by
    first
      | exact Nat.le_trans s₃ h₅
      | omega
  exact s₄

theorem wide (p q r s : Prop) (hp : p) (hq : q) (hr : r) (hs : s) : (p ∧ q) ∧ (r ∧ s) ∧ (p ∨ q) ∧ (r → r) := by
  refine ⟨⟨hp, hq⟩, ⟨hr, hs⟩, ?_, ?_⟩
  · exact Or.inl hp
  · intro h
    exact h
