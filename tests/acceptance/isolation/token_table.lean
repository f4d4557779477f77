/- tries: the table of built-in tokens emptied; expected: the next request, with another import, parses as before -/
import Lean
open Lean Elab Command
def attempt : IO String := do
  Parser.builtinTokenTable.set {}
  return "INSTALLED"

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
