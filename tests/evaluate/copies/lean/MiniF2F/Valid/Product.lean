import Mathlib

open BigOperators

/-- The product is what it is. -/
theorem product (n : ℕ) (h : n = 3) : ∏ k ∈ Finset.range n, (2 * k + 1) = 15 := by
  sorry
