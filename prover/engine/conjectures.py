"""Equations that may hold, found by enumerating terms and comparing their values.

Terms are made by size out of smaller ones that no found equation simplifies; those that have the
same values at all points are conjectured to be equal, and the smaller one stands for both from then
on (QuickSpec: Claessen, Smallbone and Hughes, TAP 2010). So what follows from a found equation by
rewriting is not made again.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from prover.engine.terms import (
    ARROW,
    ELEMENT,
    Equation,
    Statement,
    Symbol,
    Term,
    Variable,
    filled,
    flat,
    match,
    matches,
    written,
    written_type,
)
from search.context import Context, Tree
from search.interfaces import Goal

MOST_TERMS = 4_000
"""How many terms are made: a bound on the time, and on what grows exponentially with the size."""

POINTS, FIRST = 32, 6
"""How many points terms are compared at, and at how many of them all are evaluated."""

LARGEST = 6
"""How many recursive constructors the largest values have: lists, and numbers two less."""

SAMPLE = "Nat"
"""The type that values are computed at where terms have a type variable."""


Row = tuple[str, ...] | None
"""The values of a term at some points."""


class Exploration:
    """The equations between terms over some symbols, as a machine without Lean:

        while exploration.batch():
            first = <the values of exploration.terms at some points>
            rows = <the values of exploration.suspects(first) at all points>
            equations = exploration.learn(first, rows)

    `goal_types` are types that the goal's variables have; polymorphic functions are used at them and
    at a type variable.
    """

    def __init__(
        self,
        symbols: Sequence[Symbol],
        goal_types: Iterable[Tree] = (),
        *,
        most_terms: int = MOST_TERMS,
        largest: int = 7,
    ) -> None:
        self._heads = list(_instances(symbols, goal_types))
        self.variables = list(_variables(self._heads))
        self._left = most_terms
        self._largest = largest
        self._size = 0
        self._terms: dict[tuple[Tree, int], list[Term]] = {}
        self._known: dict[tuple[Tree, Row], list[Term]] = {}
        self._rules: dict[Symbol | Variable, list[Equation]] = {}
        self.terms: list[Term] = []

    def batch(self) -> bool:
        """Makes the `terms` of the next size. False when the end is reached."""
        while self._size < self._largest:
            self._size += 1
            made = [
                term
                for term in self._made(self._size)
                if _is_chain(term) or not self._reducible(term)
            ]
            if len(made) > self._left:
                break
            self._left -= len(made)
            self.terms = sorted(made, key=lambda t: (-len(t.variables), t.order))
            if made:
                return True
        return False

    def suspects(self, first: Mapping[Term, Row]) -> list[Term]:
        """The terms that could be equal to another, by their values at the first points: those
        made last, and earlier ones."""
        groups: dict[tuple[Tree, Row], list[Term]] = {}
        for term in self.terms:
            if (row := first[term]) is not None:
                groups.setdefault((term.type, row), []).append(term)
        known = ([*self._known.get(key, ()), *group] for key, group in groups.items())
        return [term for group in known if len(group) > 1 for term in group]

    def learn(self, first: Mapping[Term, Row], rows: Mapping[Term, Row]) -> list[Equation]:
        """Takes the values of these terms at the first points, and of the suspects at all
        points, and gives the equations that they suggest and no earlier one implies by rewriting; and
        what `f x zero` and `f zero x` are even if `f` seems to be commutative, for that is proved with
        them. A term without values is left out."""
        found: list[Equation] = []
        for term in self.terms:
            row = rows.get(term)
            regrouped = _regrouped(term)
            if row is not None and regrouped is not None and rows.get(regrouped) == row:
                found.append(Equation(term, regrouped))
            implied = self._reducible(term)
            if first[term] is None or (implied and not self._is_mirrored(term)):
                continue
            group = self._known.setdefault((term.type, first[term]), [])
            other = next((t for t in group if row is not None and rows.get(t) == row), None)
            if other is not None:
                equation = Equation(term, other)
                self._rules.setdefault(term.head, []).append(equation)
                if (rule := oriented(equation)) not in found:
                    found.append(rule)
            elif not implied and (row is not None or not group):
                group.append(term)
                self._terms.setdefault((term.type, self._size), []).append(term)
        return found

    def _made(self, size: int) -> Iterator[Term]:
        """All terms of a size whose arguments stand for themselves."""
        for variable in self.variables:
            arguments, result = _function(variable.type)
            term = Term(variable, (), variable.type)
            if arguments and size == 1:  # a function has no value that could be compared
                self._terms.setdefault((variable.type, 1), []).append(term)
            elif arguments:
                yield from self._applied(variable, arguments, result, size)
            elif size == 1:
                yield term
        for head, types, result in self._heads:
            if size == 1 and not types:
                yield Term(head, (), result)
            elif size > 1 and types:
                yield from self._applied(head, types, result, size)

    def _applied(
        self, head: Symbol | Variable, types: Sequence[Tree], result: Tree, size: int
    ) -> Iterator[Term]:
        for sizes in _shares(size - 1, len(types)):
            choices = [self._terms.get(key, []) for key in zip(types, sizes, strict=True)]
            for arguments in itertools.product(*choices):
                yield Term(head, arguments, result)

    def _reducible(self, term: Term, *, turning: bool = True) -> bool:
        """Whether a found equation makes it smaller, at its root: its arguments are as small as they
        get. Without `turning`, those do not count that only say that a function is commutative."""
        for rule in self._rules.get(term.head, ()):
            turned = Term(rule.left.head, rule.left.arguments[::-1], rule.left.type)
            if not turning and rule.right == turned:
                continue
            values: dict[Variable, Term] = {}
            if match(rule.left, term, values):
                bound = {v for v in rule.right.variables if v not in values}
                if not bound and rule.right.replaced(values).order < term.order:
                    return True
        return False

    def _is_mirrored(self, term: Term) -> bool:
        """Whether it is a variable and a constructor that takes nothing, and smaller only for a
        function that seems to be commutative."""
        if len(term.arguments) != 2 or term.size != 3 or len(term.variables) != 1:
            return False
        constants = [a.head for a in term.arguments if isinstance(a.head, Symbol)]
        made = len(constants) == 1 and constants[0].constructor
        return made and not self._reducible(term, turning=False)


def _regrouped(term: Term) -> Term | None:
    """What `f (f a b) c` is if `f` is associative: `f a (f b c)`."""
    if not _is_chain(term) or term.arguments[0].head is not term.head:
        return None
    (a, b), c = term.arguments[0].arguments, term.arguments[1]
    return Term(term.head, (a, Term(term.head, (b, c), term.type)), term.type)


def _is_chain(term: Term) -> bool:
    """Whether it is `f (f a b) c` or `f a (f b c)`, with variables in their order: what associativity
    is about, whatever else is known."""
    if len(term.arguments) != 2 or term.size != 5 or len(term.variables) != 3:
        return False
    names = [variable.name for variable in term.variables]
    return term.occurrences(term.head) == 2 and names == sorted(names)


def _shares(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """All ways to divide a number into so many positive ones."""
    if parts == 1:
        yield (total,)
        return
    for first in range(1, total - parts + 2):
        for rest in _shares(total - first, parts - 1):
            yield (first, *rest)


def _instances(
    symbols: Sequence[Symbol], goal_types: Iterable[Tree]
) -> Iterator[tuple[Symbol, tuple[Tree, ...], Tree]]:
    """The symbols at the types that they are used at: a type variable for all their parameters, if a
    function has any, the elements of the types that stand in other signatures, and what the goal's types say."""
    ground: list[Tree] = [t for t in goal_types if not any(isinstance(p, int) for p in flat(t))]
    for symbol in symbols:
        if not symbol.parameters:
            ground += [*symbol.arguments, symbol.result]
    general = any(symbol.parameters and not symbol.constructor for symbol in symbols)
    elements: dict[Tree, None] = {ELEMENT: None} if general else {}
    for tree in ground:
        elements.update(dict.fromkeys(_elements(tree)))
    for symbol in symbols:
        if not symbol.parameters:
            yield symbol, symbol.arguments, symbol.result
            continue
        chosen: list[dict[int, Tree]] = [
            dict.fromkeys(symbol.parameters, element) for element in elements
        ]
        for argument, tree in itertools.product((*symbol.arguments, symbol.result), ground):
            values: dict[int, Tree] = {}
            if not isinstance(argument, tuple) or not matches(argument, tree, values):
                continue
            if values.keys() == set(symbol.parameters):
                chosen.append(values)
        seen: list[Mapping[int, Tree]] = []
        for values in chosen:
            if values not in seen and len(seen) < MOST_INSTANCES:
                seen.append(values)
                types = tuple(filled(tree, values) for tree in symbol.arguments)
                yield symbol, types, filled(symbol.result, values)


