"""A generator without a model: fixed tactics, and tactic shapes filled from the goal.

Every idea has a cost, which is minus the log-probability of its suggestions. The scale:

- below 0.5: steps that cannot lose the goal (`intro`, taking a conjunction apart)
- 0.5 to 2: closing tactics, the cheap ones first
- 2 to 3: shapes that fit this goal closely, `grind`
- 3 to 5: steps that branch: case splits, induction, rewriting, instantiation
- above 5: long shots, and what is dear whether it works or not

So a search tries what is cheap at every goal it meets before it branches anywhere. Nothing here
knows a statement: a shape reads names, types, numerals and connectives of the goal.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import islice, permutations, product

from prover.generate.arithmetic import arithmetic
from prover.generate.definitions import definitions
from prover.generate.polynomials import solutions
from prover.generate.shapes import (
    INT,
    NAT,
    Idea,
    Shape,
    View,
    numerals,
    parenthesised,
    renamed,
    shape,
    words,
)
from prover.generate.theorems import theorems
from search.context import NOTHING, Context
from search.interfaces import Goal, Request, Suggestion

BASIC_TYPES = {NAT, INT, "Prop", "Bool", "Type"}
FORBIDDEN = re.compile(r"\b(sorry|admit|native_decide|ofReduceBool|implemented_by|unsafe|axiom)\b")
COMPUTES = re.compile(r"\b(rfl|omega|simp|simp_all|simp_arith|grind|decide|exact\?)")
LEXICOGRAPHIC = "Prod.Lex "
TIE = 1e-5
ARGUMENTS = ("x", "y", "z", "w")
"""Names for the arguments of functions that are to be equal."""


class Portfolio:
    """The same goal always gets the same suggestions: no seed, no history, no input or output."""

    async def generate(self, requests: Sequence[Request]) -> AsyncIterator[tuple[int, Suggestion]]:
        """Yields all suggestions for each request in turn, the most probable first."""
        for index, request in enumerate(requests):
            for suggestion in suggestions(request.state.goals[0], request.context):
                yield index, suggestion


def suggestions(goal: Goal, context: Context = NOTHING) -> list[Suggestion]:
    """All tactics for a goal, each once, with different log-probabilities, the highest first."""
    goal, hidden = renamed(goal)
    view = View(goal, context)
    best: dict[str, tuple[float, int | None, str]] = {}
    for source, (cost, tactic, *limit) in ideas(view):
        tactic = _naming(hidden, tactic) + tactic
        dear = view.heavy and cost > 0.5 and COMPUTES.search(tactic)
        if FORBIDDEN.search(tactic) or (dear and tactic != "decide +kernel"):
            continue
        if tactic not in best or cost < best[tactic][0]:
            best[tactic] = (cost, limit[0] if limit else None, source)
    ranked = sorted(best.items(), key=lambda item: item[1][0])
    return [
        Suggestion(tactic, -(cost + TIE * place), leaves=leaves, source=source)
        for place, (tactic, (cost, leaves, source)) in enumerate(ranked)
    ]


def _naming(hidden: Sequence[str], tactic: str) -> str:
    """What gives names to the hypotheses without that a tactic mentions: `rename_i` names the last."""
    mentioned = words(tactic)
    needed = [name in mentioned for name in hidden]
    if True not in needed:
        return ""
    first = needed.index(True)
    names = (name if need else "_" for name, need in zip(hidden, needed, strict=True))
    return f"rename_i {' '.join([*names][first:])}\n"


def ideas(view: View) -> Iterator[tuple[str, Idea]]:
    """Every idea of the portfolio for a goal, with the name of what has it. Where one is met twice,
    the cheaper one counts."""
    for source in (
        closers,
        goal_steps,
        destructuring,
        case_splits,
        inductions,
        rewriting,
        applications,
        instances,
        at_arguments,
        witnesses,
        solutions,
        arithmetic,
        definitions,
        theorems,
    ):
        for idea in source(view):
            yield source.__name__, idea


# Closing


def closers(view: View) -> Iterator[Idea]:
    """Tactics that end a goal or fail."""
    facts = ", ".join(view.facts)
    yield 0.60, "assumption"
    if view.heavy:
        if view.computable:
            yield 2.0, "decide +kernel"
        return
    if view.goal.target.startswith((LEXICOGRAPHIC, "sizeOf ")):  # what `decreasing_by` asks for
        yield 0.61, "decreasing_tactic"
    yield 0.62, "rfl"
    yield 0.64, "omega"
    yield 0.82, "decide"
    if not view.deep:
        if view.goal.own:  # the step is to unfold what it is about
            yield 0.80, "simp_all", 0
        else:
            yield 0.80, "simp_all"
            yield 0.90, f"simp [{facts}]" if facts else "simp"
    yield 1.00, "contradiction"
    if not view.deep:
        yield 2.00, "grind"
        yield 2.05, "simp_all; omega"
        yield 3.60, "simp_all +arith"
    yield 6.00, "exact?"
    yield 3.80, f"simp +arith [{facts}] at *" if facts else "simp +arith"
    if "^" in view.text or "*" in view.text:
        yield 3.00, "grind [Nat.pow_succ, Nat.mul_add, Nat.add_mul]"
        laws = "Nat.pow_succ, Nat.pow_add, Nat.pow_mul, Nat.mul_add, Nat.add_mul"
        yield 3.30, f"simp [{laws}, Int.pow_succ, Int.mul_add, Int.add_mul] at *; omega"
    if "decide" in view.text or "∣" in view.text or "gcd" in view.text:
        yield 1.50, "decide +kernel"
    if "if " in view.text or "match " in view.text:
        yield 1.20, "split"
        yield 1.10, "split <;> simp_all"
        yield 1.15, "split <;> omega"
    if "List" in view.goal.pp or "++" in view.text:
        yield 2.10, "simp_all [List.length_append, Nat.add_comm, Nat.add_left_comm]"


# The target


def goal_steps(view: View) -> Iterator[Idea]:
    """Steps that follow the outermost connective of the target."""
    target = view.target
    match target.head:
        case "∀" | "→" | "¬":
            yield 0.10, "intro " + " ".join(view.fresh(*_intro_names(target)))
            if target.head == "¬":
                yield 3.0, f"intro {view.fresh('h')[0]}; simp_all"
        case "∧":
            yield 0.20, "constructor" if len(target.parts) == 2 else _refine_and(target)
        case "↔":
            yield 0.20, "constructor"
            (h,) = view.fresh("h")
            yield 2.6, f"constructor <;> intro {h} <;> simp_all"
            yield 2.7, f"constructor <;> intro {h} <;> grind"
        case "∨":
            yield 2.2, "left" if len(target.parts) == 2 else "refine Or.inl ?_"
            yield 2.2, "right"
            (h,) = view.fresh("h")
            yield 3.4, f"apply Classical.byContradiction; intro {h}; simp_all"
        case "=" | "≠":
            yield from _equalities(view)
        case "∣":
            yield 1.50, "exact ⟨_, by assumption⟩"
            for side in ("left", "right"):
                yield 1.70, f"exact Nat.dvd_mul_{side}_of_dvd (by assumption) _"
                yield 2.80, f"apply Nat.dvd_mul_{side}_of_dvd"
        case "≤" | "<" | "≥" | ">" | "":
            pass
    if target.head not in ("∀", "→", "¬", "∧", "↔") and target.text != "False":
        (h,) = view.fresh("h")
        ordered = target.head in ("≤", "<", "≥", ">") or NAT in view.variables.values()
        yield 2.9 if ordered else 4.0, f"apply Classical.byContradiction; intro {h}"
        if view.facts:
            yield 4.8, "exfalso"
    if target.text.startswith(LEXICOGRAPHIC):
        yield 2.2, "apply Prod.Lex.left"
        yield 2.3, "apply Prod.Lex.right"
    if target.head == "≠":
        yield 0.10, f"intro {view.fresh('h')[0]}"
    for name in () if view.context.functions else _applied_definitions(view):
        yield 3.2, f"unfold {name}"
        yield 3.1, f"simp_all [{name}]"


def _intro_names(target: Shape) -> list[str]:
    names: list[str] = []
    while target.head in ("∀", "→", "¬") and len(names) < 12:
        names += target.names if target.head == "∀" else ["h"]
        if target.head == "¬":
            break
        target = shape(target.parts[-1])
    return names


def _refine_and(target: Shape) -> str:
    return f"refine ⟨{', '.join(['?_'] * len(target.parts))}⟩"


def _equalities(view: View) -> Iterator[Idea]:
    target = view.target
    left, right = target.parts
    if target.head == "=":
        yield 3.9, "symm"
        if left.startswith("(") and right.startswith("("):
            yield 2.0, "simp only [Prod.mk.injEq]"
        if view.goal.equates is not None:
            names = " ".join(view.fresh(*ARGUMENTS[: view.goal.equates.arguments]))
            then = "; apply propext" if view.goal.equates.predicates else ""
            yield 0.3, f"funext {names}{then}"
            if view.goal.equates.predicates:
                yield 0.8, f"ext {names}"  # in the words of a type of sets, if it has this
        both = [view.variables.get(left, ""), view.variables.get(right, "")]
        if "Prop" in both or {shape(left).head, shape(right).head} & {"∧", "∨", "↔", "→", "¬", "∀"}:
            yield 0.8, "apply propext"
        if any(t in (NAT, INT) for t in view.variables.values()):
            yield (
                4.4,
                "apply Nat.le_antisymm"
                if NAT in view.variables.values()
                else ("apply Int.le_antisymm"),
            )
        if NAT in both and any(" * " in f.text or f.head == "∣" for f in view.facts.values()):
            yield 3.0, "apply Nat.dvd_antisymm"
        if "⟨" not in target.text:
            yield 4.5, "congr 1"
            yield 4.6, "ext <;> simp_all"


def _applied_definitions(view: View) -> list[str]:
    """Identifiers of the target that may be definitions of the user's file."""
    known = set(view.variables) | set(view.facts)
    names = re.findall(r"(?<![\w.'✝])([a-zA-Z_][\w']*)(?= [\w(])", view.goal.target)
    bound = {n for group in re.findall(r"[∀∃λ]\s*\(?([^,:↦]+)", view.text) for n in group.split()}
    skip = {"fun", "if", "then", "else", "match", "with", "let", "have", "some", "none", "Nat"}
    return [n for n in dict.fromkeys(names) if n not in known | bound | skip and len(n) > 1][:3]


