"""Shapes that know what the user's own functions, types and theorems are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice, product

from prover.generate.inductions import (
    along_functions,
    from_contradictory_facts,
    inductions,
    mutual_inductions,
)
from prover.generate.laws import from_laws, structures
from prover.generate.monads import from_monads
from prover.generate.predicates import (
    from_predicates,
    inversions,
    mutual_predicates,
    strong_inductions,
)
from prover.generate.shapes import Idea, Shape, View, shape, usable, words
from prover.generate.sight import (
    LIBRARY_TYPES,
    MOST_PREMISES,
    Sight,
    bracketed,
    calls_of,
    head_of,
    is_applied,
    is_said,
    using,
)
from search.context import Instance, Premise


def definitions(view: View) -> Iterator[Idea]:
    """All ideas that need the context of a goal, and those from laws, which may be hypotheses."""
    sight = Sight(view)
    yield from from_laws(sight)
    if not (view.goal.around or sight.rules or sight.premises):
        return
    yield 6.5, "try?", 0
    yield from _closers(sight)
    yield from _meaning(sight)
    yield from _premises(sight)
    yield from _existing(sight)
    yield from inductions(sight)
    yield from mutual_inductions(sight)
    yield from along_functions(sight)
    yield from _subterms(sight)
    yield from from_contradictory_facts(sight)
    yield from _at_facts(sight)
    yield from from_monads(sight)
    yield from from_predicates(sight)
    yield from inversions(sight)
    yield from mutual_predicates(sight)
    yield from strong_inductions(sight)
    yield from structures(sight)


def _closers(sight: Sight) -> Iterator[Idea]:
    facts = list(sight.view.facts)
    if sight.rules:
        yield 0.91, f"simp_all{sight.simp}"
        yield 0.95, f"simp{using([*sight.rules, *facts])}", 0
        yield 1.3, f"grind{sight.grind}"
        yield 1.4, f"simp{sight.simp}; omega"
        yield 1.45, f"simp_all{sight.simp}; omega"
        yield 3.4, f"simp{sight.simp}"
        yield 2.3, f"split <;> simp_all{sight.simp}"
        yield 2.4, f"split <;> grind{sight.grind}"
        if sight.view.target.head == "=":
            yield 1.8, f"ext <;> grind{sight.grind}"
        for function in sight.functions[:3]:
            if not function.matched:  # its equation is the whole body
                name = function.signature.shown
                yield 4.8 if is_said(function) else 2.8, f"unfold {name}"
                yield 1.9, f"unfold {name}; split <;> simp_all{sight.simp}", 2
                yield 2.0, f"unfold {name}; split <;> grind{sight.grind}"
    if sight.lemmas:
        yield 1.35, f"simp{sight.simp_more}", 0
        yield 1.36, f"simp_all{sight.simp_more}"
        yield 1.38, f"grind{sight.grind_more}"
        yield 1.5, f"simp_all{sight.simp_more}; omega"


def _meaning(sight: Sight) -> Iterator[Idea]:
    """Unfolds all at once what is no recursion, in the target and the hypotheses."""
    rules = [made.signature.shown for made in sight.meaning]
    plain = [
        made.signature.shown
        for made in sight.meaning
        if isinstance(made, Instance) or not (made.matched or made.recursive)
    ]
    if not plain:
        return
    unfold = f"simp only{using(plain)} at *"
    if not set(rules) <= set(sight.rules):
        yield 1.05, f"simp{using(rules)}", 0
        yield 1.42, f"simp_all{using(rules)}", 0
        yield 1.55, f"{unfold} <;> grind", 0
    says = any(is_said(made) for made in sight.meaning)
    yield 1.5 if says else 2.9, unfold


def _premises(sight: Sight) -> Iterator[Idea]:
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


def _existing(sight: Sight) -> Iterator[Idea]:
    """Has a theorem say of what is to exist what it says of something, perhaps of a call that the goal
    does not speak of."""
    target, functions = sight.view.target, sight.view.context.functions.keys()
    if target.head != "∃":
        return
    equation = shape(target.parts[0]).head == "="
    own = set(sight.view.goal.own)
    speaking = [
        p
        for p in reversed(sight.view.context.premises)
        if not p.open and p.own & own & functions and (p.head == "Eq") == equation
    ]
    for place, premise in enumerate(speaking[:MOST_PREMISES]):
        of_it = f"apply Exists.intro; apply {premise.signature.shown}"
        late = 0.1 * place
        yield 1.06 + late, f"{of_it} <;> first | assumption | exact Nat.le_refl _ | omega"
        yield 2.06 + late, of_it


def _hypotheses_for(sight: Sight, premise: Premise) -> Iterator[tuple[str, ...]]:
    """Arguments that a theorem takes hypotheses of the goal with, if it asks for any of the user's own."""
    types, functions = sight.view.context.types, sight.view.context.functions
    proofs: dict[str, list[str]] = {}
    for h in sight.view.goal.hypotheses:
        if h.is_prop and h.head and usable(h.name):
            proofs.setdefault(h.head, []).append(h.name)
    choices = []
    for place in premise.signature.explicit:
        head = head_of(premise.signature.binders[place].type)
        own = (head in types and types[head].prop) or (
            head in functions and functions[head].signature.result == "Prop"
        )
        choices.append(proofs.get(head, []) if own else ["_"])
    if any(choice != ["_"] for choice in choices):
        yield from product(*choices)


