import Mathlib

set_option maxHeartbeats 0

open BigOperators Real Nat Topology Rat

theorem sum_even (a b : ℕ) (h₀ : a % 2 = 0) (h₁ : b % 2 = 0) :
    (a + b) % 2 = 0 := by sorry
