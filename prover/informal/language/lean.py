"""Formal statements that a proof in words is about: what of their Lean the language understands."""

from __future__ import annotations

import re

from prover.informal.language.meaning import applied
from prover.informal.language.statement import Given, Statement
from prover.informal.language.terms import (
    BINDERS,
    FALSE,
    TRUE,
    Expr,
    bound,
    conjunction,
    joined,
    kind_of,
    num,
    reading,
    subexpressions,
    var,
)
from prover.informal.problem import Problem
from prover.lean.syntax import split_at_comments

KINDS = {"ℕ": "Nat", "ℤ": "Int", "ℚ": "Rat", "ℝ": "Real", "Nat": "Nat", "Int": "Int", "Rat": "Rat",
         "Prop": "Prop"}  # fmt: skip
TOKEN = re.compile(r"[^\W\d][\w'.]*|\d+|∃!|:=|\+\+|::|<=|>=|!=|->|<->|/\\|\\/|\S")
SPELLED = {"<=": "≤", ">=": "≥", "!=": "≠", "->": "→", "<->": "↔", "/\\": "∧", "\\/": "∨"}
RELATIONS = {"=": "eq", "≠": "ne", "<": "lt", "≤": "le", ">": "gt", "≥": "ge", "∣": "dvd"}
POWER = {
    "↔": (20, 21, 21), "→": (25, 26, 25), "∨": (30, 31, 30), "∧": (35, 36, 35),
    **dict.fromkeys(RELATIONS, (50, 51, 51)), "+": (65, 65, 66), "-": (65, 65, 66),
    "++": (65, 65, 66), "::": (67, 68, 67), "*": (70, 70, 71), "/": (70, 70, 71),
    "%": (70, 70, 71), "^": (75, 76, 75),
}  # fmt: skip
"""How strongly an operator binds, and what it takes on its left and on its right."""

HEADS = {"↔": "iff", "→": "imp", "∨": "or", "∧": "and", "+": "add", "-": "tsub", "++": "append",
         "::": "cons", "*": "mul", "/": "floor", "%": "mod", "^": "pow", **RELATIONS}  # fmt: skip


class _Unknown(Exception):
    """Lean that is not understood here."""


def statement_of(text: str, name: str) -> Statement:
    """A theorem of a Lean text as what a proof in words is about. What is not understood of it stays
    as it is: the proof can then not speak of it by its form.

    Raises:
        WrongUse: the text has no such theorem in its margin.
    """
    problem = Problem(text, name)
    first, last = problem.place
    lines = text.split("\n")
    formal = problem.formal
    scope: dict[str, str] = {}
    facts: list[tuple[str, Expr]] = []
    code = "".join(split_at_comments(formal))
    body = re.sub(r"^.*?(?:theorem|lemma)\s+\S+?(?=[\s:({\[])", "", code, count=1, flags=re.DOTALL)
    reader = _Reader(body, scope)
    try:
        for names, of in reader.binders():
            reader.bind(names, of, facts)
        goal: Expr | None = reader.whole()
    except _Unknown:
        goal = None
    after = "\n".join(lines[last:])
    return Statement(
        name,
        "\n".join([*lines[:first], ""]),
        formal,
        f"\n{after}" if after.strip() else "",
        "" if goal is None else reading(_closed(scope, facts, goal), scope),
        (),
        Given(scope, tuple(facts), goal),
    )


def _closed(scope: dict[str, str], facts: list[tuple[str, Expr]], goal: Expr) -> Expr:
    if facts:
        goal = Expr("imp", (conjunction([e for _, e in facts]), goal))
    return bound("all", list(scope.items()), goal)


