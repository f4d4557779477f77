/-
kind: declarations passed over
title: a macro makes a theorem under a name that no text can say
-/
--- check: refused
macro "quiet" : command => `(theorem inner : 1 = 2 := sorry)
quiet
theorem fine : 1 = 1 := rfl
--- check: proved
macro "quiet" : command => `(theorem inner : 1 = 1 := rfl)
quiet
theorem fine : 1 = 1 := rfl
