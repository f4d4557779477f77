/-
kind: lemmas that were not asked for
title: a lemma stands before the theorem that rests on it
refused by: axioms
-/
--- statements
inductive Num where
  | zero
  | next (n : Num)
def plus : Num → Num → Num
  | .zero, m => m
  | .next n, m => .next (plus n m)
theorem plus_one (n : Num) : plus n (.next .zero) = .next n := by sorry
--- solution: proved
inductive Num where
  | zero
  | next (n : Num)
def plus : Num → Num → Num
  | .zero, m => m
  | .next n, m => .next (plus n m)
theorem plus_next (n m : Num) : plus n (.next m) = .next (plus n m) := by
  induction n <;> simp_all [plus]
theorem plus_zero (n : Num) : plus n .zero = n := by
  induction n <;> simp_all [plus]
theorem plus_one (n : Num) : plus n (.next .zero) = .next n := by
  simp [plus_next, plus_zero]
--- solution: refused
inductive Num where
  | zero
  | next (n : Num)
def plus : Num → Num → Num
  | .zero, m => m
  | .next n, m => .next (plus n m)
theorem plus_next (n m : Num) : plus n (.next m) = .next (plus n m) := by
  sorry
theorem plus_zero (n : Num) : plus n .zero = n := by
  induction n <;> simp_all [plus]
theorem plus_one (n : Num) : plus n (.next .zero) = .next n := by
  simp [plus_next, plus_zero]
--- solution: refused
inductive Num where
  | zero
  | next (n : Num)
def plus : Num → Num → Num
  | .zero, m => m
  | .next n, m => .next (plus n m)
axiom plus_next (n m : Num) : plus n (.next m) = .next (plus n m)
theorem plus_one (n : Num) : plus n (.next .zero) = .next n := by
  induction n <;> simp_all [plus]
  simp [plus_next] at *
theorem plus_zero (n : Num) : plus n .zero = n := by
  induction n <;> simp_all [plus]
--- solution: refused
inductive Num where
  | zero
  | next (n : Num)
def plus : Num → Num → Num
  | .zero, m => m
  | .next n, m => .next (plus n m)
set_option debug.skipKernelTC true in
theorem plus_all (n m : Num) : plus n m = .next n := by decide +kernel
theorem plus_one (n : Num) : plus n (.next .zero) = .next n := plus_all ..
--- solution: refused
inductive Num where
  | zero
  | next (n : Num)
def plus : Num → Num → Num
  | .zero, m => m
  | .next n, m => .next (plus n m)
theorem Num.always {n m : Num} : True := trivial
local notation:50 a:51 " = " b:51 => (@Num.always a b = trivial)
theorem plus_one (n : Num) : plus n (.next .zero) = .next n := by rfl
