"""What it costs a hole to stand in a file with others, and a goal to have a model beside it.

    python tests/bench/bench_jobs.py                        # 48 holes, 30 s each at most
    python tests/bench/bench_jobs.py --holes 12 --timeout 10

Every ratio compares figures of this one run. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import asyncio
import time

from prover.api import Options, Prover, Settings
from prover.data.theorems.corpus import held_out
from prover.data.theorems.statement import Row
from prover.evaluate.compare import capped
from prover.generate.shipped import default_model
from prover.verify.verdict import Verdict
from search.budget import Budget


async def holes_of_a_file(rows: list[Row], options: Options) -> list[Verdict]:
    """All holes of one file against each hole alone. Gives the verdicts of those alone."""
    file = "\n\n".join(f"{row.statement} := by sorry" for row in rows)
    async with Prover(Settings(), options) as prover:
        begin = time.monotonic()
        together = (await prover.prove_text(file)).verdicts
        middle = time.monotonic()
        alone = [await prover.prove(row.statement) for row in rows]
        end = time.monotonic()
    both = [pair for pair in zip(together, alone, strict=True) if all(v.proved for v in pair)]
    slower = [one.spent.seconds / max(other.spent.seconds, 0.01) for one, other in both]
    print(f"{len(rows)} holes, at most {options.budget.seconds:g} s each")
    print(f"  in one file   {sum(v.proved for v in together)} proved, {middle - begin:.1f} s")
    print(f"  one by one    {sum(v.proved for v in alone)} proved, {end - middle:.1f} s")
    print(f"  wall time, file / one by one: {(middle - begin) / (end - middle):.2f}")
    for name, part in (("first", slower[:8]), ("last", slower[-8:])):
        print(f"  time of a search in the file / alone, the {name} 8: {sum(part) / len(part):.2f}")
    return alone


async def beside_a_model(rows: list[Row], options: Options) -> None:
    """The wall time of proofs that the portfolio finds, with a model beside it and without."""
    took: dict[str | None, list[float]] = {}
    proved: dict[str | None, int] = {}
    for model in (None, default_model(), None, default_model()):
        async with Prover(Settings(model=model), options) as prover:
            begin = time.monotonic()
            verdicts = [await prover.prove(row.statement) for row in rows]
            took.setdefault(model, []).append(time.monotonic() - begin)
            proved[model] = sum(verdict.proved for verdict in verdicts)
    alone, beside = (min(took[model]) for model in (None, default_model()))
    print(f"{len(rows)} statements that the portfolio proves")
    print(f"  the portfolio alone      {proved[None]} proved, {alone:.1f} s")
    print(
        f"  {default_model()} beside it          {proved[default_model()]} proved, {beside:.1f} s"
    )
    print(f"  wall time, with / without a model: {beside / alone:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--holes", type=int, default=48)
    parser.add_argument("--timeout", type=float, default=30.0)
    given = parser.parse_args()
    options = Options(Budget(expansions=100_000, seconds=given.timeout))
    rows = [row for row in capped(held_out()) if not row.header][: given.holes]
    alone = asyncio.run(holes_of_a_file(rows, options))
    easy = [row for row, verdict in zip(rows, alone, strict=True) if verdict.proved]
    asyncio.run(beside_a_model(easy, options))


if __name__ == "__main__":
    main()
