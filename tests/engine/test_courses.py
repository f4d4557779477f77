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


MONADS = """
inductive Exp | num (n : Nat) | add (a b : Exp) | div (a b : Exp)
def eval : Exp → Except String Nat
  | .num n => pure n
  | .add a b => do return (← eval a) + (← eval b)
  | .div a b => do
    let x ← eval a
    let y ← eval b
    if y = 0 then throw "div" else return x / y
def evalO : Exp → Option Nat
  | .num n => some n
  | .add a b => do return (← evalO a) + (← evalO b)
  | .div a b => do
    let y ← evalO b
    guard (y ≠ 0)
    return (← evalO a) / y
def fresh : StateM Nat Nat := do
  let n ← get
  set (n + 1)
  return n
def label : List α → StateM Nat (List (Nat × α))
  | [] => return []
  | x :: xs => do return (← fresh, x) :: (← label xs)
theorem div_zero (e : Exp) (n) (h : eval e = .ok n) : eval (.div e (.num 0)) = .error "div" := by sorry
theorem add_inv (a b : Exp) (n : Nat) (h : eval (.add a b) = .ok n) :
    ∃ x y, eval a = .ok x ∧ eval b = .ok y ∧ n = x + y := by sorry
theorem evalO_eval (e : Exp) (n : Nat) (h : evalO e = some n) : eval e = .ok n := by sorry
theorem label_length (xs : List α) (s : Nat) : ((label xs).run s).1.length = xs.length := by sorry
theorem label_state (xs : List α) (s : Nat) : ((label xs).run s).2 = s + xs.length := by sorry
"""

REFUSED = """
inductive Reach (E : α → α → Prop) : α → α → Prop
  | refl : Reach E a a
  | tail : Reach E a b → E b c → Reach E a c
theorem head (h : E a b) (h' : Reach E b c) : Reach E a c := by
  induction h' with
  | refl => exact .tail .refl h
  | tail _ e ih => exact .tail ih e
theorem invariant (P : α → Prop) (hP : ∀ x y, E x y → P x → P y) (h : Reach E a b) (ha : P a) : P b := by
  induction h with
  | refl => exact ha
  | tail _ e ih => exact hP _ _ e ih
theorem symm (hs : ∀ x y, E x y → E y x) (h : Reach E a b) : Reach E b a := by sorry
"""
"""With a theorem that `grind` has no use for, which it says of the whole list."""

AUTOMATA = """
structure DFA (σ α : Type) where
  step : σ → α → σ
  accept : σ → Bool
def DFA.run (M : DFA σ α) (q : σ) (w : List α) : σ := w.foldl M.step q
def DFA.inter (M : DFA σ α) (N : DFA τ α) : DFA (σ × τ) α where
  step := fun (p, q) a => (M.step p a, N.step q a)
  accept := fun (p, q) => M.accept p && N.accept q
theorem inter_run (M : DFA σ α) (N : DFA τ α) (p : σ) (q : τ) (w : List α) :
    (M.inter N).run (p, q) w = (M.run p w, N.run q w) := by sorry
inductive RE (α : Type) | char (a : α) | seq (r s : RE α) | star (r : RE α)
open RE
inductive Lang : RE α → List α → Prop
  | char a : Lang (char a) [a]
  | seq {r s u v} : Lang r u → Lang s v → Lang (seq r s) (u ++ v)
  | nil {r} : Lang (star r) []
  | cons {r u v} : Lang r u → Lang (star r) v → Lang (star r) (u ++ v)
theorem star_append (r : RE α) (u v : List α) (hu : Lang (star r) u) (hv : Lang (star r) v) :
    Lang (star r) (u ++ v) := by sorry
"""
"""Values of any type left general, and an induction on a predicate of what a dot is in."""

