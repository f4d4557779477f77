"""Shapes that know what the user's own functions, types and theorems are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, islice, product

from prover.generate.shapes import INT, NAT, Idea, Shape, View, parenthesised, shape, usable, words
from search.context import Function, InductiveType, Instance, Premise, Signature, Tree

MOST_FUNCTIONS = 24
"""How many functions are unfolded together. A goal over more of them is not for one tactic."""

MOST_PREMISES = 6
MOST_TOGETHER = 9
MOST_LAWS = 10
MOST_INSTANCES = 12
"""How many laws of structures are told to `grind`, and how many of their instances at terms."""

APPLICATIONS = 6
"""How many proofs by a constructor of the target's predicate are tried up to simplification."""

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

RELATIONS = {"LE", "LT", "HasSubset", "HasSSubset", "Membership", "Dvd", "HasEquiv", "Setoid"}
"""The classes whose notations are propositions."""

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
        return [f for f in found if _shows(f)][:MOST_FUNCTIONS]

    @cached_property
    def rules(self) -> list[str]:
        """What simplification may unfold."""
        return [f.signature.shown for f in self.functions]

    @cached_property
    def simp(self) -> str:
        """What follows `simp` to have it unfold."""
        return _using(self.rules)

    @cached_property
    def grind(self) -> str:
        """What follows `grind` to have it unfold."""
        return self.known_to_grind()

    @cached_property
    def simp_more(self) -> str:
        """What follows `simp` to have it unfold, and use theorems."""
        return _using([*self.rules, *self.lemmas])

    @cached_property
    def grind_more(self) -> str:
        """What follows `grind` to have it unfold, and use theorems."""
        return self.known_to_grind(theorems=True)

    @cached_property
    def outermost(self) -> list[str]:
        """Theorems, and what recurs in the target itself: enough where the theorems speak of all that
        this calls."""
        own = set(self.view.goal.own)
        recursive = [f for f in self.functions if f.matched or f.recursive]
        shown = [f.signature.shown for f in recursive if f.signature.name in own]
        return [*shown, *(p.signature.shown for p in self.premises if p.head)]

    def known_to_grind(self, *first: str, theorems: bool = False) -> str:
        """What follows `grind` to have it use some names and unfold. It refuses a whole list for an
        `abbrev` in it, or for a theorem that ends in a variable."""
        functions = [f.signature.shown for f in self.functions if not f.reducible]
        usable = [p.signature.shown for p in self.premises if p.head] if theorems else []
        return _using([*first, *functions, *usable])

    @cached_property
    def fitting(self) -> list[Premise]:
        """Theorems and laws that speak of what the goal speaks of, the likeliest first."""
        types = self.view.context.types
        data = types.keys() | {c.name for info in types.values() for c in info.constructors}
        own = set(self.view.goal.around) | {made.signature.name for made in self.meaning}
        todo = list(own & types.keys())
        for name in todo:
            info = types[name]
            own |= info.members
            if info.prop or info.structure:  # what a predicate asks for, what a class extends
                more = _mentioned(info) - own
                own |= more
                todo += more & types.keys()
        near = set(self.view.goal.own) - data

        def rank(item: tuple[int, Premise]) -> tuple[int, int]:
            place, premise = item
            functions = premise.own - data
            return len(functions - near) - len(functions & near), -place

        fit = [
            (place, p)
            for place, p in enumerate(self.view.context.premises)
            if not p.open and p.own <= own and p.own & own
        ]
        return [p for _, p in sorted(fit, key=rank)]

    @cached_property
    def premises(self) -> list[Premise]:
        return self.fitting[:MOST_TOGETHER]

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
        return [there[name].signature.shown for name in self.view.goal.around if name in there]

    @cached_property
    def meaning(self) -> list[Function | Instance]:
        """What is to be unfolded to see what the goal says, under its instances too."""
        goal = self.view.goal
        found = self.view.context.meaning_of([*goal.own, *goal.around])
        return [made for made in found if _shows(made)][:MOST_FUNCTIONS]

    @cached_property
    def predicates(self) -> list[str]:
        """The inductive predicates that the goal speaks of, also by what it is made of."""
        types = self.view.context.types
        goal = self.view.goal
        todo = [*goal.own, *goal.around, *(n for made in self.meaning for n in sorted(made.own))]
        found: dict[str, str] = {}
        for name in todo:
            info = types.get(name)
            if info is not None and info.prop and not info.type_class and name not in found:
                found[name] = info.signature.shown
                todo += sorted(_mentioned(info))
        return list(found.values())[:8]

    @cached_property
    def inverting(self) -> str:
        """What follows `grind` to have it build and take apart the predicates."""
        return self.known_to_grind(*self.predicates, theorems=True)

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


