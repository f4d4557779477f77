"""Tactics that work on a state: what the engine proposes, run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from prover.engine.engine import Engine
from prover.generate.portfolio import Portfolio
from prover.generate.prompts import ProofFormat
from prover.lean.states import Name
from search.interfaces import Progress, Request, State, Suggestion, TacticGenerator

TRIES = 64
"""How many proposals are run, the likeliest first."""


@dataclass(frozen=True, slots=True)
class Found:
    """A tactic that works: as a proof should record it, with its log-probability and what it leaves,
    nothing if it closes the state."""

    tactic: str
    logprob: float
    states: tuple[State, ...]


async def suggest(
    engine: Engine,
    state: State,
    *,
    history: Sequence[str] = (),
    theorems: Sequence[Name] = (),
    most: int = 8,
    seconds: float = 10.0,
    on_found: Callable[[Found], None] = lambda found: None,
) -> list[Found]:
    """Proposals for a state that were run on it and work, those that close it first, then by their
    log-probabilities. Of two that leave the same the likelier one is kept, and none that leaves the
    state as it is. `history` are the tactics on the way to the state, `theorems` those before it.
    """
    pool = engine.pool
    found: dict[frozenset[str], Found] = {}
    waiting: list[Suggestion] = []
    tried: set[str] = set()
    arrived = asyncio.Event()
    over = False

    async def take(generator: TacticGenerator, request: Request) -> None:
        stream: AsyncGenerator[tuple[int, Suggestion], Any]
        stream = generator.generate([request])  # type: ignore[assignment]
        async with aclosing(stream) as arrivals:
            async for _, suggestion in arrivals:
                if suggestion.tactic and not suggestion.flaw:
                    waiting.append(suggestion)
                    arrived.set()

    async def propose() -> None:
        nonlocal over
        context = await engine.context(state, theorems)
        request = Request(state, tuple(history), context=context)
        try:
            if engine.settings.portfolio or engine.settings.model is None:
                await take(engine.rated(Portfolio()), request)
            if engine.settings.model is not None:  # while it loads, the portfolio's are run
                model = await engine.model()
                if not isinstance(model.format, ProofFormat):
                    await take(model, request)
        finally:
            over = True
            arrived.set()

    async def run() -> None:
        while len(tried) < TRIES:
            while not waiting:
                if over:
                    return
                arrived.clear()
                await arrived.wait()
            best = max(waiting, key=lambda one: one.logprob)
            waiting.remove(best)
            if best.tactic in tried:
                continue
            tried.add(best.tactic)
            note(best, await pool.run(state, best.tactic))

    def note(suggestion: Suggestion, outcome: object) -> None:
        if not isinstance(outcome, Progress):
            return
        left = outcome.children
        keys = frozenset(child.key for child in left)
        many = suggestion.leaves is not None and len(left) > suggestion.leaves
        known = found.get(keys)
        worse = known is not None and known.logprob >= suggestion.logprob and left
        if many or worse or state.key in keys:
            pool.release(left)
            return
        if known is not None and left:
            pool.release(known.states)
        one = Found(outcome.tactic, suggestion.logprob, left)
        found[keys if left else frozenset({outcome.tactic, ""})] = one
        on_found(one)

    tasks = [asyncio.create_task(propose()), *(asyncio.create_task(run()) for _ in _slots(engine))]
    try:
        async with asyncio.timeout(seconds):
            await asyncio.gather(*tasks)
    except TimeoutError:
        pass
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    ordered = sorted(found.values(), key=lambda one: (bool(one.states), -one.logprob))
    for one in ordered[most:]:
        pool.release(one.states)
    return ordered[:most]


def _slots(engine: Engine) -> range:
    return range(engine.pool.capacity)
