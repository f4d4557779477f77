"""Instances: one at which a statement fails, with a proof of its negation, or one that a goal claims
to exist.

They are found by evaluation in Lean (`LeanPool.refute`), which is believed in nothing: what counts is
the proof, judged like every proof.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from prover.engine.checking import Checker
from prover.generate.portfolio import Portfolio
from prover.lean.pool import Point, Refutation
from prover.lean.source import cut, indent
from prover.lean.states import Declaration, Elaborated, Hole
from prover.lean.worker import ElaborationFailed
from prover.verify.judge import Made
from prover.verify.layers import Judgement
from prover.verify.verdict import Outcome, Verdict
from search.best_first import BestFirst
from search.budget import Budget, Spent
from search.interfaces import Goal, Progress, State

if TYPE_CHECKING:
    from prover.engine.engine import Engine

NEGATION = "negation_of_the_statement"

CLOSING = ("by decide", "by decide +kernel")
"""What closes an instance that evaluation decides."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How far a statement is looked at: `points`, with `heartbeats` and at most `limit` seconds for
    them all; `guesses` are points that are tried to be proved where evaluation does not decide, each
    with a search of so many `expansions` and `seconds`. If `without` a point, the negation is searched
    as it stands, unless the statement holds at many points."""

    points: int
    heartbeats: int
    limit: float
    guesses: int
    expansions: int
    seconds: float
    without: bool


GLANCE = Effort(
    points=300, heartbeats=400, limit=4.0, guesses=1, expansions=4, seconds=2.0, without=False
)
"""Beside a search that does not end at once."""

STUDY = Effort(
    points=10_000, heartbeats=8_000, limit=30.0, guesses=3, expansions=12, seconds=5.0, without=True
)
"""Beside a search that does not end soon."""

SHORT_STUDY = replace(STUDY, without=False)
"""After a search that was short."""

REST_OF_STUDY = replace(STUDY, points=GLANCE.points, heartbeats=GLANCE.heartbeats, guesses=0)
"""What the study of a long search adds to that of a short one before it."""

CLAIM_GLANCE = replace(GLANCE, points=1_000, heartbeats=1_000)
"""At a goal that may claim an instance, which no short search finds: it takes 0.1 s."""

CLAIM_STUDY = replace(SHORT_STUDY, points=20_000, heartbeats=16_000, limit=10.0)
"""At such a goal whose search does not end soon: the search waits for it, some 2 s."""

MANY_POINTS = 100
"""A statement that holds at so many is searched for no other proof of its negation."""

EXISTS = "refine Classical.not_forall_not.mp ?_\ntry simp only [not_exists]"
"""What makes an existential goal the negation of one that is true of all."""

OF_FUNCTIONS = (
    "exact fun h => absurd (congrFun h default) (by decide)",
    "simp [funext_iff]",
    "exact fun h => absurd (congrFun h 1) (by decide)",
    "exact fun h => absurd (congrFun h (by constructor)) (by decide)",
)
"""What closes that functions are equal or not."""

BY_CONSTRUCTORS = (
    "nofun",
    "rintro ⟨⟨⟩⟩",
    "all_goals first | decide | (repeat' constructor) | nofun",
    *OF_FUNCTIONS,
    f"all_goals first | decide | (intros; rfl) | {' | '.join(f'({one}; done)' for one in OF_FUNCTIONS)}",
)
"""What closes instances of inductive predicates, or their negations, and of equal functions."""

GLANCE_AFTER = 4
"""How many tactics a search has tried when its statement is glanced at: most that are proved are proved
by then, and need no doubt."""

STUDY_AFTER = 16
"""How many expansions a search has had when its statement is studied."""


@dataclass(frozen=True, slots=True)
class Disproof:
    """An instance at which a statement is false, in words, with the proof of its negation: a tactic
    script, the text that was judged, and the judgement."""

    counterexample: str
    proof: str
    text: str
    judgement: Judgement

    @property
    def reason(self) -> str:
        at = f" at {self.counterexample}" if self.counterexample else ""
        return f"it is false{at}: its negation is proved"


@dataclass(frozen=True, slots=True)
class Negation:
    """A text that ends with the negation of one of its theorems, and the hole for its proof."""

    header: str
    text: str
    elaborated: Elaborated
    declaration: Declaration
    hole: Hole


class Unanswered(Exception):
    """Lean did not come back from evaluating a statement. The message says how it ended."""


class Refuter:
    """Looks for proofs that statements are false."""

    def __init__(self, engine: Engine, texts: Checker) -> None:
        self._engine = engine
        self._texts = texts

    async def disprove(
        self, header: str, text: Elaborated, declaration: Declaration, effort: Effort = GLANCE
    ) -> Disproof | None:
        """A disproof of a theorem of a text, which may have holes; None where none was found, and
        for what has no name.

        Raises:
            Unanswered: evaluating took the process along, and would again.
        """
        negation = await self._negation(header, text, declaration)
        if negation is None:
            return None
        pool = self._texts.pool
        try:
            state = negation.hole.state
            found = await pool.refute(
                state,
                most=effort.points,
                heartbeats=effort.heartbeats,
                negation=True,
                seconds=effort.limit,
            )
            if found.reason:
                raise Unanswered(found.reason)
            for point in _candidates(found, effort):
                script = await self._prove(state, point, effort)
                if script is not None:
                    return await self._judged(header, text, declaration, negation, point, script)
            believed = found.points >= MANY_POINTS and not found.guesses and not found.undecided
            if believed or not effort.without:
                return None
            script = await self._search(state, effort)
            if script is None:
                return None
            return await self._judged(header, text, declaration, negation, Point(()), script)
        finally:
            pool.release([negation.hole.state])

    async def _negation(
        self, header: str, text: Elaborated, declaration: Declaration
    ) -> Negation | None:
        if declaration.kind != "theorem" or declaration.side is not None:
            return None
        last = text.commands[declaration.command - text.first_command].last
        name = NEGATION
        while name in text.text or name in header:
            name += "'"
        levels = Made.of(text).universes(declaration)
        at = f".{{{', '.join(map(str, levels))}}}" if levels else ""
        shown = declaration.constant.shown
        before = cut(text.text, 0, last)
        whole = f"{before}\n\ntheorem _root_.{name} : ¬ type_of% @{shown}{at} := by sorry\n"
        first = declaration.command + 1
        try:
            done = await self._texts.pool.elaborate(
                header, whole, family=text.family, first_command=first
            )
        except ElaborationFailed:
            return None
        own = [d for d in done.declarations if d.command == first]
        holes = [hole for hole in done.holes if hole.first >= last]
        self._texts.pool.release([hole.state for hole in done.holes if hole not in holes])
        errors = [m for m in done.errors if done.offset(m) >= last]
        if errors or len(own) != 1 or len(holes) != 1:
            self._texts.pool.release([hole.state for hole in holes])
            return None
        return Negation(header, whole, done, own[0], holes[0])

    async def claimed(self, state: State, effort: Effort) -> str | None:
        """A tactic script for a goal that claims an instance, and which nothing given is about: for
        `∃ x, P x` by one where `P` holds, for `¬ ∀ x, P x`, or `False` from `∀ x, P x`, by one where it
        fails. None where none was found.

        Raises:
            Unanswered: it claims none, or evaluating took the process along, and would again.
        """
        pool = self._texts.pool
        given = [h.name for h in state.goals[0].hypotheses]
        before = f"revert {given[-1]}" if given else EXISTS
        asked = await self._after(state, before)
        try:
            found = await pool.refute(
                asked or state,
                most=effort.points,
                heartbeats=effort.heartbeats,
                negation=True,
                seconds=effort.limit,
            )
            if found.reason:
                raise Unanswered(found.reason)
            for point in _candidates(found, effort):
                if asked is not None and not given:
                    script = await self._witnessed(state, point, effort)
                else:
                    script = await self._prove(asked or state, point, effort)
                    if script is not None and asked is not None:
                        script = f"{before}\n{script}"
                if script is not None:
                    return script
            return None
        finally:
            if asked is not None:
                pool.release([asked])

    async def _after(self, state: State, tactic: str) -> State | None:
        """What a tactic leads to, if that is one state."""
        outcome = await self._texts.pool.run(state, tactic, whole=True)
        if not isinstance(outcome, Progress):
            return None
        if len(outcome.children) == 1:
            return outcome.children[0]
        self._texts.pool.release(outcome.children)
        return None

    async def _prove(self, state: State, point: Point, effort: Effort) -> str | None:
        """A tactic script for a negation by an instance."""
        return await self._closed(
            state,
            lambda by: f"intro h\nexact absurd {_instance(point, by)} {by}",
            f"intro h\nrefine absurd {_instance(point, '?_')} ?_ <;> clear h",
            effort,
        )

    async def _witnessed(self, state: State, point: Point, effort: Effort) -> str | None:
        """A tactic script for an existential goal by an instance."""

        def those(by: str) -> str:
            return f"⟨{', '.join(by if one.text is None else one.text for one in point.values)}⟩"

        return await self._closed(
            state, lambda by: f"exact {those(by)}", f"refine {those('?_')}", effort
        )

    async def _closed(
        self, state: State, done: Callable[[str], str], opened: str, effort: Effort
    ) -> str | None:
        """What is `done` with a proof of what an instance leaves, or goes on where it is `opened`."""
        pool = self._texts.pool
        for closing in CLOSING:
            script = done(f"({closing})")
            outcome = await pool.run(state, script)
            if isinstance(outcome, Progress):
                if not outcome.children:
                    return script
                pool.release(outcome.children)
        outcome = await pool.run(state, opened, whole=True)
        if not isinstance(outcome, Progress):
            return None
        if not outcome.children:
            return opened
        try:
            rest = await self._search(outcome.children[0], effort)
        finally:
            pool.release(outcome.children)
        return None if rest is None else f"{opened}\n{rest}"

    async def _search(self, state: State, effort: Effort) -> str | None:
        for tactic in BY_CONSTRUCTORS:
            outcome = await self._texts.pool.run(state, tactic, whole=True)
            if isinstance(outcome, Progress):
                self._texts.pool.release(outcome.children)
                if not outcome.children:
                    return tactic
        search = BestFirst(
            state,
            budget=Budget(expansions=effort.expansions, seconds=effort.seconds),
            context=await self._texts.pool.context(state, ()),
        )
        return (await self._engine.scheduler.run(search, Portfolio())).proof

    async def _judged(
        self,
        header: str,
        text: Elaborated,
        declaration: Declaration,
        negation: Negation,
        point: Point,
        script: str,
    ) -> Disproof | None:
        """The disproof, if the judge accepts the proof and it is of the negation of this theorem."""
        try:
            asked = await self._texts.pool.elaborate(
                header, negation.text, family=text.family, holes=False
            )
        except ElaborationFailed:
            return None
        same = [d for d in asked.declarations if d.place == declaration.place]
        own = [d for d in asked.declarations if d.place == negation.declaration.place]
        if not same or not own or not Made.of(asked).negates(own[0], same[0]):
            return None
        if Made.of(asked).type_hash(same[0]) != Made.of(text).type_hash(declaration):
            return None
        body = negation.text.removesuffix("sorry\n")
        candidate = f"{body}\n  {indent(script, 2)}\n"
        judgement = await self._texts.judge_candidate(header, asked, own[0], candidate)
        if not judgement.proved:
            return None
        return Disproof(str(point), script, header + candidate, judgement)


class Looks:
    """Looks at something, each taken once, of so much effort."""

    def __init__(self) -> None:
        self._taken: dict[Effort, asyncio.Task[None]] = {}

    async def close(self) -> None:
        """Ends the looks that are not over."""
        looks = list(self._taken.values())
        self._taken.clear()
        for look in looks:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)

    def _look(self, effort: Effort) -> asyncio.Task[None]:
        if effort not in self._taken:
            self._taken[effort] = asyncio.create_task(self._work(effort))
        return self._taken[effort]

    async def _work(self, effort: Effort) -> None:
        raise NotImplementedError


class Doubt(Looks):
    """Whether one theorem is false, as far as that has been looked at: `disproof` says so."""

    def __init__(
        self,
        engine: Engine,
        texts: Checker,
        header: str,
        text: Elaborated,
        declaration: Declaration,
    ) -> None:
        super().__init__()
        self.disproof: Disproof | None = None
        self._refuter = Refuter(engine, texts)
        self._header, self._text, self._declaration = header, text, declaration
        self._searches: list[asyncio.Task[Any]] = []
        self._unanswered = False

    def glance(self) -> asyncio.Task[None]:
        """Takes a first look, once."""
        return self._look(GLANCE)

    def study(self, spent: Spent) -> asyncio.Task[None]:
        """Takes a long look, once: without a point only if the search for a proof was long too."""
        if STUDY in self._taken:
            return self._look(STUDY)
        if spent.expansions < STUDY_AFTER:
            return self._look(SHORT_STUDY)
        return self._look(REST_OF_STUDY if SHORT_STUDY in self._taken else STUDY)

    def ends(self, search: asyncio.Task[Any]) -> None:
        """Has a disproof cancel a search for a proof."""
        self._searches.append(search)

    async def _work(self, effort: Effort) -> None:
        if self._unanswered:
            return
        try:
            self.disproof = await self._refuter.disprove(
                self._header, self._text, self._declaration, effort
            )
        except Unanswered:
            self._unanswered = True
        if self.disproof is not None:
            for search in self._searches:
                search.cancel()


class Claim(Looks):
    """Whether an instance proves one goal, as far as one was looked for: `script` does."""

    def __init__(self, engine: Engine, texts: Checker, state: State) -> None:
        super().__init__()
        self.script: str | None = None
        self._refuter = Refuter(engine, texts)
        self._state = state
        self._over = False

    def look(self, spent: Spent) -> asyncio.Task[None]:
        """Looks, once soon after a search began, and once when it was long."""
        return self._look(CLAIM_GLANCE if spent.expansions < STUDY_AFTER else CLAIM_STUDY)

    def study(self) -> asyncio.Task[None]:
        """Looks as long as it may, once."""
        return self._look(CLAIM_STUDY)

    def take(self) -> str | None:
        """The script, once: it is tried, and nothing is looked for any more."""
        script, self.script = self.script, None
        self._over = self._over or script is not None
        return script

    async def _work(self, effort: Effort) -> None:
        if self._over or self.script is not None:
            return
        try:
            self.script = await self._refuter.claimed(self._state, effort)
        except Unanswered:
            self._over = True


def disproved(verdict: Verdict, disproof: Disproof) -> Verdict:
    """The verdict on a theorem that turned out false."""
    judgement = disproof.judgement
    return replace(
        verdict,
        outcome=Outcome.DISPROVED,
        reason=disproof.reason,
        counterexample=disproof.counterexample,
        disproof=disproof.proof,
        text=disproof.text,
        layers=judgement.layers,
        axioms=judgement.axioms,
        open_goals=(),
    )


def may_claim(goal: Goal) -> bool:
    """Whether a goal may be one that an instance proves: nothing is given but what is contradicted."""
    given = goal.hypotheses
    return not given or (len(given) == 1 and given[0].is_prop and goal.target == "False")


def _candidates(found: Refutation, effort: Effort) -> list[Point]:
    """The points to prove something about, the likeliest first."""
    sure = [] if found.found is None else [found.found]
    return [*sure, *found.guesses[: effort.guesses]]


def _instance(point: Point, hypothesis: str) -> str:
    """The statement `h` at a point, with something for each hypothesis."""
    if not point.values:
        return "h"
    shown: Sequence[str] = [
        hypothesis if one.text is None else one.text
        for one in point.values
        if one.explicit or not _all_explicit(point)
    ]
    return f"({'h' if _all_explicit(point) else '@h'} {' '.join(shown)})"


def _all_explicit(point: Point) -> bool:
    """Whether what is not explicit follows from what is."""
    return all(one.explicit for one in point.values)
