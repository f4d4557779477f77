"""One prover for all cases of a test process, on an event loop of its own."""

import asyncio
import os
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

import pytest

from tests.acceptance.suite import Case, Result, Suite

T = TypeVar("T")

MEANWHILE = 3
"""How many of the cases to come are begun while one is waited for."""


class Bench:
    """A suite, and the cases that are on their way: while a test waits for one, its workers begin
    those that come next."""

    def __init__(self, jobs: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="bench")
        self._thread.start()
        self.suite = Suite(jobs=jobs)
        self._begun: dict[str, Future[Result]] = {}
        self.to_come: list[Case] = []

    def begin(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self.begin(work).result(timeout=600)

    def result(self, case: Case) -> Result:
        """What a case comes to."""
        ahead = self.to_come
        if case in ahead:
            del ahead[: ahead.index(case)]
        for one in [case, *ahead[: MEANWHILE + 1]]:
            if one.name not in self._begun:
                self._begun[one.name] = self.begin(self.suite.result(one))
        return self._begun[case.name].result(timeout=600)

    def settle(self) -> None:
        """Waits until nothing is on its way."""
        for future in self._begun.values():
            future.exception(timeout=600)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="session")
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    alone = "PYTEST_XDIST_WORKER" not in os.environ
    bench = Bench(2 if alone else 1)
    if alone:
        params = [getattr(item, "callspec", None) for item in request.session.items]
        found = [spec.params.get("case") for spec in params if spec is not None]
        bench.to_come = [case for case in found if isinstance(case, Case)]
    try:
        bench.wait(bench.suite.__aenter__())
        yield bench
        bench.settle()
        bench.wait(bench.suite.__aexit__(None, None, None))
    finally:
        bench.stop()
