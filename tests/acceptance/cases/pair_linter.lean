/-
kind: one request alters the next
title: a linter in Lean's global table that makes another statement of what comes after it
-/
--- before
import Lean
open Lean Elab Command
def hook : Linter where
  run := fun _ _ s => do
    let state ← s.get
    match state.env.addDeclCore 0 (.axiomDecl { name := `bled, levelParams := [], type := mkConst ``False, isUnsafe := false }) none with
    | .ok env => s.set { state with env, messages := {} }
    | .error _ => s.set { state with messages := {} }
  name := `hook
syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  lintersRef.modify fun all => all.push hook
probe!
theorem x : 1 = 1 := by sorry
--- tactics
exact bled.elim
%%
decide
%%
rfl
--- prove: t refused
theorem t : (1 : Nat) = 2 := by sorry
--- check: refused
theorem t : (1 : Nat) = 2 := nonsense
--- before
--- check: refused
theorem first : 1 = 1 := rfl
theorem t : (1 : Nat) = 2 := bled.elim
--- statement
theorem t : (1 : Nat) = 2
--- before
--- proof: refused
exact bled.elim
--- claim: refused
decide
--- check: proved
theorem t : (1 : Nat) = 1 := rfl
--- statement
theorem t : (1 : Nat) = 1
--- proof: proved
rfl
