"""Attempts at the statements of a benchmark along their proofs in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from prover.api import Filled, Options, Prover
from prover.errors import ProverError
from prover.evaluate.benchmark import Theorem
from prover.informal.fill import fill
from prover.informal.modelled import whole_text
from prover.informal.problem import Problem
from prover.informal.rounds import prove_by_sketches
from prover.informal.sketch import Sketch
from prover.informal.writer import Writer
from search.budget import Spent


class NotRead(ProverError):
    """The controlled language cannot read a proof in words. The message says where."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What came of a statement: the best sketch with its search, how many sketches there were, and
    what all of their searches took."""

    filled: Filled
    sketch: Sketch
    problem: Problem
    sketches: int
    spent: Spent
    failures: Counter[str]

    @property
    def proof(self) -> str:
        """The theorem as it is proved, with the lemmas of the sketch."""
        return self.problem.code(self.filled.text)


async def follow(
    prover: Prover, theorem: Theorem, options: Options, writer: Writer | None
) -> Followed:
    """Proves a statement along its proof in words: by sketches of a model, under one budget, or by
    the controlled language, which makes one sketch whose gaps have the budget of a search together.

    Raises:
        StatementError: the statement does not elaborate.
        NotRead: the controlled language cannot read the proof.
        NothingSketched, ModelError: the model was of no use.
    """
    text = whole_text(theorem.statement, theorem.header)
    name = theorem.name.rpartition(".")[2]
    problem = Problem(text, name, theorem.informal_statement, theorem.informal_proof)
    if writer is not None:
        beside = Prover(engine=prover.engine, options=options)
        attempt = await prove_by_sketches(beside, writer, problem)
        done = [one.filled for one in attempt.tried if one.filled is not None]
        return _followed(attempt.filled, attempt.sketch, problem, len(attempt.tried), done)
    from prover.informal.language import NotUnderstood, read_proof
    from prover.informal.language.lean import statement_of

    try:
        sketch = read_proof(problem.proof, statement_of(text, name))
    except NotUnderstood as error:
        raise NotRead(error.message) from None
    beside = Prover(engine=prover.engine, options=shared(options, sketch))
    filled = await fill(beside, sketch, text)
    return _followed(filled, sketch, problem, 1, [filled])


def shared(options: Options, sketch: Sketch) -> Options:
    """The options with the budget divided among the gaps of a sketch."""
    gaps = max(1, sketch.text.count("sorry"))
    budget = options.budget

    def part(whole: int | None) -> int | None:
        return None if whole is None else max(1, whole // gaps)

    divided = replace(
        budget,
        expansions=part(budget.expansions),
        tokens=part(budget.tokens),
        heartbeats=part(budget.heartbeats),
    )
    return replace(options, budget=divided)


def _followed(
    filled: Filled, sketch: Sketch, problem: Problem, sketches: int, done: list[Filled]
) -> Followed:
    spent = sum((verdict.spent for one in done for verdict in one.verdicts), Spent())
    failures = sum((one.failures for one in done), Counter[str]())
    return Followed(filled, sketch, problem, sketches, spent, failures)
