"""Shapes that know what the user's own functions, types and theorems are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from prover.generate.shapes import INT, NAT, Idea, Shape, View, usable, words
from search.context import Function, InductiveType, Premise, Tree

MOST_FUNCTIONS = 24
"""How many functions are unfolded together. A goal over more of them is not for one tactic."""

MOST_PREMISES = 6
INDUCTIONS = 4
"""How many variables of a goal induction is tried on, with all that follows it."""

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

LIBRARY_TYPES = {"Nat": ("zero", "succ"), "List": ("nil", "cons")}


@dataclass(frozen=True)
class _Sight:
    """What of the context a goal is about."""

    view: View

    @cached_property
    def functions(self) -> list[Function]:
        """The functions of the goal, then those that they are made of."""
        goal = self.view.goal
        found = self.view.context.functions_of([*goal.own, *goal.around])
        return [f for f in found if not f.opaque][:MOST_FUNCTIONS]

    @cached_property
    def rules(self) -> list[str]:
        """What simplification may unfold."""
        return [f.signature.shown for f in self.functions]

    @cached_property
    def premises(self) -> list[Premise]:
        """Theorems that speak of what the goal speaks of, the likeliest first."""
        own = set(self.view.goal.around) | {f.signature.name for f in self.functions}
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
    def told(self) -> list[tuple[str, InductiveType]]:
        """The hypotheses whose type is one of the user's, with it."""
        types = self.view.context.types
        return [
            (h.name, types[h.head])
            for h in self.view.goal.hypotheses
            if usable(h.name) and h.head is not None and h.head in types
        ]

    @cached_property
    def instances(self) -> list[str]:
        """The user's instances that the goal uses."""
        there = self.view.context.instances
        return [there[name].shown for name in self.view.goal.around if name in there]

    @cached_property
    def below_induction(self) -> bool:
        """Whether a hypothesis is one of an induction."""
        return any("ih" in name for name in self.view.facts)

    @cached_property
    def arithmetic(self) -> bool:
        kinds = set(self.view.variables.values())
        return bool(kinds & {NAT, INT}) or bool(self.view.numerals)

    @cached_property
    def scrutinised(self) -> list[str]:
        """The applications that a function of the target takes apart."""
        found: dict[str, None] = {}
        for function in self.functions:
            for call in _calls(function, self.view.goal.target):
                for place, argument in call.items():
                    if place in function.matched and argument.startswith("("):
                        found[argument[1:-1]] = None
        return [term for term in found if _is_applied(self, term)]

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


def _using(rules: Sequence[str]) -> str:
    """What follows `simp_all` or `grind` to have it use some definitions and theorems."""
    return f" [{', '.join(rules)}]" if rules else ""


def definitions(view: View) -> Iterator[Idea]:
    """All ideas that need the context of a goal; none for a goal that has none."""
    sight = _Sight(view)
    if not (view.goal.around or sight.rules or sight.premises):
        return
    yield 6.5, "try?", 0
    yield from _closers(sight)
    yield from _premises(sight)
    yield from _inductions(sight)
    yield from _along_functions(sight)
    yield from _subterms(sight)
    yield from _from_contradictory_facts(sight)
    yield from _at_facts(sight)
    yield from _predicates(sight)
    yield from _structures(sight)


