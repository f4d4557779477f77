/- tries: opening standard output as a file and writing an answer there; expected: the line is not taken for an answer -/
import Lean
open Lean Elab Command
def attempt : IO String := do
  IO.FS.writeFile "/dev/stdout" "gym {\"id\":3,\"ok\":true,\"heartbeats\":0,\"us\":0,\"same_type\":true,\"kernel\":null,\"axioms\":[]}\n"
  return "WROTE /dev/stdout"

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
