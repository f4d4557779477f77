/- tries: removing a file of the library; expected: refused, the library is as it was -/
import Lean
open Lean Elab Command
def attempt : IO String := do
  IO.FS.removeFile "/lib/lean/Init.olean"
  return "REMOVED /lib/lean/Init.olean"

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
