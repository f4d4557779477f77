/-! What setup has the gym elaborate and search (`prover.lean.warmup`): the tactics and commands that most
proofs use, over the types that most statements are about. -/

namespace Warmup

inductive Tree (α : Type) where
  | leaf : Tree α
  | node (left : Tree α) (value : α) (right : Tree α) : Tree α
deriving Repr, DecidableEq

inductive Chain (α : Type) where
  | empty : Chain α
  | link (first : α) (rest : Chain α) : Chain α

structure Point where
  x : Int
  y : Int
deriving Repr, DecidableEq

variable {α : Type}

def Tree.mirror : Tree α → Tree α
  | .leaf => .leaf
  | .node l v r => .node r.mirror v l.mirror

def Tree.size : Tree α → Nat
  | .leaf => 0
  | .node l _ r => l.size + 1 + r.size

def Chain.append : Chain α → Chain α → Chain α
  | .empty, ys => ys
  | .link x xs, ys => .link x (xs.append ys)

def Chain.reverse : Chain α → Chain α
  | .empty => .empty
  | .link x xs => xs.reverse.append (.link x .empty)

def digits (n : Nat) : List Nat := if h : n < 10 then [n] else digits (n / 10) ++ [n % 10]
termination_by n
decreasing_by omega

@[simp] theorem mirror_mirror (t : Tree α) : t.mirror.mirror = t := by
  induction t with
  | leaf => rfl
  | node l v r hl hr => simp [Tree.mirror, hl, hr]

theorem size_mirror (t : Tree α) : t.mirror.size = t.size := by
  induction t <;> simp_all [Tree.mirror, Tree.size] <;> omega

theorem append_empty (xs : Chain α) : xs.append .empty = xs := by
  induction xs <;> simp_all [Chain.append]

theorem append_assoc (xs ys zs : Chain α) : (xs.append ys).append zs = xs.append (ys.append zs) := by
  induction xs <;> grind [Chain.append]

theorem reverse_append (xs ys : Chain α) :
    (xs.append ys).reverse = ys.reverse.append xs.reverse := by
  induction xs with
  | empty => simp [Chain.append, Chain.reverse, append_empty]
  | link x xs ih => rw [Chain.append, Chain.reverse, ih, append_assoc]; rfl

theorem of_cases (n : Nat) (h : n < 3) : n = 0 ∨ n = 1 ∨ n = 2 := by
  rcases n with _ | _ | _ | n <;> simp_all <;> omega

