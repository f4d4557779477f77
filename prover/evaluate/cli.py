"""`prover eval`: benchmark runs that others can trust and repeat."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from prover.errors import NOT_PROVED, PROVED, WrongUse
from prover.files import append_lines, write_file, write_jsonl
from prover.terminal import (
    FewShotOption,
    JobsOption,
    LeanOption,
    LemmasOption,
    LogOption,
    ModelOption,
    RankerOption,
    ValueOption,
    chosen_model,
    err,
    read_budget,
)
from prover.terminal import run as run_prover

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prover.api import Prover
    from prover.evaluate.benchmark import Difference, Theorem
    from prover.evaluate.report import Figures
    from prover.evaluate.run import Results
    from prover.generate.completion import ModelGenerator

KINDS = ("identical", "cosmetic", "differing", "missing")
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
  prover eval minif2f                                          all of it, into minif2f-results.jsonl
  prover eval minif2f --resume                                 goes on after an interruption
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
    out: Annotated[
        Path | None, typer.Option(help="The file of results (default: NAME-results.jsonl).")
    ] = None,
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
    model: ModelOption = "auto",
    prompt_format: Annotated[
        str | None,
        typer.Option("--format", help="The model's prompt format (default: by its name)."),
    ] = None,
    few_shot: FewShotOption = None,
    portfolio: Annotated[
        bool, typer.Option(help="Whether the portfolio suggests tactics beside the model.")
    ] = True,
    lemmas: LemmasOption = True,
    ranker: RankerOption = "own",
    value: ValueOption = None,
    log: LogOption = None,
    informal: Annotated[
        bool,
        typer.Option(
            "--informal",
            help="Follow the proofs in words: by sketches of the --sketcher, or without one as far as "
            "the controlled language reads them. The budget is for all gaps of a statement together.",
        ),
    ] = False,
    sketcher: Annotated[
        str | None,
        typer.Option(
            help="The language model that writes sketches, with --informal; named as for --model.",
            metavar="MODEL",
        ),
    ] = None,
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
    import asyncio
    from functools import partial

    from prover.api import Options, Settings
    from prover.evaluate.run import Plan, read_results
    from prover.evaluate.run import run as run_plan
    from prover.lean.limits import PATIENT

    _known_subset(subset)
    chosen = chosen_model(model)
    if chosen is None and not portfolio:
        raise WrongUse("--no-portfolio leaves nothing that suggests tactics: give a --model")
    if chosen is None and attempts > 1:
        raise WrongUse(
            "--pass: the portfolio draws nothing, so all its searches of a statement are one and "
            "the same; it is for a --model"
        )
    if sketcher is not None and not informal:
        raise WrongUse("--sketcher writes sketches of proofs in words: give --informal with it")
    place = Path(statements)
    out = out or Path(f"{place.stem}-results.jsonl")
    if not out.resolve().parent.is_dir():
        raise WrongUse(f"--out: there is no folder {out.resolve().parent}")
    theorems = _theorems(
        statements, "minif2f-informal" if informal and statements == "minif2f" else None
    )
    if split:
        theorems = [theorem for theorem in theorems if theorem.split == split]
    if not theorems:
        raise WrongUse(f"{statements} has no statement of the split {split}")
    if lean == "auto" and subset != "core":
        start = place.resolve().parent if place.exists() else Path.cwd()
        lean = _lean_for(theorems, start)
    plan = Plan(
        tuple(theorems),
        place.name if place.exists() else statements,
        Settings(
            lean=lean,
            jobs=jobs,
            limits=PATIENT,
            model=chosen,
            prompt_format=prompt_format,
            few_shot=None if few_shot is None else str(few_shot),
            portfolio=portfolio,
            ranker=ranker,
            value=None if value is None else str(value),
        ),
        Options(read_budget(budget, timeout), seed, discover=lemmas, log=log),
        attempts,
        subset,
        split,
        _shard(shard),
        canaries,
        together,
        decontamination,
        _file_sha256(place),
        informal,
        sketcher,
    )

    async def work(prover: Prover) -> int:
        if attempts > 1:
            _must_draw(await prover.engine.model() if chosen else None)
        try:
            whole = await run_plan(
                prover, plan, out, resume=resume, report=partial(err.print, markup=False)
            )
        except asyncio.CancelledError:
            _say_how_to_go_on(read_results(out))
            raise
        results = read_results(out)
        if not whole:
            _say_how_to_go_on(results)
            return NOT_PROVED
        _summary(results)
        return PROVED

    run_prover(
        plan.settings, place.resolve().parent if place.exists() else Path.cwd(), work, plan.options
    )


def _lean_for(theorems: Iterable[Theorem], start: Path) -> str:
    """Where they import Mathlib and are in no project: the one that was set up for such."""
    from prover.lean import mathlib
    from prover.lean.toolchain import find_project

    if not any("Mathlib" in theorem.header for theorem in theorems) or find_project(start):
        return "auto"
    return "auto" if mathlib.ready() is None else "mathlib"


def _must_draw(model: ModelGenerator | None) -> None:
    if model is not None and (model.sampling.beam or model.sampling.temperature == 0):
        raise WrongUse(
            "--pass: this model is searched with beams or at temperature 0, so that all its "
            "searches of a statement are one and the same"
        )


def _say_how_to_go_on(results: Results) -> None:
    there, of = len(results.rows), len(results.expected)
    err.print(
        f"{there} of {of} attempts are in {results.path}; the same command with --resume goes on",
        markup=False,
    )


def _summary(results: Results) -> None:
    from collections import Counter

    counts = Counter(row["outcome"] for row in results.rows.values())
    print(", ".join(f"{outcome}: {count}" for outcome, count in counts.most_common()))
    capped = sum(row.get("capped", False) for row in results.rows.values())
    if capped:
        print(f"ended by the cap on wall time, so not repeatable on another machine: {capped}")
    if counts["needs Mathlib"] == len(results.rows):
        print(
            "nothing elaborates without Mathlib: name a project with --lean, have one made "
            "(`prover setup --mathlib`), or choose --subset core"
        )


def _known_subset(subset: str) -> None:
    if subset not in ("", "core"):
        raise WrongUse(f"--subset {subset}: the only subset is core")


def _shard(text: str) -> tuple[int, int]:
    first, _, count = text.partition("/")
    if not (first.isdecimal() and count.isdecimal() and 1 <= int(first) <= int(count)):
        raise WrongUse(f"--shard {text}: give i/n with i from 1 to n, such as 2/4")
    return int(first), int(count)


def _theorems(where: str, informal: str | None = None) -> list[Theorem]:
    from prover.evaluate.benchmark import load_benchmark

    return load_benchmark(where, informal)


def _file_sha256(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


@app.command(
    epilog="""\b
