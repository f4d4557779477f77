/-
kind: the wrong theorem is judged
title: released files that prove something near the statement
-/
--- statement
theorem t (n : Nat) (h : 0 < n) : 1 ≤ n
--- recheck: refused
theorem t (n : Nat) (h : 1 < n) : 1 ≤ n := by omega
--- recheck: refused
theorem u (n : Nat) (h : 0 < n) : 1 ≤ n := h
--- recheck: refused
axiom t (n : Nat) (h : 0 < n) : 1 ≤ n
--- recheck: refused
theorem t (n : Nat) (h : 0 < n) : 1 ≤ n := by sorry
--- recheck: refused
theorem X.t (n : Nat) (h : 0 < n) : 1 ≤ n := h
--- recheck: refused
example (n : Nat) (h : 0 < n) : 1 ≤ n := h
--- claim: refused
exact h
theorem more : 1 = 2 := sorry
--- recheck: proved
theorem t (n : Nat) (pos : 0 < n) : 1 ≤ n := pos
--- claim: proved
exact h