# Taking hypotheses apart


def destructuring(view: View) -> Iterator[Idea]:
    """Conjunctions, existentials, disjunctions and equations of variables among the hypotheses."""
    safe: list[str] = []
    taken: list[str] = []
    for name, fact in view.facts.items():
        match fact.head:
            case "∧" | "∃":
                bases = _pattern_names(fact, name)
                fresh = view.fresh(*taken, *bases)[len(taken) :]
                taken += fresh
                safe.append(f"obtain ⟨{', '.join(fresh)}⟩ := {name}")
            case "↔":
                a, b = view.fresh(f"{name}l", f"{name}r")
                yield 2.6, f"obtain ⟨{a}, {b}⟩ := {name}"
            case "∨":
                cases = " | ".join([name] * len(fact.parts))
                yield 1.7, f"rcases {name} with {cases}"
                for place, closer in enumerate(("omega", "simp_all", "grind")):
                    yield 1.9 + 0.3 * place, f"rcases {name} with {cases} <;> {closer}"
            case "=":
                if any(_substitutes(view, fact, i) for i in (0, 1)):
                    yield 0.3, f"subst {name}"
            case "∣":
                c, h = view.fresh("c", name)
                yield 2.6, f"obtain ⟨{c}, {h}⟩ := {name}"
            case "¬":
                yield (
                    3.6,
                    f"apply {name}" if view.goal.target == "False" else (f"exact absurd ?_ {name}"),
                )
                yield 3.3, f"simp at {name}"
            case "":
                if fact.text == "False":
                    yield 0.1, f"exact {name}.elim"
    if safe:
        yield 0.15, "\n".join(safe)