class _Reader:
    def __init__(self, text: str, scope: dict[str, str]) -> None:
        self.words = [SPELLED.get(w, w) for w in TOKEN.findall(text)]
        self.at = 0
        self.scope = scope

    @property
    def word(self) -> str:
        return self.words[self.at] if self.at < len(self.words) else ""

    def take(self, *expected: str) -> str:
        word = self.word
        if not word or (expected and word not in expected):
            raise _Unknown(word)
        self.at += 1
        return word

    def binders(self) -> list[tuple[list[str], list[str]]]:
        """The binders before the colon: names, and the words of what they are."""
        found = []
        while self.word in ("(", "{", "["):
            close = {"(": ")", "{": "}", "[": "]"}[self.take()]
            names = []
            while self.word != ":":
                names.append(self.take())
            self.take(":")
            found.append((names, self.until(close)))
        return found

    def until(self, close: str) -> list[str]:
        depth, own = 0, []
        while depth or self.word != close:
            word = self.take()
            depth += (word in "([{") - (word in ")]}")
            own.append(word)
        self.take(close)
        return own

    def bind(self, names: list[str], of: list[str], facts: list[tuple[str, Expr]]) -> None:
        kind = _kind(of)
        if kind is not None:
            self.scope |= dict.fromkeys(names, kind)
            return
        inner = _Reader("", self.scope)
        inner.words = of
        try:
            e = inner.whole(colon=False)
        except _Unknown:
            e = Expr("opaque", name=" ".join(of))
        facts += [(name, e) for name in names]

    def whole(self, colon: bool = True) -> Expr:
        if colon:
            self.take(":")
        e = self.expression(0, self.scope)
        if self.word:
            raise _Unknown(self.word)
        return e

    def expression(self, power: int, scope: dict[str, str]) -> Expr:
        left = self.prefix(scope)
        while (sign := self.word) in POWER and POWER[sign][0] >= power:
            _, least, right = POWER[sign]
            if least > POWER[sign][0] and sign in RELATIONS and left.head in RELATIONS.values():
                raise _Unknown(sign)
            self.take()
            left = _operated(sign, left, self.expression(right, scope), scope)
        return left

    def prefix(self, scope: dict[str, str]) -> Expr:
        word = self.word
        if word == "¬":
            self.take()
            return Expr("not", (self.expression(40, scope),))
        if word == "-":
            self.take()
            return Expr("neg", (self.expression(75, scope),))
        if word in ("∀", "∃"):
            return self.quantified(scope)
        return self.application(scope)

    def quantified(self, scope: dict[str, str]) -> Expr:
        head = "all" if self.take() == "∀" else "ex"
        names: list[tuple[str, str]] = []
        condition: Expr | None = None
        if self.word == "(":
            for own, of in self.binders():
                names += [(n, _kind(of) or _fail(n)) for n in own]
        else:
            own = []
            while self.word.isidentifier() or self.word.replace("'", "").isidentifier():
                own.append(self.take())
            kind = "Nat"
            if self.word == ":":
                self.take()
                kind = _kind(self.up_to_comma()) or _fail("")
            elif self.word in RELATIONS:
                sign = self.take()
                scope = {**scope, **dict.fromkeys(own, kind)}
                condition = Expr(RELATIONS[sign], (var(own[0]), self.expression(51, scope)))
            names = [(n, kind) for n in own]
        self.take(",")
        inner = {**scope, **dict(names)}
        body = self.expression(0, inner)
        if condition is not None:
            body = Expr("imp" if head == "all" else "and", (condition, body))
        return bound(head, names, body)

    def up_to_comma(self) -> list[str]:
        own = []
        while self.word != ",":
            own.append(self.take())
        return own

    def application(self, scope: dict[str, str]) -> Expr:
        first = self.atom(scope)
        given = []
        while self.word == "(" or self.word.isdigit() or _is_name(self.word):
            if self.word in ("∀", "∃"):
                break
            given.append(self.atom(scope))
        if not given:
            return first
        if first.head != "var" or " → " not in scope.get(first.name, ""):
            raise _Unknown(first.name)
        return applied(first, *given)

    def atom(self, scope: dict[str, str]) -> Expr:
        word = self.take()
        if word.isdigit():
            return num(word)
        if word == "(":
            e = self.expression(0, scope)
            if self.word == ":":
                raise _Unknown(":")
            self.take(")")
            return e
        if word in ("True", "False"):
            return TRUE if word == "True" else FALSE
        if _is_name(word) and word in scope:
            return var(word)
        raise _Unknown(word)


def _is_name(word: str) -> bool:
    return word[:1].isalpha() or word[:1] == "_"


def _fail(name: str) -> str:
    raise _Unknown(name)


def _kind(words: list[str]) -> str | None:
    """The kind that words of Lean name."""
    if not words:
        return None
    parts: list[list[str]] = [[]]
    for word in words:
        if word == "→":
            parts.append([])
        else:
            parts[-1].append(word)
    kinds = []
    for part in parts:
        if len(part) == 2 and part[0] == "List" and part[1] in KINDS:
            kinds.append(f"List {KINDS[part[1]]}")
        elif len(part) == 1 and part[0] in KINDS:
            kinds.append(KINDS[part[0]])
        else:
            return None
    if len(kinds) == 2 and kinds[1] == "Prop":
        return f"Set {kinds[0]}"
    return " → ".join(kinds)


def _operated(sign: str, left: Expr, right: Expr, scope: dict[str, str]) -> Expr:
    head = HEADS[sign]
    kind = joined(*(k for k in (kind_of(left, scope), kind_of(right, scope)) if k != "Prop"))
    if sign == "-" and kind in ("Int", "Rat", "Real"):
        head = "sub"
    if sign == "/" and kind in ("Rat", "Real"):
        head = "frac"
    if sign in RELATIONS and kind in ("Int", "Rat", "Real"):
        mixed = any(e.head == "tsub" for e in subexpressions(left)) or any(
            e.head == "tsub" for e in subexpressions(right)
        )
        if mixed:
            raise _Unknown(sign)
    if head in ("and", "or") and right.head == head and head not in BINDERS:
        return Expr(head, (left, *right.args))
    if head == "eq" and left.head == "mod" and right.head == "num":
        a, m = left.args
        if m.head == "num" and int(right.name) < int(m.name):
            return Expr("cong", (a, right, m))
    return Expr(head, (left, right))
