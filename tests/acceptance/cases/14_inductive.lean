/-
kind: a definition that changes the statement
title: an inductive predicate that the statement uses gets a constructor
refused by: statement
-/
--- header
inductive Small : Nat → Prop where
  | zero : Small 0
--- statement
theorem t : Small 100
--- bogus file
inductive Small : Nat → Prop where
  | zero : Small 0
  | any n : Small n
theorem t : Small 100 := .any 100
--- honest statement
theorem t : Small 0
--- honest file
inductive Small : Nat → Prop where
  | zero : Small 0
theorem t : Small 0 := .zero
