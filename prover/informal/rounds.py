"""A proof in words, or none, and a formal statement: sketches by a model, filled by the search.

After Draft, Sketch, and Prove (Jiang et al. 2023), with what it lacks: a sketch that Lean does not
accept goes back with Lean's errors, a gap that resists goes back with what is known of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prover.api import Filled, Prover, StatementError
from prover.errors import NOT_PROVED, ProverError
from prover.informal import prompts
from prover.informal.fill import StatementChanged, expect_same, fill
from prover.informal.problem import NoSketch, Problem, mended
from prover.informal.sketch import Sketch
from prover.informal.writer import Question, Writer
from prover.verify.verdict import Outcome
from search.budget import Budget, Spent

if TYPE_CHECKING:
    from prover.engine.options import Progress, Searched
    from prover.lean.states import Message

MOST_MENDED = 8
"""How many errors of a sketch become gaps."""

SHOWN_ERRORS, SHOWN_GOAL = 5, 1_500
"""How many errors, and how many characters of a goal, go back to a model."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How sketches are written: so many `sketches` at a time, each sent back at most `repairs` times
    while Lean does not accept it, and written anew in at most `rounds` rounds while gaps resist."""

    sketches: int = 4
    repairs: int = 2
    rounds: int = 3
    temperature: float = 0.8


@dataclass(frozen=True, slots=True)
class Tried:
    """A sketch of a model, and what became of it in words. `filled` is what its search came to."""

    round: int
    answer: str
    what: str
    sketch: Sketch | None = None
    filled: Filled | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of a theorem with its words: the best that was reached, the proof in words that was
    followed, and all sketches."""

    filled: Filled
    proof: str
    sketch: Sketch
    tried: tuple[Tried, ...]


class NothingSketched(ProverError):
    """No sketch of a model could be used. The message says what was wrong with each."""

    exit_code = NOT_PROVED


@dataclass(frozen=True, slots=True)
class _Thread:
    """A conversation about one sketch: what the model was asked, and what it answered last."""

    question: Question
    answer: str | None


async def prove_by_sketches(
    prover: Prover,
    writer: Writer,
    problem: Problem,
    plan: Plan | None = None,
    tell: Callable[[str], None] = lambda what: None,
) -> Attempt:
    """Proves a theorem along a proof in words; without one, the model drafts it. The budget of the
    prover's options is for all sketches together: what is left of it is divided among the rounds to
    come, and in a round among the gaps.
    `tell` hears how it goes.

    Raises:
        StatementError: the text with the theorem does not elaborate.
        NothingSketched: no sketch could be used.
        ModelError: the model failed.
    """
    return await _Rounds(prover, writer, problem, plan or Plan(), tell).run()


