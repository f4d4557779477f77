"""What the commands of `prover` share: their options, how they run, what they show, how they end."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, NoReturn, Self, cast

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from prover.errors import INTERRUPTED, PROVED, WrongUse, explained
from prover.files import write_file
from prover.interrupt import on_signals, run_cancellable

if TYPE_CHECKING:
    from prover.api import Filled, Options, Progress, Prover, Settings
    from prover.serve.remote import Remote
    from prover.verify.verdict import Verdict

PICTURES = {
    **{code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n"},
    **dict.fromkeys([*range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)], 0xFFFD),
}
"""What stands for a character that steers a terminal or turns the order of letters: a text of somebody
else must not be able to write over a verdict."""


class Terminal(Console):
    """A console that steers its terminal itself, and leaves that to no text. What goes to a file
    stays as it is."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*map(self.harmless, objects), **options)

    def harmless(self, shown: Any) -> Any:
        if self.is_terminal and isinstance(shown, Text):
            shown.plain = shown.plain.translate(PICTURES)
        elif self.is_terminal and isinstance(shown, str):
            return shown.translate(PICTURES)
        return shown


out = Terminal(highlight=False, soft_wrap=True)
err = Terminal(stderr=True, highlight=False, soft_wrap=True)

PLAIN_PROGRESS_SECONDS = 5.0
SHOWN_LINES, SHOWN_CHARACTERS = 40, 2_000

LeanOption = Annotated[
    str,
    typer.Option(
        "--lean",
        help="Which Lean: auto (your project's, else the one on PATH, else the embedded one), "
        "embedded, mathlib (see prover setup --mathlib), or a path to a project or to a lean.",
        metavar="WHICH",
    ),
]
ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        help="A model beside the portfolio: auto (the one that comes with the package), "
        "none, hf:NAME or a folder, vllm:NAME, or a server's http://HOST:PORT/v1#NAME.",
        metavar="WHICH",
    ),
]
FewShotOption = Annotated[
    Path | None,
    typer.Option(
        "--few-shot",
        help="Examples for the prompt of the format llemma: JSON lines with state and tactic. Without "
        "them it shows three of our own, and a figure made so is not Llemma's.",
        metavar="FILE",
    ),
]
LemmasOption = Annotated[
    bool,
    typer.Option(
        "--lemmas/--no-lemmas",
        help="Whether lemmas are looked for where a hole about your own functions stays open, under "
        "as much of a budget again.",
    ),
]
RankerOption = Annotated[
    str,
    typer.Option(
        "--ranker",
        help="What rates the tactics that are suggested: own (the ranker that comes with the "
        "package, in the first short search of a hole about functions of your own), all (the same, in every search), "
        "none (who suggests them), or the folder of one (prover train ranker), for every search.",
        metavar="WHICH",
    ),
]
ValueOption = Annotated[
    Path | None,
    typer.Option(
        "--value",
        help="A model that says how likely a goal is to be proved (prover train value): the search "
        "prefers goals that it thinks much of.",
        metavar="FOLDER",
    ),
]
LogOption = Annotated[
    Path | None,
    typer.Option(
        "--log",
        help="Add a line to this file for each search, with every tactic that it tried and what came "
        "of it: what `prover train ranker` learns from. It has your goals in it, and goes nowhere.",
        metavar="FILE",
    ),
]
EngineOption = Annotated[
    str,
    typer.Option(
        "--engine",
        help="auto: have the resident engine do it, if one runs (prover serve); off: do it here.",
        metavar="auto|off",
    ),
]
JobsOption = Annotated[
    int | None,
    typer.Option("--jobs", "-j", help="Lean processes (default: from the machine).", min=1),
]


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
    from prover.generate.shipped import default_model

    return {"auto": default_model(), "none": None}.get(given, given)


def run(
    settings: Settings,
    folder: Path,
    work: Callable[[Prover], Awaitable[int]],
    options: Options | None = None,
) -> NoReturn:
    """Runs work with a prover, shows progress, and ends the command with the exit code of work."""
    from prover.api import Prover
    from prover.lean.toolchain import find_lean

    display = Display()
    with display:
        lean = find_lean(folder, settings.lean, display.setting_up)
    prover = Prover(settings, options, start=folder, lean=lean, on_progress=display.update)
    _finish(lambda: _session(prover, display, work), prover.interrupt)


def wants_resident(engine: str) -> bool:
    """What `--engine` says."""
    if engine not in ("auto", "off"):
        raise WrongUse(f"--engine {engine}: give auto or off")
    return engine == "auto"