MOST_INSTANCES = 4


def _elements(tree: Tree) -> Iterator[Tree]:
    """What stands as an argument of a type, such as the type of a list's elements."""
    if isinstance(tree, tuple):
        for part in tree[1:]:
            if tree[0] != ARROW:
                yield part
            yield from _elements(part)


def _function(tree: Tree) -> tuple[tuple[Tree, ...], Tree]:
    """The arguments and the result of a function type."""
    arguments: list[Tree] = []
    while isinstance(tree, tuple) and tree[0] == ARROW:
        arguments.append(tree[1])
        tree = tree[2]
    return tuple(arguments), tree


def _variables(heads: Sequence[tuple[Symbol, tuple[Tree, ...], Tree]]) -> Iterator[Variable]:
    """Variables for each type that a symbol takes: three where two of them meet in one, so that
    associativity can be said."""
    types = dict.fromkeys(tree for _, arguments, _ in heads for tree in arguments)
    for place, tree in enumerate(types):
        takers = [arguments for head, arguments, _ in heads if tree in arguments]
        functions = [a for head, a, _ in heads if tree in a and not head.constructor]
        if tree == "Bool" and not functions:
            continue
        if isinstance(tree, tuple) and tree[0] == ARROW:
            count = 1
        elif any(arguments.count(tree) > 1 for arguments in functions):
            count = 3
        else:
            count = 2 if takers else 1
        for i in range(count):
            yield Variable(f"v{place}{'abc'[i]}", tree)


