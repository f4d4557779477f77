/-
kind: one request alters the next
title: code that the kernel or a tactic runs reaches the process with a world token made by a cast
-/
--- before
import Lean
open Lean Elab Command
def hook : Linter where
  run := fun _ _ s => do
    let state ← s.get
    match state.env.addDeclCore 0 (.axiomDecl { name := `bled, levelParams := [], type := mkConst ``False, isUnsafe := false }) none with
    | .ok env => s.set { state with env, messages := {} }
    | .error _ => s.set { state with messages := {} }
  name := `hook
def act : BaseIO Bool := lintersRef.modifyGet fun all => (true, all.push hook)
theorem same : Unit = Void IO.RealWorld := sorry
def bad : Bool := match act (cast same ()) with
  | .mk b _ => b
theorem u : Lean.reduceBool bad = true := rfl
theorem x : 1 = 1 := by sorry
--- tactics
exact bled.elim
--- prove: t refused
theorem first : (1 : Nat) = 1 := rfl
theorem t : (1 : Nat) = 2 := by sorry
--- before
import Lean
open Lean Elab Command
def hook : Linter where
  run := fun _ _ s => do
    let state ← s.get
    s.set { state with messages := {} }
  name := `hook
def act : BaseIO Bool := lintersRef.modifyGet fun all => (true, all.push hook)
axiom same : Unit = Void IO.RealWorld
def cfg : Meta.Simp.Config := match act (cast same ()) with
  | .mk b _ => { arith := b }
theorem u : 1 + 1 = 2 := by simp (config := cfg)
theorem x : 1 = 1 := by sorry
--- prove: t refused, u refused
theorem t : (1 : Nat) = 2 := by simp; sorry
theorem u : (1 : Nat) = Nope.nonsense := by sorry
--- prove: error
theorem u : (1 : Nat) = Nope.nonsense := by sorry
--- tactics
rfl
--- prove: proved
theorem t : (1 : Nat) = 1 := by sorry
