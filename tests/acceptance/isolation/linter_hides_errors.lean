/- tries: a linter in Lean's global table that throws the errors of later requests away; expected: the next request reports the error of `theorem t : 1 = 2 := nonsense` -/
import Lean
open Lean Elab Command
def hook : Linter where
  run := fun _ _ s => do
    let state ← s.get
    s.set { state with messages := {} }
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