NESTED = """
inductive Rose (α : Type) | node : α → List (Rose α) → Rose α
namespace Rose
mutual
def size : Rose α → Nat
  | node _ cs => 1 + sizes cs
def sizes : List (Rose α) → Nat
  | [] => 0
  | c :: cs => size c + sizes cs
end
mutual
def map (f : α → β) : Rose α → Rose β
  | node a cs => node (f a) (maps f cs)
def maps (f : α → β) : List (Rose α) → List (Rose β)
  | [] => []
  | c :: cs => map f c :: maps f cs
end
mutual
def flat : Rose α → List α
  | node a cs => a :: flats cs
def flats : List (Rose α) → List α
  | [] => []
  | c :: cs => flat c ++ flats cs
end
mutual
def onto : Rose α → List α → List α
  | node a cs, acc => a :: ontos cs acc
def ontos : List (Rose α) → List α → List α
  | [], acc => acc
  | c :: cs, acc => onto c (ontos cs acc)
end
mutual
theorem size_map (f : α → β) (t : Rose α) : (t.map f).size = t.size := by sorry
theorem sizes_maps (f : α → β) (ts : List (Rose α)) : sizes (maps f ts) = sizes ts := by sorry
end
theorem length_flat (t : Rose α) : t.flat.length = t.size := by sorry
theorem map_map (f : α → β) (g : β → γ) (t : Rose α) : (t.map f).map g = t.map (g ∘ f) := by sorry
theorem flat_map (f : α → β) (t : Rose α) : (t.map f).flat = t.flat.map f := by sorry
theorem onto_eq (t : Rose α) (acc : List α) : t.onto acc = t.flat ++ acc := by sorry
end Rose
mutual
inductive Ev : Nat → Prop | zero : Ev 0 | succ : Od n → Ev (n + 1)
inductive Od : Nat → Prop | succ : Ev n → Od (n + 1)
end
theorem even (n : Nat) (h : Ev n) : n % 2 = 0 := by sorry
"""
"""Induction on what is nested in lists of itself, and on predicates declared together."""

GROUPS = """
class Grp (G : Type) where
  op : G → G → G
  e : G
  inv : G → G
  assoc : ∀ a b c, op (op a b) c = op a (op b c)
  e_op : ∀ a, op e a = a
  inv_op : ∀ a, op (inv a) a = e
namespace Grp
variable {G : Type} [Grp G]
local infixl:70 " ⋆ " => Grp.op
local notation "𝟙" => Grp.e
theorem left_cancel (a b c : G) (h : a ⋆ b = a ⋆ c) : b = c := by sorry
theorem op_inv (a : G) : a ⋆ inv a = 𝟙 := by sorry
theorem op_e (a : G) : a ⋆ 𝟙 = a := by sorry
theorem inv_inv (a : G) : inv (inv a) = a := by sorry
theorem right_cancel (a b c : G) (h : b ⋆ a = c ⋆ a) : b = c := by sorry
theorem inv_rev (a b : G) : inv (a ⋆ b) = inv b ⋆ inv a := by sorry
structure Hom (G H : Type) [Grp G] [Grp H] where
  f : G → H
  map_op : ∀ a b, f (a ⋆ b) = f a ⋆ f b
theorem Hom.map_e {H : Type} [Grp H] (φ : Hom G H) : φ.f 𝟙 = 𝟙 := by sorry
theorem Hom.map_inv {H : Type} [Grp H] (φ : Hom G H) (a : G) : φ.f (inv a) = inv (φ.f a) := by sorry
"""
"""Laws, cancellation, and theorems that rest on those before them, which are open too."""

ACCOUNTS = """
structure Account where
  owner : String
  balance : Nat
inductive Op where | deposit (n : Nat) | withdraw (n : Nat)
def step : Account → Op → Option Account
  | a, .deposit n => some { a with balance := a.balance + n }
  | a, .withdraw n => if n ≤ a.balance then some { a with balance := a.balance - n } else none
def steps (a : Account) : List Op → Option Account
  | [] => some a
  | o :: os => (step a o).bind (steps · os)
theorem steps_owner (a b : Account) (os : List Op) (h : steps a os = some b) :
    b.owner = a.owner := by sorry
def ext (f : Nat → Nat) (a : Nat) : Nat → Nat
  | 0 => a
  | n + 1 => f n
theorem ext_succ (f : Nat → Nat) (a n : Nat) (h : 0 < n) : ext f a n = f (n - 1) := by sorry
namespace Map
def norm (f : Nat → Nat) (b : Nat) : Nat → Nat
  | 0 => 0
  | n + 1 => f (n % b)
theorem norm_pred (f : Nat → Nat) (b n : Nat) (h : 0 < n) : norm f b n = f ((n - 1) % b) := by sorry
end Map
def balanced : Nat → List Bool → Bool
  | d, [] => d == 0
  | d, true :: bs => balanced (d + 1) bs
  | 0, false :: _ => false
  | d + 1, false :: bs => balanced d bs
theorem append (xs ys : List Bool) (d e : Nat) (h : balanced d xs) (k : balanced e ys) :
    balanced (d + e) (xs ++ ys) := by sorry
"""
"""`Option.bind` in words of its own, a name that means something else to `grind`, and an induction
along what a hypothesis calls."""


