"""A text that is being written: elaborated command by command while it changes, and asked about.

Positions are byte offsets in UTF-8 of the text as it was given.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from prover.errors import ProverError
from prover.lean.documents import Desk, Host
from prover.lean.pool import LeanUnavailable
from prover.lean.process import GymDied
from prover.lean.source import as_lean_reads
from prover.lean.states import read_goal
from search.interfaces import Goal

PATIENCE = 3.0
"""Seconds that a newer text waits at least for a command of the older one that does not stand in it;
a process takes about that to start."""

MOST_NAMES = 200
DESCRIBED = 40
"""How many completions there are at most, and how many of them come with their types."""

_TYPED = re.compile(r"(?:(?:[^\W\d][\w'!?]*|«[^»\n]+»)\.)*(?:[^\W\d][\w'!?]*)?\Z")
"""What of a name stands before a place."""

_IMPORT = re.compile(rb"\bimport\s+(?:all\s+)?(\S+)")

_MADE = {
    *("recOn", "casesOn", "brecOn", "below", "binductionOn", "ibelow", "ctorIdx", "toCtorIdx"),
    *("noConfusion", "noConfusionType", "ctorElim", "ctorElimType"),
}
"""What Lean makes to go with a type and nobody types."""

_DEATHS = {"timeout": 3, "memory": 2, "recursion": 2}
"""How much ends of a process in a command, by their kinds, count against it: at 3 it is passed over.
What is not listed counts 1; it may have come from outside."""


class Superseded(ProverError):
    """A newer text took the place of the one that was being elaborated."""

    def __init__(self) -> None:
        super().__init__("a newer text took the place of this one")


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A message of Lean's about a part of the text. `severity` is `error`, `warning` or
    `information`."""

    first: int
    last: int
    severity: str
    text: str


@dataclass(frozen=True, slots=True)
class Symbol:
    """Something that the text names. `kind` is the word that it is declared with (`theorem`, `def`,
    `structure`, `namespace`, `section`), `constructor` or `field`; `name` is empty where there is
    none."""

    name: str
    kind: str
    first: int
    last: int
    name_first: int
    name_last: int
    children: tuple[Symbol, ...] = ()


@dataclass(frozen=True, slots=True)
class Hover:
    """What Lean says of a part of the text, in Markdown."""

    first: int
    last: int
    text: str


@dataclass(frozen=True, slots=True)
class Completion:
    """A name that fits at a place: `label` takes the place of what is typed there behind its last
    dot. `kind` is `variable`, `namespace`, or that of a constant (`theorem`, `def`, `inductive`);
    `detail` its type, given for the first ones."""

    label: str
    kind: str
    detail: str
    documentation: str


@dataclass(frozen=True, slots=True)
class Elaboration:
    """What is known of a text that is elaborated up to `done`. `holes` are the places of its `sorry`s
    up to there."""

    diagnostics: tuple[Diagnostic, ...]
    done: int
    finished: bool
    holes: tuple[tuple[int, int], ...]


