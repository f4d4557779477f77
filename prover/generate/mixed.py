"""Generators made of others: a model beside the portfolio, and failed proofs as hints."""

from __future__ import annotations

import math
import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from typing import Any

from prover.lean.syntax import split_at_comments
from search.best_first import rank
from search.graph import clip_logprob
from search.interfaces import Request, State, Suggestion, TacticGenerator
from search.proof import layout

LEAD = 8
"""The width of a search, by default."""

BELOW = 1e-6
"""How far, in nats, a model stays below what leads; suggestions of the portfolio differ by more."""

HINTS = 4
"""How many of the blocks that come next in a failed proof are suggested."""

MOST_NESTED = 16
"""Bullets inside bullets that are taken apart."""

FIRST_HINT = -0.25
NEXT_HINT = -1.0
"""Log-probabilities of the block that comes next, and for each one further on."""


class Silent:
    """A generator that suggests nothing."""

    async def generate(
        self, requests: Sequence[Request]
    ) -> AsyncGenerator[tuple[int, Suggestion], None]:
        """Yields nothing."""
        nothing: tuple[tuple[int, Suggestion], ...] = ()
        for arrival in nothing:
            yield arrival


class Mixed:
    """A model beside the portfolio, which keeps its scale: its suggestions are those that it makes
    alone, with their log-probabilities.

    The model's log-probabilities are moved to where the portfolio's first `lead` end: its surest
    suggestion can stand right behind them, among the portfolio's others. With the `width` of the
    search as `lead`, the first visit of every goal runs what it would run without a model: what
    costs little is tried before the model has a say. With 0 the model's are not moved, which proves
    more in as many tactics, and takes more of them where the portfolio is enough.
    """

    def __init__(
        self, model: TacticGenerator, portfolio: TacticGenerator, *, lead: int = LEAD
    ) -> None:
        if lead < 0:
            raise ValueError(f"the portfolio leads by 0 tactics or more, not by {lead}")
        self._model = model
        self._portfolio = portfolio
        self._lead = lead

    async def generate(
        self, requests: Sequence[Request]
    ) -> AsyncGenerator[tuple[int, Suggestion], None]:
        """Yields what both suggest, the portfolio's at once. What both know comes twice; the better
        one counts."""
        listed: list[list[Suggestion]] = [[] for _ in requests]
        async for index, suggestion in self._portfolio.generate(requests):
            listed[index].append(suggestion)
            yield index, suggestion
        ends = [_end(suggestions, self._lead) for suggestions in listed]
        async with aclosing(_stream(self._model, requests)) as stream:
            async for index, s in stream:
                yield index, _moved(s, ends[index])


class FairCoin:
    """A model and the portfolio as one distribution to draw from: a coin is tossed, and the winner
    draws a tactic. The model's log-probabilities are those of a distribution; the portfolio's are
    preferences, and over what it suggests for a state they are made to sum to one."""

    def __init__(self, model: TacticGenerator, portfolio: TacticGenerator) -> None:
        self._model = model
        self._portfolio = portfolio

    async def generate(
        self, requests: Sequence[Request]
    ) -> AsyncGenerator[tuple[int, Suggestion], None]:
        """Yields what both suggest. What both know comes twice; the better one counts."""
        half = math.log(0.5)
        listed: list[list[Suggestion]] = [[] for _ in requests]
        async for index, suggestion in self._portfolio.generate(requests):
            listed[index].append(suggestion)
        for index, suggestions in enumerate(listed):
            total = _total([s.logprob for s in suggestions if _usable(s)])
            for s in suggestions:
                yield index, _moved(s, half - total)
        async with aclosing(_stream(self._model, requests)) as stream:
            async for index, s in stream:
                yield index, _moved(s, half)


