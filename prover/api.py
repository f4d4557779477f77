"""Proving and checking: what the command line, editors, notebooks and benchmarks call.

`prove` and `check` are the short way. A `Prover` keeps Lean running between theorems:

    async with Prover(Settings(jobs=2)) as prover:
        verdict = await prover.prove("theorem t (a b : Nat) : a + b = b + a")
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import psutil

from prover.generate.completion import ModelGenerator
from prover.generate.mixed import Hinted, Mixed, Silent
from prover.generate.models import load_model
from prover.generate.portfolio import Portfolio
from prover.generate.prompts import ProofFormat, Statement
from prover.interrupt import in_thread
from prover.lean.judge import Text
from prover.lean.pool import LeanPool
from prover.lean.process import Limits
from prover.lean.states import Declaration, Elaborated, Hole, Message
from prover.lean.toolchain import Lean, find_lean
from prover.lean.worker import ElaborationFailed
from prover.verify import external
from prover.verify.axioms import forbidden
from prover.verify.replay import (
    Judgement,
    judge_proof,
    judge_text,
    judgement_of,
    lean_version,
)
from prover.verify.statement import cut, either, fill, named, with_hole, with_options
from prover.verify.verdict import Outcome, Verdict
from search.best_first import BestFirst, SearchResult
from search.budget import Budget, Spent
from search.graph import Graph
from search.interfaces import Suggestion, TacticGenerator
from search.scheduler import Scheduler, SearchFailed

T = TypeVar("T")

WORKER_MEMORY_MB = 2_500
"""What a worker of the embedded Lean takes, with room to spare."""


class StatementError(Exception):
    """What is to be proved does not elaborate, or is not there. The message says where; `kind` is
    that of `ElaborationFailed`."""

    def __init__(self, message: str, kind: str = "elaboration") -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Settings:
    """How to prove.

    `lean` is `auto`, `embedded`, or a path to a project or to a `lean`. `jobs` is the number of
    Lean processes (None: from the machine). `budget` is per hole. A search visits a goal with
    `width` tactics at a time and divides the log-probability of a path by depth**`alpha`
    (BFS-Prover, Xin et al. 2025). `paranoid` has every verdict made by a process started for it.
    `model` (see `prover.generate.models.load_model`) proposes tactics beside the portfolio, or
    alone without `portfolio`; None is the portfolio alone, `default_model()` of the same module
    what the command takes.
    """

    lean: str = "auto"
    jobs: int | None = None
    budget: Budget = field(default_factory=lambda: Budget(expansions=600, seconds=300.0))
    seed: int = 0
    limits: Limits = field(default_factory=Limits)
    width: int = 8
    alpha: float = 0.0
    paranoid: bool = False
    model: str | None = None
    prompt_format: str | None = None
    portfolio: bool = True


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a search stands. The idle shares are between 0 and 1."""

    name: str
    spent: Spent
    open_goals: int
    best_goal: str
    lean_idle: float
    generator_idle: float


@dataclass(frozen=True, slots=True)
class Filled:
    """A text whose holes were searched: one verdict for each declaration with holes, the text with
    the proofs that were found, and the graphs of the searches.

    `seconds` is the wall time by phase: `elaborate`, `search` (waiting for Lean's tactics),
    `generate`, `verify`. `failures` counts failed tactics by kind.
    """

    verdicts: tuple[Verdict, ...]
    text: str
    graphs: tuple[Graph, ...]
    seconds: dict[str, float] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)

    @property
    def proved(self) -> bool:
        return all(verdict.proved for verdict in self.verdicts)


@dataclass(frozen=True, slots=True)
class _Target:
    """A declaration to prove: the text up to its end, and its holes."""

    text: str
    declaration: Declaration
    holes: tuple[Hole, ...]

    @property
    def name(self) -> str:
        return named(self.text, self.declaration)[1]

    async def judge(
        self, pool: LeanPool, header: str, candidate: str, *, fresh: bool = False
    ) -> Judgement:
        trusted, name = named(self.text, self.declaration)
        candidate, _ = named(candidate, self.declaration)
        return await judge_proof(pool, Text(header, trusted), candidate, name, fresh=fresh)


