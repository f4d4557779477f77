/- tries: the function that infers types replaced in Lean's global table; expected: the next request infers types as before -/
import Lean
open Lean Elab Command
def attempt : IO String := do
  Meta.inferTypeRef.set fun _ _ _ _ _ => pure (mkConst ``False)
  return "INSTALLED"

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