def _pattern_names(fact: Shape, name: str) -> list[str]:
    if fact.head == "∧":
        return [f"{name.rstrip('✝')}_{i + 1}" for i in range(len(fact.parts))]
    names: list[str] = []
    while fact.head == "∃":
        names += fact.names
        fact = shape(fact.parts[0])
    inner = _pattern_names(fact, name) if fact.head == "∧" else [f"{name}_1"]
    return names + inner


def _substitutes(view: View, fact: Shape, side: int) -> bool:
    variable, other = fact.parts[side], fact.parts[1 - side]
    return variable in view.variables and variable not in words(other)


# Cases and induction


def case_splits(view: View) -> Iterator[Idea]:
    """By propositions that the goal leaves undecided, and by the forms of variables."""
    for name in view.of_type("Prop")[:4]:
        (h,) = view.fresh(f"h{name}")
        yield 3.2, f"by_cases {h} : {name}"
        yield 3.1, f"by_cases {h} : {name} <;> simp_all"
    for name in view.of_type("Bool")[:3]:
        yield 2.2, f"cases {name} <;> simp_all"
        yield 3.5, f"cases {name}"
    for fact in view.facts.values():
        if fact.head == "→" and shape(fact.parts[0]).head != "∀":
            premise = shape(fact.parts[0])
            (h,) = view.fresh("h")
            cost = 2.8 if premise.head in ("=", "≠", "¬", "≤", "<", "∈") else 3.9
            yield cost, f"by_cases {h} : {premise.text} <;> simp_all"
    for condition in re.findall(r"if ([^,()]+?) then", view.text)[:2]:
        (h,) = view.fresh("h")
        yield 2.4, f"by_cases {h} : {condition} <;> simp_all"
        yield 3.2, f"by_cases {h} : {condition}"