def _mentioned(info: InductiveType) -> set[str]:
    """What the constructors of a type speak of."""
    return {name for c in info.constructors for b in c.binders for name in _constants(b.type)}


def _shows(made: Function | Instance) -> bool:
    """Whether to unfold something shows anything. A type does not: what tactics do to a type they do
    to its definition. How something is decided or printed does not either."""
    if isinstance(made, Instance):
        return not _head(made.signature.result).startswith(("Decidable", "Repr", "Inhabited"))
    return not made.opaque and (made.signature.result != "Type" or bool(made.matched))


def _using(rules: Sequence[str]) -> str:
    """What follows `simp_all` or `grind` to have it use some definitions and theorems."""
    return f" [{', '.join(rules)}]" if rules else ""


def definitions(view: View) -> Iterator[Idea]:
    """All ideas that need the context of a goal, and those from laws, which may be hypotheses."""
    sight = _Sight(view)
    yield from _laws(sight)
    if not (view.goal.around or sight.rules or sight.premises):
        return
    yield 6.5, "try?", 0
    yield from _closers(sight)
    yield from _meaning(sight)
    yield from _premises(sight)
    yield from _inductions(sight)
    yield from _mutual_inductions(sight)
    yield from _along_functions(sight)
    yield from _subterms(sight)
    yield from _from_contradictory_facts(sight)
    yield from _at_facts(sight)
    yield from _predicates(sight)
    yield from _inversions(sight)
    yield from _strong_inductions(sight)
    yield from _structures(sight)


def _closers(sight: _Sight) -> Iterator[Idea]:
    facts = list(sight.view.facts)
    if sight.rules:
        yield 0.91, f"simp_all{sight.simp}"
        yield 0.95, f"simp{_using([*sight.rules, *facts])}", 0
        yield 1.3, f"grind{sight.grind}"
        yield 1.4, f"simp{sight.simp}; omega"
        yield 1.45, f"simp_all{sight.simp}; omega"
        yield 3.4, f"simp{sight.simp}"
        yield 2.3, f"split <;> simp_all{sight.simp}"
        yield 2.4, f"split <;> grind{sight.grind}"
        for function in sight.functions[:3]:
            if not function.matched:  # its equation is the whole body
                name = function.signature.shown
                yield 4.8 if _says(function) else 2.8, f"unfold {name}"
                yield 1.9, f"unfold {name}; split <;> simp_all{sight.simp}", 2
                yield 2.0, f"unfold {name}; split <;> grind{sight.grind}"
    if sight.lemmas:
        yield 1.35, f"simp{sight.simp_more}", 0
        yield 1.36, f"simp_all{sight.simp_more}"
        yield 1.38, f"grind{sight.grind_more}"
        yield 1.5, f"simp_all{sight.simp_more}; omega"


def _meaning(sight: _Sight) -> Iterator[Idea]:
    """Unfolds all at once what is no recursion, in the target and the hypotheses."""
    rules = [made.signature.shown for made in sight.meaning]
    plain = [
        made.signature.shown
        for made in sight.meaning
        if isinstance(made, Instance) or not (made.matched or made.recursive)
    ]
    if not plain:
        return
    unfold = f"simp only{_using(plain)} at *"
    if not set(rules) <= set(sight.rules):
        yield 1.05, f"simp{_using(rules)}", 0
        yield 1.42, f"simp_all{_using(rules)}", 0
        yield 1.55, f"{unfold} <;> grind", 0
    says = any(_says(made) for made in sight.meaning)
    yield 1.5 if says else 2.9, unfold


def _says(made: Function | Instance) -> bool:
    """Whether it is a proposition that something means."""
    if isinstance(made, Instance):
        return _head(made.signature.result) in RELATIONS
    return made.signature.result == "Prop" and not made.matched


