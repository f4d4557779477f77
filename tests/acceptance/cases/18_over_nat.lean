/-
kind: another statement
title: the statement over the natural numbers in place of the integers
refused by: statement
-/
--- statement
theorem t (n : Int) : 0 ≤ n
--- bogus file
theorem t (n : Nat) : 0 ≤ n := Nat.zero_le n
--- honest statement
theorem t (n : Int) : 0 ≤ n * n
--- honest file
theorem t (n : Int) : 0 ≤ n * n := by
  rcases Int.le_total 0 n with h | h
  · exact Int.mul_nonneg h h
  · rw [← Int.neg_mul_neg]
    exact Int.mul_nonneg (by omega) (by omega)
