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

from prover.engine.filling import (
    Found,
    Job,
    Start,
    best_goals,
    filled_text,
    is_solved,
    left_open,
    open_beside,
    total,
    why_not,
)
from prover.errors import ProverError
from prover.generate.completion import ModelGenerator
from prover.generate.mixed import Hinted, Mixed, Silent
from prover.generate.models import load_model
from prover.generate.portfolio import Portfolio
from prover.generate.prompts import ProofFormat, Statement
from prover.interrupt import in_thread
from prover.lean.pool import LeanPool
from prover.lean.process import Limits
from prover.lean.source import (
    NotText,
    as_lean_reads,
    cut,
    indent,
    with_options,
)
from prover.lean.states import Declaration, Elaborated, Hole
from prover.lean.toolchain import Lean, find_lean
from prover.lean.worker import ElaborationFailed
from prover.verify import external, targets
from prover.verify.judge import JudgeFailed, Made, fresh_judge
from prover.verify.layers import (
    Judgement,
    errors_by_declaration,
    failed_judgement,
    judge_declarations,
    lean_version,
    names_of,
)
from prover.verify.targets import Target
from prover.verify.verdict import Outcome, Verdict
from search.best_first import BestFirst, SearchResult
from search.budget import Budget, Spent
from search.graph import Graph
from search.interfaces import Progress as Step
from search.interfaces import Suggestion, TacticGenerator
from search.scheduler import Scheduler, SearchFailed

T = TypeVar("T")

BUSY = 2
"""How many searches go on at a time for each that Lean, or a model, can serve at once: while one is
judged or waits for its next tactics, another keeps it busy."""

MODEL_BATCH = 8

WIDTH = 8
"""How many tactics a visit of a goal runs where no model says otherwise."""

WORKER_MEMORY_MB = 2_500
"""What a worker of the embedded Lean takes, with room to spare."""


