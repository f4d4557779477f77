"""Cells of Lean: `%%lean` checks a cell after those before it, `%lean_env` says on what they stand."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prover.engine.options import Options, Settings
from prover.errors import ProverError, WrongUse
from prover.generate.shipped import default_model
from prover.notebook.bar import Bar
from prover.notebook.result import plain
from prover.notebook.work import Work, client, interrupts
from prover.serve.client import Progress
from prover.serve.remote import Remote, place
from prover.serve.schema import EngineGone, EngineStopped, UnknownState
from prover.verify.verdict import Verdict

MOST_NOTES = 100
"""How many messages and holes of a cell are shown."""

PROVE = "--prove"
SORRY = "declaration uses `sorry`"


class CellFailed(ProverError):
    """A cell has errors: it declares nothing."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: it was Lean that failed, not Python."""
        return [f"{type(self).__name__}: {self}"]


@dataclass(frozen=True, slots=True)
class Note:
    """What stands at a place of a cell: `kind` is `error`, `warning`, `information` or `goals`. Lines
    count from 1, columns from 0, in characters; `source` is the line."""

    line: int
    column: int
    kind: str
    text: str
    source: str

    def __str__(self) -> str:
        said = self.text.replace("\n", "\n    ")
        if self.kind == "goals":
            return f"{self.line}:{self.column}: goals\n    {said}"
        caret = " " * self.column + "^"
        return f"{self.line}:{self.column}: {self.kind}: {said}\n    {self.source}\n    {caret}"


@dataclass(frozen=True, slots=True)
class Output:
    """What a cell shows. `names` are what it declares, `filled` is its text with the proofs that were
    found, `dropped` the number of later cells that do not hold after it any more."""

    notes: tuple[Note, ...]
    names: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    filled: str | None = None
    dropped: int = 0

    @property
    def errors(self) -> tuple[Note, ...]:
        return tuple(note for note in self.notes if note.kind == "error")

    @property
    def said(self) -> tuple[str, ...]:
        """What there is to say of the cell as a whole."""
        lines = []
        if len(self.notes) > MOST_NOTES:
            lines.append(f"… {len(self.notes) - MOST_NOTES} more messages are not shown")
        if self.errors:
            return (*lines, "the cell declares nothing")
        if self.names:
            lines.append(f"declares {', '.join(self.names)}")
        if self.filled is None and any(note.kind == "goals" for note in self.notes):
            lines.append(f"%%lean {PROVE} looks for proofs")
        if self.dropped:
            cells = "1 later cell does" if self.dropped == 1 else f"{self.dropped} later cells do"
            lines.append(f"{cells} not hold after this one any more: run what is needed again")
        return tuple(lines)

    def below(self, lines: int) -> Output:
        """The same, for a cell in which so many lines stand above the text."""
        return replace(self, notes=tuple(replace(n, line=n.line + lines) for n in self.notes))

    def __repr__(self) -> str:
        parts = [str(note) for note in self.notes[:MOST_NOTES]]
        if self.filled is not None:
            parts += [self.filled.rstrip("\n"), "", plain(self.verdicts, statement=False)]
        return "\n".join([*parts, *self.said])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from prover.render import notes_html, verdict_html

        notes = [
            (f"{note.line}:{note.column}", note.kind, note.text, note.source)
            for note in self.notes[:MOST_NOTES]
        ]
        shown = notes_html(notes, self.said, self.filled)
        return {
            "text/plain": repr(self),
            "text/html": "\n".join([shown, *map(verdict_html, self.verdicts)]),
        }


