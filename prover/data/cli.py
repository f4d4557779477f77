"""`prover data`: corpora from source code and from pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prover.interrupt import Interrupted
from prover.terminal import err
from prover.terminal import out as console

BenchmarkOption = Annotated[
    list[Path] | None,
    typer.Option(
        help="Problems that must not be in it: JSON lines with name and statement. Give it "
        "again for more."
    ),
]

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
    benchmark: BenchmarkOption = None,
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


@app.command(
    epilog="""\b
Examples:
  prover data mine pages --seeds openwebmath --share 0.01 --benchmark minif2f.jsonl --out mined
  prover data mine pages --seeds openwebmath --share 0.01 --benchmark minif2f.jsonl --out mined \\
      --rounds 2                                      after you have written mined/annotations.txt

\b
Exit code: 0 done, 2 wrong use or documents that cannot be read, 130 interrupted. After an
interruption or a kill, the same command goes on; the files are the same. More rounds can be added."""
)
def mine(
    pages: Annotated[
        Path,
        typer.Argument(
            help="A folder of JSON lines (.jsonl, .jsonl.gz, .jsonl.zst) with text and url, without "
            "duplicates.",
            metavar="PAGES",
        ),
    ],
    seeds: Annotated[
        list[Path],
        typer.Option(help="Mathematical texts, such files or folders. Give it again for more."),
    ],
    share: Annotated[
        float, typer.Option(help="Of all pages, how many a round finds.", min=0.0, max=1.0)
    ],
    out: Annotated[Path, typer.Option(help="The folder for round_0, round_1 and so on.")],
    benchmark: BenchmarkOption = None,
    rounds: Annotated[int, typer.Option(help="In all, those done before included.", min=1)] = 1,
    examples: Annotated[
        int, typer.Option(help="The most seeds, and pages, that a classifier learns from.", min=1)
    ] = 500_000,
    bucket: Annotated[
        int,
        typer.Option(
            help="How many numbers runs of words are hashed to; a classifier has 1 kB for each.",
            min=64,
        ),
    ] = 20_000,
    seed: Annotated[int, typer.Option(help="Of the random pages and the classifier.")] = 0,
) -> None:
    """Mine pages for mathematics, in rounds, as DeepSeekMath's corpus was.

    Each round trains a fastText classifier, keeps the pages that it rates highest, and lists the
    domains and paths where they are from. In OUT/annotations.txt you say which of these addresses
    are mathematical, and the next round learns from their other pages too. It ends by itself when
    98% of what a round finds was found before. OUT/corpus is for `prover train`.
    """
    from rich.table import Table

    from prover.data.decontaminate import load_benchmark
    from prover.data.mining import Mining
    from prover.data.mining import mine as mine_pages

    problems = [problem for path in benchmark or [] for problem in load_benchmark(path)]
    settings = Mining(share, rounds, examples, bucket, seed)
    try:
        reports = mine_pages(pages, seeds, out, settings, problems=problems, report=err.print)
    except Interrupted:
        err.print("the same command goes on")
        raise
    table = Table(
        *("round", "seeds", "found", "before", "left out", "collected", "of", "domains"), box=None
    )
    for number, report in enumerate(reports):
        table.add_row(
            str(number),
            str(report["examples"]["seeds"]),
            str(report["found"]),
            f"{report['found before']:.1%}",
            str(report["left out for a benchmark problem"]),
            str(report["collected"]),
            str(report["pages"]),
            str(report["mathematical domains"]),
        )
    console.print(table)
    if reports[-1]["last"]:
        err.print("almost all of it was found before: this was the last round")
