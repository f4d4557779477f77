"""Whether a statement says anything: proofs that it is trivial, false, or true for no reason."""

from __future__ import annotations

from dataclasses import dataclass, replace

from prover.engine import targets
from prover.engine.checking import Checker, StatementError
from prover.engine.engine import Engine
from prover.engine.job import Job
from prover.engine.options import Options
from prover.engine.refute import GLANCE, STUDY, Disproof, Refuter, Unanswered
from prover.lean.source import with_options
from search.interfaces import Progress

TRIVIAL = ("rfl", "assumption", "trivial", "decide")
"""What closes a statement that says nothing, or that mere evaluation decides."""


@dataclass(frozen=True, slots=True)
class Scrutiny:
    """What was found out about a statement.

    `type_hash` is that of the elaborated type (SHA-256). `trivial` is the tactic that closes it at
    once; `contradiction` a proof of `False` from its hypotheses; `negation` a proof that it is false,
    `counterexample` where, in words, if that is known. Both proofs have a verdict behind them. None
    means that none was found, not that there is none.
    """

    type_hash: str
    trivial: str | None = None
    contradiction: str | None = None
    negation: str | None = None
    counterexample: str | None = None

    @property
    def wrong(self) -> bool:
        return self.contradiction is not None or self.negation is not None


async def scrutinise(
    engine: Engine,
    statement: str,
    header: str = "",
    options: Options | None = None,
    *,
    proved: bool = False,
) -> Scrutiny:
    """Looks at a statement, a text that ends with its theorem; the options are for each search. Of
    one that is `proved` it is not asked whether it is false.

    Raises:
        StatementError: the header or the statement does not elaborate, or is no theorem with a name.
    """
    return await _Look(engine, statement, header, options or Options()).look(proved)


class _Look:
    def __init__(self, engine: Engine, statement: str, header: str, options: Options) -> None:
        self.engine, self.options = engine, options
        self.statement, self.header = statement, with_options(header, statement)
        self.texts = Checker(engine)

    async def look(self, proved: bool) -> Scrutiny:
        type_hash = await self.texts.type_hash(self.statement, header=self.header)
        text, _, negation = await self.texts.negated(self.statement, header=self.header)
        trivial = await self.trivial()
        true = proved or trivial is not None
        disproof = None if true else await self.disproof()
        refuted = disproof.proof if disproof else None
        if disproof is None and not true:
            refuted = await self.proof(text, negation)
        return Scrutiny(
            type_hash,
            trivial=trivial,
            contradiction=None if refuted else await self.contradiction(),
            negation=refuted,
            counterexample=disproof.counterexample or None if disproof else None,
        )

    async def disproof(self) -> Disproof | None:
        text = await self.texts.open_statement(self.statement, self.header)
        self.engine.pool.release([hole.state for hole in text.holes])
        declaration = targets.find_statement(text)
        if declaration is None:
            return None
        refuter = Refuter(self.engine, self.texts)
        try:
            return await refuter.disprove(self.header, text, declaration, STUDY)
        except Unanswered:
            return None

    async def trivial(self) -> str | None:
        holes = (await self.texts.open_statement(self.statement, self.header)).holes
        try:
            for tactic in TRIVIAL if len(holes) == 1 else ():
                outcome = await self.engine.pool.run(holes[0].state, tactic)
                if isinstance(outcome, Progress) and not outcome.children:
                    return tactic
        finally:
            self.engine.pool.release([hole.state for hole in holes])
        return None

    async def contradiction(self) -> str | None:
        """A proof of `False` from the hypotheses, unless `False` is what the statement claims."""
        text = await self.texts.open_statement(self.statement, self.header)
        self.engine.pool.release([hole.state for hole in text.holes])
        declaration = targets.find_statement(text)
        if declaration is None:
            return None
        plain = targets.opened(text, declaration, ":= by\n  intros\n  sorry")
        start = targets.opened(text, declaration, ":= by\n  intros\n  exfalso\n  sorry")
        if plain is None or start is None:
            return None
        done = await self.engine.pool.elaborate(self.header, plain)
        goals = [hole.state.goals[0].target for hole in done.holes]
        alone = not any(hole.state.goals[0].hypotheses for hole in done.holes)
        self.engine.pool.release([hole.state for hole in done.holes])
        if done.errors or goals == ["False"] or alone or await self.satisfied(start):
            return None
        return await self.proof(self.header + start, declaration.name)

    async def satisfied(self, start: str) -> bool:
        """Whether a small instance is found at which the hypotheses hold: where `False` is false."""
        holes = (await self.engine.pool.elaborate(self.header, start)).holes
        if not holes:
            return False
        try:
            look = await self.engine.pool.refute(
                holes[0].state,
                most=GLANCE.points,
                heartbeats=GLANCE.heartbeats,
                seconds=GLANCE.limit,
            )
        finally:
            self.engine.pool.release([hole.state for hole in holes])
        return look.found is not None

    async def proof(self, text: str, name: str | None) -> str | None:
        options = replace(self.options, refute=False, discover=False)
        try:
            with Job(self.engine, options) as job:
                verdict = (await job.prove_text(text, name=name)).verdicts[-1]
        except StatementError:
            return None
        return verdict.proof if verdict.proved else None