class Document:
    """A text in a Lean process. A process that is lost costs time only: the text is elaborated again
    in another one."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._source = _Source("")
        self._version = 0
        self._task: asyncio.Task[None] | None = None
        self._host: Host | None = None
        self._opened: _Opened | None = None
        self._deaths: dict[bytes, tuple[int, str]] = {}

    async def update(self, text: str) -> AsyncIterator[Elaboration]:
        """Elaborates a newer text from the first command on that changed, and tells of it after each
        command. Whoever stops asking leaves it where it is; a question takes it further.

        Raises:
            NotText: the text is no Unicode.
            Superseded: a newer text came.
            LeanUnavailable: Lean does not start.
        """
        self._source = source = _Source(text)
        self._version += 1
        version = self._version
        self._deaths = {
            p: how for p, how in self._deaths.items() if p and source.data.startswith(p)
        }
        await self._make_way()
        told = -1
        while True:
            if self._version != version:
                raise Superseded
            opened = self._current()
            if opened is not None and (opened.done > told or opened.finished):
                told = opened.done
                yield opened.elaboration(source)
                if opened.finished:
                    return
            else:
                await self._go_on()

    async def goals(self, at: int) -> tuple[Goal, ...] | None:
        """The goals at a place: before a tactic that begins there or is changed by the cursor's
        move, after one that ends there. `()` if none are left, None if no tactic is there."""
        found = await self._ask("goals", at)
        return None if found is None else tuple(map(read_goal, found))

    async def term_goal(self, at: int) -> tuple[Goal, int, int] | None:
        """What the term at a place has to be, and where that term stands."""
        found = await self._ask("term_goal", at)
        if found is None:
            return None
        goal, first, last = found
        return read_goal(goal), *self._source.span(first, last)

    async def hover(self, at: int) -> Hover | None:
        """The type of the term, or what is known of the tactic or the word, at a place."""
        found = await self._ask("hover", at)
        if found is None:
            return None
        text, first, last = found
        return Hover(*self._source.span(first, last), text)

    async def definition(self, at: int) -> tuple[int, int] | None:
        """Where in the text the name at a place was given to what it names."""
        found = await self._ask("definition", at)
        return None if found is None else self._source.span(*found)

    async def completions(self, at: int) -> tuple[Completion, ...]:
        """Names that fit at a place, likely ones first."""
        data = self._source.data
        place = self._source.read(at)
        before = data[:place].decode(errors="ignore")
        typed = _TYPED.search(before)
        assert typed is not None
        stem, dotted, part = typed[0].rpartition(".")
        leading = not stem and before[: typed.start()].endswith(".")
        asked: dict[str, Any] = {}
        if dotted or leading:
            asked = {"dot": place - len(part.encode()) - 1, "variable": stem}
        scope = await self._ask("scope", at, **asked)
        if scope is None:
            return ()
        names = await self._names(scope["imports"], at)
        found: dict[str, Completion] = {}
        if not asked:
            for name, type_ in reversed(scope["hypotheses"]):
                if name.startswith(part):
                    found.setdefault(name, Completion(name, "variable", type_, ""))
        spaces = list(scope["heads"]) if asked else []
        if not leading and typed[0]:
            around = scope["namespace"].split(".") if scope["namespace"] != "[anonymous]" else []
            spaces += _spaces(stem, around, [row[0] for row in scope["opens"] if len(row) == 1])
        constants: dict[str, str] = {}
        own = sorted(scope["own"])
        for space in spaces:
            for listed in (own, names):
                for label, full in _members(listed, space, part):
                    if label not in found and label not in _MADE:
                        constants.setdefault(label, full)
            if len(constants) > 10 * MOST_NAMES:
                break
        if not asked:
            for row in scope["opens"]:
                if len(row) == 2 and row[0].startswith(part):
                    constants.setdefault(row[0], row[1])
        chosen = sorted(constants.items(), key=lambda c: (len(c[0]), c[0]))[:MOST_NAMES]
        rows = await self._ask("describe", at, names=[n for _, n in chosen], most=DESCRIBED)
        for (label, _), row in zip(chosen, rows or (), strict=False):
            found[label] = Completion(label, *(row or ("namespace", "", "")))
        return tuple(found.values())

    async def _names(self, imports: str, at: int) -> list[str]:
        """The names that the text imports, sorted."""
        known = self._desk.names
        if imports not in known:
            known[imports] = sorted((await self._ask("names", at) or "").split("\n"))
        return known[imports]

    async def symbols(self) -> tuple[Symbol, ...]:
        """What the text names, in its order and nested as it is written."""
        opened = await self._reach(len(self._source.data), self._version)
        return _nest([row for step in opened.steps for row in step.symbols], self._source)

    async def close(self) -> None:
        """Lets go of what is held of the text."""
        self._version += 1
        self._source = _Source("")
        await self._make_way()
        if self._task is not None:
            await asyncio.wait([self._task])
        host, opened = self._host, self._opened
        self._host = self._opened = None
        held = None if opened is None else opened.held
        if host is not None and held is not None:
            with contextlib.suppress(GymDied):
                await host.gym.request(self._limit(), cmd="close", document=held.id)

    def _limit(self) -> float:
        return self._desk.limits.elab_seconds

    def _current(self) -> _Opened | None:
        """What is elaborated of the text, if it is this text and its process lives."""
        opened = self._opened
        if opened is None or opened.data != self._source.data:
            return None
        lives = self._host is not None and self._desk.serves(self._host, self)
        return opened if lives or opened.id is None else None

    async def _go_on(self) -> None:
        """Does the next step, which goes on when the one who waits for it does not."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._advance())
        await asyncio.shield(self._task)

    async def _make_way(self) -> None:
        """Waits for a command of an older text, if it stands in the newer one too or as long as it
        would take to come to its place anew; else its process is ended."""
        task, opened = self._task, self._opened
        if task is None or task.done() or opened is None:
            return
        same = _same(opened.data, self._source.data)
        if opened.next is not None and opened.next[1] < same:
            return
        spent = sum(step.seconds for step in opened.steps)
        await asyncio.wait([task], timeout=max(PATIENCE, spent))
        if not task.done() and self._host is not None:
            opened.abandoned = True
            self._host.gym.kill()

    async def _advance(self) -> None:
        """Opens the text, or elaborates its next command."""
        data = self._source.data
        try:
            place = self._desk.host(self, self._host)
            async with place as host:
                if host is not self._host:
                    self._host, self._opened = host, None
                opened = self._opened
                try:
                    if opened is None or opened.data != data:
                        await self._open(host, data, opened)
                    elif opened.next is not None:
                        await self._step(host, opened)
                except GymDied as died:
                    self._note(died, data)
                    self._host = self._opened = None
        except GymDied as died:
            raise LeanUnavailable(str(died)) from None

    def _note(self, died: GymDied, data: bytes) -> None:
        """Remembers what the process died of."""
        opened = self._opened
        if opened is not None and opened.abandoned:
            return
        last = 0 if opened is None or opened.data != data or opened.next is None else opened.next[1]
        count, _ = self._deaths.get(data[:last], (0, ""))
        self._deaths[data[:last]] = (count + _DEATHS.get(died.kind, 1), str(died))

    def _died_of(self, prefix: bytes) -> str | None:
        """What the process dies of at the end of a text, if that is to blame."""
        count, how = self._deaths.get(prefix, (0, ""))
        return how if count >= 3 else None

    async def _open(self, host: Host, data: bytes, older: _Opened | None) -> None:
        why = self._died_of(b"")
        if why is not None:
            text = f"Lean stopped at the imports: {why}"
            self._opened = _Opened(data, None, (Diagnostic(0, 0, "error", text),), None)
            return
        held = None if older is None else older.held
        like: dict[str, int | None] = {}
        if held is not None:
            like = {"document": held.id, "same": _same(held.data, data)}
        text = data.decode()
        reply = await host.gym.request(self._limit(), cmd="document", text=text, **like)
        if not reply.ok:
            raise GymDied("crash", reply.message)
        f = reply.fields
        opened = _Opened(data, f["document"], _read_diagnostics(f), _pair(f["next"]), f["head"])
        if opened.id is None:
            opened.head = tuple(_at_import(d, data[: f["head"]]) for d in opened.head)
            opened.older = held
        elif held is not None:
            opened.steps = held.steps[: f["kept"]]
        self._opened = opened

    async def _step(self, host: Host, opened: _Opened) -> None:
        assert opened.next is not None
        first, last = opened.next
        why = self._died_of(opened.data[:last])
        started = time.monotonic()
        reply = await host.gym.request(
            self._limit(), cmd="step", document=opened.id, skip=why is not None
        )
        if not reply.ok:
            raise GymDied("crash", reply.message)
        f = reply.fields
        if f["tainted"]:
            host.owner = self
        diagnostics = _read_diagnostics(f)
        if why is not None:
            names = [name for _, name, *_ in f["symbols"] if name]
            what = f"`{names[0]}`" if names else "this command"
            text = f"Lean stopped at {what}: {why}. What follows was elaborated without it."
            diagnostics = (*diagnostics, Diagnostic(first, last, "error", text))
        opened.steps.append(
            _Step(
                f["end"],
                diagnostics,
                tuple((a, b) for a, b in reversed(f["holes"])),
                f["symbols"],
                time.monotonic() - started,
            )
        )
        opened.next = _pair(f["next"])

    async def _reach(self, at: int, version: int) -> _Opened:
        """The text, elaborated past an offset of `data`. Raises `Superseded`."""
        while True:
            if self._version != version:
                raise Superseded
            opened = self._current()
            if opened is not None and (opened.finished or opened.done > at):
                return opened
            await self._go_on()

    async def _ask(self, command: str, at: int, **more: Any) -> Any:
        """What Lean says about a place; None if it cannot."""
        at, version = self._source.read(at), self._version
        for _ in range(2):
            opened = await self._reach(at, version)
            if opened.id is None:
                return None
            try:
                async with self._desk.host(self, self._host) as host:
                    if host is not self._host or self._current() is not opened:
                        continue
                    limit = self._desk.limits.tactic_seconds
                    reply = await asyncio.shield(
                        host.gym.request(limit, cmd=command, document=opened.id, at=at, **more)
                    )
                    return reply.fields.get("found") if reply.ok else None
            except GymDied:
                continue
        return None


