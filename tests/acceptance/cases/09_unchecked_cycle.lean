/-
kind: a declaration that the kernel never saw
title: two theorems inserted without a check, each the other's proof
refused by: kernel
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
import Lean
open Lean Elab Command
syntax (name := inject) "inject!" : command
@[command_elab inject] def elabInject : CommandElab := fun _ _ s => do
  let st ← s.get
  match st.env.addDeclCore 0 (Declaration.thmDecl { name := `chicken, levelParams := [], type := mkConst ``False, value := mkConst `egg }) none false with
  | .error _ => pure ()
  | .ok env =>
    match env.addDeclCore 0 (Declaration.thmDecl { name := `egg, levelParams := [], type := mkConst ``False, value := mkConst `chicken }) none false with
    | .ok env => s.set { st with env }
    | .error _ => pure ()
inject!
theorem t : (1 : Nat) = 2 := chicken.elim
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
import Lean
open Lean Elab Command
syntax (name := inject) "inject!" : command
@[command_elab inject] def elabInject : CommandElab := fun _ _ s => do
  let st ← s.get
  match st.env.addDeclCore 0 (Declaration.thmDecl { name := `chicken, levelParams := [], type := mkConst ``True, value := mkConst ``True.intro }) none false with
  | .error _ => pure ()
  | .ok env =>
    match env.addDeclCore 0 (Declaration.thmDecl { name := `egg, levelParams := [], type := mkConst ``True, value := mkConst `chicken }) none false with
    | .ok env => s.set { st with env }
    | .error _ => pure ()
inject!
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) egg
