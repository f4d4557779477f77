/-
kind: statements of every form
title: definitions that the statements rest on and those that are asked
-/
--- statements
inductive Tree (α : Type) where
  | leaf | node (l : Tree α) (x : α) (r : Tree α)
namespace Tree
def size : Tree α → Nat
  | leaf => 0
  | node l _ r => size l + 1 + size r
def mirror : Tree α → Tree α := sorry
theorem size_mirror (t : Tree α) : size (mirror t) = size t := sorry
end Tree
--- solution: proved
inductive Tree (α : Type) where
  | leaf | node (l : Tree α) (x : α) (r : Tree α)
namespace Tree
def size : Tree α → Nat
  | leaf => 0
  | node l _ r => size l + 1 + size r
def mirror : Tree α → Tree α
  | leaf => leaf
  | node l x r => node (mirror r) x (mirror l)
theorem size_mirror (t : Tree α) : size (mirror t) = size t := by
  induction t with
  | leaf => rfl
  | node l x r hl hr => simp only [mirror, size, hl, hr]; omega
end Tree
--- solution: Tree.mirror proved, Tree.size_mirror refused
inductive Tree (α : Type) where
  | leaf | node (l : Tree α) (x : α) (r : Tree α)
namespace Tree
def size : Tree α → Nat
  | leaf => 0
  | node l _ r => size r + 1 + size l
def mirror (t : Tree α) : Tree α := t
theorem size_mirror (t : Tree α) : size (mirror t) = size t := rfl
end Tree
--- solution: Tree.mirror refused, Tree.size_mirror refused
inductive Tree (α : Type) where
  | leaf | node (l : Tree α) (x : α)
namespace Tree
def size : Tree α → Nat
  | leaf => 0
  | node l _ => size l + 1
def mirror (t : Tree α) : Tree α := t
theorem size_mirror (t : Tree α) : size (mirror t) = size t := rfl
end Tree
