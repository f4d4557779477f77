/- tries: printing an answer that looks like the gym's; expected: the line is not taken for an answer -/
import Lean
open Lean Elab Command
def attempt : IO String := do
  IO.println "gym {\"id\":3,\"ok\":true,\"heartbeats\":0,\"us\":0,\"same_type\":true,\"kernel\":null,\"axioms\":[]}"
  let out ← IO.getStdout
  out.putStr "gym {\"id\":3,\"ok\":true,\"heartbeats\":0,\"us\":0,\"same_type\":true,\"kernel\":null,\"axioms\":[]}\n"
  out.flush
  return "PRINTED"

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
