"""Attempts at the statements of a benchmark along their proofs in words, and without them where the
words do not lead to a proof."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from prover.api import Filled, Options, Prover, StatementError
from prover.evaluate.benchmark import Theorem
from prover.informal.fill import StatementChanged, fill
from prover.informal.modelled import whole_text
from prover.informal.problem import Problem
from prover.informal.rounds import NothingSketched, prove_by_sketches
from prover.informal.sketch import Sketch
from prover.informal.writer import Writer
from prover.verify.verdict import Outcome
from search.budget import Spent

FOLLOWED = "followed"


@dataclass(frozen=True, slots=True)
class Followed:
    """What came of a statement. `words` is FOLLOWED where `sketch` is what was filled; else it says
    why the words were left, and the statement was searched as it stands. `sketches` is how many there
    were; `spent`, `failures` and `seconds`, by phase, are those of all searches."""

    filled: Filled
    words: str
    sketch: Sketch | None
    proof: str
    sketches: int
    spent: Spent
    failures: Counter[str]
    seconds: dict[str, float]


@dataclass(frozen=True, slots=True)
class _Along:
    """What came of the words alone: the search of the best sketch, or why there is none."""

    why: str
    best: Filled | None = None
    sketch: Sketch | None = None
    searched: tuple[Filled, ...] = ()
    sketches: int = 0


async def follow(
    prover: Prover, theorem: Theorem, options: Options, writer: Writer | None
) -> Followed:
    """Proves a statement along its proof in words: by sketches of a model, or by the one that the
    controlled language makes. Half of the budget is for their gaps together; what they leave of the
    whole is for a search of the statement as it stands, if it has no proof by then.

    Raises:
        StatementError: the statement does not elaborate.
        ModelError: the model failed.
    """
    text = whole_text(theorem.statement, theorem.header)
    name = theorem.name.rpartition(".")[2]
    problem = Problem(text, name, theorem.informal_statement, theorem.informal_proof)
    half = replace(options, budget=options.budget.part(2))
    along = await _along(prover, problem, half, writer)
    best, searched = along.best, list(along.searched)
    if best is not None and (best.proved or best.verdicts[-1].outcome is Outcome.DISPROVED):
        proof = problem.code(best.text)
        return Followed(best, FOLLOWED, along.sketch, proof, along.sketches, *_total(searched))
    plain = await prover.fill_statement(
        theorem.statement,
        header=theorem.header,
        informal=theorem.informal_statement,
        options=replace(options, budget=options.budget.left(_total(searched)[0])),
    )
    proof = plain.verdicts[-1].proof or ""
    return Followed(plain, along.why, None, proof, along.sketches, *_total([*searched, plain]))


async def _along(
    prover: Prover, problem: Problem, options: Options, writer: Writer | None
) -> _Along:
    if writer is not None:
        beside = Prover(engine=prover.engine, options=options)
        try:
            attempt = await prove_by_sketches(beside, writer, problem)
        except NothingSketched as error:
            return _Along(error.message)
        done = tuple(one.filled for one in attempt.tried if one.filled is not None)
        return _Along("gaps stay open", attempt.filled, attempt.sketch, done, len(attempt.tried))
    if not problem.proof:
        return _Along("it has no proof in words")
    from prover.informal.language import NotUnderstood, read_proof
    from prover.informal.language.lean import statement_of

    try:
        sketch = read_proof(problem.proof, statement_of(problem.text, problem.name))
    except NotUnderstood as error:
        return _Along(f"not read: {error.message}")
    gaps = max(1, sketch.text.count("sorry"))
    beside = Prover(
        engine=prover.engine, options=replace(options, budget=options.budget.part(gaps))
    )
    try:
        filled = await fill(beside, sketch, problem.text)
    except (StatementError, StatementChanged) as error:
        return _Along(f"Lean does not accept what was read: {error.message}", sketches=1)
    return _Along("gaps stay open", filled, sketch, (filled,), 1)


def _total(searched: Sequence[Filled]) -> tuple[Spent, Counter[str], dict[str, float]]:
    """What searches have spent, how their tactics failed, and their seconds by phase."""
    spent = sum((verdict.spent for one in searched for verdict in one.verdicts), Spent())
    failures = sum((one.failures for one in searched), Counter[str]())
    phases = {phase for one in searched for phase in one.seconds}
    seconds = {p: sum(one.seconds.get(p, 0.0) for one in searched) for p in sorted(phases)}
    return spent, failures, seconds
