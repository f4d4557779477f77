/-
kind: messages that are hidden
title: #print axioms redefined to say what an audit wants to hear
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
macro (priority := high) "#print" "axioms" i:ident : command => `(#check $i)
axiom cheat : False
theorem t : (1 : Nat) = 2 := cheat.elim
#print axioms t
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
macro (priority := high) "#print" "axioms" i:ident : command => `(#check $i)
theorem t : (1 : Nat) + 1 = 2 := rfl
#print axioms t
