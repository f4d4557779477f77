"""What an action is worth, by Lean's verdict on it: rewards for reinforcement learning.

An action is what a model writes for a *training state*: one tactic, or a script of tactics that
proves a whole statement. Lean runs it, and nothing else decides. What gets no answer (a timeout, too
little memory, a process that died) is no failure: it has no reward, and takes no part in what the
others are compared with.
"""

from __future__ import annotations

import asyncio
import math
import re
import threading
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self, TypeVar

from prover.api import Outcome as Verdict
from prover.api import Prover, Settings, StatementError
from prover.data.theorems.statement import statement_sha256
from prover.engine.targets import open_statement
from prover.errors import LeanFailed, WrongUse
from prover.generate.value import ValueModel
from prover.lean.limits import PATIENT, Limits
from prover.lean.pool import LeanPool
from prover.lean.source import NotText, as_lean_reads, with_options
from prover.train.rounds import NO_ANSWER
from search.interfaces import Failure, Outcome, State, Suggestion
from search.proof import layout

T = TypeVar("T")

LONGEST = 256
"""Tactics of a proof that is followed."""

Action = Literal["tactic", "proof"]
Kind = Literal["outcome", "process", "value", "product"]
BY_VALUE: tuple[Kind, ...] = ("value", "product")
"""Kinds whose tactics a value model rates."""


class Step(StrEnum):
    """What a tactic did to a state. NEARER: it left only states that are known to be provable, all
    together in fewer steps than the state it ran on. One that changes nothing is FAILED."""

    FAILED = "failed"
    CHANGED = "changed"
    NEARER = "nearer"
    CLOSED = "closed"


SCALES: dict[Kind, Mapping[Step, float]] = {
    "outcome": {Step.FAILED: 0.0, Step.CHANGED: 0.0, Step.NEARER: 1.0, Step.CLOSED: 1.0},
    "process": {Step.FAILED: 0.0, Step.CHANGED: 0.1, Step.NEARER: 0.5, Step.CLOSED: 1.0},
    **{kind: {Step.FAILED: 0.0, Step.CLOSED: 1.0} for kind in BY_VALUE},
}
"""What each is worth; the values are ours. That a tactic runs and changes the goals is worth little,
or a model would learn to write `have` after `have`; where no worth is said, a value model says it."""


class Ran(NamedTuple):
    """A tactic of an action: where it `end`s in the text, what it did, and the print that it ran on,
    empty where nothing was open."""

    end: int
    step: Step
    state: str = ""
    tactic: str = ""


