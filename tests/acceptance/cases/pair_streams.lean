/-
kind: one request alters the next
title: standard output and the tables of tokens and attributes, changed for good
-/
--- before
import Lean
open Lean Elab Command
def silent : IO.FS.Stream where
  flush := pure ()
  read := fun _ => pure ByteArray.empty
  write := fun _ => pure ()
  getLine := pure ""
  putStr := fun _ => pure ()
  isTty := pure false
syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  let _ ← IO.setStdout silent
  let _ ← IO.setStdin silent
  Parser.builtinTokenTable.set {}
  attributeMapRef.set {}
probe!
theorem x : 1 = 1 := by sorry
--- check: refused
import Lean
theorem t : (1 : Nat) = 2 := by decide
--- check: proved
import Lean
@[simp] theorem t : (1 : Nat) = 1 := by decide
--- before
--- prove: t refused
@[simp] theorem t : (1 : Nat) = 2 := by sorry
--- prove: t proved
@[simp] theorem t : (1 : Nat) = 1 := by sorry
