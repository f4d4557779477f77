/-
kind: what surrounds a statement
title: comments, doc comments and words that are only text
-/
--- statement
theorem foo (n : Nat) : n + 0 = n := sorry -- todo
--- fill: proved
--- claim: proved
rfl
--- statement
theorem foo (n : Nat) : n + 0 = n := by
  -- use induction
  sorry
--- fill: proved
--- statement
theorem foo (n : Nat) : n + 0 = n := by sorry /- a block
comment -/
--- fill: proved
--- statement
theorem foo : ∀ n : Nat, n = n := fun n => sorry
--- fill: proved
--- statement
/-- A theorem: `theorem t : 1 = 2 := sorry`. -/
@[simp] theorem foo (n : Nat) : n + 0 = n
--- fill: proved
--- statement
theorem t : True -- see Basic.lean:12
--- fill: proved
--- statement
theorem sorry_free (n : Nat) : n + 0 = n
--- fill: proved
--- statement
-- no sorry left here
theorem foo (s : String := "sorry") : s = s
--- fill: proved
--- statement
theorem Num.dotted : 3 = 4
--- fill: refused
--- claim: refused
rfl
--- statement
/-- The theorem of Gauss. -/
theorem doc_false : 3 = 4
--- fill: refused
--- statement
theorem «quoted false» : 3 = 4
--- fill: refused
--- statement
theorem no_such_thing : 3 = nothing_of_that_name
--- fill: error
