/-
kind: names of every form
title: holes in theorems with names that readers of text stumble over
-/
--- prove: proved
theorem x._candidate : (1 : Nat) = 1 := by sorry
theorem «a theorem: sorry» : (1 : Nat) = 1 := by sorry
theorem A.b.«c.d» : (1 : Nat) = 1 := by sorry
theorem αβ'₁ : (1 : Nat) = 1 := by sorry
private theorem hidden : (1 : Nat) = 1 := by sorry
theorem sorry_free : (1 : Nat) = 1 := by sorry
theorem t! : (1 : Nat) = 1 := by sorry
theorem «theorem» : (1 : Nat) = 1 := by sorry
--- prove: x._candidate refused, «a theorem: sorry» refused
theorem x._candidate : (1 : Nat) = 2 := by sorry
theorem «a theorem: sorry» : (1 : Nat) = 2 := by sorry
