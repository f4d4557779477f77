/-
kind: imports
title: a file without the library that defines Nat.gcd as it likes
refused by: elaboration
-/
--- statement
theorem t : Eq (Nat.gcd (.succ (.succ .zero)) (.succ .zero)) .zero
--- bogus file
prelude
set_option genCtorIdx false
universe u
inductive Eq {α : Sort u} : α → α → Prop where
  | refl (a : α) : Eq a a
inductive Nat where
  | zero : Nat
  | succ (n : Nat) : Nat
def Nat.gcd (_ _ : Nat) : Nat := .zero
theorem all (a b : Nat) : Eq (Nat.gcd a b) Nat.zero := @Eq.refl Nat Nat.zero
theorem t : Eq (Nat.gcd (.succ (.succ .zero)) (.succ .zero)) .zero := all (.succ (.succ .zero)) (.succ .zero)
--- honest statement
theorem t : Eq (Nat.gcd (.succ (.succ .zero)) (.succ .zero)) (.succ .zero)
--- honest file
import Init.Prelude
import Init
theorem t : Eq (Nat.gcd (.succ (.succ .zero)) (.succ .zero)) (.succ .zero) := .refl _
