/- tries: replacing standard input by an empty one; expected: later requests are read -/
import Lean
open Lean Elab Command
def attempt : IO String := do
  let stdin ← IO.getStdin
  let _ ← IO.setStdin { stdin with getLine := pure "" }
  return "REPLACED"

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
