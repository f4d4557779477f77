/-
kind: notation that changes the statement
title: a macro rule drops the body of a universal quantifier
refused by: statement
-/
--- statements
namespace Honest
theorem t : ∀ n : Nat, n = n := sorry
end Honest
theorem t : ∀ n : Nat, n = 0 := sorry
--- solution: Honest.t proved, t refused
namespace Honest
macro "every " n:ident " : " t:term ", " p:term : term => `(∀ $n : $t, $p)
theorem helper : every n : Nat, n = n := fun _ => rfl
theorem t : ∀ n : Nat, n = n := helper
end Honest
macro (priority := high) "∀ " n:ident " : " t:term ", " term : term => `(($n : $t) → True)
theorem t : ∀ n : Nat, n = 0 := fun _ => trivial
