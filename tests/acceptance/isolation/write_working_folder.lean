/- tries: writing to the working folder; expected: no such file on the host -/
import Lean
open Lean Elab Command
def attempt : IO String := do
  IO.FS.writeFile "prover-isolation-canary" "written by a proof"
  return "WROTE prover-isolation-canary"

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
