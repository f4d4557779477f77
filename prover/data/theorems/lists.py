"""Lists and options: rewriting with the library's lemmas, membership, permutations, sublists, and
functions given by their equations."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Any

from prover.data.theorems.statement import Draft, Script

FAMILY = "lists"
Term = tuple[Any, ...]
"""`(variable,)`, or a function with its arguments, of which the last are terms."""

VARIABLES = ("xs", "ys", "zs")


def _show(t: Term, tight: bool = False) -> str:
    """A list term as Lean text."""
    match t:
        case (str() as name,):
            return name
        case ("++", a, b):
            text = f"{_show(a, True)} ++ {_show(b, True)}"
            return f"({text})" if tight else text
        case ("reverse", a):
            return f"{_show(a, True)}.reverse"
        case (op, str() as f, a):
            text = f"List.{op} {f} {_show(a, True)}"
            return f"({text})" if tight else text
    raise AssertionError(t)


def _random_term(rng: Random, depth: int, ops: str) -> Term:
    if depth == 0:
        return (rng.choice(VARIABLES[:2] if rng.random() < 0.8 else VARIABLES),)
    op = rng.choice(ops.split())
    inner = _random_term(rng, depth - 1, ops)
    if op == "++":
        other = _random_term(rng, rng.randint(0, depth - 1), ops)
        return ("++", inner, other) if rng.random() < 0.5 else ("++", other, inner)
    if op == "reverse":
        return ("reverse", inner)
    names = {"map": "fg", "filter": "pq", "take": "mn", "drop": "mn"}[op]
    return (op, rng.choice(names), inner)


def _laws(t: Term) -> list[tuple[Term, str]]:
    """What a term equals by one law at its root, with the name of the law."""
    found: list[tuple[Term, str]] = []
    match t:
        case ("reverse", ("reverse", a)):
            found.append((a, "List.reverse_reverse"))
        case ("reverse", ("++", a, b)):
            found.append((("++", ("reverse", b), ("reverse", a)), "List.reverse_append"))
        case ("reverse", ("map", f, a)):
            found.append((("map", f, ("reverse", a)), "← List.map_reverse"))
        case ("reverse", ("filter", p, a)):
            found.append((("filter", p, ("reverse", a)), "← List.filter_reverse"))
        case ("++", ("++", a, b), c):
            found.append((("++", a, ("++", b, c)), "List.append_assoc"))
        case ("++", a, ("++", b, c)):
            found.append((("++", ("++", a, b), c), "← List.append_assoc"))
        case ("map" | "filter" as op, f, ("++", a, b)):
            found.append((("++", (op, f, a), (op, f, b)), f"List.{op}_append"))
        case ("map" | "filter" as op, f, ("reverse", a)):
            found.append((("reverse", (op, f, a)), f"List.{op}_reverse"))
        case ("map", f, ("take" | "drop" as op, n, a)):
            found.append(((op, n, ("map", f, a)), f"List.map_{op}"))
        case ("take" | "drop" as op, n, ("map", f, a)):
            found.append((("map", f, (op, n, a)), f"← List.map_{op}"))
    match t:
        case ("++", ("map" | "filter" as op, f, a), ("map" | "filter" as op2, g, b)) if (
            op == op2 and f == g
        ):
            found.append(((op, f, ("++", a, b)), f"← List.{op}_append"))
        case ("++", ("reverse", a), ("reverse", b)):
            found.append((("reverse", ("++", b, a)), "← List.reverse_append"))
    return found


def _moves(t: Term) -> list[tuple[Term, str]]:
    """What a term equals by one law anywhere in it."""
    found = _laws(t)
    for index, part in enumerate(t):
        if isinstance(part, tuple):
            for new, law in _moves(part):
                found.append(((*t[:index], new, *t[index + 1 :]), law))
    return found


def rewriting(rng: Random, size: int) -> Draft:
    """Two list terms that some of the library's lemmas lead from one to the other."""
    ops = rng.choice(
        ["++ map reverse", "++ filter reverse", "++ map filter reverse", "++ map take"]
    )
    while True:
        left = _random_term(rng, 2 + size // 2, ops)
        right, laws, seen = left, [], {left}
        for _ in range(1 + size):
            moves = [m for m in _moves(right) if m[0] not in seen]
            if not moves:
                break
            right, law = rng.choice(moves)
            seen.add(right)
            laws.append(law)
        if laws and right != left:
            break
    binders = _list_binders(_show(left) + " " + _show(right))
    steps: Script = (f"rw [{', '.join(laws)}]",)
    single: Script = tuple(f"rw [{law}]" for law in laws)
    plain = ", ".join(dict.fromkeys(law.removeprefix("← ") for law in laws))
    return Draft(
        FAMILY,
        f"rewrite_{ops.split()[-1] if 'take' in ops else 'laws'}",
        binders,
        f"{_show(left)} = {_show(right)}",
        "",
        (single, steps, (f"simp only [{plain}]",), ("simp",), (f"simp [{plain}]",)),
        {"laws": len(laws)},
    )


def _list_binders(text: str) -> tuple[str, ...]:
    words = set(text.replace("(", " ").replace(")", " ").replace(".", " ").split())
    lists = [v for v in VARIABLES if v in words]
    groups = ["(α : Type)"]
    for names, type_ in (("fg", "α → α"), ("pq", "α → Bool"), ("mn", "Nat")):
        used = [n for n in names if n in words]
        if used:
            groups.append(f"({' '.join(used)} : {type_})")
    return (*groups, f"({' '.join(lists)} : List α)")


def length(rng: Random, size: int) -> Draft:
    """The length of a list term as a sum."""
    counts = dict.fromkeys(VARIABLES, 0)

    def build(depth: int) -> Term:
        if depth == 0:
            v = rng.choice(VARIABLES)
            counts[v] += 1
            return (v,)
        op = rng.choice(["++", "++", "map", "reverse"])
        if op == "++":
            return ("++", build(depth - 1), build(rng.randint(0, depth - 1)))
        return ("reverse", build(depth - 1)) if op == "reverse" else ("map", "f", build(depth - 1))

    term = build(2 + size // 2)
    total = " + ".join(
        (f"{c} * " if c > 1 else "") + f"{v}.length" for v, c in reversed(counts.items()) if c
    )
    laws = "List.length_append, List.length_map, List.length_reverse"
    return Draft(
        FAMILY,
        "length_sum",
        _list_binders(_show(term)),
        f"({_show(term)}).length = {total}",
        "",
        ((f"simp only [{laws}]", "omega"), (f"simp only [{laws}]",), ("simp", "omega"), ("simp",)),
        {"depth": 2 + size // 2},
    )


def membership(rng: Random, size: int) -> Draft:
    """An element of a list built from a list that it is in."""

    def build(depth: int) -> tuple[str, str, list[str]]:
        if depth == 0:
            return "x", "xs", ["exact h"]
        op = rng.choice(["left", "right", "cons", "map", "reverse", "filter"])
        x, xs, steps = build(depth - 1)
        tight = xs if " " not in xs else f"({xs})"
        if op == "left":
            return x, f"{tight} ++ ys", ["apply List.mem_append_left", *steps]
        if op == "right":
            return x, f"ys ++ {tight}", ["apply List.mem_append_right", *steps]
        if op == "cons":
            return x, f"y :: {tight}", ["apply List.mem_cons_of_mem", *steps]
        if op == "reverse":
            return x, f"{tight}.reverse", ["apply List.mem_reverse.mpr", *steps]
        fx = f"f {x}" if " " not in x else f"f ({x})"
        if op == "map":
            return fx, f"{tight}.map f", ["apply List.mem_map_of_mem", *steps]
        px = f"p {x}" if " " not in x else f"p ({x})"
        needed.append(px)
        return (
            x,
            f"{tight}.filter p",
            [
                "apply List.mem_filter.mpr",
                "constructor",
                *steps,
                f"exact hp{len(needed)}",
            ],
        )

    needed: list[str] = []
    x, xs, steps = build(1 + size)
    text = f"{x} {xs}"
    groups = ["(α : Type)"]
    if "f" in text.replace("(", " ").replace("filter", "").split() or "map f" in text:
        groups.append("(f : α → α)")
    if needed:
        groups.append("(p : α → Bool)")
    elements = ["x"] + (["y"] if "y ::" in text else [])
    groups.append(f"({' '.join(elements)} : α)")
    groups.append(f"({'xs ys' if 'ys' in text else 'xs'} : List α)")
    groups.append("(h : x ∈ xs)")
    groups += [f"(hp{i + 1} : {p} = true)" for i, p in enumerate(needed)]
    return Draft(
        FAMILY,
        "membership",
        tuple(groups),
        f"{x} ∈ {xs}",
        "",
        (tuple(steps), ("simp [*]",)),
        {"depth": 1 + size},
    )


def permutations(rng: Random, size: int) -> Draft:
    """Lists that are permutations of each other, by the rules for permutations."""

    def build(depth: int) -> tuple[str, str, list[str]]:
        if depth == 0:
            kind = rng.choice(["h", "h", "comm", "reverse", "middle", "k"])
            if kind == "h":
                return "xs", "ys", ["exact h"]
            if kind == "comm":
                return "us ++ vs", "vs ++ us", ["exact List.perm_append_comm"]
            if kind == "reverse":
                return "us.reverse", "us", ["exact List.reverse_perm _"]
            if kind == "middle":
                return "us ++ a :: vs", "a :: (us ++ vs)", ["exact List.perm_middle"]
            return "us", "us", ["exact List.Perm.refl _"]
        op = rng.choice(["append", "append", "cons", "map", "symm", "filter", "trans"])
        l1, r1, s1 = build(depth - 1)
        if op == "append":
            l2, r2, s2 = build(rng.randint(0, depth - 1))
            return f"({l1}) ++ ({l2})", f"({r1}) ++ ({r2})", ["apply List.Perm.append", *s1, *s2]
        if op == "cons":
            return f"a :: ({l1})", f"a :: ({r1})", ["apply List.Perm.cons", *s1]
        if op == "map":
            return f"List.map f ({l1})", f"List.map f ({r1})", ["apply List.Perm.map", *s1]
        if op == "filter":
            return f"List.filter p ({l1})", f"List.filter p ({r1})", ["apply List.Perm.filter", *s1]
        if op == "symm":
            return r1, l1, ["apply List.Perm.symm", *s1]
        return (
            f"({l1}).reverse",
            r1,
            [
                "refine List.Perm.trans (List.reverse_perm _) ?_",
                *s1,
            ],
        )

    left, right, steps = build(1 + size)
    while left == right:
        left, right, steps = build(1 + size)
    left, right = _plain(left), _plain(right)
    text = left + " " + right
    goal = f"List.Perm {_wrap(left)} {_wrap(right)}"
    extra: Script = ()
    if rng.random() < 0.2:
        goal, extra = (
            f"{_wrap(left)}.length = {_wrap(right)}.length",
            ("apply List.Perm.length_eq",),
        )
    elif rng.random() < 0.15:
        goal, extra = (
            f"∀ x, x ∈ {_wrap(left)} → x ∈ {_wrap(right)}",
            ("intro x hx", "refine List.Perm.subset ?_ hx"),
        )
    groups = ["(α : Type)"]
    if "map f" in text:
        groups.append("(f : α → α)")
    if "filter p" in text:
        groups.append("(p : α → Bool)")
    if "a ::" in text:
        groups.append("(a : α)")
    lists = [v for v in ("xs", "ys", "us", "vs") if v in text]
    groups.append(f"({' '.join(lists)} : List α)")
    if "xs" in text:
        groups.append("(h : List.Perm xs ys)")
    return Draft(
        FAMILY, "permutation_of", tuple(groups), goal, "", ((*extra, *steps),), {"depth": 1 + size}
    )


def _plain(text: str) -> str:
    """Without the brackets around what needs none."""
    text = re.sub(r"\((\w+(?:\.reverse)?|\[\])\)", r"\1", text)
    return re.sub(r"\(\(([^()]*)\)\)", r"(\1)", text)


def _wrap(text: str) -> str:
    return f"({text})" if " " in text else text


def sublists(rng: Random, size: int) -> Draft:
    """A list that is a sublist of another, by the rules for sublists."""

    def build(depth: int) -> tuple[str, str, list[str]]:
        if depth == 0:
            kind = rng.choice(["h", "h", "refl", "nil", "filter", "take", "drop"])
            if kind == "h":
                return "xs", "ys", ["exact h"]
            if kind == "refl":
                return "us", "us", ["exact List.Sublist.refl _"]
            if kind == "nil":
                return "[]", "us", ["exact List.nil_sublist _"]
            if kind == "filter":
                return "List.filter p us", "us", ["exact List.filter_sublist"]
            if kind == "take":
                return "List.take n us", "us", ["exact List.take_sublist _ _"]
            return "List.drop n us", "us", ["exact List.drop_sublist _ _"]
        op = rng.choice(["append", "append", "cons", "skip", "map", "reverse", "right"])
        l1, r1, s1 = build(depth - 1)
        if op == "append":
            l2, r2, s2 = build(rng.randint(0, depth - 1))
            return f"({l1}) ++ ({l2})", f"({r1}) ++ ({r2})", ["apply List.Sublist.append", *s1, *s2]
        if op == "cons":
            return f"a :: ({l1})", f"a :: ({r1})", ["apply List.Sublist.cons₂", *s1]
        if op == "skip":
            return l1, f"a :: ({r1})", ["apply List.Sublist.cons", *s1]
        if op == "map":
            return f"List.map f ({l1})", f"List.map f ({r1})", ["apply List.Sublist.map", *s1]
        if op == "reverse":
            return f"({l1}).reverse", f"({r1}).reverse", ["apply List.Sublist.reverse", *s1]
        return (
            l1,
            f"({r1}) ++ vs",
            [
                "refine List.Sublist.trans ?_ (List.sublist_append_left _ _)",
                *s1,
            ],
        )

    left, right, steps = build(1 + size)
    while left == right:
        left, right, steps = build(1 + size)
    left, right = _plain(left), _plain(right)
    text = left + " " + right
    kind = rng.random()
    extra: Script = ()
    goal = f"List.Sublist {_wrap(left)} {_wrap(right)}"
    template = "sublist_of"
    if kind < 0.3:
        goal, extra = (
            f"{_wrap(left)}.length ≤ {_wrap(right)}.length",
            ("apply List.Sublist.length_le",),
        )
        template = "sublist_length"
    elif kind < 0.5:
        goal, extra = (
            f"∀ z, z ∈ {_wrap(left)} → z ∈ {_wrap(right)}",
            ("intro z hz", "refine List.Sublist.mem hz ?_"),
        )
        template = "sublist_subset"
    groups = ["(α : Type)"]
    if "map f" in text:
        groups.append("(f : α → α)")
    if "filter p" in text:
        groups.append("(p : α → Bool)")
    if " n us" in text:
        groups.append("(n : Nat)")
    if "a ::" in text:
        groups.append("(a : α)")
    lists = [v for v in ("xs", "ys", "us", "vs") if v in text]
    groups.append(f"({' '.join(lists)} : List α)")
    if "xs" in text or "ys" in text:
        missing = [v for v in ("xs", "ys") if v not in lists]
        groups[-1] = f"({' '.join([*missing, *lists])} : List α)"
        groups.append("(h : List.Sublist xs ys)")
    return Draft(
        FAMILY, template, tuple(groups), goal, "", ((*extra, *steps),), {"depth": 1 + size}
    )


def folds(rng: Random, size: int) -> Draft:
    """A function on lists given by its equations: what it does to `++`, `map`, `reverse`, and how
    it relates to length and sum."""
    f = rng.choice(["f", "g", "s"])
    a, b = rng.randint(1, 2 + size), rng.randint(0, 2 + size)
    xs = rng.choice(["xs", "l", "as"])
    ys = {"xs": "ys", "l": "k", "as": "bs"}[xs]
    head = _term_sum([(a, "x"), (b, "")])
    base = (
        "(" + f + " : List Nat → Nat)",
        f"(h0 : {f} [] = 0)",
        f"(h1 : ∀ x l, {f} (x :: l) = {head} + {f} l)",
    )
    induction = f"induction {xs} with | nil => ?_ | cons x {xs} ih => ?_"
    kind = rng.choice(
        ["append", "affine", "map", "reverse", "accumulator", "bound", "positive", "perm"]
    )
    if kind == "append":
        return Draft(
            FAMILY,
            "fold_append",
            base,
            f"∀ {xs} {ys}, {f} ({xs} ++ {ys}) = {f} {xs} + {f} {ys}",
            "",
            (
                (
                    f"intro {xs} {ys}",
                    induction,
                    "simp [h0]",
                    "rw [List.cons_append, h1, h1, ih]",
                    "omega",
                ),
            ),
            {"a": a, "b": b},
        )
    if kind == "affine":
        right = _term_sum([(a, f"{xs}.sum"), (b, f"{xs}.length")])
        return Draft(
            FAMILY,
            "foldr_affine",
            base,
            f"∀ {xs}, {f} {xs} = {right}",
            "",
            (
                (
                    f"intro {xs}",
                    induction,
                    "simp [h0]",
                    "rw [h1, ih, List.sum_cons, List.length_cons]",
                    "grind",
                ),
                (
                    f"intro {xs}",
                    induction,
                    "simp [h0]",
                    "simp only [h1, ih, List.sum_cons]",
                    "grind",
                ),
            ),
            {"a": a, "b": b},
        )
    if kind == "map":
        c = rng.randint(1, 5)
        right = _term_sum([(1, f"{f} {xs}"), (a * c, f"{xs}.length")])
        return Draft(
            FAMILY,
            "fold_map",
            base,
            f"∀ {xs}, {f} ({xs}.map (fun y => y + {c})) = {right}",
            "",
            (
                (
                    f"intro {xs}",
                    induction,
                    "simp [h0]",
                    "rw [List.map_cons, h1, h1, ih, List.length_cons]",
                    "omega",
                ),
                (
                    f"intro {xs}",
                    induction,
                    "simp [h0]",
                    "rw [List.map_cons, h1, h1, ih, List.length_cons]",
                    "grind",
                ),
            ),
            {"a": a, "b": b},
        )
    if kind == "reverse":
        return Draft(
            FAMILY,
            "fold_reverse",
            (*base, f"(h2 : ∀ l k, {f} (l ++ k) = {f} l + {f} k)"),
            f"∀ {xs}, {f} {xs}.reverse = {f} {xs}",
            "",
            (
                (
                    f"intro {xs}",
                    induction,
                    "rfl",
                    "rw [List.reverse_cons, h2, ih, h1, h1, h0]",
                    "omega",
                ),
            ),
            {"a": a, "b": b},
        )
    if kind == "accumulator":
        go = "go"
        return Draft(
            FAMILY,
            "fold_accumulator",
            (
                *base,
                f"({go} : Nat → List Nat → Nat)",
                f"(g0 : ∀ n, {go} n [] = n)",
                f"(g1 : ∀ n x l, {go} n (x :: l) = {go} (n + ({head})) l)",
            ),
            f"∀ {xs} n, {go} n {xs} = n + {f} {xs}",
            "",
            (
                (
                    f"intro {xs}",
                    induction,
                    "intro n",
                    "rw [g0, h0]",
                    "rfl",
                    "intro n",
                    "rw [g1, ih, h1]",
                    "omega",
                ),
                (
                    f"intro {xs}",
                    induction,
                    "intro n",
                    "rw [g0, h0]",
                    "intro n",
                    "rw [g1, ih, h1]",
                    "omega",
                ),
                (
                    f"intro {xs}",
                    induction,
                    "intro n",
                    "simp [g0, h0]",
                    "intro n",
                    "rw [g1, ih, h1]",
                    "omega",
                ),
            ),
            {"a": a, "b": b},
        )
    if kind == "bound":
        return Draft(
            FAMILY,
            "fold_bound",
            base,
            f"∀ {xs} y, y ∈ {xs} → {_term_sum([(a, 'y')])} ≤ {f} {xs}",
            "",
            (
                (
                    f"intro {xs} y hy",
                    f"induction {xs} with | nil => ?_ | cons x {xs} ih => ?_",
                    "simp at hy",
                    "rw [h1]",
                    "rcases List.mem_cons.mp hy with h | h",
                    "subst h",
                    "omega",
                    "have h2 := ih h",
                    "omega",
                ),
            ),
            {"a": a, "b": b},
        )
    if kind == "positive":
        b = b + 1
        base = (*base[:2], f"(h1 : ∀ x l, {f} (x :: l) = {_term_sum([(a, 'x'), (b, '')])} + {f} l)")
        return Draft(
            FAMILY,
            "fold_zero",
            base,
            f"∀ {xs}, {f} {xs} = 0 ↔ {xs} = []",
            "",
            (
                (
                    f"intro {xs}",
                    f"cases {xs} with | nil => ?_ | cons x {xs} => ?_",
                    "simp [h0]",
                    "constructor",
                    "intro h",
                    "rw [h1] at h",
                    "omega",
                    "intro h",
                    "cases h",
                ),
            ),
            {"a": a, "b": b},
        )
    return Draft(
        FAMILY,
        "fold_perm",
        base,
        f"∀ {xs} {ys}, List.Perm {xs} {ys} → {f} {xs} = {f} {ys}",
        "",
        (
            (
                f"intro {xs} {ys} hp",
                "induction hp with | nil => ?_ | cons x h ih => ?_ | swap x y l => ?_ | trans h1 h2 ih1 ih2 => ?_",
                "rfl",
                "rw [h1, h1, ih]",
                "rw [h1, h1, h1, h1]",
                "omega",
                "rw [ih1, ih2]",
            ),
        ),
        {"a": a, "b": b},
    )


def _term_sum(terms: list[tuple[int, str]]) -> str:
    kept = [str(c) if not t else t if c == 1 else f"{c} * {t}" for c, t in terms if c]
    return " + ".join(kept) or "0"


def take_drop(rng: Random, size: int) -> Draft:
    """Parts of lists, zips, replicated elements."""
    k = rng.randint(1, 3 + size)
    c = rng.randint(1, 5)
    choices: list[tuple[str, tuple[str, ...], str, tuple[Script, ...]]] = [
        (
            "take_drop",
            ("(α : Type)", "(n : Nat)", "(xs : List α)"),
            f"(xs.take (n + {k})).length + (xs.drop (n + {k})).length = xs.length",
            (("rw [← List.length_append, List.take_append_drop]",),),
        ),
        (
            "take_take",
            ("(α : Type)", "(n : Nat)", "(xs : List α)"),
            f"(xs.take (n + {k})).take n = xs.take n",
            (
                ("rw [List.take_take]", "congr 1", "omega"),
                ("rw [List.take_take, Nat.min_eq_left (by omega)]",),
            ),
        ),
        (
            "drop_drop",
            ("(α : Type)", "(n : Nat)", "(xs : List α)"),
            f"(xs.drop n).drop {k} = xs.drop ({k} + n)",
            (
                ("rw [List.drop_drop, Nat.add_comm]",),
                ("rw [List.drop_drop]",),
                ("simp [Nat.add_comm]",),
            ),
        ),
        (
            "replicate_append",
            ("(α : Type)", "(a : α)", "(n : Nat)"),
            f"List.replicate n a ++ List.replicate {k} a = List.replicate {k} a ++ List.replicate n a",
            (
                ("simp [Nat.add_comm]",),
                (
                    "rw [List.replicate_append_replicate, List.replicate_append_replicate, Nat.add_comm]",
                ),
            ),
        ),
        (
            "length_replicate",
            ("(α : Type)", "(a : α)", "(n : Nat)", "(xs : List α)"),
            f"(xs ++ List.replicate ({c} * n + {k}) a).length = xs.length + {c} * n + {k}",
            (("simp", "omega"), ("simp [Nat.add_assoc]",)),
        ),
        (
            "head_append",
            ("(α : Type)", "(xs ys : List α)", "(h : xs ≠ [])"),
            "(xs ++ ys).head? = xs.head?",
            (("cases xs with | nil => ?_ | cons x xs => ?_", "exact absurd rfl h", "rfl"),),
        ),
        (
            "zip_length",
            (
                "(α β : Type)",
                "(xs : List α)",
                "(ys : List β)",
                f"(h : xs.length = ys.length + {k})",
            ),
            "(xs.zip ys).length = ys.length",
            (("rw [List.length_zip]", "omega"),),
        ),
        (
            "filter_length",
            ("(α : Type)", "(p : α → Bool)", "(xs ys : List α)"),
            f"((xs ++ ys).filter p).length ≤ xs.length + ys.length + {k}",
            (
                (
                    "have h1 := List.length_filter_le p (xs ++ ys)",
                    "rw [List.length_append] at h1",
                    "omega",
                ),
            ),
        ),
        (
            "filter_split",
            ("(α : Type)", "(p : α → Bool)", "(xs : List α)"),
            "(xs.filter p).length + (xs.filter (fun x => !p x)).length = xs.length",
            (
                (
                    "induction xs with | nil => ?_ | cons x xs ih => ?_",
                    "rfl",
                    "rw [List.filter_cons, List.filter_cons]",
                    "cases hp : p x with | false => ?_ | true => ?_",
                    "simp",
                    "omega",
                    "simp",
                    "omega",
                ),
                (
                    "induction xs with | nil => ?_ | cons x xs ih => ?_",
                    "rfl",
                    "cases hp : p x with | false => ?_ | true => ?_",
                    "simp [hp]",
                    "omega",
                    "simp [hp]",
                    "omega",
                ),
            ),
        ),
        (
            "all_map",
            (
                "(α β : Type)",
                "(f : α → β)",
                "(p : β → Bool)",
                "(xs : List α)",
                "(h : ∀ x, p (f x) = true)",
            ),
            "(xs.map f).all p = true",
            (
                (
                    "rw [List.all_eq_true]",
                    "intro y hy",
                    "obtain ⟨x, hx, rfl⟩ := List.mem_map.mp hy",
                    "exact h x",
                ),
            ),
        ),
        (
            "map_injective",
            (
                "(α β : Type)",
                "(f : α → β)",
                "(h : ∀ x y, f x = f y → x = y)",
                "(xs ys : List α)",
                "(e : xs.map f = ys.map f)",
            ),
            "xs = ys",
            (
                (
                    "induction xs generalizing ys with | nil => ?_ | cons x xs ih => ?_",
                    "cases ys with | nil => ?_ | cons y ys => ?_",
                    "rfl",
                    "simp at e",
                    "cases ys with | nil => ?_ | cons y ys => ?_",
                    "simp at e",
                    "simp only [List.map_cons, List.cons.injEq] at e",
                    "rw [h _ _ e.1, ih ys e.2]",
                ),
            ),
        ),
        (
            "sum_map",
            ("(xs : List Nat)",),
            f"(xs.map (fun x => {k + 1} * x + {c})).sum = {k + 1} * xs.sum + {c} * xs.length",
            (
                (
                    "induction xs with | nil => ?_ | cons x xs ih => ?_",
                    "rfl",
                    "rw [List.map_cons, List.sum_cons, ih, List.sum_cons, List.length_cons]",
                    "grind",
                ),
            ),
        ),
        (
            "sum_append",
            ("(xs ys zs : List Nat)",),
            "(xs ++ (ys ++ zs)).sum = zs.sum + (xs ++ ys).sum",
            (
                ("rw [List.sum_append, List.sum_append, List.sum_append]", "omega"),
                ("simp", "omega"),
            ),
        ),
        (
            "mem_split",
            ("(α : Type)", "(x : α)", "(xs : List α)", "(h : x ∈ xs)"),
            "∃ ys zs, xs = ys ++ x :: zs",
            (
                (
                    "induction xs with | nil => ?_ | cons y xs ih => ?_",
                    "cases h",
                    "rcases List.mem_cons.mp h with h1 | h1",
                    "subst h1",
                    "exact ⟨[], xs, rfl⟩",
                    "obtain ⟨ys, zs, e⟩ := ih h1",
                    "exact ⟨y :: ys, zs, by rw [e]; rfl⟩",
                ),
            ),
        ),
        (
            "append_cancel",
            ("(α : Type)", "(xs ys zs : List α)", "(h : xs ++ ys = xs ++ zs)"),
            "ys = zs",
            (
                (
                    "induction xs with | nil => ?_ | cons x xs ih => ?_",
                    "exact h",
                    "apply ih",
                    "rw [List.cons_append, List.cons_append] at h",
                    "injection h",
                ),
            ),
        ),
        (
            "no_cycle",
            ("(α : Type)", "(x : α)", "(xs ys : List α)"),
            "xs ≠ ys ++ x :: xs",
            (
                ("intro h", "have h1 := congrArg List.length h", "simp at h1", "omega"),
                (
                    "intro h",
                    "have h1 := congrArg List.length h",
                    "rw [List.length_append, List.length_cons] at h1",
                    "omega",
                ),
            ),
        ),
    ]
    name, binders, goal, scripts = rng.choice(choices)
    return Draft(FAMILY, name, binders, goal, "", scripts, {"k": k})


def options(rng: Random, size: int) -> Draft:
    """Options: maps, binds and alternatives."""
    kind = rng.choice(["bind", "map", "witness", "default", "or"])
    o = rng.choice(["o", "x", "m"])
    if kind == "bind":
        n = rng.randint(2, 2 + min(size, 2))
        fs = "fgk"[:n]
        left = o
        for f in fs:
            left = f"({left}).bind {f}" if " " in left else f"{left}.bind {f}"
        right = f"{fs[-1]} a{n - 1}"
        inner = right
        for i in range(n - 2, -1, -1):
            argument = f"a{i}"
            inner = f"({fs[i]} {argument}).bind (fun a{i + 1} => {inner})"
        right = f"{o}.bind (fun a0 => {inner})"
        return Draft(
            FAMILY,
            "option_bind",
            ("(α : Type)", f"({' '.join(fs)} : α → Option α)", f"({o} : Option α)"),
            f"{left} = {right}",
            "",
            (
                (f"cases {o} with | none => ?_ | some a => ?_", "rfl", "rfl"),
                (f"cases {o} <;> simp [Option.bind_assoc]",),
                (f"cases {o} <;> grind",),
            ),
            {"functions": n},
        )
    if kind == "map":
        n = rng.randint(2, 2 + size)
        names = [rng.choice("fg") for _ in range(n)]
        left = o
        for f in names:
            left = f"({left}).map {f}" if " " in left else f"{left}.map {f}"
        body = "a"
        for f in names:
            body = f"{f} ({body})" if " " in body else f"{f} {body}"
        return Draft(
            FAMILY,
            "option_map",
            ("(α : Type)", "(f g : α → α)", f"({o} : Option α)"),
            f"{left} = {o}.map (fun a => {body})",
            "",
            ((f"cases {o} with | none => ?_ | some a => ?_", "rfl", "rfl"),),
            {"functions": n},
        )
    if kind == "witness":
        k = rng.randint(1, 9)
        return Draft(
            FAMILY,
            "option_witness",
            ("(α β : Type)", "(f : α → β)", f"({o} : Option α)", "(b : β)"),
            f"{o}.map f = some b ↔ ∃ a, {o} = some a ∧ f a = b",
            "",
            (
                (f"cases {o} with | none => ?_ | some a => ?_", "simp", "simp"),
                (f"cases {o} <;> simp",),
            ),
            {"k": k},
        )
    if kind == "default":
        k, c = rng.randint(1, 9), rng.randint(0, 9)
        return Draft(
            FAMILY,
            "option_default",
            (f"({o} : Option Nat)",),
            f"({o}.map (· + {k})).getD {c + k} = {o}.getD {c} + {k}",
            "",
            ((f"cases {o} with | none => ?_ | some a => ?_", "rfl", "rfl"),),
            {"k": k},
        )
    return Draft(
        FAMILY,
        "option_or",
        ("(α : Type)", "(x y z : Option α)", "(h : (x.or y).or z = none)"),
        rng.choice(["x = none ∧ z = none", "y = none", "z.or (y.or x) = none"]),
        "",
        (("cases x <;> cases y <;> cases z <;> simp_all",), ("grind",)),
        {},
    )


MAKERS: tuple[Callable[[Random, int], Draft], ...] = (
    rewriting,
    rewriting,
    length,
    membership,
    permutations,
    permutations,
    sublists,
    sublists,
    folds,
    folds,
    take_drop,
    options,
)
