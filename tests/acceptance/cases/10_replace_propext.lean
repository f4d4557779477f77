/-
threat: 10
title: propext replaced by an axiom of another statement
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
  match Lean.Kernel.Environment.addDeclWithoutChecking st.env.toKernelEnv (Declaration.axiomDecl { name := `propext, levelParams := [], type := mkConst ``False, isUnsafe := false }) with
  | .ok env => s.set { st with env := .ofKernelEnv env }
  | .error _ => pure ()
inject!
theorem t : (1 : Nat) = 2 := False.elim propext
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
theorem helper : (True ∧ True) = True := propext ⟨fun _ => trivial, fun _ => ⟨trivial, trivial⟩⟩
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : (True ∧ True) = True) => rfl) helper
