"""`prover eval`: benchmark runs that others can trust and repeat."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from prover.terminal import (
    CANARY,
    NOT_PROVED,
    PROVED,
    WrongUse,
    err,
    read_budget,
)
from prover.terminal import run as run_prover

if TYPE_CHECKING:

    from prover.api import Prover
    from prover.evaluate.benchmark import Theorem

SHORT = {"minif2f", "proofnet", "putnambench"}
"""Benchmarks whose name may stand for `run` with it: `prover eval minif2f`."""


class Evaluate(typer.core.TyperGroup):
    """`prover eval minif2f …` is `prover eval run minif2f …`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] in SHORT:
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="eval",
    cls=Evaluate,
    help="Run benchmarks, check and report them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

LeanOption = Annotated[
    str,
    typer.Option("--lean", help="Which Lean, as for `prover prove`.", metavar="WHICH"),
]
JobsOption = Annotated[
    int | None,
    typer.Option("--jobs", "-j", help="Lean processes (default: from the machine).", min=1),
]
SubsetOption = Annotated[
    str,
    typer.Option(
        help="`core`: what core Lean reads without Mathlib, with its own ℕ and ℤ.", metavar="core"
    ),
]
STATEMENTS = (
    "minif2f, proofnet, putnambench or another name of a known copy, or a file or folder: any "
    "layout of those, or JSON lines with name, statement and header."
)


@app.callback()
def options() -> None:
    """Run benchmarks, check and report them."""


