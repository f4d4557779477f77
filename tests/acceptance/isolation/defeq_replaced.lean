/- tries: the function that compares terms replaced by one that always says yes; expected: the next request refuses `theorem t : 1 = 2 := rfl` -/
import Lean
open Lean Elab Command
def attempt : IO String := do
  Meta.isExprDefEqAuxRef.set fun _ _ _ _ _ _ => pure true
  return "INSTALLED"

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
