/-
kind: sorry by another name
title: a macro that redefines a tactic to end in sorry
refused by: axioms
-/
--- statements
namespace Honest
theorem t : (1 : Nat) + 1 = 2 := sorry
end Honest
theorem t : (1 : Nat) = 2 := sorry
--- solution: Honest.t proved, t refused
namespace Honest
macro_rules | `(tactic| trivial) => `(tactic| exact rfl)
theorem t : (1 : Nat) + 1 = 2 := by trivial
end Honest
macro_rules | `(tactic| trivial) => `(tactic| exact sorryAx _ false)
theorem t : (1 : Nat) = 2 := by trivial
