"""A terminal window that breaks its lines anew when its width changes, as most do today."""

import re
from itertools import pairwise

TOKENS = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|[\r\n\b]|[^\x1b\r\n\b]")


class Screen:
    """It knows what the live display uses. A line that ran over the edge stays one line, of several
    rows; `overran` says whether one did."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.lines: list[str] = [""]
        self.overran = False
        self._line = 0
        self._at = 0
        self._full = False  # the cursor stays behind the last column until more is written

    def resize(self, columns: int) -> None:
        self.columns = columns
        self._full = self._full and self._at % columns == 0

    def rows(self) -> list[str]:
        found = []
        for line in self.lines:
            cuts = [*range(0, len(line), self.columns), len(line)] if line else [0, 0]
            found += [line[first:last].rstrip() for first, last in pairwise(cuts)]
        return found

    def text(self) -> str:
        """What is to be read, without empty rows at the end."""
        return "\n".join(self.rows()).rstrip("\n")

    def feed(self, data: bytes) -> None:
        for token in TOKENS.finditer(data.decode()):
            if token[0] == "\r":
                self._move(self._row() * self.columns)
            elif token[0] == "\n":
                self._down()
            elif token[0] == "\b":
                self._move(max(self._at - 1, 0))
            elif token[2] == "A":
                for _ in range(int(token[1] or 1)):
                    self._up()
            elif token[2] == "K":
                self._erase()
            elif not token[2]:
                self._write(token[0])

    def _row(self) -> int:
        """The row within the line."""
        return (self._at - self._full) // self.columns

    def _move(self, at: int) -> None:
        self._at = at
        self._full = False

    def _here(self) -> str:
        return self.lines[self._line]

    def _last_row(self, line: int) -> int:
        return max(len(self.lines[line]) - 1, 0) // self.columns

    def _up(self) -> None:
        row = self._row()
        column = self._at - row * self.columns
        if row:
            self._move((row - 1) * self.columns + column)
        elif self._line:
            self._line -= 1
            self._move(self._last_row(self._line) * self.columns + column)

    def _down(self) -> None:
        row = self._row()
        column = min(self._at - row * self.columns, self.columns - 1)
        if row < self._last_row(self._line):
            self._move((row + 1) * self.columns + column)
            return
        self._line += 1
        self._move(column)
        if self._line == len(self.lines):
            self.lines.append("")

    def _erase(self) -> None:
        first = self._row() * self.columns
        rest = self._here()[first + self.columns :]
        self.lines[self._line] = self._here()[:first] + (" " * self.columns + rest if rest else "")

    def _write(self, character: str) -> None:
        self.overran |= self._full
        line = self._here().ljust(self._at)
        self.lines[self._line] = line[: self._at] + character + line[self._at + 1 :]
        self._at += 1
        self._full = self._at % self.columns == 0
