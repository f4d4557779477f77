/-
kind: the wrong theorem is judged
title: a statement that comes with a proof
-/
--- statement
theorem t : (1 : Nat) = 2 := by
  decide
--- claim: refused
rfl
--- claim: refused
sorry
--- statement
theorem t : (1 : Nat) = 1 := by
  decide
--- claim: proved
rfl
--- fill: proved
