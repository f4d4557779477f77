/- tries: printing without an end; expected: a timeout or a kill, not a proof; memory stays bounded -/
import Lean
open Lean Elab Command
partial def shout : IO Unit := do
  IO.FS.writeFile "/dev/stdout" "noise noise noise noise noise noise noise noise noise noise noise noise\n"
  shout
def attempt : IO String := do
  shout
  return "ENDED"

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