# What comes of it


def oriented(equation: Equation) -> Equation:
    """The side to rewrite on the left. It is the larger one, but where a function goes through
    another (`f (g x y) = h (f x) (f y)`) it goes inwards."""
    one, other = equation.left, equation.right
    turned = Equation(other, one)
    inwards = _goes_inwards(one, other), _goes_inwards(other, one)
    if inwards == (True, True):
        more = [
            a.occurrences(b.head) - b.occurrences(b.head) for a, b in ((other, one), (one, other))
        ]
        return turned if more[1] > more[0] else equation
    if inwards[1] or not set(other.variables) <= set(one.variables):
        return turned
    return equation


def _goes_inwards(one: Term, other: Term) -> bool:
    """Whether the outermost function of one side is applied to less in the other, and only there."""
    return (
        isinstance(one.head, Symbol)
        and not one.head.constructor
        and other.head is not one.head
        and any(t.head is one.head and t.size < one.size for t in other.subterms())
        and set(other.variables) <= set(one.variables)
    )


LIBRARY_TYPES: dict[str, list[tuple[str, list[Tree]]]] = {
    "Bool": [("Bool.true", []), ("Bool.false", [])],
    "List": [("List.nil", []), ("List.cons", [0, ("List", 0)])],
    "Option": [("Option.none", []), ("Option.some", [0])],
    "Prod": [("Prod.mk", [0, 1])],
}


