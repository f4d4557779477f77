"""Shapes for inductive predicates: their constructors, induction and cases on hypotheses that are one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product

from prover.generate.inductions import induct, partners, ranked_variables, replaced
from prover.generate.shapes import NAT, Idea, words
from prover.generate.sight import Sight, arguments_in, constants_of, head_of, using
from search.context import InductiveType

APPLICATIONS = 6
"""How many proofs by a constructor of the target's predicate are tried up to simplification."""


def from_predicates(sight: Sight) -> Iterator[Idea]:
    """Inductive predicates of the user's: their constructors as steps, and induction and cases on
    hypotheses that are one."""
    types = sight.view.context.types
    kinds = {name: info for name, info in sight.told if info.prop}
    here = [types[name] for name in sight.view.goal.own if name in types and types[name].prop]
    near = [info for info in [*here, *kinds.values()] if info.constructors]
    constructors = list(dict.fromkeys(c.shown for info in near for c in info.constructors))[:16]
    simp = using([*constructors, *sight.rules, *sight.lemmas])
    grind = sight.known_to_grind(*constructors, theorems=True)
    if here and sight.view.target.head in ("", "∃", "∨", "∧"):
        steps = ["Exists.intro", "Or.inl", "Or.inr", "And.intro"] if sight.view.target.head else []
        yield 1.4, f"solve_by_elim [{', '.join([*constructors, *steps])}]"
    for place, name in enumerate(c.shown for info in here for c in info.constructors[:8]):
        yield 1.1 + 0.05 * place, f"exact {name} ..", 0
        yield 2.0 + 0.1 * place, f"apply {name}"
    for place, term in enumerate(islice(_applications(sight, here), APPLICATIONS)):
        yield 1.56 + 0.02 * place, f"simpa using {term}", 0
    if constructors:
        yield 1.5, f"grind{grind}"
        yield 1.55, f"simp_all{simp}", 0
        yield 1.58, f"grind{sight.inverting}"
    below = 1.0 if sight.below_induction else 0.0
    if here and any("ih" in hypothesis.name for hypothesis in sight.view.goal.hypotheses):
        yield 1.25, "apply_assumption"
    for place, (name, info) in enumerate(list(kinds.items())[:4]):
        late = 0.25 * place
        yield 1.3 + late, f"cases {name} <;> simp_all{simp}", 2
        yield 1.5 + late, f"cases {name} <;> grind{grind}"
        yield 1.85 + late, f"cases {name} <;> grind{sight.inverting}"
        yield 2.6 + late, f"cases {name}"
        others = [n for n in kinds if n != name]
        if not info.recursive:
            continue
        late += below
        yield 1.6 + late, f"induction {name} <;> simp_all{simp}", 3
        yield 1.65 + late, f"induction {name} <;> grind{grind}"
        general = _beside(sight, name, others)
        verb = induct(name, general)
        yield 1.7 + late, f"{verb} <;> grind{sight.inverting}"
        for other in others[:2]:
            yield 1.45 + late, f"{verb} <;> cases {other} <;> grind{sight.inverting}"
            yield 1.9 + late, f"{verb} <;> cases {other} <;> grind{sight.grind_more}"
            yield 1.95 + late, f"{verb} <;> cases {other} <;> simp_all{sight.simp_more}", 2
        if general:
            yield 2.3 + late, f"{verb} <;> grind{grind}"
        if here:  # what a rule asks for that its conclusion does not say, `grind` does not find
            say = f"(try simp only{sight.simp}) <;> " if sight.rules else ""
            step = f"first | grind{grind} | (constructor <;> try solve_by_elim)"
            yield 1.75 + late, f"{verb} <;> {say}{step}"
        yield 2.5 + late, f"induction {name}"


def _beside(sight: Sight, name: str, others: Sequence[str]) -> list[str]:
    """The data that an induction on a predicate may leave general: what the target and the other
    predicates speak of, and this one does not. With it goes what depends on it."""
    facts = sight.view.facts
    about = words("\n".join([sight.view.goal.target, *(facts[other].text for other in others)]))
    inside = words(facts[name].text)
    return [n for n in sight.view.variables if n in about and n not in inside]


