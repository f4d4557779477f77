/-
kind: unsafe code
title: a theorem that uses an unsafe definition
refused by: elaboration
-/
--- statements
namespace Honest
theorem t : (1 : Nat) + 1 = 2 := sorry
end Honest
theorem t : (1 : Nat) = 2 := sorry
--- solution: Honest.t proved, t refused
namespace Honest
unsafe def u (n : Nat) : Nat := u n
theorem t : (1 : Nat) + 1 = 2 := rfl
end Honest
unsafe def u : False := u
theorem t : (1 : Nat) = 2 := u.elim
