/-
kind: a hidden axiom
title: an axiom added by a metaprogram, hidden behind an opaque constant
refused by: axioms
-/
--- statements
namespace Honest
theorem t : (1 : Nat) + 1 = 2 := sorry
end Honest
theorem t : (1 : Nat) = 2 := sorry
--- solution: Honest.t proved, t refused
import Lean
open Lean Elab Command
namespace Honest
syntax (name := inject) "inject2!" : command
@[command_elab inject] def elabInject : CommandElab := fun _ _ s => do
  let st ← s.get
  match st.env.addDeclCore 0 (Declaration.opaqueDecl { name := `hidden2, levelParams := [], type := mkConst ``True, value := mkConst ``True.intro, isUnsafe := false, all := [`hidden2] }) none with
  | .ok env => s.set { st with env }
  | .error _ => pure ()
inject2!
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) hidden2
end Honest
syntax (name := inject) "inject!" : command
@[command_elab inject] def elabInject : CommandElab := fun _ _ s => do
  let st ← s.get
  match st.env.addDeclCore 0 (Declaration.axiomDecl { name := `cheat, levelParams := [], type := mkConst ``False, isUnsafe := false }) none with
  | .error _ => pure ()
  | .ok env =>
    match env.addDeclCore 0 (Declaration.opaqueDecl { name := `hidden, levelParams := [], type := mkConst ``False, value := mkConst `cheat, isUnsafe := false, all := [`hidden] }) none with
    | .ok env => s.set { st with env }
    | .error _ => pure ()
inject!
theorem t : (1 : Nat) = 2 := hidden.elim