def run_resident(
    settings: Settings,
    folder: Path,
    work: Callable[[Remote], Awaitable[int]],
    options: Options,
) -> None:
    """As `run`, with the resident engine. Comes back if there is none that would do the same, or if
    it ends before the work is done."""
    from prover.serve.remote import Remote, can_serve
    from prover.serve.schema import EngineGone, EngineStopped, QueueFull, ServeError

    try:
        if not can_serve(settings, options):
            return
    except ServeError as error:
        err.print(Text(f"going on without the resident engine: {error.message}"))
        return
    display = Display()
    engine = Remote(
        settings,
        options,
        folder,
        on_progress=display.update,
        on_setup=display.setting_up,
        on_ready=lambda version, why: display.say(f"Lean {version} is ready ({why})"),
    )

    async def session() -> int:
        with display:
            async with engine:
                return await work(engine)

    try:
        _finish(session, engine.interrupt)
    except (EngineGone, EngineStopped, QueueFull) as error:
        if engine.reached:
            err.print(Text(f"{error.message}: going on without it"))


def _finish(
    session: Callable[[], Coroutine[Any, Any, int]], interrupt: Callable[[], bool]
) -> NoReturn:
    """Ends the command with the exit code of a session. The first Ctrl-C ends its searches and keeps
    what they have."""
    interrupted = False

    def end_searches() -> bool:
        nonlocal interrupted
        interrupted = True
        return interrupt()

    code = run_cancellable(session(), end_searches)
    on_signals(signal.SIG_IGN)
    raise typer.Exit(INTERRUPTED if interrupted and code != PROVED else code)


def tell(error: Exception) -> int:
    """Prints an error that a user can cause, with what to do next, and gives the exit code; another
    one is raised again. With PROVER_DEBUG it is all of it, and where it is from."""
    known = explained(error)
    if known is None:
        raise error
    debug = os.environ.get("PROVER_DEBUG")
    if debug:
        err.print("".join(traceback.format_exception(error)), markup=False)
    message = known.message
    shown = message if debug else shorten(message, 100, 10_000, " (PROVER_DEBUG=1 shows them)")
    err.print(Text("error: ", style="red") + Text(shown))
    if known.hint:
        err.print(Text(known.hint))
    return known.exit_code


async def _session(
    prover: Prover, display: Display, work: Callable[[Prover], Awaitable[int]]
) -> int:
    with display:
        display.say("starting Lean")
        async with prover:
            display.say(f"Lean {prover.lean.version} is ready ({prover.lean.why})")
            return await work(prover)


class Display:
    """Live progress on standard error: one block that is redrawn on a terminal that can do that, a
    line now and then elsewhere. It ends when something is written to standard output, which may be
    the same terminal."""

    def __init__(self, set_up: str = "the embedded Lean") -> None:
        """`set_up` is what `setting_up` tells of."""
        self._set_up = set_up
        self._begin = time.monotonic()
        self._last = self._begin
        self._status = ""
        self._progress: dict[str, Progress] = {}
        self._stdout = sys.stdout
        self._live = _Block(
            console=err,
            refresh_per_second=4,
            transient=True,
            redirect_stdout=False,
            get_renderable=self._render,
        )

    def __enter__(self) -> Self:
        if err.is_interactive:
            self._live.start()
            self._stdout = sys.stdout
            sys.stdout = cast("IO[str]", _After(self._live.stop, sys.stdout))
        return self

    def __exit__(self, *_: object) -> None:
        sys.stdout = self._stdout
        self._live.stop()

    def say(self, status: str) -> None:
        self._status = status
        self._last = time.monotonic()
        if not err.is_interactive and time.monotonic() - self._begin > 2.0:
            err.print(status)

    def setting_up(self, step: str, done: float) -> None:
        status = f"setting up {self._set_up} (once): {step}"
        if not err.is_interactive and status != self._status.removesuffix("%").rstrip(
            " 0123456789"
        ):
            err.print(status)
        self._status = f"{status} {done:4.0%}"

    def update(self, progress: Progress) -> None:
        self._progress[progress.name] = progress
        now = time.monotonic()
        if not err.is_interactive and now - self._last > PLAIN_PROGRESS_SECONDS:
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
        """What fits into the window as it is now, each line cut at its edge."""
        width, height = err.size
        seconds = time.monotonic() - self._begin
        lines = [Text(f"{seconds:5.1f} s  {self._status}", style="dim")]
        for progress in list(self._progress.values())[-3:]:
            lines.append(Text(self._line(progress)))
            goal = shorten(progress.best_goal, 10, 600, "")
            lines += [Text(line, style="cyan") for line in goal.split("\n")]
        lines = lines[: max(1, height - 1)]
        for line in lines:
            err.harmless(line)
            line.no_wrap = True
            room = len(ECHO) if line is lines[-1] else 0
            line.truncate(max(1, width - room), overflow="ellipsis")
        return Group(*lines)


ECHO = "^C"
"""What a terminal shows where the cursor stands when Ctrl-C is pressed: it must not begin a line."""


