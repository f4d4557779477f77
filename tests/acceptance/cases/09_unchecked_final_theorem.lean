/-
kind: a declaration that the kernel never saw
title: the theorem itself inserted without a check
refused by: kernel
-/
--- statements
namespace Honest
theorem t : True := sorry
end Honest
theorem t : (1 : Nat) = 2 := sorry
--- solution: Honest.t proved, t refused
import Lean
open Lean Elab Command
namespace Honest
syntax (name := inject) "inject2!" : command
@[command_elab inject] def elabInject : CommandElab := fun _ _ s => do
  let st ← s.get
  match st.env.addDeclCore 0 (Declaration.thmDecl { name := `Honest.t, levelParams := [], type := mkConst ``True, value := mkConst ``True.intro }) none false with
  | .ok env => s.set { st with env }
  | .error _ => pure ()
inject2!
end Honest
syntax (name := inject) "inject!" : command
@[command_elab inject] def elabInject : CommandElab := fun _ _ s => do
  let st ← s.get
  match st.env.addDeclCore 0 (Declaration.thmDecl { name := `t, levelParams := [], type := mkApp3 (mkConst ``Eq [.succ .zero]) (mkConst ``Nat) (mkApp3 (mkConst ``OfNat.ofNat [.zero]) (mkConst ``Nat) (mkRawNatLit 1) (mkApp (mkConst ``instOfNatNat) (mkRawNatLit 1))) (mkApp3 (mkConst ``OfNat.ofNat [.zero]) (mkConst ``Nat) (mkRawNatLit 2) (mkApp (mkConst ``instOfNatNat) (mkRawNatLit 2))), value := mkConst ``True.intro }) none false with
  | .ok env => s.set { st with env }
  | .error _ => pure ()
inject!