class Prover:
    """Lean processes, a generator and a scheduler, ready for theorems."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        start: Path | None = None,
        lean: Lean | None = None,
        generator: TacticGenerator | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        on_setup: Callable[[str, float], None] = lambda step, done: None,
    ) -> None:
        self.settings = settings or Settings()
        self._start = start or Path.cwd()
        self._found = lean
        self._generator = generator
        self._model: ModelGenerator | None = None
        self._writer: ModelGenerator | None = None
        self._hinted = Hinted(Portfolio() if self.settings.portfolio else Silent())
        self._on_progress = on_progress
        self._on_setup = on_setup
        self._searches: set[asyncio.Task[SearchResult]] = set()
        self._interrupted = False
        self._stack = contextlib.AsyncExitStack()
        self.lean: Lean
        self.pool: LeanPool
        self.scheduler: Scheduler

    async def __aenter__(self) -> Self:
        """Finds and starts Lean.

        Raises:
            SetupError: no Lean can be had.
            LeanUnavailable: the Lean that was found does not start.
            ModelError, UnknownFormat: the model cannot be used.
        """
        loading = asyncio.create_task(in_thread(self._load))  # while Lean starts
        try:
            if self._found is None:
                self._found = await asyncio.to_thread(
                    find_lean, self._start, self.settings.lean, self._on_setup
                )
            self.lean = self._found
            pool = LeanPool(
                self.lean,
                workers=self.settings.jobs or default_jobs(),
                limits=self.settings.limits,
            )
            self.pool = await self._stack.enter_async_context(pool)
            generator = await loading
            self.scheduler = await self._stack.enter_async_context(Scheduler(pool, generator))
        except BaseException:
            loading.cancel()
            await asyncio.gather(loading, return_exceptions=True)
            await self._stack.aclose()
            raise
        return self

    def _load(self) -> TacticGenerator:
        if self._generator is not None:
            return self._generator
        if self.settings.model is None:
            return Portfolio()
        self._model = model = load_model(self.settings.model, self.settings.prompt_format)
        if isinstance(model.format, ProofFormat):
            self._writer = model
            return self._hinted
        return Mixed(model, Portfolio()) if self.settings.portfolio else model

    @property
    def model(self) -> ModelGenerator | None:
        """The model of the settings, once it is loaded."""
        return self._model

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def interrupt(self) -> bool:
        """Ends all searches: what they have so far comes back as verdicts. Says whether any ran."""
        self._interrupted = True
        for task in self._searches:
            task.cancel()
        return bool(self._searches)

    async def prove(
        self, statement: str, *, header: str = "", budget: Budget | None = None
    ) -> Verdict:
        """Proves one statement, given with or without `:= by sorry`. Raises as `fill_statement`."""
        return (await self.fill_statement(statement, header=header, budget=budget)).verdicts[-1]

    async def fill_statement(
        self,
        statement: str,
        *,
        header: str = "",
        budget: Budget | None = None,
        seed: int | None = None,
    ) -> Filled:
        """Proves one statement, with the graph of its search. `seed` replaces that of the settings.

        Raises:
            StatementError: the header or the statement does not elaborate.
        """
        if not statement.strip():
            raise StatementError("there is no statement")
        header = with_options(header, statement)
        return await self._fill(header, with_hole(statement), None, budget, seed=seed)

    async def type_hash(self, statement: str, *, header: str = "") -> str:
        """The SHA-256 of the type that a statement elaborates to with this Lean, binder names left
        out: equal hashes mean the same theorem, whatever the text looks like.

        Raises:
            StatementError: the header or the statement does not elaborate.
        """
        header = with_options(header, statement)
        text, targets, _ = await self._targets(header, with_hole(statement), None, 0)
        self.pool.release([hole.state for hole in targets[-1].holes])
        return (await targets[-1].judge(self.pool, header, text)).type_hash

    async def prove_text(
        self, text: str, *, name: str | None = None, budget: Budget | None = None
    ) -> Filled:
        """Fills the holes of a file's text: all of them, or those of one declaration. A named
        declaration without holes is proved anew.

        Raises:
            StatementError: the text does not elaborate, or holds nothing to prove.
        """
        header, body = await self._split(text)
        lines = header.count("\n")
        filled = await self._fill(header, body, name, budget, lines)
        return replace(filled, text=header + filled.text)

    async def check_text(
        self, text: str, *, name: str | None = None, statements: str | None = None
    ) -> list[Verdict]:
        """The verdict on every declaration with a body in a finished file, or on one of them.

        With `statements`, the text of a file that holds what was to be proved, it is the verdict on
        those declarations: each must have the type that it has there.

        Raises:
            StatementError: the imports or the statements do not elaborate, or no declaration is
                there to check.
        """
        header, body = await self._split(text)
        candidate = Text(header, "\n" * header.count("\n") + body)
        trusted, wanted = None, [name] if name else []
        if statements is not None:
            trusted, wanted = await self._statements(statements, name)

        def choose(done: Elaborated) -> tuple[str, list[str]]:
            if trusted is not None:
                return candidate.body, wanted
            body, names = candidate.body, []
            for declaration in reversed(done.declarations):
                body, own = named(body, declaration)
                if name in (None, own):
                    names.append(own)
            if not names:
                errors = [str(message) for message in done.errors]
                raise StatementError("\n".join(errors) or _no_declaration(name, done.declarations))
            return body, names[::-1]

        try:
            judgements = await judge_text(
                self.pool, trusted, candidate, choose, fresh=self.settings.paranoid
            )
        except ElaborationFailed as failed:
            if failed.kind in ("import", "parse", "elaboration"):
                raise _statement_error(failed, self.lean) from None
            died = judgement_of(failed)
            return [self._verdict(own, died, text=text) for own in wanted or ["the file"]]
        verdicts = [self._verdict(own, one, text=text) for own, one in judgements.items()]
        return [await self._doubt(verdict, statements) for verdict in verdicts]

    async def _statements(self, text: str, name: str | None) -> tuple[Text, list[str]]:
        """A text with statements, and the names of those to prove: the ones with holes, or all."""
        header, body = await self._split(text)
        try:
            done = await self.pool.elaborate(header, body)
        except ElaborationFailed as failed:
            raise _statement_error(failed, self.lean) from None
        self.pool.release([hole.state for hole in done.holes])
        if done.errors:
            moved = _moved(done.errors, header.count("\n"))
            raise StatementError("\n".join(["in the statements:", *map(str, moved)]))
        there = [d for d in done.declarations if name in (None, d.name)]
        wanted = [d.name for d in there if _inside(done.holes, d)] or [d.name for d in there]
        if not wanted:
            raise StatementError(f"in the statements: {_no_declaration(name, done.declarations)}")
        return Text(header, body), wanted

    async def _split(self, text: str) -> tuple[str, str]:
        try:
            return await self.pool.split(text)
        except ElaborationFailed as failed:
            raise _statement_error(failed, self.lean) from None

    async def _fill(
        self,
        header: str,
        text: str,
        name: str | None,
        budget: Budget | None,
        lines_before: int = 0,
        *,
        seed: int | None = None,
    ) -> Filled:
        original = text
        seed = self.settings.seed if seed is None else seed
        begin = time.monotonic()
        text, targets, leftover = await self._targets(header, text, name, lines_before)
        elaborated = time.monotonic()
        runs = [
            self._search(header, target, hole, budget, seed) for target, hole in _pairs(targets)
        ]
        results = dict(
            zip([id(hole) for _, hole in _pairs(targets)], await asyncio.gather(*runs), strict=True)
        )
        searched = time.monotonic()
        verdicts = []
        for target in targets:
            found = [(hole, results[id(hole)]) for hole in target.holes]
            verdicts.append(await self._conclude(header, target, found, seed))
        concluded = time.monotonic()
        for place, reason in leftover:
            version = lean_version(self.lean)
            verdicts.append(Verdict(Outcome.GAVE_UP, place, version, reason=reason))
        proofs = [(hole, results[id(hole)].proof) for _, hole in _pairs(targets)]
        found_any = any(proof is not None for _, proof in proofs)
        text = _fill_all(text, proofs) if found_any else original
        spent = _total([result.spent for result in results.values()])
        seconds = {
            "elaborate": elaborated - begin,
            "search": max(0.0, searched - elaborated - spent.generating - spent.verifying),
            "generate": spent.generating,
            "verify": spent.verifying + concluded - searched,
        }
        failures = sum((result.failures for result in results.values()), Counter[str]())
        graphs = tuple(result.graph for result in results.values())
        return Filled(tuple(verdicts), text, graphs, seconds, failures)

    async def _targets(
        self, header: str, text: str, name: str | None, lines_before: int
    ) -> tuple[str, list[_Target], list[tuple[str, str]]]:
        """What there is to prove in a text; also the text with a hole where there was a proof, and
        names and reasons for what is unproved but cannot be searched."""
        try:
            done = await self.pool.elaborate(header, text)
            if name is not None:
                wanted = next((d for d in done.declarations if d.name == name), None)
                if wanted is None:
                    raise StatementError(_no_declaration(name, done.declarations))
                if not _inside(done.holes, wanted):
                    data = text.encode()
                    hole = data[: wanted.body] + b":= by sorry"
                    text = (hole + data[wanted.body_end :]).decode()
                    self.pool.release([hole.state for hole in done.holes])
                    done = await self.pool.elaborate(header, text)
        except ElaborationFailed as failed:
            raise _statement_error(failed, self.lean) from None
        targets = []
        for declaration in done.declarations:
            holes = _inside(done.holes, declaration)
            target = _Target(cut(text, 0, declaration.last), declaration, holes)
            if holes and target.name and name in (None, declaration.name):
                targets.append(target)
        errors = done.errors
        if targets and name is not None:
            errors = tuple(m for m in errors if m.line <= targets[-1].text.count("\n") + 1)
        if errors:
            raise StatementError("\n".join(map(str, _moved(errors, lines_before))))
        leftover = _without_goals(text, done, targets, lines_before) if name is None else []
        if leftover and not targets:
            raise StatementError("\n".join(f"{what}: {reason}" for what, reason in leftover))
        if not targets:
            raise StatementError("nothing is left to prove: the text has no `sorry`")
        return text, targets, leftover

    async def _search(
        self, header: str, target: _Target, hole: Hole, budget: Budget | None, seed: int
    ) -> SearchResult:
        settings = self.settings
        search = BestFirst(
            hole.state,
            alpha=settings.alpha,
            width=settings.width,
            budget=budget or settings.budget,
            seed=seed,
        )
        others = len(target.holes) > 1

        async def verify(script: str) -> bool:
            proofs = [(other, script if other is hole else None) for other in target.holes]
            judgement = await target.judge(self.pool, header, _fill_all(target.text, proofs))
            return judgement.outcome is Outcome.PROVED or (
                others and _rests_on_other_holes(judgement)
            )

        def report(search: BestFirst) -> None:
            if self._on_progress is not None:
                self._on_progress(self._progress(target.name, search))

        async def find() -> SearchResult:
            begin = time.monotonic()
            proofs = await self._whole_proofs(header, target, seed)
            search.spent.generating += time.monotonic() - begin
            with self._hinted.by(hole.state, proofs):
                return await self.scheduler.run(search, verify=verify, on_progress=report)

        if self._interrupted:
            return search.result("interrupted")
        task = asyncio.create_task(find())
        self._searches.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            if not self._interrupted:
                raise
            return search.result("interrupted")
        except SearchFailed as failed:
            if failed.__cause__ is not None:
                raise failed.__cause__ from None
            raise
        finally:
            self._searches.discard(task)

    async def _whole_proofs(self, header: str, target: _Target, seed: int) -> list[Suggestion]:
        """What a model that writes whole proofs writes for a theorem with one hole. Lemmas that it
        puts before the theorem are more than a proof, so such a proof is left out."""
        if self._writer is None or len(target.holes) > 1:
            return []
        before = header + cut(target.text, 0, target.declaration.first)
        text = cut(target.text, target.declaration.first, target.declaration.body)
        statement = Statement(text.strip(), before)
        return [
            Suggestion(proof.tactics, proof.logprob, proof.tokens)
            async for proof in self._writer.whole_proofs(statement, seed=seed)
            if not proof.lemmas
        ]

    def _progress(self, name: str, search: BestFirst) -> Progress:
        metrics = self.scheduler.metrics()
        best = search.result().open_goals
        return Progress(
            name=name,
            spent=search.spent,
            open_goals=len(best),
            best_goal=best[0].state.pp if best else "",
            lean_idle=metrics.slots_idle,
            generator_idle=metrics.generator_idle,
        )

    async def _conclude(
        self, header: str, target: _Target, found: Sequence[tuple[Hole, SearchResult]], seed: int
    ) -> Verdict:
        """The verdict on a declaration whose holes were searched."""
        spent = _total([result.spent for _, result in found])
        unsolved = [result for _, result in found if result.proof is None]
        if unsolved:
            goals = tuple(pp for result in unsolved for pp in _best_goals(result))
            return Verdict(
                Outcome.GAVE_UP,
                target.name,
                lean_version(self.lean),
                reason=_why(unsolved[0]),
                spent=spent,
                open_goals=goals[:5],
                seed=seed,
            )
        text = _fill_all(target.text, [(hole, result.proof) for hole, result in found])
        judgement = await target.judge(self.pool, header, text, fresh=self.settings.paranoid)
        proof = found[0][1].proof if len(found) == 1 else None
        verdict = self._verdict(target.name, judgement, header + text, proof, spent)
        verdict = replace(verdict, seed=seed)
        return await self._doubt(verdict, header + target.text)

    async def _doubt(self, verdict: Verdict, trusted: str | None) -> Verdict:
        """With `paranoid`, a proof also has to pass the checkers that others wrote."""
        if not (verdict.proved and self.settings.paranoid):
            return verdict
        if self.lean.native is None:
            return replace(verdict, could_not_run=("external checkers: they need a native Lean",))
        assert verdict.text is not None
        report = await external.check(self.lean, verdict.text, trusted, verdict.name)
        refused = [layer for layer in report.layers if not layer.passed]
        return replace(
            verdict,
            outcome=Outcome.CHEATED if refused else verdict.outcome,
            reason=f"{refused[0].name} refuses it: {refused[0].detail}" if refused else "",
            layers=(*verdict.layers, *report.layers),
            could_not_run=report.could_not_run,
        )

    def _verdict(
        self,
        name: str,
        judgement: Judgement,
        text: str,
        proof: str | None = None,
        spent: Spent | None = None,
    ) -> Verdict:
        return Verdict(
            judgement.outcome,
            name,
            lean_version(self.lean),
            reason=judgement.reason,
            proof=proof,
            text=text,
            layers=judgement.layers,
            axioms=judgement.axioms,
            type_hash=judgement.type_hash,
            spent=spent or Spent(),
        )


def prove(statement: str, *, header: str = "", settings: Settings | None = None) -> Verdict:
    """Proves one statement; works in a script as well as inside a running event loop.

    Raises:
        StatementError: the header or the statement does not elaborate.
        SetupError, LeanUnavailable: there is no Lean to work with.
    """

    async def run() -> Verdict:
        async with Prover(settings) as prover:
            return await prover.prove(statement, header=header)

    return run_anywhere(run())


def check(text: str, *, settings: Settings | None = None) -> list[Verdict]:
    """The verdict on every declaration of a finished file. Raises as `prove`."""

    async def run() -> list[Verdict]:
        async with Prover(settings or Settings(jobs=1)) as prover:
            return await prover.check_text(text)

    return run_anywhere(run())


def run_anywhere(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end, in a thread of its own if this thread has a running loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    done: list[T] = []
    errors: list[BaseException] = []

    def target() -> None:
        try:
            done.append(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001 (raised again in the caller's thread)
            errors.append(error)

    thread = threading.Thread(target=target, name="prover")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return done[0]


def default_jobs() -> int:
    """One Lean process per core, as far as the free memory goes beside the one that judges."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    by_memory = psutil.virtual_memory().available // (WORKER_MEMORY_MB * 2**20) - 1
    return max(1, min(cores or 1, int(by_memory)))


