/-
kind: declarations passed over
title: a theorem that a macro makes, as Mathlib's `lemma` does
-/
--- check: good proved, bad refused
macro "lemma" n:ident sig:declSig val:declVal : command => `(theorem $n $sig $val)
theorem good : 1 + 1 = 2 := rfl
lemma bad : 1 = 2 := sorry
--- check: proved
macro "lemma" n:ident sig:declSig val:declVal : command => `(theorem $n $sig $val)
theorem good : 1 + 1 = 2 := rfl
lemma fine : 1 + 1 = 2 := rfl
