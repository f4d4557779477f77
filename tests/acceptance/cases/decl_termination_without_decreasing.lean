/-
kind: declarations passed over
title: a recursion that Lean cannot see end
-/
--- check: refused
def f (n : Nat) : Nat := f (n + 1)
theorem fine : 1 = 1 := rfl
--- check: refused
theorem t (n : Nat) : n = n + 1 := t n
--- check: proved
def f : Nat → Nat
  | 0 => 0
  | n + 1 => f n
theorem fine : f 0 = 0 := rfl
