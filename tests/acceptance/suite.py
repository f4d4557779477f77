"""The acceptance suite: bogus proofs that must be refused, honest ones that must be accepted.

Each file in `cases/` is one attack with its honest twins: sections, each a request to the prover
with what must come of it.

| section | what it is |
| --- | --- |
| `header`, `statement`, `honest statement` | a theorem that is asked, and what stands before it |
| `bogus script`, `honest script` | a proof of it, tried on every one of `PATHS` |
| `bogus file`, `honest file` | a whole file that is said to hold it |
| `statements` | a file that the `solution`s below it have to prove |
| `tactics` | what a generator proposes for the holes below, one after the other between `%%` |
| `before` | a text with a hole that is proved first, whatever comes of it; empty: the last one again |
| `check: E`, `solution: E` | a finished file, alone or against the `statements` |
| `prove: E`, `fill: E` | a file with holes; a statement as the API takes it |
| `proof: E`, `claim: E`, `recheck: E` | a tactic block for the `statement`; that and a whole file \
as proofs that somebody released |

`E` is `proved`, `refused` or `error` (the input is no good) for the whole answer, or says it by
declaration: `good proved, bad refused`. Whatever such a list does not name may not be refused.
`python -m tests.acceptance` runs all of them and prints the table.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from prover.api import Options, Prover, Settings, StatementError
from prover.evaluate.benchmark import Theorem
from prover.evaluate.recheck import Claim, recheck
from prover.generate.portfolio import Portfolio
from prover.lean.pool import Handle, LeanPool
from prover.lean.source import fill, with_hole, with_options
from prover.lean.worker import ElaborationFailed
from prover.verify.verdict import Verdict
from search.budget import Budget
from search.interfaces import Progress, Request, Suggestion

CASES = Path(__file__).parent / "cases"

PATHS = ("tactic", "proof", "api", "check")
"""What a script is tried on: the gym's tactic mode, the verdict on a script, `Prover.prove`, and
`prover check` of the file that holds it."""

REQUESTS = ("check", "solution", "prove", "fill", "proof", "claim", "recheck")
MATERIAL = ("header", "statement", "honest statement", "statements", "tactics", "before")
PROOFS = ("bogus script", "honest script", "bogus file", "honest file")
WHOLE = ("proved", "refused", "error")

Expected = str | Mapping[str, bool]
"""One of `WHOLE`, or which declarations are proved."""


@dataclass(frozen=True)
class Act:
    """One request with what must come of it. `name` is the theorem that a script or a file is said
    to prove."""

    path: str
    text: str
    expected: Expected
    header: str = ""
    statement: str = ""
    name: str | None = None
    statements: str | None = None
    tactics: tuple[str, ...] = ()
    before: str | None = None
    is_file: bool = True

    @property
    def asked(self) -> str:
        """The statement with a hole, as a file."""
        return self.header + with_hole(self.statement)

    @property
    def bogus(self) -> bool:
        """Whether something in it must not be accepted."""
        if isinstance(self.expected, str):
            return self.expected != "proved"
        return not all(self.expected.values())

    @property
    def honest(self) -> bool:
        """Whether something in it must be accepted."""
        if isinstance(self.expected, str):
            return self.expected == "proved"
        return any(self.expected.values())


@dataclass(frozen=True)
class Case:
    """An attack and its honest twins. `refused_by` is the layer that must refuse the attack, empty
    where nothing comes as far as that."""

    name: str
    kind: str
    title: str
    refused_by: str
    acts: tuple[Act, ...]


@dataclass(frozen=True)
class Answer:
    """What is said of one declaration: whether it is accepted, and if not, which layers or what
    else refused."""

    accepted: bool
    refused_by: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Reply:
    """What comes of a request: an answer for each declaration, or why there is none."""

    answers: Mapping[str, Answer] = field(default_factory=dict)
    error: str | None = None

    @property
    def accepted(self) -> bool:
        return self.error is None and all(answer.accepted for answer in self.answers.values())

    @property
    def refused_by(self) -> tuple[str, ...]:
        layers = [layer for answer in self.answers.values() for layer in answer.refused_by]
        return tuple(dict.fromkeys(layers)) if self.error is None else ("elaboration",)

    def __str__(self) -> str:
        if self.error is not None:
            return f"error: {self.error}"
        said = (f"{n}: {'proved' if a.accepted else a.reason}" for n, a in self.answers.items())
        return "; ".join(said) or "nothing"


@dataclass(frozen=True)
class Result:
    """What every request of a case came to."""

    case: Case
    replies: tuple[tuple[Act, Reply], ...]
    seconds: float = 0.0

    @property
    def false_accepts(self) -> list[str]:
        return [f for act, reply in self.replies for f in _faults(act, reply, False)]

    @property
    def false_rejects(self) -> list[str]:
        return [f for act, reply in self.replies for f in _faults(act, reply, True)]

    @property
    def refused_by(self) -> set[str]:
        """The layers that refused what is bogus."""
        return {layer for act, reply in self.replies if act.bogus for layer in reply.refused_by}


def _faults(act: Act, reply: Reply, proved: bool) -> Iterator[str]:
    """Where a reply is wrong about what is to be `proved`, or about what is not."""
    if isinstance(act.expected, str):
        if act.expected == "error":
            wrong = reply.error is None
        else:
            wrong = reply.accepted != (act.expected == "proved")
        if wrong and (act.expected == "proved") == proved:
            yield f"{act.path}: {reply}"
        return
    for name, expected in act.expected.items():
        answer = reply.answers.get(name)
        there = answer is not None and answer.accepted == expected
        if not there and expected == proved:
            yield f"{act.path}, {name}: {reply}"
    unnamed = [n for n, a in reply.answers.items() if not a.accepted and n not in act.expected]
    if unnamed and proved:
        yield f"{act.path}, {', '.join(unnamed)} (nothing was wrong there): {reply}"


def read_case(path: Path) -> Case:
    """Reads a case.

    Raises:
        ValueError: the file is not a case.
    """
    text = path.read_bytes().decode()
    head, *sections = re.split(r"^--- (.+)\n", text, flags=re.MULTILINE)
    fields = dict(re.findall(r"^(kind|title|refused by|name|paths): (.+)$", head, re.MULTILINE))
    if not {"kind", "title"} <= set(fields) or not sections:
        raise ValueError(f"{path.name}: fields {sorted(fields)}, {len(sections) // 2} sections")
    paths = tuple(fields["paths"].split(", ")) if "paths" in fields else None
    now = Act("", "", "proved", name=fields.get("name", "t"))
    honest = again = ""
    acts: list[Act] = []
    for title, body in zip(sections[::2], sections[1::2], strict=True):
        what, _, expected = title.partition(": ")
        if what == "tactics":
            now = replace(now, tactics=tuple(t.strip("\n") for t in body.split("%%\n")))
        elif what == "before":
            again = body if body.strip() else again
            now = replace(now, before=again)
        elif what == "honest statement":
            honest = body.strip()
        elif what in MATERIAL:
            body = body.strip() if what == "statement" else body
            changed: dict[str, Any] = {what: body}
            now = replace(now, **changed)
        elif what in PROOFS:
            acts += _proofs(now, what, body, honest, paths)
        elif what in REQUESTS and expected:
            acts.append(replace(now, path=what, text=body, expected=_expected(expected)))
            now = replace(now, before=None)
        else:
            raise ValueError(f"{path.name}: a section {title!r}")
    return Case(
        path.stem, fields["kind"], fields["title"], fields.get("refused by", ""), tuple(acts)
    )


def _proofs(
    now: Act, what: str, body: str, honest: str, paths: tuple[str, ...] | None
) -> list[Act]:
    """The requests for a script or a file that is said to prove the statement; an attack that is
    none elsewhere is tried on `paths` only."""
    is_file = what.endswith("file")
    bogus = what.startswith("bogus")
    one = replace(
        now,
        text=body if is_file else body.strip("\n"),
        expected="refused" if bogus else "proved",
        statement=now.statement if bogus else honest or now.statement,
        is_file=is_file,
    )
    wanted: tuple[str, ...] = ("check",) if is_file else PATHS
    if bogus and paths is not None:
        wanted = paths
    return [replace(one, path=f"{path} of {what.split()[1]}") for path in wanted]


def _expected(text: str) -> Expected:
    if text in WHOLE:
        return text
    rows = [row.rsplit(" ", 1) for row in text.split(", ")]
    if any(len(row) != 2 or row[1] not in ("proved", "refused") for row in rows):
        raise ValueError(f"no such answer: {text!r}")
    return {name: said == "proved" for name, said in rows}


def read_cases() -> list[Case]:
    return [read_case(path) for path in sorted(CASES.glob("*.lean"))]


class Scripted:
    """A generator that proposes what was set for a text, and the portfolio's tactics elsewhere."""

    def __init__(self) -> None:
        self.asked = 0
        self._portfolio = Portfolio()
        self._texts: dict[tuple[str, str], Sequence[Suggestion]] = {}
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}

    @contextlib.asynccontextmanager
    async def proposing(
        self, header: str, text: str, suggestions: Sequence[Suggestion]
    ) -> AsyncIterator[None]:
        """Has these proposed for the holes of a text."""
        key = header.strip(), text.strip()
        async with self._locks.setdefault(key, asyncio.Lock()):
            self._texts[key] = suggestions
            try:
                yield
            finally:
                del self._texts[key]

    def _proposed(self, header: str, text: str) -> Sequence[Suggestion] | None:
        """What was set for a text, or for one whose holes are several: those that depend on each
        other are searched as one, in a text that ends there."""
        header, text = header.strip(), text.strip()
        before = text.rpartition(":=")[0]
        for (other, whole), suggestions in self._texts.items():
            several = whole.count("sorry") > 1 and whole.startswith(before)
            if other == header and (whole == text or several):
                self.asked += 1
                return suggestions
        return None

    async def generate(self, requests: Sequence[Request]) -> AsyncIterator[tuple[int, Suggestion]]:
        others = []
        for index, request in enumerate(requests):
            handle = request.state.handle
            assert isinstance(handle, Handle)
            found = self._proposed(handle.header, handle.text)
            if found is None:
                others.append(index)
            for suggestion in found or ():
                yield index, suggestion
        async for index, suggestion in self._portfolio.generate([requests[i] for i in others]):
            yield others[index], suggestion