def inductions(view: View) -> Iterator[Idea]:
    """Induction and case analysis on variables, with the usual ends."""
    chosen = 0
    recurrent = any(f.head == "∀" and " + 1) = " in f.text for f in view.facts.values())
    for name, kind in view.variables.items():
        if name not in words(view.text) or chosen == 3:
            continue
        head = kind.split(" ")[0]
        rank = 0.4 * chosen + (0.0 if name in words(view.goal.target) else 0.8)
        if kind == NAT:
            chosen += 1
            rank -= 1.2 if recurrent else 0.0
            k, ih = view.fresh("k", "ih")
            named = f"induction {name} with\n| zero => {{}}\n| succ {k} {ih} => {{}}"
            yield 3.3 + rank, _structured(view, name)
            for extra, zero, succ in (
                (0.0, "simp_all", "simp_all [Nat.pow_succ]"),
                (0.1, "simp_all", "omega"),
                (0.15, "first | omega | simp_all", "first | (simp_all; done) | grind"),
                (
                    0.4,
                    "simp_all",
                    "simp [Nat.pow_succ, Nat.pow_add, Nat.pow_mul, Nat.mul_add] at *; omega",
                ),
            ):
                yield 2.7 + rank + extra, named.format(zero, succ)
            smaller = f"induction {name} using Nat.strongRecOn with | _ {name} {ih} =>"
            yield 2.95 + rank, f"{smaller} grind"
            yield 4.2 + rank, f"{smaller} ?_"
            yield 3.9 + rank, f"rcases {name} with _ | {k}"
            yield 3.7 + rank, f"cases {name} <;> simp_all <;> omega"
        elif head == "List":
            chosen += 1
            a, tail, ih = view.fresh("a", "l", "ih")
            yield 2.3 + rank, f"induction {name} <;> simp_all"
            yield 2.5 + rank, f"induction {name} <;> grind"
            yield 2.4 + rank, f"cases {name} <;> simp_all"
            others = [n for n, t in view.variables.items() if n != name and "List" in t]
            others += [n for n in view.of_type(NAT) if n != name]
            others += [n for n in view.of_arbitrary_type if n in words(view.goal.target)]
            with_others = f" generalizing {' '.join(others)}" if others else ""
            if others:
                yield 2.7 + rank, f"induction {name}{with_others} <;> simp_all"
                yield 2.9 + rank, f"induction {name}{with_others} <;> grind"
            for place, tail_others in enumerate(dict.fromkeys(["", with_others])):
                yield (
                    3.7 + rank + 0.3 * place,
                    f"induction {name}{tail_others} with\n| nil => ?_\n| cons {a} {tail} {ih} => ?_",
                )
            yield 3.6 + rank, f"rcases {name} with _ | ⟨{a}, {tail}⟩"
        elif head == "Option":
            chosen += 1
            (a,) = view.fresh("a")
            yield 2.2 + rank, f"cases {name} <;> simp_all"
            yield 3.0 + rank, f"rcases {name} with _ | {a}"
        elif "×" in kind or head in ("Prod", "Sum", "Sigma", "Subtype") or "⊕" in kind:
            chosen += 1
            a, b = view.fresh("a", "b")
            bar = "|" if head == "Sum" or "⊕" in kind else ","
            pattern = f"{a} | {b}" if bar == "|" else f"⟨{a}, {b}⟩"
            yield 2.0 + rank, f"rcases {name} with {pattern}"
            yield 2.1 + rank, f"cases {name} <;> simp_all"
        elif kind not in BASIC_TYPES and "→" not in kind and _may_be_inductive(view, head):
            chosen += 1
            yield 2.6 + rank, f"cases {name} <;> simp_all"
            yield 2.8 + rank, f"induction {name} <;> simp_all"
            yield 2.9 + rank, f"cases {name} <;> grind"
            yield 3.0 + rank, f"induction {name} <;> grind"
            yield 3.9 + rank, f"cases {name}"
            yield 4.0 + rank, f"induction {name}"


