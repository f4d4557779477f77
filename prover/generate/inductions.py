"""Shapes for induction on data: on variables, over mutual types, along functions, on what contradicts itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations, islice

from prover.generate.shapes import Idea, usable, words
from prover.generate.sight import Sight, calls_of, head_of, using
from search.context import Function, Signature

INDUCTIONS = 4
"""How many variables of a goal induction is tried on, with all that follows it."""


def inductions(sight: Sight) -> Iterator[Idea]:
    """Induction and cases on variables, those first that a function of the target recurs on. Below
    an induction, another one on a variable is rarely the way."""
    chosen = ranked_variables(sight)
    below = 1.2 if sight.below_induction else 0.0
    for place, name in enumerate(chosen[:INDUCTIONS]):
        late = 0.25 * place + below
        kind = sight.variables[name]
        info = sight.view.context.types.get(kind)
        recursive = info.recursive if info is not None else True
        others = others_than(sight, name)
        for step, names in enumerate(generalised(sight, name)):
            more = late + 0.12 * step
            verb = induct(name, names) if recursive else f"cases {name}"
            yield 1.60 + more, f"{verb} <;> simp_all{sight.simp}", 3
            yield 1.70 + more, f"{verb} <;> grind{sight.grind}"
            if sight.predicates and step == 0:
                yield 1.71 + more, f"{verb} <;> grind{sight.inverting}"
            if sight.arithmetic:
                yield 1.9 + more, f"{verb} <;> simp_all{sight.simp} <;> omega"
            if sight.lemmas:
                yield 1.65 + more, f"{verb} <;> simp_all{sight.simp_more}", 3
                if sight.arithmetic:
                    yield 1.66 + more, f"{verb} <;> simp_all{sight.simp_more} <;> omega"
                yield 1.67 + more, f"{verb} <;> grind{sight.grind_more}"
                if step == 0 and len(sight.outermost) < len(sight.rules) + len(sight.lemmas):
                    yield 1.62 + more, f"{verb} <;> simp_all{using(sight.outermost)}", 2
                    yield 1.64 + more, f"{verb} <;> grind{using(sight.outermost)}"
            if not recursive:
                break
            split = "".join(f" <;> cases {other}" for other in others[:2])
            if names:
                yield 1.95 + more, f"{verb}{split} <;> simp_all{sight.simp}", 2
                yield 1.98 + more, f"{verb}{split} <;> grind{sight.grind}"
            yield 3.4 + more, _arms(sight, name, verb)
        yield 2.1 + 0.25 * place, f"cases {name} <;> simp_all{sight.simp}", 2
        yield 2.15 + 0.25 * place, f"cases {name} <;> grind{sight.grind}"
        yield 3.6 + 0.25 * place, _arms(sight, name, f"cases {name}")


def mutual_inductions(sight: Sight) -> Iterator[Idea]:
    """Induction on a type of a mutual block. Of the other types the same is claimed, with functions
    that recur together with those of the target in their places."""
    types = sight.view.context.types
    for place, name in enumerate(ranked_variables(sight)):
        info = types.get(sight.variables[name])
        if info is None or len(info.block) < 2 or not set(info.block) <= types.keys():
            continue
        (other,) = sight.view.fresh("x")
        motives = ""
        for number, sibling in enumerate(info.block, 1):
            if sibling != info.signature.name:
                claim = _for_sibling(sight, info.signature.name, sibling)
                claim = re.sub(rf"(?<![\w.']){re.escape(name)}(?![\w'])", other, claim)
                motives += f" (motive_{number} := fun {other} => {claim})"
        verb = f"induction {name} using {info.signature.shown}.rec{motives}"
        late = 0.25 * place
        yield 1.60 + late, f"{verb} <;> simp_all{sight.simp}", 3
        yield 1.70 + late, f"{verb} <;> grind{sight.grind}"
        if sight.arithmetic:
            yield 1.9 + late, f"{verb} <;> simp_all{sight.simp} <;> omega"


def _for_sibling(sight: Sight, kind: str, sibling: str) -> str:
    """The target with the functions on a type replaced by those on another one that they call and
    are called by."""
    claim = sight.view.goal.target
    for function in sight.functions:
        for other in sight.functions:
            name, partner = function.signature, other.signature
            together = partner.name in function.own and name.name in other.own
            if together and _takes(name, kind) and _takes(partner, sibling):
                pattern = rf"(?<![\w.']){re.escape(name.shown)}(?![\w'])"
                claim = re.sub(pattern, partner.shown, claim)
    return claim


def _takes(function: Signature, kind: str) -> bool:
    return any(head_of(function.binders[place].type) == kind for place in function.explicit)


def ranked_variables(sight: Sight) -> list[str]:
    """Variables that occur in the target, best for induction first: by how many calls recur on
    them."""
    target = sight.view.goal.target
    here = words(target)
    score: dict[str, int] = {}
    for function in sight.functions:
        for call in calls_of(function, target):
            for place in function.descends:
                argument = call.get(place)
                if argument in sight.variables:
                    score[argument] = score.get(argument, 0) + 1
    names = [n for n in sight.variables if n in here]
    return sorted(names, key=lambda n: -score.get(n, 0))


def others_than(sight: Sight, name: str) -> list[str]:
    """What is worth generalising in an induction: the other variables of the target that are data,
    those of types of the user's first, then those of any type that is itself a variable."""
    here = words(sight.view.goal.target)
    data = dict.fromkeys([*sight.variables, *sight.view.of_arbitrary_type])
    return [n for n in data if n != name and n in here]


