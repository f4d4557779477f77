"""What a search needs from the outside: something that runs tactics, something that proposes them.

The search knows neither Lean nor a language model. `Environment` is implemented by the pool of Lean
workers (`prover.lean.pool`), `TacticGenerator` by everything in `prover.generate`.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Hashable, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Protocol

from search.context import NOTHING, Context

LONGEST_TACTIC = 2**16
"""Characters of a tactic that is run. Whole proofs of published models are a tenth of it."""


MALFORMED = "malformed"
"""The kind of failure of suggestions that are not run, because they have a flaw."""

UNFINISHED = "heartbeats"
"""The kind of failure of a tactic that might get further with more heartbeats."""


@dataclass(frozen=True, slots=True)
class FunctionType:
    """A type of functions, under all definitions: how many arguments they take, and whether they are
    `predicates`, which then are propositions."""

    arguments: int
    predicates: bool


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One entry of a local context. `value` is set for `let` variables; the `name` of one that no
    tactic can mention has a dagger. `head` is the constant at the head of the type, by its full name;
    `equates` is the type of the sides of an equation between functions.
    """

    name: str
    type: str
    value: str | None = None
    is_prop: bool = False
    head: str | None = None
    equates: FunctionType | None = None

    @property
    def accessible(self) -> bool:
        return "✝" not in self.name


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal as the environment prints it; `pp` is the whole print. `own` are the user's constants
    in its target, by their full names, `around` those in it and its hypotheses, where `constants` are
    all. `equates` is the type of the sides of a target that is an equation between functions."""

    pp: str
    target: str
    hypotheses: tuple[Hypothesis, ...] = ()
    case: str | None = None
    own: tuple[str, ...] = ()
    around: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()
    equates: FunctionType | None = None


@dataclass(frozen=True, slots=True)
class State:
    """Goals that share metavariables and so must be proved together: one OR node of the search.

    A tactic runs on the first of `goals`, with the others hidden; what it leaves open stands before
    them. A goal that shares nothing with its siblings is a `State` of its own.

    `handle` is the environment's own reference, meaningless to the search. `key` identifies the
    goals: two states of one environment have the same key if and only if a proof of one is a proof
    of the other. Equality and hash are those of the key.
    """

    key: str
    goals: tuple[Goal, ...]
    handle: Hashable = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def pp(self) -> str:
        return "\n\n".join(goal.pp for goal in self.goals)


@dataclass(frozen=True, slots=True)
class Cost:
    """What running one tactic took. Heartbeats are Lean's own unit: 1,000 small allocations."""

    heartbeats: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """A tactic that ran. `children` are the independent groups of goals it left, none if it closed
    the state; `goal_order` gives, for every goal left in Lean's order, the index of its child.

    `tactic` is what a proof should record: the text that was run, or, where the tactic itself
    suggested a better one (`exact?`), the suggestion.

    `kept` are the indices, in the goals of the state that the tactic ran on, of its hidden goals
    that are still open; the others were solved on the way (a metavariable was assigned). Without
    it, all of them are taken to be open. Only scripts of interleaved coupled goals depend on it.
    """

    tactic: str
    children: tuple[State, ...]
    goal_order: tuple[int, ...]
    cost: Cost = Cost()
    kept: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A tactic that did not run: `kind` is one of the environment's error kinds."""

    kind: str
    message: str
    cost: Cost = Cost()


Outcome = Progress | Failure


class Environment(Protocol):
    """Runs tactics, several at once."""

    @property
    def capacity(self) -> int:
        """How many tactics it can run at the same time."""
        ...

    async def run(self, state: State, tactic: str, *, brief: bool = False) -> Outcome:
        """Runs one tactic on the first goal of a state; a `brief` try may fail as `UNFINISHED` before
        the limits are reached. Cancelling the call abandons the tactic."""
        ...

    async def counterexample(self, state: State) -> str | None:
        """An instance at which a state is false, in words; None where a short look finds none."""
        ...

    def release(self, states: Sequence[State]) -> None:
        """Says that these states will not be asked for again."""
        ...


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A proposed tactic with its log-probability, and the tokens that were spent on it. One with an
    empty text only brings tokens. `leaves` is how many states it may leave to count as a step: one
    that is meant to close its goal brings nothing if it does not. `source` names what proposed it,
    and `prior` is the log-probability that this gave it, where another has rated it since. `again`: a
    brief try did not finish."""

    tactic: str
    logprob: float
    tokens: int = 0
    leaves: int | None = None
    source: str = ""
    prior: float | None = None
    again: bool = False

    def rated(self, logprob: float) -> Suggestion:
        """The same with another log-probability."""
        prior = self.logprob if self.prior is None else self.prior
        return replace(self, logprob=logprob, prior=prior)

    @property
    def flaw(self) -> str | None:
        """Why it cannot be run on any state; None if it can. What a model writes may be anything."""
        text, score = self.tactic, self.logprob
        if not isinstance(text, str):
            return "its text is none"
        if len(text) > LONGEST_TACTIC:
            return f"its text is longer than {LONGEST_TACTIC} characters"
        if text and not text.strip():
            return "its text is blank"
        if "\0" in text:
            return "its text has a NUL"
        try:
            text.encode()
        except UnicodeEncodeError:
            return "its text cannot be encoded in UTF-8"
        if not isinstance(score, Real) or math.isnan(score) or score == math.inf:
            return "its log-probability is no number"
        return None


@dataclass(frozen=True, slots=True)
class Request:
    """Asks for tactics for one state. `history` are the tactics on the way to it, `seed` makes the
    answer repeatable, `context` is what the goals of the search are about."""

    state: State
    history: tuple[str, ...] = ()
    seed: int = 0
    context: Context = NOTHING


class TacticGenerator(Protocol):
    """Proposes tactics for many states at once. What cannot be read as a tactic is handed on as it
    is, or as a suggestion whose log-probability is NaN: the search counts what has a `flaw`."""

    def generate(self, requests: Sequence[Request]) -> AsyncIterator[tuple[int, Suggestion]]:
        """Yields `(index of the request, suggestion)` as soon as each suggestion is complete."""
        ...