class Hinted:
    """A generator that is helped by whole proofs: each is tried at the root as it is, and a step that
    worked in one of those that fail is worth trying in the search, on the same path.

        with hinted.by(root, proofs): await scheduler.run(BestFirst(root))
    """

    def __init__(self, generator: TacticGenerator) -> None:
        self._generator = generator
        self._whole: dict[str, Sequence[Suggestion]] = {}
        self._proofs: dict[str, list[list[str]]] = {}

    @contextmanager
    def by(self, root: State, proofs: Sequence[Suggestion]) -> Iterator[None]:
        """Helps with proofs (tactic blocks) of a root state, as long as it is open."""
        self._whole[root.key] = proofs
        self._proofs[root.key] = [blocks(proof.tactic) for proof in proofs if _usable(proof)]
        try:
            yield
        finally:
            self._whole.pop(root.key, None)  # another search may have begun at the same goal
            self._proofs.pop(root.key, None)

    async def generate(
        self, requests: Sequence[Request]
    ) -> AsyncGenerator[tuple[int, Suggestion], None]:
        """Yields whole proofs and hints first, then the generator's own."""
        for index, request in enumerate(requests):
            known = set()
            if not request.history:
                for proof in self._whole.get(request.state.key, ()):
                    known.add(proof.tactic)
                    yield index, proof
            for tactic, logprob in self._hints(request).items():
                if tactic not in known:
                    yield index, Suggestion(tactic, logprob)
        async with aclosing(_stream(self._generator, requests)) as stream:
            async for arrival in stream:
                yield arrival

    def _hints(self, request: Request) -> dict[str, float]:
        found: dict[str, float] = {}
        root = _root(request.state)
        for key, proofs in self._proofs.items():
            if root not in (None, key):
                continue  # another search's: what helps must not depend on what runs beside
            for proof in proofs:
                after = _after(proof, request.history)
                if after is None or (not request.history and key != request.state.key):
                    continue
                for place, tactic in enumerate(proof[after : after + HINTS]):
                    logprob = FIRST_HINT + NEXT_HINT * place
                    found[tactic] = max(logprob, found.get(tactic, -math.inf))
        return dict(sorted(found.items(), key=lambda item: -item[1]))


def _usable(suggestion: Suggestion) -> bool:
    return bool(suggestion.tactic) and suggestion.flaw is None


def _moved(suggestion: Suggestion, logprob: float) -> Suggestion:
    """A tactic with another log-probability on top of its own; all else as it is."""
    if not _usable(suggestion):
        return suggestion
    return replace(suggestion, logprob=clip_logprob(suggestion.logprob) + logprob)


def _total(logprobs: Sequence[float]) -> float:
    """The logarithm of the sum of the probabilities; 0 if there are none."""
    most = max(logprobs, default=-math.inf)
    if most == -math.inf:
        return 0.0
    return most + math.log(sum(math.exp(logprob - most) for logprob in logprobs))


def _end(suggestions: Sequence[Suggestion], lead: int) -> float:
    """The log-probability right below those of the first `lead` that can be run; 0 without any."""
    first = rank(suggestions)[:lead]
    return first[-1].logprob - BELOW if first else 0.0


def _root(state: State) -> str | None:
    """The key of the state that a search began with, where the environment tells."""
    handle: Any = state.handle
    while getattr(handle, "parent", None) is not None:
        handle = handle.parent
    return getattr(handle, "key", None)


async def _stream(
    generator: TacticGenerator, requests: Sequence[Request]
) -> AsyncGenerator[tuple[int, Suggestion], None]:
    """The suggestions of a generator, which is closed with the stream if it can be."""
    stream = generator.generate(requests)
    try:
        async for arrival in stream:
            yield arrival
    finally:
        if (close := getattr(stream, "aclose", None)) is not None:
            await close()


def _after(proof: Sequence[str], history: Sequence[str]) -> int | None:
    """Where a proof goes on after the steps of a path, which leaves out the steps on other goals.
    None: the path is not part of the proof."""
    place = 0
    for step in history:
        try:
            place = proof.index(layout(step), place) + 1
        except ValueError:
            return None
    return place


_CONTINUES = re.compile(r"(\||<;>|else\b|then\b|at\b|with\b|using\b|generalizing\b|[)\]}⟩,])")


def blocks(proof: str, nested: int = MOST_NESTED) -> list[str]:
    """The tactics of a proof, each with what is indented below it. The blocks of bullets are taken
    apart in turn, `nested` levels deep: each is the proof of a goal of its own."""
    code = "".join(split_at_comments(proof.expandtabs()))
    lines = [line.rstrip() for line in code.split("\n")]
    text = layout("\n".join(line for line in lines if line.strip()))
    parts: list[list[str]] = []
    depth = 0
    for line in text.split("\n") if text else ():
        if parts and (line[0].isspace() or depth > 0 or _CONTINUES.match(line)):
            parts[-1].append(line)
        else:
            parts.append([line])
            depth = 0
        depth += sum((c in "([{⟨") - (c in ")]}⟩") for c in line)
    found = []
    for part in parts:
        block = "\n".join(part)
        if nested and block[0] in "·." and (inner := block[1:]).strip():
            found += blocks(" " + inner, nested - 1)
        else:
            found.append(layout(block))
    return found