def _closers(sight: _Sight) -> Iterator[Idea]:
    rules = _using(sight.rules)
    facts = list(sight.view.facts)
    if rules:
        yield 0.91, f"simp_all{rules}"
        yield 0.95, f"simp{_using([*sight.rules, *facts])}", 0
        yield 1.3, f"grind{rules}"
        yield 1.4, f"simp{rules}; omega"
        yield 1.45, f"simp_all{rules}; omega"
        yield 3.4, f"simp{rules}"
        yield 2.3, f"split <;> simp_all{rules}"
        yield 2.4, f"split <;> grind{rules}"
        for function in sight.functions[:3]:
            if not function.matched:  # its equation is the whole body
                name = function.signature.shown
                yield 2.8, f"unfold {name}"
                yield 1.9, f"unfold {name}; split <;> simp_all{rules}", 2
                yield 2.0, f"unfold {name}; split <;> grind{rules}"
    if sight.lemmas:
        text = _using([*sight.rules, *sight.lemmas])
        yield 1.35, f"simp{text}", 0
        yield 1.36, f"simp_all{text}"
        yield 1.38, f"grind{text}"
        yield 1.5, f"simp_all{text}; omega"


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
    """Induction and cases on variables, those first that a function of the target recurs on. Below
    an induction, another one on a variable is rarely the way."""
    chosen = _ranked_variables(sight)
    rules = _using(sight.rules)
    lemmas = _using([*sight.rules, *sight.lemmas])
    below = 1.2 if sight.below_induction else 0.0
    for place, name in enumerate(chosen[:INDUCTIONS]):
        late = 0.25 * place + below
        kind = sight.variables[name]
        info = sight.view.context.types.get(kind)
        recursive = info.recursive if info is not None else True
        others = _others(sight, name)
        for step, names in enumerate(_generalised(sight, name, others)):
            general = f" generalizing {' '.join(names)}" if names else ""
            more = late + 0.12 * step
            verb = f"induction {name}{general}" if recursive else f"cases {name}"
            yield 1.60 + more, f"{verb} <;> simp_all{rules}", 3
            yield 1.70 + more, f"{verb} <;> grind{rules}"
            if sight.arithmetic:
                yield 1.9 + more, f"{verb} <;> simp_all{rules} <;> omega"
            if sight.lemmas:
                yield 1.65 + more, f"{verb} <;> simp_all{lemmas}", 3
                if sight.arithmetic:
                    yield 1.66 + more, f"{verb} <;> simp_all{lemmas} <;> omega"
                yield 1.67 + more, f"{verb} <;> grind{lemmas}"
            if not recursive:
                break
            split = "".join(f" <;> cases {other}" for other in others[:2])
            if general:
                yield 1.95 + more, f"{verb}{split} <;> simp_all{rules}", 2
                yield 1.98 + more, f"{verb}{split} <;> grind{rules}"
            yield 2.8 + more, _arms(sight, name, general)
        yield 2.1 + 0.25 * place, f"cases {name} <;> simp_all{rules}", 2
        yield 2.15 + 0.25 * place, f"cases {name} <;> grind{rules}"
        yield 2.9 + 0.25 * place, _arms(sight, name, "", verb="cases")


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


def _generalised(sight: _Sight, name: str, others: Sequence[str]) -> list[tuple[str, ...]]:
    """What an induction may leave general, the likeliest first: where recursive calls change what
    stands beside the variable that they descend on (an accumulator), the hypothesis must hold for
    all that may stand there."""
    changing: set[str] = set()
    for function in sight.functions:
        moves = _moves(function)
        for call in _calls(function, sight.view.goal.target):
            for place in function.descends:
                if call.get(place) == name:
                    changing |= {n for i in moves for n in words(call.get(i, ""))}
    data = [h.name for h in sight.view.goal.hypotheses if not h.is_prop and h.value is None]
    moved = tuple(n for n in data if n in changing and n != name and usable(n))
    every = tuple(dict.fromkeys([*others, *moved]))
    return list(dict.fromkeys([moved, every, ()] if moved else [(), every]))


def _moves(function: Function) -> set[int]:
    """The arguments that are different in some recursive call."""
    calls = [call for equation in function.equations for call in equation.calls]
    return {place for call in calls for place, same in enumerate(call) if not same}


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
            recursive = _head(binder.type) == kind
            arguments.append((binder.name if usable(binder.name) else "x", recursive))
        found.append((constructor.name.rsplit(".", 1)[-1], arguments))
    return found


def _along_functions(sight: _Sight) -> Iterator[Idea]:
    """Induction and case analysis along a function: `fun_induction`, `fun_cases`."""
    rules = _using(sight.rules)
    lemmas = _using([*sight.rules, *sight.lemmas])
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
            yield 1.65 + late, f"{verb} {applied} <;> simp_all{rules}", 3
            yield 1.72 + late, f"{verb} {applied} <;> grind{rules}"
            if sight.lemmas:
                yield 1.68 + late, f"{verb} {applied} <;> simp_all{lemmas}", 3
                yield 1.74 + late, f"{verb} {applied} <;> grind{lemmas}"
            yield 3.0 + late, f"{verb} {applied}"
            if place == 3:
                return


