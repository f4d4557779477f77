"""Which theorems of a library may help with a goal: those whose statements speak of the same things.

A statement is the set of its constants. A rare constant that a goal and a theorem share says much, a
frequent one little, and what only the theorem has counts against it: theorems are ranked by the
cosine of the two sets, each constant weighted by its inverse document frequency (Salton and Buckley,
"Term-weighting approaches in automatic text retrieval", 1988).
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import pairwise

COMMON = 4
"""A constant that one of so many theorems has tells none from another."""

NEAREST = 0.4
"""The least cosine that counts. In the measurements of `tests/bench/bench_premises.py`, of the theorems
that a proof used and that were among the first 32, 99 of 100 were nearer."""

MOST_READ = 40_000
"""How many entries of the index one question reads, those of the rarest constants first."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A theorem of a library: its full name, its module, the constant at the head of its conclusion."""

    name: str
    module: str
    head: str


Row = Sequence[str | int]
"""A theorem by its name, the number of the head of its conclusion, and those of all its constants."""


class Library:
    """An index of theorems. `symbols` are the constants that the rows of `modules` number."""

    def __init__(
        self, symbols: Sequence[str], modules: Sequence[tuple[str, Sequence[Row]]]
    ) -> None:
        self._entries: list[Entry] = []
        self._names: set[str] = set()
        self._numbers = {symbol: number for number, symbol in enumerate(symbols)}
        self._where = [array("I") for _ in symbols]
        bounds, constants = [0], array("I")
        for module, rows in modules:
            for name, head, *ids in rows:
                for number in ids:
                    self._where[int(number)].append(len(self._entries))
                    constants.append(int(number))
                self._entries.append(Entry(str(name), module, symbols[int(head)]))
                self._names.add(str(name))
                bounds.append(len(constants))
        self._weights = [
            math.log((len(self._entries) + 1) / len(where)) ** 2 if where else 0.0
            for where in self._where
        ]
        self._rarest = math.log(len(self._entries) + 1) ** 2
        self._norms = array(
            "d",
            (
                math.sqrt(sum(self._weights[s] for s in constants[first:last])) or 1.0
                for first, last in pairwise(bounds)
            ),
        )

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def ranked(
        self, constants: Collection[str], most: int, without: Collection[str] = ()
    ) -> list[Entry]:
        """The theorems nearest to a goal with these constants, at most `most`, the best first, none
        of those `without`. What no theorem of the library has counts as rare."""
        known = {self._numbers[name] for name in constants if name in self._numbers}
        new = len(constants) - len(known)
        goal = sum(self._weights[s] for s in known) + new * self._rarest
        shared: dict[int, float] = {}
        read = 0
        for symbol in sorted(known, key=lambda s: (len(self._where[s]), s)):
            where = self._where[symbol]
            read += len(where)
            if read > MOST_READ or len(where) > 1 + len(self._entries) // COMMON:
                break
            weight = self._weights[symbol]
            for theorem in where:
                shared[theorem] = shared.get(theorem, 0.0) + weight
        least = NEAREST * math.sqrt(goal)
        near = [t for t, weight in shared.items() if weight >= least * self._norms[t]]
        best = nsmallest(
            most + len(without),
            near,
            key=lambda t: (-shared[t] / self._norms[t], len(self._entries[t].name), t),
        )
        found = (self._entries[theorem] for theorem in best)
        return [entry for entry in found if entry.name not in without][:most]
