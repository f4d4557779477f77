/- tries: a message of 200 MB; expected: a bounded answer or a kill, not a proof -/
import Lean
open Lean Elab Command
def double : Nat → String → String
  | 0, text => text
  | n + 1, text => double n (text ++ text)
def attempt : IO String := do
  return double 21 "a hundred characters, more or less, which are then doubled over and over until they are a lot of it. "

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
