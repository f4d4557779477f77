"""Many searches over one environment, each with the generator that it is given.

Every search is a coroutine that drives its `BestFirst`. A fair queue of tactics stands in front of
the environment, of which at most `environment.capacity` are in flight. A generator gets each request
when it is made: what is asked of it at the same time is its own to batch, and no request waits for
another's slowest sample. Tactics begin to run as their text arrives, as long as they are among the
best `width` so far; commits wait for all suggestions of a goal and follow their order.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from types import TracebackType
from typing import Generic, Literal, Self, TypeVar

from search.best_first import BestFirst, Expansion, SearchResult, rank
from search.budget import Spent
from search.interfaces import (
    Environment,
    Outcome,
    Request,
    State,
    Suggestion,
    TacticGenerator,
)

T = TypeVar("T")

OnProgress = Callable[[BestFirst], Awaitable[object] | None]
"""Is told of a search after a tactic. What it gives, the search waits for."""


class SearchFailed(RuntimeError):
    """A search cannot go on; the cause is the original error. Its graph is still valid."""

    def __init__(
        self,
        source: Literal["generator", "environment", "scheduler"],
        why: str,
        cause: Exception | None = None,
    ) -> None:
        super().__init__(f"the {source} failed: {why}")
        self.source = source
        self.__cause__ = cause


@dataclass(frozen=True, slots=True)
class Metrics:
    """Since the scheduler started. The idle shares (0 to 1) are of the wall time during which at
    least one search ran: nothing being generated, and environment slots without a tactic."""

    tactics: int
    expansions: int
    requests: int
    generator_idle: float
    slots_idle: float


class _Meter:
    """The integral of a level over time, in seconds."""

    def __init__(self) -> None:
        self._level = 0
        self._area = 0.0
        self._since = 0.0

    def set(self, level: int) -> None:
        self._area = self.area()
        self._level = level
        self._since = asyncio.get_running_loop().time()

    def area(self) -> float:
        if self._level == 0:
            return self._area
        return self._area + self._level * (asyncio.get_running_loop().time() - self._since)


class _FairQueue(Generic[T]):
    """Takes turns between owners; first in, first out for each."""

    def __init__(self) -> None:
        self._lanes: dict[object, deque[T]] = {}

    def push(self, owner: object, item: T) -> None:
        self._lanes.setdefault(owner, deque()).append(item)

    def pop(self) -> T | None:
        for owner in self._lanes:
            lane = self._lanes.pop(owner)
            item = lane.popleft()
            if lane:
                self._lanes[owner] = lane  # behind the others
            return item
        return None

    def drop(self, owner: object) -> None:
        self._lanes.pop(owner, None)


@dataclass(eq=False, slots=True)
class _Run:
    """One search that is being driven."""

    search: BestFirst
    generator: TacticGenerator
    first: TacticGenerator | None
    ready: Callable[[], Awaitable[object]] | None
    refute: bool
    since: float
    jobs: set[_Job] = field(default_factory=set)
    executing: int = 0
    paused: bool = False
    rate: float = 1.0
    cap: asyncio.Timeout | None = None
    asking: asyncio.Future[Suggestion | None] | None = None

    def tick(self) -> None:
        """Brings the clock of the search up to now."""
        now = asyncio.get_running_loop().time()
        self.search.spent.seconds += self.rate * (now - self.since)
        self.since = now

    def pace(self, capacity: int) -> None:
        """Notes that the number of its tactics has changed, or that it was paused. The clock goes as
        fast as the search: at the share of the slots that it would have alone."""
        self.tick()
        alone = min(capacity, len(self.jobs))
        self.rate = 0.0 if self.paused else self.executing / alone if alone else 1.0
        limit = self.search.budget.seconds
        if self.cap is not None and limit is not None and not self.cap.expired():
            left = max(0.0, limit - self.search.spent.seconds)
            self.cap.reschedule(self.since + left / self.rate if self.rate else None)


@dataclass(eq=False, slots=True)
class _Job:
    """One tactic on its way. `settled`: its outcome was committed, or nobody will commit it."""

    run: _Run
    state: State
    tactic: str
    brief: bool
    outcome: asyncio.Future[Outcome]
    task: asyncio.Task[None] | None = None
    settled: bool = False


class Scheduler:
    """Runs searches: `async with Scheduler(environment) as scheduler`, then any number of
    `scheduler.run(search, generator)` at once."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._open = False
        self._runs: set[_Run] = set()
        self._jobs: _FairQueue[_Job] = _FairQueue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._asking = 0
        self._running, self._generating, self._busy_slots = _Meter(), _Meter(), _Meter()
        self._tactics = self._expansions = self._requests = 0

    async def __aenter__(self) -> Self:
        self._open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Searches that still run fail with `SearchFailed`."""
        self._open = False
        closed = SearchFailed("scheduler", "it was closed")
        for run in self._runs:
            if run.asking is not None:
                run.asking.cancel()
            for job in run.jobs:
                if not job.outcome.done():
                    job.outcome.set_exception(closed)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def run(
        self,
        search: BestFirst,
        generator: TacticGenerator,
        *,
        first: TacticGenerator | None = None,
        ready: Callable[[], Awaitable[object]] | None = None,
        verify: Callable[[str], Awaitable[bool]] | None = None,
        on_progress: OnProgress | None = None,
        refute: bool = True,
    ) -> SearchResult:
        """Drives a search to its end, once. `on_progress` is called after every commit, and what it
        gives is waited for. With `refute`, nothing is tried on a goal below the root that the
        environment finds false.

        With `first`, a goal is first tried with what that suggests; `generator` is asked in another
        visit if this does not close it: what is cheap comes before a model. What the generator needs
        is `ready` first. Neither that nor a verdict nor what `on_progress` has it wait for counts as time
        of the search: many may wait at once, and no proof is lost because others are judged before it.

        A script that `verify` does not accept loses its last committed step and the search goes on.
        When this is cancelled or raises, `search.result("interrupted")` still tells what was found.
        On every end what the search has in flight is abandoned and its states are released.
        """
        if not self._open:
            raise SearchFailed("scheduler", "it is not open")
        now = asyncio.get_running_loop().time()
        run = _Run(search, generator, first, ready, refute, now)
        self._runs.add(run)
        self._running.set(1)
        try:
            async with asyncio.timeout(search.budget.seconds) as cap:
                run.cap = cap
                await self._drive(run, verify, on_progress)
            run.tick()
            return search.result()
        except TimeoutError:
            if not cap.expired():
                raise
            run.tick()
            return search.result("budget", "seconds")
        finally:
            run.cap = None
            run.tick()
            await self._end(run)

    def metrics(self) -> Metrics:
        running = self._running.area()
        slots = running * self._environment.capacity
        return Metrics(
            self._tactics,
            self._expansions,
            self._requests,
            1.0 - min(1.0, self._generating.area() / running) if running else 1.0,
            1.0 - min(1.0, self._busy_slots.area() / slots) if slots else 1.0,
        )

    async def _drive(
        self,
        run: _Run,
        verify: Callable[[str], Awaitable[bool]] | None,
        on_progress: OnProgress | None,
    ) -> None:
        search = run.search
        while True:
            script = search.script()
            if script is not None:
                with self._paused(run), _stopwatch(search.spent, "verifying"):
                    accepted = verify is None or await verify(script)
                if accepted:
                    return
                search.reject_proof()
                continue
            expansion = search.next_expansion()
            if expansion is None:
                return
            self._expansions += 1
            await self._visit(run, expansion, on_progress)

    @contextmanager
    def _paused(self, run: _Run) -> Iterator[None]:
        """The clock of a search stands: what it waits for is not its own work."""
        run.paused = True
        run.pace(self._environment.capacity)
        try:
            yield
        finally:
            run.paused = False
            run.pace(self._environment.capacity)

    async def _visit(self, run: _Run, expansion: Expansion, on_progress: OnProgress | None) -> None:
        search, goal = run.search, expansion.goal
        jobs: dict[tuple[str, bool], _Job] = {}

        def run_only(suggestions: Sequence[Suggestion]) -> None:
            wanted = {(suggestion.tactic, suggestion.again) for suggestion in suggestions}
            for which in jobs.keys() - wanted:
                self._abandon(jobs.pop(which))
            for s in suggestions:
                if (s.tactic, s.again) not in jobs:
                    job = self._submit(run, goal.state, s.tactic, brief=not s.again)
                    jobs[s.tactic, s.again] = job

        unseen = expansion.request is not None and not expansion.begun
        if run.refute and unseen and goal is not search.graph.root:
            false = await self._environment.counterexample(goal.state)
            if false is not None:
                search.refute(goal, false)
                self._environment.release(search.take_unneeded())
                return
        try:
            if expansion.request is not None:
                arrived: list[Suggestion] = []
                best: list[Suggestion] = []
                first = None if expansion.begun else run.first
                if first is None and run.ready is not None:
                    with self._paused(run):
                        await run.ready()
                tried = search.tried(goal)
                with _stopwatch(search.spent, "generating"):
                    stream = self._suggestions(run, first or run.generator, expansion.request)
                    async with aclosing(stream) as suggestions:
                        async for suggestion in suggestions:
                            arrived.append(suggestion)
                            new = (s for s in rank([*best, suggestion]) if s.tactic not in tried)
                            best = list(islice(new, search.width))
                            run_only(best)
                search.add_suggestions(goal, arrived, more=first is not None)
            tactics = search.tactics(goal)
            run_only(tactics)
            for suggestion in tactics:
                which = suggestion.tactic, suggestion.again
                outcome = await jobs[which].outcome
                over = search.commit(goal, suggestion, outcome)
                run.tick()
                jobs.pop(which).settled = True
                self._environment.release(search.take_unneeded())
                waits = None if on_progress is None else on_progress(search)
                if waits is not None:
                    with self._paused(run):
                        await waits
                if over:
                    return
        finally:
            for job in jobs.values():
                self._abandon(job)

    async def _end(self, run: _Run) -> None:
        try:
            self._jobs.drop(run)
            tasks = [job.task for job in run.jobs if job.task is not None]
            for job in list(run.jobs):
                self._abandon(job)
            if tasks:
                await asyncio.wait(tasks)
        finally:
            self._runs.discard(run)
            self._running.set(1 if self._runs else 0)
            self._environment.release(run.search.take_all())

    # Tactics

    def _submit(self, run: _Run, state: State, tactic: str, brief: bool) -> _Job:
        if not self._open:
            raise SearchFailed("scheduler", "it was closed")
        job = _Job(run, state, tactic, brief, asyncio.get_running_loop().create_future())
        run.jobs.add(job)
        self._jobs.push(run, job)
        self._fill_slots()
        run.pace(self._environment.capacity)
        return job

    def _abandon(self, job: _Job) -> None:
        """Ends a job whose outcome nobody will commit."""
        if job.settled:
            return
        job.settled = True
        if not job.outcome.cancel() and _succeeded(job.outcome):
            job.run.search.discard(job.outcome.result())
        if job.task is None:
            job.run.jobs.discard(job)
            job.run.pace(self._environment.capacity)
        else:
            job.task.cancel()

    def _fill_slots(self) -> None:
        while self._open and len(self._tasks) < self._environment.capacity:
            job = self._jobs.pop()
            if job is None:
                break
            if not job.outcome.done():
                job.task = asyncio.create_task(self._execute(job), name="tactic")
                job.task.add_done_callback(partial(self._executed, job))
                self._tasks.add(job.task)
                self._tactics += 1
                job.run.executing += 1
                job.run.pace(self._environment.capacity)
        self._busy_slots.set(len(self._tasks))

    async def _execute(self, job: _Job) -> None:
        try:
            outcome = await self._environment.run(job.state, job.tactic, brief=job.brief)
        except asyncio.CancelledError:
            if not job.outcome.done():
                job.outcome.set_exception(
                    SearchFailed("environment", f"it cancelled {job.tactic!r}")
                )
            raise
        except Exception as error:  # noqa: BLE001 (whatever it is, it belongs to this search)
            if not job.outcome.done():
                job.outcome.set_exception(
                    SearchFailed("environment", f"{error!r} while running {job.tactic!r}", error)
                )
        else:
            if job.outcome.done():
                job.run.search.discard(outcome)
            else:
                job.outcome.set_result(outcome)

    def _executed(self, job: _Job, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        job.run.jobs.discard(job)
        job.run.executing -= 1
        job.run.pace(self._environment.capacity)
        self._fill_slots()

    # Suggestions

    async def _suggestions(
        self, run: _Run, generator: TacticGenerator, request: Request
    ) -> AsyncGenerator[Suggestion, None]:
        """What a generator suggests for a request. Closing the scheduler ends it with an error."""
        self._requests += 1
        self._ask(1)
        stream = generator.generate([request])
        try:
            while True:
                run.asking = asyncio.ensure_future(_next(stream))
                try:
                    suggestion = await run.asking
                except asyncio.CancelledError:
                    if self._open or not run.asking.cancelled():
                        run.asking.cancel()
                        raise
                    raise SearchFailed("scheduler", "it was closed") from None
                except Exception as error:
                    raise SearchFailed("generator", repr(error), error) from error
                if suggestion is None:
                    return
                yield suggestion
        finally:
            run.asking = None
            self._ask(-1)
            if (close := getattr(stream, "aclose", None)) is not None:
                await close()

    def _ask(self, change: int) -> None:
        self._asking += change
        self._generating.set(1 if self._asking else 0)


async def _next(stream: AsyncIterator[tuple[int, Suggestion]]) -> Suggestion | None:
    """The next suggestion; None if there are no more."""
    async for _, suggestion in stream:
        return suggestion
    return None


@contextmanager
def _stopwatch(spent: Spent, what: Literal["generating", "verifying"]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    begin = loop.time()
    try:
        yield
    finally:
        setattr(spent, what, getattr(spent, what) + loop.time() - begin)


def _succeeded(outcome: asyncio.Future[Outcome]) -> bool:
    return outcome.done() and not outcome.cancelled() and outcome.exception() is None
