"""Many gyms behind one interface: the search's environment.

A state lives in the worker that made it. Another worker, or a new one after a kill, rebuilds it by
replaying the tactics that led to it from the text it came from. So a hanging tactic costs its own
limit and nothing else, and a worker killed from outside changes only the time of a result.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import textwrap
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from types import TracebackType
from typing import Any, Self, TypeVar

from prover.errors import ProverError
from prover.lean.axioms import ALLOWED
from prover.lean.library import Libraries
from prover.lean.limits import Limits
from prover.lean.process import GymDied, GymProcess, Reply
from prover.lean.states import (
    Elaborated,
    Hole,
    Message,
    Name,
    read_context,
    read_goal,
    read_messages,
    read_premises,
)
from prover.lean.toolchain import Lean
from prover.lean.worker import ElaborationFailed, Worker
from search.context import NOTHING, Context, Premise
from search.interfaces import UNFINISHED, Cost, Failure, Outcome, Progress, State
from search.premises import Library

T = TypeVar("T")

MAX_MESSAGE = 2_000
FREE_BATCH = 64

BRIEF = 8
"""The first try of a tactic in a search has the heartbeats that it may take, divided by this."""

HEARTBEATS_AN_INSTANCE = 100
"""What a theorem that `grind` instantiates costs about: it may instantiate as many as the heartbeats
allow, which it does not heed meanwhile."""

FALSE_POINTS, FALSE_HEARTBEATS, FALSE_SECONDS = 60, 100, 4.0
"""How far a goal of a search is looked at for an instance at which it is false: some 3 ms where there is
one, up to 16 ms where there is none."""

EVALUATED = 100
"""How many terms are evaluated by one request."""

INSTANCE = "inferInstance"

GLANCE_SECONDS = 0.1
"""How often a pool looks whether somebody waits for a worker."""

QUESTION = re.compile(r"\s*[a-z_]+\?(?!\w)[^\n;|]*\Z")
"""A tactic that is nothing but a question to Lean, such as `exact?` or `simp? [h] at g`."""


class LeanUnavailable(ProverError):
    """Lean cannot be started, or died in a way that repeats."""

    hint = "`prover doctor` shows what is there."


@dataclass(eq=False, slots=True)
class Handle:
    """Where a state comes from, and its names in the workers that hold it. `siblings` are those
    of the same text's or tactic's states that have not been released.
    """

    header: str
    text: str
    family: str
    index: int
    key: str
    parent: Handle | None = None
    tactic: str = ""
    whole: bool = False
    names: dict[int, int] = field(default_factory=dict)
    siblings: list[Handle] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Given:
    """What a point gives to a variable: a text that Lean reads as the value, none to a hypothesis.
    `explicit`: an application shows it."""

    name: str
    text: str | None
    explicit: bool


@dataclass(frozen=True, slots=True)
class Point:
    """An instance of a statement: what its variables and hypotheses are given, in order."""

    values: tuple[Given, ...]

    def __str__(self) -> str:
        """In words: `n = 1, xs = [0]`."""
        return ", ".join(
            f"{one.name} = {_bare(one.text)}"
            for one in self.values
            if one.text is not None and one.text != INSTANCE
        )


@dataclass(frozen=True, slots=True)
class Refutation:
    """A point where a statement is false, as the kernel evaluates it, or points where it may be:
    there, something could not be evaluated or samples stood for all values. `points` were looked
    at, `undecided` of them without an answer; `reason` says why none was."""

    found: Point | None
    guesses: tuple[Point, ...] = ()
    points: int = 0
    undecided: int = 0
    reason: str = ""


class LeanPool:
    """Runs tactics on several Lean processes. Use it as an asynchronous context manager."""

    def __init__(self, lean: Lean, *, workers: int = 1, limits: Limits | None = None) -> None:
        if workers < 1:
            raise ValueError("a pool needs at least one worker")
        self.lean = lean
        self.limits = limits or Limits()
        self.version = lean.version
        self.restarts = 0
        self.asked: Counter[str] = Counter()
        """How often the workers knew what they were asked (`Worker.asked`)."""
        self._size = workers
        self._started = 1
        self._grows = False
        self._waited = 0.0
        self._start_seconds = 0.0
        self._serial = 0
        self._idle: list[Worker] = []
        self._waiting: deque[_Waiting] = deque()
        self._apart_idle: list[Worker] = []
        self._places_apart = asyncio.Semaphore(workers)
        self._live: set[Worker] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._burials: set[asyncio.Task[None]] = set()
        self._broken: LeanUnavailable | None = None
        self._unanswered: set[tuple[str, str]] = set()
        self._libraries = Libraries(f"{lean.version}-{lean.commit}")
        self._peak_memory_mb = 0.0

    async def __aenter__(self) -> Self:
        """Starts the first worker; others follow when one is not enough (`_grow`).

        Raises:
            LeanUnavailable: Lean does not start.
        """
        try:
            await self._start_worker()
            if self._broken is not None:
                raise self._broken
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Stops all workers."""
        self._broken = self._broken or LeanUnavailable("the pool is closed")
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        closing = [worker.gym.close() for worker in (*self._live, *self._apart_idle)]
        await asyncio.gather(*closing, *self._burials)
        self._apart_idle.clear()
        self._live.clear()
        self._idle.clear()
        self._fail_waiting()

    @property
    def capacity(self) -> int:
        return self._size

    @property
    def peak_memory_mb(self) -> float:
        """The most memory that one worker has used, in MB resident."""
        return max([self._peak_memory_mb, *(w.gym.peak_memory_mb for w in self._live)])

    @property
    def broken(self) -> bool:
        """Whether it will run nothing any more: it is closed, or Lean does not start again."""
        return self._broken is not None

    @property
    def pids(self) -> list[int]:
        return [worker.gym.pid for worker in self._live]

    async def run(
        self,
        state: State,
        tactic: str,
        *,
        whole: bool = False,
        heartbeats: int | None = None,
        brief: bool = False,
    ) -> Outcome:
        """Runs a tactic on the first goal of a state; with `whole`, on all of its goals, and keeps
        what is left together as one state. `heartbeats` are fewer than the limits give; a `brief` try
        has a part of them. Cancelling the call leaves the tactic to its worker, which is used again
        when it is done or its time is over.
        """
        handle = state.handle
        assert isinstance(handle, Handle)
        most = self.limits.heartbeats // BRIEF if brief else self.limits.heartbeats
        most = min(heartbeats or most, most)
        return await asyncio.shield(self._spawn(self._run(handle, tactic, whole, most)))

    async def steps(
        self, state: State, script: str
    ) -> tuple[tuple[tuple[int, int], ...], bool] | str:
        """Where the tactics of a script begin and end in it, in the order in which they run, as Lean
        reads it where the state stands: those of bullets, braces and parentheses one by one. And
        whether it goes on behind them with what is no tactic. Or why Lean does not tell."""
        reply = await self._ask(state, self.limits.tactic_seconds, cmd="steps", script=script)
        if isinstance(reply, str):
            return reply
        data = script.encode()
        places = [tuple(len(data[:at].decode()) for at in step) for step in reply["steps"]]
        return tuple((first, last) for first, last in places), reply["rest"]

    async def refute(
        self,
        state: State,
        *,
        most: int = 400,
        heartbeats: int = 1_000,
        negation: bool = False,
        seconds: float = 5.0,
    ) -> Refutation:
        """Looks for a small instance at which the first goal of a state is false; with `negation`,
        what the goal, `¬ P`, claims not to hold. Goes through at most `most` points and ends at the
        `heartbeats`; what the kernel does at one point they do not stop: the worker is killed
        after `seconds`, and nothing was found."""
        reply = await self._ask(
            state,
            seconds,
            cmd="refute",
            most=most,
            heartbeats=heartbeats,
            negation=negation,
        )
        if isinstance(reply, str):
            return Refutation(None, reason=reply)
        found = reply["found"]
        return Refutation(
            None if found is None else _read_point(found),
            tuple(map(_read_point, reply["guesses"])),
            reply["points"],
            reply["undecided"],
        )

    async def counterexample(self, state: State) -> str | None:
        """A small instance at which the only goal of a state is false, in words; None where a short
        look finds none, or one at a state of the same text got no answer."""
        assert isinstance(state.handle, Handle)
        asked = (state.handle.header, state.handle.text)
        if len(state.goals) != 1 or asked in self._unanswered:
            return None
        found = await self.refute(
            state, most=FALSE_POINTS, heartbeats=FALSE_HEARTBEATS, seconds=FALSE_SECONDS
        )
        if found.reason:
            self._unanswered.add(asked)
        return None if found.found is None else str(found.found)

    async def evaluate(
        self,
        state: State,
        terms: Sequence[str],
        *,
        most: int = 20,
        heartbeats: int = 2_000,
        seconds: float = 10.0,
        points: Sequence[Sequence[str]] = (),
    ) -> list[tuple[str | None, ...] | None]:
        """Hashes of the normal forms of some terms at the same small points, at most `most`. Each
        term is the text of a closed function (`fun (n : Nat) (xs : List Nat) => …`), all with the
        domain of the first that elaborates, read where the state stands. None for a text that is no
        such term, and for a value where evaluation is stuck or that is large. Terms that agree at
        all points may be equal, others are not. `heartbeats` are for each term, `seconds` for some
        hundred of them. `points` are texts of closed terms for the arguments, in the place of the
        small points.
        """
        values = {text: place for place, text in enumerate({t: 0 for row in points for t in row})}
        places = [[values[text] for text in row] for row in points]
        given = {"values": list(values), "points": places} if points else {}
        rows: list[tuple[str | None, ...] | None] = []
        first: list[str] = []  # the one whose domain counts
        todo = [list(terms[i : i + EVALUATED]) for i in range(0, len(terms), EVALUATED)][::-1]
        while todo:
            some = todo.pop()
            reply = await self._ask(
                state,
                seconds,
                cmd="evaluate",
                terms=first + some,
                most=most,
                heartbeats=heartbeats,
                **given,
            )
            if not isinstance(reply, str):
                found = reply["values"][len(first) :]
                rows += [None if row is None else tuple(row) for row in found]
                there = [text for text, row in zip(some, found, strict=True) if row is not None]
                first = first or there[:1]
            elif len(some) == 1:
                rows.append(None)
            else:  # one of them took the worker along
                middle = len(some) // 2
                todo += [some[middle:], some[:middle]]
        return rows

    async def _ask(self, state: State, seconds: float, **command: Any) -> dict[str, Any] | str:
        """Asks a question about a state; the fields of the answer, or why there is none."""
        handle = state.handle
        assert isinstance(handle, Handle)
        return await asyncio.shield(self._spawn(self._asked(handle, seconds, command)))

    async def _asked(
        self, handle: Handle, seconds: float, command: dict[str, Any]
    ) -> dict[str, Any] | str:
        for attempt in count(1):
            worker = await self._acquire(handle.family, handle)
            try:
                name = await self._ensure(worker, handle)
                reply = await worker.gym.request(seconds, state=name, **command)
            except (_Lost, ElaborationFailed) as failed:
                return str(failed)
            except GymDied as died:
                if not died.killed or attempt >= died.tries:
                    return str(died)
            else:
                return reply.fields if reply.ok else reply.message
            finally:
                self._give_back(worker)
        raise AssertionError

    async def context(self, state: State, theorems: Sequence[Name] = ()) -> Context:
        """What a state's first goal is about, with those of some theorems that stand before it;
        NOTHING if Lean does not tell."""
        reply = await self._ask(state, self.limits.tactic_seconds, cmd="context", theorems=theorems)
        return NOTHING if isinstance(reply, str) else read_context(reply)

    async def library(self, state: State) -> Library | None:
        """An index of the theorems that the header of a state imports; None if Lean does not tell.
        It is made once for each set of imports, which takes seconds for a large library."""

        async def ask(first: int, most: int) -> dict[str, Any] | str:
            fields = {"from": first, "most": most}
            return await self._ask(state, self.limits.elab_seconds, cmd="library", **fields)

        assert isinstance(state.handle, Handle)
        return await self._libraries.of(state.handle.header, ask)

    async def premises(
        self, state: State, most: int = 32, without: Collection[str] = ()
    ) -> tuple[Premise, ...]:
        """Theorems of the imported modules that may help with the first goal of a state, at most
        `most`, the likeliest first, and none of those `without`; none if Lean does not tell."""
        library = await self.library(state)
        if library is None:
            return ()
        entries = library.ranked(state.goals[0].constants, most, without)
        names = [entry.name for entry in entries]
        reply = await self._ask(state, self.limits.tactic_seconds, cmd="premises", names=names)
        sources = {entry.name: entry.module for entry in entries}
        return () if isinstance(reply, str) else read_premises(reply["theorems"], sources)

    def release(self, states: Sequence[State]) -> None:
        workers = {worker.serial: worker for worker in self._live}
        for state in states:
            if isinstance(state.handle, Handle):
                for serial, name in state.handle.names.items():
                    if serial in workers:
                        workers[serial].unneeded.append(name)
                state.handle.names.clear()
                if state.handle in state.handle.siblings:
                    state.handle.siblings.remove(state.handle)

    async def elaborate(
        self,
        header: str,
        text: str,
        *,
        family: str | None = None,
        first_command: int = 0,
        scratch: bool = False,
        holes: bool = True,
    ) -> Elaborated:
        """Elaborates a text after a header, and gives a state for each of its holes.

        `family` is that of an earlier text of the same request: a process in which one ran code of
        its own serves no other request. `first_command` leaves out what comes before it,
        `scratch` has nothing kept from earlier texts take part.

        Raises:
            ElaborationFailed: the header does not elaborate, or the process died of the text.
        """
        kin = family or secrets.token_hex(8)

        async def work(worker: Worker) -> Elaborated:
            done, reply = await worker.elaborate(
                header,
                text,
                kin,
                self.limits,
                first_command=first_command,
                scratch=scratch,
                holes=holes,
            )
            return replace(done, holes=_read_holes(worker, header, text, kin, reply.fields))

        return await self.on_worker(work, kin)

    async def elaborate_apart(self, header: str, text: str, *, holes: bool = False) -> Elaborated:
        """Elaborates a text that nobody vouches for, in a process that no other text shares with it
        if it runs anything. With `holes` it tells of them. Raises `ElaborationFailed`."""

        async def work(worker: Worker) -> Elaborated:
            kin = secrets.token_hex(8)
            done, reply = await worker.elaborate(
                header, text, kin, self.limits, scratch=True, holes=holes
            )
            if not holes:
                return done
            found = _read_holes(worker, header, text, kin, reply.fields)
            for hole in found:
                assert isinstance(hole.state.handle, Handle)
                worker.unneeded.append(hole.state.handle.names.pop(worker.serial))
            names, worker.unneeded = worker.unneeded, []
            await worker.free(self.limits, states=names)
            return replace(done, holes=found)

        return await twice(self._apart, work)

    async def split(self, text: str) -> tuple[str, str]:
        """A text as its imports and the rest.

        Raises:
            ElaborationFailed: the imports do not parse.
        """

        async def work(worker: Worker) -> tuple[str, str]:
            reply = await worker.gym.request(self.limits.elab_seconds, cmd="imports", text=text)
            if not reply.ok:
                raise ElaborationFailed(reply.kind, reply.message)
            data = text.encode()
            end = reply.fields["end"]
            return data[:end].decode(), data[end:].decode()

        return await self.on_worker(work, "")

    async def _run(self, handle: Handle, tactic: str, whole: bool, heartbeats: int) -> Outcome:
        for attempt in count(1):
            worker = await self._acquire(handle.family, handle)
            try:
                return await self._run_on(worker, handle, tactic, whole, heartbeats)
            except GymDied as died:
                if died.kind != "crash" or attempt >= died.tries:
                    return Failure(died.kind, str(died))
            finally:
                self._give_back(worker)
        raise AssertionError

    async def _run_on(
        self, worker: Worker, handle: Handle, tactic: str, whole: bool, heartbeats: int
    ) -> Outcome:
        try:
            name = await self._ensure(worker, handle)
        except _Lost as lost:
            return Failure("crash", f"the state could not be rebuilt: {lost}")
        reply = await self._tactic(worker, name, tactic, whole, heartbeats)
        outcome = _read_outcome(worker, handle, tactic, whole, reply)
        if not isinstance(outcome, Progress) or not QUESTION.match(tactic):
            return outcome
        for suggestion in suggestions(read_messages(reply.fields)):
            reply = await self._tactic(worker, name, suggestion, whole, heartbeats)
            better = _read_outcome(worker, handle, suggestion, whole, reply)
            if isinstance(better, Progress):
                self.release(outcome.children)
                return better
        return outcome

    async def _tactic(
        self, worker: Worker, name: int, tactic: str, whole: bool, heartbeats: int
    ) -> Reply:
        return await worker.gym.request(
            self.limits.tactic_seconds,
            cmd="run",
            state=name,
            tactic=tactic,
            heartbeats=heartbeats,
            instances=self.limits.heartbeats // HEARTBEATS_AN_INSTANCE,
            whole=whole,
            allowed=sorted(ALLOWED),
        )

    async def _ensure(self, worker: Worker, handle: Handle) -> int:
        """The name of a state in a worker, rebuilt there if it is not known."""
        if worker.serial in handle.names:
            return handle.names[worker.serial]
        if handle.parent is None:
            _, reply = await worker.elaborate(
                handle.header, handle.text, handle.family, self.limits, holes=True
            )
            states = [hole["state"] for hole in reply.fields["holes"]]
        else:
            parent = await self._ensure(worker, handle.parent)
            most = self.limits.heartbeats
            reply = await self._tactic(worker, parent, handle.tactic, handle.whole, most)
            released = handle.parent not in handle.parent.siblings
            if released and worker.serial in handle.parent.names:
                worker.unneeded.append(handle.parent.names.pop(worker.serial))
            if not reply.ok:
                raise _Lost(reply.message)
            states = reply.fields["states"]
        wanted = {one.index: one for one in (*handle.siblings, handle)}
        for index, state in enumerate(states):
            one = wanted.get(index)
            if one and one.key == state["key"] and worker.serial not in one.names:
                one.names[worker.serial] = state["id"]
            else:
                worker.unneeded.append(state["id"])
        if worker.serial not in handle.names:
            raise _Lost("the replay gave other goals")
        return handle.names[worker.serial]

    async def on_worker(self, work: Callable[[Worker], Awaitable[T]], family: str) -> T:
        """Does work on a worker, once more if its process crashes. Raises `ElaborationFailed`."""
        return await twice(lambda: self._borrowed(family), work)

    @contextlib.asynccontextmanager
    async def _borrowed(self, family: str) -> AsyncIterator[Worker]:
        worker = await self._acquire(family)
        try:
            yield worker
        finally:
            self._give_back(worker)

    @contextlib.asynccontextmanager
    async def _apart(self) -> AsyncIterator[Worker]:
        """A process for a text that nobody vouches for. It is used again if the text ran nothing."""
        async with self._places_apart:
            worker = await self._take_apart()
            try:
                yield worker
            except BaseException:
                await _end(worker.gym)
                raise
            if worker.family is None:
                self._apart_idle.append(worker)
            else:
                await _end(worker.gym)

    async def _take_apart(self) -> Worker:
        while self._apart_idle:
            worker = self._apart_idle.pop()
            if worker.gym.alive:
                return worker
            await worker.gym.close()
        return Worker(await GymProcess.start(self.lean, self.limits), -1, asked=self.asked)

    async def _acquire(self, family: str, handle: Handle | None = None) -> Worker:
        if self._broken is not None:
            raise self._broken
        fit = [w for w in self._idle if w.serves(family)]
        if fit:
            held = [w for w in fit if handle is not None and w.serial in handle.names]
            worker = (held or fit)[0]
            self._idle.remove(worker)
        else:
            if self._idle:
                self._retire(self._idle.pop(0))
            future: asyncio.Future[Worker] = asyncio.get_running_loop().create_future()
            self._waiting.append(_Waiting(future, family, handle))
            if self._started < self._size and not self._grows:
                self._grows = True
                self._spawn(self._grow())
            try:
                worker = await future
            except asyncio.CancelledError:
                if future.done() and not future.cancelled() and future.exception() is None:
                    self._give_back(future.result())  # it came when nobody waited any more
                raise
        try:
            if len(worker.unneeded) >= FREE_BATCH and worker.gym.alive:
                names, worker.unneeded = worker.unneeded, []
                with contextlib.suppress(GymDied):
                    await worker.free(self.limits, states=names)
        except BaseException:
            self._give_back(worker)
            raise
        return worker

    def _give_back(self, worker: Worker) -> None:
        if not worker.gym.alive:
            self.restarts += self._broken is None
            self._retire(worker)
            return
        waiting = [entry for entry in self._waiting if not entry.future.done()]
        self._waiting = deque(waiting)
        if not waiting:
            self._idle.append(worker)
            return
        fit = [entry for entry in waiting if worker.serves(entry.family)]
        if not fit:
            self._retire(worker)
            return
        held = (e for e in fit if e.handle is not None and worker.serial in e.handle.names)
        best = next(held, fit[0])
        self._waiting.remove(best)
        best.future.set_result(worker)

    def _retire(self, worker: Worker) -> None:
        """Ends a worker that can serve nobody who waits, and starts another in its place."""
        worker.gym.kill()
        self._bury(worker)
        if self._broken is None:
            self._spawn(self._start_worker())

    def _bury(self, worker: Worker) -> None:
        self._live.discard(worker)
        self._peak_memory_mb = max(self._peak_memory_mb, worker.gym.peak_memory_mb)
        burial = asyncio.create_task(worker.gym.close())
        self._burials.add(burial)
        burial.add_done_callback(self._burials.discard)

    async def _start_worker(self) -> None:
        begin = time.monotonic()
        for attempt in count(1):
            try:
                gym = await GymProcess.start(self.lean, self.limits)
                break
            except (GymDied, OSError) as error:
                if attempt >= (error.tries if isinstance(error, GymDied) else 2):
                    self._broken = LeanUnavailable(str(error))
                    self._fail_waiting()
                    return
        self._start_seconds = time.monotonic() - begin
        self._serial += 1
        worker = Worker(gym, self._serial, asked=self.asked)
        self._live.add(worker)
        self._give_back(worker)

    async def _grow(self) -> None:
        """Starts more workers each time that somebody has waited, in all, as long as a start takes:
        as many as there are, or as those who wait if they are fewer."""
        while self._waiting and self._started < self._size:
            await asyncio.sleep(GLANCE_SECONDS)
            self._waited += GLANCE_SECONDS
            if self._waited >= self._start_seconds:
                self._waited = 0.0
                more = min(self._started, self._size - self._started, len(self._waiting))
                self._started += more
                await asyncio.gather(*(self._start_worker() for _ in range(more)))
        self._grows = False

    def _fail_waiting(self) -> None:
        assert self._broken is not None
        for entry in self._waiting:
            if not entry.future.done():
                entry.future.set_exception(self._broken)
        self._waiting.clear()

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Somebody who waits for a worker."""

    future: asyncio.Future[Worker]
    family: str
    handle: Handle | None


async def twice(
    place: Callable[[], contextlib.AbstractAsyncContextManager[Worker]],
    work: Callable[[Worker], Awaitable[T]],
) -> T:
    """Does work in a place that has a worker, once more if its process crashes, and some more times
    if somebody kills it.

    Raises:
        ElaborationFailed: the process died.
    """
    for attempt in count(1):
        try:
            async with place() as worker:
                return await work(worker)
        except GymDied as died:
            if died.kind != "crash" or attempt >= died.tries:
                raise ElaborationFailed(died.kind, str(died)) from None
    raise AssertionError


async def _end(gym: GymProcess) -> None:
    """Ends a process that may not do as it is told."""
    gym.kill()
    await gym.close()


class _Lost(Exception):
    """A replay did not give the state it should."""


def _read_point(rows: Sequence[tuple[str, str | None, bool]]) -> Point:
    return Point(tuple(Given(*row) for row in rows))


def _bare(text: str) -> str:
    """A value without the parentheses around all of it."""
    if not (text.startswith("(") and text.endswith(")")) or text == "()":
        return text
    depth = 0
    for at, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0 and at < len(text) - 1:
            return text
    return text if "," in text and text[1] != "." else text[1:-1]


def suggestions(messages: Sequence[Message]) -> list[str]:
    """The tactics that "Try this" messages propose, first first.

    Lean prints `Try this: simp` up to 4.24 and, from then on, one line `[apply] simp` for each.
    """
    found: list[str] = []
    for message in messages:
        match = re.match(r"Try (?:this|these):\s*", message.text)
        if match:
            body = message.text[match.end() :]
            for part in re.split(r"^\s*\[\w+\] ", "\n" + body, flags=re.MULTILINE):
                lines = [li for li in part.splitlines() if not li.lstrip().startswith("--")]
                text = textwrap.dedent("\n".join(lines)).strip()
                if text:
                    found.append(text)
    return found


def _read_state(worker: Worker, handle: Handle, reply: dict[str, Any]) -> State:
    handle.names[worker.serial] = reply["id"]
    return State(reply["key"], tuple(read_goal(goal) for goal in reply["goals"]), handle)


def _read_holes(
    worker: Worker, header: str, text: str, family: str, fields: dict[str, Any]
) -> tuple[Hole, ...]:
    holes = []
    siblings: list[Handle] = []
    for index, hole in enumerate(fields["holes"]):
        handle = Handle(header, text, family, index, hole["state"]["key"], siblings=siblings)
        siblings.append(handle)
        state = _read_state(worker, handle, hole["state"])
        holes.append(
            Hole(hole["first"], hole["last"], hole["tactic"], hole["prop"], hole["coupled"], state)
        )
    return tuple(sorted(holes, key=lambda hole: hole.first))


def _read_outcome(
    worker: Worker, handle: Handle, tactic: str, whole: bool, reply: Reply
) -> Outcome:
    cost = Cost(reply.heartbeats, reply.seconds)
    if not reply.ok:
        kind = reply.kind
        if "maximum recursion depth" in reply.message or "deep recursion" in reply.message:
            kind = "recursion"
        elif "(deterministic) timeout" in reply.message:
            kind = UNFINISHED
        return Failure(kind, reply.message[:MAX_MESSAGE], cost)
    children = []
    siblings: list[Handle] = []
    for index, child in enumerate(reply.fields["states"]):
        own = Handle(
            handle.header,
            handle.text,
            handle.family,
            index,
            child["key"],
            handle,
            tactic,
            whole,
            siblings=siblings,
        )
        siblings.append(own)
        children.append(_read_state(worker, own, child))
    return Progress(
        tactic=tactic,
        children=tuple(children),
        goal_order=tuple(reply.fields["order"]),
        cost=cost,
        kept=tuple(reply.fields["kept"]),
    )
