"""Makes statements for training: `python -m prover.data.theorems COMMAND --help`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from prover.data import library
from prover.data.decontaminate import Benchmark, load_benchmark
from prover.data.theorems import programs
from prover.data.theorems.corpus import assemble, produce
from prover.data.theorems.difficulty import measure, table
from prover.data.theorems.statement import SPLITS, Row
from prover.lean.limits import Limits
from prover.lean.pool import LeanPool
from prover.lean.toolchain import find_lean
from prover.terminal import tell
from prover.verify.judge import fresh_judge

LIMITS = Limits(tactic_seconds=300.0, elab_seconds=1800.0, start_seconds=1800.0)
"""Heartbeats end a tactic; the clock only ends what has hung, however busy the machine is."""


def clean(benchmark: Path) -> Callable[[Row], str | None]:
    """Says of a row which problem of a benchmark it contains.

    Raises:
        WrongUse: the file is no benchmark.
    """
    known = Benchmark(load_benchmark(benchmark))

    def contaminated(row: Row) -> str | None:
        hit = known.hit(row.statement)
        if hit is None:
            return None
        why = f"{hit.problem} ({hit.rule}: {hit.evidence})"
        print(f"left out: {row.statement}: {why}", file=sys.stderr, flush=True)
        return why

    return contaminated


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m prover.data.theorems", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make", help="make the batches that a folder does not have yet")
    make.add_argument("folder", type=Path)
    make.add_argument("--batches", type=int, default=100)
    make.add_argument("--seed", type=int, default=0)
    make.add_argument("--benchmark", type=Path, required=True, help="statements to stay away from")
    make.add_argument("--splits", nargs="+", choices=SPLITS, default=["train", "valid"])
    join = commands.add_parser("assemble", help="write train, valid, test, proofs and pairs")
    join.add_argument("folder", type=Path)
    join.add_argument("out", type=Path)
    own = commands.add_parser("library", help="the theorems of the Lean library, a file a module")
    own.add_argument("folder", type=Path)
    own.add_argument("roots", nargs="+", help="modules, with all beneath them")
    own.add_argument("--benchmark", type=Path, required=True, help="statements to stay away from")
    join_own = commands.add_parser("assemble-library", help="write library_train and so on")
    join_own.add_argument("folder", type=Path)
    join_own.add_argument("out", type=Path)
    some = commands.add_parser("programs", help="equations about random programs")
    some.add_argument("out", type=Path, help="one line a statement; a second run goes on here")
    some.add_argument("--programs", type=int, default=60)
    some.add_argument("--seed", type=int, default=0)
    some.add_argument("--benchmark", type=Path, required=True, help="statements to stay away from")
    rate = commands.add_parser("measure", help="what the portfolio proves of a file of statements")
    rate.add_argument("statements", type=Path)
    rate.add_argument("out", type=Path, help="one line a statement; a second run goes on here")
    rate.add_argument("--sample", type=int, default=200)
    rate.add_argument("--expansions", type=int, default=16)
    rate.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    try:
        _run(options)
    except Exception as error:  # noqa: BLE001 (raised again if it is a fault of the prover)
        sys.exit(tell(error))


def _run(options: argparse.Namespace) -> None:
    if options.command.startswith("assemble"):
        join = assemble if options.command == "assemble" else library.assemble
        for name, lines in sorted(join(options.folder, options.out).items()):
            print(f"{lines:7} {name}.jsonl")
    elif options.command in ("make", "library", "programs"):
        asyncio.run(_make(options))
    else:
        limits = (options.sample, options.expansions, options.seconds)
        asyncio.run(measure(options.statements, options.out, *limits))
        print(table(options.out))


async def _make(options: argparse.Namespace) -> None:
    contaminated = clean(options.benchmark)
    lean = find_lean(Path.cwd(), "embedded")

    def report(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    async with LeanPool(lean, workers=1, limits=LIMITS) as pool, fresh_judge(lean, LIMITS) as judge:
        if options.command == "make":
            await produce(
                pool,
                judge,
                options.folder,
                options.batches,
                seed=options.seed,
                splits=options.splits,
                contaminated=contaminated,
                report=report,
            )
        elif options.command == "programs":
            await programs.produce(
                pool,
                options.out,
                options.programs,
                seed=options.seed,
                contaminated=contaminated,
                report=report,
            )
        else:
            await library.produce(
                pool, options.folder, options.roots, contaminated=contaminated, report=report
            )


if __name__ == "__main__":
    main()