def _subterms(sight: Sight) -> Iterator[Idea]:
    """Cases on what a function takes apart; and a term in the place of a variable: what is then to be
    proved holds of anything, and induction can run on it (Boyer and Moore 1979)."""
    target = sight.view.goal.target
    for place, term in enumerate(sight.scrutinised[:3]):
        (h,) = sight.view.fresh("h")
        yield 2.3 + 0.2 * place, f"cases {h} : {term} <;> simp_all{sight.simp}", 2
        yield 2.6 + 0.2 * place, f"cases {h} : {term} <;> grind{sight.grind}"
    groups = [t for t in bracketed(sight.view.text) if is_applied(sight, t)]
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
        inner = [t for t in bracketed(fact.parts[0]) if is_applied(sight, t)]
        for term in inner[:1]:
            (x,) = sight.view.fresh("t")
            back = f"rw [← {name}]\nclear {name}\ngeneralize {term} = {x}"
            if _grows(sight, term):
                yield 1.65 + late, f"{back}\ninduction {x} <;> simp_all{sight.simp}", 2
                yield 1.69 + late, f"{back}\ninduction {x} <;> grind{sight.grind}"
            yield 2.3 + late, back


def _grows(sight: Sight, term: str) -> bool:
    """Whether induction can run on the value of an applied function."""
    head = term.partition(" ")[0]
    short = head.rsplit(".", 1)[-1]
    for function in sight.functions:
        shown = function.signature.shown
        if head == shown or ("." in head and short == shown.rsplit(".", 1)[-1]):
            kind = head_of(function.signature.result)
            if kind in LIBRARY_TYPES:
                return True
            info = sight.view.context.types.get(kind)
            return info is not None and info.recursive
    return False


def _equations(sight: Sight) -> list[tuple[str, Shape]]:
    """Equations among the facts that speak of functions, the last (an induction hypothesis) first."""
    shown = {f.signature.shown for f in sight.functions}
    facts = [(n, f) for n, f in sight.view.facts.items() if f.head == "=" and words(f.text) & shown]
    return facts[::-1][:3]


def _at_facts(sight: Sight) -> Iterator[Idea]:
    """Unfolds in hypotheses, and splits what is then in them."""
    for place, (name, fact) in enumerate(list(sight.view.facts.items())[-4:]):
        late = 0.2 * place
        for function in sight.functions:
            shown = function.signature.shown
            if not function.matched and any(calls_of(function, fact.text)):
                unfold = f"unfold {shown} at {name}"
                yield 2.0 + late, f"{unfold}; split at {name} <;> simp_all{sight.simp}", 2
                yield 2.1 + late, f"{unfold}; split at {name} <;> grind{sight.grind}"
                if not is_said(function):
                    yield 2.6 + late, unfold
        called = [function for function in sight.functions if calls_of(function, fact.text)]
        if called:
            says = all(map(is_said, called))  # these are unfolded everywhere at once
            yield (4.7 if says else 2.7) + late, f"simp{sight.simp} at {name}"
        if "match " in fact.text or "if " in fact.text:
            yield 2.2 + late, f"split at {name} <;> simp_all{sight.simp}", 2
            yield 2.5 + late, f"split at {name}"
