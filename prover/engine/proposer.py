"""What proposes the tactics of one search where the portfolio does not do."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from prover.engine import targets
from prover.engine.engine import Engine
from prover.engine.filling import Part
from prover.generate.mixed import Hinted, Silent
from prover.generate.portfolio import Portfolio
from prover.generate.prompts import ProofFormat, Statement
from prover.lean.source import cut
from search.interfaces import Request, Suggestion, TacticGenerator


class Proposer:
    """What the model of an engine proposes in one search, beside the portfolio or alone. The model
    is asked for, and loaded if it is not yet, with the first request."""

    def __init__(self, engine: Engine, part: Part, seed: int, short: bool) -> None:
        self._engine = engine
        self._part = part
        self._seed = seed
        self._short = short
        self._generator: TacticGenerator | None = None

    async def generate(
        self, requests: Sequence[Request]
    ) -> AsyncGenerator[tuple[int, Suggestion], None]:
        """Yields what the model suggests, and what the portfolio does."""
        if self._generator is None:
            self._generator = await self._made()
        stream: Any = self._generator.generate(requests)
        async with aclosing(stream) as arrivals:
            async for arrival in arrivals:
                yield arrival

    async def _made(self) -> TacticGenerator:
        model = await self._engine.model()
        beside = self._engine.settings.portfolio
        rated = partial(self._engine.rated, short=self._short)
        if isinstance(model.format, ProofFormat):
            return Hinted(rated(Portfolio()) if beside else Silent(), await self._whole_proofs())
        return rated(Portfolio(), model=model) if beside else model

    async def _whole_proofs(self) -> list[Suggestion]:
        """What a model that writes whole proofs writes for a theorem with one hole."""
        part = self._part
        if len(part.target.holes) > 1:
            return []
        declaration = part.target.declaration
        before = f"{part.shown.rstrip()}\n{cut(part.text.text, 0, declaration.first)}"
        head = targets.head(part.text, declaration)
        statement = Statement.with_docstring(head, before, part.informal)
        model = await self._engine.model()
        return [
            Suggestion(proof.script, proof.score, proof.tokens)
            async for proof in model.whole_proofs(statement, seed=self._seed)
        ]
