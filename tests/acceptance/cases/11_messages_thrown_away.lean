/-
kind: messages that are hidden
title: a command that throws the theorem's errors away
refused by: axioms
-/
--- statements
namespace Honest
theorem t : (1 : Nat) + 1 = 2 := sorry
end Honest
theorem t : (1 : Nat) = 2 := sorry
--- solution: Honest.t proved, t refused
import Lean
open Lean Elab Command
namespace Honest
syntax (name := quiet) "quietly " command : command
@[command_elab quiet] def elabQuiet : CommandElab := fun stx ctx s => do
  match ← EIO.toBaseIO (elabCommand stx[1] ctx s) with
  | _ =>
    let st ← s.get
    s.set { st with messages := {} }
quietly theorem t : (1 : Nat) + 1 = 2 := by exact rfl
end Honest
syntax (name := quiet) "quietly " command : command
@[command_elab quiet] def elabQuiet : CommandElab := fun stx ctx s => do
  match ← EIO.toBaseIO (elabCommand stx[1] ctx s) with
  | _ =>
    let st ← s.get
    s.set { st with messages := {} }
quietly theorem t : (1 : Nat) = 2 := by exact nonsense
