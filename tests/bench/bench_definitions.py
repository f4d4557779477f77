"""The search beside Lean's own `try?` on statements about definitions of their own:

    python tests/bench/bench_definitions.py ../shared/data/tip/isaplanner.jsonl [--every 5]
    python tests/bench/bench_definitions.py tests/engine/Programs.lean

Rows of a JSONL file have `name`, `statement` and `header`, as for `prover audit`; of a Lean file, all
holes are filled. Contestants are `try?` as the one tactic, through the same gym and verdict, the
search without lemmas of its own, and the search with them (`--contestants`), each with the same
`--timeout` for a statement. One run prints for each how many are proved in which time, and the ratios
to `try?`.
"""

import argparse
import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path

from prover.api import Options, Prover, Settings
from prover.errors import ProverError
from prover.evaluate.audit import read_problems
from search.budget import Budget
from search.interfaces import Request, Suggestion, TacticGenerator

TOGETHER = 2


class Try:
    """`try?` and nothing else."""

    async def generate(
        self, requests: Sequence[Request]
    ) -> AsyncGenerator[tuple[int, Suggestion], None]:
        """Yields one suggestion for each request."""
        for index, _ in enumerate(requests):
            yield index, Suggestion("try?", -1.0, leaves=0)


CONTESTANTS: dict[str, tuple[TacticGenerator | None, bool]] = {
    "try?": (Try(), False),
    "search": (None, False),
    "search and lemmas": (None, True),
}
"""What proposes tactics, the portfolio without another, and whether lemmas are looked for."""


async def run(prover: Prover, path: Path, every: int, options: Options, who: str) -> set[str]:
    """The names of what a contestant proves."""
    generator, lemmas = CONTESTANTS[who]
    options = replace(options, refute=False, discover=lemmas)
    proved: set[str] = set()
    if path.suffix == ".lean":
        with prover.job(options, generator=generator) as job:
            filled = await job.prove_text(path.read_text(encoding="utf-8"))
        return {verdict.name for verdict in filled.verdicts if verdict.proved}
    places = asyncio.Semaphore(TOGETHER)

    async def one(name: str, statement: str, header: str) -> None:
        async with places:
            try:
                with prover.job(options, generator=generator) as job:
                    filled = await job.fill_statement(statement, header=header)
            except ProverError as error:
                print(f"{name}: {str(error).splitlines()[0]}", flush=True)
                return
            if filled.verdicts[-1].proved:
                proved.add(name)
            else:
                print(f"{who}: not proved: {name}", flush=True)

    problems = read_problems(path)[::every]
    await asyncio.gather(*(one(p.name, p.statement, p.header) for p in problems))
    return proved


async def main(
    path: Path, every: int, timeout: float, contestants: Sequence[str], ranker: str
) -> None:
    options = Options(Budget(expansions=600, seconds=timeout))
    results: dict[str, tuple[set[str], float]] = {}
    async with Prover(Settings(lean="embedded", jobs=TOGETHER, ranker=ranker)) as prover:
        for who in contestants:
            begin = time.monotonic()
            proved = await run(prover, path, every, options, who)
            results[who] = (proved, time.monotonic() - begin)
            print(f"{who}: {len(proved)} proved in {results[who][1]:.0f} s", flush=True)
    if "try?" in results:
        alone, seconds = results["try?"]
        for who, (proved, taken) in results.items():
            more, fewer = len(proved - alone), len(alone - proved)
            print(
                f"{who} / try?: proved {len(proved) / max(1, len(alone)):.2f} "
                f"({more} more, {fewer} fewer), time {taken / seconds:.2f}"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=60.0)
    parser.add_argument("--contestants", default=",".join(CONTESTANTS))
    parser.add_argument("--ranker", default="none", help="as for prover prove")
    args = parser.parse_args()
    asyncio.run(main(args.path, args.every, args.timeout, args.contestants.split(","), args.ranker))