def _structured(view: View, name: str) -> str:
    """Plain induction, with the names of the new hypotheses fixed; both goals stay open."""
    (ih,) = view.fresh("ih")
    return f"induction {name} with\n| zero => ?_\n| succ {name} {ih} => ?_"


def _may_be_inductive(view: View, head: str) -> bool:
    return head[:1].isalpha() and head not in view.variables and not head.startswith("Fin")


# Rewriting


def rewriting(view: View) -> Iterator[Idea]:
    """Equations, equivalences and simplification with hypotheses."""
    usable_as_rule = []
    for name, fact in view.facts.items():
        body = _conclusion(fact)
        if body.head in ("=", "↔"):
            usable_as_rule.append(name)
            general = fact.head in ("∀", "→")
            yield 2.9, f"rw [{name}]"
            yield 3.7, f"rw [← {name}]"
            if general:
                yield 3.3, f"rw [{name}, {name}]"
                yield 2.8, f"simp [{name}]"
    for name in list(view.facts)[:6]:
        yield 4.3, f"simp at {name}"
    if len(usable_as_rule) > 1:
        rules = ", ".join(usable_as_rule)
        yield 2.7, f"simp [{rules}]"
        yield 2.9, f"simp [{rules}]; omega"
    elif usable_as_rule:
        yield 3.0, f"simp [{usable_as_rule[0]}]; omega"
    if view.facts:
        yield 3.8, "simp at *"
        yield 3.2, "simp at *; omega"
    for left, right in product(usable_as_rule[:4], list(view.facts)[:6]):
        if left != right:
            yield 4.4, f"rw [{left}] at {right}"


def _conclusion(fact: Shape) -> Shape:
    while fact.head in ("∀", "→"):
        fact = shape(fact.parts[-1])
    return fact


# Applying and instantiating hypotheses


def applications(view: View) -> Iterator[Idea]:
    """Backward and forward steps with implications and universal statements."""
    premises = {f.text: n for n, f in view.facts.items()}
    for name, fact in view.facts.items():
        if fact.head in ("→", "∀", "↔", "¬"):
            body = _conclusion(fact)
            fits = _alike(body, view.target)
            if fits or (fact.head == "¬" and view.goal.target == "False"):
                yield 2.1, f"apply {name}"
                yield 2.05, f"apply {name} <;> first | assumption | omega", 0
                yield (
                    2.3,
                    f"exact {name} _ (by assumption)"
                    if fact.head == "∀"
                    else f"exact {name} (by assumption)",
                )
            elif fact.head in ("→", "∀"):
                yield 4.2, f"apply {name}"
        if fact.head == "→":
            (h,) = view.fresh("h")
            if shape(fact.parts[0]).text in premises:
                yield 0.9, f"have {h} := {name} {premises[shape(fact.parts[0]).text]}"
            else:
                yield 4.0, f"have {h} := {name} (by grind)"
                yield 4.6, f"refine absurd ({name} ?_) ?_"
        if fact.head == "=" and view.target.head == "=":
            yield 3.5, f"exact {name}.symm"


