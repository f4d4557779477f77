"""The prover in a notebook: calls that work with and without `await`, results that show themselves,
and cells of Lean."""

from prover.notebook.calls import check, goals, prove, refute
from prover.notebook.result import Goals, Result

__all__ = ["Goals", "Result", "check", "goals", "prove", "refute"]
