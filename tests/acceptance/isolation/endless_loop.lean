/- tries: elaboration that never ends; expected: a timeout; the next request is answered -/
import Lean
open Lean Elab Command
partial def count (n : Nat) : Nat := if n == 0 then 0 else count (n + 1)
def attempt : IO String := do
  return "ENDED " ++ toString (count 1)

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
