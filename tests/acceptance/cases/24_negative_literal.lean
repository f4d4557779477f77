/-
kind: another statement
title: a literal that is a negative number inside
refused by: kernel
-/
--- statements
namespace Honest
theorem t : True := sorry
end Honest
theorem t : False := sorry
--- solution: Honest.t proved, t refused
import Lean
open Lean Elab Term
namespace Honest
unsafe def madeUp : Nat := unsafeCast (1000000000000000000000000000000 : Int)
@[implemented_by madeUp] def number : Nat := 5
syntax (name := lie) "lie2!" : term
@[term_elab lie] def elabLie : TermElab := fun _ _ _ _ _ _ _ _ => pure (mkRawNatLit number)
theorem t : True :=
  (fun (_ : lie2! = 10 ^ 30) => trivial)
    (Nat.mul_self_inj.mp (by decide +kernel : lie2! * lie2! = 10 ^ 30 * 10 ^ 30))
end Honest
unsafe def madeUp : Nat := unsafeCast (-1000000000000000000000000000000 : Int)
@[implemented_by madeUp] def number : Nat := 5
syntax (name := lie) "lie!" : term
@[term_elab lie] def elabLie : TermElab := fun _ _ _ _ _ _ _ _ => pure (mkRawNatLit number)
theorem t : False :=
  absurd (Nat.mul_self_inj.mp (by decide +kernel : lie! * lie! = 10 ^ 30 * 10 ^ 30)) (by decide +kernel)
