"""Which axioms a proof may rest on."""

from __future__ import annotations

from collections.abc import Iterable

ALLOWED = frozenset({"propext", "Classical.choice", "Quot.sound"})
"""The axioms of Lean's logic. `Lean.ofReduceBool`, `Lean.trustCompiler` and the axioms that
`native_decide` makes trust the compiler, `sorryAx` proves everything: they are not among them."""


def forbidden(axioms: Iterable[str]) -> tuple[str, ...]:
    """The axioms that are not allowed, in order."""
    return tuple(sorted(set(axioms) - ALLOWED))
