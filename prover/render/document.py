"""A report as blocks, written as one HTML page that needs nothing else, or as Markdown."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prover.render.html import fill, page


@dataclass(frozen=True)
class Heading:
    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    text: str
    warning: bool = False


@dataclass(frozen=True)
class Table:
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def numeric(self) -> list[bool]:
        """Which columns hold numbers."""
        columns = zip(*self.rows, strict=True) if self.rows else [()] * len(self.head)
        return [bool(cells) and all(re.fullmatch(r"[\d.]*", c) for c in cells) for cells in columns]


@dataclass(frozen=True)
class Bars:
    """A histogram: `what` is counted."""

    what: str
    counts: Sequence[tuple[str, int]]


@dataclass(frozen=True)
class Curves:
    """Proved statements against what was spent, on a logarithmic axis."""

    title: str
    series: Sequence[tuple[str, Sequence[tuple[float, float]]]]


@dataclass(frozen=True)
class Foldout:
    """Something long under its summary; Markdown leaves it out."""

    summary: str
    code: str


Block = Heading | Paragraph | Table | Bars | Curves | Foldout


def to_html(found: Sequence[Block]) -> str:
    """The report as a page that needs nothing else: no script, nothing from elsewhere."""
    name = next((block.text for block in found if isinstance(block, Heading)), "")
    blocks = [(type(one).__name__, Chart(one) if isinstance(one, Curves) else one) for one in found]
    return page(name, fill("document.html", blocks=blocks))


def to_markdown(found: Iterable[Block]) -> str:
    """The report for a paper or a repository."""
    return "\n\n".join(_markdown(block) for block in found if not isinstance(block, Foldout)) + "\n"


def _markdown(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {text}"
        case Paragraph(text, warning):
            return f"**{text}**" if warning else text
        case Table(head, rows):
            lines = [head, ["---"] * len(head), *rows]
            return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)
        case Bars(what, counts):
            return _markdown(Table(["", what], [[name, str(count)] for name, count in counts]))
        case Curves(name, series):
            most = max((points[-1][0] for _, points in series if points), default=1)
            grid = [float(2**n) for n in range(max(1, math.ceil(math.log2(max(most, 1)))) + 1)]
            rows = [[label, *(f"{_at(points, x):g}" for x in grid)] for label, points in series]
            return _markdown(Table([name, *(f"{x:g}" for x in grid)], rows))
    raise TypeError(f"not a block: {block!r}")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _at(points: Sequence[tuple[float, float]], x: float) -> float:
    """The value of a step curve."""
    return max((y for place, y in points if place <= x), default=0.0)


COLOURS = ("#3b6ea5", "#c9741a", "#3a8f5c", "#8d5a9e", "#b0413e", "#6b6b6b")


class Chart:
    """Step curves on a logarithmic axis, as they are drawn in SVG: `down` and `along` are the ticks of
    the axes, places with labels, `lines` the curves: path, colour, label, place of the label."""

    width, height = 720, 300
    left, right, top, bottom = 44, 16, 12, 30

    def __init__(self, curves: Curves) -> None:
        self.title = curves.title
        points = [point for _, series in curves.series for point in series]
        places = [x for x, _ in points if x > 0]
        ticks = [n * 10.0**power for power in range(-4, 9) for n in (1, 2, 5)]
        self._low = max(tick for tick in ticks if tick <= max(min(places, default=1), ticks[0]))
        least = max(10 * self._low, max(places, default=1))
        self._high = min(tick for tick in ticks if tick >= least)
        highest = max(series[-1][1] for _, series in curves.series if series)
        step = _step(highest)
        self._most = step * math.ceil(highest / step)
        rounds = range(round(self._most / step) + 1)
        self.down = [(self._up(n * step), f"{n * step:g}") for n in rounds]
        shown = [tick for tick in ticks if self._low <= tick <= self._high]
        if len(shown) > 12:
            shown = shown[::3]
        self.along = [(self._across(tick), f"{tick:g}") for tick in shown]
        above = self.height - self.bottom - 14 - 18 * (len(curves.series) - 1)
        self.lines = [
            (self._path(series), COLOURS[n % len(COLOURS)], label[:32], above + 18 * n)
            for n, (label, series) in enumerate(curves.series)
        ]

    def _across(self, x: float) -> float:
        share = math.log10(max(x, self._low) / self._low) / math.log10(self._high / self._low)
        return self.left + share * (self.width - self.left - self.right)

    def _up(self, y: float) -> float:
        return self.height - self.bottom - y / self._most * (self.height - self.top - self.bottom)

    def _path(self, points: Sequence[tuple[float, float]]) -> str:
        path = f"M{self.left} {self._up(0):.1f}"
        for x, y in points:
            path += f"H{self._across(x):.1f}V{self._up(y):.1f}"
        return path + f"H{self.width - self.right}"


def _step(most: float) -> float:
    """A round distance between at most eight ticks."""
    rough = max(most / 7, 1e-9)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(n * power for n in (1, 2, 5, 10) if n * power >= rough)
    return max(step, 1.0) if most >= 1 else step
