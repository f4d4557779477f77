"""Tactic shapes for variables of which only finitely many values are possible.

A bound is found by reading the goal and guessing, and proved in the tactic: a wrong guess fails
soon. Then every value is a case, or the whole statement is evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import isqrt, prod

from prover.generate.shapes import INT, NAT, Idea, View, words

MOST_CASES = 80
FEW_CASES = 24
MOST_CHECKS = 2_500
GUESS = 0.7

MONOMIAL = re.compile(r"(?<![\w₀-₉.'] )(?<![\w₀-₉.'])([^\W\d][\w₀-₉']*) \^ (\d+)")
PRODUCT = re.compile(r"(?<![\w₀-₉.'])([^\W\d][\w₀-₉']*) \* ([^\W\d][\w₀-₉']*)(?![\w₀-₉.'])")
UPPER = r"(?<![\w₀-₉.'])(?<![*/%^+-] ){} (≤|<) (\d+)(?!\w| [+*/%^-])"
LOWER = r"(?<![*/%^+-] )(?<![\w.])(\d+) ≤ {}$"


def upper_bounds(view: View, name: str) -> list[int]:
    """Largest values that the goal states for a variable."""
    found = []
    for mark, number in re.findall(UPPER.format(re.escape(name)), view.text):
        found.append(int(number) - (mark == "<"))
    for number in re.findall(LOWER.format(re.escape(name)), view.goal.target):
        found.append(int(number))
    return sorted(n for n in found if 0 <= n <= MOST_CASES)


def guesses(view: View) -> list[int]:
    """Numbers that may bound a variable: the numerals in sight and their integer roots."""
    found = set(view.numerals)
    exponents = {int(k) for _, k in MONOMIAL.findall(view.text)}
    for n, k in product(view.numerals, exponents):
        if 2 <= k <= 12:
            found.add(_root(n, k))
    if " * " in view.text:
        found |= {isqrt(n) for n in view.numerals}
    return sorted(n for n in found if 2 <= n <= MOST_CASES)


def _root(n: int, k: int) -> int:
    """The integer part of the k-th root, for what is below `MOST_CASES`; a little more above."""
    return next((r for r in range(MOST_CASES + 1) if (r + 1) ** k > n), MOST_CASES + 1)


@dataclass(frozen=True, slots=True)
class Bound:
    """`lowest ≤ name ≤ highest`, with the tactic lines that prove it, and how far-fetched it is."""

    name: str
    lowest: int
    highest: int
    proof: tuple[str, ...]
    cost: float = 0.0

    @property
    def claim(self) -> str:
        return f"{_integer(self.lowest)} ≤ {self.name} ∧ {self.name} ≤ {self.highest}"

    @property
    def cases(self) -> int:
        return self.highest - self.lowest + 1


def _integer(n: int) -> str:
    return str(n) if n >= 0 else f"(-{-n})"


def possible_bounds(view: View, name: str) -> list[Bound]:
    """Ranges of a variable that are stated, that follow from a power, or that are worth a try."""
    found = [Bound(name, 0, n, ("omega",)) for n in upper_bounds(view, name)[:1]]
    if view.variables[name] == NAT:
        found += [*_bounds_by_powers(view, name), *_bounds_by_exponents(view, name)]
    else:
        found += _bounds_by_shifts(view, name)
    facts = tuple(line for fact in facts_about_products(view) for line in fact.split("\n"))
    tries = [n for n in guesses(view) if n not in upper_bounds(view, name)]
    low = 0 if view.variables[name] == NAT else 1
    for place, limit in enumerate(tries[-4:]):
        cost = GUESS + 0.1 * place + (0.4 if limit > 40 else 0.0)
        found.append(Bound(name, 0, limit, (*facts, "omega"), cost))
        if low and limit <= 40:
            found.append(Bound(name, -limit, limit, (*facts, "omega"), cost + 0.3))
    return [bound for bound in found if bound.cases <= MOST_CASES + 1]


def _bounds_by_powers(view: View, name: str) -> Iterator[Bound]:
    """A power of the variable is at most a numeral in sight."""
    for base, exponent in dict.fromkeys(MONOMIAL.findall(view.text)):
        if base != name or not 2 <= int(exponent) <= 12:
            continue
        limits = {_root(n, int(exponent)) for n in view.numerals}
        for place, limit in enumerate(sorted(limits, reverse=True)[:4]):
            if 1 < limit <= MOST_CASES:
                proof = (
                    "refine ⟨by omega, Nat.le_of_not_lt fun hc => ?_⟩",
                    f"have := Nat.pow_le_pow_left (show {limit + 1} ≤ {name} from hc) {exponent}",
                    "simp at this",
                    "omega",
                )
                yield Bound(name, 0, limit, proof, 0.2 + 0.1 * place)


def _bounds_by_exponents(view: View, name: str) -> Iterator[Bound]:
    """A numeral to the power of the variable is at most a numeral in sight."""
    pattern = rf"(?<![\w₀-₉'])(\d+) \^ {re.escape(name)}(?![\w₀-₉'])"
    for base in dict.fromkeys(int(b) for b in re.findall(pattern, view.text)):
        if base < 2 or not view.numerals:
            continue
        most = max(view.numerals)
        limit = next(e for e in range(400) if base ** (e + 1) > most or e == 399)
        others = set(re.findall(r"(?<![\w₀-₉'])(\d+ \^ [^\W\d][\w₀-₉']*)", view.text))
        powers = sorted(others - {f"{base} ^ {name}"})
        products = [
            f"have := Nat.le_mul_of_pos_{side} ({base} ^ {name}) (show 0 < {other} from "
            f"Nat.pow_pos (by decide))"
            for other in powers
            for side in ("left", "right")
        ]
        proof = (
            "refine ⟨by omega, Nat.le_of_not_lt fun hc => ?_⟩",
            f"have hc : {limit + 1} ≤ {name} := hc",
            f"have := Nat.pow_le_pow_right (n := {base}) (by decide) hc",
            *products[:4],
            "simp at this",
            "omega",
        )
        yield Bound(name, 0, limit, proof, 0.2)


def _bounds_by_shifts(view: View, name: str) -> Iterator[Bound]:
    """Beyond a root of the numerals in sight, a polynomial equation has no solution: its terms
    all have one sign there, as polynomials in the distance."""
    if not re.search(rf"{re.escape(name)}\)? (\*|\^)|\* \(?{re.escape(name)}", view.text):
        return
    largest = max(view.numerals, default=0)
    for place, degree in enumerate((3, 2)):
        limit = _root(largest, degree) + 2
        if limit <= 40:
            above = f"({name} - {limit})"
            below = f"(-{limit} - {name})"
            lines = ["constructor"]
            for distance in (below, above):
                lines += [
                    "· apply Int.le_of_lt_add_one; apply Int.lt_of_not_ge; intro hc",
                    f"  have k1 : 0 ≤ {distance} := by omega",
                    "  have k2 := Int.mul_nonneg k1 k1",
                    "  have k3 := Int.mul_nonneg k2 k1",
                    "  grind",
                ]
            yield Bound(name, -limit, limit, tuple(lines), 0.5 + 0.2 * place)


def facts_about_products(view: View) -> list[str]:
    """Linear facts about the nonlinear terms in sight, as tactic lines that add what they can."""
    nat, integers = set(view.of_type(NAT)), set(view.of_type(INT))
    facts: list[str] = []
    for left, right in dict.fromkeys(PRODUCT.findall(view.text)):
        if {left, right} <= nat:
            facts += [
                f"have := (Nat.eq_zero_or_pos {left}).imp_right (Nat.le_mul_of_pos_left {right})",
                f"have := (Nat.eq_zero_or_pos {right}).imp_right (Nat.le_mul_of_pos_right {left})",
            ]
        elif {left, right} <= integers:
            one, other = f"(show 1 ≤ {left} by omega)", f"(show 1 ≤ {right} by omega)"
            facts += [
                f"try have := Int.mul_le_mul_of_nonneg_right {one} (show 0 ≤ {right} by omega)",
                f"try have := Int.mul_le_mul_of_nonneg_left {other} (show 0 ≤ {left} by omega)",
            ]
    for base, exponent in dict.fromkeys(MONOMIAL.findall(view.text)):
        if base in nat and int(exponent) > 0:
            facts.append(f"have := Nat.le_self_pow (n := {exponent}) (by decide) {base}")
        elif base in integers and int(exponent) == 2:
            facts.append(f"have : 0 ≤ {base} ^ 2 := by rw [Int.pow_two]; exact {square(base)}")
    return facts[:12]


def square(term: str) -> str:
    return f"(Int.natAbs_mul_self (a := {term}) ▸ Int.natCast_nonneg _)"


def bounds(view: View) -> Iterator[Idea]:
    """Linear facts about products and powers, for `omega` to use at once."""
    if facts := facts_about_products(view):
        yield 1.6, "\n".join([*facts, "omega"])


def interval_splits(view: View) -> Iterator[Idea]:
    """Every value of a bounded variable as a case of its own."""
    for place, name in enumerate([*view.of_type(NAT), *view.of_type(INT)][:5]):
        if name not in words(view.text):
            continue
        for bound in possible_bounds(view, name):
            (b,) = view.fresh("hb")
            proof = [f"have {b} : {bound.claim} := by", *("  " + line for line in bound.proof)]
            start = "\n".join([*proof, cases_of(view, bound, b)])
            cost = 2.5 + 0.1 * place + bound.cost + (0.3 if bound.cases > FEW_CASES else 0.0)
            yield cost, f"{start} <;> first | omega | (simp_all; done) | (simp_all; omega)"
            yield cost + 0.4, f"{start} <;> try omega"


def cases_of(view: View, bound: Bound, proof: str) -> str:
    """The tactic that makes a goal of every value; `proof` names the bounds, and goes."""
    name, kind = bound.name, view.variables[bound.name]
    (h,) = view.fresh(f"h{name}")
    if bound.cases > FEW_CASES:
        (k,) = view.fresh("k")
        distance, start = name, ""
        if kind != NAT:
            low, distance = _integer(bound.lowest), k
            start = (
                f"obtain ⟨{k}, {h}⟩ := Int.eq_ofNat_of_zero_le (show 0 ≤ {name} - {low} by omega)\n"
                f"have {h} : {name} = {k} + {low} := by omega\n"
                f"subst {h}\n"
            )
        pattern = " | ".join(["_"] * bound.cases + [distance])
        tidy = "simp only [Nat.zero_add, Nat.reduceAdd] at *"
        return (
            f"{start}rcases {distance} with {pattern}\n"
            f"all_goals first | omega | (clear {proof}; try {tidy})\n"
            "all_goals skip"
        )
    values = " ∨ ".join(f"n = {_integer(n)}" for n in range(bound.lowest, bound.highest + 1))
    below = f"n < {bound.highest + 1}"
    if kind == NAT:
        term = f"(by decide : ∀ n : Nat, {below} → {values}) {name} (by omega)"
    else:
        low = _integer(bound.lowest)
        term = f"(by omega : ∀ n : Int, {low} ≤ n ∧ {below} → {values}) {name} (by omega)"
    cases = " | ".join([h] * bound.cases)
    return f"rcases {term} with\n  {cases} <;> subst {h} <;> clear {proof}"


def finite_checks(view: View) -> Iterator[Idea]:
    """Statements about bounded naturals by evaluation: what is said of the variables is written out
    as a statement about all values up to their bounds."""
    if "↑" in view.text or "∃" in view.text:
        return
    known = set(view.variables)
    used = [name for name in view.of_type(NAT) if name in words(view.text)]
    facts = {n: f.text for n, f in view.facts.items() if words(f.text) & known <= set(used)}
    texts = [*facts.values(), view.goal.target]
    if not used or len(used) > 4 or not words(view.goal.target) & known <= set(used):
        return
    if any("→" in view.variables[n] for n in known & words(" ".join(texts))):
        return
    options = [possible_bounds(view, name) for name in used]
    tries = [c for c in _combinations(options) if prod(b.cases for b in c) <= MOST_CHECKS]
    for place, limits in enumerate(tries[:4]):
        names = view.fresh(*("b" + n for n in used))
        lines = [
            line
            for h, bound in zip(names, limits, strict=True)
            for line in (f"have {h} : {bound.claim} := by", *("  " + li for li in bound.proof))
        ]
        ranges = "".join(f"∀ {b.name} : Nat, {b.name} < {b.highest + 1} → " for b in limits)
        claims = "".join(f"({text}) → " for text in facts.values())
        given = " ".join(f"{n} (by omega)" for n in used)
        proof = f"(by decide +kernel : {ranges}{claims}({view.goal.target}))"
        cost = 1.9 + 0.1 * place + max(b.cost for b in limits) / 2
        lines.append(f"exact {proof}\n  {given} {' '.join(facts)}".rstrip())
        yield cost, "\n".join(lines)


def _combinations(options: Sequence[Sequence[Bound]]) -> Iterator[tuple[Bound, ...]]:
    """One bound for every variable: the surest it has, else one guess for all, the widest first."""
    sure = [next((b for b in bounds if b.cost < GUESS), None) for bounds in options]
    widths = {b.highest for bounds in options for b in bounds if b.cost >= GUESS}
    for width in sorted(widths, reverse=True) if None in sure else [0]:
        choice = [
            known or next((b for b in bounds if b.highest == width), None)
            for known, bounds in zip(sure, options, strict=True)
        ]
        if None not in choice:
            yield tuple(bound for bound in choice if bound is not None)
