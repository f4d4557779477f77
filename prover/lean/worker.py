"""A gym with what it holds, and the requests that the pool and the judge both make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from prover.errors import LeanFailed
from prover.lean.limits import Limits
from prover.lean.process import GymProcess, Reply
from prover.lean.states import Command, Elaborated, read_commands, read_messages

KEPT_TEXTS = 3
"""How many elaborated texts a worker keeps, so that one that begins alike goes on from there."""


class ElaborationFailed(LeanFailed):
    """Lean refused a header or a text. `kind` is `import`, `parse`, `elaboration` or the way the
    process died.
    """


@dataclass(frozen=True, slots=True)
class Header:
    """A header that a worker has elaborated."""

    env: int
    imports: tuple[object, ...]
    commands: tuple[Command, ...]
    tainted: bool


@dataclass(eq=False, slots=True)
class Worker:
    """One gym with what it holds.

    `family` is that of the request whose text ran code of its own here and may have changed the
    process: it serves no other any more, not even one with the same text.
    """

    gym: GymProcess
    serial: int
    headers: dict[str, Header] = field(default_factory=dict)
    unneeded: list[int] = field(default_factory=list)
    family: str | None = None
    asked: Counter[str] = field(default_factory=Counter)
    """How often a header, or the beginning of a text, was known (`header_hit`, `text_hit`) or not
    (`header_miss`, `text_miss`)."""
    _texts: list[tuple[int, str, int]] = field(default_factory=list)

    def serves(self, family: str) -> bool:
        return self.family in (None, family)

    async def header(self, header: str, family: str, limits: Limits) -> Header:
        """The environment after a header. Raises `ElaborationFailed`."""
        self.asked["header_hit" if header in self.headers else "header_miss"] += 1
        if header not in self.headers:
            reply = await self.gym.request(limits.elab_seconds, cmd="open", header=header)
            if not reply.ok:
                raise ElaborationFailed(reply.kind, reply.message)
            f = reply.fields
            if f["tainted"]:
                self.family = family
            errors = [m for m in read_messages(f) if m.severity == "error"]
            if errors:
                kind = "parse" if any(m.parse for m in errors) else "elaboration"
                raise ElaborationFailed(kind, "\n".join(map(str, errors)))
            self.headers[header] = Header(
                f["env"], tuple(f["imports"]), read_commands(f["commands"]), f["tainted"]
            )
        return self.headers[header]

    async def elaborate(
        self,
        header: str,
        text: str,
        family: str,
        limits: Limits,
        *,
        first_command: int = 0,
        holes: bool = False,
        scratch: bool = False,
    ) -> tuple[Elaborated, Reply]:
        """Elaborates a text after a header, from where an earlier text was the same, or from
        `scratch`. What comes back leaves out the commands before `first_command` and, unless asked
        for, the holes. Raises `ElaborationFailed`."""
        there = await self.header(header, family, limits)
        like = {} if scratch else self._like(there.env, text)
        self.asked["text_hit" if like else "text_miss"] += not scratch
        reply = await self.gym.request(
            limits.elab_seconds,
            cmd="elab",
            env=there.env,
            text=text,
            holes=holes,
            **{"from": first_command},
            **like,
        )
        if not reply.ok:
            raise ElaborationFailed(reply.kind, reply.message)
        f = reply.fields
        if f["tainted"] or there.tainted:
            self.family = family
        await self._keep(there.env, text, f["env"], limits)
        done = Elaborated(
            text=text,
            imports=there.imports,
            head=there.commands,
            commands=read_commands(f["commands"]),
            messages=read_messages(f),
            holes=(),
            tainted=f["tainted"] or there.tainted,
            stopped=f["stopped"],
            family=family,
            heartbeats=reply.heartbeats,
            first_command=first_command,
        )
        return done, reply

    def _like(self, env: int, text: str) -> dict[str, int]:
        best = {"same": 0}
        for other_env, other, done in self._texts:
            same = _same(text, other) if other_env == env else 0
            if same > best["same"]:
                best = {"like": done, "same": same}
        return best if "like" in best else {}

    async def _keep(self, env: int, text: str, done: int, limits: Limits) -> None:
        self._texts.append((env, text, done))
        if len(self._texts) > KEPT_TEXTS:
            _, _, old = self._texts.pop(0)
            await self.free(limits, envs=[old])

    async def free(
        self, limits: Limits, *, states: Sequence[int] = (), envs: Sequence[int] = ()
    ) -> None:
        await self.gym.request(
            limits.tactic_seconds, cmd="free", states=list(states), envs=list(envs)
        )


def _same(one: str, other: str) -> int:
    """How many bytes two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    length = next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))
    return len(one[:length].encode())
