"""Texts that are being written in an editor: what they mean, while they change.

A document belongs to its session. What is asked about one brings its text along, so that nothing
depends on which of two requests arrives first; of two texts, the one with the higher version counts.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

from prover.engine.document import Document, Elaboration
from prover.serve.engines import Lease
from prover.serve.methods import Call, Json, Method
from prover.serve.schema import Superseded, UnknownState, Where
from prover.serve.sessions import shown_goal

MOST_DOCUMENTS = 64
"""How many documents a session keeps; the oldest are closed."""


@dataclass(frozen=True, slots=True)
class Open:
    """Begins a document."""

    where: Where


@dataclass(frozen=True, slots=True)
class Update:
    """Elaborates a document's text, and tells of it as it comes."""

    document: str
    text: str
    version: int = 0
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """Asks about a place of a document, once it is elaborated up to there."""

    document: str
    text: str | None = None
    version: int = 0
    at: int = 0
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Close:
    """Ends a document."""

    document: str
    where: Where | None = None


@dataclass(eq=False)
class Held:
    """A document of a session, and how far its text is elaborated."""

    where: Where
    text: str = ""
    version: int = 0
    document: Document | None = None
    engine: Any = None
    latest: Elaboration | None = None
    work: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self._news = asyncio.Event()

    async def read(self, lease: Lease, text: str, version: int) -> asyncio.Task[None]:
        """Begins to elaborate a text, unless that is what is done already. Raises `Superseded` if a
        newer one is there."""
        if version < self.version:
            raise Superseded("the text was changed since")
        moved = self.document is None or self.engine is not lease.engine
        if moved:
            self.document, self.engine = Document(lease.engine), lease.engine
        if self.work is None or moved or text != self.text or self._failed(self.work):
            await self._stop()
            assert self.document is not None
            self.text, self.version, self.latest = text, version, None
            self.work = asyncio.create_task(self._elaborate(self.document, text))
            self.work.add_done_callback(lambda _: self._tell())
        self.version = version
        return self.work

    @staticmethod
    def _failed(work: asyncio.Task[None]) -> bool:
        return work.done() and (work.cancelled() or work.exception() is not None)

    async def _elaborate(self, document: Document, text: str) -> None:
        async for elaboration in document.update(text):
            self.latest = elaboration
            self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def until(
        self,
        work: asyncio.Task[None],
        reached: Callable[[Elaboration], bool],
        told: Callable[[Elaboration], None] = lambda step: None,
    ) -> Elaboration:
        """What is known once enough is elaborated, or all; `told` has the steps on the way. Raises
        what the elaboration does, and `Superseded` if a newer text takes its place."""
        shown: Elaboration | None = None
        while True:
            if self.work is not work or work.cancelled():
                raise Superseded("the text was changed since")
            news, latest = self._news, self.latest
            if latest is not None and latest is not shown:
                shown = latest
                told(latest)
            if work.done():
                work.result()
                assert latest is not None
                return latest
            if latest is not None and reached(latest):
                return latest
            await news.wait()

    async def _stop(self) -> None:
        work, self.work = self.work, None
        if work is not None:
            work.cancel()
            self._tell()
            await asyncio.gather(work, return_exceptions=True)

    async def close(self) -> None:
        await self._stop()
        if self.document is not None:
            await self.document.close()


async def open_document(call: Call, asked: Open) -> Json:
    documents = call.session.documents
    while len(documents) >= MOST_DOCUMENTS:
        await documents.pop(next(iter(documents))).close()
    name = secrets.token_hex(8)
    documents[name] = Held(asked.where)
    return {"document": name}


async def update(call: Call, asked: Update) -> Json:
    held = _find(call, asked.document)

    def tell(step: Elaboration) -> None:
        call.progress({"diagnostics": _plain(step.diagnostics), "done": step.done})

    async with call.engine(held.where) as lease:
        work = await held.read(lease, asked.text, asked.version)
        try:
            done = await held.until(work, lambda step: step.finished, tell)
        except asyncio.CancelledError:
            work.cancel()  # nobody wants it any more
            raise
    return {
        "diagnostics": _plain(done.diagnostics),
        "holes": [list(hole) for hole in done.holes],
        "finished": True,
    }


def _asking(ask: Callable[[Document, int], Awaitable[Json]], *, all_of_it: bool = False) -> Any:
    """A method that asks a document about a place."""

    async def run(call: Call, asked: Ask) -> Json:
        held = _find(call, asked.document)
        async with call.engine(held.where) as lease:
            text = held.text if asked.text is None else asked.text
            work = await held.read(lease, text, max(asked.version, 0))
            at = len(text.encode()) if all_of_it else asked.at
            await held.until(work, lambda step: step.done > at or step.finished)
            assert held.document is not None
            return await ask(held.document, asked.at)

    return run


async def _goals(document: Document, at: int) -> Json:
    goals = await document.goals(at)
    return {"goals": None if goals is None else [asdict(shown_goal(goal)) for goal in goals]}


async def _term_goal(document: Document, at: int) -> Json:
    found = await document.term_goal(at)
    if found is None:
        return {"goals": None}
    goals, first, last = found
    return {"goals": [asdict(shown_goal(goal)) for goal in goals], "first": first, "last": last}


async def _hover(document: Document, at: int) -> Json:
    hover = await document.hover(at)
    return {"hover": None if hover is None else asdict(hover)}


async def _definition(document: Document, at: int) -> Json:
    found = await document.definition(at)
    return {"definition": None if found is None else list(found)}


async def _completions(document: Document, at: int) -> Json:
    return {"completions": _plain(await document.completions(at))}


async def _symbols(document: Document, at: int) -> Json:
    return {"symbols": _plain(await document.symbols())}


async def close(call: Call, asked: Close) -> Json:
    held = call.session.documents.pop(asked.document, None)
    if held is not None:
        await held.close()
    return {}


METHODS: dict[str, Method] = {
    "document/open": Method(Open, open_document, None),
    "document/update": Method(Update, update, None),
    "document/goals": Method(Ask, _asking(_goals), None),
    "document/term_goal": Method(Ask, _asking(_term_goal), None),
    "document/hover": Method(Ask, _asking(_hover), None),
    "document/definition": Method(Ask, _asking(_definition), None),
    "document/completions": Method(Ask, _asking(_completions), None),
    "document/symbols": Method(Ask, _asking(_symbols, all_of_it=True), None),
    "document/close": Method(Close, close, None),
}
"""By what stands after `/v1/`."""


def _find(call: Call, name: str) -> Held:
    held = call.session.documents.get(name)
    if not isinstance(held, Held):
        raise UnknownState(f"this session has no document {name}", "open it again")
    return held


def _plain(values: Any) -> list[Json]:
    return [asdict(value) for value in values]
