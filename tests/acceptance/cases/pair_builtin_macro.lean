/-
kind: one request alters the next
title: a built-in macro that makes `≤` of `=` in the environments to come
-/
--- before
import Lean
open Lean Elab Command
def lie : Macro := fun stx => pure (stx.setKind `«term_≤_»)
syntax (name := probe) "probe!" : command
@[command_elab probe] def elabProbe : CommandElab := fun _ _ _ => do
  macroAttribute.addBuiltin `«term_=_» `lie lie
probe!
theorem x : 1 = 1 := by sorry
--- prove: t refused
import Lean
theorem t : (1 : Nat) = 2 := by sorry
--- before
--- check: refused
import Lean
theorem t : (1 : Nat) = 2 := by decide
--- statements
import Lean
theorem t : (1 : Nat) = 2 := sorry
--- solution: refused
import Lean
theorem t : (1 : Nat) = 2 := by decide
--- header
import Lean
--- statement
theorem t : (1 : Nat) = 2
--- before
--- proof: refused
decide
--- claim: refused
decide
--- check: proved
import Lean
theorem t : (1 : Nat) ≤ 2 ∧ (1 : Nat) = 1 := by decide
--- statement
theorem t : (1 : Nat) ≤ 2
--- proof: proved
decide
