"""How many statements of a JSONL file are disproved, and how soon:

    python tests/bench/bench_refute.py ../shared/data/tip/false.jsonl [--most 30] [--every 1]

Rows have `name`, `statement` and `header`, as for `prover audit`. Nothing is searched but the
counterexample and the proof of the negation, first at a glance, then in a study. A line for each
statement, and counts.
"""

import argparse
import asyncio
import time
from collections import Counter
from pathlib import Path

from prover.api import Prover, Settings, StatementError
from prover.engine import targets
from prover.engine.refute import GLANCE, STUDY, Refuter
from prover.evaluate.audit import read_problems
from prover.lean.source import with_options

LIMIT = 5.0
"""Seconds within which a small counterexample is to be found and proved."""


async def main(path: Path, most: int, every: int) -> None:
    counts: Counter[str] = Counter()
    async with Prover(Settings(lean="embedded", jobs=1)) as prover:
        for problem in read_problems(path)[::every][:most]:
            header = with_options(problem.header, problem.statement)
            try:
                text = await prover.texts.open_statement(problem.statement, header)
            except StatementError as error:
                counts["does not elaborate"] += 1
                print(
                    f"{problem.name}: does not elaborate: {str(error).splitlines()[0]}", flush=True
                )
                continue
            declaration = targets.find_statement(text)
            assert declaration is not None
            begin = time.monotonic()
            refuter = Refuter(prover.engine, prover.texts)
            for effort in (GLANCE, STUDY):
                disproof = await refuter.disprove(header, text, declaration, effort)
                if disproof is not None:
                    break
            seconds = time.monotonic() - begin
            prover.engine.pool.release([hole.state for hole in text.holes])
            if disproof is None:
                end = "no counterexample found"
            else:
                end = f"disproved within {LIMIT:g} s" if seconds <= LIMIT else "disproved later"
            counts[end] += 1
            at = "" if disproof is None else f" at {disproof.counterexample}"
            print(f"{problem.name}: {end}{at} ({seconds:.1f} s)", flush=True)
    for end, count in counts.most_common():
        print(f"{count:4} {end}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--most", type=int, default=1_000)
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    asyncio.run(main(options.path, options.most, options.every))