class Cells:
    """The Lean cells of one notebook, in the order in which they were first run, as one text. A cell
    that is run again takes its old place."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self.settings = Settings(model=default_model())
        self.header = ""
        self._cells: dict[str, str] = {}
        self._numbers = itertools.count()
        self._document: str | None = None
        self._version = 0

    def register(self) -> None:
        self._shell.register_magic_function(self.lean, "cell", "lean")
        self._shell.register_magic_function(self.lean_env, "line_cell", "lean_env")

    def lean(self, line: str, cell: str) -> None:
        """%%lean [--prove]: checks the cell after those before it, and shows what Lean says. With
        --prove, looks for proofs in the place of its `sorry`s.

        Raises:
            CellFailed: it has errors. It declares nothing then, nor if it is interrupted.
        """
        if line.split() not in ([], [PROVE]):
            raise WrongUse(f"%%lean {line.strip()}: all that may stand there is {PROVE}")
        proving = bool(line.split())
        key, above = self._here()
        output, cells = self._wait(lambda asked: asked.run(self._cells, key, _ended(cell), proving))
        if not output.errors:
            self._cells = cells
        self._show(output.below(above))

    def lean_env(self, line: str, cell: str | None = None) -> None:
        """%lean_env [WHICH]: the Lean of the cells, as `--lean` of the command has it: `auto`,
        `embedded`, `mathlib` or the path of a project. As a cell, %%lean_env [WHICH], it has the
        header that stands before them all. What cells have declared is forgotten."""
        _, above = self._here()
        self.settings = replace(self.settings, lean=line.strip() or self.settings.lean)
        self.header, self._cells, self._document = "", {}, None
        header = _ended(cell or "")
        output, _ = self._wait(lambda asked: asked.run({}, "", header, False))
        if not output.errors:
            self.header = header
        self._show(output.below(above))

    def _show(self, output: Output) -> None:
        from IPython.display import display

        if output.notes or output.said:
            display(output)  # type: ignore[no-untyped-call]
        if output.errors:
            first = output.errors[0]
            raise CellFailed(f"{first.line}:{first.column}: {first.text}")

    def _wait(
        self, work: Callable[[_Asked], Coroutine[Any, Any, tuple[Output, dict[str, str]]]]
    ) -> tuple[Output, dict[str, str]]:
        options = Options()
        bar = Bar(options.budget)
        remote = Remote(
            self.settings,
            options,
            Path.cwd(),
            on_progress=bar.told,
            on_setup=bar.setting_up,
            on_ready=bar.ready,
            asker=client(),
        )
        try:
            with interrupts:
                return Work(work(_Asked(self, remote, bar)), bar, remote.interrupt).result()
        except (KeyboardInterrupt, ProverError) as error:
            raise error.with_traceback(None) from None  # what lies below is of no use in a notebook

    async def ask(
        self, method: str, text: str, told: Progress, asked: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Asks the engine about a text of this notebook."""
        try:
            if self._document is None:
                where = {"where": place(self.settings, Path.cwd())}
                self._document = (await client().call("document/open", where))["document"]
            self._version += 1
            about = {"document": self._document, "text": text, "version": self._version}
            return await client().call(f"document/{method}", {**about, **asked}, told)
        except (EngineGone, EngineStopped, UnknownState):
            self._document = None
            raise

    def _here(self) -> tuple[str, int]:
        """A name for the cell that is run, the same whenever it is, and how many of its lines stand
        before the text of the magic."""
        asked = self._shell.get_parent() if hasattr(self._shell, "get_parent") else {}
        lines = asked.get("content", {}).get("code", "").split("\n")
        above = next((i for i, line in enumerate(lines) if line.strip()), 0)
        name = asked.get("metadata", {}).get("cellId")
        if not lines[above].lstrip().startswith("%%lean"):  # a program runs the magic
            name, above = None, 0
        return name or f"cell {next(self._numbers)}", above + 1