def _premises(sight: _Sight) -> Iterator[Idea]:
    for place, premise in enumerate(sight.premises[:MOST_PREMISES]):
        name = premise.signature.shown
        late = 0.1 * place
        yield 1.0 + late, f"exact {name} .."
        yield 2.4 + late, f"apply {name}"
        if premise.head in ("Eq", "Iff"):
            yield 2.2 + late, f"rw [{name}]"
            yield 2.6 + late, f"rw [← {name}]"
            yield 2.7 + late, f"simp [{name}]"
        (fact,) = sight.view.fresh("h")
        for arguments in islice(_hypotheses_for(sight, premise), 3):
            yield 2.3 + late, f"have {fact} := {name} {' '.join(arguments)}"


def _hypotheses_for(sight: _Sight, premise: Premise) -> Iterator[tuple[str, ...]]:
    """Arguments that a theorem takes hypotheses of the goal with, if it asks for any of the user's own."""
    types, functions = sight.view.context.types, sight.view.context.functions
    proofs: dict[str, list[str]] = {}
    for h in sight.view.goal.hypotheses:
        if h.is_prop and h.head and usable(h.name):
            proofs.setdefault(h.head, []).append(h.name)
    choices = []
    for place in premise.signature.explicit:
        head = _head(premise.signature.binders[place].type)
        own = (head in types and types[head].prop) or (
            head in functions and functions[head].signature.result == "Prop"
        )
        choices.append(proofs.get(head, []) if own else ["_"])
    if any(choice != ["_"] for choice in choices):
        yield from product(*choices)


def _inductions(sight: _Sight) -> Iterator[Idea]:
    """Induction and cases on variables, those first that a function of the target recurs on. Below
    an induction, another one on a variable is rarely the way."""
    chosen = _ranked_variables(sight)
    below = 1.2 if sight.below_induction else 0.0
    for place, name in enumerate(chosen[:INDUCTIONS]):
        late = 0.25 * place + below
        kind = sight.variables[name]
        info = sight.view.context.types.get(kind)
        recursive = info.recursive if info is not None else True
        others = _others(sight, name)
        for step, names in enumerate(_generalised(sight, name, others)):
            more = late + 0.12 * step
            verb = _induction(name, names) if recursive else f"cases {name}"
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
                    yield 1.62 + more, f"{verb} <;> simp_all{_using(sight.outermost)}", 2
                    yield 1.64 + more, f"{verb} <;> grind{_using(sight.outermost)}"
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


def _mutual_inductions(sight: _Sight) -> Iterator[Idea]:
    """Induction on a type of a mutual block. Of the other types the same is claimed, with functions
    that recur together with those of the target in their places."""
    types = sight.view.context.types
    for place, name in enumerate(_ranked_variables(sight)):
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


def _for_sibling(sight: _Sight, kind: str, sibling: str) -> str:
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
    return any(_head(function.binders[place].type) == kind for place in function.explicit)


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


def _induction(name: str, general: Sequence[str]) -> str:
    return f"induction {name}" + (f" generalizing {' '.join(general)}" if general else "")


def _arms(sight: _Sight, name: str, verb: str) -> str:
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
            yield 1.65 + late, f"{verb} {applied} <;> simp_all{sight.simp}", 3
            yield 1.72 + late, f"{verb} {applied} <;> grind{sight.grind}"
            if sight.lemmas:
                yield 1.68 + late, f"{verb} {applied} <;> simp_all{sight.simp_more}", 3
                yield 1.74 + late, f"{verb} {applied} <;> grind{sight.grind_more}"
            yield 3.0 + late, f"{verb} {applied}"
            if place == 3:
                return


def _subterms(sight: _Sight) -> Iterator[Idea]:
    """Cases on what a function takes apart; and a term in the place of a variable: what is then to be
    proved holds of anything, and induction can run on it (Boyer and Moore 1979)."""
    target = sight.view.goal.target
    for place, term in enumerate(sight.scrutinised[:3]):
        (h,) = sight.view.fresh("h")
        yield 2.3 + 0.2 * place, f"cases {h} : {term} <;> simp_all{sight.simp}", 2
        yield 2.6 + 0.2 * place, f"cases {h} : {term} <;> grind{sight.grind}"
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
                yield 1.62 + late + extra, f"{put}\ninduction {x} <;> simp_all{sight.simp}", 2
                yield 1.66 + late + extra, f"{put}\ninduction {x} <;> grind{sight.grind}"
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
                    yield 1.64 + late + extra, f"{put}\n{step} <;> simp_all{sight.simp}", 2
                    yield 1.68 + late + extra, f"{put}\n{step} <;> grind{sight.grind}"
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
                yield 1.65 + late, f"{back}\ninduction {x} <;> simp_all{sight.simp}", 2
                yield 1.69 + late, f"{back}\ninduction {x} <;> grind{sight.grind}"
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


