/-
kind: imports
title: a lemma of a module that the file does not import
refused by: elaboration
-/
--- header
import Lean
--- statement
theorem t : True
--- bogus file
theorem t : True := (fun (_ : Lean.Expr) => trivial) (Lean.mkBVar 0)
--- honest file
import Lean
theorem t : True := (fun (_ : Lean.Expr) => trivial) (Lean.mkBVar 0)
