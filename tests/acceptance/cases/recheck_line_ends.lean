/-
kind: the wrong theorem is judged
title: CRLF in statements, proofs and files
-/
--- header
open Nat
--- statement
theorem helper : (1 : Nat) = 1 := rfl
theorem main_thm : (1 : Nat) = 2 := by
  sorry
--- claim: refused
skip
sorry
--- recheck: refused
theorem helper : (1 : Nat) = 1 := rfl
theorem main_thm : (1 : Nat) = 2 := by
  sorry
--- statement
theorem helper : (1 : Nat) = 1 := rfl
theorem main_thm : (1 : Nat) = 1 := by
  sorry
--- claim: proved
skip
rfl
--- recheck: proved
theorem helper : (1 : Nat) = 1 := rfl
theorem main_thm : (1 : Nat) = 1 := by
  skip
  rfl
--- check: a proved, b refused
theorem a : 1 = 1 := by
  rfl
theorem b : 1 = 2 := by
  sorry
--- prove: proved
theorem a (n : Nat) : n + 0 = n := by
  sorry

theorem b : 2 = 2 := by sorry