def _alike(one: Shape, other: Shape) -> bool:
    if one.head != other.head:
        return False
    if one.head == "":
        return one.text.split(" ")[0] == other.text.split(" ")[0]
    return True


def instances(view: View) -> Iterator[Idea]:
    """Universal hypotheses at variables, at small numerals, at numerals and arguments in sight."""
    for name, fact in view.facts.items():
        if fact.head != "∀":
            continue
        names, domains, inner = list(fact.names), [fact.domain] * len(fact.names), fact.parts[0]
        while (body := shape(inner)).head == "∀" and len(names) < 3:
            names += body.names
            domains += [body.domain] * len(body.names)
            inner = body.parts[0]
        if len(names) > 3:
            continue
        if body.head == "∃" and all(domains):
            yield from _existing(view, name, names, domains, body)
        choices = [_candidates(view, domain, 8 if len(names) == 1 else 4) for domain in domains]
        (h,) = view.fresh("h")
        for place, terms in enumerate(list(product(*choices))[:16]):
            applied = f"{name} {' '.join(parenthesised(t) for t in terms)}"
            yield 3.4 + 0.12 * place, f"have {h} := {applied}"
            if body.head == "↔" and place < 9:
                yield 4.0 + 0.12 * place, f"have {h} := ({applied}).1 ?_"
                yield 4.1 + 0.12 * place, f"have {h} := ({applied}).2 ?_"
        if len(names) == 1 and choices[0]:
            everywhere = [
                f"have {h}{i} := {name} {parenthesised(t)}" for i, t in enumerate(choices[0])
            ]
            for extra, closer in ((0.0, "simp_all; omega"), (0.1, "grind"), (-0.1, "omega")):
                yield 3.3 + extra, "\n".join([*everywhere, closer])
            if domains[0] == NAT:
                small = [f"have {h}{i} := {name} {i}" for i in range(13)]
                for extra, closer in ((0.0, "simp_all; omega"), (0.1, "simp at *; omega")):
                    yield 4.1 + extra, "\n".join([*small, closer])


def _existing(
    view: View, name: str, bounds: Sequence[str], domains: Sequence[str], body: Shape
) -> Iterator[Idea]:
    """What a universal hypothesis says to exist for variables, which no tactic finds for itself where
    nothing else mentions them, and, for functions that are asked for, a function to all of it."""
    fits = [view.of_type(domain)[:3] or _diagonals(view, domain) for domain in domains]
    names = view.fresh(*body.names, "h")
    taken = f"obtain ⟨{', '.join(names)}⟩ := {name}"
    known = {_bare(fact.text) for fact in view.facts.values()}
    for place, terms in enumerate(islice(product(*fits), 6)):
        said = body.parts[0]
        for bound, term in zip(bounds, terms, strict=True):
            said = _put(said, bound, term)
        there = {_bare(_put(said, body.names[0], variable)) for variable in view.variables}
        if not there & known:
            yield 0.9 + 0.3 * place, f"{taken} {' '.join(parenthesised(t) for t in terms)}"
    if len(domains) == 1:
        f, h = view.fresh("f", "h")
        functions = view.target.head == "∃" and "→" in view.target.domain
        yield 2.5 if functions else 4.5, f"obtain ⟨{f}, {h}⟩ := Classical.axiomOfChoice {name}"


def _put(text: str, name: str, term: str) -> str:
    return re.sub(rf"(?<![\w.']){re.escape(name)}(?![\w'])", lambda _: parenthesised(term), text)


def _bare(text: str) -> str:
    return re.sub(r"[()\s]", "", text)


def _diagonals(view: View, domain: str) -> list[str]:
    """Cantor's predicate for a function to predicates."""
    start, arrow, end = domain.partition(" → ")
    if not arrow or end != "Prop":
        return []
    return [f"fun x => ¬{f} x x" for f in view.of_type(f"{start} → {domain}")[:1]]


