"""Shapes that use theorems of the library which speak of what the goal speaks of."""

from __future__ import annotations

from collections.abc import Iterator

from prover.generate.shapes import Idea, View

TOGETHER = 12
"""How many theorems one tactic is given. `tests/bench/bench_premises.py` measures what they bring."""

REWRITES = 3


def theorems(view: View) -> Iterator[Idea]:
    """All ideas that need an index of the library."""
    if view.context.library is None:
        return
    entries = view.context.library.ranked(view.goal.constants, TOGETHER)
    if entries and not view.deep:
        names = f"[{', '.join(entry.name for entry in entries)}]"
        yield 2.60, f"simp {names}", 0
        yield 2.65, f"simp_all {names}", 0
        yield 2.70, f"grind {names}"
    rules = [entry.name for entry in entries if entry.head in ("Eq", "Iff")]
    for place, rule in enumerate(rules[:REWRITES]):
        yield 3.3 + 0.2 * place, f"rw [{rule}]"
        yield 3.9 + 0.2 * place, f"rw [← {rule}]"
