"""`prover data`: corpora from source code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prover.terminal import out as console

app = typer.Typer(
    name="data",
    help="Make training data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def options() -> None:
    """Make training data."""


@app.command(
    epilog="""\b
Example:
  prover data build ~/lean/my_project /usr/lib/coq --out corpus --benchmark minif2f.jsonl

\b
Exit code: 0 done, 2 wrong use or nothing left."""
)
def build(
    folders: Annotated[
        list[Path], typer.Argument(help="Folders of source code.", metavar="FOLDER...")
    ],
    out: Annotated[Path, typer.Option(help="The folder to write; an earlier corpus is replaced.")],
    benchmark: Annotated[
        list[Path] | None,
        typer.Option(
            help="Problems that must not be in it: JSON lines with name and statement. Give it "
            "again for more."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the shuffle.")] = 74,
) -> None:
    """Build a corpus like AlgebraicStack: filtered, without duplicates and benchmark problems.

    Files are taken by their suffix, as one of AlgebraicStack's 17 languages or HOL Light. The
    table says what became of them; report.json in the corpus says it again.
    """
    from rich.table import Table

    from prover.data.build import build_corpus
    from prover.data.decontaminate import Benchmark, load_benchmark

    problems = [problem for path in benchmark or [] for problem in load_benchmark(path)]
    counts = build_corpus(folders, out, Benchmark(problems) if problems else None, seed)
    table = Table("language", "read", "kept", "MB", "dropped", box=None)
    for language, count in counts.items():
        dropped = ", ".join(f"{number} {why}" for why, number in sorted(count.dropped.items()))
        megabytes = f"{count.kept_bytes / 1e6:.2f}"
        table.add_row(language, str(count.read), str(count.kept), megabytes, dropped)
    console.print(table)
