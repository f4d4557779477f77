/-
kind: declarations of every form
title: inductive types, structures, classes, quotients
-/
--- check: proved
inductive Tree (α : Type u) where
  | node : α → List (Tree α) → Tree α
inductive Vec (α : Type u) : Nat → Type u where
  | nil : Vec α 0
  | cons (x : α) (xs : Vec α n) : Vec α (n + 1)
deriving DecidableEq
mutual
inductive Ev : Nat → Prop where
  | zero : Ev 0
  | succ : Od n → Ev (n + 1)
inductive Od : Nat → Prop where
  | succ : Ev n → Od (n + 1)
end
class Semi (α : Type u) extends Mul α, Inhabited α where
  assoc : ∀ a b c : α, a * b * c = a * (b * c)
class Mon (α : Type u) extends Semi α, One α where
  one_mul : ∀ a : α, 1 * a = a
@[ext] structure Point (α : Type u) where
  x : α
  y : α
deriving Repr, BEq, Hashable
structure Point3 (α : Type u) extends Point α where
  (z : α)
  h : z = z := by rfl
instance : Mon Nat where
  assoc := Nat.mul_assoc
  one_mul := Nat.one_mul
def mod2 : Setoid Nat where
  r a b := a % 2 = b % 2
  iseqv := ⟨fun _ => rfl, fun h => h.symm, fun h g => h.trans g⟩
def Z2 := Quotient mod2
def Z2.zero : Z2 := Quotient.mk mod2 0
theorem Z2.two : Quotient.mk mod2 2 = Z2.zero := Quotient.sound rfl
theorem ev_two : Ev 2 := .succ (.succ .zero)
theorem pt (p q : Point Nat) (h : p.x = q.x) (g : p.y = q.y) : p = q := Point.ext h g
theorem od : ¬ Od 0 := nofun
abbrev Pred (α : Type u) := α → Prop
def everyone : Pred Nat := fun _ => True
--- check: two refused, Z2.one refused
inductive Ev : Nat → Prop where
  | zero : Ev 0
  | succ : Ev n → Ev (n + 2)
def mod2 : Setoid Nat where
  r a b := a % 2 = b % 2
  iseqv := ⟨fun _ => rfl, fun h => h.symm, fun h g => h.trans g⟩
theorem two : Ev 3 := .succ sorry
theorem Z2.one : Quotient.mk mod2 1 = Quotient.mk mod2 0 := Quotient.sound sorry
theorem fine : Ev 4 := .succ (.succ .zero)
