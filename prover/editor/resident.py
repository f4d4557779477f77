"""The resident engine as a door keeps it: found when first asked, and found anew after it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prover.serve.client import Client

Json = dict[str, Any]


class Resident:
    """A connection to the resident engine. It is shared by all that a door asks."""

    def __init__(self, connect: Callable[[], Awaitable[Client]] | None = None) -> None:
        """`connect` finds the engine, and starts one if there is none."""
        self._connect = connect
        self._client: asyncio.Task[Client] | None = None

    async def call(
        self,
        method: str,
        body: Mapping[str, Any],
        on_progress: Callable[[Json], None] | None = None,
        *,
        again: bool = True,
    ) -> Json:
        """What the engine answers. One that ended is started again, and asked again if `again`: not
        if what is asked about ended with it. Raises the `ProverError` of the answer."""
        from prover.serve.schema import EngineGone

        client = await self._connected()
        try:
            return await client.call(method, body, on_progress)
        except EngineGone:
            await self.close()
            if not again:
                raise
        client = await self._connected()
        return await client.call(method, body, on_progress)

    async def _connected(self) -> Client:
        if self._client is None or (self._client.done() and self._failed(self._client)):
            self._client = asyncio.create_task(self._open())
        return await asyncio.shield(self._client)

    async def _open(self) -> Client:
        from prover.serve.client import connect

        return await (self._connect or connect)()

    @staticmethod
    def _failed(task: asyncio.Task[Client]) -> bool:
        return task.cancelled() or task.exception() is not None

    async def close(self) -> None:
        """Lets the engine go; another call finds one again."""
        task, self._client = self._client, None
        if task is not None and task.done() and not self._failed(task):
            await task.result().__aexit__(None, None, None)
