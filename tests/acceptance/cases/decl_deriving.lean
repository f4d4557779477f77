/-
kind: declarations passed over
title: what `deriving` makes beside a theorem that is left open
-/
--- check: t refused
inductive Color where
  | red | green
deriving DecidableEq, Repr
theorem t : Color.red = Color.green := by sorry
--- check: proved
inductive Color where
  | red | green
deriving DecidableEq, Repr, Inhabited
theorem t : Color.red ≠ Color.green := by decide
