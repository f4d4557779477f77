"""The acceptance suite: bogus proofs that must be refused, honest twins that must be accepted.

Each file in `cases/` is one attack. `python -m tests.acceptance` runs all of them on every path that
can say "proved" and prints the table.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from prover.api import Prover, Settings, StatementError
from prover.lean.pool import LeanPool
from prover.lean.worker import ElaborationFailed
from prover.verify.statement import fill, with_hole
from search.budget import Budget
from search.interfaces import Progress, Request, Suggestion

CASES = Path(__file__).parent / "cases"
PATHS = ("tactic", "proof", "api", "check")
"""The gym's tactic mode, the verdict on a script, `Prover.prove`, and `prover check`."""

TOGETHER = 2


@dataclass(frozen=True)
class Part:
    """One side of a case: what was asked, and a proof of it: a script or a whole file."""

    header: str
    statement: str
    name: str
    text: str
    is_file: bool
    paths: tuple[str, ...]

    @property
    def asked(self) -> str:
        """The statement with a hole, as a file."""
        return self.header + with_hole(self.statement)


@dataclass(frozen=True)
class Case:
    """An attack and its honest twin. `refused_by` is the layer that must refuse the bogus file."""

    name: str
    threat: int
    title: str
    refused_by: str
    bogus: Part
    honest: Part


@dataclass(frozen=True)
class Answer:
    """What one path says: whether it accepts, and if not, which layers or what else refused."""

    accepted: bool
    refused_by: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Result:
    """What every path says of a case; None where it cannot take such a case."""

    case: Case
    bogus: dict[str, Answer]
    honest: dict[str, Answer]

    @property
    def false_accepts(self) -> list[str]:
        return [path for path, answer in self.bogus.items() if answer.accepted]

    @property
    def false_rejects(self) -> list[str]:
        return [path for path, answer in self.honest.items() if not answer.accepted]


def read_case(path: Path) -> Case:
    """Reads a case.

    Raises:
        ValueError: the file is not a case.
    """
    head, *sections = re.split(r"^--- (.+)\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    fields = dict(re.findall(r"^(threat|title|refused by|name|paths): (.+)$", head, re.MULTILINE))
    parts = dict(zip(sections[::2], sections[1::2], strict=True))
    unknown = set(parts) - {
        "header",
        "statement",
        "honest statement",
        *(f"{side} {kind}" for side in ("bogus", "honest") for kind in ("script", "file")),
    }
    if not {"threat", "title", "refused by"} <= set(fields) or unknown:
        raise ValueError(f"{path.name}: fields {sorted(fields)}, unknown sections {unknown}")
    statement = parts["statement"].strip()
    statements = {"bogus": statement, "honest": parts.get("honest statement", statement).strip()}
    header = parts.get("header", "")

    def part(side: str) -> Part:
        is_file = f"{side} file" in parts
        text = parts[f"{side} file" if is_file else f"{side} script"]
        name = fields.get("name", "t")
        paths = ("check",) if is_file else PATHS
        if side == "bogus" and "paths" in fields:  # elsewhere it is no attack
            paths = tuple(fields["paths"].split(", "))
        text = text if is_file else text.strip("\n")
        return Part(header, statements[side], name, text, is_file, paths)

    return Case(
        path.stem,
        int(fields["threat"]),
        fields["title"],
        fields["refused by"],
        part("bogus"),
        part("honest"),
    )


def read_cases() -> list[Case]:
    return [read_case(path) for path in sorted(CASES.glob("*.lean"))]


class OneTactic:
    """A generator that always proposes the same text."""

    def __init__(self) -> None:
        self.tactic = ""

    async def generate(self, requests: Sequence[Request]) -> AsyncIterator[tuple[int, Suggestion]]:
        for index in range(len(requests)):
            yield index, Suggestion(self.tactic, -1.0)


class Suite:
    """Runs cases on one Lean. Use it as an asynchronous context manager."""

    def __init__(self, lean: str = "embedded") -> None:
        self._generator = OneTactic()
        budget = Budget(expansions=2, seconds=60.0)
        self.prover = Prover(Settings(lean=lean, jobs=1, budget=budget), generator=self._generator)
        self._api_lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self.prover.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.prover.__aexit__(None, None, None)

    async def run(
        self, cases: Sequence[Case], on_done: Callable[[str], None] = lambda name: None
    ) -> list[Result]:
        places = asyncio.Semaphore(TOGETHER)

        async def one(case: Case) -> Result:
            async with places:
                bogus, honest = await self.answers(case.bogus), await self.answers(case.honest)
            on_done(case.name)
            return Result(case, bogus, honest)

        return list(await asyncio.gather(*(one(case) for case in cases)))

    async def answers(self, part: Part) -> dict[str, Answer]:
        """What each path says of one side of a case. A whole file can only be checked."""
        return {path: await self.ask(path, part) for path in part.paths}

    async def ask(self, path: str, part: Part) -> Answer:
        try:
            return await getattr(self, f"_{path}")(part)
        except (ElaborationFailed, StatementError) as error:
            return Answer(False, ("elaboration",), str(error))

    @property
    def _pool(self) -> LeanPool:
        return self.prover.pool

    async def _tactic(self, part: Part) -> Answer:
        header, body = await self._pool.split(part.asked)
        (hole,) = (await self._pool.elaborate(header, body)).holes
        outcome = await self._pool.run(hole.state, part.text)
        if isinstance(outcome, Progress):
            left = sum(len(child.goals) for child in outcome.children)
            return Answer(not outcome.children, ("goals",), f"{left} goals left")
        return Answer(False, (outcome.kind,), outcome.message)

    async def _proof(self, part: Part) -> Answer:
        judgement, _ = await self.prover.check_proof(part.statement, part.text, header=part.header)
        return Answer(judgement.proved, judgement.failed, judgement.reason)

    async def _api(self, part: Part) -> Answer:
        async with self._api_lock:
            self._generator.tactic = part.text
            filled = await self.prover.prove_text(part.asked)
        verdict = filled.verdicts[-1]
        failed = tuple(layer.name for layer in verdict.layers if not layer.passed)
        return Answer(verdict.proved, failed or (verdict.outcome,), verdict.reason)

    async def _check(self, part: Part) -> Answer:
        file = part.text
        if not part.is_file:
            file = await self._filled(part)
        verdicts = await self.prover.check_text(file, name=part.name, statements=part.asked)
        failed = tuple(layer.name for layer in verdicts[-1].layers if not layer.passed)
        return Answer(verdicts[-1].proved, failed, verdicts[-1].reason)

    async def _filled(self, part: Part) -> str:
        header, body = await self._pool.split(part.asked)
        (hole,) = (await self._pool.elaborate(header, body)).holes
        return header + fill(body, hole, part.text)
