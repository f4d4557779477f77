"""Proving and checking from Python: in a script, in a notebook, and with `await`."""

from __future__ import annotations

import functools
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from prover.engine.options import Filled, Options, Settings
from prover.errors import ProverError, WrongUse, explained
from prover.files import SourceText, read_file
from prover.generate.shipped import default_model
from prover.lean.source import as_lean_reads
from prover.notebook.bar import Bar, is_interactive
from prover.notebook.result import Answer, Goals, Hole, Result, Shown
from prover.notebook.steering import Steering
from prover.notebook.work import Work, client, interrupts, is_awaited
from prover.serve import process
from prover.serve.client import Progress
from prover.serve.remote import Remote, can_say, can_serve, place
from prover.verify.verdict import Verdict
from search.budget import Budget

if TYPE_CHECKING:
    from prover.api import Prover

P = ParamSpec("P")
R = TypeVar("R", bound=Shown[Any])

_IMPORT = re.compile(r"^\s*import\b", re.MULTILINE)

MOST_ENDINGS = 5
"""Of how many declarations a bar says in the end what came of them."""


def _call_of(begin: Callable[P, R]) -> Callable[P, R]:
    """The call for something that begins: it waits, unless a coroutine calls it. An error is shown
    where it was called, without what lies below."""

    @functools.wraps(begin)
    def call(*args: P.args, **options: P.kwargs) -> R:
        later = is_awaited()
        try:
            with interrupts:
                begun = begin(*args, **options)
                if not later:
                    begun.wait()
                return begun
        except (KeyboardInterrupt, ProverError) as error:
            raise error.with_traceback(None) from None
        except ModuleNotFoundError as error:
            raise explained(error) or error from None

    return call


@_call_of
def prove(
    text: str | Path,
    *,
    header: str = "",
    budget: int | None = None,
    timeout: float | None = None,
    settings: Settings | None = None,
    options: Options | None = None,
) -> Result:
    """Proves a statement, given with or without a proof, or fills the holes of a text with `sorry` or
    of a .lean file, which is not written. `budget` counts expansions, `timeout` seconds, for each
    hole; they and `settings` are as for the command unless given.

    An interrupt ends the search, and what it has so far is the result.

    Raises:
        StatementError: the header or the text does not elaborate.
        SetupError, LeanUnavailable: there is no Lean to work with.
        KeyboardInterrupt: it was interrupted before there was a search.
    """
    asked = _asked(text, header)

    async def ask(prover: Prover | Remote) -> Answer:
        filled: Filled
        if "text" in asked:
            filled = await prover.prove_text(asked["text"])
        else:
            filled = await prover.fill_statement(asked["statement"], header=header)
        return Answer(filled.verdicts, filled.text, tuple(filled.trees), filled.seconds)

    return _begin(ask, asked, _folder(text), settings, _options(options, budget, timeout))


@_call_of
def check(text: str | Path, *, settings: Settings | None = None) -> Result:
    """The verdict on every declaration of a finished text or file. Raises as `prove`."""

    source = _read(text)

    async def ask(prover: Prover | Remote) -> Answer:
        return Answer(tuple(await prover.check_text(source)), source)

    return _begin(ask, {"text": source}, _folder(text), settings or Settings(), Options())


@_call_of
def refute(
    text: str | Path, *, name: str | None = None, header: str = "", settings: Settings | None = None
) -> Result:
    """Looks for a counterexample of a statement, or of a theorem of a text: `name`, or the last. What
    it finds is proved: the verdict is then `disproved`. Raises as `prove`."""

    asked = _asked(text, header, whole=name is not None)

    async def ask(told: Progress) -> Answer:
        more = {} if name is None else {"name": name}
        answer = await _call("refute", _folder(text), settings, asked | more, told)
        verdict = Verdict.from_json(answer["verdict"])
        return Answer((verdict,), asked.get("text") or asked["statement"])

    bar = Bar(Budget())
    return Result(Work(ask(bar.heard), bar))


