"""Many gyms behind one interface: the search's environment.

A state lives in the worker that made it. Another worker, or a new one after a kill, rebuilds it by
replaying the tactics that led to it from the text it came from. So a hanging tactic costs its own
limit and nothing else, and a worker killed from outside changes only the time of a result.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import re
import textwrap
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self, TypeVar

from prover.lean.process import GymDied, GymProcess, Limits, Reply
from prover.lean.states import Declaration, Message, read_goal, read_messages
from prover.lean.toolchain import Lean
from prover.verify.axioms import ALLOWED
from search.interfaces import Cost, Failure, Outcome, Progress, State

T = TypeVar("T")

MAX_MESSAGE = 2_000
FREE_BATCH = 64

QUESTION = re.compile(r"\s*[a-z_]+\?(?!\w)[^\n;|]*\Z")
"""A tactic that is nothing but a question to Lean, such as `exact?` or `simp? [h] at g`."""


class LeanUnavailable(Exception):
    """Lean cannot be started, or died in a way that repeats."""


class ElaborationFailed(Exception):
    """Lean refused a header or a text. `kind` is `import`, `parse`, `elaboration` or the way the
    process died.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(eq=False, slots=True)
class Handle:
    """Where a state comes from, and its names in the workers that hold it."""

    header: str
    text: str
    index: int
    key: str
    parent: Handle | None = None
    tactic: str = ""
    whole: bool = False
    names: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hole:
    """A `sorry` of a text: its byte offsets in UTF-8, whether it is a tactic or a term, and what is
    to be proved there.
    """

    first: int
    last: int
    tactic: bool
    state: State


@dataclass(frozen=True, slots=True)
class Elaborated:
    """What Lean made of a text."""

    messages: tuple[Message, ...]
    declarations: tuple[Declaration, ...]
    holes: tuple[Hole, ...]

    @property
    def errors(self) -> tuple[Message, ...]:
        return tuple(m for m in self.messages if m.severity == "error")


Choice = Callable[[Elaborated], tuple[str, Sequence[str]]]
"""Given what a text elaborates to: the text to judge (itself, or with names for what has none), and
the names of the declarations to judge."""


