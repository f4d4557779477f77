"""Definitions that are awkward: each is taken in without a crash and without minutes of preparation."""

import time

from prover.verify.verdict import Outcome
from tests.lab import Lab, fill


def test_a_type_with_forty_constructors(lab: Lab) -> None:
    constructors = "\n".join(f"  | c{i} (n : Nat)" for i in range(40))
    equations = "\n".join(f"  | .c{i} n => n + {i}" for i in range(40))
    text = (
        f"inductive Big where\n{constructors}\n\ndef Big.value : Big → Nat\n{equations}\n\n"
        "theorem t (b : Big) (h : b.value = 0) : b = .c0 0 := by\n  sorry\n"
    )
    assert fill(lab, text).proved


def test_three_hundred_declarations_before_the_hole(lab: Lab) -> None:
    lines = ["def f0 (n : Nat) : Nat := n"]
    for i in range(1, 150):
        lines.append(f"def f{i} (n : Nat) : Nat := match n with | 0 => {i} | n + 1 => f{i - 1} n")
        lines.append(f"theorem f{i}_zero : f{i} 0 = {i} := rfl")
    begin = time.monotonic()
    filled = fill(lab, "\n".join(lines) + "\ntheorem t (n : Nat) : f1 (n + 1) = n := by sorry\n")
    assert filled.proved
    assert time.monotonic() - begin < 60


def test_programs_that_no_proof_can_unfold(lab: Lab) -> None:
    text = """
partial def collatz (n : Nat) : Nat := if n ≤ 1 then 0 else collatz (n / 2) + 1
unsafe def danger (n : Nat) : Nat := danger (n + 1)
theorem same : collatz 4 = collatz 4 := by sorry
"""
    assert fill(lab, text).proved


def test_what_a_recursion_owes_is_proved(lab: Lab) -> None:
    text = """
def gcd' (a b : Nat) : Nat := if h : a = 0 then b else gcd' (b % a) a
termination_by a
decreasing_by sorry

def count (a b c : Nat) : Nat := if h : a = 0 then c else count (b % a) a (c + 1)
termination_by (a, c)
decreasing_by sorry

def walk : Nat → Nat → Nat
  | 0, n => n
  | m + 1, 0 => walk m 5
  | m + 1, n + 1 => walk (m + 1) n
termination_by m n => (m, n)
decreasing_by all_goals sorry

def ack : Nat → Nat → Nat
  | 0, n => n + 1
  | m + 1, 0 => ack m 1
  | m + 1, n + 1 => ack m (ack (m + 1) n)
termination_by m n => (m, n)
decreasing_by all_goals sorry
"""
    assert fill(lab, text).proved


def test_a_function_that_does_not_terminate_is_said_to(lab: Lab) -> None:
    text = "def loop (n : Nat) : Nat := loop (n + 1) + 1\ntheorem t : loop 0 = loop 0 := by sorry\n"
    theorem, function = fill(lab, text).verdicts
    assert (theorem.name, theorem.outcome) == ("t", Outcome.GAVE_UP)
    assert theorem.rests_on == ("loop",)
    assert (function.name, function.outcome) == ("loop", Outcome.REJECTED)
    assert "termination" in function.reason


def test_mutual_nested_and_indexed_types_and_classes(lab: Lab) -> None:
    text = """
mutual
inductive Tree (α : Type) where
  | node (a : α) (f : Forest α)
inductive Forest (α : Type) where
  | nil
  | cons (t : Tree α) (f : Forest α)
end
mutual
def Tree.size {α : Type} : Tree α → Nat
  | .node _ f => f.size + 1
def Forest.size {α : Type} : Forest α → Nat
  | .nil => 0
  | .cons t f => t.size + f.size
end
theorem size_pos {α : Type} (t : Tree α) : 0 < t.size := by sorry

inductive Rose where
  | node (value : Nat) (children : List Rose)
def Rose.value : Rose → Nat | .node v _ => v
def Rose.children : Rose → List Rose | .node _ cs => cs
theorem rose_eta (r : Rose) : .node r.value r.children = r := by sorry

class Shape (α : Type) where
  area : α → Nat
  grow : α → α
  area_grow : ∀ a, area (grow a) = area a + 1
def twice {α : Type} [Shape α] (a : α) : α := Shape.grow (Shape.grow a)
theorem area_twice {α : Type} [Shape α] (a : α) : Shape.area (twice a) = Shape.area a + 2 := by
  sorry

inductive Vec (α : Type) : Nat → Type where
  | nil : Vec α 0
  | cons {n : Nat} (a : α) (v : Vec α n) : Vec α (n + 1)
def Vec.map {α β : Type} {n : Nat} (f : α → β) : Vec α n → Vec β n
  | .nil => .nil
  | .cons a v => .cons (f a) (v.map f)
theorem map_id {α : Type} {n : Nat} (v : Vec α n) : v.map id = v := by sorry
"""
    filled = fill(lab, text)
    assert filled.proved, [v.name for v in filled.verdicts if not v.proved]


def test_names_notation_comments_and_options(lab: Lab) -> None:
    text = """/- a comment /- in a comment -/ with sorry -/
namespace   A.B
/-- says `sorry` -/
private def  hidden (n:Nat):Nat:=   n*2  -- sorry
local notation "⟪" x "⟫" => hidden x
theorem  t1(n:Nat) : ⟪n⟫ = n+n := by
  -- sorry here
  sorry
section
variable (n m : Nat) {xs : List Nat}
include n
theorem «weird name» : hidden n + m = m + hidden n := by sorry
theorem «end» (h : xs = []) : xs.length + hidden 0 = 0 := by
  cases xs with
  | nil => sorry
  | cons => simp at h
end
structure P where
  (x y : Int)
instance : Add P := ⟨fun a b => { x := a.x + b.x, y := a.y + b.y }⟩
theorem P.add_assoc (a b c : P) : a + b + c = a + (b + c) := by sorry
end A.B
"""
    filled = fill(lab, text)
    assert filled.proved, [v.name for v in filled.verdicts if not v.proved]
    assert filled.text.count("sorry") == text.count("sorry") - 4


