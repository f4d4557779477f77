"""Proves Lean 4 theorems; what it calls proved, the Lean kernel has accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prover.api import Filled, Options, Prover, Settings, StatementError, check, prove
    from prover.errors import ProverError
    from prover.informal.formalise import Formalised, formalize
    from prover.verify.verdict import Outcome, Verdict

__all__ = [
    "Filled",
    "Formalised",
    "Options",
    "Outcome",
    "Prover",
    "ProverError",
    "Settings",
    "StatementError",
    "Verdict",
    "check",
    "formalize",
    "prove",
]


def __getattr__(name: str) -> Any:
    """Loads the API when it is first used: `prover --help` does without it."""
    if name not in __all__:
        raise AttributeError(f"module 'prover' has no attribute {name!r}")
    if name in ("Formalised", "formalize"):
        from prover.informal import formalise

        return getattr(formalise, name)
    from prover import api

    return getattr(api, name)
