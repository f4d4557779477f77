/- tries: a computation without an end on the pool of threads; expected: the next request is answered in its time -/
import Lean
open Lean Elab Command
partial def count (n : Nat) : Nat := if n == 0 then 0 else count (n + 1)
def attempt : IO String := do
  let _ := Task.spawn fun _ => count 1
  let _ ← IO.asTask (do let n := count 1; IO.println (toString n))
  return "STARTED"

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