class Suite:
    """Runs cases on one prover. Use it as an asynchronous context manager."""

    def __init__(self, lean: str = "embedded", jobs: int = 2) -> None:
        self.generator = Scripted()
        self._jobs = jobs
        budget = Budget(expansions=4, seconds=60.0)
        settings = Settings(lean=lean, jobs=jobs)
        self.prover = Prover(settings, Options(budget, refute=False), generator=self.generator)

    async def __aenter__(self) -> Self:
        await self.prover.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.prover.__aexit__(None, None, None)

    async def run(
        self, cases: Sequence[Case], on_done: Callable[[Result], None] = lambda result: None
    ) -> list[Result]:
        """Runs cases, as many at once as there are workers."""
        places = asyncio.Semaphore(self._jobs)

        async def one(case: Case) -> Result:
            async with places:
                result = await self.result(case)
            on_done(result)
            return result

        return list(await asyncio.gather(*(one(case) for case in cases)))

    async def result(self, case: Case) -> Result:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        replies = [(act, await self.ask(act)) for act in case.acts]
        return Result(case, tuple(replies), loop.time() - begin)

    async def ask(self, act: Act) -> Reply:
        """What comes of a request."""
        if act.before is not None:
            with contextlib.suppress(StatementError):
                await self.prover.prove_text(act.before)
        path = act.path.replace(" ", "_")
        try:
            return Reply(await getattr(self, f"_{path}")(act))
        except (ElaborationFailed, StatementError) as error:
            return Reply(error=str(error))

    @property
    def pool(self) -> LeanPool:
        return self.prover.engine.pool

    async def _tactic_of_script(self, act: Act) -> dict[str, Answer]:
        header, body = await self.pool.split(act.asked)
        (hole,) = (await self.pool.elaborate(header, body)).holes
        outcome = await self.pool.run(hole.state, act.text)
        if isinstance(outcome, Progress):
            left = sum(len(child.goals) for child in outcome.children)
            return {"t": Answer(not outcome.children, ("goals",), f"{left} goals left")}
        return {"t": Answer(False, (outcome.kind,), outcome.message)}

    async def _proof_of_script(self, act: Act) -> dict[str, Answer]:
        judgement, _ = await self.prover.texts.check_proof(
            act.statement, act.text, header=act.header
        )
        return {"t": Answer(judgement.proved, judgement.failed, judgement.reason)}

    async def _api_of_script(self, act: Act) -> dict[str, Answer]:
        async with self._proposing(*await self.pool.split(act.asked), [act.text]):
            filled = await self.prover.prove_text(act.asked)
        return _answers(filled.verdicts)

    async def _check_of_script(self, act: Act) -> dict[str, Answer]:
        header, body = await self.pool.split(act.asked)
        (hole,) = (await self.pool.elaborate(header, body)).holes
        file = header + fill(body, hole, act.text)
        return await self._check_of_file(replace(act, text=file))

    async def _check_of_file(self, act: Act) -> dict[str, Answer]:
        verdicts = await self.prover.check_text(act.text, name=act.name, statements=act.asked)
        return _answers(verdicts)

    async def _check(self, act: Act) -> dict[str, Answer]:
        return _answers(await self.prover.check_text(act.text))

    async def _solution(self, act: Act) -> dict[str, Answer]:
        assert act.statements is not None
        return _answers(await self.prover.check_text(act.text, statements=act.statements))

    async def _prove(self, act: Act) -> dict[str, Answer]:
        """A declaration that is said to be proved must be so in the file that is written."""
        async with self._proposing(*await self.pool.split(act.text), act.tactics):
            filled = await self.prover.prove_text(act.text)
        answers = _answers(filled.verdicts)
        if any(answer.accepted for answer in answers.values()):
            again = _answers(await self.prover.check_text(filled.text))
            answers |= {
                name: again.get(name, Answer(False, (), "it is not in the file"))
                for name, answer in answers.items()
                if answer.accepted
            }
        return answers

    async def _fill(self, act: Act) -> dict[str, Answer]:
        header = with_options(act.header, act.statement)
        text = await self.prover.texts.open_statement(act.statement, header)
        self.pool.release([hole.state for hole in text.holes])
        async with self._proposing(header, text.text, act.tactics):
            filled = await self.prover.fill_statement(act.statement, header=act.header)
        return _answers(filled.verdicts)

    async def _proof(self, act: Act) -> dict[str, Answer]:
        return await self._proof_of_script(act)

    async def _claim(self, act: Act) -> dict[str, Answer]:
        return await self._rechecked(act, alone=True)

    async def _recheck(self, act: Act) -> dict[str, Answer]:
        return await self._rechecked(act, alone=False)

    async def _rechecked(self, act: Act, *, alone: bool) -> dict[str, Answer]:
        name = act.name or "t"
        theorem = Theorem(name, act.statement, act.header)
        claims = [Claim(name, act.text, theorem, alone)]
        return {
            row.name: Answer(row.proved, (row.outcome,), row.reason)
            async for row in recheck(self.prover, claims)
        }

    @contextlib.asynccontextmanager
    async def _proposing(
        self, header: str, text: str, tactics: Sequence[str]
    ) -> AsyncIterator[None]:
        if not tactics:
            yield
            return
        suggestions = [Suggestion(tactic, -1.0) for tactic in tactics]
        before = self.generator.asked
        async with self.generator.proposing(header, text, suggestions):
            yield
            if self.generator.asked == before:
                raise AssertionError(f"nothing was proposed for {text}")


def _answers(verdicts: Sequence[Verdict]) -> dict[str, Answer]:
    found = {}
    for verdict in verdicts:
        failed = tuple(layer.name for layer in verdict.layers if not layer.passed)
        answer = Answer(verdict.proved, failed or (str(verdict.outcome),), verdict.reason)
        if verdict.name in found and answer.accepted:
            continue
        found[verdict.name] = answer
    return found
