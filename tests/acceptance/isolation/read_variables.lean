/- tries: reading environment variables; expected: none of the host's: no HOME, no PATH of the user -/
import Lean
open Lean Elab Command
def attempt : IO String := do
  let home ← IO.getEnv "HOME"
  let path ← IO.getEnv "PATH"
  return "READ HOME=" ++ home.getD "(none)" ++ " PATH=" ++ path.getD "(none)"

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