Examples:
  prover eval answers math.jsonl --model http://127.0.0.1:8000/v1#Qwen2.5-Math-7B-Instruct --maj 16
  prover eval answers gsm8k.jsonl --model hf:EleutherAI/llemma_7b --format plain --by program

\b
Rows have problem or question, and answer or solution (MATH, GSM8K, OCWCourses, CMATH, MGSM)."""
)
def answers(
    file: Annotated[Path, typer.Argument(help="Problems as JSONL.", metavar="FILE")],
    model: Annotated[
        str,
        typer.Option(
            help="Who answers: hf:NAME or a folder, vllm:NAME, or a server's "
            "http://HOST:PORT/v1#NAME."
        ),
    ],
    prompt_format: Annotated[
        str | None,
        typer.Option("--format", help="chat, or plain for a model that was not trained for it."),
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            help="reason: a chain of thought; program: Python that is run apart, on Linux only.",
            metavar="reason|program",
        ),
    ] = "reason",
    majority: Annotated[
        int, typer.Option("--maj", help="Samples that vote, beside greedy.", min=0)
    ] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Write each problem's answers to this file, as JSONL.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the first sample; the next has the next.")] = 0,
) -> None:
    """Answers in words: greedy and maj@k."""
    import asyncio

    from prover.evaluate import answers as answering
    from prover.informal.answers import WAYS
    from prover.informal.modelled import writing

    if by not in WAYS:
        raise WrongUse(f"--by {by}: give reason or program")
    problems = answering.read_problems(file)

    async def work() -> None:
        rows = []
        async with writing(model, prompt_format) as writer:
            async for row in answering.evaluate(writer, problems, by, samples=majority, seed=seed):
                rows.append(row)
                err.print(f"{len(rows)}/{len(problems)} {row.name}", markup=False)
                if out is not None:
                    append_lines(out, [row.to_json()])
        print(answering.report(rows))

    if out is not None and out.exists():
        raise WrongUse(f"--out: {out} exists already")
    asyncio.run(work())


@app.command(
    epilog="""\b