@dataclass(frozen=True, slots=True)
class _Step:
    """A command that was elaborated, in offsets of `data`."""

    end: int
    diagnostics: tuple[Diagnostic, ...]
    holes: tuple[tuple[int, int], ...]
    symbols: Sequence[Sequence[Any]]
    seconds: float


@dataclass(slots=True)
class _Opened:
    """A text in a process, as far as it is elaborated. Without an `id`, its imports are wrong and all
    that was looked at. `next` is where the command that comes stands."""

    data: bytes
    id: int | None
    head: tuple[Diagnostic, ...]
    next: tuple[int, int] | None
    start: int = 0
    steps: list[_Step] = field(default_factory=list)
    older: _Opened | None = None
    abandoned: bool = False

    @property
    def held(self) -> _Opened | None:
        """What the process holds: an older text where the imports of this one fail."""
        return self if self.id is not None else self.older

    @property
    def finished(self) -> bool:
        return self.next is None

    @property
    def done(self) -> int:
        if self.finished:
            return len(self.data)
        return self.steps[-1].end if self.steps else self.start

    def elaboration(self, source: _Source) -> Elaboration:
        found = [*self.head, *(d for step in self.steps for d in step.diagnostics)]
        return Elaboration(
            tuple(Diagnostic(*source.span(d.first, d.last), d.severity, d.text) for d in found),
            source.given(self.done),
            self.finished,
            tuple(source.span(*hole) for step in self.steps for hole in step.holes),
        )


