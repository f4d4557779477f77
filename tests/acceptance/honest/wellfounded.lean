def log2 (n : Nat) : Nat :=
  if h : n ≤ 1 then 0 else 1 + log2 (n / 2)
termination_by n
decreasing_by omega

theorem log2_one : log2 1 = 0 := by
  unfold log2
  simp

theorem log2_small (n : Nat) (h : n ≤ 1) : log2 n = 0 := by
  unfold log2
  simp [h]

theorem log2_two : log2 2 = 1 := by
  rw [log2]
  simp [log2_one]