class _Rounds:
    def __init__(
        self,
        prover: Prover,
        writer: Writer,
        problem: Problem,
        plan: Plan,
        tell: Callable[[str], None],
    ) -> None:
        self._prover = prover
        self._writer = writer
        self._problem = problem
        self._plan = plan
        self._tell = tell
        self._begin = time.monotonic()
        self._spent = Spent()
        self._seed = prover.options.seed
        self._tried: list[Tried] = []

    async def run(self) -> Attempt:
        plan, problem = self._plan, self._problem
        await self._expect_elaborates()
        if not problem.proof:
            self._tell("drafting a proof in words")
            (words,) = await self._write([prompts.draft(problem.formal, problem.words)])
            self._problem = problem = replace(problem, proof=words or "")
        question = prompts.sketch(problem.formal, problem.words, problem.proof)
        self._tell(f"writing {plan.sketches} sketches")
        answers = await self._write([question] * plan.sketches)
        threads = [_Thread(question, answer) for answer in dict.fromkeys(answers)]
        for number in range(1, plan.rounds + 1):
            threads = await self._round(number, threads)
            done = self._best()
            settled = done is not None and _settled(done)
            if settled or not threads or number == plan.rounds or self._is_spent():
                break
            self._tell(f"round {number + 1}: writing sketches anew where gaps stay open")
            answers = await self._write([thread.question for thread in threads])
            threads = [
                replace(thread, answer=answer)
                for thread, answer in zip(threads, answers, strict=True)
                if answer not in [one.answer for one in self._tried]
            ]
        best = self._best()
        if best is None:
            why = "\n".join(f"sketch {n}: {one.what}" for n, one in enumerate(self._tried, 1))
            raise NothingSketched(f"no sketch of the model could be used\n{why}")
        assert best.filled is not None and best.sketch is not None
        return Attempt(best.filled, problem.proof, best.sketch, tuple(self._tried))

    async def _expect_elaborates(self) -> None:
        errors = await self._errors(self._problem.text)
        if errors:
            raise StatementError("\n".join(map(str, errors)))

    async def _write(self, questions: Sequence[Question]) -> list[str | None]:
        answers = await self._writer.write(
            questions, seed=self._seed, temperature=self._plan.temperature
        )
        self._seed += len(questions)
        return answers

    async def _round(self, number: int, threads: Sequence[_Thread]) -> list[_Thread]:
        """Has Lean accept the sketches, then fills them side by side; the first that is settled ends
        the others. Gives the conversations that go on."""
        ready = await asyncio.gather(*(self._accepted(number, thread) for thread in threads))
        found: dict[str, tuple[Sketch, _Thread]] = {}
        for one in ready:
            if one is not None:
                found.setdefault(one[0].text, one)
        gaps = max(1, sum(text.count("sorry") for text in found))
        budget = self._share(gaps * (self._plan.rounds - number + 1))
        tasks = {
            asyncio.create_task(self._fill(number, sketch, thread, budget)): thread
            for sketch, thread in found.values()
        }
        going: list[_Thread] = []
        waiting = set(tasks)
        try:
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    tried, thread = await task
                    self._tried.append(tried)
                    if thread is not None:
                        going.append(thread)
                if any(map(_settled, self._tried)):
                    break
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        return going

    async def _accepted(self, number: int, thread: _Thread) -> tuple[Sketch, _Thread] | None:
        """A sketch that elaborates and is about the theorem: as the model wrote it, as it mended it,
        or what is left of it when it could not."""
        left: Sketch | None = None
        question, answer = thread.question, thread.answer
        for attempt in range(self._plan.repairs + 1):
            if answer is None:
                self._note(number, "", "the answer was cut off")
                break
            try:
                sketch = self._problem.sketch(answer)
                errors = await self._errors(sketch.text)
                if not errors:
                    await self._expect_same(sketch)
                    return sketch, _Thread(question, answer)
                left, why = await self._left(sketch, errors) or left, _shown(errors)
            except (NoSketch, StatementError, StatementChanged) as error:
                why = error.message
            kept = None if left is None else self._problem.code(left.text)
            question = question.after(answer, prompts.not_accepted(why, kept))
            if attempt == self._plan.repairs:
                if left is None:
                    self._note(number, answer, why)
                break
            self._tell(f"a sketch goes back: {why.splitlines()[0]}")
            (answer,) = await self._write([question])
        if left is None:
            return None
        return left, _Thread(thread.question, self._problem.code(left.text))

    async def _left(self, sketch: Sketch, errors: Sequence[Message]) -> Sketch | None:
        """What of a sketch elaborates and is about the theorem, with gaps in the place of the rest."""
        now: Sketch | None = sketch
        for _ in range(MOST_MENDED):
            assert now is not None
            now = mended(now, errors)
            if now is None:
                return None
            errors = await self._errors(now.text)
            if not errors:
                try:
                    await self._expect_same(now)
                except (StatementChanged, StatementError):
                    return None
                return now
        return None

    async def _errors(self, text: str) -> Sequence[Message]:
        header, body = await self._prover.texts.split(text)
        done = await self._prover.texts.elaborate(header, body)
        self._prover.engine.pool.release([hole.state for hole in done.holes])
        return done.errors

    async def _expect_same(self, sketch: Sketch) -> None:
        (verdict,) = await self._prover.check_text(
            sketch.text, name=sketch.name, statements=self._problem.text
        )
        expect_same(verdict)

    async def _fill(
        self, number: int, sketch: Sketch, thread: _Thread, budget: Budget
    ) -> tuple[Tried, _Thread | None]:
        """Fills a sketch; with a conversation that goes on where gaps stay open."""

        def report(progress: Progress) -> None:
            if where := sketch.progress(progress.line):
                self._tell(where)

        prover = Prover(
            engine=self._prover.engine,
            options=replace(self._prover.options, budget=budget),
            on_progress=report,
        )
        answer = thread.answer or ""
        try:
            filled = await fill(prover, sketch, self._problem.text)
        except (StatementError, StatementChanged) as error:
            return Tried(number, answer, error.message, sketch), None
        for verdict in filled.verdicts:
            self._spent += verdict.spent
        holes = [hole for hole in filled.holes if not hole.proved]
        about = filled.verdicts[-1]
        what = "proved" if filled.proved else about.reason
        tried = Tried(number, answer, what, sketch, filled)
        if filled.proved or about.outcome is Outcome.DISPROVED:
            return tried, None
        gaps = [_gap(sketch, hole) for hole in holes]
        reply = prompts.resists(gaps or [about.reason], self._problem.code(filled.text))
        return tried, _Thread(thread.question.after(answer, reply), None)

    def _share(self, parts: int) -> Budget:
        """What one gap may take: of what is left, a part of so many."""
        budget = self._prover.options.budget
        late = time.monotonic() - self._begin
        seconds = None if budget.seconds is None else max(1.0, budget.seconds - late)
        return replace(budget.left(self._spent).part(parts), seconds=seconds)

    def _is_spent(self) -> bool:
        budget = self._prover.options.budget
        late = budget.seconds is not None and time.monotonic() - self._begin > budget.seconds
        spent = budget.expansions is not None and self._spent.expansions >= budget.expansions
        return late or spent or self._prover.engine.interrupted

    def _best(self) -> Tried | None:
        """The sketch that came furthest: one that is settled, or else that with the fewest gaps."""
        there = [one for one in self._tried if one.filled is not None]
        return min(there, key=lambda one: (not _settled(one), _open(one)), default=None)

    def _note(self, number: int, answer: str, what: str) -> None:
        self._tried.append(Tried(number, answer, what))


