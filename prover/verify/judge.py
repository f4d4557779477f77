"""The process whose word counts: it runs no text, reads what texts made as data, and has its kernel
check everything in it that is not imported (see `lean_project/Judge.lean`)."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any

from prover.errors import LeanFailed
from prover.lean.limits import Limits
from prover.lean.process import GymDied, GymProcess, Reply
from prover.lean.states import Command, Declaration, Elaborated, Name
from prover.lean.toolchain import Lean

KEPT_TEXTS = 8
"""How many texts that were read stay in the process."""


class JudgeFailed(LeanFailed):
    """There is no answer: the process died, or what it was sent is malformed. `kind` is that of
    `GymDied`, or `malformed`."""


@dataclass(frozen=True)
class Made:
    """What a text made, as data: its imports, and segments of declarations for its header and for
    each of its commands. `base` is a text whose first commands stand for those that this one lacks.
    """

    imports: tuple[Any, ...]
    head: tuple[Command, ...]
    commands: tuple[Command, ...]
    base: Made | None = None
    first: int = 0

    @classmethod
    def of(cls, text: Elaborated, base: Made | None = None) -> Made:
        if text.first_command and base is None:
            raise ValueError("the first commands are missing")
        first = text.first_command
        return cls(text.imports, text.head, text.commands, base if first else None, first)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of all of it."""
        found = hashlib.sha256()
        if self.base is not None:
            found.update(f"{self.base.digest} {self.first}".encode())
        for part in (self.imports, _segments(self.head), _segments(self.commands)):
            found.update(json.dumps(part, sort_keys=True).encode() + b"\n")
        return found.hexdigest()

    def type_hash(self, declaration: Declaration) -> str:
        """The SHA-256 of a declaration's type, names of binders and of universe parameters left out:
        equal hashes mean the same statement, whatever the text looks like. Empty if there is none.
        """
        row = self._row(declaration)
        if row is None:
            return ""
        return self._tables.digest(row["type"], [self._tables.name(i) for i in row["levels"]])

    def universes(self, declaration: Declaration) -> tuple[int, ...]:
        """For each universe parameter of a declaration a level at which its types are those of
        values: 1 for what is the universe of a variable (`α : Sort u`), else 0."""
        row = self._row(declaration)
        if row is None:
            return ()
        sorts = self._tables.sorts(row["type"])
        return tuple(int(self._tables.name(level) in sorts) for level in row["levels"])

    def negates(self, negation: Declaration, declaration: Declaration) -> bool:
        """Whether the type of one declaration is `¬ P` for the type `P` of another, at the levels of
        `universes`."""
        own, other = self._row(negation), self._row(declaration)
        if own is None or other is None or own["levels"]:
            return False
        denied = self._tables.denied(own["type"])
        names = [self._tables.name(level) for level in other["levels"]]
        levels = dict(zip(names, self.universes(declaration), strict=True))
        return denied is not None and self._tables.digest(denied, (), {}) == self._tables.digest(
            other["type"], (), levels
        )

    def _row(self, declaration: Declaration) -> Mapping[str, Any] | None:
        side = -1 if declaration.side is None else declaration.side
        segments = self.commands[declaration.command - self.first].segments
        for row in segments[side]["decls"]:
            if "type" in row and self._tables.name(row["name"]) == declaration.constant.name:
                found: Mapping[str, Any] = row
                return found
        return None

    def mentions(self, command: int) -> frozenset[Name]:
        """The constants that occur in what a command made, in types and in proofs."""
        rows = [
            row
            for segment in self.commands[command - self.first].segments
            for row in segment["decls"]
        ]
        roots = [row[part] for row in rows for part in ("type", "value") if part in row]
        return self._tables.constants(roots)

    @cached_property
    def _tables(self) -> _Tables:
        tables = _Tables()
        for segment in _segments(self.commands):
            tables.add(segment)
        return tables


