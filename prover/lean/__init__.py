"""Lean: finding one, and running it."""
