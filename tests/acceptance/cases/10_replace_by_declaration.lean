/-
kind: a constant replaced
title: propext declared anew
refused by: elaboration
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
axiom propext : False
theorem t : (1 : Nat) = 2 := False.elim propext
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
namespace Mine
theorem propext : True := trivial
end Mine
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) Mine.propext
