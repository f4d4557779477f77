"""Shapes for functions that compute in a monad of the library's (`do`): what the monad does is unfolded
with them, since `simp` knows little of it by itself, and the cases that are then there are `grind`'s."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from prover.generate.inductions import calls, generalised, induct, ranked_variables
from prover.generate.shapes import Idea, usable, words
from prover.generate.sight import Sight, calls_of, using

STATE = (
    *("StateT.run", "StateT.run'", "StateT.bind", "StateT.pure", "StateT.map", "StateT.get"),
    *("StateT.set", "StateT.modifyGet", "StateT.lift", "get", "getThe", "MonadStateOf.get", "set"),
    *("MonadStateOf.set", "modify", "modifyGet", "MonadStateOf.modifyGet"),
)
EXCEPT = ("Except.bind", "Except.pure", "Except.map", "Except.tryCatch")
THROW = (
    "throw",
    "throwThe",
    "MonadExceptOf.throw",
    "tryCatch",
    "tryCatchThe",
    "MonadExceptOf.tryCatch",
)
READER = ("ReaderT.run", "ReaderT.bind", "ReaderT.pure", "ReaderT.read", "read", "readThe")
LIFT = ("liftM", "monadLift", "MonadLift.monadLift")
RULES = {
    "Option": ("Option.bind", "Option.map", "guard", "failure"),
    "Except": (*EXCEPT, *THROW),
    "ExceptT": (
        *(
            "ExceptT.run",
            "ExceptT.mk",
            "ExceptT.bind",
            "ExceptT.bindCont",
            "ExceptT.pure",
            "ExceptT.lift",
        ),
        *(*EXCEPT, *THROW, *LIFT),
    ),
    "OptionT": ("OptionT.run", "OptionT.mk", "OptionT.bind", "OptionT.pure", "OptionT.lift", *LIFT),
    "StateM": STATE,
    "StateT": (*STATE, *LIFT),
    "ReaderM": (*READER, "MonadReaderOf.read"),
    "ReaderT": (*READER, "MonadReaderOf.read", *LIFT),
    "Id": ("Id.run",),
}
"""What the operations of each monad are made of."""

RESULTS = {"Option": ("Option.bind_eq_some_iff", "Option.map_eq_some_iff")}
"""What it means that a computation has a result."""


def from_monads(sight: Sight) -> Iterator[Idea]:
    """The functions of the goal and the monads that they compute in unfolded, alone and after an
    induction; and what it means that they have results, after an induction that leaves these general."""
    computed = {monad for function in sight.functions for monad in function.monads}
    if not computed:
        return
    rules = [rule for monad, rules in RULES.items() if monad in computed for rule in rules]
    simp = using(list(dict.fromkeys([*sight.rules, "bind", "pure", "Functor.map", *rules])))
    grind = using([p.signature.listed for p in sight.premises if p.grind])
    yield 0.97, f"simp_all{simp}", 3
    yield 1.2, f"simp only{simp} at * <;> grind{grind}"
    yield 1.25, f"simp_all{simp} <;> grind{grind}"
    for place, along in enumerate(islice(calls(sight), 2)):
        late = 0.1 * place
        yield 1.45 + late, f"{along} <;> simp_all{simp}", 3
        yield 1.5 + late, f"{along} <;> simp_all{simp} <;> grind{grind}"
    for place, name in enumerate(ranked_variables(sight)[:2]):
        for step, names in enumerate(generalised(sight, name)):
            late = 0.1 * place + 0.12 * step
            verb = induct(name, names)
            yield 1.4 + late, f"{verb} <;> simp_all{simp}", 3
            yield 1.45 + late, f"{verb} <;> simp only{simp} at * <;> grind{grind}"
            yield 1.5 + late, f"{verb} <;> simp_all{simp} <;> grind{grind}"
    results = [rule for monad, rules in RESULTS.items() if monad in computed for rule in rules]
    for place, verb in enumerate(_by_cases(sight) if results else ()):
        yield (
            1.42 + 0.2 * place,
            f"{verb} <;> grind{sight.known_to_grind(*sight.predicates, *results)}",
        )


def _by_cases(sight: Sight) -> list[str]:
    """Induction on each of two variables that a function runs on (a program and the fuel to run it, of
    which one gets smaller), with cases of the other and all else general."""
    text = sight.view.text
    data = [h.name for h in sight.view.goal.hypotheses if not h.is_prop and h.value is None]
    named = words(text)
    found: dict[str, int] = {}
    for function in sight.functions:
        for call in calls_of(function, text):
            runs_on = [call.get(place, "") for place in sorted(function.descends)]
            along = [name for name in runs_on if name in sight.variables][:2]
            for name in along:
                general = [n for n in data if n != name and n in named and usable(n)]
                split = "".join(f" <;> cases {other}" for other in along if other != name)
                found[induct(name, general) + split] = len(along)
    return sorted(found, key=lambda verb: -found[verb])[:2]
