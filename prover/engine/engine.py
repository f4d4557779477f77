"""What stays while jobs come and go: Lean's processes, the judge, the model, and who may use them."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import psutil

from prover.engine.options import Settings
from prover.generate.completion import ModelGenerator
from prover.generate.models import load_model
from prover.generate.portfolio import Portfolio
from prover.generate.prompts import Format, StepFormat, named
from prover.generate.shipped import SHIPPED, SHIPPED_FORMAT, rated
from prover.generate.value import ValueModel
from prover.interrupt import in_thread
from prover.lean.pool import LeanPool
from prover.lean.states import Name
from prover.lean.toolchain import Lean, find_lean
from prover.verify.judge import Judge
from search.context import Context
from search.interfaces import State, TacticGenerator
from search.scheduler import Scheduler

if TYPE_CHECKING:
    from prover.engine.job import Job

BUSY = 2
"""How many searches go on at a time for each that Lean, or a model, can serve at once: while one is
judged or waits for its next tactics, another keeps it busy."""

MODEL_BATCH = 8

WORKER_MEMORY_MB = 2_500
"""What a worker of the embedded Lean takes, with room to spare."""


class Engine:
    """Lean processes, a judge, a model and a scheduler, ready for jobs (`prover.engine.job.Job`).
    Use it as an asynchronous context manager."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        start: Path | None = None,
        lean: Lean | None = None,
        on_setup: Callable[[str, float], None] = lambda step, done: None,
    ) -> None:
        """`start` is the file or folder whose Lean it is, `lean` one that was found already.
        `on_setup` is told of the steps of setting the embedded Lean up."""
        self.settings = settings or Settings()
        self.jobs: set[Job] = set()
        self.interrupted = False
        self._start = start or Path.cwd()
        self._found = lean
        self._on_setup = on_setup
        self._loading: asyncio.Task[ModelGenerator] | None = None
        self._stack = contextlib.AsyncExitStack()
        self.form: Format | None = None
        self.value: ValueModel | None = None
        self.lean: Lean
        self.pool: LeanPool
        self.judge: Judge
        self.scheduler: Scheduler
        self.admitted: asyncio.Semaphore

    async def __aenter__(self) -> Self:
        """Finds and starts Lean, and loads the model; the one that comes with the package is loaded
        when it is first asked.

        Raises:
            SetupError: no Lean can be had.
            LeanUnavailable: the Lean that was found does not start.
            ModelError, UnknownFormat, ExamplesError: the model cannot be used.
            WrongUse: there is no such ranker, or no such value model.
        """
        self.rated(Portfolio())
        if (folder := self.settings.value) is not None:
            self.value = await in_thread(lambda: ValueModel.load(Path(folder)))
        self._stack.push_async_callback(self._close_model)
        model = self.settings.model
        loading = None
        if model is None and self.settings.prompt_format is not None:
            self.form = named(self.settings.prompt_format)
        elif model == SHIPPED and self.settings.few_shot is None:
            self.form = named(self.settings.prompt_format or SHIPPED_FORMAT)
        elif model is not None:
            loading = asyncio.create_task(self.model())  # while Lean starts
        try:
            if self._found is None:
                self._found = await asyncio.to_thread(
                    find_lean, self._start, self.settings.lean, self._on_setup
                )
            self.lean = self._found
            workers = self.settings.jobs or default_jobs()
            pool = LeanPool(self.lean, workers=workers, limits=self.settings.limits)
            self.judge = Judge(self.lean, self.settings.limits)
            self._stack.push_async_callback(self.judge.close)
            starting = asyncio.create_task(self.judge.start())
            self._stack.push_async_callback(_ended, starting)
            self.pool = await self._stack.enter_async_context(pool)
            if loading is not None:
                self.form = (await loading).format
            together = BUSY * max(pool.capacity, 1 if model is None else MODEL_BATCH)
            self.admitted = asyncio.Semaphore(together)
            self.scheduler = await self._stack.enter_async_context(Scheduler(pool))
        except BaseException:
            if loading is not None:
                await _ended(loading)
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def model(self) -> ModelGenerator:
        """The model of the settings, loaded when it is first asked for.

        Raises:
            ModelError, UnknownFormat: it cannot be used.
        """
        name = self.settings.model
        if name is None:
            raise ValueError("there is no model")
        if self._loading is None:
            form, examples = self.settings.prompt_format, self.settings.few_shot
            self._loading = asyncio.create_task(in_thread(lambda: load_model(name, form, examples)))
        return await asyncio.shield(self._loading)

    def rated(
        self,
        generator: TacticGenerator,
        *,
        short: bool = False,
        model: TacticGenerator | None = None,
    ) -> TacticGenerator:
        """What a generator suggests, and a `model` beside it, as the ranker of the settings rates it:
        `own` in `short` searches only. It has learned from such, and prefers what is dear in longer
        ones."""
        ranker = self.settings.ranker
        return rated(generator, "none" if ranker == "own" and not short else ranker, model)

    async def context(
        self, state: State, theorems: Sequence[Name], proved: AbstractSet[str] = frozenset()
    ) -> Context:
        """What a state is about, for who proposes tactics for it: the user's own definitions, those
        `theorems` that stand before it, some of them `proved` since, and what is imported."""
        told = await self.pool.context(state, theorems)
        shown = isinstance(self.form, StepFormat) and self.form.retrieves
        return replace(
            told.with_proved(proved),
            library=await self.pool.library(state),
            near=await self.pool.premises(state) if shown else (),
        )

    async def _close_model(self) -> None:
        if self._loading is None:
            return
        self._loading.cancel()
        (model,) = await asyncio.gather(self._loading, return_exceptions=True)
        if isinstance(model, ModelGenerator):
            await model.aclose()

    def interrupt(self) -> bool:
        """Cancels all jobs, those to come too. Says whether any has begun to search."""
        self.interrupted = True
        return bool([job for job in self.jobs if job.cancel()])


async def _ended(task: asyncio.Task[object]) -> None:
    """Cancels a task and waits for it, whatever comes of it."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def default_jobs() -> int:
    """One Lean process per core, as far as the free memory goes beside the one that judges."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    by_memory = psutil.virtual_memory().available // (WORKER_MEMORY_MB * 2**20) - 1
    return max(1, min(cores or 1, int(by_memory)))
