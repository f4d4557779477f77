"""New statements from old ones: typed operators in the manner of Evol-Instruct (WizardMath, Luo et
al. 2023), upward (`conjoin`, `compose`, `contrapose`, `distract`, `generalise`, `witness`) and
downward (`specialise`, `drop_conjunct`, `lift`).

Every child carries scripts made from those of its parents; only a child whose script Lean accepts
is known to be true.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import groupby
from random import Random

from prover.data.theorems.statement import (
    SPLITS,
    Draft,
    Script,
    bound_names,
    renamed,
    split_of,
)
from prover.generate.shapes import shape, words
from search.interfaces import Goal

_NUMERAL = re.compile(r"(?<![\w.₀-₉'])\d+(?![\w.])")


def conjoin(a: Draft, b: Draft) -> Draft:
    """Both statements as one conjunction.

    Raises:
        ValueError: they need different definitions.
    """
    header = _common_header(a, b)
    b = _apart(b, a)
    scripts = tuple(
        ("constructor", *one, *two) for one, two in zip(a.scripts[:1], b.scripts[:1], strict=False)
    )
    return _child("conjoin", (a, b), header, _merged(a, b), f"{_tight(a)} ∧ {_tight(b)}", scripts)


def distract(a: Draft, b: Draft) -> Draft:
    """The first statement with the hypotheses of the second, which it does not need.

    Raises:
        ValueError: they need different definitions, or the second has no hypothesis.
    """
    header = _common_header(a, b)
    _hypothesis(b.binders[-1] if b.binders else "")
    b = _apart(b, a)
    return _child("distract", (a, b), header, _merged(b, a), a.conclusion, a.scripts)


def compose(a: Draft, name: str = "C") -> Draft:
    """What follows from the statement, given that something does."""
    taken = bound_names(a) | words(a.header)
    while name in taken:
        name += "'"
    binders = (*a.binders, f"({name} : Prop)", f"(himp : {_tight(a)} → {name})")
    scripts = tuple(("apply himp", *script) for script in a.scripts)
    return _child("compose", (a,), a.header, binders, name, scripts)


def contrapose(a: Draft) -> Draft:
    """The last hypothesis denied because the conclusion is.

    Raises:
        ValueError: the last binder is no hypothesis.
    """
    name, type_ = _hypothesis(a.binders[-1] if a.binders else "")
    binders = (*a.binders[:-1], f"(hnot : ¬{_tight(a)})")
    scripts = tuple((f"intro {name}", "apply hnot", *script) for script in a.scripts)
    return _child("contrapose", (a,), a.header, binders, f"¬({type_})", scripts)


def curry(a: Draft) -> Draft:
    """All hypotheses at the end of the signature moved into the conclusion.

    Raises:
        ValueError: the last binder is no hypothesis.
    """
    binders, names, conclusion = list(a.binders), [], _tight(a)
    while binders:
        try:
            name, type_ = _hypothesis(binders[-1])
        except ValueError:
            break
        conclusion = f"({type_}) → {conclusion}"
        names.append(name)
        binders.pop()
    if not names:
        raise ValueError("there is no hypothesis to move")
    step = f"intro {' '.join(reversed(names))}"
    scripts = tuple((step, *script) for script in a.scripts)
    return _child("curry", (a,), a.header, tuple(binders), conclusion, scripts)


def drop_conjunct(a: Draft, rng: Random) -> Draft:
    """One side of a conjunction.

    Raises:
        ValueError: the conclusion is no conjunction.
    """
    parts = shape(a.conclusion)
    if parts.head != "∧":
        raise ValueError("the conclusion is no conjunction")
    index = rng.randrange(len(parts.parts))
    last = index == len(parts.parts) - 1
    path = ".2" * index + ("" if last else ".1")
    step = f"suffices hand : {a.conclusion} from hand{path}"
    scripts = tuple((step, *script) for script in a.scripts)
    return _child("drop_conjunct", (a,), a.header, a.binders, parts.parts[index], scripts)


def specialise(a: Draft, rng: Random) -> Draft:
    """A numerical variable replaced by a numeral or by a term.

    Raises:
        ValueError: there is no such variable.
    """
    places = [
        (i, name)
        for i, group in enumerate(a.binders)
        if re.fullmatch(r"\([\w' ]+ : Nat\)", group)
        for name in group[1:-1].split(" : ")[0].split()
        if name in words(a.conclusion)
    ]
    if not places:
        raise ValueError("there is no variable to specialise")
    index, name = rng.choice(places)
    fresh = next(v for v in ("i", "j", "v", "w") if v not in bound_names(a))
    term = rng.choice(
        [str(rng.randint(0, 12)), f"({fresh} + {rng.randint(1, 5)})", f"(2 * {fresh})"]
    )
    group = a.binders[index][1:-1].split(" : ")[0].split()
    left = [n for n in group if n != name] + ([fresh] if fresh in term else [])
    dependent = [
        _hypothesis(b) for b in a.binders[index + 1 :] if name in words(b.partition(":")[2])
    ]
    general = f"∀ {name} : Nat, " + "".join(f"({t}) → " for _, t in dependent) + _tight(a)
    binders = list(renamed(replace(a, scripts=()), {name: term}).binders)
    binders[index : index + 1] = [f"({' '.join(left)} : Nat)"] if left else []
    conclusion = renamed(replace(a, scripts=()), {name: term}).conclusion
    names = " ".join([name, *(h for h, _ in dependent)])
    used = " ".join([term, *(h for h, _ in dependent)])
    scripts = tuple(
        (
            f"suffices hall : {general} from hall {used}",
            *_cleared(dependent),
            f"intro {names}",
            *script,
        )
        for script in a.scripts
    )
    return _child("specialise", (a,), a.header, tuple(binders), conclusion, scripts)


def _cleared(hypotheses: list[tuple[str, str]]) -> Script:
    return (f"clear {' '.join(h for h, _ in hypotheses)}",) if hypotheses else ()


def generalise(a: Draft, rng: Random) -> Draft:
    """A numeral replaced everywhere by a variable: it may no longer be true.

    Raises:
        ValueError: there is no numeral beyond 1.
    """
    text = " ".join([*a.binders, a.conclusion])
    numerals = sorted({n for n in _NUMERAL.findall(text) if int(n) > 1})
    if not numerals:
        raise ValueError("there is no numeral to generalise")
    numeral = rng.choice(numerals)
    fresh = next(v for v in ("c", "d", "q", "r", "u") if v not in bound_names(a) | words(text))

    def change(t: str) -> str:
        return re.sub(rf"(?<![\w.₀-₉']){numeral}(?![\w.])", fresh, t)

    scripts = tuple(tuple(change(s) for s in script) for script in a.scripts)
    binders = (f"({fresh} : Nat)", *(change(b) for b in a.binders))
    return _child("generalise", (a,), a.header, binders, change(a.conclusion), scripts)


def witness(a: Draft, rng: Random) -> Draft:
    """A numeral of the conclusion hidden behind an existential quantifier.

    Raises:
        ValueError: the conclusion has no numeral beyond 1.
    """
    found = [m for m in _NUMERAL.finditer(a.conclusion) if int(m[0]) > 1]
    if not found:
        raise ValueError("the conclusion has no numeral")
    place = rng.choice(found)
    taken = bound_names(a) | words(a.conclusion)
    name = next(v for v in ("w", "v", "u", "t", "s1") if v not in taken)
    body = a.conclusion[: place.start()] + name + a.conclusion[place.end() :]
    scripts = tuple((f"refine ⟨{place[0]}, ?_⟩", *script) for script in a.scripts)
    return _child("witness", (a,), a.header, a.binders, f"∃ {name} : Nat, {body}", scripts)


def lift(a: Draft, goal: Goal, script: Script) -> Draft:
    """A goal that came up in the proof, as a statement of its own, with the rest of the proof.

    Raises:
        ValueError: a name or a value in the goal cannot be written down, or the goal is one of its
            hypotheses.
    """
    if len(script) == 1 and script[0].startswith("exact ") and " " not in script[0][6:]:
        raise ValueError("the goal is one of its hypotheses")
    if "✝" in goal.pp or "?" in goal.pp or "⋯" in goal.pp:
        raise ValueError("the goal has something without a name")
    if any(h.value is not None or not h.accessible for h in goal.hypotheses):
        raise ValueError("the goal has a value in its context")
    if any("inst" in h.name for h in goal.hypotheses):
        raise ValueError("the goal has an instance in its context")
    return restated(a, goal, "lift", (script,))


def restated(a: Draft, goal: Goal, operator: str, scripts: tuple[Script, ...] = ()) -> Draft:
    """A goal as a statement that an operator has made of another."""
    return _child(operator, (a,), a.header, *signature(goal), scripts)


def signature(goal: Goal) -> tuple[tuple[str, ...], str]:
    """The binders and the conclusion of a goal. It is Lean's to say whether the print means it."""
    binders = []
    for (type_, proof), group in groupby(goal.hypotheses, lambda h: (_line(h.type), h.is_prop)):
        names = [h.name for h in group]
        if names[0].startswith("inst"):
            binders += [f"[{type_}]"] * len(names)
        else:
            binders += [f"({n} : {type_})" for n in (names if proof else [" ".join(names)])]
    return tuple(binders), _line(goal.target)