def _beside_these(sight: _Sight, names: Sequence[str]) -> list[str]:
    """The facts and variables that some facts do not speak of."""
    kept = set(names)
    hypotheses = sight.view.goal.hypotheses
    while more := {n for h in hypotheses if h.name in kept for n in words(h.type)} - kept:
        kept |= more
    return [h.name for h in hypotheses if h.name not in kept and usable(h.name)]


def _at_facts(sight: _Sight) -> Iterator[Idea]:
    """Unfolds in hypotheses, and splits what is then in them."""
    for place, (name, fact) in enumerate(list(sight.view.facts.items())[-4:]):
        late = 0.2 * place
        for function in sight.functions:
            shown = function.signature.shown
            if not function.matched and any(_calls(function, fact.text)):
                unfold = f"unfold {shown} at {name}"
                yield 2.0 + late, f"{unfold}; split at {name} <;> simp_all{sight.simp}", 2
                yield 2.1 + late, f"{unfold}; split at {name} <;> grind{sight.grind}"
                if not _says(function):
                    yield 2.6 + late, unfold
        called = [function for function in sight.functions if _calls(function, fact.text)]
        if called:
            alone = (
                4.7 if all(map(_says, called)) else 2.7
            )  # what says something is unfolded at once
            yield alone + late, f"simp{sight.simp} at {name}"
        if "match " in fact.text or "if " in fact.text:
            yield 2.2 + late, f"split at {name} <;> simp_all{sight.simp}", 2
            yield 2.5 + late, f"split at {name}"


def _predicates(sight: _Sight) -> Iterator[Idea]:
    """Inductive predicates of the user's: their constructors as steps, and induction and cases on
    hypotheses that are one."""
    types = sight.view.context.types
    kinds = {name: info for name, info in sight.told if info.prop}
    here = [types[name] for name in sight.view.goal.own if name in types and types[name].prop]
    near = [info for info in [*here, *kinds.values()] if info.constructors]
    constructors = list(dict.fromkeys(c.shown for info in near for c in info.constructors))[:16]
    simp = _using([*constructors, *sight.rules, *sight.lemmas])
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
        verb = _induction(name, general)
        yield 1.7 + late, f"{verb} <;> grind{sight.inverting}"
        for other in others[:2]:
            yield 1.45 + late, f"{verb} <;> cases {other} <;> grind{sight.inverting}"
            yield 1.9 + late, f"{verb} <;> cases {other} <;> grind{sight.grind_more}"
            yield 1.95 + late, f"{verb} <;> cases {other} <;> simp_all{sight.simp_more}", 2
        if general:
            yield 2.3 + late, f"{verb} <;> grind{grind}"
        yield 2.5 + late, f"induction {name}"


def _beside(sight: _Sight, name: str, others: Sequence[str]) -> list[str]:
    """The data that an induction on a predicate may leave general: what the target and the other
    predicates speak of, and this one does not. With it goes what depends on it."""
    facts = sight.view.facts
    about = words("\n".join([sight.view.goal.target, *(facts[other].text for other in others)]))
    inside = words(facts[name].text)
    return [n for n in sight.view.variables if n in about and n not in inside]


def _applications(sight: _Sight, predicates: Sequence[InductiveType]) -> Iterator[str]:
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
            used = makers & _constants(constructor.result)
            if any(name.rsplit(".", 1)[-1] not in here for name in used):
                continue
            choices = [
                proofs.get(_head(constructor.binders[place].type), ["_"])
                for place in constructor.explicit
            ]
            if any(choice != ["_"] for choice in choices):
                for arguments in product(*choices):
                    yield f"{constructor.shown} {' '.join(arguments)}"


def _inversions(sight: _Sight) -> Iterator[Idea]:
    """Induction on a hypothesis that is an inductive predicate of something compound: what is
    compound becomes a variable first, with an equation that remembers it."""
    for place, (name, info) in enumerate(sight.told[:4]):
        if not (info.prop and info.recursive and info.indices):
            continue
        places = [p for p in info.signature.explicit if p >= info.parameters]
        head, _, rest = sight.view.facts[name].text.partition(" ")
        arguments = _arguments(rest, len(info.signature.explicit))[-len(places) :]
        compound = [a for a in arguments if not usable(a)]
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
        put = "\n".join([*lines, _induction(name, general)])
        constructors = [c.shown for c in info.constructors]
        empty = ["List.append_eq_nil_iff"] if "[]" in compound else []
        late = 0.2 * place
        grind = sight.known_to_grind(*constructors, *empty, theorems=True)
        yield 1.68 + late, f"{put} <;> grind{grind}"
        yield 1.7 + late, f"{put} <;> simp_all{sight.simp}", 2


