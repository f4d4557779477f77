"""What belongs to one client: its states, its running jobs, and what else is named by it alone."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from prover.lean.pool import Handle
from prover.lean.states import Name
from prover.serve.engines import Lease
from prover.serve.schema import ShownGoal, ShownHypothesis, ShownState, UnknownState, Where
from search.interfaces import Goal, State

IDLE_SECONDS = 30 * 60.0
"""After this long without a request a session is dropped."""

MOST_STATES = 4_096
"""How many states a session keeps; the oldest are let go."""


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A state of a session: where its Lean is, the theorems before its hole, the tactics that led to
    it from there."""

    state: State
    where: Where
    theorems: tuple[Name, ...] = ()
    history: tuple[str, ...] = ()


@dataclass(eq=False)
class Session:
    """One client."""

    id: str
    heard: float = field(default_factory=time.monotonic)
    running: int = 0
    states: dict[str, Held] = field(default_factory=dict)
    jobs: dict[str, Any] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)
    """For the methods of documents: whatever they keep, with a coroutine `close`."""

    _lent: dict[str, Lease] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        return not (self.running or self.states or self.jobs or self.documents)

    def show(self, lease: Lease, held: Held) -> ShownState:
        """Gives a state a name that nobody can guess."""
        name = secrets.token_hex(8)
        self.states[name] = held
        self._lent[name] = lease
        if len(self.states) > MOST_STATES:
            self.release([next(iter(self.states))])
        return ShownState(name, held.state.pp, tuple(map(shown_goal, held.state.goals)))

    def find(self, name: str) -> Held:
        """Raises `UnknownState`."""
        if name not in self.states:
            raise UnknownState(
                f"this session has no state {name}: it was released, or the engine was started anew",
                "ask for the goals again",
            )
        return self.states[name]

    def ready(self, name: str, lease: Lease) -> Held:
        """A state, for the engine of a lease: if that was started anew, the state is rebuilt there
        from its text. Raises `UnknownState`."""
        held = self.find(name)
        if self._lent[name].engine is not lease.engine:
            handle = held.state.handle
            while isinstance(handle, Handle):
                handle.names.clear()
                handle = handle.parent
            self._lent[name] = lease
        return held

    def release(self, names: Iterable[str]) -> None:
        for name in names:
            held, lease = self.states.pop(name, None), self._lent.pop(name, None)
            if held is not None and lease is not None and lease.open:
                lease.engine.pool.release([held.state])

    async def close(self) -> None:
        self.release(list(self.states))
        for document in self.documents.values():
            await document.close()


class Sessions:
    """The clients that were heard of lately."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def get(self, name: str) -> Session:
        session = self._sessions.setdefault(name, Session(name))
        session.heard = time.monotonic()
        return session

    async def drop(self, session: Session) -> None:
        self._sessions.pop(session.id, None)
        await session.close()

    async def sweep(self, idle: float = IDLE_SECONDS) -> None:
        """Drops those that were not heard of for long."""
        now = time.monotonic()
        for session in list(self._sessions.values()):
            if not session.running and now - session.heard > idle:
                await self.drop(session)

    async def close(self) -> None:
        for session in list(self._sessions.values()):
            await self.drop(session)


def shown_goal(goal: Goal) -> ShownGoal:
    return ShownGoal(
        goal.pp,
        goal.target,
        tuple(ShownHypothesis(h.name, h.type, h.value) for h in goal.hypotheses),
        goal.case,
    )
