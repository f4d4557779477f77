/-
kind: unsafe code
title: an unsafe definition in place of the theorem
refused by: kernel
-/
--- statements
namespace Honest
theorem t : (1 : Nat) + 1 = 2 := sorry
end Honest
theorem t : (1 : Nat) = 2 := sorry
--- solution: Honest.t proved, t refused
namespace Honest
unsafe def u : (1 : Nat) = 2 := u
theorem t : (1 : Nat) + 1 = 2 := rfl
end Honest
unsafe def t : (1 : Nat) = 2 := t
