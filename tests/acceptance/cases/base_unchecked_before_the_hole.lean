/-
kind: text before a hole that the kernel never saw
title: a theorem that an elaborator added unchecked before the hole
-/
--- tactics
exact helper.elim
--- prove: error
import Lean
open Lean Elab Term
syntax (name := lie) "lie!" : term
@[term_elab lie] def elabLie : TermElab := fun _ _ _ _ _ _ ctx core => do
  addDecl (.thmDecl { name := `helper, levelParams := [], type := mkConst ``False, value := mkConst ``True.intro }) false
    { ctx with options := ctx.options.insert (.str (.str .anonymous "debug") ("skip" ++ "KernelTC")) (.ofBool true) } core
  pure (mkConst ``True.intro)
theorem first : True := lie!
theorem t : (1 : Nat) = 2 := by sorry
--- tactics
exact (fun (_ : True) => rfl) helper
--- prove: t proved
import Lean
open Lean Elab Term
syntax (name := lie) "lie!" : term
@[term_elab lie] def elabLie : TermElab := fun _ _ _ _ _ _ ctx core => do
  addDecl (.thmDecl { name := `helper, levelParams := [], type := mkConst ``True, value := mkConst ``True.intro }) false ctx core
  pure (mkConst ``True.intro)
theorem first : True := lie!
theorem t : (1 : Nat) + 1 = 2 := by sorry
