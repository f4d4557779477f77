"""What runs beside a notebook's own event loop, and how it is waited for and interrupted."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import inspect
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Generator
from functools import cache
from types import FrameType, TracebackType
from typing import Any, Generic, TypeVar

from prover.interrupt import Interrupted
from prover.notebook.bar import Bar
from prover.serve.client import Client
from prover.serve.schema import ServeError

T = TypeVar("T")

TICK_SECONDS = 0.1
"""How often the bar is drawn, and an interrupt looked for, while work is waited for."""

_COMPREHENSIONS = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}


@cache
def loop() -> asyncio.AbstractEventLoop:
    """The event loop of all requests, in a thread of its own."""
    made = asyncio.new_event_loop()
    threading.Thread(target=made.run_forever, name="prover", daemon=True).start()
    return made


@cache
def client() -> Client:
    """The session of this process with the resident engine, which is started if none runs."""
    return Client()


class Interrupts:
    """Ctrl-C, and the stop button of a notebook, while it is entered: noted in `count`, where a
    KeyboardInterrupt could come up in the midst of anything. What nobody has taken care of by the end
    is raised then. Only the main thread has them."""

    def __init__(self) -> None:
        self.count = 0
        self._depth = 0
        self._before: Any = None

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.count += 1

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            if not self._depth:
                self._before = signal.getsignal(signal.SIGINT)
                signal.signal(signal.SIGINT, self._note)
            self._depth += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if threading.current_thread() is threading.main_thread():
            self._depth -= 1
            if not self._depth:
                left, self.count = self.count, 0
                signal.signal(signal.SIGINT, self._before or signal.default_int_handler)
                if left and kind is None:
                    raise KeyboardInterrupt

    def take(self) -> int:
        """How many came since this was asked last; always 0 outside of the main thread."""
        if threading.current_thread() is not threading.main_thread():
            return 0
        taken, self.count = self.count, 0
        return taken


interrupts = Interrupts()


class Work(Generic[T]):
    """A coroutine that has begun to run in the loop of this module.

    The first interrupt calls `end` there; if that says no, and at the next one, it is cancelled.
    """

    def __init__(
        self,
        work: Coroutine[Any, Any, T],
        bar: Bar | None = None,
        end: Callable[[], bool] = lambda: False,
    ) -> None:
        self._bar = bar
        self._end = end
        self._task: asyncio.Task[T] | None = None
        self._interrupted = 0
        self._future = asyncio.run_coroutine_threadsafe(self._run(work), loop())

    @property
    def done(self) -> bool:
        return self._future.done()

    def result(self) -> T:
        """Waits, and shows the bar meanwhile.

        Raises:
            KeyboardInterrupt: it was interrupted, and had nothing to show yet.
            Everything else that the coroutine raises.
        """
        with interrupts:
            try:
                while not self._future.done():
                    concurrent.futures.wait([self._future], TICK_SECONDS)
                    if pressed := interrupts.take():
                        self.interrupt(pressed)
                    if self._interrupted > 2:
                        break
                    self._draw()
                return self._answer()
            finally:
                self._close()
                interrupts.take()

    async def finished(self) -> T:
        """As `result`, in a loop that goes on meanwhile. Cancelling it interrupts the work."""
        while not self._future.done():
            here = asyncio.wrap_future(self._future)
            try:
                await asyncio.wait([asyncio.shield(here)], timeout=TICK_SECONDS)
            except asyncio.CancelledError:
                self.interrupt()
                raise
            self._draw()
        self._close()
        return self._answer()

    def interrupt(self, times: int = 1) -> None:
        for _ in range(times):
            self._interrupted += 1
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop().call_soon_threadsafe(self._interrupt, self._interrupted)

    def _interrupt(self, time: int) -> None:
        if self._task is not None and (time > 1 or not self._end()):
            self._task.cancel()

    async def _run(self, work: Coroutine[Any, Any, T]) -> T:
        self._task = asyncio.current_task()
        if self._interrupted:
            work.close()
            raise asyncio.CancelledError
        return await work

    def _draw(self) -> None:
        if self._bar is not None:
            self._bar.draw(ending=self._interrupted > 0)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def _answer(self) -> T:
        if not self._future.done():
            raise KeyboardInterrupt
        try:
            return self._future.result()
        except (concurrent.futures.CancelledError, Interrupted):
            raise KeyboardInterrupt from None
        except ServeError as error:
            if error.kind != "StatementError":
                raise
            from prover.api import StatementError

            raise StatementError(error.message) from None

    def __await__(self) -> Generator[Any, None, T]:
        return self.finished().__await__()


def is_awaited() -> bool:
    """Whether what called the caller is a coroutine, such as a statement with an `await` in a notebook:
    it is to have something that it can wait for beside other things."""
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_code.co_name in _COMPREHENSIONS:
        frame = frame.f_back
    return bool(frame.f_code.co_flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR))
