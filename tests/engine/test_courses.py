"""Files as courses have them: what each needs beside the definitions that its theorems name."""

import pytest

from prover.api import Options
from search.budget import Budget
from tests.lab import Lab

SEMANTICS = """
inductive Tm | tru | fls | ite (c t e : Tm) | zro | suc (t : Tm) | prd (t : Tm)
open Tm
inductive Bool' : Tm → Prop | tru : Bool' tru | fls : Bool' fls
inductive Num : Tm → Prop | zro : Num zro | suc t : Num t → Num (suc t)
def value (t : Tm) : Prop := Bool' t ∨ Num t
inductive Step : Tm → Tm → Prop
  | iteTrue t e : Step (ite tru t e) t
  | iteFalse t e : Step (ite fls t e) e
  | ite c c' t e : Step c c' → Step (ite c t e) (ite c' t e)
  | suc t t' : Step t t' → Step (suc t) (suc t')
  | prdZero : Step (prd zro) zro
  | prdSuc v : Num v → Step (prd (suc v)) v
  | prd t t' : Step t t' → Step (prd t) (prd t')
infix:40 " ⟶ " => Step
inductive Ty | bool | nat
inductive Has : Tm → Ty → Prop
  | tru : Has tru .bool
  | fls : Has fls .bool
  | ite c t e T : Has c .bool → Has t T → Has e T → Has (ite c t e) T
  | zro : Has zro .nat
  | suc t : Has t .nat → Has (suc t) .nat
  | prd t : Has t .nat → Has (prd t) .nat
theorem numbers_rest (t t' : Tm) (h : Num t) : ¬ t ⟶ t' := by sorry
theorem values_rest (t : Tm) (h : value t) : ¬ ∃ t', t ⟶ t' := by sorry
theorem step_again (c c' t e : Tm) (h : c ⟶ c') : value (ite c t e) ∨ ∃ s, ite c t e ⟶ s := by sorry
theorem canonical (t : Tm) (h : Has t .nat) (v : value t) : Num t := by sorry
theorem preservation (t t' : Tm) (T : Ty) (h : Has t T) (s : t ⟶ t') : Has t' T := by sorry
theorem one_type (t : Tm) (T U : Ty) (h : Has t T) (k : Has t U) : T = U := by sorry
"""

MUTUAL = """
mutual
inductive Rose (α : Type) | node : α → Forest α → Rose α
inductive Forest (α : Type) | nil : Forest α | cons : Rose α → Forest α → Forest α
end
mutual
def Rose.size {α} : Rose α → Nat | .node _ f => f.size + 1
def Forest.size {α} : Forest α → Nat | .nil => 0 | .cons t f => t.size + f.size
end
mutual
def mapRose {α β} (g : α → β) : Rose α → Rose β | .node a f => .node (g a) (mapForest g f)
def mapForest {α β} (g : α → β) : Forest α → Forest β
  | .nil => .nil
  | .cons t f => .cons (mapRose g t) (mapForest g f)
end
theorem size_mapRose {α β} (g : α → β) (t : Rose α) : (mapRose g t).size = t.size := by sorry
theorem mapForest_id {α} (f : Forest α) : mapForest id f = f := by sorry
"""

NOTATION = """
class Group' (G : Type) extends Mul G, One G where
  inv : G → G
  assoc (a b c : G) : a * b * c = a * (b * c)
  one_l (a : G) : 1 * a = a
  inv_l (a : G) : inv a * a = 1
postfix:max "⁻" => Group'.inv
theorem inv_r {G : Type} [Group' G] (a : G) : a * a⁻ = 1 := by sorry

class Pre (α : Type) where
  le : α → α → Prop
  tr : ∀ a b c, le a b → le b c → le a c
class Pos (α : Type) extends Pre α where
  anti : ∀ a b, le a b → le b a → a = b
class Join (α : Type) extends Pos α where
  join : α → α → α
  first : ∀ a b, le a (join a b)
  second : ∀ a b, le b (join a b)
  least : ∀ a b c, le a c → le b c → le (join a b) c
theorem join_comm {α : Type} [Join α] (a b : α) : Join.join a b = Join.join b a := by sorry

structure Mat where (a b c d : Int)
instance : Mul Mat :=
  ⟨fun m n => ⟨m.a*n.a + m.b*n.c, m.a*n.b + m.b*n.d, m.c*n.a + m.d*n.c, m.c*n.b + m.d*n.d⟩⟩
instance : One Mat := ⟨⟨1, 0, 0, 1⟩⟩
def Mat.det (m : Mat) : Int := m.a * m.d - m.b * m.c
def Mat.pow (m : Mat) : Nat → Mat | 0 => 1 | n + 1 => pow m n * m
theorem Mat.det_mul (x y : Mat) : (x * y).det = x.det * y.det := by sorry
theorem Mat.det_pow (m : Mat) (n : Nat) : (m.pow n).det = m.det ^ n := by sorry
"""

LANGUAGES = """
def Lang (α : Type) := List α → Prop
inductive Star {α : Type} (L : Lang α) : Lang α
  | nil : Star L []
  | app u v : L u → Star L v → Star L (u ++ v)
theorem star_app {α} (L : Lang α) (u v) (h : Star L u) (k : Star L v) : Star L (u ++ v) := by sorry
theorem star_star {α} (L : Lang α) (w) (h : Star (Star L) w) : Star L w := by sorry

inductive Tree (α : Type) | nil | node (l : Tree α) (x : α) (r : Tree α)
variable {α : Type}
def flat : Tree α → List α | .nil => [] | .node l x r => flat l ++ x :: flat r
inductive In (a : α) : Tree α → Prop
  | here l r : In a (.node l a r)
  | left l x r : In a l → In a (.node l x r)
  | right l x r : In a r → In a (.node l x r)
theorem in_flat (a : α) (t) : In a t ↔ a ∈ flat t := by sorry

inductive Term | var (n : Nat) | app (s t : Term) | lam (t : Term)
def closedAt : Nat → Term → Prop
  | k, .var n => n < k
  | k, .app s t => closedAt k s ∧ closedAt k t
  | k, .lam t => closedAt (k + 1) t
theorem closed_mono (t j k) (h : closedAt j t) (hl : j ≤ k) : closedAt k t := by sorry
"""

LIBRARY = """
theorem least (p : Nat → Prop) (h : ∃ n, p n) : ∃ n, p n ∧ ∀ m, p m → n ≤ m := by sorry
theorem strong (p : Nat → Prop) (h : ∀ n, (∀ m, m < n → p m) → p n) : ∀ n, p n := by sorry
"""


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(SEMANTICS, id="semantics"),
        pytest.param(MUTUAL, id="mutual types"),
        pytest.param(NOTATION, id="notation"),
        pytest.param(LANGUAGES, id="languages"),
        pytest.param(LIBRARY, id="the least number"),
    ],
)
def test_every_hole_is_filled(lab: Lab, text: str) -> None:
    options = Options(Budget(expansions=80, seconds=60.0), refute=False, discover=False)
    filled = lab.wait(lab.prover.prove_text(text, options=options))
    assert filled.proved, [(v.name, v.reason) for v in filled.verdicts if v.reason]