theorem of_omega (a b c : Int) (h : 2 * a + 3 * b = 7) (h' : a - c ≤ 4) (hc : c < b) (hb : b ≤ 1) :
    a ≤ 5 ∧ (a + b) % 2 = (a - b) % 2 := by
  constructor <;> omega

theorem of_logic (p q r : Prop) (h : p ∧ (q ∨ r)) (hq : q → r) : (p ∧ r) ∨ (q ∧ ¬ p) := by
  obtain ⟨hp, h | h⟩ := h
  · exact .inl ⟨hp, hq h⟩
  · left; exact And.intro hp h

theorem of_grind (p q : Nat → Prop) (f : Nat → Nat) (h : ∀ n, p n → q (f n)) (hp : ∀ n, p (n + 1))
    (e : f 3 = 5) : q 5 := by
  grind

theorem of_decide : ∀ a : Fin 12, ∀ b : Fin 12, a * b = b * a := by decide

theorem of_search (a b : Nat) (h : a ≤ b) : a * a ≤ b * b := by exact?

theorem of_calc (a b : Nat) : (a + b) * (a + b) = a * a + 2 * (a * b) + b * b := by
  calc (a + b) * (a + b) = a * (a + b) + b * (a + b) := Nat.add_mul ..
    _ = a * a + a * b + (b * a + b * b) := by rw [Nat.mul_add, Nat.mul_add]
    _ = a * a + 2 * (a * b) + b * b := by rw [Nat.mul_comm b a, Nat.two_mul]; ac_rfl

theorem of_lists (xs ys : List Nat) (h : 3 ∈ xs) : 3 ∈ (xs ++ ys).map id := by
  have : 3 ∈ xs ++ ys := List.mem_append.mpr (Or.inl h)
  simpa using this

theorem of_split (n : Nat) : (if n % 2 = 0 then n else n + 1) % 2 = 0 := by
  split
  · assumption
  · by_cases h : n % 2 = 1
    · omega
    · exfalso; omega

theorem of_exists (a b : Nat) (h : a ∣ b) : ∃ c, b * b = a * c := by
  obtain ⟨d, rfl⟩ := h
  refine ⟨d * (a * d), ?_⟩
  rw [Nat.mul_assoc]

theorem of_functions (f g : Nat → Nat) (h : ∀ x, f x = g x + 0) : f = g := by
  funext x
  specialize h x
  simp at h
  exact h

theorem of_bits (x y : BitVec 8) : x &&& y = y &&& x := by
  ext i
  simp [Bool.and_comm]

example (p : Point) (h : p = ⟨1, 2⟩) : p.x + p.y = 3 := by subst h; rfl
example : (17 * 23 + 5) % 7 = 4 := by decide
example (n : Nat) : n ^ 2 = n * n := by show n ^ 1 * n = n * n; simp
example (a b : Nat) (h : a = b) (h' : ¬ a = b) : False := by contradiction

def Chain.onto : Chain α → Chain α → Chain α
  | .empty, ys => ys
  | .link x xs, ys => xs.onto (.link x ys)

def Chain.length : Chain α → Nat
  | .empty => 0
  | .link _ xs => xs.length + 1

def double : Nat → Nat
  | 0 => 0
  | n + 1 => double n + 2

theorem onto_eq (xs ys : Chain α) : xs.onto ys = xs.reverse.append ys := by
  induction xs generalizing ys with
  | empty => simp [Chain.onto, Chain.reverse, Chain.append]
  | link x xs ih => simp_all [Chain.onto, Chain.reverse, append_assoc, Chain.append]

theorem length_append (xs ys : Chain α) : (xs.append ys).length = xs.length + ys.length := by
  fun_induction Chain.append xs ys <;> simp_all [Chain.length] <;> omega

theorem double_eq (n : Nat) : double n = 2 * n := by
  fun_induction double n
  · rfl
  · rename_i n ih
    suffices h : double n + 2 = 2 * n + 2 by omega
    congr 1

/-! What stands around proofs in files. -/

universe u

class Sized (β : Type u) where
  sizeOf' : β → Nat

instance : Sized (Chain α) := ⟨Chain.length⟩
instance [Sized β] : Sized (Option β) where
  sizeOf'
    | none => 0
    | some b => Sized.sizeOf' b

mutual
inductive Even' : Nat → Prop where
  | zero : Even' 0
  | next {n : Nat} (h : Odd' n) : Even' (n + 1)
inductive Odd' : Nat → Prop where
  | next {n : Nat} (h : Even' n) : Odd' (n + 1)
end

mutual
def isEven' : Nat → Bool
  | 0 => true
  | n + 1 => isOdd' n
def isOdd' : Nat → Bool
  | 0 => false
  | n + 1 => isEven' n
end

structure Named (β : Type u) extends Point where
  name : String := "origin"
  value : β
deriving BEq

abbrev Points := List Point

@[reducible] def origin : Point := { x := 0, y := 0 }

@[inherit_doc Chain.append] infixr:65 " +++ " => Chain.append
notation "‖" c "‖" => Chain.length c
macro "by_rules" : tactic => `(tactic| first | rfl | omega | simp_all)
syntax "both " tactic : tactic
macro_rules
  | `(tactic| both $t) => `(tactic| constructor <;> $t)

section
variable (n : Nat) {m : Nat}

private theorem of_macros (h : m = n) : n + 0 = m ∧ 1 = 1 := by both by_rules

include n in
omit m in
theorem of_notation (xs : Chain Nat) : ‖xs +++ .empty‖ = ‖xs‖ := by simp [append_empty]

set_option linter.unusedVariables false in
open Nat in
theorem of_let : let k := succ n; k = n + 1 := by
  intro k
  rfl
end

namespace Inner
open Warmup (double)
protected def twice (n : Nat) : Nat := let half := n; half + go n
where
  go : Nat → Nat
    | 0 => 0
    | n + 1 => go n + 1

theorem twice_zero : Inner.twice 0 = double 0 := by
  conv => lhs; unfold Inner.twice
  rfl
end Inner

instance : Add Point := ⟨fun p q => ⟨p.x + q.x, p.y + q.y⟩⟩

def firstOf (xs : List Nat) : Option Nat := do
  let x ← xs.head?
  guard (x > 0)
  return x + 1

example : (if 1 < 2 then "a" else "b") = s!"a" := by decide

#check firstOf
#print Sized

/-! What is not proved is searched. -/

theorem le_of_both (a b c : Nat) (h : a ≤ b) : a * c ≤ b * c := sorry
theorem length_swapped {xs ys : List α} : (xs ++ ys).length = ys.length + xs.length := sorry
theorem small (n : Nat) (h : n * n < 10) : n < 3 := sorry
theorem onto_empty (xs : Chain α) : xs.onto .empty = xs.reverse := sorry
theorem length_reverse (xs : Chain α) : xs.reverse.length = xs.length := sorry
theorem double_add (n m : Nat) : double (n + m) = double n + double m := sorry
theorem and_or (p q r : Prop) : p ∧ (q ∨ r) ↔ (p ∧ q) ∨ (p ∧ r) := sorry

end Warmup