Examples:
  prover eval answers math.jsonl --model MODEL --maj 16 --out samples.jsonl
  prover eval rerank samples.jsonl
  prover eval rerank samples.jsonl --sft next.jsonl --most 4 --benchmark minif2f.jsonl
  prover train tactics next.jsonl --init sft/model --out sft2

\b
Rows have problem, sample, correct (or gold, the right answer), and perhaps score, answer and
lean_calls; files of `prover eval answers` and `prover eval run` are read too."""
)
def rerank(
    samples: Annotated[Path, typer.Argument(help="Samples as JSONL.", metavar="SAMPLES")],
    sft: Annotated[
        Path | None,
        typer.Option(
            help="Write correct samples to this file, for `prover train tactics`: the shortest of "
            "each problem, without repetitions."
        ),
    ] = None,
    most: Annotated[int, typer.Option(help="Of each problem, with --sft.", min=1)] = 4,
    benchmark: Annotated[
        list[Path] | None,
        typer.Option(
            help="Problems that must not be trained on, as JSON lines; can be repeated, with --sft."
        ),
    ] = None,
) -> None:
    """What scores of samples are worth: pass@k, maj@k, RM@k, and the Lean calls to the first proof."""
    from prover.data.decontaminate import load_benchmark
    from prover.evaluate.rerank import accepted, blocks, read_samples
    from prover.interrupt import run_cancellable
    from prover.render.document import to_markdown

    problems = [problem for file in benchmark or () for problem in load_benchmark(file)]
    found = run_cancellable(read_samples(samples, err.print))
    if sft is not None:
        rows, left_out = accepted(found, most, problems)
        write_jsonl(sft, rows)
        err.print(
            f"{len(rows)} samples are in {sft}; left out for a problem of a benchmark: {left_out}",
            markup=False,
        )
    print(to_markdown(blocks(found)), end="")


@app.command(
    name="import",
    epilog="""\b
Example:
  prover eval import minif2f --informal minif2f-informal --out minif2f.jsonl""",
)
def import_(
    statements: Annotated[str, typer.Argument(help=STATEMENTS, metavar="STATEMENTS")],
    out: Annotated[Path, typer.Option(help="The file to write, as JSON lines.")],
    informal: Annotated[
        str | None, typer.Option(help="Where the same in words is, also a name or a path.")
    ] = None,
) -> None:
    """Write a benchmark as JSON lines in the one schema."""
    from prover.evaluate.benchmark import digest, write_benchmark

    theorems = _theorems(statements, informal)
    write_benchmark(out, theorems)
    print(f"{len(theorems)} statements, SHA-256 {digest(theorems)}")


@app.command(
    epilog="""\b
Examples:
  prover eval diff minif2f minif2f-deepseek
  prover eval diff mine.jsonl theirs.jsonl --lean ../project_with_mathlib

