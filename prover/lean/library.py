"""An index of the theorems that a header imports, made once for each set of modules and Lean.

The gym tells the theorems of some modules at a time, so that no worker is away for long; the index is
kept on disk, in the cache folder.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from prover.errors import ProverError
from prover.files import write_file
from prover.lean.embedded import cache_folder
from search.premises import Library, Row

AT_ONCE = 4_000
"""How many theorems the gym tells at once, about."""

MOST_IN_MEMORY = 4
MOST_ON_DISK = 30
"""How many indexes are kept. One of 33,000 theorems takes 3.4 MB on disk and 18 MB in memory."""

MOST_HEADERS = 1_000

MACHINE_MADE = re.compile(
    r"(^|\.)(_|inst[A-Z]|match_|brecOn|sizeOf|ctorIdx|noConfusion|binductionOn|recOn|below"
    r"|(injEq|inj|congr_simp|eq_def|eq_\d+|eq_unfold|else_eq|ndrec|hcongr\w*|ext_iff)$"
    r"|proof_|congr_eq|mutual_induct|induct\w*$|fun_cases\w*$|ofNat_ctorIdx|toCtorIdx)"
    r"|\._|_private|_sizeOf|sizeOf_spec|Internal|\bLean\.|^Std\.Tactic|omega_|Linear\."
)
"""Names of theorems that nobody wrote, or that are the inside of a tactic."""

PLAIN_NAME = re.compile(r"[\w.'!?₀-₉]+")

Ask = Callable[[int, int], Awaitable[dict[str, Any] | str]]
"""Asks a gym for theorems, by the number of the first module and how many: its answer, or why there
is none."""


class Libraries:
    """The indexes of the environments of one Lean."""

    def __init__(self, lean: str) -> None:
        """`lean` names it."""
        self._lean = lean
        self._known: dict[str, Library] = {}
        self._modules: dict[str, str] = {}
        self._one_at_a_time = asyncio.Lock()

    async def of(self, header: str, ask: Ask) -> Library | None:
        """The index of what a header imports, of which a gym is asked; None if it does not tell."""
        if header not in self._modules:
            told = await ask(0, 0)
            if isinstance(told, str):
                return None
            if len(self._modules) >= MOST_HEADERS:
                self._modules.clear()
            self._modules[header] = str(told["modules"])
        modules = self._modules[header]
        async with self._one_at_a_time:
            if modules not in self._known:
                path = cache_folder() / f"theorems-{self._lean}-{modules}.json"
                library = await asyncio.to_thread(_kept, path)
                if library is None:
                    rows = await _read(ask)
                    if rows is None:
                        return None
                    library = await asyncio.to_thread(_keep, path, rows)
                self._known[modules] = library
            self._known[modules] = found = self._known.pop(modules)  # the latest is the last
            if len(self._known) > MOST_IN_MEMORY:
                del self._known[next(iter(self._known))]
            return found


Rows = tuple[list[str], list[tuple[str, list[Row]]]]
"""Constants, and modules with their theorems, whose rows number them."""


async def _read(ask: Ask) -> Rows | None:
    numbers: dict[str, int] = {}
    modules: list[tuple[str, list[Row]]] = []
    place: int | None = 0
    while place is not None:
        told = await ask(place, AT_ONCE)
        if isinstance(told, str):
            return None
        here = [numbers.setdefault(symbol, len(numbers)) for symbol in told["symbols"]]
        for module, rows in told["theorems"]:
            kept: list[Row] = [
                [name, *(here[number] for number in constants)]
                for name, *constants in rows
                if PLAIN_NAME.fullmatch(name) and not MACHINE_MADE.search(name)
            ]
            modules.append((module, kept))
        place = told["next"]
    return list(numbers), modules


def _kept(path: Path) -> Library | None:
    """The index on disk, if it is there and whole."""
    try:
        return Library(*json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, IndexError):
        return None


def _keep(path: Path, rows: Rows) -> Library:
    with suppress(OSError, ProverError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, json.dumps(rows, ensure_ascii=False))
        kept = sorted(path.parent.glob("theorems-*.json"), key=lambda p: p.stat().st_mtime)
        for old in kept[:-MOST_ON_DISK]:
            old.unlink(missing_ok=True)
    return Library(*rows)
