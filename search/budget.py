"""How much a search may spend, and what it has spent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace


@dataclass(slots=True)
class Spent:
    """What a search has spent so far.

    `expansions` are visits of a goal, `tokens` those of every suggestion received, `tactics` and
    `heartbeats` those of committed tactics, `seconds` the wall time as told by the driver, which does
    not count what went to other searches. It waited `generating` for suggestions, and beside all that
    `verifying` for verdicts on scripts.
    """

    expansions: int = 0
    tactics: int = 0
    tokens: int = 0
    heartbeats: int = 0
    seconds: float = 0.0
    generating: float = field(default=0.0, repr=False, compare=False)
    verifying: float = field(default=0.0, repr=False, compare=False)

    def __add__(self, other: Spent) -> Spent:
        """What two searches took, one after the other."""
        return Spent(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits in the units of `Spent`; `None` is no limit. `seconds` is only a cap on the time.

    `expansions` is never exceeded. `tokens` is exceeded by at most one generation, whose visit is
    still finished, `heartbeats` by at most one tactic: what a call takes is known only after it.
    """

    expansions: int | None = None
    tokens: int | None = None
    heartbeats: int | None = None
    seconds: float | None = None

    def exhausted(self, spent: Spent) -> str | None:
        """The name of the first limit that is reached."""
        for name in ("expansions", "tokens", "heartbeats", "seconds"):
            limit = getattr(self, name)
            if limit is not None and getattr(spent, name) >= limit:
                return name
        return None

    def part(self, parts: int) -> Budget:
        """One of so many equal parts, at least 1 of each; the cap on the time is the same."""
        return self._changed(lambda limit, name: limit // parts)

    def left(self, spent: Spent) -> Budget:
        """What is left of it, at least 1 of each; the cap on the time is the same."""
        return self._changed(lambda limit, name: limit - int(getattr(spent, name)))

    def _changed(self, change: Callable[[int, str], int]) -> Budget:
        limits = {name: getattr(self, name) for name in ("expansions", "tokens", "heartbeats")}
        return replace(
            self,
            **{
                n: None if limit is None else max(1, change(limit, n))
                for n, limit in limits.items()
            },
        )
