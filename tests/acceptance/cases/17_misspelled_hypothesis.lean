/-
kind: variables that Lean adds
title: a misspelled variable makes a hypothesis about nothing
refused by: statement
-/
--- statement
theorem t (m : Nat) (h : 0 < m) : m ≠ 0
--- bogus file
set_option autoImplicit true
theorem t (m : Nat) (h : 0 < n) : n ≠ 0 := Nat.pos_iff_ne_zero.mp h
--- honest file
set_option autoImplicit true
theorem t (m : Nat) (h : 0 < m) : m ≠ 0 := Nat.pos_iff_ne_zero.mp h
