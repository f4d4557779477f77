/-
kind: names and how they are printed
title: an axiom whose name holds a closing guillemet, which no escape can write
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
import Lean
open Lean Elab Term
syntax (name := lie) "lie!" : term
@[term_elab lie] def elabLie : TermElab := fun _ _ _ _ _ _ _ core => do
  let st ← core.get
  match st.env.addDeclCore 0 (Declaration.axiomDecl { name := .str .anonymous "propext»", levelParams := [], type := mkConst ``False, isUnsafe := false }) none with
  | .ok env => core.set { st with env }
  | .error _ => pure ()
  pure (mkConst (.str .anonymous "propext»"))
theorem t : (1 : Nat) = 2 := False.elim lie!
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
import Lean
open Lean Elab Term
syntax (name := lie) "lie!" : term
@[term_elab lie] def elabLie : TermElab := fun _ _ _ _ _ _ _ core => do
  let st ← core.get
  match st.env.addDeclCore 0 (Declaration.thmDecl { name := .str .anonymous "propext»", levelParams := [], type := mkConst ``True, value := mkConst ``True.intro }) none with
  | .ok env => core.set { st with env }
  | .error _ => pure ()
  pure (mkConst (.str .anonymous "propext»"))
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) lie!
