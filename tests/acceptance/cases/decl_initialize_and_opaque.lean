/-
kind: declarations passed over
title: constants that are neither theorems nor definitions
-/
--- check: c proved, u refused
opaque c : Nat
axiom a : c = 0
theorem u : c = 0 := a
--- check: o refused
opaque o : Fin 0 := sorry
--- check: proved
opaque c : Nat
theorem u : c = c := rfl