def test_an_abbreviation_among_the_definitions(lab: Lab) -> None:
    text = """
inductive Expr where
  | num (n : Nat) | var (x : String) | add (a b : Expr) | mul (a b : Expr)
abbrev Env := String → Nat
def Expr.eval (ρ : Env) : Expr → Nat
  | .num n => n
  | .var x => ρ x
  | .add a b => a.eval ρ + b.eval ρ
  | .mul a b => a.eval ρ * b.eval ρ
def fold : Expr → Expr
  | .add a b =>
    match fold a, fold b with
    | .num m, .num n => .num (m + n)
    | a', b' => .add a' b'
  | .mul a b =>
    match fold a, fold b with
    | .num m, .num n => .num (m * n)
    | .num 0, _ => .num 0
    | a', b' => .mul a' b'
  | e => e
theorem fold_sound (ρ : Env) (e : Expr) : (fold e).eval ρ = e.eval ρ := by sorry
"""
    assert fill(lab, text).proved


def test_predicates_of_what_is_no_variable(lab: Lab) -> None:
    text = """
inductive Re (σ : Type) where
  | eps | chr (c : σ) | seq (a b : Re σ) | star (a : Re σ)
def Re.nullable : Re σ → Bool
  | eps => true
  | chr _ => false
  | seq a b => a.nullable && b.nullable
  | star _ => true
inductive Match : List σ → Re σ → Prop
  | eps : Match [] .eps
  | chr : Match [c] (.chr c)
  | seq : Match s a → Match t b → Match (s ++ t) (.seq a b)
  | star0 : Match [] (.star a)
  | star1 : Match s a → Match t (.star a) → Match (s ++ t) (.star a)
theorem nullable_of_match {r : Re σ} (h : Match [] r) : r.nullable = true := by sorry
theorem star_one {a : Re σ} (h : Match s a) : Match s (.star a) := by sorry

inductive Even : Nat → Prop
  | zero : Even 0
  | step : Even n → Even (n + 2)
theorem even_of_mod (n : Nat) (h : n % 2 = 0) : Even n := by sorry
theorem even_or (n : Nat) : Even n ∨ Even (n + 1) := by sorry

abbrev State := String → Nat
inductive Com where
  | skip | test (c d : Com) | seq (c d : Com)
inductive Run : Com → State → State → Prop
  | skip : Run .skip s s
  | yes : s "x" = 0 → Run c s t → Run (.test c d) s t
  | no : s "x" ≠ 0 → Run d s t → Run (.test c d) s t
  | seq : Run c s t → Run d t u → Run (.seq c d) s u
theorem deterministic (h : Run c s t) (h' : Run c s u) : t = u := by sorry
"""
    assert fill(lab, text).proved


def test_a_hole_in_a_statement_is_left_to_its_author(lab: Lab) -> None:
    text = """
theorem get_set (a : Array Nat) (i j x : Nat) (hi : i < a.size) (hj : j < (a.set i x).size)
    (h : i ≠ j) : (a.set i x)[j] = a[j]'(by sorry) := by sorry
theorem same (n : Nat) : n + 0 = n := by sorry
def first (a : Array Nat) (h : 0 < a.size) : Nat := a[0]'(by sorry)
"""
    filled = fill(lab, text)
    told = {verdict.name: verdict for verdict in filled.verdicts}
    assert told["same"].proved and told["first"].proved
    assert told["get_set"].reason == (
        "the hole in line 3 is a part of the statement, which is for you to complete"
    )
    assert "a[j]'(by sorry)" in filled.text


def test_what_speaks_of_a_broken_definition_is_not_searched(lab: Lab) -> None:
    text = """
inductive Term where | lit (n : Nat) | ite (a b : Term)
open Term
def weigh : Term → Nat
  | lit _ => 1
  | ite a b => weigh a + weigh b
theorem size_pos (t : Term) : 0 < weigh t := by sorry
theorem within (t : Term) : t = t := by
  have : weigh t + 0 = weigh t := by sorry
  rfl
theorem sound (n m : Nat) : n + m = m + n := by sorry
section
variable (t : Term) (light : weigh t = 1)
def next (n : Nat) : { k : Nat // k = n + 1 } := ⟨n + 1, by sorry⟩
end
structure Wave where
  height : Nat → Nat
  deriving DecidableEq
theorem eta (w : Wave) : Wave.mk w.height = w := by sorry
def two : Nat := 2
  where helper : Nat := nowhere
theorem two_pos : 0 < two := by sorry
"""
    filled = fill(lab, text)
    outcomes = {verdict.name: verdict for verdict in filled.verdicts}
    assert "ambiguous pattern" in outcomes["weigh"].reason
    for name in ("size_pos", "within"):
        why = "it speaks of `weigh`, which Lean does not accept: mend that first"
        assert outcomes[name].reason == why
        assert outcomes[name].outcome is Outcome.GAVE_UP and not outcomes[name].spent.tactics
        assert outcomes[name].rests_on == ("weigh",)
    assert outcomes["sound"].proved
    assert outcomes["next"].proved, "what only stands around is not asked about"
    for name in ("Wave", "two"):
        assert outcomes[name].outcome is Outcome.REJECTED
    assert outcomes["eta"].proved and outcomes["two_pos"].proved, "these errors are beside them"