def _line(text: str) -> str:
    return re.sub(r"\s*\n\s*", " ", text)


def _child(
    operator: str,
    parents: tuple[Draft, ...],
    header: str,
    binders: tuple[str, ...],
    conclusion: str,
    scripts: tuple[Script, ...],
) -> Draft:
    first = parents[0]
    splits = [split_of(parent) for parent in parents]
    return Draft(
        family=first.family,
        template=f"{first.template}_{operator}"
        if "_lift" not in first.template
        else first.template,
        binders=binders,
        conclusion=conclusion,
        header=header,
        scripts=scripts,
        knobs=first.knobs | {"operator": operator},
        seed=first.seed,
        lineage=(*first.lineage, operator, *(parent.name for parent in parents)),
        split=max(splits, key=SPLITS.index),
    )


def _tight(a: Draft) -> str:
    return f"({a.conclusion})"


def _common_header(a: Draft, b: Draft) -> str:
    if a.header and b.header and a.header != b.header:
        raise ValueError("the statements need different definitions")
    return a.header or b.header


def _apart(b: Draft, a: Draft) -> Draft:
    """The second statement with names that the first does not use."""
    taken = bound_names(a) | words(a.header) | words(b.header)
    clash = {n: n + "'" for n in bound_names(b) & bound_names(a)}
    for name in list(clash):
        while clash[name] in taken | bound_names(b):
            clash[name] += "'"
    return renamed(b, clash)


def _merged(a: Draft, b: Draft) -> tuple[str, ...]:
    return (*a.binders, *b.binders)


def _hypothesis(binder: str) -> tuple[str, str]:
    """The name and the type of a binder that is a hypothesis: by custom its name begins with `h`
    (or is that of a rule) and it stands alone."""
    match = re.fullmatch(r"\(([a-z]\w*'*) : (.*)\)", binder)
    if match is None or not re.search(r"[=≤<≥>∣∈∧∨→↔¬∀∃≠]|\b[A-Z]", match[2]):
        raise ValueError("this binder is no hypothesis")
    if (
        re.search(r"→ (Prop|Type|Nat|Int|Bool|[α-ω]|Option .*|List .*)$", match[2])
        and "=" not in match[2]
    ):
        raise ValueError("this binder is a function")
    if re.fullmatch(
        r"(Nat|Int|Bool|Prop|Type|List .*|Option .*|Tree .*|Bin|Expr|Num|Color|.*×.*|.*⊕.*)",
        match[2],
    ):
        raise ValueError("this binder is a variable")
    return match[1], match[2]
