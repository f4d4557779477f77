"""Signals while asynchronous work runs, and threads that nobody waits for."""

import asyncio
import os
import signal
import subprocess
import sys
import threading

import pytest

from prover.interrupt import TOGETHER, Interrupted, in_thread, run_cancellable


async def until_cancelled(signals: list[int], cleaned: list[bool]) -> str:
    try:
        for number in signals:
            os.kill(os.getpid(), number)
            await asyncio.sleep(0.05)
        return "done"
    finally:
        cleaned.append(True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_the_work_which_cleans_up(number: int) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    cleaned: list[bool] = []
    with pytest.raises(Interrupted):
        run_cancellable(until_cancelled([number], cleaned))
    assert cleaned == [True]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_the_first_signal_may_be_taken_and_the_second_may_not() -> None:
    cleaned: list[bool] = []
    assert run_cancellable(until_cancelled([signal.SIGINT], cleaned), lambda: True) == "done"
    with pytest.raises(Interrupted):
        run_cancellable(until_cancelled([signal.SIGINT, signal.SIGTERM], cleaned), lambda: True)
    assert cleaned == [True, True]


def test_a_signal_to_the_process_and_then_to_its_group_is_one() -> None:
    async def sent_twice(pause: float) -> str:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(pause)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.05)
        return "done"

    assert run_cancellable(sent_twice(0), lambda: True) == "done"
    with pytest.raises(Interrupted):
        run_cancellable(sent_twice(TOGETHER + 0.05), lambda: True)


def test_a_cancellation_that_is_no_signal_stays_one() -> None:
    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run_cancellable(work())


@pytest.mark.timeout(20)
def test_neither_the_caller_nor_the_end_of_the_loop_waits_for_the_thread() -> None:
    end = threading.Event()

    async def work() -> None:
        waiting = asyncio.create_task(in_thread(end.wait))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(work())
    end.set()  # the thread tells a loop that is closed


def test_a_thread_returns_and_raises() -> None:
    assert asyncio.run(in_thread(lambda: 7)) == 7
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_thread(lambda: 1 // 0))


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_an_interrupt_that_python_drops_comes_again(number: str) -> None:
    """In a process of its own, which is sent one while it is in the callback of a weak reference."""
    code = f"""
import os, signal, sys, time, weakref
from prover.interrupt import Interrupted, interrupt, on_signals, raise_again
on_signals(interrupt)
raise_again()
class Thing: pass
thing = Thing()
watched = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.{number}))
try:
    del thing
    for _ in range(500):
        time.sleep(0.01)
except Interrupted:
    sys.exit(130)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (130, "")
