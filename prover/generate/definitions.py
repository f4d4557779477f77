"""Shapes that know what the user's own functions, types and theorems are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from prover.generate.shapes import Idea, View, usable, words
from search.context import Function, Premise

MOST_FUNCTIONS = 24
"""How many functions are unfolded together. A goal over more of them is not for one tactic."""

MOST_PREMISES = 6
INDUCTIONS = 4
"""How many variables of a goal induction is tried on, with all that follows it."""

LIBRARY_TYPES = {"Nat": ("zero", "succ"), "List": ("nil", "cons")}


@dataclass(frozen=True)
class _Sight:
    """What of the context a goal is about."""

    view: View

    @cached_property
    def functions(self) -> list[Function]:
        """The functions of the goal, then those that they are made of."""
        context = self.view.context
        mentioned = words("\n".join(fact.text for fact in self.view.facts.values()))
        names = [*self.view.goal.own]
        names += [n for n, f in context.functions.items() if f.signature.shown in mentioned]
        found = context.functions_of(names)
        return [f for f in found if not f.opaque][:MOST_FUNCTIONS]

    @cached_property
    def rules(self) -> list[str]:
        """What simplification may unfold."""
        return [f.signature.shown for f in self.functions]

    @cached_property
    def premises(self) -> list[Premise]:
        """Theorems that speak of what the goal speaks of, the likeliest first."""
        own = set(self.view.goal.own) | {f.signature.name for f in self.functions}
        near = {f for f in self.view.goal.own if f in self.view.context.functions}

        def rank(item: tuple[int, Premise]) -> tuple[int, int]:
            place, premise = item
            functions = premise.own & self.view.context.functions.keys()
            return len(functions - near) - len(functions & near), -place

        fit = [
            (place, p)
            for place, p in enumerate(self.view.context.premises)
            if not p.open and p.own <= own and p.own & own
        ]
        return [p for _, p in sorted(fit, key=rank)][:MOST_PREMISES]

    @cached_property
    def lemmas(self) -> list[str]:
        return [p.signature.shown for p in self.premises]

    @cached_property
    def variables(self) -> dict[str, str]:
        """Variables by the full names of the types that induction can run on."""
        types = self.view.context.types
        found = {}
        for h in self.view.goal.hypotheses:
            data = usable(h.name) and not h.is_prop and h.value is None
            if data and h.head is not None and (h.head in types or h.head in LIBRARY_TYPES):
                found[h.name] = h.head
        return found


def definitions(view: View) -> Iterator[Idea]:
    """All ideas that need the context of a goal; none for a goal that has none."""
    sight = _Sight(view)
    if not (view.goal.own or sight.rules or sight.premises):
        return
    yield from _closers(sight)
    yield from _premises(sight)
    yield from _inductions(sight)
    yield from _along_functions(sight)


def _closers(sight: _Sight) -> Iterator[Idea]:
    rules = sight.rules
    facts = list(sight.view.facts)
    if rules:
        text = ", ".join(rules)
        yield 0.91, f"simp [{', '.join([*rules, *facts])}]"
        yield 0.92, f"simp_all [{text}]"
        yield 1.3, f"grind [{text}]"
        yield 1.4, f"simp [{text}]; omega"
        yield 1.45, f"simp_all [{text}]; omega"
        for name in rules[:3]:
            yield 3.0, f"unfold {name}"
        yield 2.9, f"simp only [{text}]"
        yield 1.9, f"unfold {rules[0]}; split <;> simp_all [{text}]"
        yield 2.0, f"unfold {rules[0]}; split <;> grind [{text}]"
    if sight.lemmas:
        text = ", ".join([*rules, *sight.lemmas])
        yield 1.35, f"simp [{text}]"
        yield 1.36, f"simp_all [{text}]"
        yield 1.38, f"grind [{text}]"
        yield 1.5, f"simp_all [{text}]; omega"
    if rules:
        text = ", ".join(rules)
        yield 2.3, f"split <;> simp_all [{text}]"
        yield 2.4, f"split <;> grind [{text}]"


def _premises(sight: _Sight) -> Iterator[Idea]:
    for place, premise in enumerate(sight.premises):
        name = premise.signature.shown
        late = 0.1 * place
        yield 1.0 + late, f"exact {name} .."
        yield 2.4 + late, f"apply {name}"
        if premise.head in ("Eq", "Iff"):
            yield 2.2 + late, f"rw [{name}]"
            yield 2.6 + late, f"rw [← {name}]"
            yield 2.7 + late, f"simp [{name}]"


def _inductions(sight: _Sight) -> Iterator[Idea]:
    """Induction and cases on variables, those first that a function of the target recurs on."""
    chosen = _ranked_variables(sight)
    rules = ", ".join(sight.rules)
    lemmas = ", ".join([*sight.rules, *sight.lemmas])
    for place, name in enumerate(chosen[:INDUCTIONS]):
        late = 0.25 * place
        kind = sight.variables[name]
        info = sight.view.context.types.get(kind)
        recursive = info.recursive if info is not None else True
        others = _others(sight, name)
        generalities = [""]
        if others:
            generalities.append(f" generalizing {' '.join(others)}")
        for step, general in enumerate(generalities):
            more = late + 0.12 * step
            verb = f"induction {name}{general}"
            if not recursive:
                verb = f"cases {name}"
            yield 1.60 + more, f"{verb} <;> simp_all [{rules}]"
            yield 1.70 + more, f"{verb} <;> grind [{rules}]"
            yield 1.9 + more, f"{verb} <;> simp_all [{rules}] <;> omega"
            yield 2.0 + more, f"{verb} <;> simp_all [{rules}] <;> grind"
            if sight.lemmas:
                yield 1.75 + more, f"{verb} <;> simp_all [{lemmas}]"
                yield 1.77 + more, f"{verb} <;> grind [{lemmas}]"
            if not recursive:
                break
            yield 2.2 + more, _arms(sight, name, general)
        yield 2.1 + late, f"cases {name} <;> simp_all [{rules}]"
        yield 2.15 + late, f"cases {name} <;> grind [{rules}]"
        yield 3.2 + late, _arms(sight, name, "", verb="cases")


def _ranked_variables(sight: _Sight) -> list[str]:
    """Variables that occur in the target, best for induction first: by how many calls recur on
    them."""
    target = sight.view.goal.target
    here = words(target)
    score: dict[str, int] = {}
    for function in sight.functions:
        for call in _calls(function, target):
            for place in function.descends:
                argument = call.get(place)
                if argument in sight.variables:
                    score[argument] = score.get(argument, 0) + 1
    names = [n for n in sight.variables if n in here]
    return sorted(names, key=lambda n: -score.get(n, 0))


def _others(sight: _Sight, name: str) -> list[str]:
    """What is worth generalising in an induction: the other variables of the target that are data."""
    here = words(sight.view.goal.target)
    return [n for n in sight.variables if n != name and n in here]


def _arms(sight: _Sight, name: str, general: str, verb: str = "induction") -> str:
    """`induction name with` an arm for each constructor, all left open, with names for what they
    bring."""
    lines = [f"{verb} {name}{general} with"]
    view = sight.view
    for short, arguments in _constructors(sight, sight.variables[name]):
        bases = [base for base, _ in arguments]
        if verb == "induction":
            bases += ["ih" for _, recursive in arguments if recursive]
        names = view.fresh(*bases)
        lines.append(f"| {' '.join([short, *names])} => skip")
    return "\n".join(lines)


def _constructors(sight: _Sight, kind: str) -> list[tuple[str, list[tuple[str, bool]]]]:
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
            recursive = binder.type == kind or (
                isinstance(binder.type, tuple) and binder.type[0] == kind
            )
            arguments.append((binder.name if usable(binder.name) else "x", recursive))
        found.append((constructor.name.rsplit(".", 1)[-1], arguments))
    return found


def _along_functions(sight: _Sight) -> Iterator[Idea]:
    """Induction and case analysis along a function: `fun_induction`, `fun_cases`."""
    rules = ", ".join(sight.rules)
    lemmas = ", ".join([*sight.rules, *sight.lemmas])
    target = sight.view.goal.target
    place = 0
    for function in sight.functions:
        if not function.matched:
            continue
        name = function.signature.shown
        for call in _calls(function, target):
            explicit = [call.get(i) for i in function.signature.explicit]
            plain = [a for a in explicit if a is not None and a in sight.view.variables]
            if len(plain) != len(explicit):
                continue
            verb = "fun_induction" if function.recursive else "fun_cases"
            applied = f"{name} {' '.join(plain)}"
            late = 0.3 * place
            place += 1
            yield 1.65 + late, f"{verb} {applied} <;> simp_all [{rules}]"
            yield 1.72 + late, f"{verb} {applied} <;> grind [{rules}]"
            if sight.lemmas:
                yield 1.8 + late, f"{verb} {applied} <;> simp_all [{lemmas}]"
            yield 2.5 + late, f"{verb} {applied}"
            if place == 3:
                return


def _calls(function: Function, text: str) -> list[dict[int, str]]:
    """The applications of a function in a text, as far as they can be read: by place, the arguments
    that are single names."""
    explicit = function.signature.explicit
    name = re.escape(function.signature.shown)
    found: list[dict[int, str]] = []
    for match in re.finditer(rf"(?<![\w.'!?]){name}(?![\w.'!?])", text):
        arguments = _arguments(text[match.end() :], len(explicit))
        call = dict(zip(explicit, arguments, strict=False))
        if call not in found:
            found.append(call)
    # `x.f y`: the name before the dot is the first explicit argument of its type
    short = function.signature.shown.rsplit(".", 1)[-1]
    for match in re.finditer(
        rf"(?<![\w.'!?])([^\W\d][\w'!?₀-₉]*)\.{re.escape(short)}(?![\w.'!?])", text
    ):
        rest = _arguments(text[match.end() :], len(explicit) - 1)
        call = dict(zip(explicit, [match[1], *rest], strict=False))
        if call not in found:
            found.append(call)
    return found


def _arguments(text: str, most: int) -> list[str]:
    """The first arguments of an application, as they are written."""
    found: list[str] = []
    at = 0
    while len(found) < most:
        match = re.compile(r"\s*").match(text, at)
        assert match is not None
        at = match.end()
        if at == len(text):
            break
        if text[at] in "([{⟨":
            depth, end = 0, at
            while end < len(text):
                depth += (text[end] in "([{⟨") - (text[end] in ")]}⟩")
                end += 1
                if depth == 0:
                    break
        else:
            word = re.compile(r"[\w.'!?₀-₉✝]+").match(text, at)
            if word is None:
                break
            end = word.end()
        found.append(text[at:end])
        at = end
    return found
