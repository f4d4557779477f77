/-
kind: messages that are hidden
title: #print axioms redefined to say what an audit wants to hear
refused by: axioms
-/
--- statements
namespace Honest
theorem t : (1 : Nat) + 1 = 2 := sorry
end Honest
theorem t : (1 : Nat) = 2 := sorry
--- solution: Honest.t proved, t refused
namespace Honest
macro (priority := high) "#print" "axioms" i:ident : command => `(#check $i)
theorem t : (1 : Nat) + 1 = 2 := rfl
#print axioms t
end Honest
macro (priority := high) "#print" "axioms" i:ident : command => `(#check $i)
axiom cheat : False
theorem t : (1 : Nat) = 2 := cheat.elim
#print axioms t
