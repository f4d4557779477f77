/-
kind: variables that Lean adds
title: a type that is missing becomes a variable of any type
refused by: statement
-/
--- header
notation "ℕ" => Nat
--- statement
theorem t (a b : ℕ) : a = b
--- bogus file
set_option autoImplicit true
theorem t [Subsingleton ℕ] (a b : ℕ) : a = b := Subsingleton.elim a b
--- honest statement
theorem t (a b : ℕ) : a + b = b + a
--- honest file
set_option autoImplicit true
notation "ℕ" => Nat
theorem t (a b : ℕ) : a + b = b + a := Nat.add_comm a b
