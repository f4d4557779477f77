"""Texts that are being written in an editor: what they mean, while they change.

A document belongs to its session. What is asked about one brings its text along, so that nothing
depends on which of two requests arrives first; of two texts, the one with the higher version counts.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

from prover.engine.document import Document
from prover.lean.documents import Desk
from prover.serve.methods import Call, Json, Method
from prover.serve.schema import Superseded, UnknownState, Where
from prover.serve.sessions import shown_goal

MOST_DOCUMENTS = 64
"""How many documents a session keeps; the oldest are closed."""

TELL_SECONDS = 0.1
"""How often an elaboration tells where it is, at most."""


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
    text: str
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
    """A document of a session."""

    where: Where
    document: Document | None = None
    desk: Desk | None = None
    text: str | None = None
    version: int = 0

    def on(self, desk: Desk, version: int) -> Document:
        """The document on a desk, which may be another than before. Raises `Superseded` if it has a
        newer text than that of a version."""
        if version < self.version:
            raise Superseded("the text was changed since")
        self.version = version
        if self.document is None or self.desk is not desk:
            self.document, self.desk, self.text = Document(desk), desk, None
        return self.document

    async def close(self) -> None:
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
    told = 0.0
    async with call.desk(held.where) as (desk, lean):
        document = held.on(desk, asked.version)
        held.text = asked.text
        async for step in document.update(asked.text):
            if time.monotonic() - told > TELL_SECONDS and not step.finished:
                told = time.monotonic()
                call.progress({"diagnostics": _plain(step.diagnostics), "done": step.done})
        call.engines.warm(held.where, lean)
    holes = [list(hole) for hole in step.holes]
    return {"diagnostics": _plain(step.diagnostics), "holes": holes, "finished": True}


def _asking(ask: Callable[[Document, int], Awaitable[Json]]) -> Any:
    """A method that asks a document about a place."""

    async def run(call: Call, asked: Ask) -> Json:
        held = _find(call, asked.document)
        async with call.desk(held.where) as (desk, _):
            document = held.on(desk, asked.version)
            if held.text != asked.text:
                held.text = asked.text
                async for _ in document.update(asked.text):
                    break  # what is asked takes it as far as need be
            return await ask(document, asked.at)

    return run


async def _goals(document: Document, at: int) -> Json:
    goals = await document.goals(at)
    return {"goals": None if goals is None else [asdict(shown_goal(goal)) for goal in goals]}


async def _term_goal(document: Document, at: int) -> Json:
    found = await document.term_goal(at)
    if found is None:
        return {"goals": None}
    goal, first, last = found
    return {"goals": [asdict(shown_goal(goal))], "first": first, "last": last}


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
    "document/symbols": Method(Ask, _asking(_symbols), None),
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
