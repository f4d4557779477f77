"""Shapes for laws that hold for all values, of structures or among the hypotheses, and for structures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prover.generate.shapes import Idea, parenthesised, shape, words
from prover.generate.sight import Sight, binders_of, bracketed, head_of, using
from search.context import Tree

MOST_LAWS = 10

MOST_INSTANCES = 12
"""How many laws of structures are told to `grind`, and how many of their instances at terms."""

OPERATIONS = {
    "Add": ("HAdd.hAdd", "Add.add"),
    "Sub": ("HSub.hSub", "Sub.sub"),
    "Mul": ("HMul.hMul", "Mul.mul"),
    "Neg": ("Neg.neg",),
    "Append": ("HAppend.hAppend", "Append.append"),
    "LE": ("LE.le",),
    "LT": ("LT.lt",),
    "BEq": ("BEq.beq",),
    "Zero": ("Zero.zero", "OfNat.ofNat"),
    "One": ("One.one", "OfNat.ofNat"),
}
"""What a notation stands for, by the class that an instance gives it with."""


@dataclass(frozen=True)
class _Law:
    """An equation for all values: how a tactic calls it, how many values it is given, whether both
    sides have them all, whether the goal has the operation that it is about, and what `grind` is told
    to use it; a hypothesis it uses in any case."""

    name: str
    values: int
    both: bool
    near: bool = True
    told: str | None = None


def from_laws(sight: Sight) -> Iterator[Idea]:
    """An equation from the laws of the user's structures or among the hypotheses: congruence closure
    with those in both directions that have all their variables on both sides, and with those of one
    variable said of the terms of the goal, from which the others have something to begin."""
    laws = [*_laws_of_structures(sight), *_laws_among_facts(sight)][:MOST_LAWS]
    if not any(law.both and law.values > 1 for law in laws):  # others `grind` uses by itself
        return
    grind = using([law.told for law in laws if law.told is not None])
    turned = []
    for law in laws:
        if law.told is None and law.both:
            names = " ".join(sight.view.fresh(*"x" * law.values))
            turned.append(f"have := fun {names} => ({law.name} {names}).symm")
    if grind:
        yield 1.37, f"grind{grind}"
    here = words(sight.view.text)
    types = {name: kind for name, kind in sight.view.variables.items() if name in here}
    plain = [n for n, t in types.items() if "→" not in t and not t.startswith(("Type", "Sort"))]
    attempt = "" if len({types[n] for n in plain}) == 1 else "try "
    sides = sight.view.target.parts if sight.view.target.head == "=" else ()
    elements = [n for n in plain if types[n] in sight.view.variables] or plain
    unary = [f"{operation} {n}" for operation in _unary(sight) for n in elements]
    terms = [*plain, *unary, *(t for t in [*bracketed(sight.view.goal.target), *sides] if " " in t)]
    said = [
        f"{attempt}have := {law.name} {parenthesised(term)}"
        for near in (True, False)
        for term in dict.fromkeys(terms)
        for law in laws
        if law.values == 1 and law.near is near
    ]
    if said or turned:
        yield 1.39, "\n".join([*turned, *said[:MOST_INSTANCES], f"grind{grind}"])


def _unary(sight: Sight) -> list[str]:
    """Operations of one argument that the target has and a law speaks of. A notation may hide in the
    print to what they are applied."""

    def found(tree: Tree, values: tuple[int, ...]) -> Iterator[str]:
        if isinstance(tree, tuple):
            head, *arguments = tree
            taken = [a for a in arguments if isinstance(a, tuple) or a in values]
            if isinstance(head, str) and len(taken) == 1 and taken[0] in values:
                yield head
            for argument in arguments:
                yield from found(argument, values)

    laws = (p.signature for p in sight.fitting if p.head == "Eq")
    heads = [head for law in laws for head in found(law.result, law.explicit)]
    return [head for head in dict.fromkeys(heads) if head in sight.view.goal.own]


def _laws_of_structures(sight: Sight) -> Iterator[_Law]:
    types = sight.view.context.types
    laws = [p for p in sight.fitting if p.head == "Eq" and p.grind]
    if not any(types[o].structure for p in laws for o in p.own if o in types):
        return
    here = {*sight.view.goal.own, *sight.view.goal.around}
    for law in laws:
        name, result = law.signature.shown, law.signature.result
        values = set(law.signature.explicit)
        sides = result[-2:] if isinstance(result, tuple) else ()
        both = all(isinstance(side, tuple) and values <= binders_of(side) for side in sides)
        near = bool(sides) and head_of(sides[0]) in here
        told = law.signature.listed
        yield _Law(name, len(values), both, near, f"_=_ {told}" if both else told)


def _laws_among_facts(sight: Sight) -> Iterator[_Law]:
    for name, fact in sight.view.facts.items():
        if fact.head == "∀" and (body := shape(fact.parts[0])).head == "=":
            values = set(fact.names)
            both = all(" " in side and values <= words(side) for side in body.parts)
            yield _Law(name, len(values), both)


def structures(sight: Sight) -> Iterator[Idea]:
    """Structures field by field, with the propositions among their fields as facts."""
    view, types = sight.view, sight.view.context.types
    simp = using([*sight.rules, *sight.instances])
    grind = sight.known_to_grind(*sight.instances)
    shapes = [types[name] for name in view.goal.own if name in types and types[name].structure]
    if view.target.head == "=":
        for info in shapes[:2]:
            (make,) = info.constructors
            blanks = " ".join("_" for b in make.binders[info.parameters :] if b.kind == "explicit")
            both = f"{make.shown} {blanks}"
            change = f"change {both} = {both}"
            yield 1.6, f"{change}\ncongr 1 <;> omega"
            yield 1.7, f"{change}\ncongr 1 <;> simp_all{simp}", 0
            yield 1.75, f"{change}\ncongr 1 <;> grind{grind}"
    taken = [name for name, info in sight.told if info.structure and not info.prop][:3]
    if taken:
        apart = " <;> ".join(f"cases {name}" for name in taken)
        yield 1.62, f"{apart} <;> simp_all{simp}", 2
        yield 1.72, f"{apart} <;> grind{grind}"
        yield 1.74, f"{apart} <;> simp_all{simp} <;> omega"
    operations = [
        method
        for name in view.goal.around
        if (instance := view.context.instances.get(name)) is not None
        for method in OPERATIONS.get(head_of(instance.signature.result), ())
    ]
    if operations:
        fields = [f"{c.shown}.injEq" for info in shapes for c in info.constructors]
        opened = ", ".join(dict.fromkeys([*operations, *fields]))
        yield 1.78, f"simp only [{opened}]; grind{grind}"
        yield 2.6, f"simp only [{opened}]"
    if sight.instances:
        used = using(sight.instances)
        yield 1.8, f"simp{used}"
        yield 2.2, f"unfold {' '.join(sight.instances)}"
