/-
threat: 10
title: a theorem of the library replaced by another statement
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
  match Lean.Kernel.Environment.addDeclWithoutChecking st.env.toKernelEnv (Declaration.thmDecl { name := `Nat.zero_le, levelParams := [], type := mkConst ``False, value := mkConst ``True.intro }) with
  | .ok env => s.set { st with env := .ofKernelEnv env }
  | .error _ => pure ()
inject!
theorem t : (1 : Nat) = 2 := False.elim Nat.zero_le
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
theorem Nat.zero_le' (n : Nat) : 0 ≤ n := Nat.zero_le n
theorem t : (1 : Nat) + 1 = 2 := by
  have _ := Nat.zero_le' 0
  rfl