\b
Exit code: 0 if no statement differs more than cosmetically, 1 if one does or is missing."""
)
def diff(
    first: Annotated[str, typer.Argument(help=STATEMENTS, metavar="A")],
    second: Annotated[str, typer.Argument(help="The other copy.", metavar="B")],
    lean: Annotated[
        str | None,
        typer.Option(
            "--lean",
            help="Also compare the types that both elaborate to with this Lean.",
            metavar="WHICH",
        ),
    ] = None,
    subset: SubsetOption = "",
    jobs: JobsOption = None,
) -> None:
    """How two copies of a benchmark differ, statement by statement."""
    from prover.api import Settings
    from prover.evaluate.benchmark import by_types
    from prover.evaluate.benchmark import diff as differences

    _known_subset(subset)
    found = differences(_theorems(first), _theorems(second))
    if lean is None:
        raise typer.Exit(_print_differences(found))

    async def work(prover: Prover) -> int:
        judged: list[Difference] = []
        async for difference in by_types(prover, found, subset):
            judged.append(difference)
            err.print(f"{len(judged)}/{len(found)} {difference.kind:<10} {difference.name}")
        return _print_differences(judged)

    run_prover(Settings(lean=lean, jobs=jobs or 1), Path.cwd(), work)


def _print_differences(found: Sequence[Difference]) -> int:
    from collections import Counter

    counts = Counter(difference.kind for difference in found)
    for difference in found:
        if difference.kind == "identical":
            continue
        why = f" ({difference.why})" if difference.why else ""
        print(f"## {difference.name}: {difference.kind}{why}\n")
        if difference.kind != "cosmetic":
            for mark, theorem in (("A", difference.first), ("B", difference.second)):
                text = theorem.statement if theorem else "not there"
                print(f"{mark}:\n```lean\n{text}\n```\n")
    print(", ".join(f"{kind}: {counts[kind]}" for kind in KINDS))
    return NOT_PROVED if counts["differing"] or counts["missing"] else PROVED


@app.command(
    epilog="""\b
Example:
  prover eval merge shard1.jsonl shard2.jsonl --out results.jsonl

\b
Exit code: 0 if the run is whole, 1 if attempts are missing or several files have the same ones
with other outcomes, 2 if the files are of different runs."""
)
def merge(
    shards: Annotated[list[Path], typer.Argument(help="Files of results.", metavar="RESULTS...")],
    out: Annotated[Path, typer.Option(help="The file of the whole run.")],
) -> None:
    """Put the shards of a run together."""
    from prover.evaluate.run import merge as put_together

    merged = put_together(shards, out)
    print(
        f"{merged.attempts} attempts, {len(merged.gaps)} missing, in several files: "
        f"{len(merged.overlaps)}"
    )
    for what, keys in (("missing", merged.gaps), ("with two outcomes", merged.conflicts)):
        for name, attempt in keys[:20]:
            print(f"{what}: {name}, attempt {attempt}")
        if len(keys) > 20:
            print(f"{what}: {len(keys) - 20} more")
    raise typer.Exit(NOT_PROVED if merged.gaps or merged.conflicts else PROVED)


@app.command(
    epilog="""\b
Examples:
  prover eval recheck results.jsonl
  prover eval recheck results.jsonl --lean ../project_with_newer_lean
  prover eval recheck released_proofs/ --statements minif2f
  prover eval recheck proofs.jsonl --statements minif2f.jsonl      rows with name and code

\b
Exit code: 0 if all are proved, 1 if one is not, 2 for wrong use."""
)
def recheck(
    proofs: Annotated[
        Path,
        typer.Argument(
            help="A file of results, or proofs that others released: a folder of Lean files, or "
            "JSON lines with name and code.",
            metavar="RESULTS|FOLDER|FILE",
        ),
    ],
    statements: Annotated[
        str | None,
        typer.Option(help="The benchmark (default: the one that the run names).", metavar="WHERE"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write what came of each, as JSON lines.")
    ] = None,
    subset: SubsetOption = "",
    paranoid: Annotated[bool, typer.Option("--paranoid", help="As for `prover check`.")] = False,
    lean: LeanOption = "auto",
) -> None:
    """Check all proofs again from cold, against the benchmark's statements."""
    import time
    from dataclasses import asdict

    from prover.api import Options, Settings
    from prover.evaluate.recheck import Rechecked, is_results, load_claims
    from prover.evaluate.recheck import recheck as check_again
    from prover.evaluate.run import read_results
    from prover.lean.limits import PATIENT

    _known_subset(subset)
    attempts = 0.0
    if is_results(proofs):
        results = read_results(proofs)
        rows = results.rows.values()
        attempts = sum(sum(row["seconds"].values()) for row in rows)
        theorems = _theorems_of_run(proofs, results, statements)
    elif statements is None:
        raise WrongUse("--statements: say which benchmark these proofs are of")
    else:
        theorems = _theorems(statements)
    claims = load_claims(proofs, theorems, subset)
    if not claims:
        print("there is no proof to check")
        return

    async def work(prover: Prover) -> int:
        begin = time.monotonic()
        found: list[Rechecked] = []
        async for one in check_again(prover, claims):
            found.append(one)
            if one.proved:
                err.print(Text(f"{len(found)}/{len(claims)} proved {one.name}"))
            else:
                print(f"{one.outcome} {one.name}: {one.reason}", flush=True)
        if out is not None:
            write_jsonl(out, map(asdict, found))
        good = sum(one.proved for one in found)
        took = f"{time.monotonic() - begin:.1f} s"
        if attempts:
            took += f"; finding them took {attempts:.1f} s"
        print(f"{good} of {len(found)} proofs hold with Lean {prover.lean.version}, in {took}")
        return PROVED if good == len(found) else NOT_PROVED

    if lean == "auto":
        lean = _lean_for([c.theorem for c in claims if c.theorem], proofs.resolve().parent)
    settings = Settings(lean=lean, jobs=1, limits=PATIENT)
    run_prover(settings, proofs.resolve().parent, work, Options(paranoid=paranoid))


