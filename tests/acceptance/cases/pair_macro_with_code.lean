/-
kind: one request alters the next
title: a macro, a parser and an option whose code runs while they are declared
-/
--- before
import Lean
open Lean Elab Command
macro "m!" x:term : term => do
  if x.raw.isAtom then Macro.throwUnsupported else `($x)
register_option my.option : Bool := { defValue := true }
initialize counter : IO.Ref Nat ← IO.mkRef 3
elab "e!" : command => do
  lintersRef.set #[]
run_cmd liftIO (IO.println "hello")
simproc zero_is_one (0) := fun _ => return .done { expr := mkNatLit 1 }
theorem x : m! 1 = 1 := by sorry
--- check: refused
theorem t : (0 : Nat) = 1 := by simp
--- before
--- prove: t refused
theorem t : (0 : Nat) = 1 := by sorry
--- check: proved
theorem t : (0 : Nat) = 0 := by simp