def _pairs(targets: Sequence[_Target]) -> list[tuple[_Target, Hole]]:
    return [(target, hole) for target in targets for hole in target.holes]


def _inside(holes: Sequence[Hole], declaration: Declaration) -> tuple[Hole, ...]:
    return tuple(h for h in holes if declaration.first <= h.first and h.last <= declaration.last)


def _fill_all(text: str, proofs: Sequence[tuple[Hole, str | None]]) -> str:
    """The text with its holes filled where there is a proof. One `sorry` can be several holes
    (`cases n <;> sorry`)."""
    places: dict[tuple[int, int], list[tuple[Hole, str | None]]] = {}
    for hole, proof in proofs:
        places.setdefault((hole.first, hole.last), []).append((hole, proof))
    for _, there in sorted(places.items(), reverse=True):
        scripts = [proof for _, proof in there if proof is not None]
        if scripts:
            if len(scripts) < len(there):
                scripts.append("sorry")
            text = fill(text, there[0][0], either(scripts))
    return text


def _without_goals(
    text: str, done: Elaborated, targets: Sequence[_Target], lines_before: int
) -> list[tuple[str, str]]:
    """Where there is a `sorry` in something that is not among the targets: in a `mutual`, say."""
    spans = [(target.declaration.first, target.declaration.last) for target in targets]
    lines = text.split("\n")
    found = []
    for message in done.messages:
        if not re.match("declaration uses .sorry.", message.text):
            continue
        before = [*lines[: message.line - 1], lines[message.line - 1][: message.column]]
        at = len("\n".join(before).encode())
        if not any(first <= at < last for first, last in spans):
            place = f"line {message.line + lines_before}"
            found.append((place, "this kind of declaration, or of `sorry`, cannot be filled"))
    return found