class _Block(Live):
    """A window that has become narrower shows the lines that were drawn before as more lines, all of
    which the next drawing replaces."""

    def refresh(self) -> None:
        with self._lock:
            drawn, width = self._live_render, self.console.width
            if drawn._shape is not None:
                rows = sum(max(1, -(-line.cell_len // width)) for line in _lines(drawn.renderable))
                drawn._shape = (width, rows)
            super().refresh()


def _lines(block: Any) -> list[Text]:
    if isinstance(block, Group):
        return [line for part in block.renderables for line in _lines(part)]
    return [block]


class _After:
    """A stream that does something before anything is written to it."""

    def __init__(self, before: Callable[[], None], stream: IO[str]) -> None:
        self._before = before
        self._stream = stream

    def write(self, text: str) -> int:
        self._before()
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def shorten(
    text: str,
    lines: int = SHOWN_LINES,
    characters: int = SHOWN_CHARACTERS,
    where: str = " (--json has them)",
) -> str:
    """The beginning of a long text, how much is left out, and the end: the target of a goal stands
    there. `where` says where all of it is."""
    if len(text) <= characters and text.count("\n") < lines:
        return text
    first = "\n".join(text.split("\n")[: lines // 2])[: characters // 2]
    last = "\n".join(text.split("\n")[-(lines // 2) :])[-(characters // 2) :]
    left = len(text) - len(first) - len(last)
    return f"{first}\n… {left:,} characters left out{where} …\n{last}"


def print_verdicts(
    verdicts: Sequence[Verdict], statement: bool, verbose: bool, to: Terminal = out
) -> None:
    for verdict in verdicts:
        _print_verdict(verdict, statement, verbose, to)
    proved = [verdict for verdict in verdicts if verdict.proved]
    if proved and (bugs := proved[0].lean.known_kernel_bugs):
        if verbose:
            for bug in bugs:
                to.print(Text(f"  known kernel bug: {bug}", style="dim"))
        to.print(
            Text(
                f"Note: the kernel of Lean {proved[0].lean.version} has {len(bugs)} known soundness "
                f"bugs, the last of them fixed in {proved[0].lean.sound_since}. For more certainty "
                "check again with that Lean or a newer one: prover check FILE --lean PATH",
                style="dim",
            )
        )


def _print_verdict(verdict: Verdict, statement: bool, verbose: bool, to: Terminal) -> None:
    if verdict.proved:
        if statement and verdict.text is not None:
            to.print(Text(verdict.text.rstrip() + "\n"))
        elif verbose and verdict.proof is not None:
            to.print(Text(verdict.proof))
        axioms = ", ".join(verdict.axioms) or "none visible"
        line = f" {verdict.name} · Lean {verdict.lean.version} · axioms: {axioms}"
        to.print(Text("proved", style="green") + Text(line + _spent(verdict)))
        if verdict.reason:
            to.print(Text(f"  {verdict.reason}"))
        for lemma in verdict.lemmas:
            to.print(Text(f"  with a lemma found on the way: {lemma}"))
    else:
        line = f" {verdict.name}: {shorten(verdict.reason)}"
        to.print(Text(verdict.outcome, style="red") + Text(line + _spent(verdict)))
        if verdict.disproof is not None:
            to.print(Text("    " + verdict.disproof.replace("\n", "\n    "), style="cyan"))
        for goal in verdict.open_goals[:3]:
            to.print(Text("  best goals left:" if goal is verdict.open_goals[0] else ""))
            to.print(Text("    " + shorten(goal).replace("\n", "\n    "), style="cyan"))
    if verbose:
        for layer in verdict.layers:
            mark = "passed" if layer.passed else "failed"
            to.print(Text(f"  {layer.name}: {mark} ({layer.detail})", style="dim"))
    elif verdict.proved or verdict.disproof is not None:
        names = ", ".join(layer.name for layer in verdict.layers)
        to.print(Text(f"  passed: {names}", style="dim"))
    for why in verdict.could_not_run:
        to.print(Text(f"  did not run: {why}", style="dim"))


def _spent(verdict: Verdict) -> str:
    spent = verdict.spent
    if not spent.tactics:
        return ""
    return f" · {spent.expansions} expansions, {spent.tactics} tactics, {spent.seconds:.1f} s"


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def write_trace(path: Path, filled: Filled, settings: Settings, options: Options) -> None:
    """Writes what was searched in the form that the file's suffix asks for: a page, a graph in GraphML
    or in Graphviz's language, or all there is, as JSON."""
    trace: dict[str, Any] = {
        "settings": asdict(settings) | asdict(options),
        "verdicts": [verdict.to_json() for verdict in filled.verdicts],
        "seconds": filled.seconds,
        "graphs": filled.trees,
    }
    suffix = path.suffix.lower()
    if suffix in (".html", ".htm", ".graphml", ".dot", ".gv"):
        from prover.render import joined, to_dot, to_graphml, trace_page

        if suffix in (".html", ".htm"):
            written = trace_page(trace)
        else:
            write = to_graphml if suffix == ".graphml" else to_dot
            written = write(joined(trace["graphs"]))
    else:
        written = json.dumps(trace, ensure_ascii=False)
    write_file(path, written)
