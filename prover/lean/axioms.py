"""Which axioms a proof may rest on."""

from __future__ import annotations

ALLOWED = frozenset({"propext", "Classical.choice", "Quot.sound"})
"""The axioms of Lean's logic. `Lean.ofReduceBool`, `Lean.trustCompiler` and the axioms that
`native_decide` makes trust the compiler, `sorryAx` proves everything: they are not among them."""

ALLOWED_NAMES = frozenset(tuple[str | int, ...](name.split(".")) for name in ALLOWED)
