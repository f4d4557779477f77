"""What the commands of `prover` share: what they read, how they run, what they show, how they end."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, Self

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from prover.interrupt import on_signals, run_cancellable

if TYPE_CHECKING:
    from prover.api import Filled, Progress, Prover, Settings
    from prover.verify.verdict import Verdict

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

PROVED, NOT_PROVED, WRONG, CANARY, INTERRUPTED = 0, 1, 2, 3, 130
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
ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        help="A model beside the portfolio: auto (the one that comes with the package, if torch is "
        "installed), none, hf:NAME or a folder, vllm:NAME, or a server's http://HOST:PORT/v1#NAME.",
        metavar="WHICH",
    ),
]
JobsOption = Annotated[
    int | None,
    typer.Option("--jobs", "-j", help="Lean processes (default: from the machine).", min=1),
]


class WrongUse(Exception):
    """Something the user can put right: one message, exit code 2."""


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
        write_file(self.path, self.restore(text))
        err.print(f"wrote {self.path}")


def read_target(target: str, *, statement: bool = False) -> Source:
    if target == "-":
        if sys.stdin.isatty():
            raise WrongUse("nothing to prove: give a statement, a file, or pipe a text in")
        text = _decode(sys.stdin.buffer.read(), "standard input")
        if not text.strip():
            raise WrongUse("there is no statement: standard input is empty")
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
        raise WrongUse("there is no statement")
    return Source(statement=target)


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WrongUse(f"{name} is not UTF-8 (byte {error.start}): save it as UTF-8") from None


def read_header(header: str) -> str:
    if header.endswith(".lean"):
        try:
            return _decode(Path(header).read_bytes(), header)
        except OSError as error:
            raise WrongUse(f"cannot read {header}: {error.strerror}") from None
    return header


def read_budget(text: str, timeout: float) -> Any:
    from search.budget import Budget

    amounts: dict[str, int] = {}
    for part in text.split(","):
        name, _, amount = part.rpartition("=")
        name = name.strip() or "expansions"
        if name not in ("expansions", "tokens", "heartbeats") or not amount.strip().isdecimal():
            raise WrongUse(
                f"--budget {text}: give a number of expansions, or parts such as "
                "expansions=600,heartbeats=2000000,tokens=100000"
            )
        amounts[name] = int(amount)
    return Budget(**amounts, seconds=timeout)


def chosen_model(given: str) -> str | None:
    """The model that `--model` names."""
    from prover.generate.models import default_model

    return {"auto": default_model(), "none": None}.get(given, given)


def run(settings: Settings, folder: Path, work: Callable[[Prover], Awaitable[int]]) -> NoReturn:
    """Runs work with a prover, shows progress, and turns failures into messages and exit codes."""
    from prover.api import Prover, StatementError
    from prover.generate.completion import ModelError
    from prover.generate.prompts import UnknownFormat
    from prover.lean.embedded import SetupError
    from prover.lean.pool import LeanUnavailable
    from prover.lean.toolchain import find_lean

    interrupted = False

    def end_searches() -> bool:
        """The first Ctrl-C ends the searches and keeps what they have."""
        nonlocal interrupted
        interrupted = True
        return prover.interrupt()

    try:
        display = Display()
        with display:
            lean = find_lean(folder, settings.lean, display.setting_up)
        prover = Prover(settings, start=folder, lean=lean, on_progress=display.update)
        code = run_cancellable(_session(prover, display, work), end_searches)
    except (StatementError, ModelError, UnknownFormat, SetupError) as error:
        fail(str(error))
    except LeanUnavailable as error:
        fail(f"{error}\n`prover doctor` shows what is there.")
    except OSError as error:
        fail(f"{error.filename2 or error.filename or ''}: {error.strerror}".lstrip(": "))
    on_signals(signal.SIG_IGN)
    raise typer.Exit(INTERRUPTED if interrupted and code != PROVED else code)


def fail(message: str) -> NoReturn:
    err.print(Text("error: ", style="red") + Text(message))
    raise typer.Exit(WRONG)


async def _session(
    prover: Prover, display: Display, work: Callable[[Prover], Awaitable[int]]
) -> int:
    with display:
        display.say("starting Lean")
        async with prover:
            display.say(f"Lean {prover.lean.version} is ready ({prover.lean.why})")
            return await work(prover)


class Display:
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


def print_verdicts(verdicts: Sequence[Verdict], statement: bool, verbose: bool) -> None:
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
                f"bugs, the last of them fixed in {proved[0].lean.sound_since}. For more certainty "
                "check again with that Lean or a newer one: prover check FILE --lean PATH",
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
        if verdict.reason:
            out.print(Text(f"  {verdict.reason}"))
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
    for why in verdict.could_not_run:
        out.print(Text(f"  did not run: {why}", style="dim"))


def _spent(verdict: Verdict) -> str:
    spent = verdict.spent
    if not spent.tactics:
        return ""
    return f" · {spent.expansions} expansions, {spent.tactics} tactics, {spent.seconds:.1f} s"


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def write_trace(path: Path, filled: Filled, settings: Settings) -> None:
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
    write_file(path, json.dumps(document, ensure_ascii=False))


def write_file(path: Path, text: str) -> None:
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