class _Source:
    """A text as it was given and as Lean reads it, without byte order mark and carriage returns."""

    def __init__(self, text: str) -> None:
        self.data = as_lean_reads(text).encode()
        self._mark = 3 if text.startswith("\ufeff") else 0
        lines = text.removeprefix("\ufeff").split("\r\n")
        self._ends: list[int] = []
        at = 0
        for line in lines[:-1]:
            at += len(line.encode())
            self._ends.append(at)
            at += 1

    def given(self, at: int) -> int:
        """An offset of `data` as one of the text that was given."""
        return at + self._mark + bisect_left(self._ends, at)

    def span(self, first: int, last: int) -> tuple[int, int]:
        return self.given(first), self.given(last)

    def read(self, offset: int) -> int:
        """The offset of `data` for one of the text that was given."""
        at = max(0, offset - self._mark)
        returns = bisect_left(range(len(self._ends)), at, key=lambda i: self._ends[i] + i)
        return min(at - returns, len(self.data))


def _same(one: bytes, other: bytes) -> int:
    """How many bytes two texts begin with alike."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _spaces(stem: str, around: Sequence[str], opens: Sequence[str]) -> list[str]:
    """The namespaces in which a name that begins with `stem` is looked for, inner ones first."""
    outer = [".".join(around[:n]) for n in range(len(around), -1, -1)]
    return [".".join(part for part in (space, stem) if part) for space in (*outer[:-1], *opens, "")]


def _members(names: Sequence[str], space: str, part: str) -> Iterator[tuple[str, str]]:
    """The names of a namespace that begin with `part`, without what they have beneath; each as it
    is called there and as a whole. `names` are sorted."""
    prefix = f"{space}." if space else ""
    at = bisect_left(names, prefix + part)
    while at < len(names) and names[at].startswith(prefix + part):
        label, beneath, _ = names[at][len(prefix) :].partition(".")
        yield label, prefix + label
        at = bisect_left(names, f"{prefix}{label}/", at) if beneath else at + 1


def _pair(row: Sequence[int] | None) -> tuple[int, int] | None:
    return None if row is None else (row[0], row[1])


def _read_diagnostics(fields: Mapping[str, Any]) -> tuple[Diagnostic, ...]:
    return tuple(
        Diagnostic(m["first"], m["last"], m["severity"], m["text"]) for m in fields["messages"]
    )


def _at_import(said: Diagnostic, head: bytes) -> Diagnostic:
    """What Lean says of a module, at the import of it."""
    if said.first < said.last:
        for line in _IMPORT.finditer(head):
            if line[1].decode().split(".")[0] in said.text:
                return Diagnostic(line.start(), line.end(), said.severity, said.text)
    return said


def _nest(rows: Sequence[Sequence[Any]], source: _Source) -> tuple[Symbol, ...]:
    """Symbols from rows, each with what is between it and its `end`."""

    def read(row: Sequence[Any]) -> Symbol:
        kind, name, first, last, name_first, name_last, children = row
        places = (*source.span(first, last), *source.span(name_first, name_last))
        return Symbol(name, kind, *places, tuple(map(read, children)))

    levels: list[list[Symbol]] = [[]]
    open_: list[Symbol] = []

    def close(last: int) -> None:
        one, inside = open_.pop(), levels.pop()
        levels[-1].append(
            Symbol(
                one.name, one.kind, one.first, last, one.name_first, one.name_last, tuple(inside)
            )
        )

    for symbol in map(read, rows):
        if symbol.kind in ("namespace", "section"):
            open_.append(symbol)
            levels.append([])
        elif symbol.kind == "end":
            if open_:
                close(symbol.last)
        else:
            levels[-1].append(symbol)
    while open_:
        close(source.given(len(source.data)))
    return tuple(levels[0])
