/-
kind: a declaration that the kernel never saw
title: a theorem inserted without a check whose proof is a constant that is nowhere
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
  match st.env.addDeclCore 0 (Declaration.thmDecl { name := `bad, levelParams := [], type := mkConst ``False, value := mkConst `nowhere }) none false with
  | .ok env => s.set { st with env }
  | .error _ => pure ()
inject!
theorem t : (1 : Nat) = 2 := bad.elim
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
import Lean
open Lean Elab Command
syntax (name := inject) "inject!" : command
@[command_elab inject] def elabInject : CommandElab := fun _ _ s => do
  let st ← s.get
  match st.env.addDeclCore 0 (Declaration.thmDecl { name := `good, levelParams := [], type := mkConst ``True, value := mkConst ``trivial }) none false with
  | .ok env => s.set { st with env }
  | .error _ => pure ()
inject!
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) good
