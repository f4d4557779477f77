/-
kind: a definition that changes the statement
title: a structure that the statement uses gets a field
refused by: statement
-/
--- header
structure Pair where
  a : Nat
  b : Nat
--- statement
theorem t (p : Pair) : p.a = p.b
--- bogus file
structure Pair where
  a : Nat
  b : Nat
  same : a = b
theorem t (p : Pair) : p.a = p.b := p.same
--- honest statement
theorem t (p : Pair) : p.a + p.b = p.b + p.a
--- honest file
structure Pair where
  a : Nat
  b : Nat
theorem t (p : Pair) : p.a + p.b = p.b + p.a := Nat.add_comm _ _
