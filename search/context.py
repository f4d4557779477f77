"""What a goal is about: the functions, types and theorems of the user's own files.

An environment tells it once for the goal that a search begins at. What is of a library is left out:
tactics know it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import TypeVar

from search.premises import Library

Tree = str | int | None | tuple["Tree", ...]
"""A type of first order: a constant, a binder by its place (counted from the outside), or such a head
with explicit arguments; `("→", a, b)` is a function type. None is what is neither."""


@dataclass(frozen=True, slots=True)
class Binder:
    """An argument of a constant. `kind` is `explicit`, `implicit` or `instance`."""

    name: str
    kind: str
    type: Tree


@dataclass(frozen=True, slots=True)
class Equation:
    """A defining equation of a function. `arguments` says what stands on the left at each argument,
    implicit ones too: `variable`, `pattern` (a constructor applied) or `other`. `calls` are the calls
    of the function itself on the right: for each argument, whether it is the one on the left."""

    text: str
    arguments: tuple[str, ...]
    calls: tuple[tuple[bool, ...], ...]


MARKS = {"cases", "ext", "funCC", "gen", "inj", "intro", "norm", "symbol", "unfold", "usr"}
"""What means something else in a list for `grind`, before a name or alone."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A constant with its type: printed, and as binders with what is behind them. `shown` is the
    shortest name that a tactic can call it by."""

    name: str
    shown: str
    type: str
    binders: tuple[Binder, ...]
    result: Tree

    @property
    def listed(self) -> str:
        """What a list for `simp` or `grind` can call it by."""
        if self.shown not in MARKS:
            return self.shown
        return self.name if "." in self.name else f"_root_.{self.name}"

    @property
    def explicit(self) -> tuple[int, ...]:
        """The places of the explicit arguments."""
        return tuple(i for i, b in enumerate(self.binders) if b.kind == "explicit")


@dataclass(frozen=True, slots=True)
class Function:
    """A definition with its equations; `opaque` ones (`partial`, axioms) have none. `own` are the
    user's constants that it mentions. `reducible`: it is an `abbrev`, which `grind` unfolds by itself
    and must not be told to. `monads` are those of the library that it computes in."""

    signature: Signature
    equations: tuple[Equation, ...]
    own: frozenset[str] = frozenset()
    opaque: bool = False
    reducible: bool = False
    monads: frozenset[str] = frozenset()

    @property
    def recursive(self) -> bool:
        return any(equation.calls for equation in self.equations)

    @property
    def matched(self) -> frozenset[int]:
        """The arguments that some equation takes apart."""
        return frozenset(
            place
            for equation in self.equations
            for place, what in enumerate(equation.arguments)
            if what == "pattern"
        )

    @property
    def descends(self) -> frozenset[int]:
        """The arguments that a recursion runs on: taken apart, and different in a call."""
        return frozenset(
            place
            for equation in self.equations
            for call in equation.calls
            for place in self.matched
            if place < len(call) and not call[place]
        )


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance of a class. `own` are the user's constants that it mentions."""

    signature: Signature
    own: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class InductiveType:
    """An inductive type, a structure, a class, or (`prop`) a predicate. `block` are the types that are
    declared with it, itself among them, in their order."""

    signature: Signature
    constructors: tuple[Signature, ...]
    recursive: bool
    prop: bool
    parameters: int
    indices: int
    structure: bool
    type_class: bool
    block: tuple[str, ...]

    @property
    def members(self) -> frozenset[str]:
        """The full names of its constructors, and of the projections of a structure."""
        names = [constructor.name for constructor in self.constructors]
        if self.structure:
            own = self.constructors[0].binders[self.parameters :]
            names += [f"{self.signature.name}.{binder.name}" for binder in own]
        return frozenset(names)


@dataclass(frozen=True, slots=True)
class Premise:
    """A theorem that may help, or a law that a structure has as a field. `own` are the user's constants
    that it mentions, `head` the relation that it ends in, such as `Eq`. `open`: it is not proved yet.
    `grind`: it can be given to `grind`, which refuses a whole list for one theorem that it has no use
    for. `source` is the module that it is imported from; the user's file has none."""

    signature: Signature
    own: frozenset[str] = frozenset()
    head: str = ""
    open: bool = False
    grind: bool = True
    source: str | None = None

    @property
    def rewrites(self) -> bool:
        """Whether `simp` can do with it. An equation of a bare variable (`f a = f b → a = b`) would be
        tried on every term of the type, with all that it asks for."""
        result = self.signature.result
        return not (self.head == "Eq" and isinstance(result, tuple) and isinstance(result[-2], int))


@dataclass(frozen=True, slots=True)
class Context:
    """What the user's own constants in a goal are, by their full names, with all that these mention;
    instances of classes by theirs; theorems of the user's, the nearest last. `library` are all that
    are imported, `near` some of these for the first goal, the nearest first."""

    functions: Mapping[str, Function] = field(default_factory=dict)
    types: Mapping[str, InductiveType] = field(default_factory=dict)
    instances: Mapping[str, Instance] = field(default_factory=dict)
    premises: tuple[Premise, ...] = ()
    library: Library | None = None
    near: tuple[Premise, ...] = ()

    @property
    def laws(self) -> list[Premise]:
        """Those that structures have as fields, said of all values of something."""
        fields = {name for kind in self.types.values() if kind.structure for name in kind.members}
        return [
            p for p in self.premises if p.signature.name in fields and len(p.signature.explicit) > 0
        ]

    def with_proved(self, names: AbstractSet[str]) -> Context:
        """The same with some theorems that are proved by now."""
        premises = (
            replace(p, open=False) if p.signature.name in names else p for p in self.premises
        )
        return replace(self, premises=tuple(premises))

    def functions_of(self, names: Iterable[str]) -> list[Function]:
        """The functions of some names and all that these are made of, in the order met."""
        return _reached(names, self.functions)

    def meaning_of(self, names: Iterable[str]) -> list[Function | Instance]:
        """The same with the instances, and with what these are made of."""
        return _reached(names, {**self.functions, **self.instances})


M = TypeVar("M", bound=Function | Instance)


def _reached(names: Iterable[str], made: Mapping[str, M]) -> list[M]:
    found: dict[str, M] = {}
    todo = list(names)[::-1]
    while todo:
        name = todo.pop()
        if name in made and name not in found:
            found[name] = made[name]
            todo += sorted(made[name].own, reverse=True)
    return list(found.values())


NOTHING = Context()
"""The context of a goal that is about nothing of the user's own."""
