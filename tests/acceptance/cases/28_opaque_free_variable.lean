/-
kind: bugs of the kernel
title: the value of an opaque constant is a variable of the type checker's cache
refused by: kernel
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
/- The kernel checks an opaque constant's type and value with one type checker, whose cache keeps the
type of the variable that it made for a binder in the type. The value is that variable.
https://github.com/leanprover/lean4/issues/14484 -/
def leaked (index : Nat) : Declaration :=
  let seed := mkForall `h .default (mkConst ``True)
    (mkApp3 (mkConst ``Eq [.zero]) (mkConst ``True) (mkBVar 0) (mkBVar 0))
  let type := mkApp (mkLambda `_p .default (mkSort .zero) (mkConst ``True)) seed
  let value := if index = 0 then mkConst ``trivial else mkConst ``True.intro
  .opaqueDecl { name := `hidden2, levelParams := [], type, value, isUnsafe := false, all := [`hidden2] }
syntax (name := inject) "inject2!" : command
@[command_elab inject] def elabInject : CommandElab := fun _ _ s => do
  let st ← s.get
  match st.env.addDeclCore 0 (leaked 0) none with
  | .ok env => s.set { st with env }
  | .error _ =>
    match st.env.addDeclCore 0 (leaked 1) none with
    | .ok env => s.set { st with env }
    | .error _ => throw (.error .missing (.ofFormat "refused"))
inject2!
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) hidden2
end Honest
/- The kernel checks an opaque constant's type and value with one type checker, whose cache keeps the
type of the variable that it made for a binder in the type. The value is that variable.
https://github.com/leanprover/lean4/issues/14484 -/
def leaked (index : Nat) : Declaration :=
  let seed := mkForall `h .default (mkConst ``False)
    (mkApp3 (mkConst ``Eq [.zero]) (mkConst ``False) (mkBVar 0) (mkBVar 0))
  let type := mkApp (mkLambda `_p .default (mkSort .zero) (mkConst ``False)) seed
  let value := mkFVar ⟨.num `_kernel_fresh index⟩
  .opaqueDecl { name := `hidden, levelParams := [], type, value, isUnsafe := false, all := [`hidden] }
syntax (name := inject) "inject!" : command
@[command_elab inject] def elabInject : CommandElab := fun _ _ s => do
  let st ← s.get
  match st.env.addDeclCore 0 (leaked 0) none with
  | .ok env => s.set { st with env }
  | .error _ =>
    match st.env.addDeclCore 0 (leaked 1) none with
    | .ok env => s.set { st with env }
    | .error _ => throw (.error .missing (.ofFormat "refused"))
inject!
theorem t : (1 : Nat) = 2 := False.elim hidden
