"""Who works now and who waits."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict, deque
from collections.abc import AsyncIterator

from prover.serve.schema import QueueFull


class Turns:
    """A queue: so many work at a time, so many more may wait, and those who wait come by turns, one
    request of each client after the other."""

    def __init__(self, running: int, waiting: int) -> None:
        self._free = running
        self._most = waiting
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self.running = 0

    @property
    def waiting(self) -> int:
        return sum(map(len, self._waiting.values()))

    @contextlib.asynccontextmanager
    async def turn(self, client: str) -> AsyncIterator[None]:
        """Waits for a turn, which lasts as long as the body.

        Raises:
            QueueFull: too many wait already.
        """
        await self._enter(client)
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            self._leave()

    async def _enter(self, client: str) -> None:
        if self._free:
            self._free -= 1
            return
        if self.waiting >= self._most:
            raise QueueFull(f"{self._most} requests wait already", "ask again in some seconds")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, deque()).append(future)
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self._leave()
            else:
                self._forget(client, future)
            raise

    def _forget(self, client: str, future: asyncio.Future[None]) -> None:
        self._waiting[client].remove(future)
        if not self._waiting[client]:
            del self._waiting[client]

    def _leave(self) -> None:
        """Gives a turn to the next client."""
        if not self._waiting:
            self._free += 1
            return
        client, queue = next(iter(self._waiting.items()))
        queue.popleft().set_result(None)
        if queue:
            self._waiting.move_to_end(client)
        else:
            del self._waiting[client]