class _Asked:
    """The requests of one cell."""

    def __init__(self, cells: Cells, remote: Remote, bar: Bar) -> None:
        self._cells = cells
        self._remote = remote
        self._bar = bar
        self._text = ""

    async def run(
        self, cells: Mapping[str, str], name: str, own: str, proving: bool
    ) -> tuple[Output, dict[str, str]]:
        """What a cell shows, and the cells with it: in its old place, or after all others."""
        names = list(cells)
        at = names.index(name) if name in cells else len(names)
        before = self._cells.header + "".join(cells[other] for other in names[:at])
        found = await self._update(before + own)
        source = _Source(before, own)
        notes = [source.note(d["first"], d["severity"], d["text"]) for d in found["diagnostics"]]
        notes = [note for note in notes if note.line > 0 or note.kind == "error"]
        if any(note.kind == "error" for note in notes):
            return Output(tuple(_sorted(notes))), {}
        filled, verdicts = None, tuple[Verdict, ...]()
        holes = [first for first, _ in found["holes"] if first >= source.start]
        if proving:
            filled, verdicts = await self._prove(before, own)
            notes = [note for note in notes if note.text != SORRY]
        else:
            for first in holes[:MOST_NOTES]:
                notes.append(source.note(first, "goals", await self._goals(first)))
        declared = tuple(_names((await self._ask("symbols"))["symbols"], source.start))
        after, dropped = await self._after(before + (filled or own), cells, names[at + 1 :])
        kept = {other: cells[other] for other in names[:at]} | {name: filled or own} | after
        return Output(tuple(_sorted(notes)), declared, verdicts, filled, dropped), kept

    async def _after(
        self, before: str, cells: Mapping[str, str], names: Sequence[str]
    ) -> tuple[dict[str, str], int]:
        """Those of the later cells that still hold after what is before them now, and how many do
        not."""
        kept: dict[str, str] = {}
        for name in names:
            text = before + cells[name]
            found = await self._update(text)
            if not any(d["severity"] == "error" for d in found["diagnostics"]):
                kept[name], before = cells[name], text
        return kept, len(names) - len(kept)

    async def _prove(self, before: str, own: str) -> tuple[str, tuple[Verdict, ...]]:
        """The text of a cell with the proofs that were found, and the verdicts."""
        where = place(self._cells.settings, Path.cwd())
        asked = {"where": where, "text": before + own}
        start = len(before.encode())
        found = await client().call("goals", asked, self._bar.heard)
        wanted = {h["declaration"]: None for h in found["holes"] if h["first"] >= start}
        verdicts: list[Verdict] = []
        for name in wanted:
            if name is not None:
                filled = await self._remote.prove_text(before + own, name=name)
                verdicts += filled.verdicts
                own = filled.text.removeprefix(before)
        return own, tuple(verdicts)

    async def _goals(self, at: int) -> str:
        for method in ("goals", "term_goal"):
            if goals := (await self._ask(method, at=at))["goals"]:
                return "\n\n".join(goal["pp"] for goal in goals)
        return ""

    async def _update(self, text: str) -> dict[str, Any]:
        self._text = text
        return await self._ask("update")

    async def _ask(self, method: str, **asked: Any) -> dict[str, Any]:
        """Asks about the text in the document of the notebook, which is opened anew if the engine has
        lost it."""
        for last in (False, True):
            try:
                return await self._cells.ask(method, self._text, self._bar.heard, asked)
            except (EngineGone, EngineStopped, UnknownState):
                if last:
                    raise
        raise AssertionError


class _Source:
    """A cell after the text before it: byte offsets as lines and columns of the cell."""

    def __init__(self, before: str, own: str) -> None:
        self.start = len(before.encode())
        self._data = own.encode()
        self._lines = own.split("\n")

    def note(self, at: int, kind: str, text: str) -> Note:
        """What is said of a place; of one before the cell, at its line 0."""
        if at < self.start:
            return Note(0, 0, kind, f"before this cell: {text}", "")
        lines = self._data[: at - self.start].decode(errors="ignore").split("\n")
        return Note(len(lines), len(lines[-1]), kind, text, self._lines[len(lines) - 1])


def _sorted(notes: Sequence[Note]) -> list[Note]:
    return sorted(notes, key=lambda note: (note.line, note.column))


def _names(symbols: Sequence[Mapping[str, Any]], start: int, space: str = "") -> Iterator[str]:
    """The names that are declared from a place on, with their namespaces."""
    for symbol in symbols:
        name = f"{space}{symbol['name']}"
        if symbol["kind"] in ("namespace", "section"):
            inner = f"{name}." if symbol["kind"] == "namespace" else space
            yield from _names(symbol["children"], start, inner)
        elif symbol["first"] >= start and symbol["name"]:
            yield name


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
