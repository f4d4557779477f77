"""Nat and Int: linear and nonlinear facts, divisibility, residues, recurrences and equations."""

from __future__ import annotations

from collections.abc import Callable
from math import gcd
from random import Random

from prover.data.theorems.statement import Draft, Script

FAMILY = "numbers"
Poly = list[int]
"""Coefficients, the constant one first."""


def show_poly(p: Poly, x: str, rng: Random | None = None) -> str:
    """A polynomial as Lean text, the highest power first."""
    square = f"{x} * {x}" if rng and rng.random() < 0.4 else f"{x} ^ 2"
    text = ""
    for power in range(len(p) - 1, -1, -1):
        c = p[power]
        if c == 0:
            continue
        monomial = {0: "", 1: x, 2: square}.get(power, f"{x} ^ {power}")
        size = (
            str(abs(c)) if not monomial else monomial if abs(c) == 1 else f"{abs(c)} * {monomial}"
        )
        if "* " in square and power == 2 and abs(c) != 1:
            size = f"{abs(c)} * ({square})"
        text += (f" {'-' if c < 0 else '+'} " if text else "-" if c < 0 else "") + size
    return text or "0"


def value(p: Poly, n: int) -> int:
    return sum(c * n**i for i, c in enumerate(p))


def _cases(variable: str, modulus: int) -> str:
    return " ∨ ".join(f"{variable} % {modulus} = {r}" for r in range(modulus))


def _residue_script(x: str, m: int, ring: str) -> tuple[Script, ...]:
    """Case by case over the residues of `x` modulo `m`."""
    mod = "emod" if ring == "Int" else "mod"
    bars = " | ".join(["h"] * m)
    power = "Int.pow_succ" if ring == "Int" else "Nat.pow_succ"
    laws = f"{power}, {ring}.add_{mod}, {ring}.mul_{mod}, {ring}.sub_{mod}, h"
    if ring == "Nat":
        laws = laws.replace("Nat.sub_mod, ", "")
    return (
        (
            f"have hr : {_cases(x, m)} := by omega",
            f"rcases hr with {bars} <;> simp [{laws}]",
        ),
        (
            f"have hr : {_cases(x, m)} := by omega",
            f"rcases hr with {bars} <;> simp_all [{laws}] <;> omega",
        ),
    )


def _random_poly(rng: Random, degree: int, top: int) -> Poly:
    return [rng.randint(0, top) for _ in range(degree)] + [rng.randint(1, max(1, top))]


