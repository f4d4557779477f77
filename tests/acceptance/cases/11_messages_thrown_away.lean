/-
kind: messages that are hidden
title: a command that throws the theorem's errors away
refused by: axioms
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
import Lean
open Lean Elab Command
syntax (name := quiet) "quietly " command : command
@[command_elab quiet] def elabQuiet : CommandElab := fun stx ctx s => do
  match ← EIO.toBaseIO (elabCommand stx[1] ctx s) with
  | _ =>
    let st ← s.get
    s.set { st with messages := {} }
quietly theorem t : (1 : Nat) = 2 := by exact nonsense
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
import Lean
open Lean Elab Command
syntax (name := quiet) "quietly " command : command
@[command_elab quiet] def elabQuiet : CommandElab := fun stx ctx s => do
  match ← EIO.toBaseIO (elabCommand stx[1] ctx s) with
  | _ =>
    let st ← s.get
    s.set { st with messages := {} }
quietly theorem t : (1 : Nat) + 1 = 2 := by exact rfl