FUEL = """
inductive Com
  | skip | set (x : String) (e : (String → Nat) → Nat) | seq (a b : Com)
  | loop (b : (String → Nat) → Bool) (c : Com)
def put (s : String → Nat) (x : String) (v : Nat) : String → Nat := fun y => if y = x then v else s y
inductive Big : Com → (String → Nat) → (String → Nat) → Prop
  | skip s : Big .skip s s
  | set s x e : Big (.set x e) s (put s x (e s))
  | seq {a b s t u} : Big a s t → Big b t u → Big (.seq a b) s u
  | done {b c s} : b s = false → Big (.loop b c) s s
  | again {b c s t u} : b s = true → Big c s t → Big (.loop b c) t u → Big (.loop b c) s u
def run : Nat → Com → (String → Nat) → Option (String → Nat)
  | 0, _, _ => none
  | _ + 1, .skip, s => some s
  | _ + 1, .set x e, s => some (put s x (e s))
  | n + 1, .seq a b, s => (run n a s).bind (run n b)
  | n + 1, .loop b c, s => if b s then (run n c s).bind (run n (.loop b c)) else some s
theorem run_sound (n c s t) (h : run n c s = some t) : Big c s t := by sorry

def Map (α β : Type) := α → Option β
def Map.le {α β} (m n : Map α β) : Prop := ∀ k v, m k = some v → n k = some v
theorem le_antisymm {α β} (m n : Map α β) (h : m.le n) (h' : n.le m) : m = n := by sorry
"""
"""A program that runs as long as its fuel lasts, and maps that are equal where all they have is."""

ORDER = """
class Lattice (α : Type u) where
  join : α → α → α
  idem : ∀ a : α, join a a = a
  comm : ∀ a b : α, join a b = join b a
  assoc : ∀ a b c : α, join (join a b) c = join a (join b c)
variable {α : Type u} [Lattice α]
open Lattice
def below (a b : α) : Prop := join a b = b
theorem below_refl (a : α) : below a a := idem a
theorem below_trans {a b c : α} (h : below a b) (k : below b c) : below a c := by
  grind [below, assoc, comm, idem]
theorem below_antisymm {a b : α} (h : below a b) (k : below b a) : a = b := by
  grind [below, assoc, comm, idem]
theorem join_below {a b c : α} (h : below a c) (k : below b c) : below (join a b) c := by
  grind [below, assoc, comm, idem]
theorem join_absorb (a b : α) : join a (join a b) = join a b := by rw [← assoc, idem]
theorem join_eq_iff {a b : α} : join a b = b ↔ ∃ c, b = join a c := by
  constructor
  · exact fun h => ⟨b, h.symm⟩
  · rintro ⟨c, rfl⟩
    rw [← assoc, idem]
def joins (a : α) : List α → α
  | [] => a
  | b :: l => joins (join a b) l
theorem joins_below {l : List α} {a c : α} (h : below a c) (k : ∀ b ∈ l, below b c) :
    below (joins a l) c := by sorry
def spent : List Nat → Nat | [] => 0 | x :: xs => x + spent xs
def pay (fuel n : Nat) : List Nat :=
  match fuel with | 0 => [] | f + 1 => if n ≥ 5 then 5 :: pay f (n - 5) else [n]
theorem pay_pays {fuel n : Nat} (h : n < fuel) : spent (pay fuel n) = n := by
  fun_induction pay fuel n <;> simp_all [spent] <;> omega
theorem all_is_paid (n m : Nat) : ∃ l, spent l = n + m := by sorry
"""
"""A relation that much is known of, of which little helps; what exists by a theorem about a program that
the goal does not name."""


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(FUEL, id="fuel"),
        pytest.param(ORDER, id="order"),
        pytest.param(NESTED, id="nested types"),
        pytest.param(GROUPS, id="groups"),
        pytest.param(ACCOUNTS, id="accounts"),
        pytest.param(SEMANTICS, id="semantics"),
        pytest.param(MUTUAL, id="mutual types"),
        pytest.param(NOTATION, id="notation"),
        pytest.param(LANGUAGES, id="languages"),
        pytest.param(LIBRARY, id="the least number"),
        pytest.param(MONADS, id="monads"),
        pytest.param(REFUSED, id="refused by grind"),
        pytest.param(AUTOMATA, id="automata"),
    ],
)
def test_every_hole_is_filled(lab: Lab, text: str) -> None:
    options = Options(Budget(expansions=80, seconds=60.0), refute=False, discover=False)
    filled = lab.wait(lab.prover.prove_text(text, options=options))
    assert filled.proved, [(v.name, v.reason) for v in filled.verdicts if v.reason]
