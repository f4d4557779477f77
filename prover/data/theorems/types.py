"""Inductive types and recursive functions that a statement brings along: trees, binary numerals,
expressions with an evaluator and a compiler, a second copy of the numbers, finite enumerations,
inductive predicates."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from prover.data.theorems.statement import Draft, Script

FAMILY = "types"

TREE = """\
inductive Tree (α : Type) where
  | leaf : Tree α
  | node : Tree α → α → Tree α → Tree α
def Tree.size {α : Type} : Tree α → Nat
  | .leaf => 0
  | .node l _ r => l.size + 1 + r.size
def Tree.leaves {α : Type} : Tree α → Nat
  | .leaf => 1
  | .node l _ r => l.leaves + r.leaves
def Tree.height {α : Type} : Tree α → Nat
  | .leaf => 0
  | .node l _ r => max l.height r.height + 1
def Tree.mirror {α : Type} : Tree α → Tree α
  | .leaf => .leaf
  | .node l x r => .node r.mirror x l.mirror
def Tree.map {α β : Type} (f : α → β) : Tree α → Tree β
  | .leaf => .leaf
  | .node l x r => .node (l.map f) (f x) (r.map f)
def Tree.flatten {α : Type} : Tree α → List α
  | .leaf => []
  | .node l x r => l.flatten ++ x :: r.flatten
def Tree.sum : Tree Nat → Nat
  | .leaf => 0
  | .node l x r => l.sum + x + r.sum
def Tree.Mem {α : Type} (a : α) : Tree α → Prop
  | .leaf => False
  | .node l x r => Tree.Mem a l ∨ a = x ∨ Tree.Mem a r
"""

BIN = """\
inductive Bin where
  | zero : Bin
  | even : Bin → Bin
  | odd : Bin → Bin
def Bin.val : Bin → Nat
  | .zero => 0
  | .even b => 2 * b.val
  | .odd b => 2 * b.val + 1
def Bin.inc : Bin → Bin
  | .zero => .odd .zero
  | .even b => .odd b
  | .odd b => .even b.inc
def Bin.len : Bin → Nat
  | .zero => 0
  | .even b => b.len + 1
  | .odd b => b.len + 1
def Bin.ones : Bin → Nat
  | .zero => 0
  | .even b => b.ones
  | .odd b => b.ones + 1
def Bin.ofNat : Nat → Bin
  | 0 => .zero
  | n + 1 => (Bin.ofNat n).inc
"""

EXPR = """\
inductive Expr where
  | num : Nat → Expr
  | var : Nat → Expr
  | plus : Expr → Expr → Expr
  | times : Expr → Expr → Expr
def Expr.eval (s : Nat → Nat) : Expr → Nat
  | .num n => n
  | .var x => s x
  | .plus a b => a.eval s + b.eval s
  | .times a b => a.eval s * b.eval s
def Expr.size : Expr → Nat
  | .num _ => 1
  | .var _ => 1
  | .plus a b => a.size + b.size + 1
  | .times a b => a.size + b.size + 1
def Expr.swap : Expr → Expr
  | .num n => .num n
  | .var x => .var x
  | .plus a b => .plus b.swap a.swap
  | .times a b => .times b.swap a.swap
def Expr.shift (k : Nat) : Expr → Expr
  | .num n => .num n
  | .var x => .var (x + k)
  | .plus a b => .plus (a.shift k) (b.shift k)
  | .times a b => .times (a.shift k) (b.shift k)
def Expr.subst (x : Nat) (d : Expr) : Expr → Expr
  | .num n => .num n
  | .var y => if y = x then d else .var y
  | .plus a b => .plus (Expr.subst x d a) (Expr.subst x d b)
  | .times a b => .times (Expr.subst x d a) (Expr.subst x d b)
inductive Instr where
  | push : Nat → Instr
  | load : Nat → Instr
  | add : Instr
  | mul : Instr
def run (s : Nat → Nat) : List Instr → List Nat → List Nat
  | [], st => st
  | .push n :: is, st => run s is (n :: st)
  | .load x :: is, st => run s is (s x :: st)
  | .add :: is, b :: a :: st => run s is ((a + b) :: st)
  | .mul :: is, b :: a :: st => run s is ((a * b) :: st)
  | _ :: is, st => run s is st
def Expr.compile : Expr → List Instr
  | .num n => [.push n]
  | .var x => [.load x]
  | .plus a b => a.compile ++ (b.compile ++ [.add])
  | .times a b => a.compile ++ (b.compile ++ [.mul])
"""

NUM = """\
inductive Num where
  | z : Num
  | s : Num → Num
def add : Num → Num → Num
  | .z, b => b
  | .s a, b => .s (add a b)
def mul : Num → Num → Num
  | .z, _ => .z
  | .s a, b => add b (mul a b)
def twice : Num → Num
  | .z => .z
  | .s a => .s (.s (twice a))
def toNat : Num → Nat
  | .z => 0
  | .s a => toNat a + 1
"""

PARITY = """\
inductive Even : Nat → Prop where
  | zero : Even 0
  | step {n : Nat} : Even n → Even (n + 2)
inductive Odd : Nat → Prop where
  | one : Odd 1
  | step {n : Nat} : Odd n → Odd (n + 2)
