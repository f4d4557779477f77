/-
kind: notation that changes the statement
title: a macro rule reads one numeral as another
refused by: statement
-/
--- statements
namespace Honest
theorem t : (1 : Nat) + 1 = 2 := sorry
end Honest
theorem t : (1 : Nat) = 2 := sorry
--- solution: Honest.t proved, t refused
namespace Honest
macro "two" : term => `((2 : Nat))
theorem t : (1 : Nat) + 1 = 2 := (rfl : two = two)
end Honest
macro "two" : term => `((1 : Nat))
open Lean in
macro_rules
  | `(($x:term : Nat)) => `((2 : _))
theorem t : (1 : Nat) = 2 := rfl
