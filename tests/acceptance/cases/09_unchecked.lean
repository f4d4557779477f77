/-
kind: a declaration that the kernel never saw
title: theorems, definitions and opaque constants inserted without a check, whatever their terms are
refused by: kernel
-/
--- statements
theorem by_circular : (1 : Nat) = 2 := sorry
theorem by_chicken : (1 : Nat) = 2 := sorry
theorem by_egg : (1 : Nat) = 2 := sorry
theorem by_definition : (1 : Nat) = 2 := sorry
theorem by_freeVariable : (1 : Nat) = 2 := sorry
theorem by_metavariable : (1 : Nat) = 2 := sorry
theorem by_looseBound : (1 : Nat) = 2 := sorry
theorem by_missing : (1 : Nat) = 2 := sorry
theorem by_illTyped : (1 : Nat) = 2 := sorry
theorem by_hidden : (1 : Nat) = 2 := sorry
--- solution: by_circular refused, by_chicken refused, by_egg refused, by_definition refused, by_freeVariable refused, by_metavariable refused, by_looseBound refused, by_missing refused, by_illTyped refused, by_hidden refused
import Lean
open Lean Elab Command
def addAll (env : Environment) : List Declaration → Environment
  | [] => env
  | d :: ds =>
    match env.addDeclCore 0 d none false with
    | .ok env => addAll env ds
    | .error _ => addAll env ds
syntax (name := inject) "inject!" : command
@[command_elab inject] def elabInject : CommandElab := fun _ _ s => do
  let st ← s.get
  s.set { st with env := addAll st.env [
    .thmDecl { name := `circular, levelParams := [], type := mkConst ``False, value := mkConst `circular },
    .thmDecl { name := `chicken, levelParams := [], type := mkConst ``False, value := mkConst `egg },
    .thmDecl { name := `egg, levelParams := [], type := mkConst ``False, value := mkConst `chicken },
    .defnDecl { name := `definition, levelParams := [], type := mkConst ``False, value := mkConst ``True.intro, hints := .abbrev, safety := .safe },
    .thmDecl { name := `freeVariable, levelParams := [], type := mkConst ``False, value := mkFVar ⟨`gone⟩ },
    .thmDecl { name := `metavariable, levelParams := [], type := mkConst ``False, value := mkMVar ⟨`gone⟩ },
    .thmDecl { name := `looseBound, levelParams := [], type := mkConst ``False, value := mkBVar 0 },
    .thmDecl { name := `missing, levelParams := [], type := mkConst ``False, value := mkConst `nowhere },
    .thmDecl { name := `illTyped, levelParams := [], type := mkConst ``False, value := mkConst ``True.intro },
    .opaqueDecl { name := `hidden, levelParams := [], type := mkConst ``False, value := mkConst ``True.intro, isUnsafe := false, all := [`hidden] }] }
inject!
theorem by_circular : (1 : Nat) = 2 := circular.elim
theorem by_chicken : (1 : Nat) = 2 := chicken.elim
theorem by_egg : (1 : Nat) = 2 := egg.elim
theorem by_definition : (1 : Nat) = 2 := definition.elim
theorem by_freeVariable : (1 : Nat) = 2 := freeVariable.elim
theorem by_metavariable : (1 : Nat) = 2 := metavariable.elim
theorem by_looseBound : (1 : Nat) = 2 := looseBound.elim
theorem by_missing : (1 : Nat) = 2 := missing.elim
theorem by_illTyped : (1 : Nat) = 2 := illTyped.elim
theorem by_hidden : (1 : Nat) = 2 := hidden.elim
--- statements
theorem by_egg : (1 : Nat) + 1 = 2 := sorry
theorem by_chicken : (1 : Nat) + 1 = 2 := sorry
theorem by_definition : (1 : Nat) + 1 = 2 := sorry
theorem by_applied : (1 : Nat) + 1 = 2 := sorry
theorem by_idle : (1 : Nat) + 1 = 2 := sorry
theorem by_hidden : (1 : Nat) + 1 = 2 := sorry
--- solution: proved
import Lean
open Lean Elab Command
def addAll (env : Environment) : List Declaration → Environment
  | [] => env
  | d :: ds =>
    match env.addDeclCore 0 d none false with
    | .ok env => addAll env ds
    | .error _ => addAll env ds
syntax (name := inject) "inject!" : command
@[command_elab inject] def elabInject : CommandElab := fun _ _ s => do
  let st ← s.get
  s.set { st with env := addAll st.env [
    .thmDecl { name := `egg, levelParams := [], type := mkConst ``True, value := mkConst ``True.intro },
    .thmDecl { name := `chicken, levelParams := [], type := mkConst ``True, value := mkConst `egg },
    .defnDecl { name := `definition, levelParams := [], type := mkConst ``True, value := mkConst ``True.intro, hints := .abbrev, safety := .safe },
    .thmDecl { name := `applied, levelParams := [], type := mkConst ``True, value := mkApp (mkLambda `x .default (mkConst ``True) (mkBVar 0)) (mkConst ``trivial) },
    .thmDecl { name := `idle, levelParams := [], type := mkConst ``True, value := mkApp2 (mkConst ``id [.zero]) (mkConst ``True) (mkConst ``True.intro) },
    .opaqueDecl { name := `hidden, levelParams := [], type := mkConst ``True, value := mkConst ``True.intro, isUnsafe := false, all := [`hidden] }] }
inject!
theorem by_egg : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) egg
theorem by_chicken : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) chicken
theorem by_definition : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) definition
theorem by_applied : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) applied
theorem by_idle : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) idle
theorem by_hidden : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) hidden
