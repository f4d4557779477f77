/-
kind: statements up to the names of universes
title: universe parameters under other names and in another order
-/
--- statements
theorem poly (α : Type _) (x : α) : x = x := sorry
theorem two.{u, v} (α : Type u) (β : Type v) (f : α → β) (x y : α) (h : x = y) : f x = f y := sorry
universe w
def id' (α : Type w) (x : α) : α := x
theorem third (α : Type w) (x : α) : id' α x = x := sorry
--- solution: proved
theorem poly.{w} (α : Type w) (x : α) : x = x := rfl
theorem two.{b, a} (α : Type a) (β : Type b) (f : α → β) (x y : α) (h : x = y) : f x = f y := h ▸ rfl
def id'.{z} (α : Type z) (x : α) : α := x
theorem third.{q} (α : Type q) (x : α) : id' α x = x := rfl
--- solution: poly refused, two refused, third refused
theorem poly (α : Type) (x : α) : x = x := rfl
theorem two.{u} (α : Type u) (β : Type u) (f : α → β) (x y : α) (h : x = y) : f x = f y := h ▸ rfl
def id' (α : Type) (x : α) : α := x
theorem third (α : Type) (x : α) : id' α x = x := rfl
