/-
kind: statements of every form
title: a helper that shares a matcher with the statement
-/
--- statements
theorem m (o : Option Nat) : (match o with | some x => x | none => 0) = o.getD 0 := sorry
--- solution: proved
theorem helper (o : Option Nat) : (match o with | some x => x | none => 0) = (match o with | some x => x | none => 0) := rfl
theorem m (o : Option Nat) : (match o with | some x => x | none => 0) = o.getD 0 := by cases o <;> rfl
--- solution: m refused
theorem m (o : Option Nat) : (match o with | some x => x | none => 1) = o.getD 1 := by cases o <;> rfl
--- solution: m refused
theorem helper (o : Option Nat) : (match o with | some _ => 0 | none => 0) = 0 := by cases o <;> rfl
theorem m (o : Option Nat) : (match o with | some _ => 0 | none => 0) = 0 := helper o
