/-
kind: names and how they are printed
title: an axiom whose name prints like an allowed one
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
axiom «Quot.sound» : False
theorem t : (1 : Nat) = 2 := «Quot.sound».elim
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
theorem «Quot.sound» : True := trivial
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) «Quot.sound»
