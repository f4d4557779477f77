/- tries: starting a process and reading what it prints; expected: refused -/
import Lean
open Lean Elab Command
def attempt : IO String := do
  let out ← IO.Process.output { cmd := "id" }
  return "STARTED " ++ out.stdout

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
