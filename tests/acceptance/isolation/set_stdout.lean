/- tries: replacing standard output by a stream that changes answers; expected: answers come unchanged -/
import Lean
open Lean Elab Command
def attempt : IO String := do
  let out ← IO.getStdout
  let _ ← IO.setStdout { out with putStr := fun _ => out.putStr "gym {\"id\":1,\"ok\":true}\n" }
  return "REPLACED"

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
