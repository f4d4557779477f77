/-
threat: 9
title: an inductive type that is not positive, inserted without a check (the kernel checks it all the same)
refused by: elaboration
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
import Lean
open Lean Elab Command
syntax (name := inject) "inject!" : command
@[command_elab inject] def elabInject : CommandElab := fun _ _ s => do
  let st ← s.get
  match st.env.addDeclCore 0 (Declaration.inductDecl [] 0 [{ name := `Bad, type := mkSort (.succ .zero), ctors := [{ name := `Bad.mk, type := mkForall `f .default (mkForall `x .default (mkConst `Bad) (mkConst ``False)) (mkConst `Bad) }] }] false) none false with
  | .ok env => s.set { st with env }
  | .error _ => throw (.error .missing (.ofFormat "refused"))
inject!
theorem t : (1 : Nat) = 2 :=
  have app : Bad → Bad → False := fun b => Bad.rec (motive := fun _ => Bad → False) (fun f => f) b
  (app (.mk fun b => app b b) (.mk fun b => app b b)).elim
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
import Lean
open Lean Elab Command
syntax (name := inject) "inject!" : command
@[command_elab inject] def elabInject : CommandElab := fun _ _ s => do
  let st ← s.get
  match st.env.addDeclCore 0 (Declaration.inductDecl [] 0 [{ name := `Good, type := mkSort (.succ .zero), ctors := [{ name := `Good.mk, type := mkForall `f .default (mkForall `x .default (mkConst ``Nat) (mkConst ``False)) (mkConst `Good) }] }] false) none false with
  | .ok env => s.set { st with env }
  | .error _ => pure ()
inject!
theorem t : (1 : Nat) + 1 = 2 := rfl
