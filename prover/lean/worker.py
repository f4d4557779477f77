"""A gym with what it holds, and the requests that the pool and the judge both make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from prover.lean.process import GymProcess, Limits, Reply


class ElaborationFailed(Exception):
    """Lean refused a header or a text. `kind` is `import`, `parse`, `elaboration` or the way the
    process died.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(eq=False, slots=True)
class Worker:
    """One gym with what it holds."""

    gym: GymProcess
    serial: int
    headers: dict[str, int] = field(default_factory=dict)
    unneeded: list[int] = field(default_factory=list)
    tainted: bool = False
    """Whether a text may have changed it for the texts that come after."""

    async def header(self, header: str, limits: Limits) -> int:
        """The environment after a header. Raises `ElaborationFailed`."""
        if header not in self.headers:
            reply = await self.gym.request(limits.elab_seconds, cmd="open", header=header)
            if not reply.ok:
                raise ElaborationFailed(reply.kind, reply.message)
            self.headers[header] = reply.fields["env"]
        return self.headers[header]

    async def elaborate(self, env: int, text: str, limits: Limits) -> Reply:
        """Elaborates a text in an environment. Raises `ElaborationFailed`."""
        reply = await self.gym.request(limits.elab_seconds, cmd="elab", env=env, text=text)
        if not reply.ok:
            raise ElaborationFailed(reply.kind, reply.message)
        self.tainted |= reply.fields["tainted"]
        return reply

    async def forget(self, elaborated: Reply, limits: Limits) -> None:
        """Lets go of a text that was elaborated, with the states of its holes."""
        fields = elaborated.fields
        states = [hole["state"]["id"] for hole in fields["holes"]]
        await self.free(limits, states=states, envs=[fields["env"]])

    async def free(
        self, limits: Limits, *, states: Sequence[int] = (), envs: Sequence[int] = ()
    ) -> None:
        await self.gym.request(
            limits.tactic_seconds, cmd="free", states=list(states), envs=list(envs)
        )
