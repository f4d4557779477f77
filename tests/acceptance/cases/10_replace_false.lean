/-
kind: a constant replaced
title: False replaced by a definition that is True
refused by: kernel
-/
--- statement
theorem t : (1 : Nat) = 2
--- bogus file
import Lean
open Lean Elab Command
def addWithoutCheck (env : Kernel.Environment) (d : Declaration) : Kernel.Environment :=
  match env.addDeclWithoutChecking d with
  | .ok env => env
  | .error _ => env
syntax (name := inject) "inject!" : command
@[command_elab inject] def elabInject : CommandElab := fun _ _ s => do
  let st ← s.get
  let env := st.env.toKernelEnv
  let env := addWithoutCheck env (Declaration.defnDecl { name := `False, levelParams := [], type := mkSort .zero, value := mkConst ``True, hints := .abbrev, safety := .safe })
  match (Environment.ofKernelEnv env).addDeclCore 0 (Declaration.thmDecl { name := `t, levelParams := [], type := mkApp3 (mkConst ``Eq [.succ .zero]) (mkConst ``Nat) (mkApp3 (mkConst ``OfNat.ofNat [.zero]) (mkConst ``Nat) (mkRawNatLit 1) (mkApp (mkConst ``instOfNatNat) (mkRawNatLit 1))) (mkApp3 (mkConst ``OfNat.ofNat [.zero]) (mkConst ``Nat) (mkRawNatLit 2) (mkApp (mkConst ``instOfNatNat) (mkRawNatLit 2))), value := mkApp2 (mkConst ``False.elim [.zero]) (mkApp3 (mkConst ``Eq [.succ .zero]) (mkConst ``Nat) (mkApp3 (mkConst ``OfNat.ofNat [.zero]) (mkConst ``Nat) (mkRawNatLit 1) (mkApp (mkConst ``instOfNatNat) (mkRawNatLit 1))) (mkApp3 (mkConst ``OfNat.ofNat [.zero]) (mkConst ``Nat) (mkRawNatLit 2) (mkApp (mkConst ``instOfNatNat) (mkRawNatLit 2)))) (mkConst `True.intro) }) none false with
  | .ok env => s.set { st with env }
  | .error _ => throw (.error .missing (.ofFormat "refused"))
inject!
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest file
namespace Mine
def False : Prop := True
theorem helper : Mine.False := trivial
end Mine
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : Mine.False) => rfl) Mine.helper
