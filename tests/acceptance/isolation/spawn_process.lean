/- tries: starting a process; expected: refused -/
import Lean
open Lean Elab Command
def attempt : IO String := do
  let child ← IO.Process.spawn { cmd := "/bin/sh", args := #["-c", "echo started > /tmp/prover-isolation-canary"] }
  let code ← child.wait
  return "STARTED, exit code " ++ toString code

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
