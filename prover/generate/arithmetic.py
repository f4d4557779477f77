"""Tactic shapes for goals about numbers: what `omega` and `grind` lack, as facts handed to them.

Every shape yields `(cost, tactic)`; see `portfolio`. Arithmetic that a shape needs (residues, roots,
orders) is computed here and proved there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations, islice
from math import gcd, isqrt

from prover.generate.bounded import (
    FEW_CASES,
    MONOMIAL,
    PRODUCT,
    Bound,
    bounds,
    cases_of,
    finite_checks,
    interval_splits,
    square,
)
from prover.generate.shapes import INT, NAT, Idea, View, numerals, shape, words

MOST_ROOT = 300
MOST_RESIDUES = 16
MOST_INSTANCES = 128

MODULUS = re.compile(r"% (\d+)|(?<![\w₀-₉.'])(\d+) ∣")
CLOSED_REMAINDER = re.compile(r"(?<![\w₀-₉'])(\d+) \^ (\d+)")

NAT_LAWS = "Nat.pow_succ, Nat.mul_mod, Nat.add_mod"
INT_LAWS = "Int.pow_succ, Int.mul_emod, Int.add_emod, Int.sub_emod"


def arithmetic(view: View) -> Iterator[Idea]:
    """All shapes of this module."""
    if view.heavy:
        yield from remainders_of_powers(view)
        return
    yield from finite_checks(view)
    yield from residues(view)
    yield from power_residues(view)
    yield from bounds(view)
    yield from interval_splits(view)
    yield from quotients(view)
    yield from divisors(view)
    yield from gcd_of_linear_forms(view)
    yield from powers_by_induction(view)
    yield from inductions_from_a_bound(view)
    yield from pinned(view)
    yield from chains(view)
    yield from nonlinear(view)


# Closed powers


def remainders_of_powers(view: View) -> Iterator[Idea]:
    """`b ^ e % m` for an `e` too large to compute with: `b ^ t` is idempotent modulo `m` for some
    `t`, so `e` counts only modulo `t`."""
    match = re.search(r"% (\d+) = (\d+)$", view.goal.target)
    if match is None or not 1 < int(match[1]) <= 10_000:
        return
    m, steps = int(match[1]), []
    powers = list(dict.fromkeys(CLOSED_REMAINDER.findall(view.goal.target)))
    for place, (base, exponent) in enumerate(powers):
        b, e = int(base), int(exponent)
        if e <= 256:
            continue
        t = next((t for t in range(1, 1 + 2 * m) if pow(b, 2 * t, m) == pow(b, t, m)), 0)
        if not 0 < t < e:
            return
        q, s = divmod(e, t)
        c, r, name = pow(b, t, m), pow(b, e, m), f"e{place + 1}"
        steps.append(
            f"have {name} : {b} ^ {e} % {m} = {r} := by\n"
            f"  have p : ∀ q, {c} ^ (q + 1) % {m} = {c} := by\n"
            f"    intro q\n"
            f"    induction q with\n"
            f"    | zero => rfl\n"
            f"    | succ q ih => rw [Nat.pow_succ, Nat.mul_mod, ih]\n"
            f"  rw [show {e} = {t} * ({q - 1} + 1) + {s} from rfl, Nat.pow_add, Nat.pow_mul,\n"
            f"    Nat.mul_mod, Nat.pow_mod, show {b} ^ {t} % {m} = {c} by decide +kernel, p]"
        )
    if steps:
        names = ", ".join(f"e{i + 1}" for i, p in enumerate(powers) if int(p[1]) > 256)
        yield 0.2, "\n".join([*steps, f"simp [Nat.add_mod, Nat.mul_mod, {names}]"])


def powers_by_induction(view: View) -> Iterator[Idea]:
    """Powers with a variable in the exponent: induction, with the hypotheses on it dropped."""
    exponents = re.findall(r"\^ \(?([^()]*)", view.goal.target)
    bases = re.findall(r"([^\W\d][\w₀-₉']*|\([^()]*\)) \^", view.goal.target)
    ordered = view.target.head in ("≤", "<", "≥", ">")
    for name in [n for n in view.of_type(NAT) if any(n in words(e) for e in exponents)][:2]:
        k, ih = view.fresh("k", "ih")
        about = [n for n, f in view.facts.items() if name in words(f.text)]
        laws = "Nat.pow_succ, Nat.pow_add, Nat.pow_mul, Nat.mul_add, Int.pow_succ, Int.pow_add"
        for place, cleared in enumerate(dict.fromkeys(["", f"clear {' '.join(about)}\n"])):
            if place and not about:
                continue
            start = f"{cleared}induction {name} with\n| zero => first | decide | simp_all\n"
            succ = f"first | omega | (simp only [{laws}] at *; omega) | grind"
            if bases and ordered:
                succ += f" | (have := Nat.mul_le_mul_right {bases[0]} {ih}; grind)"
            yield 1.4 + 0.2 * place, f"{start}| succ {k} {ih} => {succ}"


def inductions_from_a_bound(view: View) -> Iterator[Idea]:
    """Induction on a variable from the numeral on that it is not below."""
    if "^" not in view.goal.target and not view.goal.own:
        return
    for name, fact in view.facts.items():
        if fact.head not in ("≤", "<", "≥", ">"):
            continue
        low, variable = fact.parts if fact.head in ("≤", "<") else fact.parts[::-1]
        if not low.isdigit() or variable not in view.of_type(NAT) or len(low) > 3:
            continue
        first = int(low) + (fact.head in ("<", ">"))
        if first == 0 or variable not in words(view.goal.target):
            continue
        d, ih = view.fresh("d", "ih")
        start = (
            f"obtain ⟨{d}, rfl⟩ : ∃ {d}, {variable} = {d} + {first} := ⟨{variable} - {first}, by omega⟩\n"
            f"clear {name}\ninduction {d} with\n| zero => "
        )
        simple = f"first | decide | simp_all\n| succ {d} {ih} => first | omega | grind"
        if not view.goal.own:
            yield 1.5, start + simple
        yield 3.6, f"{start}?_\n| succ {d} {ih} => ?_"


def pinned(view: View) -> Iterator[Idea]:
    """Variables that are at the end of their bound, where other facts say so."""
    for fact in view.facts.values():
        if fact.head in ("≤", "<"):
            for variable, term in (fact.parts, fact.parts[::-1]):
                end = term.removesuffix(" + 1") if fact.head == "<" else term
                if variable in view.of_type(NAT) and variable not in words(end):
                    yield 2.9, f"obtain rfl : {variable} = {end} := by omega"


# Remainders


def moduli(view: View) -> list[int]:
    found = [int(a or b) for a, b in MODULUS.findall(view.text)]
    return [m for m in dict.fromkeys(found) if 2 <= m <= MOST_RESIDUES]


def residues(view: View) -> Iterator[Idea]:
    """Every remainder of a variable modulo a number in sight as a case of its own."""
    numbers = [n for n in view.variables if view.variables[n] in (NAT, INT)]
    inside = [n for n in numbers if n in words(view.goal.target)] or numbers
    if MODULUS.search(view.text) and numbers:
        laws = INT_LAWS if INT in view.variables.values() else NAT_LAWS
        yield 1.5, f"simp [{', '.join([laws, *view.facts])}]"
    for m in moduli(view)[:3]:
        for names in dict.fromkeys([tuple(inside[:1]), tuple(inside[:2])]):
            if not names or m ** len(names) > 170:
                continue
            lines, splits, cases = [], [], []
            for name in names:
                (h,) = view.fresh(f"h{name}")
                values = " ∨ ".join(f"{name} % {m} = {r}" for r in range(m))
                lines.append(f"have {h} : {values} := by omega")
                splits.append(f"rcases {h} with {' | '.join([h] * m)}")
                cases.append(h)
            integer = view.variables[names[0]] == INT
            divides = "Int.dvd_iff_emod_eq_zero" if integer else "Nat.dvd_iff_mod_eq_zero"
            laws = INT_LAWS if integer else NAT_LAWS
            simp = f"simp [{divides}, {laws}, {', '.join(cases)}]"
            yield 2.2 + 0.3 * len(names), "\n".join([*lines, " <;> ".join([*splits, simp])])
            if len(names) == 1 and view.facts:
                simp_all = f"simp_all [{divides}, {laws}]"
                yield 2.6, "\n".join([*lines, " <;> ".join([*splits, simp_all])])
            if len(names) == 1 and m <= 12:
                yield 4.2, "\n".join([*lines, *splits])


def power_residues(view: View) -> Iterator[Idea]:
    """The few values that a power takes modulo the numbers in sight, and modulo those where it
    takes fewest, for `omega` to combine."""
    atoms = [
        (base, int(k))
        for base, k in dict.fromkeys(MONOMIAL.findall(view.text))
        if view.variables.get(base) in (NAT, INT) and 2 <= int(k) <= 12
    ][:4]
    if not atoms:
        return
    telling = [m for m in range(3, MOST_RESIDUES + 1) if _tells(m, atoms)]
    for place, m in enumerate(list(dict.fromkeys(moduli(view) + telling))[:6]):
        lines = []
        for base, k in atoms:
            integer = view.variables[base] == INT
            laws = "Int.pow_succ, Int.mul_emod" if integer else "Nat.pow_succ, Nat.mul_mod"
            values = sorted({pow(r, k, m) for r in range(m)})
            claim = " ∨ ".join(f"{base} ^ {k} % {m} = {v}" for v in values)
            cases = " ∨ ".join(f"{base} % {m} = {r}" for r in range(m))
            lines.append(
                f"have : {claim} := by\n"
                f"  have c : {cases} := by omega\n"
                f"  rcases c with {' | '.join(['c'] * m)} <;> simp [{laws}, c]"
            )
        modular = moduli(view) or view.target.head in ("≠", "¬") or view.goal.target == "False"
        yield (2.4 if modular else 3.6) + 0.3 * place, "\n".join([*lines, "omega"])


def _tells(m: int, atoms: Sequence[tuple[str, int]]) -> bool:
    return all(len({pow(r, k, m) for r in range(m)}) * 2 <= m + 1 for _, k in atoms)


# Quotients

QUOTIENT = re.compile(
    r"([^\W\d][\w₀-₉']*|(?<![\w₀-₉.'])\d+|\([^()]*\)) ([%/]) ([^\W\d][\w₀-₉']*)(?![\w.])"
)


def quotients(view: View) -> Iterator[Idea]:
    """Bounds of `a % b` and `a / b` for a variable `b`: to `omega` they are unknown numbers."""
    naturals = view.of_type(NAT)
    found = dict.fromkeys(part for part in QUOTIENT.findall(view.text) if part[2] in naturals)
    for place, (a, sign, b) in enumerate(list(found)[:2]):
        p, q, r, s = view.fresh("p", "q", "r", "s")
        lines = [
            f"have {p} := Nat.{'mod_le' if sign == '%' else 'div_le_self'} {a} {b}",
            f"have {q} := Nat.div_add_mod {a} {b}",
            "first",
            "| omega",
            f"| have {r} : 0 < {b} := by omega\n  have {s} := Nat.mod_lt {a} {r}\n  omega",
        ]
        if sign == "/":
            less = f"Nat.div_lt_self (show 0 < {a} by omega) (show 1 < {b} by omega)"
            lines.append(f"| have {r} := {less}\n  omega")
        yield 1.3 + 0.2 * place, "\n".join(lines)


# Divisors, gcd, lcm

GCD = re.compile(
    r"(?<![\w₀-₉.'])(?:Nat\.(?:gcd|lcm) ([\w₀-₉']+)|((?!Nat\.)[^\W\d][\w₀-₉']*)\.(?:gcd|lcm))"
    r" ([\w₀-₉']+)"
)


def divisors(view: View) -> Iterator[Idea]:
    """What is known of `gcd` and `lcm`; the factors of a product that is a numeral."""
    pairs = [(a or b, c) for a, b, c in GCD.findall(view.text)]
    for a, b in list(dict.fromkeys(pairs))[:2]:
        names = view.fresh("g1", "g2", "l1", "l2", "p")
        laws = ("gcd_dvd_left", "gcd_dvd_right", "dvd_lcm_left", "dvd_lcm_right", "gcd_mul_lcm")
        lines = [f"have {n} := Nat.{law} {a} {b}" for n, law in zip(names, laws, strict=True)]
        known = [n for n, f in view.facts.items() if f.head == "=" and GCD.search(f.text)]
        if known:
            lines.append(f"simp only [{', '.join(known)}] at {' '.join(names)}")
        if not any(law in view.text for law in ("∣", " * ")):
            yield 1.7, "\n".join([*lines, "omega"])
        yield 2.4, "\n".join(lines)
    for name, fact in view.facts.items():
        if fact.head == "∣" and fact.parts[0] in view.of_type(NAT) and fact.parts[1].isdigit():
            yield from _divisor_of_numeral(view, name, fact.parts[0], int(fact.parts[1]))
    for left, right in list(dict.fromkeys(PRODUCT.findall(view.text)))[:4]:
        if left != right and {left, right} <= set(view.of_type(NAT)):
            for number in [n for n in view.numerals if n > 3][:3]:
                yield from _hyperbola(view, left, right, isqrt(number))


def _divisor_of_numeral(view: View, name: str, divisor: str, n: int) -> Iterator[Idea]:
    """Every divisor of a numeral as a case of its own."""
    values = [d for d in range(1, n + 1) if n % d == 0] if n <= MOST_ROOT else []
    if not values:
        return
    (h,) = view.fresh("h")
    claim = " ∨ ".join(f"d = {d}" for d in values)
    below = f"Nat.lt_succ_of_le (Nat.le_of_dvd (by decide) {name})"
    lines = [
        f"have {h} := (by decide +kernel : ∀ d : Nat, d < {n + 1} → d ∣ {n} → {claim})",
        f"  {divisor} ({below}) {name}",
        f"rcases {h} with {' | '.join([h] * len(values))} <;> subst {h}",
        "all_goals first | omega | (simp_all; done) | skip",
    ]
    yield 2.5, "\n".join(lines)


def _hyperbola(view: View, left: str, right: str, r: int) -> Iterator[Idea]:
    """Of two factors, one is at most the root of the product. Where the product itself is known,
    it is a divisor of it; otherwise every small value is a case."""
    (h,) = view.fresh("hb")
    start = (
        f"have {h} : {left} ≤ {r} ∨ {right} ≤ {r} := by\n"
        f"  apply Classical.byContradiction; intro hc\n"
        f"  have := Nat.mul_le_mul (show {r + 1} ≤ {left} by omega) (show {r + 1} ≤ {right} by omega)\n"
        f"  omega\n"
    )
    for name, fact in view.facts.items():
        if fact.head != "=" or fact.parts[0] != f"{left} * {right}" or r > MOST_ROOT:
            continue
        if not fact.parts[1].isdigit() or isqrt(n := int(fact.parts[1])) != r:
            continue
        small = [d for d in range(1, r + 1) if n % d == 0]
        values = " ∨ ".join(f"d = {d}" for d in small)
        lemma = f"have f : ∀ d : Nat, d < {r + 1} → {n} % d = 0 → {values} := by decide +kernel\n"
        ends = f"{' | '.join([h] * len(small))} <;> subst {h} <;> try omega"
        divides = [f"⟨{right}, {name}.symm⟩", f"⟨{left}, ({name}.symm.trans (Nat.mul_comm ..))⟩"]
        sides = "\n".join(
            f"· rcases f {factor} (by omega) (Nat.mod_eq_zero_of_dvd {proof}) with {ends}"
            for factor, proof in zip((left, right), divides, strict=True)
        )
        yield 2.0, f"{start}{lemma}rcases {h} with {h} | {h}\n{sides}"
    if 1 < r <= FEW_CASES:
        sides = "\n".join(
            "· " + cases_of(view, Bound(n, 0, r, ()), h).replace("\n", "\n  ") + " <;> try omega"
            for n in (left, right)
        )
        yield 3.0, f"{start}rcases {h} with {h} | {h}\n{sides}"


LINEAR = r"\(?(?:(\d+) \* )?([^\W\d][\w₀-₉']*) \+ (\d+)\)?"


def gcd_of_linear_forms(view: View) -> Iterator[Idea]:
    """A common divisor of `a n + b` and `c n + d` divides `|a d - b c| / gcd(a, c)`."""
    found = re.findall(rf"{LINEAR}\.gcd {LINEAR}|Nat\.gcd {LINEAR} {LINEAR}", view.text)
    for groups in dict.fromkeys(found[:3]):
        a, n, b, c, other, d = groups[:6] if groups[1] else groups[6:]
        if n != other:
            continue
        one, two = (int(a or 1), int(b)), (int(c or 1), int(d))
        forms = [f"({k} * {n} + {m})" if k > 1 else f"({n} + {m})" for k, m in (one, two)]
        p, q = two[0] // gcd(one[0], two[0]), one[0] // gcd(one[0], two[0])
        determinant = p * one[1] - q * two[1]
        parts = [f"(Nat.dvd_mul_left_of_dvd g1 {p})", f"(Nat.dvd_mul_left_of_dvd g2 {q})"]
        terms = [f"{p} * {forms[0]}", f"{q} * {forms[1]}"]
        if determinant < 0:
            parts.reverse()
            terms.reverse()
        if determinant:
            lines = [
                f"have g1 := Nat.gcd_dvd_left {forms[0]} {forms[1]}",
                f"have g2 := Nat.gcd_dvd_right {forms[0]} {forms[1]}",
                f"have g3 := Nat.dvd_sub {parts[0]} {parts[1]}",
                f"rw [show {terms[0]} - {terms[1]} = {abs(determinant)} by omega] at g3",
                "have g4 := Nat.le_of_dvd (by decide) g3",
                f"have g5 := Nat.gcd_pos_of_pos_left {forms[1]} (show 0 < {forms[0]} by omega)",
                "omega",
            ]
            yield 2.1, "\n".join(lines)


# Recurrences


def chains(view: View) -> Iterator[Idea]:
    """A recurrence at every index between the ones in sight, all at once."""
    applied: dict[str, list[int]] = {}
    for function, number in re.findall(r"(?<![\w₀-₉.'])([^\W\d][\w₀-₉']*) (\d+)", view.text):
        if "→" in view.variables.get(function, ""):
            applied.setdefault(function, []).append(int(number))
    for name, fact in view.facts.items():
        if fact.head != "∀" or len(fact.names) != 1 or fact.domain not in (NAT, INT):
            continue
        for function, places in applied.items():
            if function not in words(fact.text):
                continue
            low, high = min(places), max(places)
            shifts = [n for n in numerals(fact.parts[0]) if n <= 8]
            start = max(0, low - max(shifts, default=0))
            if high - start > MOST_INSTANCES:
                continue
            guarded = shape(fact.parts[0]).head == "→"
            argument = " (by omega)" if guarded else ""
            if guarded:
                start = max([start, *(n for n in shifts)])
            (c,) = view.fresh("c")
            indices = range(start, high + 1)
            lines = [f"have {c}{i} := {name} {i}{argument}" for i in indices]
            tidy = (
                "simp only [Int.reduceSub, Int.reduceAdd, Int.reduceMul, Int.reduceNeg, "
                "Int.reducePow, Nat.reduceAdd, Nat.reduceSub, Nat.reduceMul, Nat.reducePow] at *"
            )
            yield 3.3, "\n".join([*lines, f"try {tidy}", "omega"])


# Nonlinear inequalities


def nonlinear(view: View) -> Iterator[Idea]:
    """Squares that are not negative and products of hypotheses, for `grind`'s linear arithmetic
    over the ring."""
    integers = [n for n in view.of_type(INT) if n in words(view.text)][:4]
    if integers and shape(view.goal.target).head in ("≤", "<", "≥", ">", "="):
        terms = [*integers, *(f"({a} - {b})" for a, b in combinations(integers, 2))]
        terms += [f"({a} + {b})" for a, b in islice(combinations(integers, 2), 3)]
        lines = [f"have : 0 ≤ {t} * {t} := {square(t)}" for t in terms]
        yield 3.0, "\n".join([*lines, "grind"])
        if len(integers) == 4:
            a, b, c, d = integers
            crossed = [
                f"({a} * {b} - {c} * {d})",
                f"({a} * {c} - {b} * {d})",
                f"({a} * {d} - {b} * {c})",
            ]
            lines = [f"have : 0 ≤ {t} * {t} := {square(t)}" for t in crossed]
            yield 3.05, "\n".join([*lines, "grind"])
    signs = [
        name
        for name, fact in view.facts.items()
        if fact.head in ("≤", "<", "≥", ">") and words(fact.text) & set(integers)
    ][:4]
    if len(signs) >= 2 and integers:
        lines = []
        for first, second in combinations(signs, 2):
            lines.append(
                f"have := Int.mul_nonneg (Int.sub_nonneg.2 (Int.le_of_lt {first})) "
                f"(Int.sub_nonneg.2 (Int.le_of_lt {second}))"
            )
        lines = [_weaken(view, line) for line in lines]
        yield 3.1, "\n".join([*lines, "grind"])


def _weaken(view: View, line: str) -> str:
    for name, fact in view.facts.items():
        if fact.head in ("≤", "≥"):
            line = line.replace(f"(Int.le_of_lt {name})", name)
    return line