@dataclass(frozen=True)
class TrainingState:
    """A state of a statement's proof: `history` are the tactics on the way to it, each of which runs
    on the first state that is open, depth first. `known` has, by their prints without the names of
    cases, the fewest steps that are known to prove states of this statement."""

    header: str
    statement: str
    history: tuple[str, ...] = ()
    known: Mapping[str, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Scored:
    """The reward of an action: `value`, None where Lean gave no answer, and `why` that is. `steps`
    are the tactics that it consists of, each with the place in the text where it ends and its reward;
    `value` is their mean if each has its own."""

    value: float | None
    steps: tuple[tuple[int, float], ...] = ()
    why: str = ""


class LeanRewards:
    """Rewards from Lean processes of its own, `jobs` of them. Use it as a context manager; `action` and
    `kind` may change between calls.

    As `value`, what ran and is no end is worth the probability that a value model (the folder `value`)
    gives it to help, r_step; what Lean refuses stays 0. As `product` this is multiplied by
    r_instruction, how good the statement is, which `quality` has by the statement's hash (0 to 1, and 1
    where it has none; `prover.train.evolve.qualities`): the reward of WizardMath (Luo et al. 2023, arXiv
    2308.09583), with Lean for its models of instructions. That the product is taken for each tactic, and
    not for whole answers, is ours. All actions for one state have the same r_instruction, so that it
    counts only where rewards are not divided by the deviation of their group.

    With the action `tactic`, a completion is one tactic for its state, and is worth what `SCALES` says
    for the kind. With `proof`, it is a script for the whole statement. Its outcome is that of the
    judge (`prover.api.Prover`): 1 if the statement is proved by it, 0 if not. As a process, each of
    its tactics (`LeanPool.steps`) has a reward of its own, when they run one after the other, each on
    the first open goal alone: one that looks at others (`all_goals`, `case` of a later goal) fails.
    """

    def __init__(
        self,
        action: Action = "tactic",
        kind: Kind = "outcome",
        *,
        value: Path | None = None,
        quality: Mapping[str, float] | None = None,
        lean: str = "auto",
        jobs: int = 1,
        limits: Limits = PATIENT,
    ) -> None:
        """Raises `WrongUse`: `value` is no value model, or is none where the kind needs one, or is one
        where it needs none; `ModelError`: it cannot be loaded."""
        if (kind in BY_VALUE) != (value is not None):
            raise WrongUse(
                f"a value model (`prover train value`) goes with the rewards {', '.join(BY_VALUE)}"
            )
        self.value = value
        self.quality = quality or {}
        self._model = None if value is None else ValueModel.load(value)
        self.action: Action = action
        self.kind: Kind = kind
        self._prover = Prover(Settings(lean=lean, jobs=jobs, limits=limits))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lean", daemon=True)

    def __enter__(self) -> Self:
        """Starts Lean. Raises as `prover.api.Prover`."""
        self._thread.start()
        try:
            self._wait(self._prover.__aenter__())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._wait(self._prover.__aexit__(kind, error, trace))
        self._stop()

    def prints(self, states: Sequence[TrainingState]) -> list[str | None]:
        """The states as Lean prints them; None for one that it does not come to."""

        async def one(state: TrainingState) -> str | None:
            there = await self._open(state)
            if isinstance(there, str):
                return None
            self._pool.release([there])
            return there.pp

        return self._wait(_all(one(state) for state in states))

    def follow(self, root: TrainingState, steps: Mapping[str, str]) -> dict[str, TrainingState]:
        """The states on the way of a proof, by their prints, each with its history: from the
        statement on, the tactic for each state is the one that `steps` has for its print. Ends where
        there is none, or where it fails."""
        return self._wait(self._follow(root, steps))

    def score(self, states: Sequence[TrainingState], completions: Sequence[str]) -> list[Scored]:
        """The rewards of actions, one for each state and its completion. All are run at once, what is
        the same once.

        Raises:
            LeanUnavailable: Lean does not start any more.
        """
        return self._wait(self._score(list(zip(states, completions, strict=True))))

    @property
    def _pool(self) -> LeanPool:
        return self._prover.engine.pool

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _score(self, asked: Sequence[tuple[TrainingState, str]]) -> list[Scored]:
        states = list(dict.fromkeys(state for state, _ in asked))
        opened = dict(zip(states, await _all(map(self._open, states)), strict=True))
        actions = list(dict.fromkeys(asked))
        ran = await _all(self._one(state, opened[state], text) for state, text in actions)
        self._pool.release([one for one in opened.values() if isinstance(one, State)])
        helps = self._helps([step for one in ran if not isinstance(one, Scored) for step in one])
        found = {
            action: one if isinstance(one, Scored) else self._mean(action[0], one, helps)
            for action, one in zip(actions, ran, strict=True)
        }
        return [found[action] for action in asked]

    async def _one(self, state: TrainingState, there: State | str, text: str) -> Scored | list[Ran]:
        if isinstance(there, str):
            return Scored(None, why=there)
        if not layout(text) or Suggestion(text, 0.0).flaw is not None:
            return [Ran(len(text), Step.FAILED)]
        if self.action == "proof" and self.kind == "outcome":
            return await self._judge(state, text)
        if self.action == "tactic":
            return await self._run(state, there, [(layout(text), len(text))])
        steps = await self._steps(there, text)
        return steps if isinstance(steps, Scored) else await self._run(state, there, steps)

    async def _steps(self, there: State, script: str) -> Scored | list[tuple[str | None, int]]:
        """The tactics of a script in the order in which they run, each with the place where it ends;
        None for what Lean cannot read behind them."""
        read = await self._pool.steps(there, script)
        if isinstance(read, str):
            return Scored(None, why=read)
        places, rest = read
        steps: list[tuple[str | None, int]] = []
        for first, last in places:
            column = first - (script.rfind("\n", 0, first) + 1)
            steps.append((layout(" " * column + script[first:last]), last))
        return [*steps, (None, len(script))] if rest or not steps else steps

    def _helps(self, ran: Sequence[Ran]) -> dict[Ran, float]:
        """The probabilities of a value model that tactics help, of those that it is to rate."""
        asked = [one for one in dict.fromkeys(ran) if one.step not in SCALES[self.kind]]
        if not asked:
            return {}
        if self._model is None:
            raise WrongUse(f"the reward {self.kind} needs a value model")
        scores = self._model.score([(one.state, one.tactic) for one in asked])
        return {one: math.exp(score) for one, score in zip(asked, scores, strict=True)}

    async def _judge(self, state: TrainingState, text: str) -> Scored:
        """The outcome of a script, by the verdict that everything else has too."""
        try:
            judged, _ = await self._prover.texts.check_proof(
                state.statement, layout(text), header=state.header
            )
        except StatementError as error:  # it has elaborated before
            return Scored(None, why=str(error))
        if judged.outcome in (Verdict.TIMEOUT, Verdict.CRASH, Verdict.GAVE_UP):
            return Scored(None, why=judged.reason)
        value = float(judged.proved)
        return Scored(value, ((len(text), value),))

    async def _run(
        self, training: TrainingState, root: State, steps: Sequence[tuple[str | None, int]]
    ) -> Scored | list[Ran]:
        """What tactics do that run one after the other, each on the first state that is open.
        What is none, or stands after one that fails, or where nothing is open, has failed too."""
        left, made = [root], list[State]()
        ran = []
        try:
            for tactic, end in steps:
                if not left or tactic is None:
                    ran.append(Ran(end, Step.FAILED))
                    continue
                state = left.pop()
                outcome: Outcome = await self._pool.run(state, tactic)
                if isinstance(outcome, Failure):
                    if outcome.kind in NO_ANSWER:
                        return Scored(None, why=f"{outcome.kind}: {outcome.message}")
                    left.clear()
                else:
                    made += outcome.children
                    left += reversed(outcome.children)
                ran.append(Ran(end, worth(training.known, state, outcome), state.pp, tactic))
        finally:
            self._pool.release(made)
        return ran

    def _mean(self, state: TrainingState, ran: Sequence[Ran], helps: Mapping[Ran, float]) -> Scored:
        factor = 1.0
        if self.kind == "product":
            factor = self.quality.get(statement_sha256(state.header, state.statement), 1.0)
        scale = SCALES[self.kind]
        rewards = tuple(
            (one.end, factor * (helps[one] if one in helps else scale[one.step])) for one in ran
        )
        return Scored(math.fsum(reward for _, reward in rewards) / len(rewards), rewards)

    async def _open(self, state: TrainingState) -> State | str:
        """A training state, or why it cannot be had."""
        root = await self._root(state)
        if isinstance(root, str):
            return root
        left = [root]
        for tactic in state.history:
            if not left:
                return f"nothing is left to prove before the tactic {tactic!r}"
            before = left.pop()
            outcome: Outcome = await self._pool.run(before, tactic)
            self._pool.release([before])
            if isinstance(outcome, Failure):
                self._pool.release(left)
                return f"the tactic {tactic!r} on the way: {outcome.message}"
            left += reversed(outcome.children)
        if not left:
            return "nothing is left to prove after its tactics"
        there = left.pop()
        self._pool.release(left)
        return there

    async def _root(self, state: TrainingState) -> State | str:
        try:
            statement = as_lean_reads(state.statement)
            header = with_options(state.header, statement)
            text = await open_statement(self._pool, header, statement)
        except (LeanFailed, NotText) as error:
            return f"the statement: {error}"
        holes = [hole.state for hole in text.holes]
        if text.errors or not holes:
            self._pool.release(holes)
            why = str(text.errors[0]) if text.errors else "nothing is to be proved"
            return f"the statement: {why}"
        self._pool.release(holes[1:])
        return holes[0]

    async def _follow(
        self, root: TrainingState, steps: Mapping[str, str]
    ) -> dict[str, TrainingState]:
        found: dict[str, TrainingState] = {}
        start = await self._open(root)
        left = [start] if isinstance(start, State) else []
        history: list[str] = list(root.history)
        made = list(left)
        while left:
            state = left.pop()
            here = TrainingState(root.header, root.statement, tuple(history), root.known)
            found.setdefault(state.pp, here)
            tactic = steps.get(state.pp)
            if tactic is None or len(history) == LONGEST:
                break
            outcome: Outcome = await self._pool.run(state, tactic)
            if isinstance(outcome, Failure):
                break
            made += outcome.children
            history.append(tactic)
            left += reversed(outcome.children)
        self._pool.release(made)
        return found


def worth(known: Mapping[str, int], state: State, outcome: Outcome) -> Step:
    """What a tactic that was answered did to a state; `known` as in `TrainingState`."""
    if isinstance(outcome, Failure):
        return Step.FAILED
    if not outcome.children:
        return Step.CLOSED
    if outcome.children == (state,):
        return Step.FAILED
    before, *after = (
        known.get(without_cases(one.pp), math.inf) for one in (state, *outcome.children)
    )
    return Step.NEARER if math.fsum(after) < before else Step.CHANGED


def without_cases(pp: str) -> str:
    """A print of goals without the names of the cases that they are: these depend on the tactic."""
    return re.sub(r"^case .*\n", "", pp, flags=re.MULTILINE)


async def _all(work: Any) -> list[Any]:
    return list(await asyncio.gather(*work))