def _applications(sight: Sight, predicates: Sequence[InductiveType]) -> Iterator[str]:
    """Constructors of some predicates applied to hypotheses, and to constructors that take nothing."""
    proofs: dict[str, list[str]] = {}
    for name, info in sight.told:
        proofs.setdefault(info.signature.name, []).append(name)
    for info in sight.view.context.types.values():
        bare = [c.shown for c in info.constructors if not c.explicit]
        if info.prop and bare:
            proofs.setdefault(info.signature.name, []).extend(bare)
    makers = {c.name for info in sight.view.context.types.values() for c in info.constructors}
    here = {part for word in words(sight.view.goal.target) for part in word.split(".")}
    for info in predicates:
        for constructor in info.constructors:
            used = makers & constants_of(constructor.result)
            if any(name.rsplit(".", 1)[-1] not in here for name in used):
                continue
            choices = [
                proofs.get(head_of(constructor.binders[place].type), ["_"])
                for place in constructor.explicit
            ]
            if any(choice != ["_"] for choice in choices):
                for arguments in product(*choices):
                    yield f"{constructor.shown} {' '.join(arguments)}"


def inversions(sight: Sight) -> Iterator[Idea]:
    """Induction on a hypothesis that is an inductive predicate of something compound: what is
    compound becomes a variable first, with an equation that remembers it."""
    for place, (name, info) in enumerate(sight.told[:4]):
        if not (info.prop and info.recursive and info.indices):
            continue
        places = [p for p in info.signature.explicit if p >= info.parameters]
        head, _, rest = sight.view.facts[name].text.partition(" ")
        arguments = arguments_in(rest, len(info.signature.explicit))[-len(places) :]
        compound = [a for a in arguments if a not in sight.view.variables]
        if not places or not compound or head != info.signature.shown:
            continue
        equations = sight.view.fresh(*("e" for _ in compound))
        names = sight.view.fresh(*("x" for _ in compound))
        lines = []
        for equation, argument, new in zip(equations, compound, names, strict=True):
            lines += [
                f"generalize {equation} : {argument} = {new} at {name}",
                f"symm at {equation}",
            ]
        inside = words(" ".join(compound))
        general = [n for n in sight.view.variables if n in inside]
        put = "\n".join([*lines, induct(name, general)])
        constructors = [c.shown for c in info.constructors]
        empty = ["List.append_eq_nil_iff"] if "[]" in compound else []
        late = 0.2 * place
        grind = sight.known_to_grind(*constructors, *empty, theorems=True)
        yield 1.68 + late, f"{put} <;> grind{grind}"
        yield 1.7 + late, f"{put} <;> simp_all{sight.simp}", 2


def mutual_predicates(sight: Sight) -> Iterator[Idea]:
    """Induction on a hypothesis that is one of two predicates declared together. Of the other one is
    claimed what functions say that recur together with those of the target, or the contrary."""
    types = sight.view.context.types
    for place, (name, info) in enumerate(sight.told[:4]):
        if not info.prop or len(info.block) != 2 or not set(info.block) <= types.keys():
            continue
        number = 2 - info.block.index(info.signature.name)
        arguments = arguments_in(sight.view.facts[name].text.partition(" ")[2], 8)
        indices = arguments[len(arguments) - info.indices :]
        if not set(indices) <= sight.view.variables.keys():
            continue
        target = sight.view.goal.target
        swapped = {a.signature.shown: b.signature.shown for a, b in partners(sight)}
        claims = [replaced(target, swapped), f"¬({target})"]
        grind = sight.known_to_grind(*sight.predicates, theorems=True)
        for step, claim in enumerate(claims if claims[0] != target else claims[1:]):
            motive = f"(motive_{number} := fun {' '.join(indices)} _ => {claim})"
            verb = f"induction {name} using {info.signature.shown}.rec {motive}"
            late = 0.25 * place + 0.02 * step
            yield 1.55 + late, f"{verb} <;> simp_all{sight.simp}", 2
            yield 1.6 + late, f"{verb} <;> grind{grind}"
            if sight.arithmetic:
                yield 1.65 + late, f"{verb} <;> omega"


def strong_inductions(sight: Sight) -> Iterator[Idea]:
    """Induction over all smaller numbers, with the first two apart: for what recurs in steps of two."""
    types = sight.view.context.types
    predicates = [types[n] for n in sight.view.goal.around if n in types and types[n].prop]
    constructors = [c.shown for info in predicates for c in info.constructors][:8]
    grind = sight.known_to_grind(*constructors, theorems=True)
    numbers = [n for n in ranked_variables(sight) if sight.variables[n] == NAT]
    for place, name in enumerate(numbers[:2]):
        (ih,) = sight.view.fresh("ih")
        start = f"induction {name} using Nat.strongRecOn with | ind {name} {ih} =>"
        yield 2.05 + 0.3 * place, f"{start} rcases {name} with _ | _ | {name} <;> grind{grind}"
