/-
kind: one request alters the next
title: a lemma that only another request declared
refused by: elaboration
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
theorem t : (1 : Nat) = 2 := cheat.elim
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
theorem cheat : True := trivial
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) cheat
