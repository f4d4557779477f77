"""What of the context of a goal its tactics are filled from, and how terms and types are read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from prover.generate.shapes import INT, NAT, View, usable, words
from search.context import Function, InductiveType, Instance, Premise, Tree

MOST_FUNCTIONS = 24
"""How many functions are unfolded together. A goal over more of them is not for one tactic."""

MOST_PREMISES = 6

MOST_TOGETHER = 9
"""How many theorems are tried one by one, and how many one tactic is given."""

RELATIONS = {"LE", "LT", "HasSubset", "HasSSubset", "Membership", "Dvd", "HasEquiv", "Setoid"}
"""The classes whose notations are propositions."""

LIBRARY_TYPES = {"Nat": ("zero", "succ"), "List": ("nil", "cons")}


@dataclass(frozen=True)
class Sight:
    """What of the context a goal is about."""

    view: View

    @cached_property
    def functions(self) -> list[Function]:
        """The functions of the goal, then those that they are made of, and those that predicates of
        the target speak of."""
        goal, types = self.view.goal, self.view.context.types
        asked = [n for name in goal.own if name in types for n in sorted(_mentioned(types[name]))]
        found = self.view.context.functions_of([*goal.own, *goal.around, *asked])
        return [f for f in found if _shows(f)][:MOST_FUNCTIONS]

    @cached_property
    def rules(self) -> list[str]:
        """What simplification may unfold."""
        return [f.signature.listed for f in self.functions]

    @cached_property
    def simp(self) -> str:
        """What follows `simp` to have it unfold."""
        return using(self.rules)

    @cached_property
    def grind(self) -> str:
        """What follows `grind` to have it unfold."""
        return self.known_to_grind()

    @cached_property
    def simp_more(self) -> str:
        """What follows `simp` to have it unfold, and use theorems."""
        return using([*self.rules, *self.lemmas])

    @cached_property
    def grind_more(self) -> str:
        """What follows `grind` to have it unfold, and use theorems."""
        return self.known_to_grind(theorems=True)

    @cached_property
    def _recurring(self) -> list[str]:
        """What recurs in the target itself."""
        own = set(self.view.goal.own)
        recursive = [f for f in self.functions if f.matched or f.recursive]
        return [f.signature.listed for f in recursive if f.signature.name in own]

    @cached_property
    def outermost(self) -> list[str]:
        """Theorems, and what recurs in the target itself: enough where the theorems speak of all that
        this calls."""
        return [*self._recurring, *(p.signature.listed for p in self.premises if p.grind)]

    @cached_property
    def closing(self) -> list[str]:
        """The same with those theorems only that end in a relation of the user's in the target: what
        else is known of its sides leads away from them. Nothing if these are all."""
        own = set(self.view.goal.own)
        usable = [p for p in self.premises if p.grind]
        ending = [p.signature.listed for p in usable if p.head in own]
        return [*self._recurring, *ending] if 0 < len(ending) < len(usable) else []

    def known_to_grind(self, *first: str, theorems: bool = False) -> str:
        """What follows `grind` to have it use some names and unfold. It refuses a whole list for an
        `abbrev` in it."""
        functions = [f.signature.listed for f in self.functions if not f.reducible]
        usable = [p.signature.listed for p in self.premises if p.grind] if theorems else []
        return using([*first, *functions, *usable])

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
        near = set(self.view.goal.own or self.view.goal.around) - data

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
        """What simplification may use."""
        return [p.signature.listed for p in self.fitting if p.rewrites][:MOST_TOGETHER]

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
            for call in calls_of(function, self.view.goal.target):
                for place, argument in call.items():
                    if place in function.matched and argument.startswith("("):
                        found[argument[1:-1]] = None
        return [term for term in found if is_applied(self, term)]

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
    return {name for c in info.constructors for b in c.binders for name in constants_of(b.type)}


def _shows(made: Function | Instance) -> bool:
    """Whether to unfold something shows anything. A type does not: what tactics do to a type they do
    to its definition. How something is decided or printed does not either."""
    if isinstance(made, Instance):
        return not head_of(made.signature.result).startswith(("Decidable", "Repr", "Inhabited"))
    return not made.opaque and (made.signature.result != "Type" or bool(made.matched))


def using(rules: Sequence[str]) -> str:
    """What follows `simp_all` or `grind` to have it use some definitions and theorems."""
    return f" [{', '.join(rules)}]" if rules else ""


def is_said(made: Function | Instance) -> bool:
    """Whether it is a proposition that something means."""
    if isinstance(made, Instance):
        return head_of(made.signature.result) in RELATIONS
    return made.signature.result == "Prop" and not made.matched


def head_of(tree: Tree) -> str:
    """The constant at the head of a type."""
    return str(tree[0] if isinstance(tree, tuple) else tree)


def constants_of(tree: Tree) -> set[str]:
    """The constants that a term mentions."""
    if isinstance(tree, tuple):
        return set().union(*map(constants_of, tree))
    return {tree} if isinstance(tree, str) else set()


def binders_of(tree: Tree) -> set[int]:
    """The binders that a term mentions."""
    if isinstance(tree, tuple):
        return set().union(*map(binders_of, tree))
    return {tree} if isinstance(tree, int) else set()


def is_applied(sight: Sight, term: str) -> bool:
    """Whether a term is a function of the user's applied to something, and no more."""
    shown = {f.signature.shown for f in sight.functions}
    if set("=∧∨→↔∀∃∣<>≤≥⟨|&") & set(term) or words(term) & {"match", "fun", "if", "let"}:
        return False
    head, _, rest = term.partition(" ")
    short = {name.rsplit(".", 1)[-1] for name in shown}
    if head in shown and rest:
        return True
    return "." in head and head.rsplit(".", 1)[-1] in short


def bracketed(text: str) -> list[str]:
    """What stands in round brackets, from the inside out, each as often as it does."""
    found, begun = [], []
    for place, mark in enumerate(text):
        if mark == "(":
            begun.append(place)
        elif mark == ")" and begun:
            found.append(text[begun.pop() + 1 : place])
    return found


def calls_of(function: Function, text: str) -> list[dict[int, str]]:
    """The applications of a function in a text, as far as they can be read: by place, the arguments
    that are single names."""
    explicit = function.signature.explicit
    name = re.escape(function.signature.shown)
    found: list[dict[int, str]] = []
    for match in re.finditer(rf"(?<![\w.'!?]){name}(?![\w.'!?])", text):
        arguments = arguments_in(text[match.end() :], len(explicit))
        call = dict(zip(explicit, arguments, strict=False))
        if call not in found:
            found.append(call)
    # `x.f y`: the name before the dot is the first explicit argument of its type
    short = function.signature.shown.rsplit(".", 1)[-1]
    for match in re.finditer(
        rf"(?<![\w.'!?])([^\W\d][\w'!?₀-₉]*)\.{re.escape(short)}(?![\w.'!?])", text
    ):
        rest = arguments_in(text[match.end() :], len(explicit) - 1)
        call = dict(zip(explicit, [match[1], *rest], strict=False))
        if call not in found:
            found.append(call)
    return found


def arguments_in(text: str, most: int) -> list[str]:
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
