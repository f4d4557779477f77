/- tries: replacing the code of the gym; expected: refused, the gym is as it was -/
import Lean
open Lean Elab Command
def attempt : IO String := do
  IO.FS.writeFile "/gym/Gym.ir" "written by a proof"
  return "WROTE /gym/Gym.ir"

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