class Bench:
    """Where terms are compared: points, which give each variable a value, large and small ones, the
    same every time, and terms as closed functions of all variables. What is of a variable type has
    the type `SAMPLE`."""

    def __init__(self, context: Context, variables: Iterable[Variable], seed: int = 0) -> None:
        self._context = context
        self._random = random.Random(seed)
        shown = {name: kind.signature.shown for name, kind in context.types.items()}
        self._shown = {**shown, ELEMENT: SAMPLE}
        self._rows: dict[Variable, list[str]] = {}
        for variable in variables:
            type_ = written_type(variable.type, self._shown)
            largest = LARGEST if isinstance(variable.type, tuple) else LARGEST - 2
            sizes = [self._random.randint(2 * (i < FIRST), largest) for i in range(POINTS)]
            values = [self._value(variable.type, size, 8) for size in sizes]
            if None not in values:
                self._rows[variable] = [f"({value} : {type_})" for value in values]

    @property
    def variables(self) -> list[Variable]:
        """Those that have values."""
        return list(self._rows)

    @property
    def points(self) -> list[tuple[str, ...]]:
        return list(zip(*self._rows.values(), strict=True))

    def programs(self, terms: Iterable[Term]) -> list[str]:
        """Terms as functions of a point."""
        names = {variable: variable.name for variable in self._rows}
        binders = "".join(f" ({v.name} : {written_type(v.type, self._shown)})" for v in self._rows)
        found = []
        for term in terms:
            leaves = (t for t in term.subterms() if not t.arguments and isinstance(t.head, Symbol))
            constants = iter([written_type(leaf.type, self._shown) for leaf in leaves])
            body = written(term, names, constants)
            found.append(f"fun{binders} => ({body} : {written_type(term.type, self._shown)})")
        return found

    # Values

    def _constructors(self, tree: Tree) -> list[tuple[str, list[Tree]]] | None:
        """The constructors of a type, with the types of their arguments."""
        name, parameters = _head(tree), tree[1:] if isinstance(tree, tuple) else ()
        values = dict(enumerate(parameters))
        if name in LIBRARY_TYPES:
            return [(c, [filled(t, values) for t in fields]) for c, fields in LIBRARY_TYPES[name]]
        kind = self._context.types.get(name)
        if kind is None or kind.prop or kind.indices:
            return None
        found = []
        for signature in kind.constructors:
            fields = signature.binders[kind.parameters :]
            if any(b.kind != "explicit" or b.type is None for b in fields):
                return None
            found.append((signature.name, [filled(b.type, values) for b in fields]))
        return found

    def _value(self, tree: Tree, size: int, depth: int) -> str | None:
        """A value of about so many recursive constructors; None if none can be made."""
        match tree:
            case "α" | "Nat":
                return str(self._random.randrange(4))
            case "Int":
                number = self._random.randrange(-3, 4)
                return f"(Int.ofNat {number})" if number >= 0 else f"(Int.negSucc {-number - 1})"
            case ("→", argument, result):
                return self._function(argument, result, size)
        constructors = self._constructors(tree)
        if constructors is None or depth == 0:
            return None
        name = _head(tree)
        nodes = [c for c in constructors if any(name in flat(argument) for argument in c[1])]
        leaves = [c for c in constructors if c not in nodes]
        choices = nodes if nodes and (size > 0 or not leaves) else leaves
        if not choices:
            return None
        shown, arguments = self._random.choice(choices)
        own = [i for i, argument in enumerate(arguments) if name in flat(argument)]
        shares = dict.fromkeys(own, 0)
        for _ in range(size - 1 if own else 0):
            shares[self._random.choice(own)] += 1
        texts = [shown]
        for place, argument in enumerate(arguments):
            inner = shares.get(place)
            inner = self._random.randint(0, 3) if inner is None else inner
            text = self._value(argument, inner, depth - (place not in shares or inner >= size))
            if text is None:
                return None
            texts.append(text)
        return f"({' '.join(texts)})"

    def _function(self, argument: Tree, result: Tree, size: int) -> str | None:
        numbers = {ELEMENT, "Nat"}
        if argument in numbers and result in numbers:
            return self._random.choice(("(fun x => x + 1)", "(fun x => 2 * x)", "(fun x => 3 - x)"))
        if argument in numbers and set(flat(result)) <= {ARROW, *numbers}:
            return self._random.choice(("(fun x y => 2 * x + y)", "(fun x y => x - y)"))
        some = [self._value(result, size, 4), self._value(result, size, 4)]
        if None in some:
            return None
        if argument in numbers:
            return f"(fun x => if x % 2 = 0 then {some[0]} else {some[1]})"
        kind = self._context.types.get(_head(argument))
        if kind is not None and len(kind.constructors) > 1:
            first = kind.constructors[0]
            blanks = " _" * sum(b.kind == "explicit" for b in first.binders[kind.parameters :])
            return f"(fun x => match x with | {first.shown}{blanks} => {some[0]} | _ => {some[1]})"
        return f"(fun _ => {some[0]})"


