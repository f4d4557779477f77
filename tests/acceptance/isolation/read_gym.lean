/- tries: reading the code of the gym; expected: may succeed: it holds no secret -/
import Lean
open Lean Elab Command
def attempt : IO String := do
  let bytes ← IO.FS.readBinFile "/gym/Gym.ir"
  return "READ " ++ toString bytes.size ++ " bytes"

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
