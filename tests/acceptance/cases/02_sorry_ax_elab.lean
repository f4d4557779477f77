/-
kind: sorry by another name
title: a term elaborator that returns sorryAx
refused by: axioms
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
syntax (name := lie) "lie2!" : term
@[term_elab lie] def elabLie : TermElab := fun _ _ _ _ _ _ _ _ =>
  pure (mkConst ``True.intro)
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) lie2!
end Honest
syntax (name := lie) "lie!" : term
@[term_elab lie] def elabLie : TermElab := fun _ _ _ _ _ _ _ _ =>
  pure (mkApp2 (mkConst ``sorryAx [.zero]) (mkConst ``False) (mkConst ``Bool.true))
theorem t : (1 : Nat) = 2 := False.elim lie!
