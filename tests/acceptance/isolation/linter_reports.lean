/- tries: a linter in Lean's global table, which then runs in every later request; expected: the messages of the next request do not say BLED -/
import Lean
open Lean Elab Command
def hook : Linter where
  run := fun _ _ s => do
    let state ← s.get
    let note : Message := { fileName := "", pos := ⟨1, 0⟩, data := .ofFormat "BLED" }
    s.set { state with messages := state.messages.add note }
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
