"""The processes that hold documents: texts that are being written, which may run code of their own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Hashable
from dataclasses import dataclass, field

from prover.lean.limits import Limits
from prover.lean.process import GymProcess
from prover.lean.toolchain import Lean

HOSTS = 2
"""How many processes hold the documents with one Lean."""


@dataclass(eq=False, slots=True)
class Host:
    """A gym that holds documents. `owner` is the one whose text ran code of its own here: no other
    is served any more."""

    gym: GymProcess
    owner: Hashable = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    used: int = 0


class Desk:
    """Gives documents processes, at most `HOSTS` of them. The one that was used longest ago is
    ended when another is needed: what it held is elaborated again when it is asked for."""

    def __init__(self, lean: Lean, limits: Limits) -> None:
        self.limits = limits
        self.names: dict[str, list[str]] = {}
        """What can be imported by some imports, sorted."""
        self._lean = lean
        self._hosts: list[Host] = []
        self._placing = asyncio.Lock()
        self._clock = 0

    @contextlib.asynccontextmanager
    async def host(self, document: Hashable, held: Host | None) -> AsyncIterator[Host]:
        """A process for a document, the one that holds it if it can, for one user at a time.

        Raises:
            GymDied: none starts.
        """
        while True:
            host = held if held is not None and self.serves(held, document) else None
            if host is None:
                async with self._placing:
                    host = await self._place(document)
            async with host.lock:
                if self.serves(host, document):
                    self._clock += 1
                    host.used = self._clock
                    yield host
                    return

    async def close(self) -> None:
        """Ends all processes."""
        hosts, self._hosts = self._hosts, []
        for host in hosts:
            host.gym.kill()
            await host.gym.close()

    def serves(self, host: Host, document: Hashable) -> bool:
        return host in self._hosts and host.gym.alive and host.owner in (None, document)

    async def _place(self, document: Hashable) -> Host:
        for host in [host for host in self._hosts if not host.gym.alive]:
            self._hosts.remove(host)
            await host.gym.close()
        fit = [host for host in self._hosts if self.serves(host, document)]
        if fit:
            return max(fit, key=lambda host: (host.owner == document, host.used))
        if len(self._hosts) >= HOSTS:
            oldest = min(self._hosts, key=lambda host: (host.lock.locked(), host.used))
            async with oldest.lock:
                self._hosts.remove(oldest)
                oldest.gym.kill()
            await oldest.gym.close()
        host = Host(await GymProcess.start(self._lean, self.limits))
        self._hosts.append(host)
        return host
