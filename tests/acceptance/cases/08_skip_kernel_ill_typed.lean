/-
kind: the kernel switched off
title: an elaborator returns an ill-typed term with the kernel switched off
refused by: kernel
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
import Lean
open Lean Elab Term
syntax (name := lie) "lie!" : term
@[term_elab lie] def elabLie : TermElab := fun _ _ _ _ _ _ _ _ =>
  pure (mkApp2 (mkConst ``id [.zero]) (mkConst ``False) (mkConst ``True.intro))
set_option debug.skipKernelTC true in
theorem t : (1 : Nat) = 2 := False.elim lie!
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
import Lean
open Lean Elab Term
syntax (name := lie) "lie!" : term
@[term_elab lie] def elabLie : TermElab := fun _ _ _ _ _ _ _ _ =>
  pure (mkApp2 (mkConst ``id [.zero]) (mkConst ``True) (mkConst ``True.intro))
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) lie!