def _settled(tried: Tried) -> bool:
    """Whether nothing is left to do: the theorem is proved, or disproved."""
    if tried.filled is None:
        return False
    last = tried.filled.verdicts[-1]
    return tried.filled.proved or last.outcome is Outcome.DISPROVED


def _open(tried: Tried) -> int:
    return 0 if tried.filled is None else sum(not hole.proved for hole in tried.filled.holes)


def _shown(errors: Sequence[Message]) -> str:
    more = len(errors) - SHOWN_ERRORS
    said = [str(error) for error in errors[:SHOWN_ERRORS]]
    return "\n".join([*said, *([f"and {more} more"] if more > 0 else [])])


def _gap(sketch: Sketch, hole: Searched) -> str:
    """What a model is told of a gap that stays open."""
    where = sketch.progress(hole.line)
    parts = [
        f"Line {hole.line}{f' ({where})' if where else ''}:\n```\n{hole.goal[:SHOWN_GOAL]}\n```"
    ]
    if hole.counterexample is not None:
        at = f" at {hole.counterexample}" if hole.counterexample else ""
        parts.append(f"This is FALSE{at}: claim something else.")
    else:
        parts.append(f"The search did not find a proof: {hole.reason}.")
        if hole.failed:
            parts.append("These fail on it: " + "; ".join(f"`{one}`" for one in hole.failed))
        left = [goal for goal in hole.left if goal != hole.goal]
        parts += [f"What was left at best:\n```\n{goal[:SHOWN_GOAL]}\n```" for goal in left[:1]]
    return "\n".join(parts)
