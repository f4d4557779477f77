/-
kind: notation that changes the statement
title: a term elaborator for = that returns True
refused by: statement
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
import Lean
open Lean Elab Term
@[term_elab Lean.Parser.Term.binrel] def elabEq : TermElab := fun _ _ _ _ _ _ _ _ => pure (mkConst ``True)
theorem t : (1 : Nat) = 2 := trivial
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
import Lean
open Lean Elab Term
syntax (name := truth) "truth!" : term
@[term_elab truth] def elabTruth : TermElab := fun _ _ _ _ _ _ _ _ => pure (mkConst ``True)
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : truth!) => rfl) trivial
