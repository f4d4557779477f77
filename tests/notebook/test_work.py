"""Waiting and interrupting, without an engine."""

import asyncio
import os
import signal
import threading
import time
from typing import Any

import pytest

from prover.notebook.work import Work, interrupts, is_awaited


def press_after(seconds: float) -> None:
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()


async def sleeps(until: float) -> str:
    end = time.monotonic() + until
    while time.monotonic() < end:
        await asyncio.sleep(0.02)
    return "slept"


def test_the_first_interrupt_is_taken_by_who_has_something_to_keep() -> None:
    asked: list[int] = []

    def end() -> bool:
        asked.append(1)
        return True

    before = signal.getsignal(signal.SIGINT)
    press_after(0.1)
    assert Work(sleeps(0.5), end=end).result() == "slept"
    assert asked == [1]
    assert signal.getsignal(signal.SIGINT) is before


def test_without_it_and_at_the_second_one_the_work_is_cancelled() -> None:
    cleaned: list[bool] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cleaned.append(True)

    press_after(0.1)
    with pytest.raises(KeyboardInterrupt):
        Work(work()).result()
    press_after(0.1)
    press_after(0.3)
    with pytest.raises(KeyboardInterrupt):
        Work(work(), end=lambda: True).result()
    assert cleaned == [True, True]


def test_what_does_not_end_is_left_at_the_third() -> None:
    async def stubborn() -> None:
        for _ in range(20):
            try:
                await asyncio.sleep(0.2)
            except asyncio.CancelledError:
                continue

    for seconds in (0.1, 0.2, 0.3):
        press_after(seconds)
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        Work(stubborn()).result()
    assert time.monotonic() - begin < 2


def test_an_interrupt_that_nobody_has_taken_comes_up_at_the_end() -> None:
    done: list[int] = []
    with pytest.raises(KeyboardInterrupt), interrupts:
        os.kill(os.getpid(), signal.SIGINT)
        done.append(1)
    assert done == [1]


def test_errors_of_the_work_come_through_and_other_threads_may_wait() -> None:
    async def fails() -> None:
        raise LookupError("this")

    with pytest.raises(LookupError, match="this"):
        Work(fails()).result()
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(Work(sleeps(0.05)).result()))
    thread.start()
    thread.join()
    assert results == ["slept"]


def test_a_coroutine_that_is_cancelled_interrupts_what_it_waits_for() -> None:
    ended: list[int] = []

    async def main() -> None:
        work = Work(sleeps(60), end=lambda: bool(ended.append(1)))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await work
        with pytest.raises(KeyboardInterrupt):
            work.result()

    asyncio.run(main())
    assert ended == [1]


def test_who_calls_is_told_apart() -> None:
    def call() -> bool:
        return is_awaited()

    async def coroutine() -> list[bool]:
        return [call(), *[call() for _ in range(1)], *list(call() for _ in range(1))]  # noqa: C400

    def function() -> list[bool]:
        return [call(), *[call() for _ in range(1)]]

    assert asyncio.run(coroutine()) == [True, True, True]
    assert function() == [False, False]

    async def around() -> list[bool]:
        return function()

    assert asyncio.run(around()) == [False, False]
