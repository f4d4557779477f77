"""Shapes for induction on data: on variables, over mutual types, along functions, on what contradicts itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, islice

from prover.generate.shapes import Idea, usable, words
from prover.generate.sight import Sight, arguments_in, calls_of, constants_of, head_of, using
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
                if step == 0 and sight.closing:
                    yield 1.61 + more, f"{verb} <;> simp_all{using(sight.closing)}", 2
                    yield 1.63 + more, f"{verb} <;> grind{using(sight.closing)}"
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
    """Induction on a type of a mutual block, or on one that others are nested in, such as lists of
    it. Of the other types the same is claimed, with functions that recur together with those of the
    target in their places."""
    types = sight.view.context.types
    for place, name in enumerate(ranked_variables(sight)):
        kind = sight.variables[name]
        inner = [n for n in types if kind in _nested(sight, n)]
        info = types.get(inner[0] if kind not in types and len(inner) == 1 else kind)
        if info is None or not set(info.block) <= types.keys():
            continue
        made = info.signature.name
        siblings = list(info.block) if len(info.block) > 1 else [made, *_nested(sight, made)]
        if len(siblings) < 2:
            continue
        principle = f"{info.signature.shown}.rec{'_1' * (kind != made)}"
        (other,) = sight.view.fresh("x")
        claims = [_for_sibling(sight, name, other, sibling) for sibling in siblings]
        for step, names in enumerate(generalised(sight, name)[:2]):
            general = f"∀ {' '.join(names)}, " if names else ""
            motives = "".join(
                f" (motive_{number} := fun {other} => {general}{claim})"
                for number, (sibling, claim) in enumerate(zip(siblings, claims, strict=True), 1)
                if sibling != kind
            )
            left = f" generalizing {' '.join(names)}" if names else ""
            verb = f"induction {name} using {principle}{motives}{left}"
            late = 0.25 * place + 0.12 * step
            yield 1.60 + late, f"{verb} <;> simp_all{sight.simp}", 3
            yield 1.70 + late, f"{verb} <;> grind{sight.grind}"
            if sight.arithmetic or sight.view.target.head in ("=", "<", "≤"):
                yield 1.9 + late, f"{verb} <;> simp_all{sight.simp} <;> omega"
            if sight.lemmas:
                yield 1.65 + late, f"{verb} <;> simp_all{sight.simp_more}", 3
                yield 1.74 + late, f"{verb} <;> grind{sight.grind_more}"


def partners(sight: Sight) -> Iterator[tuple[Function, Function]]:
    """Functions that call each other."""
    for one in sight.functions:
        for other in sight.functions:
            mutual = other.signature.name in one.own and one.signature.name in other.own
            if mutual and one is not other:
                yield one, other


def _nested(sight: Sight, kind: str) -> list[str]:
    """What a type is nested in, as `List` for trees with lists of trees, if a function on it recurs
    together with one on that; more than one such type has no known order."""
    found = {
        head_of(type_)
        for one, other in partners(sight)
        if kind in _taken_apart(one)
        for place in other.matched
        if head_of(type_ := other.signature.binders[place].type) != kind
        and kind in constants_of(type_)
    }
    return list(found) if len(found) == 1 else []


def _taken_apart(function: Function) -> list[str]:
    """The heads of the types of what a function takes apart."""
    return [head_of(function.signature.binders[place].type) for place in function.matched]


def _for_sibling(sight: Sight, name: str, other: str, sibling: str) -> str:
    """The target said of a value of another type, with the functions on the type of a variable
    replaced by those on the other one that they call and are called by."""
    kind = sight.variables[name]
    pairs = [
        (one, partner)
        for one, partner in partners(sight)
        if kind in _taken_apart(one) and sibling in _taken_apart(partner)
    ]
    claim, before = sight.view.goal.target, ""
    while claim != before:
        before = claim
        for one, _ in pairs:
            claim = _without_dot(sight, one.signature, claim)
    for one, partner in pairs:
        explicit = one.signature.explicit
        places = [i for i, place in enumerate(explicit) if place in one.matched]
        head = rf"(?<![\w.']){re.escape(one.signature.shown)}(?![\w.'])"

        def renamed(
            match: re.Match[str], partner: Function = partner, places: list[int] = places
        ) -> str:
            arguments = arguments_in(match.string[match.end() :], len(partner.signature.explicit))
            about = any(i < len(arguments) and name in words(arguments[i]) for i in places)
            return partner.signature.shown if about else match[0]

        claim = re.sub(head, renamed, claim)
    return replaced(claim, {name: other})


def replaced(text: str, names: Mapping[str, str]) -> str:
    """A text with other names in the place of some, all at once."""
    if not names:
        return text
    some = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.sub(rf"(?<![\w.'])(?:{some})(?![\w'])", lambda match: names[match[0]], text)


def _without_dot(sight: Sight, function: Signature, text: str) -> str:
    """The first call of a function in dot notation (`t.f a`, `(g t).f a`) as `(f t a)`."""
    kind, _, short = function.name.rpartition(".")
    explicit = function.explicit
    own = [i for i, p in enumerate(explicit) if head_of(function.binders[p].type) == kind]
    heads = {f.signature.shown for f in sight.functions if head_of(f.signature.result) == kind}
    for dot in re.finditer(rf"\.{re.escape(short)}(?![\w'])", text) if own else ():
        begin = dot.start()
        if text[:begin].endswith(")"):
            depth = 0
            for begin in range(dot.start() - 1, -1, -1):
                depth += (text[begin] == ")") - (text[begin] == "(")
                if depth == 0:
                    break
            fits = text[begin + 1 : dot.start() - 1].split(" ")[0] in heads
        else:
            while begin > 0 and re.match(r"[\w'!?₀-₉]", text[begin - 1]):
                begin -= 1
            fits = sight.variables.get(text[begin : dot.start()]) == kind
        rest = text[dot.end() :]
        arguments = arguments_in(rest, len(explicit) - 1)
        if fits and own[0] <= len(arguments):
            end = dot.end()
            for argument in arguments:
                end = text.index(argument, end) + len(argument)
            arguments.insert(own[0], text[begin : dot.start()])
            return f"{text[:begin]}({function.shown} {' '.join(arguments)}){text[end:]}"
    return text


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
    """Induction, or cases, along each call of a function on variables in the target, or else in the
    hypotheses."""
    facts = "\n".join(fact.text for fact in sight.view.facts.values())
    yield from list(_calls_in(sight, sight.view.goal.target)) or _calls_in(sight, facts)


def _calls_in(sight: Sight, text: str) -> Iterator[str]:
    for function in sight.functions:
        if not function.matched:
            continue
        for call in calls_of(function, text):
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
