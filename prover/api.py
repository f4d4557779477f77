"""Proving and checking: what the command line, editors, notebooks and benchmarks call.

`prove` and `check` are the short way. A `Prover` keeps Lean running between theorems:

    async with Prover(Settings(jobs=2)) as prover:
        verdict = await prover.prove("theorem t (a b : Nat) : a + b = b + a")
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from prover.engine.checking import Checker, StatementError
from prover.engine.engine import Engine, default_jobs
from prover.engine.job import Job
from prover.engine.options import Filled, Options, Progress, Settings
from prover.lean.toolchain import Lean
from prover.verify.verdict import Outcome, Verdict
from search.interfaces import TacticGenerator

__all__ = [
    "Filled",
    "Job",
    "Options",
    "Outcome",
    "Progress",
    "Prover",
    "Settings",
    "StatementError",
    "Verdict",
    "check",
    "default_jobs",
    "prove",
    "run_anywhere",
]

T = TypeVar("T")


class Prover:
    """An engine with the options of its jobs. Every call is a job of its own, `options` are for
    that one. `generator` proposes tactics in the place of what the engine has; an `engine` that is
    given is used as it is, and neither started nor ended here."""

    def __init__(
        self,
        settings: Settings | None = None,
        options: Options | None = None,
        *,
        generator: TacticGenerator | None = None,
        engine: Engine | None = None,
        start: Path | None = None,
        lean: Lean | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        on_setup: Callable[[str, float], None] = lambda step, done: None,
    ) -> None:
        self.engine = engine or Engine(settings, start=start, lean=lean, on_setup=on_setup)
        self._generator = generator
        self.options = options or Options()
        self._on_progress = on_progress

    async def __aenter__(self) -> Self:
        """Finds and starts Lean. Raises as `Engine.__aenter__`."""
        await self.engine.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.engine.__aexit__(kind, error, trace)

    @property
    def lean(self) -> Lean:
        return self.engine.lean

    def interrupt(self) -> bool:
        """Ends all searches: what they have so far comes back as verdicts. Says whether any ran."""
        return self.engine.interrupt()

    def job(
        self,
        options: Options | None = None,
        *,
        generator: TacticGenerator | None = None,
        first: TacticGenerator | None = None,
    ) -> Job:
        """A job that can be cancelled by itself. `generator` and `first` are as for `Job`."""
        return Job(
            self.engine,
            options or self.options,
            generator=generator or self._generator,
            first=first,
            on_progress=self._on_progress,
        )

    async def prove(
        self, statement: str, *, header: str = "", options: Options | None = None
    ) -> Verdict:
        """Proves one statement, given with or without a proof. Raises as `Job.fill_statement`."""
        return (await self.fill_statement(statement, header=header, options=options)).verdicts[-1]

    async def fill_statement(
        self,
        statement: str,
        *,
        header: str = "",
        informal: str = "",
        options: Options | None = None,
    ) -> Filled:
        """As `Job.fill_statement`."""
        with self.job(options) as job:
            return await job.fill_statement(statement, header=header, informal=informal)

    async def prove_text(
        self,
        text: str,
        *,
        name: str | Sequence[str] | None = None,
        at: int | None = None,
        options: Options | None = None,
    ) -> Filled:
        """As `Job.prove_text`."""
        with self.job(options) as job:
            return await job.prove_text(text, name=name, at=at)

    async def check_text(
        self, text: str, *, name: str | None = None, statements: str | None = None
    ) -> list[Verdict]:
        """As `Checker.check_text`."""
        return await self.texts.check_text(text, name=name, statements=statements)

    @property
    def texts(self) -> Checker:
        """What elaborates and judges without a search."""
        return Checker(self.engine, paranoid=self.options.paranoid)


def prove(
    statement: str,
    *,
    header: str = "",
    settings: Settings | None = None,
    options: Options | None = None,
) -> Verdict:
    """Proves one statement; works in a script as well as inside a running event loop.

    Raises:
        StatementError: the header or the statement does not elaborate.
        SetupError, LeanUnavailable: there is no Lean to work with.
    """

    async def run() -> Verdict:
        async with Prover(settings, options) as prover:
            return await prover.prove(statement, header=header)

    return run_anywhere(run())


def check(text: str, *, settings: Settings | None = None) -> list[Verdict]:
    """The verdict on every declaration of a finished file. Raises as `prove`."""

    async def run() -> list[Verdict]:
        async with Prover(settings or Settings(jobs=1)) as prover:
            return await prover.check_text(text)

    return run_anywhere(run())


def run_anywhere(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end, in a thread of its own if this thread has a running loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    done: list[T] = []
    errors: list[BaseException] = []

    def target() -> None:
        try:
            done.append(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001 (raised again in the caller's thread)
            errors.append(error)

    thread = threading.Thread(target=target, name="prover")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return done[0]
