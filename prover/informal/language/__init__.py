"""A controlled language: statements and proofs in words that a grammar can read."""

from prover.informal.language.errors import FORMS, NotUnderstood
from prover.informal.language.proof import read_proof
from prover.informal.language.statement import Statement, read_statement

__all__ = ["FORMS", "NotUnderstood", "Statement", "read_proof", "read_statement"]
