/-
kind: a declaration that the kernel never saw
title: Kernel.Environment.addDeclWithoutChecking, for a lemma that only the kernel then knows
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
  let env := addWithoutCheck env (Declaration.thmDecl { name := `bad, levelParams := [], type := mkConst ``False, value := mkConst ``True.intro })
  match (Environment.ofKernelEnv env).addDeclCore 0 (Declaration.thmDecl { name := `t, levelParams := [], type := mkApp3 (mkConst ``Eq [.succ .zero]) (mkConst ``Nat) (mkApp3 (mkConst ``OfNat.ofNat [.zero]) (mkConst ``Nat) (mkRawNatLit 1) (mkApp (mkConst ``instOfNatNat) (mkRawNatLit 1))) (mkApp3 (mkConst ``OfNat.ofNat [.zero]) (mkConst ``Nat) (mkRawNatLit 2) (mkApp (mkConst ``instOfNatNat) (mkRawNatLit 2))), value := mkApp2 (mkConst ``False.elim [.zero]) (mkApp3 (mkConst ``Eq [.succ .zero]) (mkConst ``Nat) (mkApp3 (mkConst ``OfNat.ofNat [.zero]) (mkConst ``Nat) (mkRawNatLit 1) (mkApp (mkConst ``instOfNatNat) (mkRawNatLit 1))) (mkApp3 (mkConst ``OfNat.ofNat [.zero]) (mkConst ``Nat) (mkRawNatLit 2) (mkApp (mkConst ``instOfNatNat) (mkRawNatLit 2)))) (mkConst `bad) }) none with
  | .ok env => s.set { st with env }
  | .error _ => throw (.error .missing (.ofFormat "refused"))
inject!
--- honest statement
theorem t : True
--- honest file
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

  match (Environment.ofKernelEnv env).addDeclCore 0 (Declaration.thmDecl { name := `t, levelParams := [], type := mkConst ``True, value := mkConst ``True.intro }) none with
  | .ok env => s.set { st with env }
  | .error _ => throw (.error .missing (.ofFormat "refused"))
inject!
