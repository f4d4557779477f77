/-
kind: the kernel switched off
title: an elaborator returns an ill-typed term
refused by: elaboration
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
  pure (mkApp2 (mkConst ``id [.zero]) (mkConst ``True) (mkConst ``True.intro))
theorem t : (1 : Nat) + 1 = 2 := (fun (_ : True) => rfl) lie2!
end Honest
syntax (name := lie) "lie!" : term
@[term_elab lie] def elabLie : TermElab := fun _ _ _ _ _ _ _ _ =>
  pure (mkApp2 (mkConst ``id [.zero]) (mkConst ``False) (mkConst ``True.intro))
theorem t : (1 : Nat) = 2 := False.elim lie!
