/-
kind: a hidden axiom
title: a proof that adds the axiom it uses
refused by: axioms
-/
--- header
import Lean
--- statement
theorem t : (1 : Nat) = 2
--- bogus script
exact False.elim (by_elab (show Lean.Elab.Term.TermElabM Lean.Expr from fun _ _ _ _ _ core => (do
  let st ← core.get
  match st.env.addDeclCore 0 (Lean.Declaration.axiomDecl { name := `cheat, levelParams := [], type := Lean.mkConst ``False, isUnsafe := false }) none with
  | .ok env => core.set { st with env := env }
  | .error _ => pure ()
  return Lean.mkConst `cheat : EIO Lean.Exception Lean.Expr)))
--- honest statement
theorem t : (1 : Nat) + 1 = 2
--- honest script
exact (fun (_ : True) => rfl) (by exact True.intro)