def generalised(sight: Sight, name: str) -> list[tuple[str, ...]]:
    """What an induction may leave general, the likeliest first: where recursive calls change what
    stands beside the variable that they descend on (an accumulator), the hypothesis must hold for
    all that may stand there."""
    changing: set[str] = set()
    for function in sight.functions:
        moves = _moves(function)
        for call in calls_of(function, sight.view.text):
            for place in function.descends:
                if call.get(place) == name:
                    changing |= {n for i in moves for n in words(call.get(i, ""))}
    data = [h.name for h in sight.view.goal.hypotheses if not h.is_prop and h.value is None]
    moved = tuple(n for n in data if n in changing and n != name and usable(n))
    every = tuple(dict.fromkeys([*others_than(sight, name), *moved]))
    return list(dict.fromkeys([moved, every, ()] if moved else [(), every]))


def _moves(function: Function) -> set[int]:
    """The arguments that are different in some recursive call."""
    calls = [call for equation in function.equations for call in equation.calls]
    return {place for call in calls for place, same in enumerate(call) if not same}


def induct(name: str, general: Sequence[str]) -> str:
    return f"induction {name}" + (f" generalizing {' '.join(general)}" if general else "")


def _arms(sight: Sight, name: str, verb: str) -> str:
    """`induction name with` an arm for each constructor, all left open, with names for what they
    bring; or `cases name with`."""
    lines = [f"{verb} with"]
    view = sight.view
    for short, arguments in _constructors(sight, sight.variables[name]):
        bases = [base for base, _ in arguments]
        if verb.startswith("induction"):
            bases += ["ih" for _, recursive in arguments if recursive]
        names = view.fresh(*bases)
        lines.append(f"| {' '.join([short, *names])} => ?_")
    return "\n".join(lines)


def _constructors(sight: Sight, kind: str) -> list[tuple[str, list[tuple[str, bool]]]]:
    """The constructors of a type: short names, and names of the arguments with whether each is
    recursive."""
    info = sight.view.context.types.get(kind)
    if info is None:
        return {
            "Nat": [("zero", []), ("succ", [("n", True)])],
            "List": [("nil", []), ("cons", [("x", False), ("xs", True)])],
        }[kind]
    found = []
    for constructor in info.constructors:
        arguments = []
        for binder in constructor.binders[info.parameters :]:
            recursive = head_of(binder.type) == kind
            arguments.append((binder.name if usable(binder.name) else "x", recursive))
        found.append((constructor.name.rsplit(".", 1)[-1], arguments))
    return found


def along_functions(sight: Sight) -> Iterator[Idea]:
    """Induction and case analysis along a function: `fun_induction`, `fun_cases`."""
    for place, along in enumerate(islice(calls(sight), 3)):
        late = 0.3 * place
        yield 1.65 + late, f"{along} <;> simp_all{sight.simp}", 3
        yield 1.72 + late, f"{along} <;> grind{sight.grind}"
        if sight.lemmas:
            yield 1.68 + late, f"{along} <;> simp_all{sight.simp_more}", 3
            yield 1.74 + late, f"{along} <;> grind{sight.grind_more}"
        yield 3.0 + late, along


def calls(sight: Sight) -> Iterator[str]:
    """Induction, or cases, along each call in the target of a function on variables."""
    for function in sight.functions:
        if not function.matched:
            continue
        for call in calls_of(function, sight.view.goal.target):
            explicit = [call.get(i) for i in function.signature.explicit]
            plain = [a for a in explicit if a is not None and a in sight.view.variables]
            if len(plain) == len(explicit):
                verb = "fun_induction" if function.recursive else "fun_cases"
                yield f"{verb} {function.signature.shown} {' '.join(plain)}"


def from_contradictory_facts(sight: Sight) -> Iterator[Idea]:
    """Induction on a variable of hypotheses that no values can fulfil, with nothing else around."""
    shown = {f.signature.shown for f in sight.functions}
    told = {}
    for name, fact in list(sight.view.facts.items())[-5:]:
        here = words(fact.text)
        variables = [n for n in sight.variables if n in here]
        if here & shown and 0 < len(variables) < 3:
            told[name] = variables
    alone = [(name,) for name in told]
    pairs = [
        (one, other)
        for one, other in combinations(told, 2)
        if set(told[one]) <= set(told[other]) or set(told[other]) <= set(told[one])
    ]
    for place, names in enumerate([*alone[::-1], *pairs[::-1]][:5]):
        variables = max((told[name] for name in names), key=len)
        others = _beside_these(sight, names)
        clear = f"clear {' '.join(others)}\n" if others else ""
        start = f"exfalso\n{clear}induction {variables[0]}"
        for other in variables[1:]:
            start += f" generalizing {other} <;> cases {other}"
        yield 2.2 + 0.15 * place, f"{start} <;> simp_all{sight.simp}", 0


def _beside_these(sight: Sight, names: Sequence[str]) -> list[str]:
    """The facts and variables that some facts do not speak of."""
    kept = set(names)
    hypotheses = sight.view.goal.hypotheses
    while more := {n for h in hypotheses if h.name in kept for n in words(h.type)} - kept:
        kept |= more
    return [h.name for h in hypotheses if h.name not in kept and usable(h.name)]
