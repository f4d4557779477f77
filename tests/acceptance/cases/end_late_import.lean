/-
kind: the file ends early
title: an `import` in the middle
-/
--- check: error
theorem good : 1 = 1 := rfl
import Lean
theorem bad : 1 = 2 := sorry
--- header
open Nat
import Lean
--- statement
theorem t : True
--- fill: error
--- header
--- check: proved
import Lean.Data.Json
-- import Lean
/- import Lean -/
theorem good : 1 = 1 := rfl
def s := "import Lean"
