"""Searches over training statements, made for their log: what was tried, and what helped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from prover.api import Options, Prover, Settings, StatementError
from prover.data.decontaminate import Benchmark, Problem
from prover.data.theorems.corpus import all_held_out, for_training
from prover.data.theorems.statement import Row, read_rows
from prover.errors import WrongUse
from prover.files import mend, read_jsonl
from prover.generate.portfolio import Portfolio
from prover.lean.limits import PATIENT
from prover.train.rounds import Explorer
from search.budget import Budget


def read_training(path: Path, benchmarks: Sequence[Problem] = ()) -> list[Row]:
    """The statements of a file that may be trained on, in the order of their hashes: none of a test,
    none that the library shows with its own proof, none that contains a problem of a benchmark.

    Raises:
        WrongUse: the file is no file of statements, or has none for training.
    """
    known = Benchmark(benchmarks)
    rows = sorted(read_rows(path), key=lambda row: row.statement_sha256)
    some = {
        row.name: row
        for row in for_training(rows, all_held_out())
        if known.hit(row.statement) is None
    }
    if not some:
        raise WrongUse(f"{path} has no statement for training")
    return list(some.values())


def tests_as_problems() -> list[Problem]:
    """The statements of all tests."""
    return [Problem(row.name, row.statement) for row in all_held_out()]


async def search_for_outcomes(
    rows: Sequence[Row],
    log: Path,
    *,
    attempts: int = 2,
    expansions: int = 12,
    seconds: float = 20.0,
    temperature: float = 1.0,
    together: int = 2,
    jobs: int = 1,
    lean: str = "auto",
    report: Callable[[str], None] = lambda line: None,
) -> None:
    """Searches each statement `attempts` times with the portfolio, all but the first time in an order
    that the attempt draws (`Explorer`), so that what it rates low is tried too. Searches that are in
    `log` are not made again.
    """
    mend(log)
    there = read_jsonl(log) if log.exists() else []
    done = {(line["name"], line["seed"]) for line in there}
    todo = [
        (row, attempt)
        for row in sorted(rows, key=lambda row: row.header)  # what one process has loaded, stays
        for attempt in range(attempts)
        if (row.name, attempt) not in done
    ]
    places = asyncio.Semaphore(together)
    ended = 0

    async with Prover(Settings(lean=lean, jobs=jobs, limits=PATIENT)) as prover:

        async def one(row: Row, attempt: int) -> None:
            nonlocal ended
            budget = Budget(expansions=expansions, seconds=seconds)
            options = Options(budget, attempt, refute=False, discover=False, log=log)
            generator = Explorer(Portfolio(), Portfolio(), temperature, attempt)
            async with places:
                try:
                    with prover.job(options, generator=generator) as job:
                        filled = await job.fill_statement(row.statement, header=row.header)
                    outcome = str(filled.verdicts[-1].outcome)
                except StatementError as error:
                    outcome = f"not elaborating: {str(error).splitlines()[0]}"
            ended += 1
            report(f"{ended}/{len(todo)} {outcome} {row.name}")

        await asyncio.gather(*(one(row, attempt) for row, attempt in todo))
