"""Polynomials over the terms of a goal, with integer coefficients: what makes an equation true.

Read off the text of a goal, as all shapes are: a witness that is computed wrongly only fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from prover.generate.shapes import (
    IDENTIFIER,
    NAT,
    Idea,
    Shape,
    View,
    parenthesised,
    shape,
    words,
)

Monomial = tuple[tuple[str, int], ...]
"""Terms with their exponents, in the order of their texts."""

Polynomial = Mapping[Monomial, int]
"""The coefficients of monomials, none of them 0."""

TOKEN = re.compile(rf"\s*(↑?(?:{IDENTIFIER.pattern})✝?|\d+|[-+*^()])")
MULTIPLE = re.compile(r"∃ ([^\W\d]\w*)[^∃]*?(?<![\w.^])(\d+) \* \1\b")
MOST_CASES = 4
MOST_TERMS = 40
MOST_EXPONENT = 6
ONE: Monomial = ()


def solutions(view: View) -> Iterator[Idea]:
    """What an existential variable has to be for the equation that it stands in; what a divisor has
    to be multiplied by; the cases of a variable by its remainder, where that decides."""
    target = view.target
    sides = target.parts if target.head == "∨" else (target.text,)
    found = [_witness(shape(side)) for side in sides]
    if target.head != "∨" and found[0] is not None:
        yield 1.55, f"exact ⟨{found[0]}, by first | omega | grind⟩"
        yield 2.10, f"refine ⟨{found[0]}, ?_⟩"
        if " / " not in found[0]:
            return
    numbers = [n for n in view.of_type(NAT) if n in words(view.goal.target)]
    modulus = next(_multiples(view), None)
    if modulus is None:
        return
    for place, name in enumerate(numbers[:2]):
        q, h = view.fresh("q", f"h{name}")
        cases = " ∨ ".join(
            f"{name} = {modulus} * {q}" + (f" + {r}" if r else "") for r in range(modulus)
        )
        split = (
            f"obtain ⟨{q}, {h}⟩ : ∃ {q}, {cases} := ⟨{name} / {modulus}, by omega⟩\n"
            f"rcases {h} with {' | '.join([h] * modulus)}"
        )
        if target.head == "∨" and len(found) == 2 and None not in found:
            ways = [f"exact Or.in{'lr'[i]} ⟨{w}, by omega⟩" for i, w in enumerate(found)]
            yield 1.60 + 0.1 * place, f"{split} <;> first | {' | '.join(ways)}"
        yield 2.60 + 0.3 * place, f"{split} <;> subst {h}"


def _multiples(view: View) -> Iterator[int]:
    """The small numbers whose multiples a statement speaks of by `∃`."""
    for _, number in MULTIPLE.findall(view.text):
        if 2 <= int(number) <= MOST_CASES:
            yield int(number)


def _witness(target: Shape) -> str | None:
    if target.head == "∣":
        divisor, whole = map(read, target.parts)
        if divisor is None or whole is None:
            return None
        quotient = divided(whole, divisor)
        return None if quotient is None else shown(quotient)
    if target.head != "∃" or len(target.names) != 1:
        return None
    (unknown,), equation = target.names, shape(target.parts[0])
    if equation.head != "=":
        return None
    left, right = map(read, equation.parts)
    if left is None or right is None:
        return None
    return _root(_sum(left, right, -1), unknown)


def _root(polynomial: Polynomial, unknown: str) -> str | None:
    """What `unknown` is where a polynomial that is linear in it vanishes."""
    factor: dict[Monomial, int] = {}
    rest: dict[Monomial, int] = {}
    for monomial, coefficient in polynomial.items():
        powers = dict(monomial)
        match powers.pop(unknown, 0):
            case 0:
                rest[monomial] = -coefficient
            case 1:
                factor[tuple(sorted(powers.items()))] = coefficient
            case _:
                return None
    if not factor or any(
        unknown in words(atom) for m in polynomial for atom, _ in m if atom != unknown
    ):
        return None
    if (exact := divided(rest, factor)) is not None:
        return shown(exact)
    if factor.keys() == {ONE}:
        number = factor[ONE]
        whole = shown(rest if number > 0 else {m: -c for m, c in rest.items()})
        return f"{parenthesised(whole)} / {abs(number)}"
    return None


def divided(dividend: Polynomial, divisor: Polynomial) -> Polynomial | None:
    """The quotient, if the division leaves nothing."""
    if not divisor:
        return None
    lead = min(divisor, key=_order)
    rest, quotient = dict(dividend), dict[Monomial, int]()
    while rest:
        first = min(rest, key=_order)
        powers = dict(first)
        for atom, exponent in lead:
            powers[atom] = powers.get(atom, 0) - exponent
        coefficient, left = divmod(rest[first], divisor[lead])
        if left or min(powers.values(), default=0) < 0 or len(quotient) > MOST_TERMS:
            return None
        step = {tuple(sorted((a, e) for a, e in powers.items() if e)): coefficient}
        quotient |= step
        rest = dict(_sum(rest, _product(step, divisor), -1))
    return quotient


def _order(monomial: Monomial) -> tuple[int, list[str]]:
    """Of the graded lexicographic order: the leading term comes first."""
    factors = [atom for atom, exponent in monomial for _ in range(exponent)]
    return -len(factors), factors


def shown(polynomial: Polynomial) -> str:
    """A polynomial as a term; what is subtracted comes last."""
    terms = sorted(polynomial.items(), key=lambda item: (item[1] < 0, -len(item[0]), item[0]))
    text = ""
    for monomial, coefficient in terms:
        factors = [atom if e == 1 else f"{atom} ^ {e}" for atom, e in monomial]
        size = abs(coefficient)
        term = " * ".join([*([str(size)] if size != 1 or not factors else []), *factors])
        sign = " - " if coefficient < 0 else " + "
        text = f"{text}{sign}{term}" if text else f"0 - {term}" if coefficient < 0 else term
    return text or "0"


def read(text: str) -> Polynomial | None:
    """The polynomial that a text is, in terms that are none; None if it is not one, or is large."""
    tokens: list[str] = []
    place = 0
    text = text.strip()
    while place < len(text):
        found = TOKEN.match(text, place)
        if found is None:
            return None
        tokens.append(found[1])
        place = found.end()
    try:
        polynomial, rest = _terms(tokens, 0)
    except _Unreadable:
        return None
    return polynomial if rest == len(tokens) else None


class _Unreadable(Exception):
    """A text is no polynomial."""


def _terms(tokens: list[str], place: int) -> tuple[Polynomial, int]:
    total, place = _factors(tokens, place)
    while place < len(tokens) and tokens[place] in "+-":
        sign = 1 if tokens[place] == "+" else -1
        term, place = _factors(tokens, place + 1)
        total = _sum(total, term, sign)
    return total, place


def _factors(tokens: list[str], place: int) -> tuple[Polynomial, int]:
    total, place = _power(tokens, place)
    while place < len(tokens) and tokens[place] == "*":
        factor, place = _power(tokens, place + 1)
        total = _product(total, factor)
    return total, place


def _power(tokens: list[str], place: int) -> tuple[Polynomial, int]:
    base, place = _applied(tokens, place)
    if place < len(tokens) and tokens[place] == "^":
        exponent = tokens[place + 1] if place + 1 < len(tokens) else ""
        if not exponent.isdigit() or len(exponent) > 1 or int(exponent) > MOST_EXPONENT:
            raise _Unreadable
        total: Polynomial = {ONE: 1}
        for _ in range(int(exponent)):
            total = _product(total, base)
        return total, place + 2
    return base, place


def _applied(tokens: list[str], place: int) -> tuple[Polynomial, int]:
    """A numeral, a bracket, a variable, or a function with its arguments, which counts as one."""
    if place >= len(tokens):
        raise _Unreadable
    token = tokens[place]
    if token.isdigit():
        return ({ONE: int(token)} if int(token) else {}), place + 1
    if token == "(":
        inner, place = _terms(tokens, place + 1)
        if place >= len(tokens) or tokens[place] != ")":
            raise _Unreadable
        return inner, place + 1
    if token in "+-*^)":
        raise _Unreadable
    end = place + 1
    while end < len(tokens) and tokens[end] not in "+-*^)":
        end = _closing(tokens, end) if tokens[end] == "(" else end + 1
    atom = " ".join(tokens[place:end]).replace("( ", "(").replace(" )", ")")
    return {((f"({atom})" if end > place + 1 else atom, 1),): 1}, end


def _closing(tokens: list[str], place: int) -> int:
    depth = 0
    for end in range(place, len(tokens)):
        depth += (tokens[end] == "(") - (tokens[end] == ")")
        if depth == 0:
            return end + 1
    raise _Unreadable


def _sum(one: Polynomial, other: Polynomial, sign: int) -> Polynomial:
    total = dict(one)
    for monomial, coefficient in other.items():
        total[monomial] = total.get(monomial, 0) + sign * coefficient
    return {monomial: coefficient for monomial, coefficient in total.items() if coefficient}


def _product(one: Polynomial, other: Polynomial) -> Polynomial:
    if len(one) * len(other) > MOST_TERMS**2:
        raise _Unreadable
    total: dict[Monomial, int] = {}
    for (left, a), (right, b) in ((p, q) for p in one.items() for q in other.items()):
        powers = dict(left)
        for atom, exponent in right:
            powers[atom] = powers.get(atom, 0) + exponent
        monomial = tuple(sorted(powers.items()))
        total[monomial] = total.get(monomial, 0) + a * b
    return {monomial: coefficient for monomial, coefficient in total.items() if coefficient}
