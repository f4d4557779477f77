/-
threat: 5
title: a command elaborator adds an axiom
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
import Lean
open Lean Elab Command
syntax (name := inject) "inject!" : command
@[command_elab inject] def elabInject : CommandElab := fun _ _ s => do
  let st ← s.get
  match st.env.addDeclCore 0 (Declaration.axiomDecl { name := `cheat, levelParams := [], type := mkConst ``False, isUnsafe := false }) none with
  | .ok env => s.set { st with env }
  | .error _ => pure ()
inject!
theorem t : (1 : Nat) = 2 := cheat.elim
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
import Lean
open Lean Elab Command
syntax (name := inject) "inject!" : command
@[command_elab inject] def elabInject : CommandElab := fun _ _ s => do
  let st ← s.get
  match st.env.addDeclCore 0 (Declaration.thmDecl { name := `truth, levelParams := [], type := mkConst ``True, value := mkConst ``True.intro }) none with
  | .ok env => s.set { st with env }
  | .error _ => pure ()
inject!
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) truth
