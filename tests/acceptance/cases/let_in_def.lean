/-
kind: `let` and `have` in what is asked
title: a theorem about a definition that holds `let`
-/
--- statements
def f (n : Nat) : Nat :=
  let m := n + 1
  m + m
def g (n : Nat) : Nat :=
  have m := n + 1
  m + m
theorem t (n : Nat) : f n = n + 1 + (n + 1) := by
  sorry
theorem u (n : Nat) : g n = f n := sorry
--- solution: proved
def f (n : Nat) : Nat :=
  let m := n + 1
  m + m
def g (n : Nat) : Nat :=
  have m := n + 1
  m + m
theorem t (n : Nat) : f n = n + 1 + (n + 1) := rfl
theorem u (n : Nat) : g n = f n := rfl
--- solution: t refused, u refused
def f (n : Nat) : Nat :=
  let m := n + 2
  m + n
def g (n : Nat) : Nat :=
  have m := n + 1
  m + m
theorem t (n : Nat) : f n = n + 1 + (n + 1) := by show n + 2 + n = _; omega
theorem u (n : Nat) : g n = f n := by show n + 1 + (n + 1) = n + 2 + n; omega
--- prove: proved
def f (n : Nat) : Nat :=
  let m := n + 1
  m + m
theorem t (n : Nat) : f n = n + 1 + (n + 1) := by
  sorry
