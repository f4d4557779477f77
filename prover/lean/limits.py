"""What a Lean process may use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process may use. `heartbeats` and `tactic_seconds` are per tactic, `elab_seconds` per
    text or header, `memory_mb` is resident memory of the process with its children.
    """

    heartbeats: int = 20_000
    tactic_seconds: float = 20.0
    elab_seconds: float = 120.0
    start_seconds: float = 180.0
    memory_mb: int = 4_000


PATIENT = Limits(tactic_seconds=30.0, elab_seconds=300.0, start_seconds=600.0)
"""For long runs: caps on the wall time that should not bind, heartbeats do."""
