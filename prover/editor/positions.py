"""A text as an editor has it, and places in it.

An editor counts lines and UTF-16 code units (Language Server Protocol 3.17, "Position"), the rest of
the prover bytes in UTF-8 of the text as Lean reads it: without a byte order mark, with line feeds for
line ends.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from prover.files import BOM
from prover.lean.source import as_lean_reads

_LINE = re.compile(r"[^\r\n]*(\r\n|\n|\r|\Z)")


class Text:
    """A text of an editor. `lean` is the same as Lean reads it."""

    def __init__(self, raw: str) -> None:
        """Raises `NotText` if it holds half a character."""
        self.raw = raw
        self.lean = as_lean_reads(raw)
        self._lines: list[str] = []
        self._starts: list[int] = []
        at = 0
        for line in _LINE.finditer(raw):
            if line.start() == len(raw) and self._lines and not raw.endswith(("\n", "\r")):
                break  # the empty match after the last line
            shown = raw[line.start() : line.start(1)]
            self._lines.append(shown)
            self._starts.append(at)
            at += len(shown.removeprefix(BOM if not self._starts[1:] else "").encode())
            at += 1 if line[1] else 0

    @property
    def newline(self) -> str:
        """The line end that its first line has."""
        return "\r\n" if "\r\n" in self.raw[: self.raw.find("\n") + 1] else "\n"

    @property
    def end(self) -> int:
        """Its length for Lean, in bytes."""
        return len(self.lean.encode())

    def offset(self, position: Mapping[str, Any]) -> int:
        """The byte offset of a position. One past the end of its line is the end of that line, as
        the protocol says."""
        number = max(0, int(position["line"]))
        if number >= len(self._lines):
            return self.end
        line = self._lines[number]
        before = line[: index_of(line, int(position["character"]))]
        return self._starts[number] + len(self._counted(number, before).encode())

    def position(self, offset: int) -> dict[str, int]:
        """The position of a byte offset; of one inside of a character, where that begins."""
        offset = max(0, min(offset, self.end))
        number = bisect_right(self._starts, offset) - 1
        line = self._counted(number, self._lines[number])
        before = line.encode()[: offset - self._starts[number]].decode(errors="ignore")
        extra = len(self._lines[number]) - len(line)
        return {"line": number, "character": units(before) + extra}

    def range(self, first: int, last: int) -> dict[str, dict[str, int]]:
        """The range between two byte offsets."""
        return {"start": self.position(first), "end": self.position(last)}

    def _counted(self, number: int, line: str) -> str:
        """What of a line Lean reads too."""
        return line.removeprefix(BOM) if number == 0 else line


def units(text: str) -> int:
    """How many UTF-16 code units a text has."""
    return len(text) + sum(character > "\uffff" for character in text)


def index_of(line: str, character: int) -> int:
    """The index in a line of the place before which it has as many code units; inside of a pair, that
    before the pair."""
    if line.isascii():
        return max(0, min(character, len(line)))
    for index, one in enumerate(line):
        character -= 2 if one > "\uffff" else 1
        if character < 0:
            return index
    return len(line)


def changed(raw: str, changes: Sequence[Mapping[str, Any]]) -> str:
    """A text after the changes of `textDocument/didChange`, one after the other."""
    for change in changes:
        place = change.get("range")
        if place is None:
            raw = str(change["text"])
            continue
        first, last = _index(raw, place["start"]), _index(raw, place["end"])
        raw = raw[:first] + str(change["text"]) + raw[max(first, last) :]
    return raw


def _index(raw: str, position: Mapping[str, Any]) -> int:
    at = 0
    for _ in range(max(0, int(position["line"]))):
        line = _LINE.match(raw, at)
        if line is None or not line[1]:
            return len(raw)
        at = line.end()
    line = _LINE.match(raw, at)
    shown = line[0][: line.start(1) - at] if line else ""
    return at + index_of(shown, int(position["character"]))
