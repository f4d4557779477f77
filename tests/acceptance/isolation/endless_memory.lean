/- tries: taking memory without an end; expected: out of memory or a kill, not a proof; the next request is answered -/
import Lean
open Lean Elab Command
partial def grow (all : List ByteArray) (n : Nat) : IO Nat := do
  let block := ByteArray.mk (Array.replicate 10000000 (UInt8.ofNat n))
  if n == 0 then return all.length else grow (block :: all) (n + 1)
def attempt : IO String := do
  return "TOOK " ++ toString (← grow [] 1)

syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  match ← EIO.toBaseIO attempt with
  | .ok said => throw (.error .missing (.ofFormat said))
  | .error e => throw (.error .missing (.ofFormat ("FAILED: " ++ toString e)))
probe!
