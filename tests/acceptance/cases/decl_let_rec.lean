/-
kind: declarations passed over
title: a `let rec` that is left open
-/
--- check: foo refused
theorem foo : 1 = 1 := by
  let rec aux (n : Nat) : n = n + 1 := sorry
  rfl
--- check: foo refused
def foo (n : Nat) : Nat :=
  let rec go (k : Nat) (h : k = k + 1 := by sorry) : Nat := k
  n
--- check: foo proved
theorem foo : 1 = 1 := by
  let rec aux (n : Nat) : n = n := rfl
  exact aux 1
--- check: foo proved
def foo (n : Nat) : Nat :=
  let rec go : Nat → Nat
    | 0 => 0
    | k + 1 => go k
  go n
