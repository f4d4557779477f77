/-
threat: 26
title: an axiom propext in a namespace
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
namespace N
axiom propext : False
theorem helper : False := propext
end N
theorem t : (1 : Nat) = 2 := N.helper.elim
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
namespace N
theorem propext : True := trivial
end N
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) N.propext
