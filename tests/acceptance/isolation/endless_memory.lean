/- tries: taking memory without an end; expected: out of memory or a kill, not a proof; the next request is answered -/
import Lean
open Lean Elab Command
partial def grow (text : String) : IO Unit := do
  if text == "" then return () else grow (text ++ text)
def attempt : IO String := do
  grow "a hundred characters"
  return "ENDED"

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
