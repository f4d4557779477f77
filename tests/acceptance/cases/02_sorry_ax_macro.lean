/-
kind: sorry by another name
title: a macro that spells sorryAx from pieces
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
macro "easy" : term => return Lean.Syntax.mkApp (Lean.mkIdent (.str .anonymous ("sor" ++ "ryAx"))) #[← `(_), ← `(false)]
theorem t : (1 : Nat) = 2 := easy
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
macro "easy" : term => return Lean.Syntax.mkApp (Lean.mkIdent (.str .anonymous ("i" ++ "d"))) #[← `(rfl)]
theorem t : (1 : Nat) + 1 = 2 := easy