@dataclass(frozen=True, slots=True)
class Text:
    """A Lean file in two parts: the imports and what else is only read once, and the rest."""

    header: str
    body: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What two processes found out about a finished declaration: the one that elaborated it, and
    the one whose kernel checked what came of it.

    `failure` says why there is nothing to judge, `unfit` why the declaration cannot be sent to a
    kernel, `smuggled` what a text holds beside the proof that was asked for. `type_hash` is the
    SHA-256 of the elaborated type, binder names left out.
    """

    messages: tuple[Message, ...]
    failure: str | None = None
    unfit: str | None = None
    smuggled: str | None = None
    same_type: bool = False
    theorem: bool = True
    type_hash: str = ""
    axioms: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    kernel_error: str | None = None
    heartbeats: int = 0


@dataclass(frozen=True, slots=True)
class _Sent:
    """A text as the process that elaborated it sends it on; `decls` by name, or why there are none."""

    elaborated: dict[str, Any]
    heartbeats: int
    decls: dict[str, Reply]


@dataclass(eq=False, slots=True)
class Worker:
    """One gym with what it holds."""

    gym: GymProcess
    serial: int
    headers: dict[str, int] = field(default_factory=dict)
    unneeded: list[int] = field(default_factory=list)
    tainted: bool = False
    """Whether a text may have changed it for the texts that come after."""


class LeanPool:
    """Runs tactics on several Lean processes. Use it as an asynchronous context manager."""

    def __init__(self, lean: Lean, *, workers: int = 1, limits: Limits | None = None) -> None:
        if workers < 1:
            raise ValueError("a pool needs at least one worker")
        self.lean = lean
        self.limits = limits or Limits()
        self.version = lean.version
        self.restarts = 0
        self._size = workers
        self._serial = 0
        self._idle: list[Worker] = []
        self._waiting: deque[tuple[asyncio.Future[Worker], Handle | None]] = deque()
        self._live: set[Worker] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._broken: LeanUnavailable | None = None
        self._judge_process: Worker | None = None
        self._spare: Worker | None = None
        self._judge_lock = asyncio.Lock()
        self._peak_memory_mb = 0.0

    async def __aenter__(self) -> Self:
        """Starts the first worker; the others follow while it works.

        Raises:
            LeanUnavailable: Lean does not start.
        """
        self._spawn(self._start_judge())
        await self._start_worker()
        if self._broken is not None:
            await self.close()
            raise self._broken
        self._spawn(self._start_others())
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
        others = [w for w in (self._judge_process, self._spare) if w is not None]
        await asyncio.gather(*(worker.gym.close() for worker in [*self._live, *others]))
        self._live.clear()
        self._judge_process = self._spare = None
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
    def pids(self) -> list[int]:
        return [worker.gym.pid for worker in self._live]

    async def run(self, state: State, tactic: str, *, whole: bool = False) -> Outcome:
        """Runs a tactic on the first goal of a state; with `whole`, on all of its goals, and keeps
        what is left together as one state. Cancelling the call leaves the tactic to its worker,
        which is used again when it is done or its time is over.
        """
        handle = state.handle
        assert isinstance(handle, Handle)
        return await asyncio.shield(self._spawn(self._run(handle, tactic, whole)))

    def release(self, states: Sequence[State]) -> None:
        workers = {worker.serial: worker for worker in self._live}
        for state in states:
            if isinstance(state.handle, Handle):
                for serial, name in state.handle.names.items():
                    if serial in workers:
                        workers[serial].unneeded.append(name)
                state.handle.names.clear()

    async def elaborate(self, header: str, text: str) -> Elaborated:
        """Elaborates a text after a header, and gives a state for each of its holes.

        Raises:
            ElaborationFailed: the header does not elaborate, or the process died of the text.
        """

        async def work(worker: Worker) -> Elaborated:
            env = await self._header(worker, header)
            fields = (await self._elab(worker, env, text)).fields
            await self._free(worker, envs=[fields["env"]])
            return _read_elaborated(worker, header, text, fields)

        return await self._elaborating(work)

    async def check(
        self,
        trusted: Text,
        candidate: Text,
        choose: Choice,
        *,
        compare: bool,
        script: bool = False,
        fresh: bool = False,
    ) -> dict[str, Checked]:
        """Elaborates a candidate text from scratch and has the kernel of another process, which
        runs no foreign text, check the declarations that are chosen on top of the trusted text.

        With `compare`, each is held against the declaration of its name in the trusted text. With
        `script`, the candidate may differ from the trusted text in nothing but the proof, and is
        elaborated in a worker; without, it may hold anything, and no worker ever sees it. With
        `fresh`, the process that judges is one that was started for it.

        Raises:
            ElaborationFailed: a header or the trusted text does not elaborate, or one of the
                processes died.
        """

        async def send(worker: Worker) -> _Sent:
            return await self._send(worker, candidate, choose)

        async def judge(worker: Worker) -> dict[str, Checked]:
            return await self._judge(worker, trusted, candidate, sent, compare, script)

        sent = await self._twice(self._borrowed if script else self._apart, send)
        return await self._twice(self._new_worker if fresh else self._judge_worker, judge)

    async def _send(self, worker: Worker, text: Text, choose: Choice) -> _Sent:
        env = await self._header(worker, text.header)
        reply = await self._elab(worker, env, text.body)
        messages, declarations = read_messages(reply.fields), _declarations(reply.fields)
        body, names = choose(Elaborated(messages, declarations, ()))
        if body != text.body:
            reply = await self._elab(worker, env, body)
        decls = {}
        for name in names:
            decls[name] = await worker.gym.request(
                self.limits.elab_seconds, cmd="export", env=reply.fields["env"], name=name
            )
        await self._forget(worker, reply)
        return _Sent(reply.fields, reply.heartbeats, decls)

    async def _judge(
        self,
        worker: Worker,
        trusted: Text,
        candidate: Text,
        sent: _Sent,
        compare: bool,
        script: bool,
    ) -> dict[str, Checked]:
        env = await self._header(worker, trusted.header)
        base = await self._elab(worker, env, trusted.body)
        messages = read_messages(sent.elaborated)
        found = {}
        for name, reply in sent.decls.items():
            smuggled = None
            if script:
                smuggled = _smuggled(trusted, candidate, base.fields, sent.elaborated, name)
            start = Checked(messages, smuggled=smuggled, heartbeats=sent.heartbeats)
            if reply.ok:
                found[name] = await self._replay(worker, base, reply, name, compare, start)
            elif reply.kind == "unfit":
                found[name] = replace(start, unfit=reply.message)
            else:
                found[name] = replace(start, failure=reply.message)
        await self._forget(worker, base)
        return found

    async def _replay(
        self, worker: Worker, base: Reply, sent: Reply, name: str, compare: bool, start: Checked
    ) -> Checked:
        reply = await worker.gym.request(
            self.limits.elab_seconds,
            cmd="replay",
            env=base.fields["env"],
            name=name,
            trusted=compare,
            decls=sent.fields["decls"],
            allowed=sorted(ALLOWED),
        )
        if not reply.ok:
            if reply.kind == "statement":
                return replace(start, failure=reply.message)
            return replace(start, unfit=reply.message)
        f = reply.fields
        type_ = json.dumps(f["type"], sort_keys=True)
        return replace(
            start,
            same_type=f["same_type"],
            theorem=f["theorem"],
            type_hash=hashlib.sha256(type_.encode()).hexdigest(),
            axioms=tuple(sorted(f["axioms"])),
            forbidden=tuple(sorted(f["forbidden"])),
            unknown=tuple(sorted(f["unknown"])),
            kernel_error=f["kernel"],
        )

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

        return await self._elaborating(work)

    async def _run(self, handle: Handle, tactic: str, whole: bool) -> Outcome:
        for attempt in range(2):
            worker = await self._acquire(handle)
            try:
                return await self._run_on(worker, handle, tactic, whole)
            except GymDied as died:
                if died.kind != "crash" or attempt == 1:
                    return Failure(died.kind, str(died))
            finally:
                self._give_back(worker)
        raise AssertionError

    async def _run_on(self, worker: Worker, handle: Handle, tactic: str, whole: bool) -> Outcome:
        try:
            name = await self._ensure(worker, handle)
        except _Lost as lost:
            return Failure("crash", f"the state could not be rebuilt: {lost}")
        reply = await self._tactic(worker, name, tactic, whole)
        outcome = _read_outcome(worker, handle, tactic, whole, reply)
        if not isinstance(outcome, Progress) or not QUESTION.match(tactic):
            return outcome
        for suggestion in suggestions(read_messages(reply.fields)):
            reply = await self._tactic(worker, name, suggestion, whole)
            better = _read_outcome(worker, handle, suggestion, whole, reply)
            if isinstance(better, Progress):
                self.release(outcome.children)
                return better
        return outcome

    async def _tactic(self, worker: Worker, name: int, tactic: str, whole: bool) -> Reply:
        return await worker.gym.request(
            self.limits.tactic_seconds,
            cmd="run",
            state=name,
            tactic=tactic,
            heartbeats=self.limits.heartbeats,
            whole=whole,
            allowed=sorted(ALLOWED),
        )

    async def _ensure(self, worker: Worker, handle: Handle) -> int:
        """The name of a state in a worker, rebuilt there if it is not known."""
        if worker.serial in handle.names:
            return handle.names[worker.serial]
        if handle.parent is None:
            env = await self._header(worker, handle.header)
            fields = (await self._elab(worker, env, handle.text)).fields
            await self._free(worker, envs=[fields["env"]])
            states = [hole["state"] for hole in fields["holes"]]
        else:
            held = worker.serial in handle.parent.names
            parent = await self._ensure(worker, handle.parent)
            reply = await self._tactic(worker, parent, handle.tactic, handle.whole)
            if not held:
                worker.unneeded.append(handle.parent.names.pop(worker.serial))
            if not reply.ok:
                raise _Lost(reply.message)
            states = reply.fields["states"]
        worker.unneeded += [s["id"] for i, s in enumerate(states) if i != handle.index]
        if handle.index >= len(states) or states[handle.index]["key"] != handle.key:
            raise _Lost("the replay gave other goals")
        name: int = states[handle.index]["id"]
        handle.names[worker.serial] = name
        return name

    async def _header(self, worker: Worker, header: str) -> int:
        if header not in worker.headers:
            reply = await worker.gym.request(self.limits.elab_seconds, cmd="open", header=header)
            if not reply.ok:
                raise ElaborationFailed(reply.kind, reply.message)
            worker.headers[header] = reply.fields["env"]
        return worker.headers[header]

    async def _elab(self, worker: Worker, env: int, text: str) -> Reply:
        reply = await worker.gym.request(self.limits.elab_seconds, cmd="elab", env=env, text=text)
        if not reply.ok:
            raise ElaborationFailed(reply.kind, reply.message)
        worker.tainted |= reply.fields["tainted"]
        return reply

    async def _forget(self, worker: Worker, elaborated: Reply) -> None:
        fields = elaborated.fields
        states = [hole["state"]["id"] for hole in fields["holes"]]
        await self._free(worker, states=states, envs=[fields["env"]])

    async def _free(
        self, worker: Worker, *, states: Sequence[int] = (), envs: Sequence[int] = ()
    ) -> None:
        await worker.gym.request(
            self.limits.tactic_seconds, cmd="free", states=list(states), envs=list(envs)
        )

    async def _elaborating(self, work: Callable[[Worker], Awaitable[T]]) -> T:
        return await self._twice(self._borrowed, work)

    async def _twice(
        self,
        place: Callable[[], contextlib.AbstractAsyncContextManager[Worker]],
        work: Callable[[Worker], Awaitable[T]],
    ) -> T:
        for attempt in range(2):
            try:
                async with place() as worker:
                    return await work(worker)
            except GymDied as died:
                if died.kind != "crash" or attempt == 1:
                    raise ElaborationFailed(died.kind, str(died)) from None
        raise AssertionError

    @contextlib.asynccontextmanager
    async def _borrowed(self) -> AsyncIterator[Worker]:
        worker = await self._acquire(None)
        try:
            yield worker
        finally:
            self._give_back(worker)

    @contextlib.asynccontextmanager
    async def _new_worker(self) -> AsyncIterator[Worker]:
        """A process that is started for one piece of work and killed after it."""
        gym = await GymProcess.start(self.lean, self.limits)
        try:
            yield Worker(gym, 0)
        finally:
            await _end(gym)

    @contextlib.asynccontextmanager
    async def _apart(self) -> AsyncIterator[Worker]:
        """A process for a text that nobody vouches for. It is used again if the text ran nothing."""
        spare, self._spare = self._spare, None
        if spare is None or not spare.gym.alive:
            spare = Worker(await GymProcess.start(self.lean, self.limits), 0)
        try:
            yield spare
        except BaseException:
            await _end(spare.gym)
            raise
        if spare.tainted or self._spare is not None:
            await _end(spare.gym)
        else:
            self._spare = spare

    @contextlib.asynccontextmanager
    async def _judge_worker(self) -> AsyncIterator[Worker]:
        """The process that judges: it elaborates trusted text only, and reads the rest as data."""
        async with self._judge_lock:
            if self._judge_process is None or not self._judge_process.gym.alive:
                gym = await GymProcess.start(self.lean, self.limits)
                self._judge_process = Worker(gym, 0)
            yield self._judge_process

    async def _acquire(self, handle: Handle | None) -> Worker:
        if self._broken is not None:
            raise self._broken
        if self._idle:
            held = [w for w in self._idle if handle is not None and w.serial in handle.names]
            worker = (held or self._idle)[0]
            self._idle.remove(worker)
        else:
            future: asyncio.Future[Worker] = asyncio.get_running_loop().create_future()
            self._waiting.append((future, handle))
            worker = await future
        if len(worker.unneeded) >= FREE_BATCH and worker.gym.alive:
            names, worker.unneeded = worker.unneeded, []
            with contextlib.suppress(GymDied):
                await self._free(worker, states=names)
        return worker

    def _give_back(self, worker: Worker) -> None:
        if not worker.gym.alive:
            self._bury(worker)
            if self._broken is None:
                self.restarts += 1
                self._spawn(self._start_worker())
            return
        waiting = [entry for entry in self._waiting if not entry[0].done()]
        self._waiting = deque(waiting)
        if not waiting:
            self._idle.append(worker)
            return
        best = next((e for e in waiting if e[1] and worker.serial in e[1].names), waiting[0])
        self._waiting.remove(best)
        best[0].set_result(worker)

    def _bury(self, worker: Worker) -> None:
        self._live.discard(worker)
        self._peak_memory_mb = max(self._peak_memory_mb, worker.gym.peak_memory_mb)

    async def _start_worker(self) -> None:
        for attempt in range(2):
            try:
                gym = await GymProcess.start(self.lean, self.limits)
                break
            except (GymDied, OSError) as error:
                if attempt == 1:
                    self._broken = LeanUnavailable(str(error))
                    self._fail_waiting()
                    return
        self._serial += 1
        worker = Worker(gym, self._serial)
        self._live.add(worker)
        self._give_back(worker)

    async def _start_judge(self) -> None:
        """Has the judge ready when the first proof is; if it does not start, that proof says so."""
        with contextlib.suppress(GymDied, OSError):
            async with self._judge_worker():
                pass

    async def _start_others(self) -> None:
        for _ in range(self._size - 1):
            await self._start_worker()

    def _fail_waiting(self) -> None:
        assert self._broken is not None
        for future, _ in self._waiting:
            if not future.done():
                future.set_exception(self._broken)
        self._waiting.clear()

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _end(gym: GymProcess) -> None:
    """Ends a process that may not do as it is told."""
    gym.kill()
    await gym.close()


class _Lost(Exception):
    """A replay did not give the state it should."""


def _smuggled(
    trusted: Text, candidate: Text, base: dict[str, Any], sent: dict[str, Any], name: str
) -> str | None:
    """What a candidate holds that is not a proof in the place that the trusted text leaves for it."""
    target = next((d for d in reversed(base["decls"]) if d["name"] == name), None)
    if target is None:
        return "the trusted text makes no declaration of this name"
    bodies = (trusted.body.encode(), candidate.body.encode())
    before = [body[: target["body"]] for body in bodies]
    if trusted.header != candidate.header or before[0] != before[1]:
        return "it changes what stands before the proof"
    if sent["commands"] != base["commands"]:
        return "it adds commands of its own"
    own = next((d for d in reversed(sent["decls"]) if d["name"] == name), None)
    if own is not None and own["runs"] is not None:
        return f"it runs a program ({own['runs']})"
    return None


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


def _declarations(fields: dict[str, Any]) -> tuple[Declaration, ...]:
    return tuple(
        Declaration(d["name"], d["kind"], d["first"], d["last"], d["body"], d["body_end"])
        for d in fields["decls"]
    )


def _read_elaborated(worker: Worker, header: str, text: str, fields: dict[str, Any]) -> Elaborated:
    holes = []
    for index, hole in enumerate(fields["holes"]):
        handle = Handle(header, text, index, hole["state"]["key"])
        state = _read_state(worker, handle, hole["state"])
        holes.append(Hole(hole["first"], hole["last"], hole["tactic"], state))
    return Elaborated(
        messages=read_messages(fields),
        declarations=_declarations(fields),
        holes=tuple(sorted(holes, key=lambda hole: hole.first)),
    )


def _read_outcome(
    worker: Worker, handle: Handle, tactic: str, whole: bool, reply: Reply
) -> Outcome:
    cost = Cost(reply.heartbeats, reply.seconds)
    if not reply.ok:
        kind = reply.kind
        if "maximum recursion depth" in reply.message or "deep recursion" in reply.message:
            kind = "recursion"
        elif "(deterministic) timeout" in reply.message:
            kind = "heartbeats"
        return Failure(kind, reply.message[:MAX_MESSAGE], cost)
    children = []
    for index, child in enumerate(reply.fields["states"]):
        own = Handle(handle.header, handle.text, index, child["key"], handle, tactic, whole)
        children.append(_read_state(worker, own, child))
    return Progress(
        tactic=tactic,
        children=tuple(children),
        goal_order=tuple(reply.fields["order"]),
        cost=cost,
        kept=tuple(reply.fields["kept"]),
    )
