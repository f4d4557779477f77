/-
kind: declarations passed over
title: one command makes two theorems
-/
--- check: b refused, last proved
macro "both " a:ident b:ident : command =>
  `(theorem $a : 1 = 1 := rfl
    theorem $b : 1 = 2 := sorry)
both a b
theorem last : 1 = 1 := rfl
--- check: a refused, b proved
macro "both " a:ident b:ident : command =>
  `(theorem $a : 1 = 2 := sorry
    theorem $b : 1 = 1 := rfl)
both a b
--- check: a proved, b proved
macro "both " a:ident b:ident : command =>
  `(theorem $a : 1 = 1 := rfl
    theorem $b : 2 = 2 := rfl)
both a b
