"""Two processes find out about a finished declaration: one elaborates it and sends what came of it as
data, the other, which elaborates trusted text only, has its kernel check the data."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from prover.lean.process import GymDied, GymProcess, Limits, Reply
from prover.lean.states import Elaborated, Message, read_declarations, read_messages
from prover.lean.worker import ElaborationFailed, Worker
from prover.verify.axioms import ALLOWED

if TYPE_CHECKING:
    from prover.lean.pool import LeanPool

T = TypeVar("T")

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


class Judge:
    """The processes of a pool that judge, beside its workers."""

    def __init__(self, pool: LeanPool) -> None:
        self._pool = pool
        self._process: Worker | None = None
        self._spare: Worker | None = None
        self._lock = asyncio.Lock()

    async def start(self) -> None:
        """Has the process ready when the first proof is; if it does not start, that proof says so."""
        with contextlib.suppress(GymDied, OSError):
            async with self._own():
                pass

    async def close(self) -> None:
        for worker in (self._process, self._spare):
            if worker is not None:
                await worker.gym.close()
        self._process = self._spare = None

    @property
    def _limits(self) -> Limits:
        return self._pool.limits

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

        sent = await (self._pool.on_worker(send) if script else twice(self._apart, send))
        return await twice(self._new if fresh else self._own, judge)

    async def _send(self, worker: Worker, text: Text, choose: Choice) -> _Sent:
        env = await worker.header(text.header, self._limits)
        reply = await worker.elaborate(env, text.body, self._limits)
        messages, declarations = read_messages(reply.fields), read_declarations(reply.fields)
        body, names = choose(Elaborated(messages, declarations, ()))
        if body != text.body:
            reply = await worker.elaborate(env, body, self._limits)
        decls = {}
        for name in names:
            decls[name] = await worker.gym.request(
                self._limits.elab_seconds, cmd="export", env=reply.fields["env"], name=name
            )
        await worker.forget(reply, self._limits)
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
        env = await worker.header(trusted.header, self._limits)
        base = await worker.elaborate(env, trusted.body, self._limits)
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
        await worker.forget(base, self._limits)
        return found

    async def _replay(
        self, worker: Worker, base: Reply, sent: Reply, name: str, compare: bool, start: Checked
    ) -> Checked:
        reply = await worker.gym.request(
            self._limits.elab_seconds,
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

    @contextlib.asynccontextmanager
    async def _new(self) -> AsyncIterator[Worker]:
        """A process that is started for one piece of work and killed after it."""
        gym = await GymProcess.start(self._pool.lean, self._limits)
        try:
            yield Worker(gym, 0)
        finally:
            await _end(gym)

    @contextlib.asynccontextmanager
    async def _apart(self) -> AsyncIterator[Worker]:
        """A process for a text that nobody vouches for. It is used again if the text ran nothing."""
        spare, self._spare = self._spare, None
        if spare is not None and not spare.gym.alive:
            await spare.gym.close()
            spare = None
        if spare is None:
            spare = Worker(await GymProcess.start(self._pool.lean, self._limits), 0)
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
    async def _own(self) -> AsyncIterator[Worker]:
        """The process that judges: it elaborates trusted text only, and reads the rest as data."""
        async with self._lock:
            if self._process is not None and not self._process.gym.alive:
                await self._process.gym.close()
                self._process = None
            if self._process is None:
                gym = await GymProcess.start(self._pool.lean, self._limits)
                self._process = Worker(gym, 0)
            yield self._process


async def twice(
    place: Callable[[], contextlib.AbstractAsyncContextManager[Worker]],
    work: Callable[[Worker], Awaitable[T]],
) -> T:
    """Does work in a place that has a worker, once more if its process crashes.

    Raises:
        ElaborationFailed: the process died.
    """
    for attempt in range(2):
        try:
            async with place() as worker:
                return await work(worker)
        except GymDied as died:
            if died.kind != "crash" or attempt == 1:
                raise ElaborationFailed(died.kind, str(died)) from None
    raise AssertionError


async def _end(gym: GymProcess) -> None:
    """Ends a process that may not do as it is told."""
    gym.kill()
    await gym.close()


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
