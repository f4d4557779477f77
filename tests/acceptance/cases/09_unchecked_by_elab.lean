/-
kind: a declaration that the kernel never saw
title: a proof that inserts the lemma it uses without a check
refused by: kernel
-/
--- header
import Lean
--- statement
theorem t : (1 : Nat) = 2
--- bogus script
exact False.elim (by_elab (show Lean.Elab.Term.TermElabM Lean.Expr from fun _ _ _ _ _ core => (do
  let st ← core.get
  match st.env.addDeclCore 0 (Lean.Declaration.thmDecl { name := `bad, levelParams := [], type := Lean.mkConst ``False, value := Lean.mkConst ``True.intro }) none false with
  | .ok env => core.set { st with env := env }
  | .error _ => pure ()
  return Lean.mkConst `bad : EIO Lean.Exception Lean.Expr)))
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest script
exact (fun (_ : True) => rfl) (by exact True.intro)
