"""Shapes that use theorems of the library which speak of what the goal speaks of."""

from __future__ import annotations

from collections.abc import Iterator

from prover.generate.shapes import NAT, Idea, View, words
from search.premises import Library

TOGETHER = 12
"""How many theorems one tactic is given. `tests/bench/bench_premises.py` measures what they bring."""

REWRITES = 3

MOST_STEPS = 4
"""How many rules for successors one tactic is given."""


def theorems(view: View) -> Iterator[Idea]:
    """All ideas that need an index of the library."""
    if view.context.library is None:
        return
    yield from _steps(view, view.context.library)
    entries = view.context.library.ranked(view.goal.constants, TOGETHER)
    if entries and not view.deep:
        names = f"[{', '.join(entry.name for entry in entries)}]"
        yield 2.60, f"simp {names}", 0
        yield 2.65, f"simp_all {names}", 0
        yield 2.70, f"grind {names}"
    if view.goal.target == "False":
        return  # what is rewritten is in a hypothesis
    rules = [entry.name for entry in entries if entry.head in ("Eq", "Iff")]
    for place, rule in enumerate(rules[:REWRITES]):
        yield 3.3 + 0.2 * place, f"rw [{rule}]"
        yield 3.9 + 0.2 * place, f"rw [← {rule}]"


def _steps(view: View, library: Library) -> Iterator[Idea]:
    """What functions of the library are at a successor (`List.range_succ`, `Finset.sum_range_succ`),
    and induction with it."""
    heads = sorted(view.goal.constants)
    ends = ["", *(f"_{head.rpartition('.')[2]}" for head in heads)]
    rules = [rule for end in ends for head in heads if (rule := f"{head}{end}_succ") in library]
    if not rules:
        return
    names = f"[{', '.join(rules[:MOST_STEPS])}]"
    if " + 1" in view.goal.target:
        yield 2.90, f"simp_all {names}"
        yield 2.45, f"simp_all {names} <;> omega", 0
        yield 2.50, f"simp_all {names} <;> grind", 0
    target = words(view.goal.target)
    for place, name in enumerate(n for n in view.of_type(NAT) if n in target):
        k, ih = view.fresh("k", "ih")
        arms = f"| zero => first | rfl | simp_all\n| succ {k} {ih} => simp_all {names} <;> grind"
        yield 2.35 + 0.3 * place, f"induction {name} with\n{arms}"
