"""What is learned from: a goal and a tactic as sets of plain words.

A tactic is seen by its shape: names of hypotheses become their kind, the user's own functions and
theorems one word each, new names none. So what is learned of `simp_all [append]` on one file holds
for `simp_all [plus]` on another.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from prover.generate.shapes import TOKEN, plain, shape
from search.context import NOTHING, Context
from search.interfaces import Goal, Hypothesis, Suggestion

KNOWN_TYPES = frozenset({"Nat", "Int", "Bool", "Prop", "List", "Option", "Array", "Fin", "Type"})

VOCABULARY = frozenset(
    """
    simp simp_all simp_arith dsimp omega grind decide rfl assumption contradiction exact apply
    intro intros have show refine constructor left right cases rcases obtain induction
    generalizing with fun_induction fun_cases unfold rw at using exfalso subst split symm funext
    ext congr propext by_cases absurd byContradiction only done first skip all_goals any_goals
    try repeat kernel arith revert generalize specialize exists trivial nofun injection nil cons
    zero succ none some inl inr elim mp mpr this from by fun next case calc conv suffices simpa
    infer_instance ac_rfl
    """.split()  # noqa: SIM905 (a list would take a page)
)
"""The words that are kept of a tactic. A name with a dot that is nothing in sight is kept too."""

_RENAMES = re.compile(r"rename_i [^\n]*\n")
_LONGEST = 4_000
"""Characters of a tactic that are read. The rest of a longer one says nothing new."""

_REPEATED = re.compile(r"((?:\S+ ){0,2}?\S+)(?: \1)+(?= |$)")


@dataclass(frozen=True)
class Scene:
    """A goal, with what its names are: the user's functions and types that it is about, by the names
    that a tactic has for them, and the theorems of the file."""

    goal: Goal
    functions: frozenset[str] = frozenset()
    recursive: bool = False
    types: frozenset[str] = frozenset()
    premises: frozenset[str] = frozenset()

    @classmethod
    def of(cls, goal: Goal, context: Context = NOTHING) -> Scene:
        own = context.functions_of([*goal.own, *goal.around])
        return cls(
            goal,
            frozenset(f.signature.shown for f in own),
            any(f.recursive for f in own),
            frozenset(context.types),
            frozenset(p.signature.shown for p in context.premises),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "goal": asdict(self.goal),
            "functions": sorted(self.functions),
            "recursive": self.recursive,
            "types": sorted(self.types),
            "premises": sorted(self.premises),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Scene:
        """Raises KeyError or TypeError where something is missing."""
        goal = dict(values["goal"])
        hypotheses = tuple(Hypothesis(**h) for h in goal.pop("hypotheses"))
        lists: dict[str, Any] = {k: tuple(goal.pop(k)) for k in ("own", "around", "constants")}
        return cls(
            Goal(hypotheses=hypotheses, **goal, **lists),
            frozenset(values["functions"]),
            bool(values["recursive"]),
            frozenset(values["types"]),
            frozenset(values["premises"]),
        )

    @cached_property
    def features(self) -> tuple[str, ...]:
        """What the goal is like, each once, in order."""
        goal = self.goal
        facts = [h for h in goal.hypotheses if h.is_prop]
        data = [h for h in goal.hypotheses if not h.is_prop]
        target = shape(goal.target)
        own = {*goal.own, *goal.around}
        found = [
            f"target {target.head or target.text.split(' ')[0] if not own else target.head}",
            f"size {min(9, len(goal.target).bit_length())}",
            f"facts {min(4, len(facts))}",
            f"data {min(4, len(data))}",
            f"own {min(3, len(goal.own))}",
        ]
        if self.recursive:
            found.append("recursive")
        if any("ih" in h.name for h in facts):
            found.append("induction")
        if "if " in goal.target or "match " in goal.target:
            found.append("cases")
        found += [f"fact {shape(h.type).head}" for h in facts]
        found += [f"data {self._kind(h)}" for h in data]
        found += [f"about {name}" for name in goal.constants if name not in own]
        return tuple(dict.fromkeys(found))

    def _kind(self, hypothesis: Hypothesis) -> str:
        text = plain(hypothesis.type)
        if "→" in text:
            return "→"
        head = hypothesis.head or text.split(" ")[0]
        if head in self.types:
            return "own"
        return head if head in KNOWN_TYPES else "other"

    @cached_property
    def _words(self) -> dict[str, str]:
        found = dict.fromkeys(self.functions, "F") | dict.fromkeys(self.premises, "P")
        found |= dict.fromkeys(self.types, "T")
        for h in self.goal.hypotheses:
            kind = f"H{shape(h.type).head}" if h.is_prop else f"V{self._kind(h)}"
            found[h.name.split("✝")[0]] = kind
        return found

    def shape(self, suggestion: Suggestion) -> str:
        """A tactic without what is of this goal alone."""
        retrieved = suggestion.source == "theorems"
        text = _RENAMES.sub("", suggestion.tactic[:_LONGEST], count=1)
        found = []
        for token in TOKEN.findall(text):
            word = self._words.get(token)
            if word is None:
                if token[:1].isdigit():
                    word = token if len(token) == 1 and token < "3" else "N"
                elif not token[:1].isalpha() or token in VOCABULARY:
                    word = token
                elif "." in token:
                    word = "L" if retrieved else token
                else:
                    word = "x"
            if word not in (",", "_"):
                found.append(word)
        return _REPEATED.sub(r"\1+", " ".join(found))


def coarse(shape_: str) -> str:
    """The tactic words of a shape alone."""
    return " ".join(word for word in re.split(r"[ +]+", shape_) if word in VOCABULARY)


def priors(suggestions: Sequence[Suggestion], shapes: Sequence[str]) -> list[tuple[str, ...]]:
    """What is known of each of some suggestions for a goal before anything is learned: who proposed
    it, how likely that thought it, and how many of its shape that thought likelier."""
    ratings = [s.logprob if s.prior is None else s.prior for s in suggestions]
    found: dict[int, tuple[str, ...]] = {}
    seen: Counter[str] = Counter()
    for place in sorted(range(len(suggestions)), key=lambda i: -ratings[i]):
        source, shape_ = suggestions[place].source, shapes[place]
        rating = f"at {source} {min(16, int(-2 * ratings[place]))}"
        found[place] = (f"by {source}", rating, f"again {min(4, seen[shape_])}")
        seen[shape_] += 1
    return [found[place] for place in range(len(suggestions))]
