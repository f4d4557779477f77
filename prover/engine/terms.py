"""Terms of first order over the functions of a goal: their types, how they are written, how they
match and what their most general types are.

Types are trees (`search.context.Tree`): a constant, a type variable `α`, or a head with arguments.
In the signature of a constant a number is one of its own binders.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from search.context import Context, Signature, Tree

ELEMENT = "α"
"""The type that stands for every type parameter while terms are enumerated."""

ARROW = "→"

_TYPE_NAMES = ("α", "β", "γ", "δ")
_VARIABLE_NAMES = {
    "element": ("x", "y", "z"),
    "number": ("n", "m", "k"),
    "truth": ("a", "b", "c"),
    "sequence": ("xs", "ys", "zs"),
    "function": ("f", "g", "h"),
    "other": ("s", "t", "u"),
}


@dataclass(frozen=True, eq=False)
class Symbol:
    """A function or a constructor. `arguments` are the types of its explicit arguments, `holes` the
    places among them that a caller leaves to Lean (`_`); `parameters` are the binders that are
    types, `instances` the classes that it asks for. `operator` is how it is written, `{} + {}`."""

    name: str
    shown: str
    arguments: tuple[Tree, ...]
    result: Tree
    parameters: tuple[int, ...] = ()
    instances: tuple[Tree, ...] = ()
    constructor: bool = False
    operator: str | None = None
    holes: frozenset[int] = frozenset()
    universes: bool = False

    def __repr__(self) -> str:
        return self.shown


@dataclass(frozen=True, eq=False)
class Variable:
    """A variable of a term."""

    name: str
    type: Tree

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Term:
    """A symbol or a variable with all its arguments; `type` is the type that it has here."""

    head: Symbol | Variable
    arguments: tuple[Term, ...]
    type: Tree = field(compare=False)

    @cached_property
    def size(self) -> int:
        return 1 + sum(argument.size for argument in self.arguments)

    @cached_property
    def order(self) -> tuple[int, str]:
        """A total order: by size, and what has its operands to the right comes first."""
        return self.size, repr(self).replace("(", "~")

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((id(self.head), self.arguments))

    def __repr__(self) -> str:
        if not self.arguments:
            return repr(self.head)
        return f"({self.head!r} {' '.join(map(repr, self.arguments))})"

    def subterms(self) -> Iterator[Term]:
        """All of its subterms, itself first."""
        yield self
        for argument in self.arguments:
            yield from argument.subterms()

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        """Its variables, each once, in the order met."""
        heads = (t.head for t in self.subterms())
        return tuple(dict.fromkeys(h for h in heads if isinstance(h, Variable)))

    @cached_property
    def symbols(self) -> frozenset[Symbol]:
        return frozenset(t.head for t in self.subterms() if isinstance(t.head, Symbol))

    def occurrences(self, head: Symbol | Variable) -> int:
        return sum(t.head is head for t in self.subterms())

    def replaced(self, values: Mapping[Variable, Term]) -> Term:
        """The term with terms in the place of variables. A variable that is applied stays."""
        if not self.arguments and isinstance(self.head, Variable):
            return values.get(self.head, self)
        arguments = tuple(argument.replaced(values) for argument in self.arguments)
        head = self.head
        if isinstance(head, Variable) and head in values and not values[head].arguments:
            head = values[head].head
        return Term(head, arguments, self.type)


def match(pattern: Term, term: Term, values: dict[Variable, Term]) -> bool:
    """Whether a term is an instance of a pattern, with what its variables stand for."""
    head = pattern.head
    if isinstance(head, Variable):
        if not pattern.arguments:
            return values.setdefault(head, term) == term
        if not isinstance(term.head, Variable) or len(term.arguments) != len(pattern.arguments):
            return False
        applied = Term(term.head, (), term.head.type)
        if values.setdefault(head, applied) != applied:
            return False
    elif head is not term.head or len(pattern.arguments) != len(term.arguments):
        return False
    pairs = zip(pattern.arguments, term.arguments, strict=True)
    return all(match(one, other, values) for one, other in pairs)


@dataclass(frozen=True)
class Equation:
    """What two terms are conjectured to be: equal. The left side is the one to rewrite."""

    left: Term
    right: Term

    @property
    def size(self) -> int:
        return self.left.size + self.right.size

    @property
    def symbols(self) -> frozenset[Symbol]:
        return self.left.symbols | self.right.symbols

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        return tuple(dict.fromkeys((*self.left.variables, *self.right.variables)))


# What there is to make terms of


def library(text: str) -> list[Symbol]:
    """Constructors and operators of the library whose types or signs occur in a text: what a goal
    prints, or the equations of its functions."""
    found: list[Symbol] = []

    def add(name: str, operator: str, arguments: Sequence[Tree], result: Tree) -> None:
        parameters = (0,) if any(0 in flat(t) for t in (*arguments, result)) else ()
        made = name.split(".")[-1] in ("zero", "succ", "true", "false", "nil", "cons")
        found.append(Symbol(name, name, tuple(arguments), result, parameters, (), made, operator))

    if re.search(r"\bNat\b|ℕ", text):
        add("Nat.zero", "0", (), "Nat")
        add("Nat.succ", "{} + 1", ("Nat",), "Nat")
        for sign in "+*":
            if re.search(rf" {re.escape(sign)} (?!1\b)", text):
                add(f"Nat{sign}", f"{{}} {sign} {{}}", ("Nat", "Nat"), "Nat")
    if re.search(r"\bBool\b|\btrue\b|\bfalse\b", text):
        add("Bool.true", "true", (), "Bool")
        add("Bool.false", "false", (), "Bool")
        for sign in ("&&", "||"):
            if f" {sign} " in text:
                add(f"Bool{sign}", f"{{}} {sign} {{}}", ("Bool", "Bool"), "Bool")
    if re.search(r"\bList\b", text):
        add("List.nil", "[]", (), ("List", 0))
        add("List.cons", "{} :: {}", (0, ("List", 0)), ("List", 0))
        if " ++ " in text:
            add("List++", "{} ++ {}", (("List", 0), ("List", 0)), ("List", 0))
    return found


def flat(tree: Tree) -> Iterator[str | int | None]:
    """Everything that stands in a type."""
    if isinstance(tree, tuple):
        for part in tree:
            yield from flat(part)
    else:
        yield tree


def symbol(signature: Signature, *, constructor: bool = False) -> Symbol | None:
    """A constant as a symbol; None if its type is not of first order with type parameters."""
    parameters = tuple(i for i, b in enumerate(signature.binders) if b.type == "Type")
    arguments: list[Tree] = []
    holes: set[int] = set()
    instances: list[Tree] = []
    for binder in signature.binders:
        if binder.kind == "instance":
            instances.append(binder.type)
        elif binder.kind == "explicit":
            if binder.type == "Type":
                holes.add(len(arguments))
            arguments.append(binder.type)
        elif binder.type != "Type":
            return None
    known = [*(a for i, a in enumerate(arguments) if i not in holes), *instances, signature.result]
    for tree in known:
        parts = list(flat(tree))
        if None in parts or "Prop" in parts or "Type" in parts:
            return None
        if any(isinstance(part, int) and part not in parameters for part in parts):
            return None
    return Symbol(
        signature.name,
        signature.shown,
        tuple(a for i, a in enumerate(arguments) if i not in holes),
        signature.result,
        parameters,
        tuple(instances),
        constructor,
        holes=frozenset(holes),
        universes=re.search(r"\b(Type|Sort) (?!→)[\w(]", signature.type) is not None,
    )


def symbols(context: Context, functions: Iterable[str], text: str) -> list[Symbol]:
    """What terms about some functions are made of: these, the constructors of the types that they
    speak of, and what the library has for what occurs in a text."""
    found: list[Symbol] = []
    for name in functions:
        function = context.functions.get(name)
        own = None if function is None or function.opaque else symbol(function.signature)
        if own is not None:
            found.append(own)
    found += library(text)
    heads = {part for s in found for tree in (*s.arguments, s.result) for part in flat(tree)}
    todo = [name for name in context.types if name in heads]
    for name in todo:
        kind = context.types[name]
        if (
            kind.prop
            or kind.type_class
            or kind.indices
            or len(kind.constructors) > MOST_CONSTRUCTORS
        ):
            continue
        for signature in kind.constructors:
            own = symbol(signature, constructor=True)
            if own is not None:
                found.append(own)
                new = {part for tree in own.arguments for part in flat(tree)}
                todo += [n for n in context.types if n in new and n not in todo]
    return found


MOST_CONSTRUCTORS = 6
"""A type of more constructors has none of them in terms: each would be a case of its own."""


# Types


def filled(tree: Tree, values: Mapping[int, Tree]) -> Tree:
    """A type with types for its numbers."""
    if isinstance(tree, int):
        return values.get(tree, tree)
    if isinstance(tree, tuple):
        return tuple(filled(part, values) for part in tree)
    return tree


def matches(pattern: Tree, tree: Tree, values: dict[int, Tree]) -> bool:
    """Whether a type is an instance of a pattern with numbers, and what these stand for."""
    if isinstance(pattern, int):
        return values.setdefault(pattern, tree) == tree
    if isinstance(pattern, tuple) and isinstance(tree, tuple):
        return len(pattern) == len(tree) and all(
            matches(one, other, values) for one, other in zip(pattern, tree, strict=True)
        )
    return pattern == tree


class _Unifier:
    """Types with unknown parts, which are negative numbers."""

    def __init__(self) -> None:
        self._known: dict[int, Tree] = {}
        self._next = itertools.count(1)

    def new(self) -> int:
        return -next(self._next)

    def resolved(self, tree: Tree) -> Tree:
        while isinstance(tree, int) and tree in self._known:
            tree = self._known[tree]
        if isinstance(tree, tuple):
            return tuple(self.resolved(part) for part in tree)
        return tree

    def unify(self, one: Tree, other: Tree) -> bool:
        one, other = self.resolved(one), self.resolved(other)
        if one == other:
            return True
        if isinstance(one, int):
            if one in flat(other):
                return False
            self._known[one] = other
            return True
        if isinstance(other, int):
            return self.unify(other, one)
        if isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other):
            return all(self.unify(a, b) for a, b in zip(one, other, strict=True))
        return False


@dataclass(frozen=True)
class Typing:
    """The most general types of an equation: of its variables, of the subterms that have no argument
    (by their place in order), the type variables, and the instances that these need."""

    variables: Mapping[Variable, Tree]
    constants: Sequence[Tree]
    parameters: tuple[str, ...]
    instances: tuple[Tree, ...]


def typing(equation: Equation, taken: Iterable[str] = ()) -> Typing:
    """The most general types of an equation. Its type variables are none of the names `taken`."""
    unifier = _Unifier()
    variables: dict[Variable, Tree] = {}
    constants: list[Tree] = []
    needed: list[Tree] = []

    def infer(term: Term) -> Tree:
        head = term.head
        if isinstance(head, Variable):
            arguments = [infer(argument) for argument in term.arguments]
            result: Tree = unifier.new()
            whole = result
            for taken_type in reversed(arguments):
                whole = (ARROW, taken_type, whole)
            unifier.unify(variables.setdefault(head, unifier.new()), whole)
            return result
        values: dict[int, Tree] = {place: unifier.new() for place in head.parameters}
        result = filled(head.result, values)
        if not term.arguments:
            constants.append(result)
        for expected, argument in zip(head.arguments, term.arguments, strict=True):
            unifier.unify(filled(expected, values), infer(argument))
        needed.extend(filled(instance, values) for instance in head.instances)
        return result

    unifier.unify(infer(equation.left), infer(equation.right))
    unknown = dict.fromkeys(
        part
        for tree in (*variables.values(), *constants, *needed)
        for part in flat(unifier.resolved(tree))
        if isinstance(part, int)
    )
    used = set(taken)
    all_names = itertools.chain(_TYPE_NAMES, (f"α{i}" for i in itertools.count(1)))
    free = (name for name in all_names if name not in used)
    names: dict[int, Tree] = dict(zip(unknown, free, strict=False))

    def named(tree: Tree) -> Tree:
        return filled(unifier.resolved(tree), names)

    instances = dict.fromkeys(named(tree) for tree in needed)
    parameters = tuple(str(name) for name in names.values())
    return Typing(
        {variable: named(tree) for variable, tree in variables.items()},
        [named(tree) for tree in constants],
        parameters,
        tuple(tree for tree in instances if set(flat(tree)) & set(parameters)),
    )


_TYPE_TOKEN = re.compile(r"[()→×]|[^\s()→×]+")


def read_type(text: str, names: Mapping[str, Tree]) -> Tree:
    """A type as Lean prints it; `names` says what the names in it stand for. None if it is not of
    first order, or holds another name."""
    tokens = _TYPE_TOKEN.findall(text)
    at = 0

    def arrow() -> Tree:
        nonlocal at
        left = product()
        if at < len(tokens) and tokens[at] == ARROW:
            at += 1
            return (ARROW, left, arrow())
        return left

    def product() -> Tree:
        nonlocal at
        left = application()
        if at < len(tokens) and tokens[at] == "×":
            at += 1
            return ("Prod", left, product())
        return left

    def application() -> Tree:
        parts: list[Tree] = []
        while at < len(tokens) and tokens[at] not in ")→×":
            parts.append(atom())
        return parts[0] if len(parts) == 1 else tuple(parts) or None

    def atom() -> Tree:
        nonlocal at
        token = tokens[at]
        at += 1
        if token == "(":
            inner = arrow()
            at += 1
            return inner
        return names.get(token)

    tree = arrow()
    known = at == len(tokens) and tree != () and None not in flat(tree)
    return tree if known else None


# How it is written


def written_type(tree: Tree, shown: Mapping[str, str], *, inner: bool = False) -> str:
    """A type as Lean reads it; `shown` says what constants are called."""
    if not isinstance(tree, tuple):
        return shown.get(str(tree), str(tree))
    if tree[0] == ARROW:
        text = f"{written_type(tree[1], shown, inner=True)} → {written_type(tree[2], shown)}"
    elif tree[0] == "Prod":
        text = " × ".join(written_type(part, shown, inner=True) for part in tree[1:])
    else:
        parts = [written_type(tree[0], shown)]
        text = " ".join([*parts, *(written_type(part, shown, inner=True) for part in tree[1:])])
    return f"({text})" if inner else text


def written(
    term: Term,
    names: Mapping[Variable, str],
    constants: Iterator[str | None],
    *,
    inner: bool = False,
) -> str:
    """A term as Lean reads it. `constants` says for each subterm without arguments the type to put
    beside it, or None."""
    head = term.head
    if isinstance(head, Variable):
        text = names[head]
    elif not term.arguments:
        type_ = next(constants)
        text = (head.operator or head.shown) + " _" * len(head.holes)
        if type_ is not None:
            return f"({text} : {type_})"
        return f"({text})" if inner and " " in text else text
    beside = isinstance(head, Symbol) and head.operator is not None
    parts = [
        written(t, names, constants, inner=not beside or _is_operation(t)) for t in term.arguments
    ]
    if isinstance(head, Symbol) and parts:
        text = applied(head, parts)
    elif parts:
        text = " ".join([text, *parts])
    return f"({text})" if inner and parts else text


def _is_operation(term: Term) -> bool:
    return isinstance(term.head, Symbol) and term.head.operator is not None


def applied(head: Symbol, arguments: Sequence[str]) -> str:
    """A symbol with arguments that are written."""
    if head.operator is not None:
        return head.operator.format(*arguments)
    parts = list(arguments)
    for hole in sorted(head.holes):
        parts.insert(hole, "_")
    return " ".join([head.shown, *parts])


def names_for(
    types: Mapping[Variable, Tree], parameters: Iterable[str], taken: Iterable[str]
) -> dict[Variable, str]:
    """A name for each variable by what its type is like, none of those that are `taken`."""
    used = set(taken)
    elements = set(parameters)
    names: dict[Variable, str] = {}
    for variable, tree in types.items():
        kinds = _VARIABLE_NAMES[_kind(tree, elements)]
        free = itertools.chain(kinds, (f"{kinds[0]}{i}" for i in itertools.count(1)))
        names[variable] = next(name for name in free if name not in used)
        used.add(names[variable])
    return names


def _kind(tree: Tree, elements: set[str]) -> str:
    if isinstance(tree, tuple):
        return "function" if tree[0] == ARROW else "sequence" if len(tree) == 2 else "other"
    if tree in elements:
        return "element"
    if tree == "Bool":
        return "truth"
    return "number" if re.search(r"(?i)nat|int\b|num", str(tree)) else "other"


@dataclass(frozen=True, slots=True)
class Statement:
    """A proposition with what it is about, as text: `binders` stand before it; `names` are those of
    its variables."""

    binders: str
    claim: str
    names: tuple[str, ...] = ()

    @property
    def signature(self) -> str:
        return f"{self.binders} : {self.claim}" if self.binders else f": {self.claim}"


def statement(equation: Equation, shown: Mapping[str, str]) -> Statement:
    """An equation as general as it can be, as Lean reads it."""
    taken = {s.shown for s in equation.symbols} | set(shown.values())
    types = typing(equation, taken)
    names = names_for(types.variables, types.parameters, {*taken, *types.parameters})
    bound = {part for tree in types.variables.values() for part in flat(tree)}
    beside = iter(
        [
            written_type(tree, shown) if set(flat(tree)) & (set(types.parameters) - bound) else None
            for tree in types.constants
        ]
    )
    left = written(equation.left, names, beside)
    right = written(equation.right, names, beside)
    sort = "Type _" if any(s.universes for s in equation.symbols) else "Type"
    binders = [f"{{{' '.join(types.parameters)} : {sort}}}"] if types.parameters else []
    binders += [f"[{written_type(tree, shown)}]" for tree in types.instances]
    for tree, group in itertools.groupby(names, key=lambda v: types.variables[v]):
        binders.append(f"({' '.join(names[v] for v in group)} : {written_type(tree, shown)})")
    return Statement(" ".join(binders), f"{left} = {right}", tuple(names.values()))
