/- tries: reading the command line, with the word that answers start with; expected: refused -/
import Lean
open Lean Elab Command
def attempt : IO String := do
  let text ← IO.FS.readFile "/proc/self/cmdline"
  return "READ " ++ text

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