def _total(parts: Sequence[Spent]) -> Spent:
    return Spent(
        expansions=sum(part.expansions for part in parts),
        tactics=sum(part.tactics for part in parts),
        tokens=sum(part.tokens for part in parts),
        heartbeats=sum(part.heartbeats for part in parts),
        seconds=max(part.seconds for part in parts),
        generating=max(part.generating for part in parts),
        verifying=max(part.verifying for part in parts),
    )


def _rests_on_other_holes(judgement: Judgement) -> bool:
    """Whether all that is wrong with a declaration is that it has more holes."""
    return judgement.failed == ("axioms",) and forbidden(judgement.axioms) == ("sorryAx",)


def _best_goals(result: SearchResult) -> list[str]:
    """Prints of the goals best worth looking at; of the first one if none is open any more."""
    return [goal.state.pp for goal in result.open_goals] or [result.graph.root.state.pp]


def _why(result: SearchResult) -> str:
    if result.status == "exhausted":
        return "no tactic is left to try"
    if result.status == "budget":
        return f"the budget is spent ({result.reason})"
    return result.reason or result.status


def _moved(messages: Sequence[Message], lines: int) -> list[Message]:
    """Messages of the text after a file's imports, with the lines of the whole file."""
    return [replace(message, line=message.line + lines) for message in messages]


def _no_declaration(name: str | None, there: Sequence[Declaration] = ()) -> str:
    if name is None:
        return "the text makes no declaration"
    names = ", ".join(d.name for d in there) or "none"
    return f"no declaration is called {name}; there are: {names}"


def _statement_error(failed: ElaborationFailed, lean: Lean) -> StatementError:
    message = str(failed)
    if failed.kind == "import":
        first = message.splitlines()[0]
        message = f"an import is missing: {first}"
        if lean.kind == "embedded":
            message += (
                "\nThe embedded Lean has only its own library (Init, Std, Lean), no Mathlib. Run "
                "prover inside a Lake project that has it, or name the project with --lean."
            )
    return StatementError(message, failed.kind)
