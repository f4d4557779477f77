/- tries: a task of its own thread that outlives the request; expected: nothing of it is left when the next request is answered -/
import Lean
open Lean Elab Command
partial def spin (n : Nat) : BaseIO Unit := do
  let _ ← EIO.toBaseIO (IO.FS.writeFile "/tmp/prover-isolation-canary" (toString n))
  IO.sleep 100
  spin (n + 1)
def attempt : IO String := do
  let _ ← IO.asTask (prio := .dedicated) (spin 0)
  return "STARTED"

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
