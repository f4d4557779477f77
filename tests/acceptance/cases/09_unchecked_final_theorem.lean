/-
kind: a declaration that the kernel never saw
title: the theorem itself inserted without a check
refused by: kernel
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
import Lean
open Lean Elab Command
syntax (name := inject) "inject!" : command
@[command_elab inject] def elabInject : CommandElab := fun _ _ s => do
  let st ← s.get
  match st.env.addDeclCore 0 (Declaration.thmDecl { name := `t, levelParams := [], type := mkApp3 (mkConst ``Eq [.succ .zero]) (mkConst ``Nat) (mkApp3 (mkConst ``OfNat.ofNat [.zero]) (mkConst ``Nat) (mkRawNatLit 1) (mkApp (mkConst ``instOfNatNat) (mkRawNatLit 1))) (mkApp3 (mkConst ``OfNat.ofNat [.zero]) (mkConst ``Nat) (mkRawNatLit 2) (mkApp (mkConst ``instOfNatNat) (mkRawNatLit 2))), value := mkConst ``True.intro }) none false with
  | .ok env => s.set { st with env }
  | .error _ => pure ()
inject!
--- honest statement
theorem t : True
--- honest file
import Lean
open Lean Elab Command
syntax (name := inject) "inject!" : command
@[command_elab inject] def elabInject : CommandElab := fun _ _ s => do
  let st ← s.get
  match st.env.addDeclCore 0 (Declaration.thmDecl { name := `t, levelParams := [], type := mkConst ``True, value := mkConst ``True.intro }) none false with
  | .ok env => s.set { st with env }
  | .error _ => pure ()
inject!
