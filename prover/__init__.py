"""A theorem prover for Lean 4."""
