/- tries: ending the process with exit code 0; expected: a crash, not a proof; the next request is answered -/
import Lean
open Lean Elab Command
def attempt : IO String := do
  let _ ← (IO.Process.exit 0 : IO Unit)
  return "STILL THERE"

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
