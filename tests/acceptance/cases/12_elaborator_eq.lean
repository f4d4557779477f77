/-
kind: notation that changes the statement
title: a term elaborator for = that returns True
refused by: statement
-/
--- statements
namespace Honest
theorem t : (1 : Nat) + 1 = 2 := sorry
end Honest
theorem t : (1 : Nat) = 2 := sorry
--- solution: Honest.t proved, t refused
import Lean
open Lean Elab Term
namespace Honest
syntax (name := truth) "truth2!" : term
@[term_elab truth] def elabTruth : TermElab := fun _ _ _ _ _ _ _ _ => pure (mkConst ``True)
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : truth2!) => rfl) trivial
end Honest
@[term_elab Lean.Parser.Term.binrel] def elabEq : TermElab := fun _ _ _ _ _ _ _ _ => pure (mkConst ``True)
theorem t : (1 : Nat) = 2 := trivial