def _strong_inductions(sight: _Sight) -> Iterator[Idea]:
    """Induction over all smaller numbers, with the first two apart: for what recurs in steps of two."""
    types = sight.view.context.types
    predicates = [types[n] for n in sight.view.goal.around if n in types and types[n].prop]
    constructors = [c.shown for info in predicates for c in info.constructors][:8]
    grind = sight.known_to_grind(*constructors, theorems=True)
    numbers = [n for n in _ranked_variables(sight) if sight.variables[n] == NAT]
    for place, name in enumerate(numbers[:2]):
        (ih,) = sight.view.fresh("ih")
        start = f"induction {name} using Nat.strongRecOn with | ind {name} {ih} =>"
        yield 2.05 + 0.3 * place, f"{start} rcases {name} with _ | _ | {name} <;> grind{grind}"


@dataclass(frozen=True)
class _Law:
    """An equation for all values: how a tactic calls it, how many values it is given, whether both
    sides have them all, and what `grind` is told to use it; a hypothesis it uses in any case."""

    name: str
    values: int
    both: bool
    told: str | None = None


def _laws(sight: _Sight) -> Iterator[Idea]:
    """An equation from the laws of the user's structures or among the hypotheses: congruence closure
    with those in both directions that have all their variables on both sides, and with those of one
    variable said of the terms of the goal, from which the others have something to begin."""
    laws = [*_laws_of_structures(sight), *_laws_among_facts(sight)][:MOST_LAWS]
    if not any(law.both and law.values > 1 for law in laws):  # others `grind` uses by itself
        return
    grind = _using([law.told for law in laws if law.told is not None])
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
    terms = [*plain, *unary, *(t for t in [*_groups(sight.view.goal.target), *sides] if " " in t)]
    single = [law.name for law in laws if law.values == 1]
    said = [
        f"{attempt}have := {law} {parenthesised(t)}" for t in dict.fromkeys(terms) for law in single
    ]
    if said or turned:
        yield 1.39, "\n".join([*turned, *said[:MOST_INSTANCES], f"grind{grind}"])


def _unary(sight: _Sight) -> list[str]:
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


def _laws_of_structures(sight: _Sight) -> Iterator[_Law]:
    types = sight.view.context.types
    laws = [p for p in sight.fitting if p.head == "Eq"]
    if not any(types[o].structure for p in laws for o in p.own if o in types):
        return
    for law in laws:
        name, result = law.signature.shown, law.signature.result
        values = set(law.signature.explicit)
        sides = result[-2:] if isinstance(result, tuple) else ()
        both = all(isinstance(side, tuple) and values <= _binders(side) for side in sides)
        yield _Law(name, len(values), both, f"_=_ {name}" if both else name)


def _laws_among_facts(sight: _Sight) -> Iterator[_Law]:
    for name, fact in sight.view.facts.items():
        if fact.head == "∀" and (body := shape(fact.parts[0])).head == "=":
            values = set(fact.names)
            both = all(" " in side and values <= words(side) for side in body.parts)
            yield _Law(name, len(values), both)


def _constants(tree: Tree) -> set[str]:
    """The constants that a term mentions."""
    if isinstance(tree, tuple):
        return set().union(*map(_constants, tree))
    return {tree} if isinstance(tree, str) else set()


def _binders(tree: Tree) -> set[int]:
    """The binders that a term mentions."""
    if isinstance(tree, tuple):
        return set().union(*map(_binders, tree))
    return {tree} if isinstance(tree, int) else set()


def _structures(sight: _Sight) -> Iterator[Idea]:
    """Structures field by field, with the propositions among their fields as facts."""
    view, types = sight.view, sight.view.context.types
    simp = _using([*sight.rules, *sight.instances])
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
        for method in OPERATIONS.get(_head(instance.signature.result), ())
    ]
    if operations:
        fields = [f"{c.shown}.injEq" for info in shapes for c in info.constructors]
        opened = ", ".join(dict.fromkeys([*operations, *fields]))
        yield 1.78, f"simp only [{opened}]; grind{grind}"
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
