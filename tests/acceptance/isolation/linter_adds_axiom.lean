/- tries: a linter in Lean's global table that adds an axiom to later requests; expected: the next request does not know the constant `bled` -/
import Lean
open Lean Elab Command
def hook : Linter where
  run := fun _ _ s => do
    let state ← s.get
    match state.env.addDeclCore 0 (.axiomDecl { name := `bled, levelParams := [], type := mkConst ``False, isUnsafe := false }) none with
    | .ok env => s.set { state with env }
    | .error _ => pure ()
  name := `hook
def attempt : IO String := do
  lintersRef.modify fun all => all.push hook
  return "INSTALLED"

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
