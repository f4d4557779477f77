import Mathlib

open Set

abbrev putnam_0000_a1_solution : ℕ → ℕ := sorry
-- fun n ↦ n + 1
/--
Find every natural number.
-/
theorem putnam_0000_a1
    (n : ℕ) :
    putnam_0000_a1_solution n = n + 1 :=
  sorry
