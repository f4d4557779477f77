theorem add_zero' (n : Nat) : n + 0 = n := rfl

theorem zero_add' (n : Nat) : 0 + n = n := by
  induction n with
  | zero => rfl
  | succ k ih =>
    rw [← Nat.add_assoc, ih]

theorem add_comm' (a b : Nat) : a + b = b + a := by
  omega

theorem three (a b c : Nat) : a + b + c = c + b + a := by
  rw [add_comm' a b]
  -- what is left is the same thing again
  rw [add_comm' (b + a) c, Nat.add_assoc]

theorem chain (a b c : Nat) (h : a < b) (g : b < c) : a + 1 < c := by
  have h₁ : a + 1 ≤ b := h
  exact Nat.lt_of_le_of_lt h₁ g