"""


Case = tuple[str, tuple[str, ...], str, tuple[Script, ...]]


def _tree_induction(t: str) -> str:
    return f"induction {t} with | leaf => ?_ | node l x r ihl ihr => ?_"


def trees(rng: Random, size: int) -> Draft:
    """Binary trees: size, height, mirror, map, flattening, membership."""
    t = rng.choice(["t", "s", "u"])
    base = ("(α : Type)", f"({t} : Tree α)")
    two = ("(α β : Type)", "(f : α → β)", f"({t} : Tree α)")
    start = _tree_induction(t)
    unfold = "Tree.size, Tree.leaves, Tree.mirror, Tree.map, Tree.height, Tree.flatten"

    def simple(goal: str, *extra: str) -> tuple[Script, ...]:
        return (
            (start, "rfl", f"simp only [{unfold}, ihl, ihr]", *extra),
            (start, "rfl", f"simp only [{unfold}, ihl, ihr]"),
            (start, "rfl", f"simp [{unfold}, ihl, ihr]"),
            (start, "rfl", f"simp [{unfold}, ihl, ihr]", *extra),
            (start, f"simp [{unfold}]", f"simp [{unfold}, ihl, ihr]"),
            (start, f"simp [{unfold}]", f"simp [{unfold}] at *", "omega"),
        )

    n = rng.randint(1, 2 + size)
    measure = rng.choice(["size", "height", "leaves"])
    text = t
    for _ in range(n):
        text = f"{text}.mirror" if rng.random() < 0.6 else f"({text}.map g)"
    one = ("(α : Type)", "(g : α → α)", f"({t} : Tree α)") if "map g" in text else base
    composed = (
        (
            f"have hm : ∀ u : Tree α, u.mirror.{measure} = u.{measure} := by intro u; "
            f"induction u <;> simp_all [Tree.mirror, Tree.{measure}] <;> omega"
        ),
        *(
            (
                (
                    f"have hg : ∀ u : Tree α, (u.map g).{measure} = u.{measure} := by intro u; "
                    f"induction u <;> simp_all [Tree.map, Tree.{measure}]"
                ),
                "simp only [hm, hg]",
            )
            if "map g" in text
            else ("simp only [hm]",)
        ),
    )
    only_maps = tuple(s for s in composed if not s.startswith("have hm"))
    fewer = tuple(s.replace("hm, ", "") for s in only_maps)
    cases: list[Case] = [
        (f"tree_{measure}_composed", one, f"{text}.{measure} = {t}.{measure}", (composed, fewer)),
        ("tree_mirror_twice", base, f"{t}.mirror.mirror = {t}", simple("")),
        ("tree_map_mirror", two, f"({t}.map f).mirror = {t}.mirror.map f", simple("")),
        ("tree_leaves", base, f"{t}.leaves = {t}.size + 1", simple("", "omega")),
        (
            "tree_height_size",
            base,
            f"{t}.height ≤ {t}.size",
            ((start, "exact Nat.le_refl _", "simp only [Tree.height, Tree.size]", "omega"),),
        ),
        ("tree_map_id", base, f"{t}.map (fun y => y) = {t}", simple("")),
        (
            "tree_map_comp",
            ("(α β γ : Type)", "(f : α → β)", "(g : β → γ)", f"({t} : Tree α)"),
            f"({t}.map f).map g = {t}.map (fun y => g (f y))",
            simple(""),
        ),
        (
            "tree_flatten_length",
            base,
            f"{t}.flatten.length = {t}.size",
            (
                (
                    start,
                    "rfl",
                    "rw [Tree.flatten, Tree.size, List.length_append, List.length_cons, ihl, ihr]",
                    "omega",
                ),
            ),
        ),
        (
            "tree_flatten_map",
            two,
            f"({t}.map f).flatten = {t}.flatten.map f",
            (
                (
                    start,
                    "rfl",
                    "rw [Tree.map, Tree.flatten, Tree.flatten, List.map_append, List.map_cons, ihl, ihr]",
                ),
            ),
        ),
        (
            "tree_flatten_mirror",
            base,
            f"{t}.mirror.flatten = {t}.flatten.reverse",
            (
                (
                    start,
                    "rfl",
                    "simp only [Tree.mirror, Tree.flatten, List.reverse_append, List.reverse_cons, ihl, ihr]",
                    "rw [List.append_assoc]",
                    "rfl",
                ),
                (start, "rfl", "simp [Tree.mirror, Tree.flatten, ihl, ihr]"),
            ),
        ),
        (
            "tree_mem_flatten",
            ("(α : Type)", "(a : α)", f"({t} : Tree α)"),
            f"a ∈ {t}.flatten ↔ Tree.Mem a {t}",
            (
                (
                    start,
                    "simp [Tree.flatten, Tree.Mem]",
                    "simp only [Tree.flatten, Tree.Mem, List.mem_append, List.mem_cons, ihl, ihr]",
                ),
            ),
        ),
        (
            "tree_mem_mirror",
            ("(α : Type)", "(a : α)", f"({t} : Tree α)"),
            f"Tree.Mem a {t}.mirror ↔ Tree.Mem a {t}",
            (
                (
                    start,
                    "rfl",
                    "simp only [Tree.mirror, Tree.Mem, ihl, ihr]",
                    "constructor",
                    "rintro (h | h | h)",
                    "right",
                    "right",
                    "exact h",
                    "right",
                    "left",
                    "exact h",
                    "left",
                    "exact h",
                    "rintro (h | h | h)",
                    "right",
                    "right",
                    "exact h",
                    "right",
                    "left",
                    "exact h",
                    "left",
                    "exact h",
                ),
                (start, "rfl", "simp only [Tree.mirror, Tree.Mem, ihl, ihr]", "grind"),
            ),
        ),
        (
            "tree_mem_map",
            ("(α β : Type)", "(f : α → β)", "(a : α)", f"({t} : Tree α)", f"(h : Tree.Mem a {t})"),
            f"Tree.Mem (f a) ({t}.map f)",
            (
                (
                    start,
                    "exact h",
                    "simp only [Tree.map, Tree.Mem] at *",
                    "rcases h with h | h | h",
                    "left",
                    "exact ihl h",
                    "right",
                    "left",
                    "rw [h]",
                    "right",
                    "right",
                    "exact ihr h",
                ),
            ),
        ),
        (
            "tree_sum_mirror",
            (f"({t} : Tree Nat)",),
            f"{t}.mirror.sum = {t}.sum",
            ((start, "rfl", "simp only [Tree.mirror, Tree.sum, ihl, ihr]", "omega"),),
        ),
        (
            "tree_sum_map",
            (f"({t} : Tree Nat)",),
            f"({t}.map (fun y => {n + 1} * y)).sum = {n + 1} * {t}.sum",
            ((start, "rfl", "simp only [Tree.map, Tree.sum, ihl, ihr]", "omega"),),
        ),
        (
            "tree_sum_shift",
            (f"({t} : Tree Nat)",),
            f"({t}.map (fun y => y + {n})).sum = {t}.sum + {n} * {t}.size",
            ((start, "rfl", "simp only [Tree.map, Tree.sum, Tree.size, ihl, ihr]", "grind"),),
        ),
        (
            "tree_sum_flatten",
            (f"({t} : Tree Nat)",),
            f"{t}.flatten.sum = {t}.sum",
            (
                (
                    start,
                    "simp [Tree.flatten, Tree.sum]",
                    "rw [Tree.flatten, Tree.sum, List.sum_append, List.sum_cons, ihl, ihr]",
                    "omega",
                ),
            ),
        ),
        (
            "tree_size_bound",
            base,
            f"{t}.size + 1 ≤ 2 ^ {t}.height",
            (
                (
                    start,
                    "exact Nat.le_refl _",
                    "simp only [Tree.size, Tree.height, Nat.pow_succ]",
                    "have h1 : 2 ^ l.height ≤ 2 ^ max l.height r.height := Nat.pow_le_pow_right (by decide) (Nat.le_max_left _ _)",
                    "have h2 : 2 ^ r.height ≤ 2 ^ max l.height r.height := Nat.pow_le_pow_right (by decide) (Nat.le_max_right _ _)",
                    "omega",
                ),
            ),
        ),
        (
            "tree_mirror_injective",
            ("(α : Type)", f"({t} v : Tree α)", f"(h : {t}.mirror = v.mirror)"),
            f"{t} = v",
            (
                (
                    "have hm : ∀ w : Tree α, w.mirror.mirror = w := by intro w; induction w <;> simp_all [Tree.mirror]",
                    f"rw [← hm {t}, ← hm v, h]",
                ),
            ),
        ),
        (
            "tree_size_zero",
            base,
            f"{t}.size = 0 ↔ {t} = Tree.leaf",
            (
                (
                    f"cases {t} with | leaf => ?_ | node l x r => ?_",
                    "simp [Tree.size]",
                    "simp [Tree.size]",
                ),
            ),
        ),
        (
            "tree_member_sum",
            (f"({t} : Tree Nat)", "(a : Nat)", f"(h : Tree.Mem a {t})"),
            f"a ≤ {t}.sum",
            (
                (
                    start,
                    "exact absurd h (by simp [Tree.Mem])",
                    "simp only [Tree.Mem, Tree.sum] at *",
                    "rcases h with h | h | h",
                    "have h1 := ihl h",
                    "omega",
                    "omega",
                    "have h1 := ihr h",
                    "omega",
                ),
            ),
        ),
    ]
    name, binders, goal, scripts = rng.choice(cases)
    return Draft(FAMILY, name, binders, goal, TREE, scripts, {"type": "tree"})


def binary(rng: Random, size: int) -> Draft:
    """Binary numerals."""
    b = rng.choice(["b", "x", "n"])
    start = f"induction {b} with | zero => ?_ | even a ih => ?_ | odd a ih => ?_"
    k = rng.randint(1, 2 + size)
    incs = b + ".inc" * k
    hinc = (
        "have hi : ∀ c : Bin, c.inc.val = c.val + 1 := by intro c; "
        "induction c <;> simp_all [Bin.inc, Bin.val] <;> omega"
    )
    numeral = "Bin.zero"
    total = 0
    for _ in range(1 + size):
        bit = rng.randint(0, 1)
        numeral = (
            f"Bin.{'odd' if bit else 'even'} {numeral if numeral == 'Bin.zero' else f'({numeral})'}"
        )
        total = 2 * total + bit
    cases: list[Case] = [
        (
            "bin_inc",
            (f"({b} : Bin)",),
            f"{b}.inc.val = {b}.val + 1",
            ((start, "rfl", "rfl", "simp only [Bin.inc, Bin.val, ih]", "omega"),),
        ),
        (
            "bin_incs",
            (f"({b} : Bin)",),
            f"{incs}.val = {b}.val + {k}",
            ((hinc, "simp only [hi]"), (hinc, "simp only [hi, Nat.add_assoc]")),
        ),
        (
            "bin_bound",
            (f"({b} : Bin)",),
            f"{b}.val < 2 ^ {b}.len",
            (
                (
                    start,
                    "decide",
                    "simp only [Bin.val, Bin.len, Nat.pow_succ]",
                    "omega",
                    "simp only [Bin.val, Bin.len, Nat.pow_succ]",
                    "omega",
                ),
            ),
        ),
        (
            "bin_ones",
            (f"({b} : Bin)",),
            f"{b}.ones ≤ {b}.len",
            (
                (
                    start,
                    "exact Nat.le_refl _",
                    "simp only [Bin.ones, Bin.len]",
                    "omega",
                    "simp only [Bin.ones, Bin.len]",
                    "omega",
                ),
            ),
        ),
        (
            "bin_ones_val",
            (f"({b} : Bin)",),
            f"{b}.ones ≤ {b}.val",
            (
                (
                    start,
                    "exact Nat.le_refl _",
                    "simp only [Bin.ones, Bin.val]",
                    "omega",
                    "simp only [Bin.ones, Bin.val]",
                    "omega",
                ),
            ),
        ),
        (
            "bin_of_nat",
            ("(n : Nat)",),
            "(Bin.ofNat n).val = n",
            (
                (
                    hinc,
                    "induction n with | zero => ?_ | succ n ih => ?_",
                    "rfl",
                    "rw [Bin.ofNat, hi, ih]",
                ),
            ),
        ),
        (
            "bin_double",
            (f"({b} : Bin)",),
            f"(Bin.even {b}).inc.inc.val = 2 * {b}.val + 2",
            ((hinc, "rw [hi, hi, Bin.val]"),),
        ),
        ("bin_value", (), f"({numeral}).val = {total}", (("rfl",), ("decide",))),
        (
            "bin_zero_ones",
            (f"({b} : Bin)",),
            f"{b}.ones = 0 ↔ {b}.val = 0",
            (
                (
                    start,
                    "exact Iff.rfl",
                    "simp only [Bin.ones, Bin.val]",
                    "omega",
                    "simp only [Bin.ones, Bin.val]",
                    "omega",
                ),
            ),
        ),
        (
            "bin_inc_len",
            (f"({b} : Bin)",),
            f"{b}.inc.len ≤ {b}.len + {k}",
            (
                (
                    f"have h1 : {b}.inc.len ≤ {b}.len + 1 := by induction {b} <;> simp_all [Bin.inc, Bin.len]",
                    "omega",
                ),
            ),
        ),
        (
            "bin_inc_ne_zero",
            (f"({b} : Bin)",),
            f"{b}.inc ≠ Bin.zero",
            (
                (
                    f"cases {b} with | zero => ?_ | even a => ?_ | odd a => ?_",
                    "intro h",
                    "cases h",
                    "intro h",
                    "cases h",
                    "intro h",
                    "cases h",
                ),
            ),
        ),
        (
            "bin_inc_parity",
            (f"({b} : Bin)",),
            f"{incs}.val % 2 = ({b}.val + {k % 2}) % 2",
            ((hinc, "simp only [hi]", "omega"),),
        ),
    ]
    name, binders, goal, scripts = rng.choice(cases)
    return Draft(FAMILY, name, binders, goal, BIN, scripts, {"type": "binary"})


def expressions(rng: Random, size: int) -> Draft:
    """Arithmetic expressions: evaluation, substitution, optimisation, compilation."""
    e = rng.choice(["e", "a", "t"])
    cases4 = "num n => ?_ | var x => ?_ | plus p q ihp ihq => ?_ | times p q ihp ihq => ?_"
    start = f"induction {e} with | {cases4}"
    k = rng.randint(1, 3 + size)
    append = (
        "have ha : ∀ (is js : List Instr) (st : List Nat), run s (is ++ js) st = run s js (run s is st) := by "
        "intro is js; induction is with\n| nil => intro st; rfl\n| cons i is ih => intro st; "
        "cases i <;> rcases st with _ | ⟨u, _ | ⟨v, st⟩⟩ <;> simp only [List.cons_append, run, ih]"
    )
    left, right, steps = _same_value(rng, 2 + size // 2)
    variables = [
        v
        for v in ("a", "b", "c")
        if f" {v}" in f" {left}".replace("(", " ").replace(")", " ")
        or v in right.replace("(", " ").replace(")", " ").split()
    ]
    cases: list[Case] = [
        (
            "expr_swap",
            ("(s : Nat → Nat)", f"({e} : Expr)"),
            f"{e}.swap.eval s = {e}.eval s",
            (
                (
                    start,
                    "rfl",
                    "rfl",
                    "simp only [Expr.swap, Expr.eval, ihp, ihq]",
                    "exact Nat.add_comm _ _",
                    "simp only [Expr.swap, Expr.eval, ihp, ihq]",
                    "exact Nat.mul_comm _ _",
                ),
            ),
        ),
        (
            "expr_swap_twice",
            (f"({e} : Expr)",),
            f"{e}.swap.swap = {e}",
            (
                (
                    start,
                    "rfl",
                    "rfl",
                    "simp only [Expr.swap, ihp, ihq]",
                    "simp only [Expr.swap, ihp, ihq]",
                ),
            ),
        ),
        (
            "expr_swap_size",
            (f"({e} : Expr)",),
            f"{e}.swap.size = {e}.size",
            (
                (
                    start,
                    "rfl",
                    "rfl",
                    "simp only [Expr.swap, Expr.size, ihp, ihq]",
                    "omega",
                    "simp only [Expr.swap, Expr.size, ihp, ihq]",
                    "omega",
                ),
            ),
        ),
        (
            "expr_shift",
            ("(s : Nat → Nat)", "(k : Nat)", f"({e} : Expr)"),
            f"({e}.shift k).eval s = {e}.eval (fun x => s (x + k))",
            (
                (
                    start,
                    "rfl",
                    "rfl",
                    "simp only [Expr.shift, Expr.eval, ihp, ihq]",
                    "simp only [Expr.shift, Expr.eval, ihp, ihq]",
                ),
            ),
        ),
        (
            "expr_shift_size",
            (f"({e} : Expr)",),
            f"({e}.shift {k}).size = {e}.size",
            (
                (
                    start,
                    "rfl",
                    "rfl",
                    "simp only [Expr.shift, Expr.size, ihp, ihq]",
                    "simp only [Expr.shift, Expr.size, ihp, ihq]",
                ),
            ),
        ),
        (
            "expr_shift_add",
            (f"({e} : Expr)",),
            f"({e}.shift {k}).shift 2 = {e}.shift {k + 2}",
            (
                (
                    start,
                    "rfl",
                    "rfl",
                    "simp only [Expr.shift, ihp, ihq]",
                    "simp only [Expr.shift, ihp, ihq]",
                ),
            ),
        ),
        (
            "expr_subst",
            ("(s : Nat → Nat)", "(x : Nat)", "(d : Expr)", f"({e} : Expr)"),
            f"(Expr.subst x d {e}).eval s = {e}.eval (fun y => if y = x then d.eval s else s y)",
            (
                (
                    f"induction {e} with | num n => ?_ | var y => ?_ | plus p q ihp ihq => ?_ | times p q ihp ihq => ?_",
                    "rfl",
                    "simp only [Expr.subst, Expr.eval]",
                    "split",
                    "rfl",
                    "rfl",
                    "simp only [Expr.subst, Expr.eval, ihp, ihq]",
                    "simp only [Expr.subst, Expr.eval, ihp, ihq]",
                ),
            ),
        ),
        (
            "expr_agree",
            ("(s r : Nat → Nat)", f"({e} : Expr)", "(h : ∀ x, s x = r x)"),
            f"{e}.eval s = {e}.eval r",
            (
                (
                    start,
                    "rfl",
                    "exact h x",
                    "simp only [Expr.eval, ihp, ihq]",
                    "simp only [Expr.eval, ihp, ihq]",
                ),
            ),
        ),
        (
            "expr_monotone",
            ("(s r : Nat → Nat)", f"({e} : Expr)", "(h : ∀ x, s x ≤ r x)"),
            f"{e}.eval s ≤ {e}.eval r",
            (
                (
                    start,
                    "exact Nat.le_refl _",
                    "exact h x",
                    "exact Nat.add_le_add ihp ihq",
                    "exact Nat.mul_le_mul ihp ihq",
                ),
            ),
        ),
        (
            "expr_size_pos",
            (f"({e} : Expr)",),
            f"0 < {e}.size",
            (
                (f"cases {e} <;> simp [Expr.size]",),
                (f"cases {e} <;> simp only [Expr.size] <;> omega",),
            ),
        ),
        (
            "expr_size_odd",
            (f"({e} : Expr)",),
            f"{e}.size % 2 = 1",
            (
                (
                    start,
                    "rfl",
                    "rfl",
                    "simp only [Expr.size]",
                    "omega",
                    "simp only [Expr.size]",
                    "omega",
                ),
            ),
        ),
        (
            "expr_compile",
            ("(s : Nat → Nat)", f"({e} : Expr)"),
            f"∀ st, run s {e}.compile st = {e}.eval s :: st",
            (
                (
                    append,
                    start,
                    "intro st",
                    "rfl",
                    "intro st",
                    "rfl",
                    "intro st",
                    "simp only [Expr.compile, ha, ihp, ihq, run, Expr.eval]",
                    "intro st",
                    "simp only [Expr.compile, ha, ihp, ihq, run, Expr.eval]",
                ),
            ),
        ),
        (
            "expr_run_append",
            ("(s : Nat → Nat)", "(is js : List Instr)"),
            "∀ st, run s (is ++ js) st = run s js (run s is st)",
            (
                (
                    "induction is with | nil => ?_ | cons i is ih => ?_",
                    "intro st",
                    "rfl",
                    "intro st",
                    "cases i <;> rcases st with _ | ⟨u, _ | ⟨v, st⟩⟩ <;> simp only [List.cons_append, run, ih]",
                ),
            ),
        ),
        (
            "expr_compile_length",
            (f"({e} : Expr)",),
            f"{e}.compile.length = {e}.size",
            (
                (
                    start,
                    "rfl",
                    "rfl",
                    "simp [Expr.compile, Expr.size, ihp, ihq]",
                    "omega",
                    "simp [Expr.compile, Expr.size, ihp, ihq]",
                    "omega",
                ),
                (
                    start,
                    "rfl",
                    "rfl",
                    "simp [Expr.compile, Expr.size, ihp, ihq, Nat.add_assoc]",
                    "simp [Expr.compile, Expr.size, ihp, ihq, Nat.add_assoc]",
                ),
            ),
        ),
        (
            "expr_constants",
            ("(s : Nat → Nat)", f"({e} : Expr)", f"(h : ∀ x, s x = {k})"),
            f"{e}.eval s = {e}.eval (fun _ => {k})",
            (
                (
                    start,
                    "rfl",
                    "exact h x",
                    "simp only [Expr.eval, ihp, ihq]",
                    "simp only [Expr.eval, ihp, ihq]",
                ),
            ),
        ),
        (
            "expr_laws",
            ("(s : Nat → Nat)", f"({' '.join(variables)} : Expr)"),
            f"({left}).eval s = ({right}).eval s",
            (("simp only [Expr.eval]", *steps), ("simp only [Expr.eval]", "grind")),
        ),
    ]
    weights = [1] * (len(cases) - 1) + [4]
    name, binders, goal, scripts = rng.choices(cases, weights)[0]
    return Draft(FAMILY, name, binders, goal, EXPR, scripts, {"type": "expression"})


def _same_value(rng: Random, depth: int) -> tuple[str, str, Script]:
    """Two expressions of one value, by commutativity, distributivity and units."""

    def build(d: int) -> tuple[str, str]:
        if d == 0:
            v = rng.choice("abc")
            return v, v
        op = rng.choice(["plus", "plus", "times"])
        (l1, r1), (l2, r2) = build(d - 1), build(rng.randint(0, d - 1))
        one = f".{op} {_arg(l1)} {_arg(l2)}"
        two = (
            f".{op} {_arg(r2)} {_arg(r1)}" if rng.random() < 0.6 else f".{op} {_arg(r1)} {_arg(r2)}"
        )
        roll = rng.random()
        if roll < 0.2:
            one = f".plus (.num 0) {_arg(one)}"
        elif roll < 0.35:
            one = f".times {_arg(one)} (.num 1)"
        elif roll < 0.5:
            one, two = f".times (.num 2) {_arg(one)}", f".plus {_arg(two)} {_arg(two)}"
        return one, two

    left, right = build(depth)
    while left == right:
        left, right = build(depth)
    return f"Expr{left}", f"Expr{right}", ("grind",)


def _arg(text: str) -> str:
    return f"({text})" if " " in text else text


def peano(rng: Random, size: int) -> Draft:
    """A second copy of the natural numbers, with addition and multiplication to be proved anew."""
    a, b, c = rng.sample(["a", "b", "c", "x", "y", "n", "m"], 3)
    start = f"induction {a} with | z => ?_ | s {a} ih => ?_"
    laws = {
        "hz": "∀ p, add p Num.z = p",
        "hs": "∀ p q, add p (Num.s q) = Num.s (add p q)",
        "hc": "∀ p q, add p q = add q p",
        "ha": "∀ p q r, add (add p q) r = add p (add q r)",
        "mz": "∀ p, mul p Num.z = Num.z",
        "ms": "∀ p q, mul p (Num.s q) = add p (mul p q)",
    }

    def given(*names: str) -> tuple[str, ...]:
        return tuple(f"({n} : {laws[n]})" for n in names)

    k = rng.randint(1, 3 + size)
    sk = a
    for _ in range(k):
        sk = f"(Num.s {sk})"
    cases: list[Case] = [
        ("num_add_z", (f"({a} : Num)",), f"add {a} Num.z = {a}", ((start, "rfl", "rw [add, ih]"),)),
        (
            "num_add_s",
            (f"({a} {b} : Num)",),
            f"add {a} (Num.s {b}) = Num.s (add {a} {b})",
            ((start, "rfl", "rw [add, ih, add]"), (start, "rfl", "simp only [add, ih]")),
        ),
        (
            "num_add_comm",
            (f"({a} {b} : Num)", *given("hz", "hs")),
            f"add {a} {b} = add {b} {a}",
            (
                (start, "rw [hz]", "rfl", "rw [hs, add, ih]"),
                (start, "simp only [hz, add]", "simp only [hs, add, ih]"),
            ),
        ),
        (
            "num_add_comm_bare",
            (f"({a} {b} : Num)",),
            f"add {a} {b} = add {b} {a}",
            (
                (
                    f"have hz : {laws['hz']} := by intro p; induction p <;> simp_all [add]",
                    f"have hs : {laws['hs']} := by intro p q; induction p <;> simp_all [add]",
                    start,
                    "simp only [hz, add]",
                    "simp only [hs, add, ih]",
                ),
            ),
        ),
        (
            "num_add_assoc",
            (f"({a} {b} {c} : Num)",),
            f"add (add {a} {b}) {c} = add {a} (add {b} {c})",
            ((start, "rfl", "simp only [add, ih]"),),
        ),
        (
            "num_mul_z",
            (f"({a} : Num)",),
            f"mul {a} Num.z = Num.z",
            ((start, "rfl", "simp only [mul, add, ih]"),),
        ),
        (
            "num_mul_s",
            (f"({a} {b} : Num)", *given("hc", "ha", "hs")),
            f"mul {a} (Num.s {b}) = add {a} (mul {a} {b})",
            ((start, "rfl", "simp only [mul, add, ih]", f"rw [← ha, ← ha, hc {b} {a}]"),),
        ),
        (
            "num_mul_comm",
            (f"({a} {b} : Num)", *given("mz", "ms")),
            f"mul {a} {b} = mul {b} {a}",
            (
                (start, "rw [mz]", "rfl", "rw [ms, mul, ih]"),
                (start, "simp only [mz, mul]", "simp only [ms, mul, ih]"),
            ),
        ),
        (
            "num_distrib",
            (f"({a} {b} {c} : Num)", *given("ha")),
            f"mul (add {a} {b}) {c} = add (mul {a} {c}) (mul {b} {c})",
            (
                (start, "rfl", "simp only [add, mul, ih]", "rw [ha]"),
                (start, "rfl", "simp only [add, mul, ih, ha]"),
            ),
        ),
        (
            "num_mul_assoc",
            (f"({a} {b} {c} : Num)", "(hd : ∀ p q r, mul (add p q) r = add (mul p r) (mul q r))"),
            f"mul (mul {a} {b}) {c} = mul {a} (mul {b} {c})",
            ((start, "rfl", "simp only [mul, hd, ih]"),),
        ),
        (
            "num_twice",
            (f"({a} : Num)", *given("hs")),
            f"twice {a} = add {a} {a}",
            ((start, "rfl", "simp only [twice, add, hs, ih]"),),
        ),
        (
            "num_to_nat",
            (f"({a} {b} : Num)",),
            f"toNat (add {a} {b}) = toNat {a} + toNat {b}",
            ((start, "simp [add, toNat]", "simp only [add, toNat, ih]", "omega"),),
        ),
        (
            "num_to_nat_mul",
            (f"({a} {b} : Num)", "(h : ∀ p q, toNat (add p q) = toNat p + toNat q)"),
            f"toNat (mul {a} {b}) = toNat {a} * toNat {b}",
            (
                (
                    start,
                    "simp [mul, toNat]",
                    "simp only [mul, toNat, h, ih, Nat.add_mul, Nat.one_mul]",
                    "exact Nat.add_comm _ _",
                ),
                (start, "simp [mul, toNat]", "simp only [mul, toNat, h, ih]", "grind"),
            ),
        ),
        (
            "num_to_nat_twice",
            (f"({a} : Num)",),
            f"toNat (twice {sk}) = 2 * toNat {a} + {2 * k}",
            (
                (
                    "have h : ∀ p, toNat (twice p) = 2 * toNat p := by intro p; induction p <;> simp_all [twice, toNat] <;> omega",
                    "rw [h]",
                    "simp only [toNat]",
                    "omega",
                ),
            ),
        ),
        (
            "num_injective",
            (f"({a} {b} : Num)", f"(h : toNat {a} = toNat {b})"),
            f"{a} = {b}",
            (
                (
                    f"induction {a} generalizing {b} with | z => ?_ | s {a} ih => ?_",
                    f"cases {b} with | z => ?_ | s {b} => ?_",
                    "rfl",
                    "simp [toNat] at h",
                    f"cases {b} with | z => ?_ | s {b} => ?_",
                    "simp [toNat] at h",
                    f"rw [ih {b}]",
                    "simp [toNat] at h",
                    "exact h",
                ),
                (
                    f"induction {a} generalizing {b} with | z => ?_ | s {a} ih => ?_",
                    f"cases {b} with | z => ?_ | s {b} => ?_",
                    "rfl",
                    "simp [toNat] at h",
                    f"cases {b} with | z => ?_ | s {b} => ?_",
                    "simp [toNat] at h",
                    "simp only [toNat] at h",
                    f"rw [ih {b} (by omega)]",
                ),
            ),
        ),
        (
            "num_no_fixpoint",
            (f"({a} : Num)",),
            f"{sk} ≠ {a}",
            (("intro h", "have h1 := congrArg toNat h", "simp only [toNat] at h1", "omega"),),
        ),
        (
            "num_cancel",
            (f"({a} {b} {c} : Num)", f"(h : add {a} {b} = add {a} {c})"),
            f"{b} = {c}",
            ((start, "exact h", "apply ih", "simp only [add] at h", "injection h"),),
        ),
    ]
    name, binders, goal, scripts = rng.choice(cases)
    return Draft(FAMILY, name, binders, goal, NUM, scripts, {"type": "peano"})


def parity(rng: Random, size: int) -> Draft:
    """Inductive predicates of evenness and oddness."""
    n, m = rng.sample(["n", "m", "a", "b"], 2)
    k = rng.randint(1, 3 + size)
    cases: list[Case] = [
        ("even_numeral", (), f"Even {2 * k}", ((*(["apply Even.step"] * k), "exact Even.zero"),)),
        ("odd_numeral", (), f"Odd {2 * k + 1}", ((*(["apply Odd.step"] * k), "exact Odd.one"),)),
        (
            "even_add_numeral",
            (f"({n} : Nat)", f"(h : Even {n})"),
            f"Even ({n} + {2 * k})",
            ((*(["apply Even.step"] * k), "exact h"),),
        ),
        (
            "even_add",
            (f"({n} {m} : Nat)", f"(h1 : Even {n})", f"(h2 : Even {m})"),
            f"Even ({n} + {m})",
            (
                (
                    "induction h2 with | zero => ?_ | step h ih => ?_",
                    "exact h1",
                    "exact Even.step ih",
                ),
            ),
        ),
        (
            "even_odd_add",
            (f"({n} {m} : Nat)", f"(h1 : Even {n})", f"(h2 : Odd {m})"),
            f"Odd ({n} + {m})",
            (
                (
                    "induction h2 with | one => ?_ | step h ih => ?_",
                    "induction h1 with | zero => ?_ | step h ih => ?_",
                    "exact Odd.one",
                    "exact Odd.step ih",
                    "exact Odd.step ih",
                ),
            ),
        ),
        (
            "odd_odd_add",
            (f"({n} {m} : Nat)", f"(h1 : Odd {n})", f"(h2 : Odd {m})"),
            f"Even ({n} + {m})",
            (
                (
                    "induction h2 with | one => ?_ | step h ih => ?_",
                    "induction h1 with | one => ?_ | step h ih => ?_",
                    "exact Even.step Even.zero",
                    "exact Even.step ih",
                    "exact Even.step ih",
                ),
            ),
        ),
        (
            "even_mod",
            (f"({n} : Nat)", f"(h : Even {n})"),
            f"{n} % 2 = 0",
            (("induction h with | zero => ?_ | step h ih => ?_", "rfl", "omega"),),
        ),
        (
            "odd_mod",
            (f"({n} : Nat)", f"(h : Odd {n})"),
            f"({n} + {k}) % 2 = {(1 + k) % 2}",
            (("induction h with | one => ?_ | step h ih => ?_", "rfl", "omega"),),
        ),
        (
            "even_witness",
            (f"({n} : Nat)", f"(h : Even {n})"),
            f"∃ k, {n} = 2 * k",
            (
                (
                    "induction h with | zero => ?_ | step h ih => ?_",
                    "exact ⟨0, rfl⟩",
                    "obtain ⟨k, hk⟩ := ih",
                    "exact ⟨k + 1, by omega⟩",
                ),
            ),
        ),
        (
            "even_double",
            (f"({n} : Nat)",),
            f"Even (2 * {n})",
            (
                (
                    f"induction {n} with | zero => ?_ | succ {n} ih => ?_",
                    "exact Even.zero",
                    "exact Even.step ih",
                ),
            ),
        ),
        (
            "even_or_odd",
            (f"({n} : Nat)",),
            f"Even {n} ∨ Odd {n}",
            (
                (
                    f"have h : (Even {n} ∨ Odd {n}) ∧ (Even ({n} + 1) ∨ Odd ({n} + 1)) := by induction {n} with\n| zero => exact ⟨Or.inl Even.zero, Or.inr Odd.one⟩\n| succ k ih => exact ⟨ih.2, ih.1.elim (fun h => Or.inl (Even.step h)) (fun h => Or.inr (Odd.step h))⟩",
                    "exact h.1",
                ),
            ),
        ),
        (
            "even_not_odd",
            (f"({n} : Nat)", f"(h : Even {n})"),
            f"¬Odd {n}",
            (
                (
                    "induction h with | zero => ?_ | step h ih => ?_",
                    "intro h",
                    "cases h",
                    "intro h1",
                    "cases h1 with | step h2 => ?_",
                    "exact ih h2",
                ),
            ),
        ),
        (
            "even_succ",
            (f"({n} : Nat)", f"(h : Even {n})"),
            f"Odd ({n} + {2 * k - 1})",
            (
                (
                    f"have h1 : Odd ({n} + 1) := by induction h with\n| zero => exact Odd.one\n| step h ih => exact Odd.step ih",
                    *(["apply Odd.step"] * (k - 1)),
                    "exact h1",
                ),
            ),
        ),
        (
            "even_back",
            (f"({n} : Nat)", f"(h : Even ({n} + {2 * k}))"),
            f"Even {n}",
            ((*(["cases h with | step h => ?_"] * k), "exact h"),),
        ),
        (
            "even_mul",
            (f"({n} {m} : Nat)", f"(h : Even {n})"),
            f"Even ({n} * {m})",
            (
                (
                    "have ha : ∀ p q, Even p → Even q → Even (p + q) := by\n  intro p q hp hq\n  induction hq with\n  | zero => exact hp\n  | step h ih => exact Even.step ih",
                    f"induction {m} with | zero => ?_ | succ {m} ih => ?_",
                    "exact Even.zero",
                    "rw [Nat.mul_succ]",
                    "exact ha _ _ ih h",
                ),
            ),
        ),
    ]
    name, binders, goal, scripts = rng.choice(cases)
    return Draft(FAMILY, name, binders, goal, PARITY, scripts, {"type": "parity", "k": k})


def enumerations(rng: Random, size: int) -> Draft:
    """A finite type with functions given by tables."""
    names = rng.sample(["red", "green", "blue", "grey"], 3 + (size > 2))
    type_ = "Color"
    index = rng.randrange(6)
    table = Random(index)
    turn = names[:]
    table.shuffle(turn)
    order = sorted(["red", "green", "blue", "grey"][: len(names)])
    names = order
    turn = order[1:] + order[:1] if index % 2 else order[::-1]
    header = (
        f"inductive {type_} where\n"
        + "".join(f"  | {n} : {type_}\n" for n in names)
        + f"def turn : {type_} → {type_}\n"
        + "".join(f"  | .{n} => .{t}\n" for n, t in zip(names, turn, strict=True))
        + f"def score : {type_} → Nat\n"
        + "".join(f"  | .{n} => {i + index}\n" for i, n in enumerate(names))
    )
    period = len(names) if index % 2 else 2
    times = period * rng.randint(1, 2) + rng.choice([0, 1])

    def power(k: int) -> str:
        text = "c"
        for _ in range(k):
            text = f"turn ({text})" if " " in text else f"turn {text}"
        return text

    k = rng.randint(0, 2)
    total = sum(range(index, index + len(names)))
    cases: list[Case] = [
        (
            "enum_period",
            (f"(c : {type_})",),
            f"{power(times)} = {power(times % period)}",
            (("cases c <;> rfl",),),
        ),
        (
            "enum_injective",
            (f"(c d : {type_})", "(h : turn c = turn d)"),
            "c = d",
            (
                ("cases c <;> cases d <;> first | rfl | cases h",),
                ("cases c <;> cases d <;> simp_all [turn]",),
            ),
        ),
        (
            "enum_surjective",
            (f"(c : {type_})",),
            "∃ d, turn d = c",
            (("cases c", *(f"exact ⟨.{names[turn.index(n)]}, rfl⟩" for n in names)),),
        ),
        (
            "enum_score",
            (f"(c : {type_})",),
            f"score c + {k} < {index + len(names) + k}",
            (("cases c <;> decide",), ("cases c <;> simp [score]",)),
        ),
        (
            "enum_predicate",
            (f"(P : {type_} → Prop)", f"(h0 : P .{names[0]})", "(hs : ∀ c, P c → P (turn c))")
            if index % 2
            else (f"(P : {type_} → Prop)", *(f"(h{i} : P .{n})" for i, n in enumerate(names))),
            "∀ c, P c",
            (
                (
                    "have h1 := hs _ h0",
                    *(f"have h{i + 1} := hs _ h{i}" for i in range(1, len(names) - 1)),
                    "intro c",
                    "cases c",
                    *(
                        f"exact h{(turn.index(n) + 1) % len(names) if turn != names else 0}"
                        for n in names
                    ),
                ),
                ("intro c", "cases c", *(f"exact h{i}" for i in range(len(names)))),
            ),
        ),
        (
            "enum_score_sum",
            (f"(c : {type_})",),
            f"score c ≤ {total}",
            (("cases c <;> decide",), ("cases c <;> simp [score]",)),
        ),
        (
            "enum_commute",
            (f"(f : {type_} → {type_})", "(h : ∀ c, f (turn c) = turn (f c))"),
            f"∀ c, f ({power(times)}) = {power(times).replace('c', '(f c)')}",
            (("intro c", *(["rw [h]"] * times)), ("intro c", "simp only [h]")),
        ),
    ]
    name, binders, goal, scripts = rng.choice(cases)
    return Draft(FAMILY, name, binders, goal, header, scripts, {"type": "enumeration"})


MAKERS: tuple[Callable[[Random, int], Draft], ...] = (
    trees,
    trees,
    binary,
    expressions,
    expressions,
    peano,
    peano,
    parity,
    enumerations,
)
