"""Ctrl-C and SIGTERM. This module loads at once: they may come while everything else still loads."""

from __future__ import annotations

import _thread
import contextlib
import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM. Not KeyboardInterrupt, of which libraries and Python itself make their own."""


def on_signals(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    """What both do from now on."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """The handler that raises Interrupted."""
    raise Interrupted


AGAIN = 0.01
"""Seconds until what was dropped is raised again."""


def raise_again() -> None:
    """From now on, what `interrupt` raises in a place where Python drops exceptions, such as a
    destructor or the end of an import, is raised again a moment later."""
    others = sys.unraisablehook

    def dropped(told: sys.UnraisableHookArgs) -> None:
        if not issubclass(told.exc_type, Interrupted):
            others(told)
            return
        later = threading.Timer(AGAIN, _thread.interrupt_main, (signal.SIGINT,))
        later.daemon = True
        later.start()

    sys.unraisablehook = dropped


TOGETHER = 0.3
"""Seconds in which the same signal counts once: `timeout` and batch systems send it to a process and
then to its group, in which it is too."""


def run_cancellable(work: Coroutine[Any, Any, T], first: Callable[[], bool] = lambda: False) -> T:
    """`asyncio.run`, where the first signal calls `first`; if that says no, and at the next one, work
    is cancelled. An exception that a handler raises could come up in a place that drops it, such as
    a destructor.

    Raises:
        Interrupted: work was cancelled by a signal.
    """
    import asyncio

    signals = 0
    cancelled = False
    counted: dict[int, float] = {}

    async def main() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)

        def stop() -> None:
            nonlocal signals, cancelled
            signals += 1
            if not cancelled and (signals > 1 or not first()):
                cancelled = task.cancel()

        def note(number: int, frame: FrameType | None) -> None:
            now = time.monotonic()
            if now - counted.get(number, -math.inf) < TOGETHER:
                return
            counted[number] = now
            with contextlib.suppress(RuntimeError):  # the loop is closed: all is over
                loop.call_soon_threadsafe(stop)

        on_signals(note)
        return await task

    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        if not cancelled:
            raise
        raise Interrupted from None
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])


async def in_thread(work: Callable[[], T]) -> T:
    """What work returns or raises. It runs in a thread that nobody waits for: neither a caller that
    is cancelled nor, as with `asyncio.to_thread`, the end of the program."""
    import asyncio
    import threading

    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def target() -> None:
        result = error = None
        try:
            result = work()
        except BaseException as raised:  # noqa: BLE001 (raised again in the caller)
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=target, daemon=True).start()
    return await done