@app.command(
    epilog="""\b
Examples:
  prover eval run minif2f --split test --out results.jsonl
  prover eval minif2f --out results.jsonl --resume             goes on after an interruption
  prover eval run minif2f.jsonl --subset core --out core.jsonl      without Mathlib
  prover eval run minif2f --model hf:ByteDance-Seed/BFS-Prover-V2-7B --pass 8 --out bfs.jsonl
  prover eval run minif2f --shard 2/4 --out shard2.jsonl       one of four hosts; then merge

\b
Results are JSON lines, one for each attempt, written as soon as it has ended.
Exit code: 0 all attempts are there, 2 wrong use or a set-up that fails, 3 a canary was proved,
130 interrupted."""
)
def run(
    statements: Annotated[str, typer.Argument(help=STATEMENTS, metavar="STATEMENTS")],
    out: Annotated[Path, typer.Option(help="The file of results.")],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the file of results if it is there.")
    ] = False,
    split: Annotated[str, typer.Option(help="Only this split: valid or test.")] = "",
    subset: SubsetOption = "",
    attempts: Annotated[
        int,
        typer.Option("--pass", help="Searches of each statement, with seeds of their own.", min=1),
    ] = 1,
    shard: Annotated[
        str, typer.Option(help="Only the i-th of every n statements.", metavar="i/n")
    ] = "1/1",
    budget: Annotated[
        str,
        typer.Option(
            help="Of each search: expansions, or expansions=…,heartbeats=…,tokens=…, as for "
            "`prover prove`."
        ),
    ] = "600",
    timeout: Annotated[
        float,
        typer.Option(
            help="Cap on the wall time of each search, in seconds. Attempts that it ends are "
            "counted: they depend on the machine.",
            min=0.0,
        ),
    ] = 900.0,
    model: Annotated[
        str | None, typer.Option(help="A model beside the portfolio, as for `prover prove`.")
    ] = None,
    prompt_format: Annotated[
        str | None,
        typer.Option("--format", help="The model's prompt format (default: by its name)."),
    ] = None,
    portfolio: Annotated[
        bool, typer.Option(help="Whether the portfolio suggests tactics beside the model.")
    ] = True,
    decontamination: Annotated[
        str, typer.Option(help="How the model's training data were kept clean, for the report.")
    ] = "",
    canaries: Annotated[
        int, typer.Option(help="How many false statements are searched beside.", min=0)
    ] = 4,
    jobs: JobsOption = None,
    together: Annotated[
        int | None,
        typer.Option(
            help="Searches at a time, which share the Lean processes and the model's batches "
            "(default: from the number of Lean processes).",
            min=1,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the first attempt; the next has the next.")] = 0,
    lean: LeanOption = "auto",
) -> None:
    """Search all statements of a benchmark."""
    from prover.api import Settings
    from prover.evaluate.canaries import CanaryProved
    from prover.evaluate.run import LIMITS, Plan, RunError, read_results
    from prover.evaluate.run import run as run_plan

    _known_subset(subset)
    if model is None and not portfolio:
        raise WrongUse("--no-portfolio leaves nothing that suggests tactics: give a --model")
    if model is None and attempts > 1:
        raise WrongUse(
            "--pass: the portfolio draws nothing, so all its searches of a statement are one and "
            "the same; it is for a --model"
        )
    if not out.resolve().parent.is_dir():
        raise WrongUse(f"--out: there is no folder {out.resolve().parent}")
    theorems, place = _theorems(statements), Path(statements)
    if split:
        theorems = [theorem for theorem in theorems if theorem.split == split]
    if not theorems:
        raise WrongUse(f"{statements} has no statement of the split {split}")
    plan = Plan(
        tuple(theorems),
        place.name if place.exists() else statements,
        Settings(
            lean=lean,
            jobs=jobs,
            seed=seed,
            budget=read_budget(budget, timeout),
            limits=LIMITS,
            model=model,
            prompt_format=prompt_format,
            portfolio=portfolio,
        ),
        attempts,
        subset,
        split,
        _shard(shard),
        canaries,
        together,
        decontamination,
        _file_sha256(place),
    )

    async def work(prover: Prover) -> int:
        if attempts > 1:
            _must_draw(prover)
        try:
            whole = await run_plan(prover, plan, out, resume=resume, report=err.print)
        except RunError as error:
            raise WrongUse(str(error)) from None
        except CanaryProved as proved:
            err.print(Text("canary: ", style="red") + Text(str(proved)))
            return CANARY
        results = read_results(out)
        if not whole:
            there, all_of_it = len(results.rows), len(results.expected)
            err.print(
                f"interrupted: {there} of {all_of_it} attempts are in {out}; the same command with "
                "--resume goes on"
            )
            return NOT_PROVED
        _summary(results)
        return PROVED

    run_prover(plan.settings, place.resolve().parent if place.exists() else Path.cwd(), work)


def _must_draw(prover: Prover) -> None:
    model = prover.model
    if model is not None and (model.sampling.beam or model.sampling.temperature == 0):
        raise WrongUse(
            "--pass: this model is searched with beams or at temperature 0, so that all its "
            "searches of a statement are one and the same"
        )


def _summary(results: Any) -> None:
    from collections import Counter

    counts = Counter(row["outcome"] for row in results.rows.values())
    print(", ".join(f"{outcome}: {count}" for outcome, count in counts.most_common()))
    capped = sum(row.get("capped", False) for row in results.rows.values())
    if capped:
        print(f"ended by the cap on wall time, so not repeatable on another machine: {capped}")
    if counts["needs Mathlib"] == len(results.rows):
        print("nothing elaborates without Mathlib: name a project with --lean, or --subset core")


def _known_subset(subset: str) -> None:
    if subset not in ("", "core"):
        raise WrongUse(f"--subset {subset}: the only subset is core")


def _shard(text: str) -> tuple[int, int]:
    first, _, count = text.partition("/")
    if not (first.isdecimal() and count.isdecimal() and 1 <= int(first) <= int(count)):
        raise WrongUse(f"--shard {text}: give i/n with i from 1 to n, such as 2/4")
    return int(first), int(count)


def _theorems(where: str, informal: str | None = None) -> list[Theorem]:
    from prover.evaluate.benchmark import BenchmarkError, load_benchmark

    try:
        return load_benchmark(where, informal)
    except BenchmarkError as error:
        raise WrongUse(str(error)) from None


def _file_sha256(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