def _candidates(view: View, domain: str, most: int) -> list[str]:
    found = view.of_type(domain) if domain else []
    if domain in (NAT, INT, ""):
        arguments = re.findall(r"(?<=[\w₀-₉'] )\(([^()]{1,12})\)", view.goal.target)
        found = [*found[:4], *(str(n) for n in numerals(view.goal.target)[:3] if n < 10**4)]
        found += [a for a in arguments if words(a) <= set(view.of_type(domain))][:2]
        found += ["0", "1", "2"]
        found += [f"{v} + 1" for v in view.of_type(NAT)[:1] if domain == NAT]
        if domain == INT:
            found += ["-1"]
    return list(dict.fromkeys(found))[:most]


def at_arguments(view: View) -> Iterator[Idea]:
    """Equations between functions at variables."""
    for h in view.goal.hypotheses:
        if h.equates is None or h.name not in view.facts or h.equates.arguments > 2:
            continue
        (name,) = view.fresh("h")
        choices = permutations([*view.variables][:4], h.equates.arguments)
        for place, terms in enumerate(islice(choices, 8)):
            applied = h.name
            for term in terms:
                applied = f"congrFun {parenthesised(applied)} {term}"
            yield 1.2 + 0.12 * place, f"have {name} := {applied}"


# Existential targets


def witnesses(view: View) -> Iterator[Idea]:
    """Terms for an existential target: variables, small numerals, numerals in sight, any term that
    makes the first equation true."""
    target = view.target
    if target.head != "∃":
        return
    domain = target.domain
    choices = [name for name, kind in view.variables.items() if domain in ("", kind)]
    numbers = dict.fromkeys([2, 3, *numerals(view.goal.target)])
    choices += ["0", "1", *(f"{v} + 1" for v in view.of_type(NAT)[:2])]
    choices += [str(n) for n in numbers if 1 < n < 10**6][:7]
    choices += [f"{a} + {b}" for a, b in product(view.of_type(NAT, INT)[:2], repeat=2)]
    choices += [f"{v} * {v}" for v in view.of_type(NAT, INT)[:3]]
    if domain not in ("", NAT, INT):
        choices = [name for name, kind in view.variables.items() if domain == kind]
    for place, term in enumerate(choices[:16]):
        yield 1.9 + 0.12 * place, f"refine ⟨{term}, ?_⟩"
    for place, term in enumerate(choices[:6]):
        yield 1.7 + 0.12 * place, f"exact ⟨{term}, by first | omega | (simp_all; done) | grind⟩"
    if not words(view.goal.target) & set(view.variables) and not view.heavy:
        yield from first_witnesses(target)
    yield 2.0, "refine ⟨_, rfl⟩"
    yield 2.3, "refine ⟨_, ?_, rfl⟩"
    yield 2.4, "refine ⟨_, rfl, ?_⟩"
    yield 3.0, "exists _"
    yield 2.5, "apply Exists.intro <;> assumption"
    if shape(target.parts[0]).head == "∃":
        yield 2.6, "refine ⟨_, _, rfl⟩"
        pairs = product(choices[:4], repeat=2)
        for place, (a, b) in enumerate(pairs):
            yield 2.6 + 0.1 * place, f"refine ⟨{a}, {b}, ?_⟩"


FIRST_WITNESSES = {1: 64, 2: 16, 3: 8}
"""How many numbers are tried for each of so many unknowns: `decide` reaches its limits beyond."""


def first_witnesses(target: Shape) -> Iterator[Idea]:
    """Looks for numbers that a closed statement says to exist: `decide` finds them below a bound,
    which `Exists.imp` forgets. Integers are looked for on both sides of zero."""
    names, domains, body = list(target.names), {target.domain}, target.parts[0]
    while (inner := shape(body)).head == "∃":
        names += inner.names
        domains.add(inner.domain)
        body = inner.parts[0]
    count = FIRST_WITNESSES.get(len(names))
    if count is None or not domains <= {"", NAT, INT}:
        return
    number = f"(fun n : Nat => (n : Int) - {count // 2})"
    for cost, domain, imp in ((1.60, NAT, "imp"), (1.65, INT, f"imp' {number}")):
        if domains <= {"", domain}:
            below = [f"n < {count} ∧ "] * len(names)
            bounded = "∃ n : Nat, ".join(below) + "_"
            forget = "h.2" + f".{imp} fun _ h => h.2" * (len(names) - 1)
            yield cost, f"exact Exists.{imp} (fun n (h : {bounded}) => {forget}) (by decide)"