def residue(rng: Random, size: int) -> Draft:
    """What a polynomial leaves modulo a small number: always, never, or under a condition."""
    ring = rng.choice(["Nat", "Nat", "Int"])
    x = rng.choice("nmkax")
    while True:
        m = rng.randint(2, 4 + 2 * size)
        p = _random_poly(rng, rng.randint(2, 2 + size // 2), m - 1)
        got = [value(p, r) % m for r in range(m)]
        seen = sorted(set(got))
        if len(seen) < m:
            break
    text = show_poly(p, x, rng)
    scripts = _residue_script(x, m, ring)
    knobs = {"modulus": m, "degree": len(p) - 1}
    binder = f"({x} : {ring})"
    if len(seen) == 1:
        if seen[0] == 0 and rng.random() < 0.6:
            intro = f"apply {ring}.dvd_of_{'emod' if ring == 'Int' else 'mod'}_eq_zero"
            scripts = tuple((intro, *s) for s in scripts)
            return Draft(FAMILY, "residue_divides", (binder,), f"{m} ∣ {text}", "", scripts, knobs)
        goal = f"({text}) % {m} = {seen[0]}"
        return Draft(FAMILY, "residue_constant", (binder,), goal, "", scripts, knobs)
    kind = rng.choice(["or", "never", "when", "iff"])
    if kind == "or" and len(seen) <= 4:
        goal = " ∨ ".join(f"({text}) % {m} = {s}" for s in seen)
        return Draft(FAMILY, "residue_or", (binder,), goal, "", scripts, knobs)
    if kind == "never":
        missing = rng.choice([r for r in range(m) if r not in seen])
        if rng.random() < 0.4:
            steps = tuple(
                (
                    "rintro ⟨" + x + ", h0⟩",
                    s[0],
                    f"have hm : ({text}) % {m} = {missing} := by rw [h0]; omega",
                    f"rcases hr with {' | '.join(['h'] * m)} <;> simp [{s[1].split('[', 1)[1].split(']')[0]}] at hm",
                )
                for s in scripts
            )
            goal = f"¬∃ {x} : {ring}, {text} = {m} * {{}} + {missing}"
            y = "q" if x != "q" else "r"
            return Draft(
                FAMILY, "residue_excluded", (f"({y} : {ring})",), goal.format(y), "", steps, knobs
            )
        goal = f"({text}) % {m} ≠ {missing}"
        return Draft(FAMILY, "residue_excluded", (binder,), goal, "", scripts, knobs)
    if kind == "when":
        r = rng.randrange(m)
        laws = scripts[0][1].split("[", 1)[1].split("]")[0]
        return Draft(
            FAMILY,
            "residue_when",
            (binder, f"(h : {x} % {m} = {r})"),
            f"({text}) % {m} = {got[r]}",
            "",
            ((f"simp [{laws}]",), (f"simp [{laws}]", "omega")),
            knobs,
        )
    target = rng.choice(seen)
    good = [r for r in range(m) if got[r] == target]
    right = " ∨ ".join(f"{x} % {m} = {r}" for r in good)
    return Draft(
        FAMILY, "residue_iff", (binder,), f"({text}) % {m} = {target} ↔ {right}", "", scripts, knobs
    )


def congruence(rng: Random, size: int) -> Draft:
    """A polynomial of numbers that leave the same remainder leaves the same remainder."""
    ring = rng.choice(["Nat", "Int"])
    mod = "emod" if ring == "Int" else "mod"

    def build(depth: int) -> tuple[str, str]:
        if depth == 0:
            return rng.choice([("a", "b"), ("a", "b"), ("c", "d"), ("k", "k")])
        op = rng.choice(["+", "*", "+", "*", "^"])
        l1, r1 = build(depth - 1)
        if op == "^":
            e = rng.randint(2, 3)
            return f"({l1}) ^ {e}", f"({r1}) ^ {e}"
        l2, r2 = build(rng.randint(0, depth - 1))
        return (
            (f"({l1} + {l2})", f"({r1} + {r2})") if op == "+" else (f"{l1} * {l2}", f"{r1} * {r2}")
        )

    left, right = build(1 + min(size, 3))
    while left == right:
        left, right = build(1 + min(size, 3))
    modulus = rng.choice(["m", str(rng.randint(3, 12))])
    used = [v for v in "abcdkm" if v in left + right + modulus]
    hypotheses = [f"(h1 : a % {modulus} = b % {modulus})"] if "a" in left else []
    if "c" in left:
        hypotheses.append(f"(h2 : c % {modulus} = d % {modulus})")
    names = ", ".join(h[1:3] for h in hypotheses)
    laws = (
        f"{ring}.add_{mod}, {ring}.mul_{mod}, {ring}.pow_{mod}"
        if ring == "Nat"
        else ("Int.pow_succ, Int.add_emod, Int.mul_emod")
    )
    return Draft(
        FAMILY,
        "congruence",
        (f"({' '.join(used)} : {ring})", *hypotheses),
        f"({left}) % {modulus} = ({right}) % {modulus}",
        "",
        (
            (f"simp [{laws}, {names}]",),
            (f"simp only [{laws}, {names}]",),
            (f"rw [{laws.split(', ')[-1]}]", "grind"),
        ),
        {"depth": 1 + min(size, 3)},
    )


def divides(rng: Random, size: int) -> Draft:
    """A number divides what is built from its multiples; the proof follows the construction."""
    ring = rng.choice(["Nat", "Nat", "Int"])
    d = rng.choice(["d", "k", "p"])
    variables = ["a", "b", "c"][: rng.randint(1, 3)]
    hypotheses = {v: f"h{v}" for v in variables}
    used: set[str] = set()
    free: set[str] = set()

    def factor() -> str:
        if rng.random() < 0.5:
            return str(rng.randint(2, 9))
        name = rng.choice(["x", "y"])
        free.add(name)
        return name

    def build(depth: int) -> tuple[str, list[str]]:
        if depth == 0:
            v = rng.choice(variables)
            used.add(v)
            return v, [f"exact {hypotheses[v]}"]
        kind = rng.choice(["+", "+", "left", "right", "-", "pow"])
        if kind in "+-":
            one, s1 = build(depth - 1)
            two, s2 = build(rng.randint(0, depth - 1))
            return f"({one} {kind} {two})", [
                f"apply {ring}.dvd_{'add' if kind == '+' else 'sub'}",
                *s1,
                *s2,
            ]
        one, s1 = build(depth - 1)
        if kind == "pow":
            n = rng.randint(2, 4)
            step = f"apply {ring}.dvd_trans (b := {one})"
            return f"{_factor(one)} ^ {n}", [
                step,
                *s1,
                f"exact ⟨{_factor(one)} ^ {n - 1}, by rw [← {ring}.pow_succ']⟩",
            ]
        if kind == "left":
            return f"{factor()} * {_factor(one)}", [
                "apply Nat.dvd_mul_left_of_dvd"
                if ring == "Nat"
                else "apply Int.dvd_mul_of_dvd_right",
                *s1,
            ]
        return f"{_factor(one)} * {factor()}", [
            "apply Nat.dvd_mul_right_of_dvd" if ring == "Nat" else "apply Int.dvd_mul_of_dvd_left",
            *s1,
        ]

    text, steps = build(1 + size)
    while text in variables:
        text, steps = build(1 + size)
    text = text[1:-1] if text.startswith("(") and _closes(text) else text
    names = [d, *sorted(used), *sorted(free)]
    template = "dvd_build" if "-" not in text else "dvd_build_sub"
    return Draft(
        FAMILY,
        template,
        (
            f"({' '.join(names)} : {ring})",
            *(f"({hypotheses[v]} : {d} ∣ {v})" for v in sorted(used)),
        ),
        f"{d} ∣ {text}",
        "",
        (tuple(steps), ("grind",)),
        {"depth": 1 + size},
    )


def _factor(text: str) -> str:
    return text if text.isalnum() or (text.startswith("(") and _closes(text)) else f"({text})"


def _closes(text: str) -> bool:
    """Whether the first bracket of a text closes at its end."""
    depth = 0
    for place, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if depth == 0:
            return place == len(text) - 1
    return False


def dvd_linear(rng: Random, size: int) -> Draft:
    """A divisor of two linear forms divides a number: an elimination written as a combination."""
    a, b = rng.randint(2, 4 + size), rng.randint(1, 9)
    c, e = rng.randint(2, 4 + size), rng.randint(1, 9)
    gap = c * b - a * e
    while gap == 0:
        e = rng.randint(1, 9)
        gap = c * b - a * e
    if gap < 0:
        a, b, c, e, gap = c, e, a, b, -gap
    return Draft(
        FAMILY,
        "dvd_linear",
        ("(d n : Nat)", f"(h1 : d ∣ {a} * n + {b})", f"(h2 : d ∣ {c} * n + {e})"),
        f"d ∣ {gap}",
        "",
        (
            (
                f"have h3 := Nat.dvd_sub (Nat.dvd_mul_left_of_dvd h1 {c}) (Nat.dvd_mul_left_of_dvd h2 {a})",
                f"have h4 : {c} * ({a} * n + {b}) - {a} * ({c} * n + {e}) = {gap} := by omega",
                "rw [h4] at h3",
                "exact h3",
            ),
        ),
        {"coefficient": max(a, c)},
    )


def monotone(rng: Random, size: int) -> Draft:
    """An inequality lifted through sums, products, powers, maxima: the proof follows the term."""
    pairs = [("a", "b"), ("c", "d"), ("x", "y")][: rng.randint(1, 3)]
    used: set[tuple[str, str]] = set()
    free: set[str] = set()

    def build(depth: int) -> tuple[str, str, list[str]]:
        if depth == 0:
            if rng.random() < 0.25:
                t = rng.choice(["k", str(rng.randint(1, 9))])
                if t == "k":
                    free.add(t)
                return t, t, ["exact Nat.le_refl _"]
            pair = rng.choice(pairs)
            used.add(pair)
            return *pair, [f"exact h{pair[0]}"]
        op = rng.choice(["+", "+", "*", "*", "^", "max", "min", "-", "/"])
        l1, r1, s1 = build(depth - 1)
        l1, r1 = _factor(l1), _factor(r1)
        if op == "^":
            n = rng.choice(["2", "3", "k"])
            if n == "k":
                free.add(n)
            return f"{l1} ^ {n}", f"{r1} ^ {n}", ["apply Nat.pow_le_pow_left", *s1]
        if op == "-":
            n = rng.choice(["k", str(rng.randint(1, 5))])
            if n == "k":
                free.add(n)
            return f"{l1} - {n}", f"{r1} - {n}", ["apply Nat.sub_le_sub_right", *s1]
        if op == "/":
            n = str(rng.randint(2, 6))
            return f"{l1} / {n}", f"{r1} / {n}", ["apply Nat.div_le_div_right", *s1]
        l2, r2, s2 = build(rng.randint(0, depth - 1))
        l2, r2 = _factor(l2), _factor(r2)
        if op in "+*":
            law = "Nat.add_le_add" if op == "+" else "Nat.mul_le_mul"
            return f"{l1} {op} {l2}", f"{r1} {op} {r2}", [f"apply {law}", *s1, *s2]
        if op == "max":
            return (
                f"max {l1} {l2}",
                f"max {r1} {r2}",
                [
                    "apply Nat.max_le.mpr",
                    "constructor",
                    "refine Nat.le_trans ?_ (Nat.le_max_left _ _)",
                    *s1,
                    "refine Nat.le_trans ?_ (Nat.le_max_right _ _)",
                    *s2,
                ],
            )
        return (
            f"min {l1} {l2}",
            f"min {r1} {r2}",
            [
                "apply Nat.le_min.mpr",
                "constructor",
                "refine Nat.le_trans (Nat.min_le_left _ _) ?_",
                *s1,
                "refine Nat.le_trans (Nat.min_le_right _ _) ?_",
                *s2,
            ],
        )

    left, right, steps = build(1 + size)
    while not used or left == right:
        used.clear()
        free.clear()
        left, right, steps = build(1 + size)
    names = [v for pair in sorted(used) for v in pair] + sorted(free)
    kind = "pow" if "^" in left else "mul" if "*" in left else "lattice"
    return Draft(
        FAMILY,
        f"monotone_{kind}",
        (f"({' '.join(names)} : Nat)", *(f"(h{p[0]} : {p[0]} ≤ {p[1]})" for p in sorted(used))),
        f"{left} ≤ {right}",
        "",
        (tuple(steps), ("grind",), ("omega",)),
        {"depth": 1 + size},
    )


def int_products(rng: Random, size: int) -> Draft:
    """Signs of products and sums of integers, from the signs of their parts."""
    names = ["a", "b", "c", "d"][: rng.randint(2, 4)]
    used: set[str] = set()

    def build(depth: int) -> tuple[str, list[str]]:
        if depth == 0:
            if rng.random() < 0.2:
                return str(rng.randint(1, 9)), ["decide"]
            v = rng.choice(names)
            used.add(v)
            return v, [f"exact h{v}"]
        one, s1 = build(depth - 1)
        two, s2 = build(rng.randint(0, depth - 1))
        if rng.random() < 0.5:
            return f"{one} + {_factor(two)}", ["apply Int.add_nonneg", *s1, *s2]
        return f"{_factor(one)} * {_factor(two)}", ["apply Int.mul_nonneg", *s1, *s2]

    text, steps = build(1 + size)
    while not used or "*" not in text:
        used.clear()
        text, steps = build(1 + size)
    variables = sorted(used)
    hypotheses = [f"(h{v} : 0 ≤ {v})" for v in variables]
    return Draft(
        FAMILY,
        "int_nonneg",
        (f"({' '.join(variables)} : Int)", *hypotheses),
        f"0 ≤ {text}",
        "",
        (tuple(steps),),
        {"depth": 1 + size},
    )


def squares(rng: Random, size: int) -> Draft:
    """Inequalities that are squares at heart, over the natural numbers."""
    k = rng.randint(1, 2 + size)
    c = rng.randint(0, 3 * size)
    m = rng.randint(1, 3)
    first, second = rng.sample(["a", "b", "x", "y", "m", "n"], 2)
    extra = f" + {c}" if c else ""
    product = f"({first} * {second})" if rng.random() < 0.5 else f"{first} * {second}"
    powers = [f"{v} ^ 2" if rng.random() < 0.6 else f"({v} * {v})" for v in (first, second)]
    left = f"{2 * k * m} * {product}{extra}"
    right = f"{_times(k, powers[0])} + {_times(m * m * k, powers[1])}{extra}"
    small = _times(m, second)
    return Draft(
        FAMILY,
        "two_squares",
        (f"({first} {second} : Nat)",),
        f"{left} ≤ {right}",
        "",
        (
            (
                f"rcases Nat.le_total {first} ({small}) with h | h",
                "obtain ⟨t, ht⟩ := Nat.exists_eq_add_of_le h",
                f"have h1 : {m * m} * ({second} * {second}) = ({first} + t) * ({first} + t) := by grind",
                "grind",
                "obtain ⟨t, ht⟩ := Nat.exists_eq_add_of_le h",
                "subst ht",
                "grind",
            ),
        ),
        {"k": k},
    )


def _times(k: int, text: str) -> str:
    return text if k == 1 else f"{k} * {text}"


def identity(rng: Random, size: int) -> Draft:
    """A product of sums and its expansion."""
    ring = rng.choice(["Nat", "Int", "Int"])
    x, y = rng.sample(["a", "b", "x", "y", "m", "n"], 2)
    terms: dict[tuple[int, int], int] = {(0, 0): 1}
    factors = []
    for _ in range(1 + min(3, 1 + size // 2)):
        a, b, c = rng.randint(1, 4), rng.randint(0, 3), rng.randint(0, 4)
        if ring == "Int":
            b, c = rng.choice([-b, b]), rng.choice([-c, c])
        if b == c == 0:
            c = 1
        factors.append(f"({_linear([(a, x), (b, y), (c, '')])})")
        new: dict[tuple[int, int], int] = {}
        for (i, j), k in terms.items():
            for (di, dj), f in (((1, 0), a), ((0, 1), b), ((0, 0), c)):
                new[i + di, j + dj] = new.get((i + di, j + dj), 0) + k * f
        terms = new
    items = sorted(terms.items(), reverse=True)
    right = _linear(
        [
            (k, " * ".join(n if e == 1 else f"{n} ^ {e}" for n, e in ((x, i), (y, j)) if e))
            for (i, j), k in items
            if k
        ]
    )
    left = " * ".join(factors)
    used = [n for n in (x, y) if n in left]
    return Draft(
        FAMILY,
        "expand",
        (f"({' '.join(used)} : {ring})",),
        f"{left} = {right}",
        "",
        (("grind",), ("simp [Nat.mul_add, Nat.add_mul, Nat.pow_succ]", "grind")),
        {"factors": len(factors)},
    )


def _linear(terms: list[tuple[int, str]]) -> str:
    text = ""
    for c, name in terms:
        if c == 0:
            continue
        one = str(abs(c)) if not name else name if abs(c) == 1 else f"{abs(c)} * {name}"
        text += (f" {'-' if c < 0 else '+'} " if text else "-" if c < 0 else "") + one
    return text or "0"


def linear_facts(rng: Random, size: int) -> Draft:
    """A combination of linear hypotheses."""
    ring = rng.choice(["Nat", "Int"])
    names = ["x", "y", "z", "w"][: rng.randint(2, 4)]
    low = 0 if ring == "Nat" else -5
    total = dict.fromkeys(names, 0)
    constant = 0
    hypotheses = []
    for i in range(rng.randint(1, 1 + size)):
        c = {v: rng.choice([0, rng.randint(low, 5)]) for v in names}
        k = rng.randint(0, 12)
        if not any(c.values()):
            c[names[0]] = 1
        relation = rng.choice(["≤", "<"])
        hypotheses.append(f"(h{i + 1} : {_linear([(c[v], v) for v in names])} {relation} {k})")
        weight = rng.randint(1, 3)
        for v in names:
            total[v] += weight * c[v]
        constant += weight * (k - (relation == "<"))
    used = [v for v in names if any(v in h for h in hypotheses)]
    left = _linear([(total[v], v) for v in used])
    if left == "0":
        return linear_facts(rng, size)
    slack = rng.choice([0, 0, 1, 3])
    goal = f"{left} ≤ {constant + slack}"
    if rng.random() < 0.3:
        goal = f"¬({left} > {constant + slack})"
    return Draft(
        FAMILY,
        "linear_combination",
        (f"({' '.join(used)} : {ring})", *hypotheses),
        goal,
        "",
        (("omega",),),
        {"hypotheses": len(hypotheses)},
    )


def linear_system(rng: Random, size: int) -> Draft:
    """Linear equations with one solution."""
    ring = rng.choice(["Nat", "Int"])
    n = 2 if size < 3 else rng.choice([2, 3])
    names = rng.choice([["x", "y", "z"], ["a", "b", "c"], ["m", "n", "k"]])[:n]
    low = 0 if ring == "Nat" else -9
    while True:
        solution = [rng.randint(low, 12) for _ in names]
        rows = [[rng.randint(0 if ring == "Nat" else -6, 7) for _ in names] for _ in names]
        if _determinant(rows) != 0 and all(any(r) for r in rows):
            break
    hypotheses = [
        f"(h{i} : {_linear(list(zip(row, names, strict=True)))}"
        f" = {sum(c * s for c, s in zip(row, solution, strict=True))})"
        for i, row in enumerate(rows)
    ]
    if any(": 0 =" in h for h in hypotheses):
        return linear_system(rng, size)
    which = rng.randrange(n)
    goal = f"{names[which]} = {solution[which]}"
    if rng.random() < 0.4:
        weights = [rng.randint(1, 5) for _ in names]
        total = sum(w * s for w, s in zip(weights, solution, strict=True))
        goal = f"{_linear(list(zip(weights, names, strict=True)))} = {total}"
    return Draft(
        FAMILY,
        "linear_system",
        (f"({' '.join(names)} : {ring})", *hypotheses),
        goal,
        "",
        (("omega",),),
        {"unknowns": n},
    )


def _determinant(m: list[list[int]]) -> int:
    if len(m) == 2:
        return m[0][0] * m[1][1] - m[0][1] * m[1][0]
    return sum(
        (-1) ** j * m[0][j] * _determinant([row[:j] + row[j + 1 :] for row in m[1:]])
        for j in range(3)
    )


def quadratic_int(rng: Random, size: int) -> Draft:
    """The integer roots of a quadratic that factors."""
    a, b = rng.randint(-4 - size, 6 + size), rng.randint(-4 - size, 6 + size)
    x = rng.choice(["x", "n", "t"])
    p = [a * b, -(a + b), 1]
    first = _linear([(1, x), (-a, "")])
    second = _linear([(1, x), (-b, "")])
    goal = f"{x} = {a} ∨ {x} = {b}" if a != b else f"{x} = {a}"
    equation = f"{show_poly(p, x, rng)} = 0"
    if rng.random() < 0.3 and a + b != 0:
        equation = f"{x} ^ 2 = {_linear([(a + b, x), (-a * b, '')])}"
    bars = ["rcases Int.mul_eq_zero.mp hp with h1 | h1", "omega", "omega"]
    steps: Script = (f"have hp : ({first}) * ({second}) = 0 := by grind", *bars)
    template = "quadratic_roots"
    if rng.random() < 0.4 and a != b:
        bound = max(a, b)
        condition = f"(h2 : {x} < {bound})"
        return Draft(
            FAMILY,
            template,
            (f"({x} : Int)", f"(h : {equation})", condition),
            f"{x} = {min(a, b)}",
            "",
            (steps,),
            {"roots": 1},
        )
    return Draft(
        FAMILY, template, (f"({x} : Int)", f"(h : {equation})"), goal, "", (steps,), {"roots": 2}
    )


def quadratic_nat(rng: Random, size: int) -> Draft:
    """A natural number from the value of an increasing quadratic at it."""
    n = rng.randint(2, 5 + 3 * size)
    x = rng.choice(["n", "x", "k"])
    c, d = rng.randint(1, 3), rng.randint(0, 4)
    left = f"{x} * ({x} + {d})" if d else f"{x} * {x}"
    total = c * n * (n + d)
    if c > 1:
        left = f"{c} * ({left})"
    inner = f"({x} + {d})" if d else x
    up = f"Nat.mul_le_mul h1 (Nat.add_le_add_right h1 {d})" if d else "Nat.mul_le_mul h1 h1"
    return Draft(
        FAMILY,
        "quadratic_roots_nat",
        (f"({x} : Nat)", f"(h : {left} = {total})"),
        f"{x} = {n}",
        "",
        (
            (
                f"rcases Nat.lt_trichotomy {x} {n} with h1 | h1 | h1",
                (
                    f"have h2 : {x} * {inner} ≤ {n - 1} * ({n - 1} + {d}) := "
                    f"Nat.mul_le_mul (by omega) (by omega)"
                ),
                "omega",
                "exact h1",
                (
                    f"have h2 : {n + 1} * ({n + 1} + {d}) ≤ {x} * {inner} := "
                    f"Nat.mul_le_mul (by omega) (by omega)"
                ),
                "omega",
            ),
            (f"have h0 := {up}", "omega"),
        ),
        {"solution": n},
    )


def function_value(rng: Random, size: int) -> Draft:
    """Values of functions given by formulas."""
    a, c = rng.randint(2, 5), rng.randint(2, 5)
    b, d = rng.randint(-6, 9), rng.randint(-6, 9)
    f, g = _linear([(a, "x"), (b, "")]), _linear([(c, "x"), (d, "")])
    binders = ["(f g : Int → Int)", f"(hf : ∀ x, f x = {f})", f"(hg : ∀ x, g x = {g})"]
    kind = rng.choice(["value", "solve", "commute", "injective", "iterate"])
    n = rng.randint(-5, 9)
    if kind == "value":
        depth = rng.randint(1, 1 + min(size, 3))
        text, result = str(n) if n >= 0 else f"({n})", n
        for _ in range(depth):
            if rng.random() < 0.5:
                text, result = f"f ({text})", a * result + b
            else:
                text, result = f"g ({text})", c * result + d
        return Draft(
            FAMILY,
            "function_value",
            tuple(binders),
            f"{text} = {result}",
            "",
            (("simp [hf, hg]",), ("simp only [hf, hg]", "omega"), ("rw [hf, hg]", "omega")),
            {"depth": depth},
        )
    if kind == "solve":
        result = a * (c * n + d) + b
        return Draft(
            FAMILY,
            "function_solve",
            (*binders, "(x : Int)", f"(h : f (g x) = {result})"),
            f"x = {n}",
            "",
            (("rw [hf, hg] at h", "omega"),),
            {},
        )
    if kind == "commute":
        k = a * d + b - c * b - d
        goal = "∀ x, f (g x) = g (f x)" + (f" + {k}" if k > 0 else f" - {-k}" if k < 0 else "")
        return Draft(
            FAMILY,
            "function_commute",
            tuple(binders),
            goal,
            "",
            (
                ("intro x", "rw [hf, hg, hg, hf]", "omega"),
                ("intro x", "simp only [hf, hg]", "omega"),
            ),
            {},
        )
    if kind == "injective":
        return Draft(
            FAMILY,
            "function_injective",
            tuple(binders),
            "∀ x y, f (g x) = f (g y) → x = y",
            "",
            (("intro x y h", "simp only [hf, hg] at h", "omega"),),
            {},
        )
    k = 2 + min(size, 3)
    text, slope, offset = "x", 1, 0
    for _ in range(k):
        text, slope, offset = f"f ({text})" if text != "x" else "f x", slope * a, offset * a + b
    goal = f"∀ x, {text} = " + _linear([(slope, "x"), (offset, "")])
    return Draft(
        FAMILY,
        "function_iterate",
        (binders[0].replace(" g", ""), binders[1]),
        goal,
        "",
        (("intro x", "simp only [hf]", "omega"),),
        {"times": k},
    )


def recurrence(rng: Random, size: int) -> Draft:
    """What follows from a recurrence, by induction or by counting up."""
    f = rng.choice(["f", "u", "s", "a"])
    kind = rng.choice(
        ["value", "linear", "geometric", "sum", "sum", "bound", "invariant", "mono", "double"]
    )
    n = rng.choice(["n", "k", "m"])
    start, b = rng.randint(0, 6), rng.randint(1, 7)
    induction = f"induction {n} with | zero => ?_ | succ {n} ih => ?_"

    def draft(
        template: str, hypothesis: str, goal: str, scripts: tuple[Script, ...], base: int = start
    ) -> Draft:
        return Draft(
            FAMILY,
            template,
            (
                f"({f} : Nat → Nat)",
                f"(h0 : {f} 0 = {base})",
                f"(hs : ∀ n, {f} (n + 1) = {hypothesis})",
            ),
            goal,
            "",
            scripts,
            {"start": base},
        )

    if kind == "value":
        times, a, c = rng.randint(3, 3 + size), rng.randint(1, 3), rng.randint(0, 3)
        hypothesis = _linear([(a, f"{f} n"), (c, "n"), (b, "")])
        result = start
        for i in range(times):
            result = a * result + c * i + b
        steps = tuple(f"have h{i + 1} := hs {i}" for i in range(times))
        return draft(
            "recurrence_value",
            hypothesis,
            f"{f} {times} = {result}",
            ((*steps, "omega"), ("simp [hs, h0]",)),
        )
    if kind == "linear":
        goal = f"∀ {n}, {f} {n} = " + _linear([(b, n), (start, "")])
        scripts: tuple[Script, ...] = (
            (f"intro {n}", induction, "omega", "rw [hs, ih]", "omega"),
            (f"intro {n}", induction, "omega", "rw [hs, ih]"),
        )
        return draft("recurrence_linear", f"{f} n + {b}", goal, scripts)
    if kind == "geometric":
        a = rng.randint(2, 4)
        goal = f"∀ {n}, {f} {n} = {start + 1} * {a} ^ {n}"
        scripts = (
            (f"intro {n}", induction, "simp [h0]", "rw [hs, ih, Nat.pow_succ]", "omega"),
            (f"intro {n}", induction, "simp [h0]", "rw [hs, ih, Nat.pow_succ]", "grind"),
        )
        return draft("recurrence_geometric", f"{a} * {f} n", goal, scripts, start + 1)
    if kind == "sum":
        degree = rng.randint(2, 2 + min(size, 2))
        closed = [0, *(rng.randint(0, 3) for _ in range(degree - 1)), rng.randint(1, 3)]
        difference = [0] * degree
        for power, c in enumerate(closed):
            row = [1]
            for _ in range(power):
                row = [x + y for x, y in zip([0, *row], [*row, 0], strict=True)]
            for i in range(power):
                difference[i] += c * row[i]
        common = 0
        for c in difference:
            common = gcd(common, c)
        scale = common if rng.random() < 0.7 else 1
        step = show_poly([c // scale for c in difference], "n")
        left = f"{f} {n}" if scale == 1 else f"{scale} * {f} {n}"
        closed_text = show_poly(closed, n, rng)
        if closed[1] and rng.random() < 0.3:
            closed_text = f"{n} * ({show_poly(closed[1:], n, rng)})"
        scripts = (
            (f"intro {n}", induction, "simp [h0]", "rw [hs]", "grind"),
            (f"intro {n}", induction, "simp [h0]", "have h1 := hs " + n, "grind"),
        )
        return draft(
            f"recurrence_sum_{degree}",
            f"{f} n + ({step})",
            f"∀ {n}, {left} = {closed_text}",
            scripts,
            0,
        )
    if kind == "bound":
        extra = rng.choice(["", f" + {n}", f" + {rng.randint(1, 9)} * {n}"])
        hypothesis = f"{f} n + {b}{extra.replace(n, 'n')}"
        goal = f"∀ {n}, {n} ≤ {f} {n}" if rng.random() < 0.5 else f"∀ {n}, {f} {n} ≥ {b} * {n}"
        return draft(
            "recurrence_bound",
            hypothesis,
            goal,
            ((f"intro {n}", induction, "omega", f"have h1 := hs {n}", "omega"),),
        )
    if kind == "invariant":
        m, a = rng.randint(2, 7), rng.randint(2, 6)
        r = start % m
        c = (r - a * r) % m + m * rng.randint(0, 1)
        hypothesis = _linear([(a, f"{f} n"), (c, "")])
        return draft(
            "recurrence_invariant",
            hypothesis,
            f"∀ {n}, {f} {n} % {m} = {r}",
            ((f"intro {n}", induction, "omega", f"have h1 := hs {n}", "omega"),),
        )
    if kind == "mono":
        hypothesis = rng.choice(
            [f"{f} n + {b}", f"{rng.randint(1, 4)} * {f} n + {b}", f"{f} n + n"]
        )
        return draft(
            "recurrence_monotone",
            hypothesis,
            f"∀ i j, i ≤ j → {f} i ≤ {f} j",
            (
                (
                    "intro i j hij",
                    "induction hij with | refl => ?_ | step h ih => ?_",
                    "exact Nat.le_refl _",
                    "rw [hs]",
                    "omega",
                ),
                (
                    "intro i j hij",
                    "obtain ⟨t, rfl⟩ := Nat.exists_eq_add_of_le hij",
                    "clear hij",
                    "induction t with | zero => ?_ | succ t ih => ?_",
                    "exact Nat.le_refl _",
                    "have h1 := hs (i + t)",
                    "rw [Nat.add_assoc] at h1",
                    "omega",
                ),
            ),
        )
    c, d = rng.randint(1, 4), rng.randint(1, 4)
    return Draft(
        FAMILY,
        "recurrence_pair",
        (
            f"({f} g : Nat → Nat)",
            f"(h0 : {f} 0 = g 0)",
            f"(hs : ∀ n, {f} (n + 1) = {c} * {f} n + {d})",
            f"(ht : ∀ n, g (n + 1) = {c} * g n + {d})",
        ),
        f"∀ {n}, {f} {n} = g {n}",
        "",
        ((f"intro {n}", induction, "exact h0", "rw [hs, ht, ih]"),),
        {},
    )


def power_divides(rng: Random, size: int) -> Draft:
    """Divisibility of an expression with powers, by induction."""
    while True:
        a, m = rng.randint(2, 4 + 3 * size), rng.randint(3, 5 + 4 * size)
        b, s, c = rng.randint(1, 4), rng.choice([0, 0, rng.randint(1, 9)]), rng.randint(0, m - 1)
        if all((b * a**i + s * i + c) % m == 0 for i in range(12)):
            break
    n = rng.choice(["n", "k"])
    expression = _linear([(b, f"{a} ^ {n}"), (s, n), (c, "")])
    induction = f"induction {n} with | zero => ?_ | succ {n} ih => ?_"
    if rng.random() < 0.5:
        return Draft(
            FAMILY,
            "power_remainder",
            (f"({n} : Nat)",),
            f"({expression}) % {m} = 0",
            "",
            (
                (induction, "decide", "rw [Nat.pow_succ]", "omega"),
                (induction, "simp", "rw [Nat.pow_succ]", "omega"),
            ),
            {"base": a, "modulus": m},
        )
    return Draft(
        FAMILY,
        "power_divides",
        (f"({n} : Nat)",),
        f"{m} ∣ {expression}",
        "",
        (
            (induction, "decide", "rw [Nat.pow_succ]", "omega"),
            (induction, "simp", "rw [Nat.pow_succ]", "omega"),
        ),
        {"base": a, "modulus": m},
    )


def power_bound(rng: Random, size: int) -> Draft:
    """A polynomial stays below an exponential."""
    a = rng.randint(2, 3 + size)
    c, d = rng.randint(1, 3), rng.randint(0, 3)
    n = rng.choice(["n", "k", "m"])
    scale = 1
    while any(c * i + d > scale * a**i for i in range(40)):
        scale += 1
    strict = all(c * i + d < scale * a**i for i in range(40)) and rng.random() < 0.5
    left = _linear([(c, n), (d, "")])
    right = f"{a} ^ {n}" if scale == 1 else f"{scale} * {a} ^ {n}"
    induction = f"induction {n} with | zero => ?_ | succ {n} ih => ?_"
    return Draft(
        FAMILY,
        "power_bound",
        (f"({n} : Nat)",),
        f"{left} {'<' if strict else '≤'} {right}",
        "",
        (
            (induction, "simp", "rw [Nat.pow_succ]", "omega"),
            (induction, "decide", "rw [Nat.pow_succ]", "omega"),
            (
                induction,
                "simp",
                f"have h1 : 0 < {a} ^ {n} := Nat.pow_pos (by decide)",
                "rw [Nat.pow_succ]",
                "omega",
            ),
            (
                induction,
                "decide",
                f"have h1 : 0 < {a} ^ {n} := Nat.pow_pos (by decide)",
                "rw [Nat.pow_succ]",
                "omega",
            ),
        ),
        {"base": a},
    )


def exists_combination(rng: Random, size: int) -> Draft:
    """A witness with a remainder, a multiple or a bound."""
    kind = rng.choice(["crt", "between", "even", "quotient", "coins"])
    if kind == "crt":
        while True:
            a, b = rng.randint(2, 5 + size), rng.randint(2, 5 + size)
            if gcd(a, b) == 1:
                break
        r, s = rng.randrange(a), rng.randrange(b)
        x = next(i for i in range(a * b) if i % a == r and i % b == s)
        return Draft(
            FAMILY,
            "exists_residues",
            (),
            f"∃ n : Nat, n % {a} = {r} ∧ n % {b} = {s}",
            "",
            ((f"exact ⟨{x}, by decide, by decide⟩",), (f"refine ⟨{x}, ?_, ?_⟩", "rfl", "rfl")),
            {},
        )
    if kind == "between":
        m, r = rng.randint(2, 4 + size), 0
        r = rng.randrange(m)
        return Draft(
            FAMILY,
            "exists_above",
            ("(n : Nat)",),
            f"∃ k, n < k ∧ k % {m} = {r}",
            "",
            ((f"refine ⟨{m} * (n + 1) + {r}, ?_, ?_⟩", "omega", "omega"),),
            {"modulus": m},
        )
    if kind == "even":
        a, b = rng.randint(1, 4), rng.randint(1, 4)
        m = rng.randint(2, 5)
        hyps = ("(a b : Nat)", f"(ha : ∃ k, a = {m} * k)", f"(hb : ∃ k, b = {m} * k)")
        left = _linear([(a, "a"), (b, "b")])
        inner = _linear([(a, "k"), (b, "l")])
        return Draft(
            FAMILY,
            "exists_multiple",
            hyps,
            f"∃ k, {left} = {m} * k",
            "",
            (("obtain ⟨k, hk⟩ := ha", "obtain ⟨l, hl⟩ := hb", f"refine ⟨{inner}, ?_⟩", "omega"),),
            {},
        )
    if kind == "quotient":
        m = rng.randint(2, 4 + 2 * size)
        return Draft(
            FAMILY,
            "exists_quotient",
            ("(n : Nat)",),
            f"∃ q r, n = {m} * q + r ∧ r < {m}",
            "",
            ((f"refine ⟨n / {m}, n % {m}, ?_, ?_⟩", "omega", "omega"),),
            {"modulus": m},
        )
    while True:
        a, b = rng.randint(2, 4), rng.randint(3, 7)
        if gcd(a, b) == 1 and a < b:
            break
    first = (a - 1) * (b - 1)
    cases = " | ".join(["h"] * a)
    options = []
    for r in range(a):
        y = next(y for y in range(a) if (b * y) % a == r)
        options.append(f"exact ⟨(n - {b * y}) / {a}, {y}, by omega⟩")
    hr = " ∨ ".join(f"n % {a} = {r}" for r in range(a))
    return Draft(
        FAMILY,
        "exists_coins",
        ("(n : Nat)", f"(hn : {first} ≤ n)"),
        f"∃ x y, n = {a} * x + {b} * y",
        "",
        ((f"have hr : {hr} := by omega", f"rcases hr with {cases}", *options),),
        {"coins": a * b},
    )


def min_max(rng: Random, size: int) -> Draft:
    """Facts about minima, maxima, truncated subtraction, division: mostly one call of `omega`."""
    k = rng.randint(1, 3 + size)
    a, b, c = rng.sample(["a", "b", "c", "x", "y", "n", "m"], 3)
    choices: list[tuple[str, str, tuple[Script, ...]]] = [
        (f"({a} {b} : Nat)", f"min {a} {b} + max {a} {b} = {b} + {a}", (("omega",),)),
        (f"({a} {b} : Nat)", f"{k} * min {a} {b} = min ({k} * {a}) ({k} * {b})", (("omega",),)),
        (f"({a} {b} {c} : Nat)", f"max ({a} + {c}) ({b} + {c}) - {c} = max {a} {b}", (("omega",),)),
        (f"({a} {b} : Nat)", f"{a} - {b} + {b} = max {a} {b}", (("omega",),)),
        (f"({a} {b} {c} : Nat)", f"{a} - ({b} + {k} * {c}) = {a} - {k} * {c} - {b}", (("omega",),)),
        (f"({a} : Nat)", f"{a} / {k + 1} * {k + 1} ≤ {a}", (("omega",),)),
        (f"({a} : Nat)", f"({a} + {k * (k + 1)}) / {k + 1} = {a} / {k + 1} + {k}", (("omega",),)),
        (
            f"({a} {b} : Nat)",
            f"{a} * (min {a} {b}) ≤ {a} * {b}",
            (("apply Nat.mul_le_mul_left", "exact Nat.min_le_right _ _"),),
        ),
        (
            f"({a} {b} {c} : Nat)",
            f"{a} * max {b} {c} = max ({a} * {b}) ({a} * {c})",
            (
                (
                    f"rcases Nat.le_total {b} {c} with h | h",
                    "rw [Nat.max_eq_right h, Nat.max_eq_right (Nat.mul_le_mul_left _ h)]",
                    "rw [Nat.max_eq_left h, Nat.max_eq_left (Nat.mul_le_mul_left _ h)]",
                ),
            ),
        ),
        (
            f"({a} {b} {c} : Nat)",
            f"({a} - {b}) * {c} = {a} * {c} - {b} * {c}",
            ((f"exact Nat.sub_mul {a} {b} {c}",),),
        ),
        (
            f"({a} {b} : Nat)",
            f"({a} + {b}) * ({a} - {b}) = {a} * {a} - {b} * {b}",
            (("rw [Nat.mul_sub, Nat.add_mul, Nat.add_mul, Nat.mul_comm " + f"{b} {a}]", "omega"),),
        ),
    ]
    index = rng.randrange(len(choices))
    binder, goal, scripts = choices[index]
    return Draft(FAMILY, f"min_max_{index}", (binder,), goal, "", scripts, {"k": k})


def gcd_facts(rng: Random, size: int) -> Draft:
    """Greatest common divisors of linear forms and of numerals."""
    k = rng.randint(1, 4 + 2 * size)
    kind = rng.choice(["value", "consecutive", "scale", "dvd", "coprime"])
    if kind == "value":
        g = rng.randint(2, 30)
        a, b = g * rng.randint(2, 30), g * rng.randint(2, 30)
        return Draft(
            FAMILY,
            "gcd_value",
            (),
            f"Nat.gcd {a} {b} = {gcd(a, b)}",
            "",
            (("decide",), ("rfl",)),
            {},
        )
    if kind == "consecutive":
        step = rng.choice([1, 1, k])
        goal = f"Nat.gcd ({step} * n + 1) n = 1" if step > 1 else "Nat.gcd n (n + 1) = 1"
        return Draft(
            FAMILY,
            "gcd_consecutive",
            ("(n : Nat)",),
            goal,
            "",
            (
                ("simp",),
                (
                    "apply Nat.eq_one_of_dvd_one",
                    "have h1 := Nat.gcd_dvd_left n (n + 1)",
                    "have h2 := Nat.gcd_dvd_right n (n + 1)",
                    "exact (Nat.dvd_add_right h1).mp h2",
                ),
            ),
            {"step": step},
        )
    if kind == "coprime":
        a, b = rng.randint(2, 4 + size), rng.randint(1, 3 + size)
        c = rng.randint(1, 6)
        d = b * c + rng.choice([1, -1])
        if d % a or d <= 0:
            return gcd_facts(rng, size)
        e = d // a
        first, second = f"{a} * n + {b}", f"{c} * n + {e}"
        if (a, b) == (c, e):
            return gcd_facts(rng, size)
        return Draft(
            FAMILY,
            "gcd_linear",
            ("(n d : Nat)", f"(h1 : d ∣ {a} * ({second}))", f"(h2 : d ∣ {c} * ({first}))"),
            "d = 1",
            "",
            (
                (
                    "apply Nat.eq_one_of_dvd_one",
                    "have h3 := Nat.dvd_sub h1 h2",
                    f"have h4 : {a} * ({second}) - {c} * ({first}) = 1 := by omega",
                    "rw [h4] at h3",
                    "exact h3",
                ),
                (
                    "apply Nat.eq_one_of_dvd_one",
                    "have h3 := Nat.dvd_sub h2 h1",
                    f"have h4 : {c} * ({first}) - {a} * ({second}) = 1 := by omega",
                    "rw [h4] at h3",
                    "exact h3",
                ),
            ),
            {},
        )
    if kind == "scale":
        return Draft(
            FAMILY,
            "gcd_scale",
            ("(a b c : Nat)",),
            f"Nat.gcd ({k} * a) ({k} * b + {k} * a * c) = {k} * Nat.gcd a b",
            "",
            (
                (
                    "rw [Nat.mul_assoc, ← Nat.mul_add, Nat.gcd_mul_left, Nat.gcd_add_mul_left_right]",
                ),
                ("simp [Nat.mul_assoc, ← Nat.mul_add, Nat.gcd_mul_left]",),
            ),
            {"k": k},
        )
    return Draft(
        FAMILY,
        "gcd_dvd",
        ("(a b x y : Nat)",),
        f"Nat.gcd a b ∣ a * x + {k} * (b * y)",
        "",
        (
            (
                "apply Nat.dvd_add",
                "apply Nat.dvd_mul_right_of_dvd",
                "exact Nat.gcd_dvd_left a b",
                "apply Nat.dvd_mul_left_of_dvd",
                "apply Nat.dvd_mul_right_of_dvd",
                "exact Nat.gcd_dvd_right a b",
            ),
        ),
        {"k": k},
    )


def compute(rng: Random, size: int) -> Draft:
    """Numerals only."""
    kind = rng.choice(["pow", "range", "forall", "exists"])
    if kind == "pow":
        a, n, m = rng.randint(2, 30), rng.randint(5, 10 + 20 * size), rng.randint(3, 50)
        goal = f"{a} ^ {n} % {m} = {pow(a, n, m)}"
        return Draft(FAMILY, "compute_power", (), goal, "", (("decide +kernel",), ("rfl",)), {})
    if kind == "range":
        n, k = rng.randint(4, 6 + 3 * size), rng.randint(1, 5)
        total = sum(k * i + 1 for i in range(n))
        goal = f"((List.range {n}).map fun i => {k} * i + 1).sum = {total}"
        return Draft(FAMILY, "compute_sum", (), goal, "", (("decide",), ("rfl",)), {"n": n})
    n, m = rng.randint(3, 4 + 2 * size), rng.randint(2, 9)
    p = _random_poly(rng, 2, 5)
    seen = [value(p, i) % m for i in range(n)]
    text = show_poly(p, "x")
    if kind == "forall":
        goal = f"∀ x : Fin {n}, ({text.replace('x', 'x.val')}) % {m} ≤ {max(seen)}"
        return Draft(FAMILY, "compute_forall", (), goal, "", (("decide",),), {"n": n})
    target = rng.choice(seen)
    goal = f"∃ x : Fin {n}, ({text.replace('x', 'x.val')}) % {m} = {target}"
    witness = seen.index(target)
    return Draft(
        FAMILY,
        "compute_exists",
        (),
        goal,
        "",
        ((f"exact ⟨{witness}, by decide⟩",), ("decide",)),
        {"n": n},
    )


def induction_principles(rng: Random, size: int) -> Draft:
    """A predicate of numbers that holds everywhere, from how it spreads."""
    kind = rng.choice(["steps", "steps", "strong", "down", "pair", "multiples", "from"])
    p = rng.choice("PQS")
    if kind == "steps":
        k = rng.randint(2, 2 + min(size, 3))
        bases = tuple(f"(h{i} : {p} {i})" for i in range(k))
        cases = ["exact h{i}".replace("{i}", str(i)) for i in range(k)]
        return Draft(
            FAMILY,
            "two_step_induction" if k == 2 else "k_step_induction",
            (f"({p} : Nat → Prop)", *bases, f"(hs : ∀ n, {p} n → {p} (n + {k}))"),
            f"∀ n, {p} n",
            "",
            (
                (
                    "intro n",
                    "induction n using Nat.strongRecOn with | _ n ih => ?_",
                    f"rcases Nat.lt_or_ge n {k} with h | h",
                    f"have hc : {' ∨ '.join(f'n = {i}' for i in range(k))} := by omega",
                    f"rcases hc with {' | '.join(['rfl'] * k)}",
                    *cases,
                    "obtain ⟨m, rfl⟩ := Nat.exists_eq_add_of_le' h",
                    "apply hs",
                    "apply ih",
                    "omega",
                ),
            ),
            {"k": k},
        )
    if kind == "strong":
        k = rng.randint(2, 3 + size)
        return Draft(
            FAMILY,
            "divide_induction",
            (f"({p} : Nat → Prop)", f"(h0 : {p} 0)", f"(hs : ∀ n, 0 < n → {p} (n / {k}) → {p} n)"),
            f"∀ n, {p} n",
            "",
            (
                (
                    "intro n",
                    "induction n using Nat.strongRecOn with | _ n ih => ?_",
                    "rcases Nat.eq_zero_or_pos n with h | h",
                    "subst h",
                    "exact h0",
                    "apply hs n h",
                    "apply ih",
                    "omega",
                ),
            ),
            {"k": k},
        )
    if kind == "down":
        n = rng.randint(2, 4 + size)
        return Draft(
            FAMILY,
            "downward",
            (
                f"({p} : Nat → Prop)",
                "(b : Nat)",
                f"(hb : {p} (b + {n}))",
                f"(hs : ∀ n, {p} (n + 1) → {p} n)",
            ),
            f"{p} b",
            "",
            ((*(["apply hs"] * n), "exact hb"),),
            {"n": n},
        )
    if kind == "pair":
        return Draft(
            FAMILY,
            "double_induction",
            (
                "(R : Nat → Nat → Prop)",
                "(h0 : ∀ n, R 0 n)",
                "(h1 : ∀ m, R (m + 1) 0)",
                "(hs : ∀ m n, R m n → R (m + 1) (n + 1))",
            ),
            "∀ m n, R m n",
            "",
            (
                (
                    "intro m",
                    "induction m with | zero => ?_ | succ m ih => ?_",
                    "exact h0",
                    "intro n",
                    "cases n with | zero => ?_ | succ n => ?_",
                    "exact h1 m",
                    "apply hs",
                    "exact ih n",
                ),
            ),
            {},
        )
    k = rng.randint(2, 4 + size)
    if kind == "multiples":
        c = rng.randint(0, k - 1)
        return Draft(
            FAMILY,
            "multiples",
            (f"({p} : Nat → Prop)", f"(h0 : {p} {c})", f"(hs : ∀ n, {p} n → {p} (n + {k}))"),
            f"∀ n, {p} ({k} * n + {c})",
            "",
            (
                (
                    "intro n",
                    "induction n with | zero => ?_ | succ n ih => ?_",
                    "exact h0",
                    "have h1 := hs _ ih",
                    f"have h2 : {k} * (n + 1) + {c} = {k} * n + {c} + {k} := by omega",
                    "rw [h2]",
                    "exact h1",
                ),
            ),
            {"k": k},
        )
    return Draft(
        FAMILY,
        "induction_from",
        (f"({p} : Nat → Prop)", f"(h0 : {p} {k})", f"(hs : ∀ n, {k} ≤ n → {p} n → {p} (n + 1))"),
        f"∀ n, {k} ≤ n → {p} n",
        "",
        (
            (
                "intro n hn",
                "induction hn with | refl => ?_ | step h ih => ?_",
                "exact h0",
                "exact hs _ h ih",
            ),
        ),
        {"k": k},
    )


MAKERS: tuple[Callable[[Random, int], Draft], ...] = (
    residue,
    residue,
    congruence,
    divides,
    divides,
    dvd_linear,
    monotone,
    monotone,
    int_products,
    squares,
    identity,
    linear_facts,
    linear_system,
    quadratic_int,
    quadratic_nat,
    function_value,
    recurrence,
    recurrence,
    recurrence,
    power_divides,
    power_bound,
    exists_combination,
    min_max,
    gcd_facts,
    compute,
    induction_principles,
    induction_principles,
)
