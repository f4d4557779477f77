/-
kind: notation that changes the statement
title: the command theorem itself is redefined
refused by: statement
-/
--- statements
namespace Honest
theorem t : (1 : Nat) + 1 = 2 := sorry
end Honest
theorem t : (1 : Nat) = 2 := sorry
--- solution: Honest.t proved, t refused
namespace Honest
macro "fact " n:ident " : " p:term " := " v:term : command => `(theorem $n : $p := $v)
fact helper : True := trivial
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) helper
end Honest
macro_rules
  | `(theorem t : $_ := nonsense) => `(theorem t : True := trivial)
theorem t : (1 : Nat) = 2 := nonsense
