/-
kind: the kernel switched off
title: an elaborator sets the option under a name built from pieces
refused by: kernel
-/
--- statements
namespace Honest
theorem t : (1 : Nat) + 1 = 2 := sorry
end Honest
theorem t : (1 : Nat) = 2 := sorry
--- solution: Honest.t proved, t refused
import Lean
open Lean Elab Term
namespace Honest
syntax (name := lie) "lie2!" : term
@[term_elab lie] def elabLie : TermElab := fun _ _ _ _ _ _ ctx core => do
  addDecl (.thmDecl { name := `helper2, levelParams := [], type := mkConst ``True, value := mkConst ``True.intro }) false
    { ctx with options := ctx.options.insert (.str .anonymous "max" ++ .str .anonymous "RecDepth") (.ofNat 1000) } core
  pure (mkConst `helper2)
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) lie2!
end Honest
syntax (name := lie) "lie!" : term
@[term_elab lie] def elabLie : TermElab := fun _ _ _ _ _ _ ctx core => do
  addDecl (.thmDecl { name := `helper, levelParams := [], type := mkConst ``False, value := mkConst ``True.intro }) false
    { ctx with options := ctx.options.insert (.str (.str .anonymous "debug") ("skip" ++ "KernelTC")) (.ofBool true) } core
  pure (mkConst `helper)
theorem t : (1 : Nat) = 2 := False.elim lie!
