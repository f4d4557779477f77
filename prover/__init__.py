"""Proves Lean 4 theorems; what it calls proved, the Lean kernel has accepted."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prover.api import Filled, Options, Prover, Settings, StatementError
    from prover.errors import ProverError
    from prover.informal.formalise import Formalised, formalize
    from prover.notebook import Result, check, goals, prove, refute
    from prover.verify.verdict import Outcome, Verdict

__all__ = [
    "Filled",
    "Formalised",
    "Options",
    "Outcome",
    "Prover",
    "ProverError",
    "Result",
    "Settings",
    "StatementError",
    "Verdict",
    "check",
    "formalize",
    "goals",
    "prove",
    "refute",
]


ELSEWHERE = {
    "ProverError": "prover.errors",
    **dict.fromkeys(("Result", "check", "goals", "prove", "refute"), "prover.notebook"),
    **dict.fromkeys(("Formalised", "formalize"), "prover.informal.formalise"),
}
"""What is not in `prover.api`."""


def __getattr__(name: str) -> Any:
    """Loads the API when it is first used: `prover --help` does without it."""
    if name not in __all__:
        raise AttributeError(f"module 'prover' has no attribute {name!r}")
    return getattr(importlib.import_module(ELSEWHERE.get(name, "prover.api")), name)


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext prover`: cells of Lean (`%%lean`)."""
    importlib.import_module("prover.notebook.cells").Cells(shell).register()