def _theorems_of_run(path: Path, results: Results, statements: str | None) -> list[Theorem]:
    """The statements of a run, read from the benchmark: never those that its file holds."""
    from prover.evaluate.benchmark import digest

    settings = results.settings
    where = statements or settings["benchmark"]
    beside = path.parent / where
    if statements is None and not Path(where).exists() and beside.exists():
        where = str(beside)
    theorems = _theorems(where)
    if settings["split"]:
        theorems = [theorem for theorem in theorems if theorem.split == settings["split"]]
    if digest(theorems) != settings["statements_sha256"]:
        raise WrongUse(f"{where} does not hold the statements of {path}: their hashes differ")
    return theorems


@app.command(
    epilog="""\b
Examples:
  prover eval report results.jsonl --html report.html
  prover eval report portfolio.jsonl model.jsonl --html both.html --markdown both.md

\b
Without --html and --markdown the Markdown is printed."""
)
def report(
    results: Annotated[
        list[Path],
        typer.Argument(help="Files of results; several stand side by side.", metavar="RESULTS..."),
    ],
    html: Annotated[
        Path | None, typer.Option(help="Write one page that needs nothing else.")
    ] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write Markdown.")] = None,
) -> None:
    """Report runs: pass@k with intervals, curves, failures, time, proofs, and how to repeat them."""
    from prover.evaluate.report import blocks
    from prover.render.document import to_html, to_markdown

    found = list(blocks(_figures(results)))
    if html is not None:
        write_file(html, to_html(found))
    if markdown is not None:
        write_file(markdown, to_markdown(found))
    if html is None and markdown is None:
        print(to_markdown(found), end="")


def _figures(paths: Sequence[Path]) -> list[Figures]:
    from prover.evaluate.report import Figures
    from prover.evaluate.run import read_results

    return [Figures(read_results(path)) for path in paths]


@app.command(epilog="Example:  prover eval compare before.jsonl after.jsonl")
def compare(
    first: Annotated[Path, typer.Argument(help="Results.", metavar="A")],
    second: Annotated[Path, typer.Argument(help="Other results.", metavar="B")],
) -> None:
    """What the second run proved that the first did not, and the other way, with a test."""
    from prover.evaluate.report import paired

    one, other = _figures([first, second])
    found = paired(one, other)
    shared = len(found.both) + len(found.gained) + len(found.lost) + found.neither
    print(
        f"{shared} statements in both runs; proved by both: {len(found.both)}, by neither: "
        f"{found.neither}"
    )
    print(f"gained: {len(found.gained)}  {', '.join(found.gained)}".rstrip())
    print(f"lost: {len(found.lost)}  {', '.join(found.lost)}".rstrip())
    print(f"p = {found.p:.3g} (McNemar's exact test, two-sided)")
    if found.differing:
        print(f"left out, as the statements differ: {', '.join(found.differing)}")
    if found.unshared:
        print(f"left out, as only one run has them: {len(found.unshared)}")
