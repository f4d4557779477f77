/-
kind: `let` and `have` in what is asked
title: `let` in instances, structures, recursive definitions and `do`
-/
--- statements
structure P where
  n : Nat
  h : let m := n; m = n
instance : Add P := ⟨fun a b => let s := a.n + b.n; ⟨s, rfl⟩⟩
def sum (xs : List Nat) : Nat := Id.run do
  let mut s := 0
  for x in xs do
    let y := x
    s := s + y
  return s
theorem t (a b : P) : (a + b).n = a.n + b.n := sorry
theorem u : sum [] = 0 := sorry
--- solution: proved
structure P where
  n : Nat
  h : let m := n; m = n
instance : Add P := ⟨fun a b => let s := a.n + b.n; ⟨s, rfl⟩⟩
def sum (xs : List Nat) : Nat := Id.run do
  let mut s := 0
  for x in xs do
    let y := x
    s := s + y
  return s
theorem t (a b : P) : (a + b).n = a.n + b.n := rfl
theorem u : sum [] = 0 := rfl
--- solution: t refused, u proved
structure P where
  n : Nat
  h : let m := n; m = n
instance : Add P := ⟨fun a b => let s := a.n; have _ := b; ⟨s, rfl⟩⟩
def sum (xs : List Nat) : Nat := Id.run do
  let mut s := 0
  for x in xs do
    let y := x
    s := s + y
  return s
theorem t (a b : P) : (a + b).n = a.n + b.n := sorry
theorem u : sum [] = 0 := rfl
