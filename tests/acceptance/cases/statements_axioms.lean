/-
kind: statements of every form
title: an axiom that is part of what is asked
-/
--- statements
axiom choice' : ∀ n : Nat, n = n
theorem t : 1 = 1 := sorry
--- solution: t refused
axiom choice' : ∀ n m : Nat, n = m
theorem t : 1 = 1 := choice' 1 1
--- solution: t proved
axiom choice' : ∀ n : Nat, n = n
theorem t : 1 = 1 := rfl