def _head(tree: Tree) -> str:
    return str(tree[0] if isinstance(tree, tuple) else tree)


# What a goal that is stuck suggests


def speculated(goal: Goal, functions: Iterable[str]) -> list[Statement]:
    """What would settle a goal in more than one place: the goal with its variables, with terms that
    occur more than once, or stand inside others, as variables; first with a hypothesis used up in it
    (Boyer and Moore's cross-fertilization, 1979), then without its hypotheses, and with those that
    speak of what it speaks of. `functions` are what the user's are called. A variable whose type is
    not known has none here: Lean finds it."""
    entries, target = _entries(goal)
    own = set(functions)
    facts = [
        (name, type_)
        for name, type_, prop in entries
        if prop and "∀" not in type_ and mentioned(type_, own)
    ]
    variables = [(name, type_) for name, type_, prop in entries if not prop]
    found: dict[str, Statement] = {}
    claimed = [[used] for _, fact in facts for used in _used_up(fact, target)]
    claimed += [[target], *([[target, *(type_ for _, type_ in facts)]] if facts else [])]
    for said_first in claimed:
        for claims in _generalised(said_first, own):
            hypotheses = [f"(h{i} : {text})" for i, text in enumerate(claims[1:], 1)]
            said = "\n".join(claims)
            binders = _closed(said, variables)
            free = sorted(_words(said) & {f"t{i}" for i in range(9)})
            binders += [f"({name} : _)" for name in free]
            names = (*(name for name, _ in variables), *free)
            one = Statement(" ".join([*binders, *hypotheses]), _shortening(claims[0], names), names)
            found.setdefault(one.signature, one)
    return list(found.values())


def _shortening(claim: str, names: Iterable[str]) -> str:
    """An equation the other way round if its left side is a function of variables that its right side
    calls again: as a rule it would go on for ever."""
    left, equals, right = claim.partition(" = ")
    head, *arguments = left.split(" ")
    again = set(arguments) <= set(names) and head in _words(right)
    return f"{right} = {left}" if equals and again and " = " not in right else claim


def _used_up(fact: str, target: str) -> Iterator[str]:
    """The target with the left side of an equation in the place of its right side."""
    left, equals, right = fact.partition(" = ")
    place = re.compile(rf"(?<![\w.]){re.escape(right)}(?![\w.'!?₀-₉])")
    if equals and " = " not in right and place.search(target):
        yield place.sub(lambda _: f"({left})", target)