@_call_of
def goals(text: str | Path, *, header: str = "", settings: Settings | None = None) -> Goals:
    """What is to be proved at each `sorry` of a text, or of a statement. Raises as `prove`."""

    asked = _asked(text, header)

    async def ask(told: Progress) -> tuple[tuple[Hole, ...], tuple[str, ...]]:
        answer = await _call("goals", _folder(text), settings, asked, told)
        whole = answer["text"].encode()
        holes = []
        for one in answer["holes"]:
            lines = whole[answer["begin"] : one["first"]].decode().split("\n")
            shown = tuple(goal["pp"] for goal in one["state"]["goals"])
            holes.append(Hole(one["declaration"], len(lines), len(lines[-1]), shown))
        messages = [
            f"{m['line']}:{m['column']}: {m['severity']}: {m['text']}" for m in answer["messages"]
        ]
        return tuple(holes), tuple(messages)

    bar = Bar(Budget())
    return Goals(Work(ask(bar.heard), bar))


async def _call(
    method: str, folder: Path, settings: Settings | None, asked: dict[str, str], told: Progress
) -> dict[str, Any]:
    settings = settings or Settings(model=default_model())
    if not can_say(settings, Options()):
        raise WrongUse("the resident engine has its own limits and its portfolio: leave them out")
    return await client().call(method, {"where": place(settings, folder), **asked}, told)


def _begin(
    ask: Callable[[Prover | Remote], Awaitable[Answer]],
    asked: dict[str, str],
    folder: Path,
    settings: Settings | None,
    options: Options,
) -> Result:
    """Has a prover begin: the resident engine where it can do what is asked, which in an interactive
    session is started for it; else one of this call's own."""
    settings = settings or Settings(model=default_model())
    bar = Bar(options.budget)
    prover: Prover | Remote
    there = can_serve(settings, options)
    if there or (is_interactive() and can_say(settings, options) and _may_start()):
        prover = Remote(
            settings,
            options,
            folder,
            on_progress=bar.told,
            on_setup=bar.setting_up,
            on_ready=bar.ready,
            asker=client(),
        )
    else:
        from prover.api import Prover

        prover = Prover(
            settings, options, start=folder, on_progress=bar.told, on_setup=bar.setting_up
        )

    async def work() -> Answer:
        try:
            async with prover:
                answer = await ask(prover)
        except BaseException:
            bar.ended("ended without a result")
            raise
        bar.ended(", ".join(f"{v.name}: {v.outcome}" for v in answer.verdicts[-MOST_ENDINGS:]))
        return answer

    steering = Steering(asked, settings, options, folder)
    return Result(Work(work(), bar, prover.interrupt), steering)


def _options(options: Options | None, budget: int | None, timeout: float | None) -> Options:
    options = options or Options()
    limits = options.budget
    if budget is not None:
        limits = replace(limits, expansions=budget)
    if timeout is not None:
        limits = replace(limits, seconds=timeout)
    return replace(options, budget=limits)


def _may_start() -> bool:
    """Whether an engine can be started here, and none is there that has another Lean."""
    parts = ("h11", "starlette", "uvicorn")
    return all(find_spec(part) is not None for part in parts) and process.find() is None


def _folder(text: str | Path) -> Path:
    return text.parent if isinstance(text, Path) else Path.cwd()


def _asked(text: str | Path, header: str, *, whole: bool = False) -> dict[str, str]:
    """The fields of a request about a text, or about a bare statement, which it is taken for unless it
    is a file, has a `sorry`, or says what it imports."""
    source = _read(text)
    if whole or isinstance(text, Path) or "sorry" in source or _IMPORT.search(source):
        return {"text": f"{header}\n{source}" if header else source}
    return {"statement": source, "header": header}


def _read(text: str | Path) -> str:
    return as_lean_reads(text) if isinstance(text, str) else SourceText(read_file(text)).text