class StatementError(ProverError):
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
    (BFS-Prover, Xin et al. 2025); None is what the authors of the model search with, 8 and 0
    without one. `paranoid` has every verdict made by a process started for it.
    `model` (see `prover.generate.models.load_model`, as for the next two) proposes tactics beside the portfolio, or
    alone without `portfolio`; None is the portfolio alone, `default_model()` of the same module
    what the command takes.
    """

    lean: str = "auto"
    jobs: int | None = None
    budget: Budget = field(default_factory=lambda: Budget(expansions=600, seconds=300.0))
    seed: int = 0
    limits: Limits = field(default_factory=Limits)
    width: int | None = None
    alpha: float | None = None
    paranoid: bool = False
    model: str | None = None
    prompt_format: str | None = None
    few_shot: str | None = None
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
        self._admitted: asyncio.Semaphore

    async def __aenter__(self) -> Self:
        """Finds and starts Lean.

        Raises:
            SetupError: no Lean can be had.
            LeanUnavailable: the Lean that was found does not start.
            ModelError, UnknownFormat: the model cannot be used.
        """
        self._stack.push_async_callback(self._close_model)
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
            together = BUSY * max(pool.capacity, 1 if self._model is None else MODEL_BATCH)
            self._admitted = asyncio.Semaphore(together)
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
        self._model = model = load_model(
            self.settings.model, self.settings.prompt_format, self.settings.few_shot
        )
        if isinstance(model.format, ProofFormat):
            self._writer = model
            return self._hinted
        return Mixed(model, Portfolio()) if self.settings.portfolio else model

    async def _close_model(self) -> None:
        if self._model is not None:
            await self._model.aclose()

    @property
    def model(self) -> ModelGenerator | None:
        """The model of the settings, once it is loaded."""
        return self._model

    @property
    def width(self) -> int:
        """How many tactics a visit of a goal runs, once the model is loaded."""
        if self.settings.width is not None:
            return self.settings.width
        return WIDTH if self._model is None else self._model.format.width

    @property
    def alpha(self) -> float:
        """The depth normalisation of paths, once the model is loaded."""
        if self.settings.alpha is not None:
            return self.settings.alpha
        return 0.0 if self._model is None else self._model.format.alpha

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
        """Proves one statement, given with or without a proof. Raises as `fill_statement`."""
        return (await self.fill_statement(statement, header=header, budget=budget)).verdicts[-1]

    async def fill_statement(
        self,
        statement: str,
        *,
        header: str = "",
        budget: Budget | None = None,
        seed: int | None = None,
        informal: str = "",
    ) -> Filled:
        """Proves one statement, with the graph of its search: what stands before its theorem is
        taken as it is, a proof that it already has is replaced, and if it has holes these are
        filled. `seed` replaces that of the settings. `informal` is the statement in words, for
        models that read it; without it they read the docstring.

        Raises:
            StatementError: the header or the statement does not elaborate.
        """
        if not statement.strip():
            raise StatementError("there is no statement")
        shown, header = as_lean_reads(header), with_options(header, statement)
        text = await self.open_statement(statement, header)
        return await self._fill(
            header, text, text.declarations, budget, seed=seed, shown=shown, informal=informal
        )

    async def open_statement(self, statement: str, header: str) -> Elaborated:
        """A statement with a hole for its proof, whether or not it comes with one.

        Raises:
            StatementError: the header or the statement does not elaborate.
        """
        try:
            statement = as_lean_reads(statement)
            text = await targets.open_statement(self.pool, header, statement)
        except NotText as error:
            raise StatementError(str(error)) from None
        except ElaborationFailed as failed:
            raise _statement_error(failed, self.lean) from None
        if text.errors:
            raise StatementError("\n".join(map(str, text.errors)))
        return text

    async def negated(self, statement: str, *, header: str = "") -> tuple[str, str, str]:
        """A text with a statement and, after it, its negation, both with holes; and their names.

        Raises:
            StatementError: the statement does not elaborate, or is no theorem with a name.
        """
        header = with_options(header, statement)
        text = await self.open_statement(statement, header)
        self.pool.release([hole.state for hole in text.holes])
        declaration = targets.find_statement(text)
        if declaration is None or declaration.side is not None:
            raise StatementError("only a theorem with a name can be negated")
        shown, name = declaration.constant.shown, "negation_of_the_statement"
        negation = f"theorem _root_.{name} : ¬ type_of% @{shown} := by sorry"
        return f"{header}{text.text}\n\n{negation}\n", declaration.name, name

    async def type_hash(self, statement: str, *, header: str = "") -> str:
        """The SHA-256 of the type that a statement elaborates to with this Lean, names of binders
        and of universe parameters left out: equal hashes mean the same theorem, whatever the text
        looks like.

        Raises:
            StatementError: the header or the statement does not elaborate.
        """
        text = await self.open_statement(statement, with_options(header, statement))
        self.pool.release([hole.state for hole in text.holes])
        declaration = targets.find_statement(text)
        if declaration is None:
            raise StatementError(_no_declaration())
        return Made.of(text).type_hash(declaration)

    async def prove_text(
        self, text: str, *, name: str | None = None, budget: Budget | None = None
    ) -> Filled:
        """Fills the holes of a file's text: all of them, or those of one declaration. A named
        declaration without holes is proved anew.

        Raises:
            StatementError: the text does not elaborate, or holds nothing to prove.
        """
        header, body = await self._split(text)
        done = await self._elaborate(header, body)
        wanted: Sequence[Declaration] = done.declarations
        if name is not None:
            wanted = [declaration := self._named(done, name)]
            if not targets.targets(done, wanted):
                anew = targets.opened(done, declaration)
                if anew is not None:
                    self.pool.release([hole.state for hole in done.holes])
                    done = await self._elaborate(header, anew)
                    wanted = [self._named(done, name)]
        filled = await self._fill(header, done, wanted, budget, whole=name is None)
        found = body if filled.text == done.text else filled.text
        lines = header.count("\n")
        verdicts = tuple(
            v if v.text is None else replace(v, text=header + v.text[len(header) + lines :])
            for v in filled.verdicts
        )
        return replace(filled, text=header + found[lines:], verdicts=verdicts)

    async def check_text(
        self, text: str, *, name: str | None = None, statements: str | None = None
    ) -> list[Verdict]:
        """The verdict on every declaration of a finished file, or on one of them.

        With `statements`, the text of a file that holds what was to be proved, it is the verdict on
        those declarations: each must be what it is there.

        Raises:
            StatementError: the imports or the statements do not elaborate, or no declaration is
                there to check.
        """
        header, body = await self._split(text)
        trusted = await self._statements(statements, name) if statements is not None else None
        try:
            given = await self.pool.elaborate_apart(header, body)
        except ElaborationFailed as failed:
            if failed.kind in ("import", "parse", "elaboration"):
                raise _statement_error(failed, self.lean) from None
            died = failed_judgement(failed.kind, str(failed))
            names = [d.name for d in trusted[1]] if trusted else [name or "the file"]
            return [self._verdict(own, died, text=text) for own in names]
        if given.stopped is not None and any(m.parse for m in given.errors):
            raise StatementError("\n".join(map(str, given.errors)))
        judged = await self._judged(given, name, trusted)
        verdicts = [self._verdict(own, one, text=text) for own, one in judged]
        return [await self._doubt(verdict, statements) for verdict in verdicts]

    async def check_proof(
        self, statement: str, proof: str, *, header: str = ""
    ) -> tuple[Judgement, str]:
        """The verdict on a tactic block as the proof of a statement, which may be nothing else; and
        the text that was judged.

        Raises:
            StatementError: the header or the statement does not elaborate.
        """
        header = with_options(header, statement)
        text = await self.open_statement(statement, header)
        self.pool.release([hole.state for hole in text.holes])
        declaration = targets.find_statement(text)
        opened = None if declaration is None else targets.opened(text, declaration)
        if declaration is None or opened is None:
            raise StatementError(_no_declaration())
        assert declaration.piece is not None and declaration.piece.body is not None
        body = ":= by\n  " + indent(as_lean_reads(proof).strip("\n"), 2) + "\n"
        data = opened.encode()[: declaration.piece.body].decode()
        return await self._judge_candidate(
            header, text, declaration, data + body
        ), header + data + body

    async def _judged(
        self,
        given: Elaborated,
        name: str | None,
        trusted: tuple[Elaborated, list[Declaration]] | None,
    ) -> list[tuple[str, Judgement]]:
        """Names and judgements of the declarations of a file, or of those that were asked for."""
        if trusted is not None:
            text, wanted = trusted
            pairs = [(one, other) for one in wanted for other in _candidates(one, given)]
            found = await self._judge(given, pairs, text)
            best: dict[str, Judgement] = {}
            for (one, _), judgement in zip(pairs, found, strict=True):
                if one.name not in best or judgement.outcome is Outcome.PROVED:
                    best[one.name] = judgement
            return list(best.items())
        try:
            there = targets.named(given, name)
            if name is None:  # an axiom proves nothing: it counts where something rests on it
                there = [d for d in there if d.kind != "axiom"]
        except targets.NoDeclaration as error:
            loose = [str(message) for _, message in errors_by_declaration(given)[1]]
            raise StatementError("\n".join(loose) or str(error)) from None
        rest = [d for d in given.declarations if not d.listed and d.kind != "unsafe"]
        rest = rest if name is None else []
        found = await self._judge(given, [(None, d) for d in [*there, *rest]], None)
        named = [(d.name, one) for d, one in zip([*there, *rest], found, strict=True)]
        listed, unlisted = named[: len(there)], named[len(there) :]
        verdicts = [*listed, *((own, one) for own, one in unlisted if one.failed)]
        if name is None:
            verdicts += [
                (own, failed_judgement("elaboration", str(message)))
                for own, message in errors_by_declaration(given)[1]
            ]
            if given.stopped is not None:
                line = given.text.encode()[: given.stopped].count(b"\n") + 1
                why = "the file ends here (`#exit`): what stands below was not read"
                verdicts.append((f"line {line}", failed_judgement("elaboration", why)))
        if not verdicts:
            raise StatementError(_no_declaration())
        return verdicts

    async def _statements(
        self, text: str, name: str | None
    ) -> tuple[Elaborated, list[Declaration]]:
        """A text with statements, and those of its declarations that are asked for."""
        header, body = await self._split(text)
        done = await self._elaborate(header, body)
        self.pool.release([hole.state for hole in done.holes])
        if done.errors:
            raise StatementError("\n".join(["in the statements:", *map(str, done.errors)]))
        try:
            wanted = targets.asked(done, name)
        except targets.NoDeclaration as error:
            raise StatementError(f"in the statements: {error}") from None
        if not wanted:
            raise StatementError(f"in the statements: {_no_declaration()}")
        await self._vouch(done)
        return done, wanted

    async def _split(self, text: str) -> tuple[str, str]:
        """The imports of a file's text, and the rest with a line for each of theirs before it, so
        that its lines count as in the file."""
        try:
            header, body = await self.pool.split(as_lean_reads(text))
            return header, "\n" * header.count("\n") + body
        except NotText as error:
            raise StatementError(str(error)) from None
        except ElaborationFailed as failed:
            raise _statement_error(failed, self.lean) from None

    async def _elaborate(self, header: str, text: str) -> Elaborated:
        try:
            return await self.pool.elaborate(header, text)
        except ElaborationFailed as failed:
            raise _statement_error(failed, self.lean) from None

    def _named(self, text: Elaborated, name: str) -> Declaration:
        try:
            (declaration,) = targets.named(text, name)
        except targets.NoDeclaration as error:
            raise StatementError(str(error)) from None
        return declaration

    async def _vouch(self, text: Elaborated) -> None:
        """Has the kernel check what a text holds beside its holes, before anything is built on it.

        Raises:
            StatementError: the kernel refuses something.
        """
        programs = {c.name for d in text.declarations for c in d.constants if c.kind == "unsafe"}
        names = names_of(text.declarations)
        try:
            refused = await self.pool.judge.refused(Made.of(text))
        except JudgeFailed as failed:
            raise StatementError(str(failed), failed.kind) from None
        for constant, why in refused.items():
            if constant not in programs and why != "is unsafe":
                shown = names.get(constant) or ".".join(map(str, constant))
                raise StatementError(f"the kernel rejects `{shown}` of the text itself: {why}")

    async def _judge(
        self,
        given: Elaborated,
        pairs: Sequence[tuple[Declaration | None, Declaration | None]],
        asked: Elaborated | None,
        *,
        until: int | None = None,
    ) -> list[Judgement]:
        try:
            if self.settings.paranoid:
                async with fresh_judge(self.lean, self.pool.limits) as judge:
                    return await judge_declarations(judge, given, pairs, asked, until=until)
            return await judge_declarations(self.pool.judge, given, pairs, asked, until=until)
        except JudgeFailed as failed:
            return [failed_judgement(failed.kind, str(failed)) for _ in pairs]

    async def _judge_candidate(
        self, header: str, asked: Elaborated, declaration: Declaration, candidate: str
    ) -> Judgement:
        """The verdict on a declaration of a text that ends with its command, and that is the one
        that was asked up to it, but for a proof."""
        try:
            given = await self.pool.elaborate(
                header,
                candidate,
                family=asked.family,
                first_command=declaration.command,
                holes=False,
            )
        except ElaborationFailed as failed:
            return failed_judgement(failed.kind, str(failed))
        own = next((d for d in given.declarations if d.place == declaration.place), None)
        until = declaration.command + 1
        (judgement,) = await self._judge(given, [(declaration, own)], asked, until=until)
        return judgement

    async def _fill(
        self,
        header: str,
        text: Elaborated,
        declarations: Sequence[Declaration],
        budget: Budget | None,
        *,
        seed: int | None = None,
        whole: bool = True,
        shown: str | None = None,
        informal: str = "",
    ) -> Filled:
        seed = self.settings.seed if seed is None else seed
        begin = time.monotonic()
        wanted = targets.targets(text, [d for d in declarations if d.listed])
        self._expect_no_errors(text, wanted, whole)
        leftover = left_open(declarations, wanted)
        if not wanted:
            why = "nothing is left to prove: the text has no `sorry`"
            raise StatementError("\n".join(f"{at}: {what}" for at, what in leftover) or why)
        await self._vouch(text)
        elaborated = time.monotonic()
        jobs = [
            Job(header, text, target, holes, start, header if shown is None else shown, informal)
            for target in wanted
            for holes, start in await self._places(header, text, target)
        ]
        results = await asyncio.gather(*(self._search(job, budget, seed) for job in jobs))
        searched = time.monotonic()
        found = list(zip(jobs, results, strict=True))
        verdicts, final = await self._conclude(header, text, wanted, found, seed)
        concluded = time.monotonic()
        version = lean_version(self.lean)
        for place, reason in leftover:
            verdicts.append(Verdict(Outcome.GAVE_UP, place, version, reason=reason))
        spent = total([result.spent for result in results])
        seconds = {
            "elaborate": elaborated - begin,
            "search": max(0.0, searched - elaborated - spent.generating - spent.verifying),
            "generate": spent.generating,
            "verify": spent.verifying + concluded - searched,
        }
        failures = sum((result.failures for result in results), Counter[str]())
        graphs = tuple(result.graph for result in results)
        return Filled(tuple(verdicts), final, graphs, seconds, failures)

    def _expect_no_errors(self, text: Elaborated, wanted: Sequence[Target], whole: bool) -> None:
        """Raises `StatementError` with Lean's errors; those after the only target do not matter."""
        errors = text.errors
        if wanted and not whole:
            last = max(target.declaration.last for target in wanted)
            errors = tuple(m for m in errors if text.offset(m) <= last)
        if errors:
            raise StatementError("\n".join(map(str, errors)))

    async def _places(
        self, header: str, text: Elaborated, target: Target
    ) -> list[tuple[tuple[Hole, ...], Start | None]]:
        """What is one search each in a declaration: a hole, or all holes where what fills one
        decides what another asks for."""
        apart: list[tuple[tuple[Hole, ...], Start | None]] = [
            ((hole,), None) for hole in target.holes
        ]
        if not target.coupled:
            return apart
        start = await self._together(header, text, target)
        return apart if start is None else [(target.holes, start)]

    async def _together(self, header: str, text: Elaborated, target: Target) -> Start | None:
        """All holes of a declaration as goals of one state, by `refine` of its body with `?_` for
        them; None where its body is no such term."""
        piece = target.declaration.piece
        opened = targets.opened(text, target.declaration)
        if piece is None or piece.body is None or piece.body_end is None or opened is None:
            return None
        body = text.text.encode()[piece.body : piece.body_end].decode()
        if not body.startswith(":=") or any(h.last > piece.body_end for h in target.holes):
            return None
        term = body
        for hole in sorted(target.holes, key=lambda h: -h.first):
            first, last = hole.first - piece.body, hole.last - piece.body
            data = term.encode()
            before = data[:first].decode()
            if hole.tactic:
                alone = re.search(r"\bby\s*\Z", before)
                if alone is None:
                    return None
                before = before[: alone.start()]
            term = before + "?_" + data[last:].decode()
        kinds = [hole.prop for hole in sorted(target.holes, key=lambda h: h.first)]
        leading = kinds.index(True) if True in kinds else 0
        # What is to be proved comes first: it may say what the data are.
        turn = f"\nrotate_left {leading}" if leading else ""
        tactic = f"refine {term.removeprefix(':=').strip()}{turn}"
        end = len(opened.encode()) - (len(text.text.encode()) - target.declaration.last)
        root = await self._elaborate(header, cut(opened, 0, end))
        own = [h for h in root.holes if h.first >= piece.body]
        if len(own) != 1 or root.errors:
            return None
        outcome = await self.pool.run(own[0].state, tactic)
        if not isinstance(outcome, Step) or len(outcome.children) != 1:
            return None
        return Start(outcome.children[0], tactic)

    async def _search(self, job: Job, budget: Budget | None, seed: int) -> Found:
        search = BestFirst(
            job.state,
            alpha=self.alpha,
            width=self.width,
            budget=budget or self.settings.budget,
            seed=seed,
        )
        refused: list[str] = []

        async def verify(script: str) -> bool:
            candidate = job.candidate(job.script(script))
            declaration = job.target.declaration
            judgement = await self._judge_candidate(job.header, job.text, declaration, candidate)
            command = job.text.commands[declaration.command]
            here = [h for h in job.text.holes if command.first <= h.first < command.last]
            others = len(here) > len(job.holes)
            if judgement.outcome is Outcome.PROVED or judgement.only_others_are_open:
                return True
            if others and judgement.only_sorry:
                return True
            refused.append(judgement.reason)
            return False

        def report(search: BestFirst) -> None:
            if self._on_progress is not None:
                self._on_progress(self._progress(job.target.name, search))

        async def find() -> SearchResult:
            begin = time.monotonic()
            proofs = await self._whole_proofs(job, seed)
            search.spent.generating += time.monotonic() - begin
            with self._hinted.by(job.state, proofs):
                return await self.scheduler.run(search, verify=verify, on_progress=report)

        async with self._admitted:  # the cap in seconds counts from here
            return await self._run_search(search, find(), refused)

    async def _run_search(
        self, search: BestFirst, find: Coroutine[Any, Any, SearchResult], refused: Sequence[str]
    ) -> Found:
        if self._interrupted:
            find.close()
            return Found(search.result("interrupted"), None)
        task = asyncio.create_task(find)
        self._searches.add(task)
        try:
            result = await task
        except asyncio.CancelledError:
            if not self._interrupted:
                raise
            result = search.result("interrupted")
        except SearchFailed as failed:
            if failed.__cause__ is not None:
                raise failed.__cause__ from None
            raise
        finally:
            self._searches.discard(task)
        return Found(result, refused[-1] if refused else None)

    async def _whole_proofs(self, job: Job, seed: int) -> list[Suggestion]:
        """What a model that writes whole proofs writes for a theorem with one hole."""
        if self._writer is None or len(job.target.holes) > 1:
            return []
        declaration = job.target.declaration
        before = f"{job.shown.rstrip()}\n{cut(job.text.text, 0, declaration.first)}"
        head = targets.head(job.text, declaration)
        statement = Statement.with_docstring(head, before, job.informal)
        return [
            Suggestion(proof.script, proof.score, proof.tokens)
            async for proof in self._writer.whole_proofs(statement, seed=seed)
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
        self,
        header: str,
        text: Elaborated,
        wanted: Sequence[Target],
        found: Sequence[tuple[Job, Found]],
        seed: int,
    ) -> tuple[list[Verdict], str]:
        """The verdicts on the declarations whose holes were searched, and the text with what is
        proved. All proofs are put into the text, which is elaborated from scratch; where one does
        not hold there, its declaration stays as it was and the rest is judged again."""
        refused: dict[str, str] = {}
        while True:
            filled = filled_text(text, wanted, found, refused)
            solved = [t for t in wanted if t.name not in refused and is_solved(t, found)]
            judged = await self._judge_filled(header, text, solved, filled)
            rests = {
                target.name: judgement.rests_on or open_beside(text, target, solved)
                for target, judgement in zip(solved, judged, strict=True)
            }
            bad = {
                target.name: judgement.reason
                for target, judgement in zip(solved, judged, strict=True)
                if not (judgement.proved or (judgement.only_sorry and rests[target.name]))
            }
            if not bad:
                break
            refused |= bad
        judgements = {t.name: one for t, one in zip(solved, judged, strict=True)}
        verdicts = []
        for target in wanted:
            own = [(job, one) for job, one in found if job.target is target]
            judgement = judgements.get(target.name)
            verdict = self._concluded(
                header + filled, target, judgement, own, refused.get(target.name)
            )
            if judgement is not None and not judgement.proved:
                names = ", ".join(f"`{name}`" for name in rests[target.name])
                why = f"filled, but it rests on {names}, which is not proved"
                verdict = replace(
                    verdict,
                    outcome=Outcome.GAVE_UP,
                    reason=why,
                    rests_on=tuple(rests[target.name]),
                )
            verdict = replace(verdict, seed=seed)
            verdicts.append(await self._doubt(verdict, header + text.text))
        return verdicts, filled

    async def _judge_filled(
        self, header: str, text: Elaborated, wanted: Sequence[Target], filled: str
    ) -> list[Judgement]:
        if not wanted:
            return []
        try:
            given = await self.pool.elaborate(
                header, filled, family=text.family, scratch=True, holes=False
            )
        except ElaborationFailed as failed:
            return [failed_judgement(failed.kind, str(failed)) for _ in wanted]
        pairs = []
        for target in wanted:
            asked = target.declaration
            pairs.append(
                (asked, next((d for d in given.declarations if d.place == asked.place), None))
            )
        return await self._judge(given, pairs, text, until=len(text.commands))

    def _concluded(
        self,
        text: str,
        target: Target,
        judgement: Judgement | None,
        found: Sequence[tuple[Job, Found]],
        refused: str | None,
    ) -> Verdict:
        results = [one.result for _, one in found]
        spent = total([one.spent for one in results])
        unsolved = [(job, one) for job, one in found if one.result.proof is None]
        if judgement is None:
            goals = tuple(pp for _, one in unsolved for pp in best_goals(one.result))
            reason = f"a proof was found, and refused: {refused}"
            if unsolved:
                reason = why_not(unsolved[0][1])
            return Verdict(
                Outcome.GAVE_UP,
                target.name,
                lean_version(self.lean),
                reason=reason,
                spent=spent,
                open_goals=goals[:5],
            )
        job, one = found[0]
        proof = job.script(one.result.proof or "") if len(found) == 1 else None
        return self._verdict(target.name, judgement, text, proof, spent)

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
            rests_on=judgement.rests_on,
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


def _candidates(asked: Declaration, given: Elaborated) -> list[Declaration | None]:
    """What in a text may be the declaration that was asked: the one of its name or, of an `example`,
    any."""
    if asked.side is None:
        found = [d for d in given.declarations if d.constant.name == asked.constant.name]
    else:
        found = [d for d in given.declarations if d.side is not None]
    return [*found] or [None]


def _no_declaration() -> str:
    return "the text makes no declaration"


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
