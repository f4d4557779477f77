/-
kind: sorry by another name
title: a macro that spells sorryAx from pieces
refused by: axioms
-/
--- statements
namespace Honest
theorem t : (1 : Nat) + 1 = 2 := sorry
end Honest
theorem t : (1 : Nat) = 2 := sorry
--- solution: Honest.t proved, t refused
namespace Honest
macro "easy" : term => return Lean.Syntax.mkApp (Lean.mkIdent (.str .anonymous ("i" ++ "d"))) #[← `(rfl)]
theorem t : (1 : Nat) + 1 = 2 := easy
end Honest
macro "easy" : term => return Lean.Syntax.mkApp (Lean.mkIdent (.str .anonymous ("sor" ++ "ryAx"))) #[← `(_), ← `(false)]
theorem t : (1 : Nat) = 2 := easy