@dataclass(frozen=True, slots=True)
class Question:
    """What a declaration of one text rests on and, if a declaration of another was asked for,
    whether it is that one."""

    given: Declaration
    asked: Declaration | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the judge says of a declaration.

    It rests on `axioms`, on the constants `open`, whose own terms hold `sorry`, on those `refused`
    by the kernel (with its words) and on `unknown` ones. `same` says whether it is what was asked,
    `why` where it differs first, `answers` which of the constants that the statement rests on were
    open where it was asked, so that this text may say what they are.
    """

    there: bool
    theorem: bool
    axioms: tuple[Name, ...]
    open: tuple[Name, ...]
    refused: Mapping[Name, str]
    unknown: tuple[Name, ...]
    same: bool | None = None
    why: str = ""
    answers: tuple[Name, ...] = ()


@dataclass(slots=True)
class _Nodes:
    """Where the texts that were read are in the process: for a text the node before its first
    command and those of its segments, command by command; its own nodes, and what the kernel
    refused in it."""

    before: int
    commands: list[list[int]]
    own: list[int]
    refused: dict[Name, str] = field(default_factory=dict)

    def at(self, command: int, first: int, side: int | None) -> int:
        nodes = self.commands[command - first]
        return nodes[-1] if side is None else nodes[side]

    @property
    def last(self) -> int:
        return self.commands[-1][-1] if self.commands else self.before

    def until(self, command: int) -> int:
        """The node before a command."""
        return self.commands[command - 1][-1] if command else self.before


class Judge:
    """A process that judges. One is enough for any number of texts: it never runs one."""

    def __init__(self, lean: Lean, limits: Limits) -> None:
        self._lean = lean
        self._limits = limits
        self._process: GymProcess | None = None
        self._kept: dict[str, _Nodes] = {}
        self._heads: dict[str, tuple[int, dict[Name, str]]] = {}
        self._lock = asyncio.Lock()

    async def start(self) -> None:
        """Has the process ready when the first proof is; if it does not start, that proof says so."""
        with contextlib.suppress(GymDied, OSError):
            async with self._lock:
                await self._ready()

    async def close(self) -> None:
        if self._process is not None:
            await self._process.close()
            self._process = None

    async def refused(self, text: Made) -> Mapping[Name, str]:
        """What the kernel refuses of all that a text made, with its words. The text stays known.

        Raises:
            JudgeFailed: there is no answer.
        """
        return (await self._ask(text, None, ()))[0].refused

    async def judge(
        self, given: Made, asked: Made | None, questions: Sequence[Question]
    ) -> list[Answer]:
        """Has the kernel check all that a text made, and answers questions about it.

        Raises:
            JudgeFailed: there is no answer.
        """
        return (await self._ask(given, asked, questions))[1]

    async def _ask(
        self, given: Made, asked: Made | None, questions: Sequence[Question]
    ) -> tuple[_Nodes, list[Answer]]:
        for attempt in count(1):
            try:
                async with self._lock:
                    await self._ready()
                    return await self._answer(given, asked, questions)
            except GymDied as died:
                if died.kind != "crash" or attempt >= died.tries:
                    raise JudgeFailed(died.kind, str(died)) from None
        raise AssertionError

    async def _answer(
        self, given: Made, asked: Made | None, questions: Sequence[Question]
    ) -> tuple[_Nodes, list[Answer]]:
        trusted = await self._text(asked) if asked is not None else None
        nodes = await self._text(given)
        if not questions:
            return nodes, []
        rows = []
        for question in questions:
            own = question.given
            row: dict[str, Any] = {
                "given": nodes.last
                if own.side is None
                else nodes.at(own.command, given.first, own.side),
                "name": own.constant.name,
                "names": own.names,
                "asked": None,
            }
            if question.asked is not None:
                assert trusted is not None and asked is not None
                other = question.asked
                row["asked"] = {
                    "node": trusted.at(other.command, asked.first, other.side),
                    "name": other.constant.name,
                    "vars": asked.commands[other.command - asked.first].variables,
                }
            rows.append(row)
        reply = await self._request(cmd="judge", questions=rows)
        return nodes, [_read_answer(row) for row in reply.fields["answers"]]

    async def _text(self, text: Made) -> _Nodes:
        """Reads a text, unless it is known."""
        if text.digest in self._kept:
            self._kept[text.digest] = nodes = self._kept.pop(text.digest)
            return nodes
        if text.base is None:
            before, refused = await self._head(text)
        else:
            base = await self._text(text.base)
            before, refused = base.until(text.first), base.refused
        segments = _segments(text.commands)
        reply = await self._request(cmd="read", node=before, segments=segments)
        ids = iter(reply.fields["nodes"])
        commands = [[next(ids) for _ in command.segments] for command in text.commands]
        nodes = _Nodes(before, commands, reply.fields["nodes"], refused | _refused(reply))
        self._kept[text.digest] = nodes
        while len(self._kept) > KEPT_TEXTS:
            old = self._kept.pop(next(iter(self._kept)))
            await self._request(cmd="free", nodes=old.own)
        return nodes

    async def _head(self, text: Made) -> tuple[int, dict[Name, str]]:
        """The node after a header."""
        segments = _segments(text.head)
        key = json.dumps([text.imports, segments], sort_keys=True)
        if key not in self._heads:
            base = (await self._request(cmd="import", imports=text.imports)).fields["node"]
            reply = await self._request(cmd="read", node=base, segments=segments)
            last = reply.fields["nodes"][-1] if segments else base
            self._heads[key] = last, _refused(reply)
        return self._heads[key]

    async def _request(self, **command: Any) -> Reply:
        assert self._process is not None
        reply = await self._process.request(self._limits.elab_seconds, **command)
        if not reply.ok:
            raise JudgeFailed(reply.kind, reply.message)
        return reply

    async def _ready(self) -> None:
        if self._process is not None and not self._process.alive:
            await self._process.close()
            self._process = None
        if self._process is None:
            self._kept, self._heads = {}, {}
            self._process = await GymProcess.start(self._lean, self._limits, "Judge")


@contextlib.asynccontextmanager
async def fresh_judge(lean: Lean, limits: Limits) -> AsyncIterator[Judge]:
    """A judge in a process that is started for one piece of work."""
    judge = Judge(lean, limits)
    try:
        yield judge
    finally:
        await judge.close()


class _Tables:
    """The rows of names, levels and terms of a text."""

    def __init__(self) -> None:
        self._names: list[Name] = [()]
        self._levels: list[Any] = []
        self._exprs: list[Any] = []

    def add(self, segment: Mapping[str, Any]) -> None:
        for prefix, part in segment["names"]:
            self._names.append((*self._names[prefix], part))
        self._levels += segment["levels"]
        self._exprs += segment["exprs"]

    def name(self, index: int) -> Name:
        return self._names[index]

    def constants(self, terms: Sequence[int]) -> frozenset[Name]:
        """The constants of some terms."""
        rows = (self._exprs[i] for term in terms for i in _rows_below(self._exprs, term))
        return frozenset(self._names[row[1]] for row in rows if row[0] == 2)

    def denied(self, term: int) -> int | None:
        """The row of `P` where a term is `¬ P`."""
        kind, *rest = self._exprs[term]
        if kind != 3:
            return None
        head = self._exprs[rest[0]]
        return rest[1] if head[0] == 2 and self._names[head[1]] == ("Not",) else None

    def sorts(self, term: int) -> set[Name]:
        """The universe parameters `u` of the variables of a statement that are some `Sort u`."""
        found: set[Name] = set()
        while self._exprs[term][0] == 5:
            _, domain, term, *_ = self._exprs[term]
            kind, *rest = self._exprs[domain]
            if kind == 1 and self._levels[rest[0]][0] == 4:
                found.add(self._names[self._levels[rest[0]][1]])
        return found

    def _number(self, level: int, at: Mapping[Name, int]) -> int:
        kind, *rest = self._levels[level]
        if kind == 4:
            return at[self._names[rest[0]]]
        parts = [self._number(i, at) for i in rest]
        if kind == 3 and parts[1] == 0:  # imax
            return 0
        return 0 if kind == 0 else parts[0] + 1 if kind == 1 else max(parts)

    def digest(
        self, term: int, params: Sequence[Name], at: Mapping[Name, int] | None = None
    ) -> str:
        """The hash of a term in which each row stands for what it refers to, universe parameters for
        their place among `params`. With `at`, which gives levels to all of them, a level stands for
        its number."""
        levels: dict[int, str] = {}
        exprs: dict[int, str] = {}

        def level(i: int) -> str:
            if i not in levels:
                kind, *rest = self._levels[i]
                if at is not None:
                    parts = [str(self._number(i, at))]
                elif kind == 4:
                    parts = [str(params.index(self._names[rest[0]]))]
                else:
                    parts = [level(j) for j in rest]
                levels[i] = _sha("level" if at is not None else f"level {kind}", *parts)
            return levels[i]

        for i in sorted(_rows_below(self._exprs, term)):
            kind, *rest = self._exprs[i]
            if kind == 1:
                parts = [level(rest[0])]
            elif kind == 2:
                parts = [json.dumps(self._names[rest[0]]), *map(level, rest[1])]
            elif kind in (0, 7, 8):
                parts = [json.dumps(rest)]
            elif kind == 9:
                parts = [json.dumps(self._names[rest[0]]), str(rest[1]), exprs[rest[2]]]
            else:
                parts = [exprs[j] for j in rest[: _SUBTERMS[kind]]]
            exprs[i] = _sha(str(kind), *parts)
        return exprs[term]


_SUBTERMS = {3: 2, 4: 2, 5: 2, 6: 3}
"""How many terms the row of an application, a function, a product or a `let` refers to first."""


def _rows_below(rows: Sequence[Any], term: int) -> set[int]:
    found: set[int] = set()
    todo = [term]
    while todo:
        i = todo.pop()
        if i not in found:
            found.add(i)
            kind, *rest = rows[i]
            todo += rest[: _SUBTERMS[kind]] if kind in _SUBTERMS else []
            todo += [rest[2]] if kind == 9 else []
    return found


def _sha(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _segments(commands: Sequence[Command]) -> list[Mapping[str, Any]]:
    return [segment for command in commands for segment in command.segments]


def _refused(reply: Reply) -> dict[Name, str]:
    return {tuple(name): why for name, why in reply.fields["refused"]}


def _names(rows: Sequence[Sequence[str | int]]) -> Iterator[Name]:
    return (tuple(row) for row in rows)


def _read_answer(row: Mapping[str, Any]) -> Answer:
    return Answer(
        there=row["there"],
        theorem=row["theorem"],
        axioms=tuple(sorted(_names(row["axioms"]), key=str)),
        open=tuple(sorted(_names(row["open"]), key=str)),
        refused={tuple(name): why for name, why in row["refused"]},
        unknown=tuple(sorted(_names(row["unknown"]), key=str)),
        same=row["same"],
        why=row["why"],
        answers=tuple(_names(row["answers"])),
    )
