/-
threat: 24
title: a literal that is a negative number inside
refused by: kernel
-/
--- statement
theorem t : False
--- bogus file
import Lean
open Lean Elab Term
unsafe def madeUp : Nat := unsafeCast (-4294967296 : Int)
@[implemented_by madeUp] def number : Nat := 5
syntax (name := lie) "lie!" : term
@[term_elab lie] def elabLie : TermElab := fun _ _ _ _ _ _ _ _ => pure (mkRawNatLit number)
theorem t : False :=
  absurd (Nat.add_eq_zero_iff.mp (by decide +kernel : lie! + 4294967296 = 0)).2 (by decide)
--- honest statement
theorem t : True
--- honest file
import Lean
open Lean Elab Term
unsafe def madeUp : Nat := unsafeCast (4294967296 : Int)
@[implemented_by madeUp] def number : Nat := 5
syntax (name := lie) "lie!" : term
@[term_elab lie] def elabLie : TermElab := fun _ _ _ _ _ _ _ _ => pure (mkRawNatLit number)
theorem t : True :=
  (fun (_ : lie! = 4294967296) => trivial) (by decide +kernel)
