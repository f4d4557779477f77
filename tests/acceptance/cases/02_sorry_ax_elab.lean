/-
kind: sorry by another name
title: a term elaborator that returns sorryAx
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
import Lean
open Lean Elab Term
syntax (name := lie) "lie!" : term
@[term_elab lie] def elabLie : TermElab := fun _ _ _ _ _ _ _ _ =>
  pure (mkApp2 (mkConst ``sorryAx [.zero]) (mkConst ``False) (mkConst ``Bool.true))
theorem t : (1 : Nat) = 2 := False.elim lie!
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
import Lean
open Lean Elab Term
syntax (name := lie) "lie!" : term
@[term_elab lie] def elabLie : TermElab := fun _ _ _ _ _ _ _ _ =>
  pure (mkConst ``True.intro)
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) lie!
