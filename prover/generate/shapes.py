"""What the portfolio reads off a goal: connectives, binders, numerals, names that may be used.

A goal arrives as text. This is no parser of Lean: it sees brackets, the logical connectives and
their precedence, and says "atom" to everything else. A tactic built on a misreading only fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from search.context import NOTHING, Context
from search.interfaces import Goal, Hypothesis

Idea = tuple[float, str] | tuple[float, str, int]
"""A cost and a tactic, and how many goals it may leave to be worth anything."""

IDENTIFIER = re.compile(r"[^\W\d][\w'!?₀-₉]*(?:\.[^\W\d][\w'!?₀-₉]*)*")
TOKEN = re.compile(rf"{IDENTIFIER.pattern}✝?[¹²³⁴⁵⁶⁷⁸⁹⁰]*|\d+|\S")
NUMERAL = re.compile(r"(?<![\w₀-₉.'])\d+(?![\w.])")
POWER_OF_NUMERALS = re.compile(r"(?<![\w₀-₉'])(\d+) \^ (\d+)")

NAT = "Nat"
INT = "Int"
ALIASES = {"ℕ": NAT, "ℤ": INT}
KEYWORDS = frozenset(
    [
        "fun",
        "let",
        "have",
        "show",
        "from",
        "by",
        "if",
        "then",
        "else",
        "match",
        "with",
        "do",
        "at",
        "in",
        "forall",
        "exists",
        "Type",
        "Prop",
        "Sort",
        "theorem",
        "lemma",
        "def",
        "open",
        "end",
        "this",
    ]
)
OPENING, CLOSING = "([{⟨", ")]}⟩"
CONNECTIVES = ("↔", "→", "∨", "∧")
RELATIONS = ("=", "≠", "≤", "<", "≥", ">", "∣", "∈")
BINDERS = ("∀", "∃", "fun", "λ", "let", "have", "if", "match")


@dataclass(frozen=True, slots=True)
class Shape:
    """The outermost form of a proposition. `head` is a connective, a relation, `¬`, `∀`, `∃`, or
    empty for an atom; `parts` are its sides (for `∨` and `∧` all of a chain), or the body of a
    binder, whose `names` and `domain` (the type, where it is printed) stand beside it."""

    head: str
    text: str
    parts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    domain: str = ""


def shape(text: str) -> Shape:
    """Reads the outermost form of a proposition."""
    text = _unwrap(text.strip())
    if text[:1] in ("∀", "∃"):
        return _binder(text)
    found = _outermost(text)
    for mark in CONNECTIVES:
        places = found.get(mark)
        if places:
            if mark in "∨∧":
                return Shape(mark, text, tuple(_cut(text, places)))
            return Shape(mark, text, tuple(_cut(text, places[:1])))
    if text.startswith("¬"):
        return Shape("¬", text, (text[1:].strip(),))
    for mark in RELATIONS:
        if places := found.get(mark):
            return Shape(mark, text, tuple(_cut(text, places[:1])))
    return Shape("", text)


def _outermost(text: str) -> dict[str, list[int]]:
    """Where the connectives and relations outside brackets stand, up to the first binder."""
    found: dict[str, list[int]] = {}
    depth = 0
    for token in TOKEN.finditer(text):
        mark = token.group()
        if mark in OPENING:
            depth += 1
        elif mark in CLOSING:
            depth -= 1
        elif depth == 0 and mark in BINDERS:
            break
        elif depth == 0 and (mark in CONNECTIVES or mark in RELATIONS):
            found.setdefault(mark, []).append(token.start())
    return found


def _cut(text: str, places: Iterable[int]) -> Iterator[str]:
    start = 0
    for place in places:
        yield text[start:place].strip()
        start = place + 1
    yield text[start:].strip()


def _unwrap(text: str) -> str:
    while text.startswith("(") and _closing(text, 0) == len(text) - 1:
        text = text[1:-1].strip()
    return text


def _closing(text: str, start: int) -> int:
    depth = 0
    for place in range(start, len(text)):
        if text[place] in OPENING:
            depth += 1
        elif text[place] in CLOSING:
            depth -= 1
            if depth == 0:
                return place
    return -1


def _binder(text: str) -> Shape:
    """`∀ (a b : T), body`, `∃ x, body`: the first group of names that share a domain."""
    head, rest = text[0], text[1:].strip()
    if rest[:1] in OPENING and rest:
        end = _closing(rest, 0)
        group, after = rest[1:end], rest[end + 1 :].strip()
        body = after[1:].strip() if after.startswith(",") else f"{head} {after}"
    else:
        group, _, body = rest.partition(",")
        body = body.strip()
    names, _, domain = group.partition(":")
    return Shape(head, text, (body,), tuple(names.split()), plain(domain))


def plain(type_text: str) -> str:
    """A type under its own name where a notation stands for it."""
    type_text = _unwrap(type_text.strip())
    return ALIASES.get(type_text, type_text)


def words(text: str) -> frozenset[str]:
    """The identifiers of a text, and what stands before a dot in them: `x.length` mentions `x`."""
    found = IDENTIFIER.findall(text)
    return frozenset([*found, *(part for name in found for part in _owners(name))])


def _owners(name: str) -> Iterator[str]:
    for place, mark in enumerate(name):
        if mark == ".":
            yield name[:place]


def numerals(text: str) -> list[int]:
    """The numerals of a text, each once, in order."""
    return list(dict.fromkeys(int(n) for n in NUMERAL.findall(text) if len(n) < 40))


def usable(name: str) -> bool:
    """Whether a tactic can name this hypothesis: not an inaccessible `h✝`, an instance, a keyword."""
    return bool(IDENTIFIER.fullmatch(name)) and name not in KEYWORDS


def parenthesised(text: str) -> str:
    return text if IDENTIFIER.fullmatch(text) or text.isdigit() else f"({text})"


INACCESSIBLE = re.compile(rf"{IDENTIFIER.pattern}✝[¹²³⁴⁵⁶⁷⁸⁹⁰]*")


def fresh(taken: Iterable[str], *bases: str) -> list[str]:
    """Names near these that are none of those taken, different from each other."""
    used = set(taken) | KEYWORDS
    names = []
    for base in bases:
        base = base if usable(base) else "x"
        tries = chain([base], (f"{base.rstrip('0123456789')}{i}" for i in range(1, 1000)))
        name = next(n for n in tries if n not in used)
        used.add(name)
        names.append(name)
    return names


def renamed(goal: Goal) -> tuple[Goal, list[str]]:
    """A goal whose hypotheses can all be mentioned, and the new names of those that could not, in
    their order (`rename_i` gives them)."""
    hidden = [h.name for h in goal.hypotheses if not h.accessible]
    taken = {h.name for h in goal.hypotheses}
    taken |= words(INACCESSIBLE.sub("", goal.pp))
    names = fresh(taken, *(name.split("✝")[0] for name in hidden))
    new = dict(zip(hidden, names, strict=True))

    def put(text: str) -> str:
        return INACCESSIBLE.sub(lambda m: new.get(m[0], m[0]), text)

    hypotheses = tuple(
        replace(h, name=new.get(h.name, h.name), type=put(h.type), value=h.value and put(h.value))
        for h in goal.hypotheses
    )
    return replace(goal, pp=put(goal.pp), target=put(goal.target), hypotheses=hypotheses), names


@dataclass(frozen=True)
class View:
    """A goal, with what the shapes ask of it. Only names that a tactic can write are offered; a
    name that stands twice means its last hypothesis."""

    goal: Goal
    context: Context = NOTHING

    @cached_property
    def target(self) -> Shape:
        return shape(self.goal.target)

    @cached_property
    def _named(self) -> dict[str, Hypothesis]:
        return {h.name: h for h in self.goal.hypotheses if usable(h.name)}

    @cached_property
    def facts(self) -> dict[str, Shape]:
        """The hypotheses that are propositions, by name."""
        return {name: shape(h.type) for name, h in self._named.items() if h.is_prop}

    @cached_property
    def variables(self) -> dict[str, str]:
        """The types of the other hypotheses, by name. Those of the target come first."""
        here = words(self.goal.target)
        types = {name: plain(h.type) for name, h in self._named.items() if not h.is_prop}
        return dict(sorted(types.items(), key=lambda item: item[0] not in here))

    @cached_property
    def text(self) -> str:
        """All propositions, the target first."""
        return "\n".join([self.goal.target, *(f.text for f in self.facts.values())])

    @cached_property
    def numerals(self) -> list[int]:
        return numerals(self.text)

    def of_type(self, *types: str) -> list[str]:
        return [name for name, type_text in self.variables.items() if type_text in types]

    @cached_property
    def of_arbitrary_type(self) -> list[str]:
        """The values of types that are variables themselves."""
        types = {name for name, kind in self.variables.items() if kind.startswith(("Type", "Sort"))}
        return [name for name, kind in self.variables.items() if kind in types]

    def fresh(self, *bases: str) -> list[str]:
        """Names near these that no hypothesis has, different from each other."""
        return fresh((h.name for h in self.goal.hypotheses), *bases)

    @cached_property
    def heavy(self) -> bool:
        """Whether computing with a closed power in sight would keep Lean busy for long: an exponent
        that is a large numeral or itself made of powers of numerals."""
        return any(
            len(exponent) > 3 or int(exponent) > 256
            for _, exponent in POWER_OF_NUMERALS.findall(self.text)
        )

    @cached_property
    def computable(self) -> bool:
        """Whether the kernel's big numbers can cope with every closed power in sight."""
        powers = POWER_OF_NUMERALS.findall(self.text)
        plain_powers = len(powers) == self.text.count("^")
        return plain_powers and all(
            len(e) <= 7 and int(e) * int(b).bit_length() <= 400_000
            for b, e in powers
            if len(b) < 40
        )

    @cached_property
    def deep(self) -> bool:
        """Whether unfolding a recurrence down from an index in sight would take too many steps."""
        indices = re.findall(r"(?<![\w.'₀-₉])[^\W\d][\w'₀-₉]* (\d+)(?![\w.])", self.text)
        recurrent = any(f.head == "∀" and "=" in f.text for f in self.facts.values())
        return recurrent and any(int(n) > 200 for n in indices if len(n) < 40)