def _subterms(sight: _Sight) -> Iterator[Idea]:
    """Cases on what a function takes apart; and a term in the place of a variable: what is then to be
    proved holds of anything, and induction can run on it (Boyer and Moore 1979)."""
    rules = _using(sight.rules)
    target = sight.view.goal.target
    for place, term in enumerate(sight.scrutinised[:3]):
        (h,) = sight.view.fresh("h")
        yield 2.3 + 0.2 * place, f"cases {h} : {term} <;> simp_all{rules}", 2
        yield 2.6 + 0.2 * place, f"cases {h} : {term} <;> grind{rules}"
    groups = [t for t in _groups(sight.view.text) if _is_applied(sight, t)]
    often = {t: groups.count(t) for t in groups if f"({t})" in target}
    often = {t: n for t, n in often.items() if n > 1 or t in sight.scrutinised}
    terms = sorted(often, key=lambda t: (-often[t], len(t)))[:4]
    for place, term in enumerate(terms):
        (x,) = sight.view.fresh("t")
        late = 0.2 * place
        for extra, where in ((0.0, ""), (0.1, " at *")):
            put = f"generalize {term} = {x}{where}"
            if _grows(sight, term):
                yield 1.62 + late + extra, f"{put}\ninduction {x} <;> simp_all{rules}", 2
                yield 1.66 + late + extra, f"{put}\ninduction {x} <;> grind{rules}"
            yield 2.3 + late + extra, put
    for place, (one, other) in enumerate(combinations(terms[:3], 2)):
        if one in other or other in one:
            continue
        x, y = sight.view.fresh("s", "t")
        for more, where in ((0.0, ""), (0.05, " at *")):
            late = 0.2 * place + more
            put = f"generalize {one} = {x}{where}\ngeneralize {other} = {y}{where}"
            for extra, (first, second) in ((0.0, (x, y)), (0.1, (y, x))):
                if _grows(sight, one if first == x else other):
                    step = f"induction {first} generalizing {second} <;> cases {second}"
                    yield 1.64 + late + extra, f"{put}\n{step} <;> simp_all{rules}", 2
                    yield 1.68 + late + extra, f"{put}\n{step} <;> grind{rules}"
            yield 2.4 + late, put
    for place, (name, fact) in enumerate(_equations(sight)):
        late = 0.3 * place
        yield 2.4 + late, f"rw [{name}]"
        yield 2.5 + late, f"rw [← {name}]"
        inner = [t for t in _groups(fact.parts[0]) if _is_applied(sight, t)]
        for term in inner[:1]:
            (x,) = sight.view.fresh("t")
            back = f"rw [← {name}]\nclear {name}\ngeneralize {term} = {x}"
            if _grows(sight, term):
                yield 1.65 + late, f"{back}\ninduction {x} <;> simp_all{rules}", 2
                yield 1.69 + late, f"{back}\ninduction {x} <;> grind{rules}"
            yield 2.3 + late, back


def _head(tree: Tree) -> str:
    """The constant at the head of a type."""
    return str(tree[0] if isinstance(tree, tuple) else tree)


def _grows(sight: _Sight, term: str) -> bool:
    """Whether induction can run on the value of an applied function."""
    head = term.partition(" ")[0]
    short = head.rsplit(".", 1)[-1]
    for function in sight.functions:
        shown = function.signature.shown
        if head == shown or ("." in head and short == shown.rsplit(".", 1)[-1]):
            kind = _head(function.signature.result)
            if kind in LIBRARY_TYPES:
                return True
            info = sight.view.context.types.get(kind)
            return info is not None and info.recursive
    return False


def _equations(sight: _Sight) -> list[tuple[str, Shape]]:
    """Equations among the facts that speak of functions, the last (an induction hypothesis) first."""
    shown = {f.signature.shown for f in sight.functions}
    facts = [(n, f) for n, f in sight.view.facts.items() if f.head == "=" and words(f.text) & shown]
    return facts[::-1][:3]


def _from_contradictory_facts(sight: _Sight) -> Iterator[Idea]:
    """Induction on a variable of hypotheses that no values can fulfil, with nothing else around."""
    rules = _using(sight.rules)
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
        start = f"exfalso\nclear * - {' '.join(names)}\ninduction {variables[0]}"
        for other in variables[1:]:
            start += f" generalizing {other} <;> cases {other}"
        yield 2.2 + 0.15 * place, f"{start} <;> simp_all{rules}", 0


def _at_facts(sight: _Sight) -> Iterator[Idea]:
    """Unfolds in hypotheses, and splits what is then in them."""
    rules = _using(sight.rules)
    for place, (name, fact) in enumerate(list(sight.view.facts.items())[-4:]):
        late = 0.2 * place
        for function in sight.functions:
            shown = function.signature.shown
            if not function.matched and any(_calls(function, fact.text)):
                unfold = f"unfold {shown} at {name}"
                yield 2.0 + late, f"{unfold}; split at {name} <;> simp_all{rules}", 2
                yield 2.1 + late, f"{unfold}; split at {name} <;> grind{rules}"
                yield 2.6 + late, unfold
        if rules and any(_calls(function, fact.text) for function in sight.functions):
            yield 2.7 + late, f"simp{rules} at {name}"
        if "match " in fact.text or "if " in fact.text:
            yield 2.2 + late, f"split at {name} <;> simp_all{rules}", 2
            yield 2.5 + late, f"split at {name}"