def _generalised(claims: Sequence[str], own: set[str]) -> Iterator[list[str]]:
    """Claims with one term, or two, as variables: the largest ones that are applications of the
    user's functions and stand in parentheses; and as they are."""
    text = "\n".join(claims)
    terms = [t for t in _parenthesised(text) if mentioned(t[1:-1].split(" ")[0], own)]
    often = sorted(dict.fromkeys(terms), key=lambda t: (-text.count(t), -len(t)))[:3]
    for chosen in [[t] for t in often] + [often[:2]] * (len(often) > 1) + [[]]:
        new = text
        for number, term in enumerate(chosen):
            new = new.replace(term, f"t{number}")
        claim, *rest = new.split("\n")
        if all(f"t{number}" in claim for number in range(len(chosen))):
            yield [claim, *rest]


def _parenthesised(text: str) -> Iterator[str]:
    """Everything that stands in parentheses, with them."""
    opened: list[int] = []
    for place, letter in enumerate(text):
        if letter == "(":
            opened.append(place)
        elif letter == ")" and opened:
            yield text[opened.pop() : place + 1]


def _entries(goal: Goal) -> tuple[list[tuple[str, str, bool]], str]:
    """The hypotheses of a goal by name, type and whether each is a proof, and its target: with names
    that can be written for those that Lean marks with a dagger."""
    taken = _words(_DAGGER.sub("", goal.pp))
    named: dict[str, str] = {}
    for mark in _DAGGER.finditer(goal.pp):
        if mark[0] not in named:
            tries = itertools.chain([mark[1]], (f"{mark[1]}{i}" for i in itertools.count(1)))
            named[mark[0]] = next(name for name in tries if name not in taken)
            taken.add(named[mark[0]])

    def nameable(text: str) -> str:
        return " ".join(_DAGGER.sub(lambda m: named[m[0]], text).split())

    lines = goal.pp.split("\n")[goal.case is not None :]
    names: list[str] = []
    for line in lines[: next(i for i, line in enumerate(lines) if line.startswith("⊢ "))]:
        if not line.startswith(" "):
            names += line.partition(" :")[0].split(" ")
    pairs = zip(names, goal.hypotheses, strict=False)
    entries = [(nameable(n), nameable(h.type), h.is_prop) for n, h in pairs if h.value is None]
    return entries, nameable(goal.target)


_DAGGER = re.compile(r"([^\W\d][\w.'!?₀-₉]*)✝([¹²³⁴⁵⁶⁷⁸⁹⁰]*)")


def _closed(said: str, variables: Sequence[tuple[str, str]]) -> list[str]:
    """Binders for the variables that a text mentions, for what their types mention, and for the
    instances of those types."""
    needed = _words(said)
    for name, type_ in reversed(variables):
        if name in needed:
            needed |= _words(type_)
    binders = []
    for name, type_ in variables:
        if re.match(r"(Type|Sort)\b", type_):
            if name in needed:
                binders.append(f"{{{name} : {type_}}}")
        elif name.startswith("inst"):
            if _words(type_) & needed:
                binders.append(f"[{type_}]")
        elif name in needed:
            binders.append(f"({name} : {type_})")
    return binders


def mentioned(text: str, functions: Iterable[str]) -> list[str]:
    """The functions that a text mentions by what they are called, or after a dot, each once."""
    own = list(functions)
    after_dots = {name.rsplit(".", 1)[-1]: name for name in own if "." in name}
    found = []
    for word in _NAME.findall(text):
        if word in own:
            found.append(word)
        elif "." in word and (name := after_dots.get(word.rsplit(".", 1)[-1])):
            found.append(name)
    return list(dict.fromkeys(found))


_NAME = re.compile(r"[^\W\d][\w.'!?₀-₉]*")


def _words(text: str) -> set[str]:
    """The names in a text; of `x.f`, which may be `f` of `x`, also what stands before the dot."""
    found = set(_NAME.findall(text))
    return found | {name.split(".")[0] for name in found}
