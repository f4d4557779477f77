/-
kind: notation that changes the statement
title: a macro rule drops the body of a universal quantifier
refused by: statement
-/
--- statement
theorem t : ∀ n : Nat, n = 0
--- bogus file
macro (priority := high) "∀ " n:ident " : " t:term ", " term : term => `(($n : $t) → True)
theorem t : ∀ n : Nat, n = 0 := fun _ => trivial
--- honest statement
theorem t : ∀ n : Nat, n = n
--- honest file
macro "every " n:ident " : " t:term ", " p:term : term => `(∀ $n : $t, $p)
theorem helper : every n : Nat, n = n := fun _ => rfl
theorem t : ∀ n : Nat, n = n := helper
