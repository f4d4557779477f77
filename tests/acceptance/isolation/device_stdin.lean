/- tries: reading the requests that stand in standard input; expected: refused, or no request is lost -/
import Lean
open Lean Elab Command
def attempt : IO String := do
  let h ← IO.FS.Handle.mk "/dev/stdin" .read
  let line ← h.getLine
  return "READ " ++ line

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
