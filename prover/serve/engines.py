"""What a resident process keeps running: an engine for each Lean and model that somebody works with,
and for each Lean the processes that hold documents."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from prover.engine.engine import WORKER_MEMORY_MB, Engine
from prover.engine.options import Settings
from prover.errors import WrongUse
from prover.generate.shipped import default_model
from prover.lean.documents import Desk
from prover.lean.limits import Limits
from prover.lean.pool import LeanUnavailable
from prover.lean.toolchain import PROJECT_FILES, Lean, find_lean, find_program, find_project
from prover.serve.schema import Where

IDLE_SECONDS = 15 * 60.0
"""After this long without a request an engine is ended."""

BESIDE_SECONDS = 60.0
"""The same, where another engine with the same Lean was used since: each has Lean processes of its
own, which take gigabytes."""

Setup = Callable[[str, float], None]


@dataclass(eq=False, kw_only=True)
class Shared:
    """Something that several use, and since when nobody does."""

    lean: Lean
    users: int = 0
    used: float = field(default_factory=time.monotonic)

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        self.users += 1
        try:
            yield
        finally:
            self.users -= 1
            self.used = time.monotonic()


@dataclass(eq=False, kw_only=True)
class Lease(Shared):
    """An engine that is shared."""

    settings: Settings
    engine: Engine
    open: bool = True
    starting: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        return self.open and self.starting is not None and self.starting.done()


@dataclass(eq=False, kw_only=True)
class Reading(Shared):
    """A desk that is shared."""

    desk: Desk


class Engines:
    """Starts what is asked for, ends what nobody uses."""

    def __init__(self) -> None:
        self._leases: dict[Hashable, Lease] = {}
        self._desks: dict[Hashable, Reading] = {}
        self._leans: dict[Hashable, Lean] = {}
        self.ended: Counter[str] = Counter()
        """What engines that are ended have counted (`counted`)."""
        self.asked: Counter[str] = Counter()
        """How often an engine was there (`engine_hit`) or not (`engine_miss`)."""

    @property
    def open(self) -> list[Lease]:
        return [one for one in self._leases.values() if one.ready]

    @contextlib.asynccontextmanager
    async def use(
        self, where: Where, lean: Lean, *, any_model: bool = False
    ) -> AsyncIterator[Lease]:
        """The engine for the Lean of a place, started if there is none. With `any_model` it may be
        one with the same Lean that proposes otherwise. Raises as `Engine.__aenter__`."""
        lease = self._lease(settings_of(where), lean, any_model)
        with lease.lent():
            assert lease.starting is not None
            await asyncio.shield(lease.starting)
            yield lease

    def warm(self, where: Where, lean: Lean) -> None:
        """Keeps an engine for the Lean of a place ready, or starts one, for who will ask for it soon.
        Who asks is told why if it does not start."""
        lease = self._lease(settings_of(where), lean, any_model=True)
        lease.used = time.monotonic()
        assert lease.starting is not None
        lease.starting.add_done_callback(lambda task: task.cancelled() or task.exception())

    @contextlib.asynccontextmanager
    async def desk(self, lean: Lean) -> AsyncIterator[Desk]:
        """What holds documents with a Lean. It does not wait for an engine."""
        reading = self._desks.setdefault(_of(lean), Reading(lean=lean, desk=Desk(lean, Limits())))
        with reading.lent():
            try:
                yield reading.desk
            except LeanUnavailable:
                self._leans.clear()  # it may be the one that was found that does not work any more
                raise

    async def sweep(self, idle: float = IDLE_SECONDS) -> None:
        """Ends the engines that were not used for long, and those whose Lean does not start any
        more. What their clients have there is made again when they ask for it."""
        now = time.monotonic()
        latest: dict[Hashable, float] = {}
        for lease in self._leases.values():
            lease.used = now if lease.users else lease.used
            latest[_of(lease.lean)] = max(lease.used, latest.get(_of(lease.lean), 0.0))
        for key, lease in list(self._leases.items()):
            last = lease.used == latest[_of(lease.lean)]
            patience = idle if last else min(idle, BESIDE_SECONDS)
            if not lease.users and (now - lease.used > patience or not _works(lease)):
                await self._end(key)
        for key, reading in list(self._desks.items()):
            if not reading.users and now - reading.used > idle:
                await self._desks.pop(key).desk.close()

    async def close(self) -> None:
        for key in list(self._leases):
            await self._end(key)
        for key in list(self._desks):
            await self._desks.pop(key).desk.close()

    async def find_lean(self, where: Where, on_setup: Setup = lambda step, done: None) -> Lean:
        """The Lean of a place. Raises as `prover.lean.toolchain.find_lean`, and `WrongUse` if there is
        no such folder."""
        folder = Path(where.folder)
        if not folder.is_absolute() or not folder.is_dir():
            raise WrongUse(f"where.folder: there is no folder {where.folder}")
        key = _place(folder, where.lean)
        if key not in self._leans:
            self._leans[key] = await asyncio.to_thread(find_lean, folder, where.lean, on_setup)
        return self._leans[key]

    def _lease(self, settings: Settings, lean: Lean, any_model: bool) -> Lease:
        place = _of(lean)
        key = (place, replace(settings, lean=""), _stamp(settings.model), _stamp(settings.few_shot))
        like = [k for k in self._leases if k == key or (any_model and k[0] == place)]  # type: ignore[index]
        for found in sorted(like, key=lambda k: k != key):
            if _works(self._leases[found]):
                self.asked["engine_hit"] += 1
                return self._leases[found]
        self.asked["engine_miss"] += 1
        engine = Engine(settings, lean=lean)
        lease = self._leases[key] = Lease(settings=settings, lean=lean, engine=engine)
        lease.starting = asyncio.create_task(self._start(key, lease))
        return lease

    async def _start(self, key: Hashable, lease: Lease) -> None:
        try:
            await self._make_room()
            await lease.engine.__aenter__()
        except BaseException:
            lease.open = False
            self._leans.clear()  # it may be the one that was found that does not work any more
            if self._leases.get(key) is lease:
                del self._leases[key]
            raise

    async def _make_room(self) -> None:
        """Ends engines that nobody uses while memory is short, the longest unused first."""
        idle = [(lease.used, key) for key, lease in self._leases.items() if not lease.users]
        for _, key in sorted(idle, key=lambda pair: pair[0]):
            if psutil.virtual_memory().available > 2 * WORKER_MEMORY_MB * 2**20:
                return
            await self._end(key)

    async def _end(self, key: Hashable) -> None:
        lease = self._leases.pop(key, None)
        if lease is None or lease.starting is None:
            return
        lease.open = False
        if not lease.starting.done():
            lease.starting.cancel()
        await asyncio.gather(lease.starting, return_exceptions=True)
        if not lease.starting.cancelled() and lease.starting.exception() is None:
            self.ended += counted(lease.engine)
            await lease.engine.__aexit__(None, None, None)


def counted(engine: Engine) -> Counter[str]:
    """What an engine has counted: `tactics` of its searches, `restarts` of Lean, and `pool.asked`."""
    tactics = engine.scheduler.metrics().tactics
    return engine.pool.asked + Counter(tactics=tactics, restarts=engine.pool.restarts)


def settings_of(where: Where) -> Settings:
    """The settings that a request asks for."""
    model = {None: default_model(), "auto": default_model(), "none": None}
    return Settings(
        lean=where.lean,
        jobs=where.jobs,
        model=model.get(where.model, where.model),
        prompt_format=where.format,
        few_shot=where.few_shot,
    )


def _works(lease: Lease) -> bool:
    return lease.open and not (lease.ready and lease.engine.pool.broken)


def _of(lean: Lean) -> Hashable:
    """What tells one Lean from another, however it was found."""
    return (lean.kind, lean.version, lean.commit, lean.root, lean.prefix, lean.embedded)


def _place(folder: Path, lean: str) -> Hashable:
    """What decides which Lean is found, so that it need not be looked for again."""
    if lean not in ("auto", "embedded", "mathlib"):
        root: Path | None = Path(lean).expanduser().absolute()
    else:
        root = find_project(folder) if lean == "auto" else None
    stamps = [_stamp(str(root / name)) for name in PROJECT_FILES] if root else []
    return (lean, root, *stamps, find_program("lake"), find_program("lean"))


def _stamp(path: str | None) -> Hashable:
    """What changes when a file does."""
    try:
        found = Path(path or "").stat() if path else None
    except (OSError, ValueError):
        return None
    return found and (found.st_mtime_ns, found.st_size)