def _predicates(sight: _Sight) -> Iterator[Idea]:
    """Inductive predicates of the user's: their constructors as steps, and induction and cases on
    hypotheses that are one."""
    types = sight.view.context.types
    kinds = {name: info for name, info in sight.told if info.prop}
    here = [types[name] for name in sight.view.goal.own if name in types and types[name].prop]
    near = [info for info in [*here, *kinds.values()] if info.constructors]
    constructors = list(dict.fromkeys(c.shown for info in near for c in info.constructors))[:8]
    known = _using([*constructors, *sight.rules, *sight.lemmas])
    for place, name in enumerate(c.shown for info in here for c in info.constructors[:8]):
        yield 1.1 + 0.05 * place, f"exact {name} ..", 0
        yield 2.0 + 0.1 * place, f"apply {name}"
    if constructors:
        yield 1.5, f"grind{known}"
        yield 1.55, f"simp_all{known}", 0
    below = 1.0 if sight.below_induction else 0.0
    for place, (name, info) in enumerate(list(kinds.items())[:4]):
        late = 0.25 * place
        yield 1.3 + late, f"cases {name} <;> simp_all{known}", 2
        yield 1.5 + late, f"cases {name} <;> grind{known}"
        yield 2.6 + late, f"cases {name}"
        others = [n for n in kinds if n != name]
        data = [n for n in sight.variables if n in words(sight.view.goal.target)]
        if not info.recursive:
            continue
        late += below
        yield 1.6 + late, f"induction {name} <;> simp_all{known}", 3
        yield 1.65 + late, f"induction {name} <;> grind{known}"
        for general in ([*others], [*data, *others]):
            if general:
                verb = f"induction {name} generalizing {' '.join(general)}"
                yield 2.3 + late, f"{verb} <;> grind{known}"
        yield 2.5 + late, f"induction {name}"


def _structures(sight: _Sight) -> Iterator[Idea]:
    """Structures field by field, with the propositions among their fields as facts."""
    view, types = sight.view, sight.view.context.types
    rules = _using([*sight.rules, *sight.instances])
    shapes = [types[name] for name in view.goal.own if name in types and types[name].structure]
    if view.target.head == "=":
        for info in shapes[:2]:
            (make,) = info.constructors
            blanks = " ".join("_" for b in make.binders[info.parameters :] if b.kind == "explicit")
            both = f"{make.shown} {blanks}"
            change = f"change {both} = {both}"
            yield 1.6, f"{change}\ncongr 1 <;> omega"
            yield 1.7, f"{change}\ncongr 1 <;> simp_all{rules}", 0
            yield 1.75, f"{change}\ncongr 1 <;> grind{rules}"
    taken = [name for name, info in sight.told if info.structure and not info.prop][:3]
    if taken:
        apart = " <;> ".join(f"cases {name}" for name in taken)
        yield 1.62, f"{apart} <;> simp_all{rules}", 2
        yield 1.72, f"{apart} <;> grind{rules}"
        yield 1.74, f"{apart} <;> simp_all{rules} <;> omega"
    operations = [
        method
        for name in view.goal.around
        if (instance := view.context.instances.get(name)) is not None
        for method in OPERATIONS.get(_head(instance.result), ())
    ]
    if operations:
        fields = [f"{c.shown}.injEq" for info in shapes for c in info.constructors]
        opened = ", ".join(dict.fromkeys([*operations, *fields]))
        yield 1.78, f"simp only [{opened}]; grind{rules}"
        yield 2.6, f"simp only [{opened}]"
    if sight.instances:
        used = _using(sight.instances)
        yield 1.8, f"simp{used}"
        yield 2.2, f"unfold {' '.join(sight.instances)}"


def _is_applied(sight: _Sight, term: str) -> bool:
    """Whether a term is a function of the user's applied to something, and no more."""
    shown = {f.signature.shown for f in sight.functions}
    if set("=∧∨→↔∀∃∣<>≤≥⟨|&") & set(term) or words(term) & {"match", "fun", "if", "let"}:
        return False
    head, _, rest = term.partition(" ")
    short = {name.rsplit(".", 1)[-1] for name in shown}
    if head in shown and rest:
        return True
    return "." in head and head.rsplit(".", 1)[-1] in short


def _groups(text: str) -> list[str]:
    """What stands in round brackets, from the inside out, each as often as it does."""
    found, begun = [], []
    for place, mark in enumerate(text):
        if mark == "(":
            begun.append(place)
        elif mark == ")" and begun:
            found.append(text[begun.pop() + 1 : place])
    return found


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
