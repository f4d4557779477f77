"""What sentences say: terms and propositions, printed as Lean and read back in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

Scope = Mapping[str, str]
"""The kind of each variable: `Nat`, `Int`, `Rat`, `Real`, `List Nat`, `Nat → Int`, `Set Nat`, or the
name of a type variable."""

NUMBERS = ("", "Nat", "Int", "Rat", "Real")
"""The kinds of numbers, each inside the next; the first is that of numerals alone."""

RELATIONS = {"eq": "=", "ne": "≠", "lt": "<", "le": "≤", "gt": ">", "ge": "≥"}
WORDS = {
    "Nat": ("natural number", "natural numbers"),
    "Int": ("integer", "integers"),
    "Rat": ("rational number", "rational numbers"),
    "Real": ("real number", "real numbers"),
}
OPERATORS = {
    "add": "+",
    "sub": "-",
    "tsub": "-",
    "mul": "*",
    "append": "++",
    "cons": "::",
    "mod": "%",
}
STRENGTH = {
    "iff": 20, "imp": 25, "or": 30, "and": 35, "not": 40, "rel": 50, "add": 65, "sub": 65,
    "tsub": 65,    "append": 65, "cons": 67, "mul": 70, "mod": 70, "div": 70, "neg": 75, "pow": 75, "app": 100,
}  # fmt: skip
RESERVED = {"λ": "lam", "Σ": "Sig", "Π": "Pi", "∑": "S"}


class Unreadable(Exception):
    """A formula that has no meaning here; the message says why."""


@dataclass(frozen=True, slots=True)
class Expr:
    """A term or a proposition. `name` is that of a variable, a numeral or what is bound; `kind` the
    kind of what is bound."""

    head: str
    args: tuple[Expr, ...] = ()
    name: str = ""
    kind: str = ""


def num(value: int | str) -> Expr:
    return Expr("num", name=str(value))


def var(name: str) -> Expr:
    return Expr("var", name=name)


TRUE, FALSE = Expr("true"), Expr("false")


def conjunction(parts: list[Expr]) -> Expr:
    return _joined("and", parts, TRUE)


def disjunction(parts: list[Expr]) -> Expr:
    return _joined("or", parts, FALSE)


def _joined(head: str, parts: list[Expr], empty: Expr) -> Expr:
    if not parts:
        return empty
    return parts[0] if len(parts) == 1 else Expr(head, tuple(parts))


def bound(head: str, names: list[tuple[str, str]], body: Expr) -> Expr:
    """A quantifier over names with their kinds."""
    for name, kind in reversed(names):
        body = Expr(head, (body,), name, kind)
    return body


def opened(e: Expr, head: str) -> tuple[list[tuple[str, str]], Expr]:
    """The names that a run of one quantifier binds, and what is below."""
    names = []
    while e.head == head:
        names.append((e.name, e.kind))
        e = e.args[0]
    return names, e


def parts(e: Expr, head: str = "and") -> list[Expr]:
    return [part for one in e.args for part in parts(one, head)] if e.head == head else [e]


def subexpressions(e: Expr) -> Iterator[Expr]:
    yield e
    for one in e.args:
        yield from subexpressions(one)


BINDERS = ("all", "ex", "sum", "prod")


def free(e: Expr) -> dict[str, None]:
    """The free variables, in order of appearance."""
    if e.head == "var":
        return {e.name: None}
    found: dict[str, None] = {}
    for place, one in enumerate(e.args):
        inner = free(one)
        if e.head in BINDERS and place == len(e.args) - 1:
            inner.pop(e.name, None)
        found |= inner
    return found


def substituted(e: Expr, name: str, by: Expr) -> Expr:
    """With a term in the place of a variable. Bound variables keep their names: the caller sees to it
    that none of them is free in the term."""
    if e.head == "var":
        return by if e.name == name else e
    hidden = e.head in BINDERS and e.name == name
    last = len(e.args) - 1
    return replace(
        e,
        args=tuple(
            one if hidden and place == last else substituted(one, name, by)
            for place, one in enumerate(e.args)
        ),
    )


def matched(pattern: Expr, e: Expr, holes: Mapping[str, Expr | None]) -> dict[str, Expr] | None:
    """What the holes stand for where a term is an instance of a pattern; bound names may differ."""
    found: dict[str, Expr] = {}

    def walk(p: Expr, e: Expr, renamed: dict[str, str]) -> bool:
        if p.head == "var" and p.name in holes and p.name not in renamed:
            if p.name in found:
                return found[p.name] == e
            found[p.name] = e
            return True
        if p.head == "var":
            return e.head == "var" and renamed.get(p.name, p.name) == e.name
        if p.head != e.head or len(p.args) != len(e.args) or p.kind != e.kind:
            return False
        if p.head in BINDERS:
            last = len(p.args) - 1
            outer = all(
                walk(a, b, renamed) for a, b in zip(p.args[:last], e.args[:last], strict=True)
            )
            return outer and walk(p.args[last], e.args[last], {**renamed, p.name: e.name})
        return p.name == e.name and all(
            walk(a, b, renamed) for a, b in zip(p.args, e.args, strict=True)
        )

    return found if walk(pattern, e, {}) else None


# Kinds


def joined(*kinds: str) -> str:
    known = [k for k in kinds if k in NUMBERS]
    if len(known) < len(kinds):
        others = [k for k in kinds if k not in NUMBERS]
        return others[0]
    return max(known, key=NUMBERS.index, default="")


def kind_of(e: Expr, scope: Scope) -> str:
    """The kind of a term; differences of natural numbers are integers."""
    match e.head:
        case "num" | "count":
            return ""
        case "var":
            return scope.get(e.name, "")
        case "add" | "mul" | "tsub" | "max" | "min":
            return joined(*(kind_of(one, scope) for one in e.args))
        case "mod" | "floor" | "gcd":
            return joined(*(kind_of(one, scope) for one in e.args))
        case "sub" | "neg":
            kind = joined(*(kind_of(one, scope) for one in e.args))
            return "Int" if kind in ("", "Nat") else kind
        case "frac":
            return joined(*(kind_of(one, scope) for one in e.args))
        case "pow" | "abs" | "fact":
            return kind_of(e.args[0], scope)
        case "sum" | "prod":
            return kind_of(e.args[-1], {**scope, e.name: "Nat"})
        case "len":
            return "Nat"
        case "list":
            kinds = [kind_of(one, scope) or "Nat" for one in e.args]
            return f"List {joined(*kinds)}" if kinds else "List"
        case "cons":
            tail = kind_of(e.args[1], scope)
            return tail if tail != "List" else f"List {kind_of(e.args[0], scope) or 'Nat'}"
        case "append":
            first, second = (kind_of(one, scope) for one in e.args)
            return first if first != "List" else second
        case "reverse":
            return kind_of(e.args[0], scope)
        case "app":
            kind = kind_of(e.args[0], scope)
            for _ in e.args[1:]:
                kind = kind.partition(" → ")[2]
            return kind
        case "comp":
            first, second = (kind_of(one, scope) for one in e.args)
            return f"{second.partition(' → ')[0]} → {first.partition(' → ')[2]}"
        case "union" | "inter":
            return kind_of(e.args[0], scope)
    return "Prop"


def _own(e: Expr, scope: Scope) -> str:
    """The kind that Lean gives a term by itself: a difference of natural numbers is one of them."""
    kinds = [scope.get(one.name, "") for one in _leaves(e)]
    return joined(*(k for k in kinds if k in NUMBERS))


def _leaves(e: Expr) -> Iterator[Expr]:
    """The variables whose kinds decide that of a number."""
    if e.head == "var":
        yield e
    elif e.head == "app":
        return
    elif e.head == "pow":
        yield from _leaves(e.args[0])
    elif e.head in BINDERS:
        yield from _leaves(e.args[-1])
    else:
        for one in e.args:
            yield from _leaves(one)


def fractions(e: Expr, scope: Scope) -> tuple[Expr, int]:
    """A term as a numerator over a number: what fractions of integers mean.

    Raises:
        Unreadable: a denominator is no numeral, or the fraction stands where it cannot be cleared.
    """
    if not any(one.head == "frac" for one in subexpressions(e)):
        return e, 1
    match e.head:
        case "frac":
            (top, below), bottom = fractions(e.args[0], scope), e.args[1]
            if bottom.head != "num" or bottom.name == "0":
                raise Unreadable("a fraction of integers is read if its denominator is a numeral")
            return top, below * int(bottom.name)
        case "neg":
            top, below = fractions(e.args[0], scope)
            return Expr("neg", (top,)), below
        case "mul":
            (a, p), (b, q) = (fractions(one, scope) for one in e.args)
            return Expr("mul", (a, b)), p * q
        case "add" | "sub":
            (a, p), (b, q) = (fractions(one, scope) for one in e.args)
            if p == q:
                return Expr(e.head, (a, b)), p
            return Expr(e.head, (_times(q, a), _times(p, b))), p * q
    raise Unreadable("a fraction of integers is read in sums and products, and not inside others")


def _times(number: int, e: Expr) -> Expr:
    return e if number == 1 else Expr("mul", (num(number), e))


# Lean


class Printer:
    """Prints Lean. `notes` are what a reader should know of how something was taken."""

    def __init__(self) -> None:
        self.notes: dict[str, None] = {}
        self.factorial = False

    def lean(self, e: Expr, scope: Scope, strength: int = 0) -> str:
        """A proposition."""
        match e.head:
            case "true" | "false":
                return e.head.capitalize()
            case "opaque":
                return _enclosed(e.name, 0, strength)
            case "and" | "or":
                own = STRENGTH[e.head]
                sign = " ∧ " if e.head == "and" else " ∨ "
                text = sign.join(self.lean(one, scope, own + 1) for one in e.args)
                return _enclosed(text, own, strength)
            case "imp" | "iff":
                own = STRENGTH[e.head]
                sign = "→" if e.head == "imp" else "↔"
                right = own if e.head == "imp" else own + 1
                first, second = e.args
                text = (
                    f"{self.lean(first, scope, own + 1)} {sign} {self.lean(second, scope, right)}"
                )
                return _enclosed(text, own, strength)
            case "not":
                return _enclosed(f"¬ {self.lean(e.args[0], scope, 60)}", 40, strength)
            case "all" | "ex":
                names, body = opened(e, e.head)
                inner = {**scope, **dict(names)}
                kinds = dict.fromkeys(kind for _, kind in names)
                if len(kinds) == 1:
                    binders = " ".join(safe(n) for n, _ in names) + f" : {lean_kind(names[0][1])}"
                else:
                    binders = " ".join(f"({safe(n)} : {lean_kind(k)})" for n, k in names)
                sign = "∀" if e.head == "all" else "∃"
                return _enclosed(f"{sign} {binders}, {self.lean(body, inner)}", 0, strength)
        return _enclosed(self._atom(e, scope), 50, strength)

    def _atom(self, e: Expr, scope: Scope) -> str:
        if e.head in ("even", "odd", "dvd", "cong", "lt", "le", "gt", "ge"):
            for one in e.args:
                if kind_of(one, scope) not in NUMBERS:
                    raise Unreadable(f"{self.term(one, scope)} is no number")
        match e.head:
            case "even" | "odd":
                (a,), want = e.args, kind_of(e.args[0], scope)
                return f"{self.number(a, scope, want, 71)} % 2 = {int(e.head == 'odd')}"
            case "dvd":
                want = joined(*(kind_of(one, scope) for one in e.args))
                first, second = self.alike(e.args, scope, want, 51)
                return f"{first} ∣ {second}"
            case "cong":
                a, b, m = e.args
                want = joined(*(kind_of(one, scope) for one in e.args))
                shown = self.alike(e.args, scope, want, 71)
                small = b.head == m.head == "num" and int(b.name) < int(m.name)
                right = shown[1] if small else f"{shown[1]} % {shown[2]}"
                return f"{shown[0]} % {shown[2]} = {right}"
            case "in":
                return self._member(e.args[0], e.args[1], scope)
            case "app":
                return self.term(e, scope)
            case "var":
                return safe(e.name)
        if e.head not in RELATIONS:
            raise Unreadable("this is a term, and no proposition")
        a, b = e.args
        kind = joined(kind_of(a, scope), kind_of(b, scope))
        if kind in ("", "Nat", "Int"):
            (a, p), (b, q) = fractions(a, scope), fractions(b, scope)
            if p != q:
                a, b = _times(q, a), _times(p, b)
        if kind.startswith("Set"):
            raise Unreadable("sets are compared by ⊆, or by their members")
        left = f"{self.number(a, scope, kind, 51)} {RELATIONS[e.head]} "
        kinds = {_own(a, scope), _own(b, scope)}
        anchored = kind in kinds or kind not in NUMBERS or self.ascribed(a, scope, kind)
        return left + (self.term(b, scope, 51) if anchored else self.number(b, scope, kind, 51))

    def alike(self, some: tuple[Expr, ...], scope: Scope, want: str, strength: int) -> list[str]:
        """Terms as numbers of one kind; a numeral takes that of the others."""
        fixed = any(one.head != "num" for one in some)
        return [
            one.name if fixed and one.head == "num" else self.number(one, scope, want, strength)
            for one in some
        ]

    def ascribed(self, e: Expr, scope: Scope, want: str) -> bool:
        return want in NUMBERS[2:] and _own(e, scope) != want

    def number(self, e: Expr, scope: Scope, want: str, strength: int) -> str:
        """A term as a number of the kind that is wanted."""
        if self.ascribed(e, scope, want):
            return f"({self.term(e, scope)} : {lean_kind(want)})"
        return self.term(e, scope, strength)

    def _member(self, x: Expr, where: Expr, scope: Scope) -> str:
        match where.head:
            case "union" | "inter":
                sign = "∨" if where.head == "union" else "∧"
                first, second = (self._member(x, one, scope) for one in where.args)
                return f"({first} {sign} {second})"
            case "empty":
                return "False"
        if not kind_of(where, scope).startswith("Set"):
            raise Unreadable("what stands after ∈ is no set that was introduced")
        return f"{self.term(where, scope, 100)} {self.term(x, scope, 101)}"

    def natural(self, e: Expr, scope: Scope, strength: int = 0) -> str:
        """A term where Lean wants a natural number."""
        for one in subexpressions(e):
            if one.head == "sub" and _own(one, scope) in ("", "Nat"):
                shown = self.term(one, scope)
                self.notes[f"{shown} is a natural number there: 0 where it would be negative"] = (
                    None
                )
        return self.term(e, scope, strength)

    def term(self, e: Expr, scope: Scope, strength: int = 0) -> str:
        match e.head:
            case "num":
                return e.name
            case "var":
                return safe(e.name)
            case "add" | "sub" | "tsub" | "mul" | "mod" | "append" | "cons":
                own = STRENGTH[e.head]
                left, right = (own + 1, own) if e.head == "cons" else (own, own + 1)
                a, b = e.args
                text = (
                    f"{self.term(a, scope, left)} {OPERATORS[e.head]} {self.term(b, scope, right)}"
                )
                return _enclosed(text, own, strength)
            case "frac":
                if kind_of(e, scope) not in ("Rat", "Real"):
                    raise Unreadable(
                        "a fraction cannot stand here; for the quotient that is rounded "
                        "down write ⌊a/b⌋"
                    )
                a, b = e.args
                text = f"{self.term(a, scope, 70)} / {self.term(b, scope, 71)}"
                return _enclosed(text, 70, strength)
            case "floor":
                a, b = e.args
                return _enclosed(
                    f"{self.term(a, scope, 70)} / {self.term(b, scope, 71)}", 70, strength
                )
            case "neg":
                return _enclosed(f"-{self.term(e.args[0], scope, 75)}", 75, strength)
            case "pow":
                a, b = e.args
                text = f"{self.term(a, scope, 76)} ^ {self.natural(b, scope, 75)}"
                return _enclosed(text, 75, strength)
            case "app":
                f, *given = e.args
                kind = kind_of(f, scope)
                shown = [self.term(f, scope, 100)]
                for one in given:
                    asked, _, kind = kind.partition(" → ")
                    have = kind_of(one, scope)
                    if asked == "Nat" and have in ("", "Nat", "Int"):
                        if _own(one, scope) == "Int":
                            raise Unreadable(f"{shown[0]} takes natural numbers")
                        shown.append(self.natural(one, scope, 101))
                    elif one.head == "num":
                        shown.append(one.name)
                    else:
                        shown.append(self.number(one, scope, asked, 101))
                return _enclosed(" ".join(shown), 100, strength)
            case "comp":
                a, b = e.args
                return _enclosed(
                    f"{self.term(a, scope, 91)} ∘ {self.term(b, scope, 90)}", 90, strength
                )
            case "sum" | "prod":
                return self._range(e, scope, strength)
            case "fact":
                self.factorial = True
                return _enclosed(f"factorial {self.natural(e.args[0], scope, 101)}", 100, strength)
            case "list":
                return f"[{', '.join(self.term(one, scope) for one in e.args)}]"
            case "len":
                return f"{self.term(e.args[0], scope, 101)}.length"
            case "reverse":
                return f"{self.term(e.args[0], scope, 101)}.reverse"
            case "abs":
                if kind_of(e.args[0], scope) != "Int":
                    raise Unreadable("|…| is read for integers and lists")
                return f"({self.term(e.args[0], scope)}).natAbs"
            case "gcd":
                whose = "Int" if kind_of(e, scope) == "Int" else "Nat"
                shown = [self.number(one, scope, whose, 101) for one in e.args]
                return _enclosed(f"{whose}.gcd {' '.join(shown)}", 100, strength)
            case "max" | "min":
                shown = [self.term(one, scope, 101) for one in e.args]
                return _enclosed(f"{e.head} {' '.join(shown)}", 100, strength)
        raise Unreadable("this is no term that can be read here")

    def _range(self, e: Expr, scope: Scope, strength: int) -> str:
        low, high, body = e.args
        inner = {**scope, e.name: "Nat"}
        count = Expr("sub", (Expr("add", (high, num(1))), low))
        if low != num(0):
            body = substituted(body, e.name, Expr("add", (var(e.name), low)))
        kind = kind_of(body, inner)
        shown = self.term(body, inner)
        if self.ascribed(body, inner, kind):
            shown = f"({shown} : {lean_kind(kind)})"
        of = f"fun {safe(e.name)} : Nat => {shown}"
        how = "sum" if e.head == "sum" else "foldl (· * ·) 1"
        text = f"((List.range {self.term(simplified(count), scope, 101)}).map ({of}))"
        return f"{text}.{how}" if e.head == "sum" else f"({text}.{how})"


def simplified(count: Expr) -> Expr:
    """A number of terms, with its numerals added up; differences that are left end at 0."""
    total, rest = 0, []

    def walk(e: Expr, sign: int) -> None:
        nonlocal total
        if e.head in ("add", "sub"):
            walk(e.args[0], sign)
            walk(e.args[1], sign if e.head == "add" else -sign)
        elif e.head == "num":
            total += sign * int(e.name)
        else:
            rest.append((sign, e))

    walk(count, 1)
    plus = [e for sign, e in rest if sign > 0]
    minus = [e for sign, e in rest if sign < 0]
    for e in list(minus):
        if e in plus:
            plus.remove(e)
            minus.remove(e)
    if total > 0 or not plus:
        plus.append(num(max(total, 0)))
    if total < 0:
        minus.append(num(-total))
    shown = plus[0]
    for e in plus[1:]:
        shown = Expr("add", (shown, e))
    for e in minus:
        shown = Expr("sub", (shown, e))
    return shown


def _enclosed(text: str, own: int, strength: int) -> str:
    return f"({text})" if own < strength else text


def safe(name: str) -> str:
    """A name as Lean takes it."""
    return RESERVED.get(name, name)


def lean_kind(kind: str) -> str:
    if kind == "Real":
        return "ℝ"
    if kind.startswith("Set "):
        return f"{kind.removeprefix('Set ')} → Prop"
    return kind


# Words


def listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def kind_in_words(kind: str, many: bool) -> str:
    if kind in WORDS:
        return WORDS[kind][many]
    plural = "s" if many else ""
    if kind.startswith(("List ", "Set ")):
        what, _, of = kind.partition(" ")
        return f"{what.lower()}{plural} of {kind_in_words(of, True)}"
    if " → " in kind:
        first, _, second = kind.partition(" → ")
        return (
            f"function{plural} from {kind_in_words(first, True)} to {kind_in_words(second, True)}"
        )
    return f"element{plural} of {kind}"


def _article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def declared(names: list[tuple[str, str]]) -> str:
    """Names with their kinds, as in "natural numbers a and b"."""
    groups: dict[str, list[str]] = {}
    for name, kind in names:
        groups.setdefault(kind, []).append(name)
    return ", ".join(
        f"{kind_in_words(kind, len(own) > 1)} {listed(own)}" for kind, own in groups.items()
    )


def reading(e: Expr, scope: Scope) -> str:
    """What a formal proposition says, in words."""
    printer = Printer()

    def term(e: Expr, scope: Scope, strength: int = 0) -> str:
        if e.head in ("sum", "prod"):
            low, high, body = e.args
            what = "sum" if e.head == "sum" else "product"
            inner = {**scope, e.name: "Nat"}
            bounds = f"{e.name} from {term(low, scope)} to {term(high, scope)}"
            return f"(the {what} of {term(body, inner)} for {bounds})"
        if e.head == "len":
            return f"length({term(e.args[0], scope)})"
        if e.head in ("add", "sub", "tsub", "mul", "pow", "mod", "append", "cons"):
            own = STRENGTH[e.head]
            sign = {"mul": "·", "pow": "^", "mod": "mod"}.get(e.head) or OPERATORS[e.head]
            space = "" if e.head in ("mul", "pow") else " "
            right = own if e.head == "cons" else own + 1
            left = own + 1 if e.head in ("cons", "pow") else own
            a, b = e.args
            return _enclosed(
                f"{term(a, scope, left)}{space}{sign}{space}{term(b, scope, right)}", own, strength
            )
        if e.head == "neg":
            return _enclosed(f"-{term(e.args[0], scope, 75)}", 75, strength)
        if e.head == "floor":
            return f"⌊{term(e.args[0], scope, 70)}/{term(e.args[1], scope, 71)}⌋"
        if e.head == "fact":
            return f"{term(e.args[0], scope, 101)}!"
        if e.head == "app":
            return f"{term(e.args[0], scope)}({', '.join(term(a, scope) for a in e.args[1:])})"
        return printer.term(e, scope, strength)

    def say(e: Expr, scope: Scope) -> str:
        match e.head:
            case "and":
                return " and ".join(_grouped(one, scope) for one in e.args)
            case "or":
                return " or ".join(_grouped(one, scope) for one in e.args)
            case "imp":
                first = e.args[0]
                given = say(first, scope) if first.head == "and" else _grouped(first, scope)
                return f"if {given}, then {say(e.args[1], scope)}"
            case "iff":
                return " if and only if ".join(_grouped(one, scope) for one in e.args)
            case "not":
                if e.args[0].head == "ex":
                    names, body = opened(e.args[0], "ex")
                    inner = {**scope, **dict(names)}
                    return f"there are no {declared(names)} with {say(body, inner)}"
                return f"it is not the case that {_grouped(e.args[0], scope)}"
            case "all":
                names, body = opened(e, "all")
                every = "all" if len(names) > 1 else "every"
                return f"for {every} {declared(names)}: {say(body, {**scope, **dict(names)})}"
            case "ex":
                names, body = opened(e, "ex")
                there = "are" if len(names) > 1 else "is"
                what = declared(names) if len(names) > 1 else _article(declared(names))
                return f"there {there} {what} with {say(body, {**scope, **dict(names)})}"
            case "even" | "odd":
                return f"{term(e.args[0], scope)} is {e.head}"
            case "dvd":
                return f"{term(e.args[0], scope)} divides {term(e.args[1], scope)}"
            case "cong":
                shown = [term(one, scope) for one in e.args]
                return f"{shown[0]} and {shown[1]} leave the same remainder modulo {shown[2]}"
            case "in":
                return f"{term(e.args[0], scope)} is in {_set(e.args[1])}"
            case "true" | "false":
                return "a contradiction" if e.head == "false" else "a truth"
            case "opaque":
                return e.name
        if e.head in RELATIONS:
            a, b = e.args
            if joined(kind_of(a, scope), kind_of(b, scope)) in ("", "Nat", "Int"):
                (a, p), (b, q) = fractions(a, scope), fractions(b, scope)
                if p != q:
                    a, b = _times(q, a), _times(p, b)
            return f"{term(a, scope)} {RELATIONS[e.head]} {term(b, scope)}"
        return term(e, scope)

    def _set(e: Expr) -> str:
        if e.head in ("union", "inter"):
            return f" {'∪' if e.head == 'union' else '∩'} ".join(_set(one) for one in e.args)
        return "∅" if e.head == "empty" else e.name

    def _grouped(e: Expr, scope: Scope) -> str:
        text = say(e, scope)
        return f"({text})" if e.head in ("imp", "iff", "all", "ex", "or", "and") else text

    return say(e, scope)


def mapped(e: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """With a change made to every part, the inner ones first."""
    return change(replace(e, args=tuple(mapped(one, change) for one in e.args)))
