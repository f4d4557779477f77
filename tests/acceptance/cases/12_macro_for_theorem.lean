/-
kind: notation that changes the statement
title: the command theorem itself is redefined
refused by: statement
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
macro_rules
  | `(theorem t : $_ := nonsense) => `(theorem t : True := trivial)
theorem t : (1 : Nat) = 2 := nonsense
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
macro "fact " n:ident " : " p:term " := " v:term : command => `(theorem $n : $p := $v)
fact helper : True := trivial
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) helper
