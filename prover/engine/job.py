"""One request: what it is searched with, where it stands, and how it ends."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from prover.engine import targets
from prover.engine.checking import Checker, StatementError
from prover.engine.discover import Discovery, Lemma, with_lemmas
from prover.engine.engine import Engine
from prover.engine.filling import (
    Found,
    Part,
    Start,
    accepted,
    best_goals,
    filled_text,
    is_solved,
    left_open,
    not_accepted,
    not_searched,
    open_beside,
    searched,
    total,
    why_not,
)
from prover.engine.minimise import minimised
from prover.engine.options import Filled, Options, Progress
from prover.engine.outcomes import outcome_line
from prover.engine.proposer import Proposer
from prover.engine.refute import (
    GLANCE,
    GLANCE_AFTER,
    STUDY_AFTER,
    Claim,
    Doubt,
    disproved,
    may_claim,
)
from prover.engine.targets import Target
from prover.files import append_lines
from prover.generate.mixed import Hinted, Silent
from prover.generate.portfolio import Portfolio
from prover.lean.source import as_lean_reads, cut, with_options
from prover.lean.states import Declaration, Elaborated, Hole
from prover.lean.worker import ElaborationFailed
from prover.verify.layers import Judgement, failed_judgement, lean_version
from prover.verify.verdict import Outcome, Verdict
from search.best_first import BestFirst, SearchResult
from search.budget import Budget, Spent
from search.context import NOTHING
from search.graph import Status
from search.interfaces import Progress as Step
from search.interfaces import State, Suggestion, TacticGenerator
from search.scheduler import SearchFailed

T = TypeVar("T")

LOOK = 8
"""A search has this part of its budget before lemmas are looked for."""

FIRST = 8
"""How many expansions each of many holes has first: what is easy is a premise of the others then."""

ROUNDS = 3
"""How often a hole is searched at most at a glance, and at length, because of new premises."""

WIDTH = 8
"""How many tactics a visit of a goal runs where no model says otherwise."""


class _Outdated(Exception):
    """A search ended because of what came meanwhile: a premise that it lacks, or an instance that proves
    its goal."""

    def __init__(self, found: Found) -> None:
        super().__init__("more is known now")
        self.found = found


class Job:
    """A request to an engine: statements or a file to prove. It can be cancelled, and two never
    meet.

        with Job(engine, Options(seed=1), on_progress=print) as job:
            filled = await job.prove_text(text)

    `generator` proposes tactics in the place of what the engine has, and is asked where those of
    `first` do not close a goal.
    """

    def __init__(
        self,
        engine: Engine,
        options: Options | None = None,
        *,
        generator: TacticGenerator | None = None,
        first: TacticGenerator | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self.options = options or Options()
        self.texts = Checker(engine, paranoid=self.options.paranoid)
        self._engine = engine
        self._generator = generator
        self._first = first
        self._on_progress = on_progress
        self._searches: set[asyncio.Task[Any]] = set()
        self._tried: list[tuple[str, BestFirst]] = []  # in the order of their beginnings
        self._claims: dict[Part, Claim] = {}
        self._held: list[State] = []  # until a text is filled, beside those of its holes
        self._over = False
        self._begun = False

    def __enter__(self) -> Self:
        self._over = self._over or self._engine.interrupted
        self._engine.jobs.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._engine.jobs.discard(self)

    @property
    def width(self) -> int:
        """How many tactics a visit of a goal runs."""
        form = self._engine.form
        return self.options.width or (WIDTH if form is None else form.width)

    @property
    def alpha(self) -> float:
        """The depth normalisation of paths."""
        if self.options.alpha is not None:
            return self.options.alpha
        form = self._engine.form
        return 0.0 if form is None else form.alpha

    def cancel(self) -> bool:
        """Ends the searches of this job: what they have so far comes back as verdicts. Says whether
        any has begun."""
        self._over = True
        for task in self._searches:
            task.cancel()
        return self._begun

    async def fill_statement(
        self,
        statement: str,
        *,
        header: str = "",
        informal: str = "",
    ) -> Filled:
        """Proves one statement, with the graph of its search: what stands before its theorem is
        taken as it is, a proof that it already has is replaced, and if it has holes these are
        filled. `informal` is the statement in words, for models that read it; without it they read
        the docstring.

        Raises:
            StatementError: the header or the statement does not elaborate.
        """
        if not statement.strip():
            raise StatementError("there is no statement")
        shown, header = as_lean_reads(header), with_options(header, statement)
        text = await self.texts.open_statement(statement, header)
        return await self._fill(header, text, text.declarations, shown=shown, informal=informal)

    async def prove_text(
        self, text: str, *, name: str | Sequence[str] | None = None, at: int | None = None
    ) -> Filled:
        """Fills the holes of a file's text: all of them, those of one declaration or of several, or
        the one `at` a byte offset, while the others stay as they are. One named declaration without
        holes is proved anew. What Lean does not accept is rejected, and left as it is.

        Raises:
            StatementError: no part of the text that has a hole elaborates, or it holds nothing to prove.
        """
        header, body = await self.texts.split(text)
        done = await self.texts.elaborate(header, body)
        wanted: Sequence[Declaration] = done.declarations
        if at is not None:
            at += header.count("\n") - len(header.encode())
            wanted = targets.around(done, at)
            if not wanted:
                why = "there is no `sorry` at this place"
                raise StatementError("\n".join([why, *map(str, done.errors)]))
        elif name is not None and not isinstance(name, str):
            wanted = [self.texts.named(done, one) for one in name]
        elif name is not None:
            wanted = [declaration := self.texts.named(done, name)]
            if not targets.targets(done, wanted):
                anew = targets.opened(done, declaration)
                if anew is not None:
                    self.texts.pool.release([hole.state for hole in done.holes])
                    done = await self.texts.elaborate(header, anew)
                    wanted = [self.texts.named(done, name)]
        filled = await self._fill(header, done, wanted, file=True, at=at)
        found = body if filled.text == done.text else filled.text
        lines = header.count("\n")
        verdicts = tuple(
            v if v.text is None else replace(v, text=header + v.text[len(header) + lines :])
            for v in filled.verdicts
        )
        return replace(filled, text=header + found[lines:], verdicts=verdicts)

    async def _fill(
        self,
        header: str,
        text: Elaborated,
        declarations: Sequence[Declaration],
        *,
        file: bool = False,
        at: int | None = None,
        shown: str | None = None,
        informal: str = "",
    ) -> Filled:
        try:
            return await self._filled(header, text, declarations, file, at, shown, informal)
        finally:
            held, self._held = self._held, []
            self.texts.pool.release([*held, *(hole.state for hole in text.holes)])

    async def _filled(
        self,
        header: str,
        text: Elaborated,
        declarations: Sequence[Declaration],
        file: bool,
        at: int | None,
        shown: str | None,
        informal: str,
    ) -> Filled:
        begin = time.monotonic()
        asked = targets.targets(text, [d for d in declarations if d.listed])
        wanted, broken = accepted(text, asked, declarations) if file else (asked, [])
        if text.errors and not (wanted and file):
            told = [reason for _, reason in broken]
            raise StatementError("\n".join(told or map(str, text.errors)))
        rejected = {name for name, _ in broken}
        leftover = left_open([d for d in declarations if d.name not in rejected], asked)
        if not wanted:
            why = "nothing is left to prove: the text has no `sorry`"
            raise StatementError("\n".join(f"{at}: {what}" for at, what in leftover) or why)
        await self.texts.vouch(text)
        elaborated = time.monotonic()
        parts = [
            Part(header, text, target, holes, start, header if shown is None else shown, informal)
            for target in wanted
            for holes, start in await self._places(header, text, target)
        ]
        doubts = {
            target.name: Doubt(self._engine, self.texts, header, text, target.declaration)
            for target in wanted
            if self.options.refute
        }
        unsound = not_accepted(text)
        try:
            proofs = [p for p in parts if not (p.in_statement or p.speaks_of(unsound))]
            meant = [part for part in proofs if at is None or part.is_at(at)]
            found = await self._search_all(meant, doubts)
        finally:
            for look in (*doubts.values(), *self._claims.values()):
                await look.close()
            self._claims.clear()
            self._log()
        found += [(part, not_searched(part, unsound)) for part in parts if part not in meant]
        false = {name: d.disproof for name, d in doubts.items() if d.disproof is not None}
        searched_ones = {part.target.name for part in meant}
        open_ones = [
            target
            for target in wanted
            if target.name in searched_ones - false.keys() and not is_solved(target, found)
        ]
        lemmas: dict[str, tuple[Lemma, ...]] = {}
        for target in open_ones if self.options.discover and meant == proofs else ():
            if not self._over:
                taken = {lemma.name for own in lemmas.values() for lemma in own}
                mine = [part for part in meant if part.target is target]
                found = await self._search_all(mine, {}, found)
                found, own = await self._discover(header, target, found, taken)
                lemmas[target.name] = own
                self._log()
            if self._over:
                found = [
                    (part, one.stopped())
                    if part.target is target and self._may_discover(part)
                    else (part, one)
                    for part, one in found
                ]
        results = [result for _, result in found]
        end = time.monotonic()
        verdicts, final = await self._conclude(header, text, wanted, found, lemmas)
        verdicts = [disproved(v, false[v.name]) if v.name in false else v for v in verdicts]
        concluded = time.monotonic()
        version = lean_version(self.texts.lean)
        for place, reason in leftover:
            verdicts.append(Verdict(Outcome.GAVE_UP, place, version, reason=reason))
        for place, reason in broken:
            verdicts.append(Verdict(Outcome.REJECTED, place, version, reason=reason))
        spent = total([result.spent for result in results])
        seconds = {
            "elaborate": elaborated - begin,
            "search": max(0.0, end - elaborated - spent.generating - spent.verifying),
            "generate": spent.generating,
            "verify": spent.verifying + concluded - end,
        }
        failures = sum((result.failures for result in results), Counter[str]())
        graphs = tuple(result.graph for result in results)
        searched_for = tuple(part.target.name for part, _ in found)
        counterexamples = {name: one.counterexample for name, one in false.items()}
        holes = tuple(
            searched(part, one, counterexamples.get(part.target.name) if part.whole else None)
            for part, one in found
        )
        return Filled(tuple(verdicts), final, graphs, seconds, failures, searched_for, holes)

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
        root = await self.texts.elaborate(header, cut(opened, 0, end))
        self._held += [hole.state for hole in root.holes]
        own = [h for h in root.holes if h.first >= piece.body]
        if len(own) != 1 or root.errors:
            return None
        outcome = await self.texts.pool.run(own[0].state, tactic)
        if not isinstance(outcome, Step):
            return None
        self._held += outcome.children
        if len(outcome.children) != 1:
            return None
        return Start(outcome.children[0], tactic)

    async def _search_all(
        self,
        parts: Sequence[Part],
        doubts: Mapping[str, Doubt],
        found: Sequence[tuple[Part, Found]] = (),
    ) -> list[tuple[Part, Found]]:
        """Searches in the order of the text: first at a glance, then what is open at length. A theorem
        that was proved is a premise of those after it: a search that lacks one begins anew while it has
        not come far, and is done again if one came too late. `found` is what earlier searches came to.
        """
        results = dict(found)
        glanced: dict[Part, Spent] = {}  # what searches at length have less
        proved = {p.target.constant: None for p, _ in found if is_solved(p.target, found)}

        def lacks_a_premise(part: Part, known: AbstractSet[str]) -> bool:
            return part.knows(proved.keys() - known)

        async def search(part: Part, *, glance: bool = False) -> None:
            longer = self._may_discover(part)
            doubt = doubts.get(part.target.name)
            claim = None if found else self._claim(part)  # that was studied before
            budget = self._look if longer else self.options.budget
            async with self._engine.admitted:  # the cap in seconds counts from here
                earlier, known, looked = results.get(part), set(proved), Spent()
                one = None if earlier or doubt is None else await self._false(part)
                if glance:
                    budget = self._glance
                elif part in glanced:
                    budget = budget.left(glanced.pop(part))

                def outdated(spent: Spent) -> bool:
                    early = spent if earlier is None else earlier.spent + spent
                    begun = spent.expansions >= FIRST and self._look.exhausted(early) is None
                    return begun and lacks_a_premise(part, known)

                while one is None:
                    known = set(proved)
                    try:
                        one = await self._search(
                            part,
                            known,
                            doubt,
                            budget,
                            short=longer,
                            glance=glance,
                            outdated=outdated,
                            claim=claim,
                        )
                    except _Outdated as ended:
                        earlier = ended.found.after(earlier)
                        looked += ended.found.spent
            results[part] = replace(one, premises=known).after(earlier)
            if glance:
                glanced[part] = glanced.get(part, Spent()) + looked + one.spent
            own = [results.get(other) for other in parts if other.target is part.target]
            if all(one is not None and one.result.proof is not None for one in own):
                proved[part.target.constant] = None

        def is_settled(part: Part) -> bool:
            one, doubt = results[part], doubts.get(part.target.name)
            disproved = doubt is not None and doubt.disproof is not None
            found = one.result.proof is not None or one.false is not None
            return self._over or disproved or found

        def with_news() -> list[Part]:
            return [
                part
                for part in parts
                if part not in results
                or (not is_settled(part) and lacks_a_premise(part, results[part].premises))
            ]

        todo = with_news()
        if len(todo) > 1 and (self._look.expansions or FIRST + 1) > FIRST:
            for _ in range(ROUNDS):
                await asyncio.gather(*(search(part, glance=True) for part in with_news()))
            todo = [part for part in todo if not is_settled(part)]
        for _ in range(ROUNDS):
            await asyncio.gather(*map(search, todo))
            todo = with_news()
        for part in glanced if self._over else ():
            results[part] = results[part].stopped()
        return [(part, results[part]) for part in ([p for p, _ in found] or parts)]

    async def _false(self, part: Part) -> Found | None:
        """Where the goal of a hole within a proof is false at some values, as far as a glance tells:
        of a whole statement, a doubt does."""
        if part.whole or self._over:
            return None
        look = self.texts.pool.refute(
            part.state, most=GLANCE.points, heartbeats=GLANCE.heartbeats, seconds=GLANCE.limit
        )
        at = await self._cancellable(asyncio.create_task(look))
        if at is None or at.found is None:
            return None
        return Found(BestFirst(part.state).result("exhausted"), None, false=str(at.found))

    def _claim(self, part: Part) -> Claim | None:
        """What is known of an instance that proves a goal, where one may and the portfolio may take
        part."""
        goals, own = part.state.goals, self._generator is None and self._engine.settings.portfolio
        if not own or len(goals) != 1 or not may_claim(goals[0]):
            return None
        return self._claims.setdefault(part, Claim(self._engine, self.texts, part.state))

    def _may_discover(self, part: Part) -> bool:
        """Whether lemmas are looked for if a search does not succeed: it is about functions of the
        user's, and the portfolio, which proves them, may take part."""
        own = self._generator is None and self._engine.settings.portfolio
        wanted = self.options.discover and own and part.start is None
        return wanted and bool(part.state.goals[0].own)

    @property
    def _look(self) -> Budget:
        """What a search may take before lemmas are looked for: an eighth of the budget. It has all
        of it after that."""
        budget = self.options.budget
        expansions, seconds = budget.expansions, budget.seconds
        return replace(
            budget,
            expansions=None if expansions is None else -(-expansions // LOOK),
            seconds=None if seconds is None else seconds / LOOK,
        )

    @property
    def _glance(self) -> Budget:
        """What a search may take while others have not begun."""
        return replace(self._look, expansions=FIRST)

    async def _discover(
        self, header: str, target: Target, found: list[tuple[Part, Found]], taken: set[str]
    ) -> tuple[list[tuple[Part, Found]], tuple[Lemma, ...]]:
        """Looks for lemmas for what is open of a target, and searches it with them. What is found is
        then in the place of what was, and the lemmas, whose names are none of those `taken`, are
        beside it."""
        own = [(part, one) for part, one in found if part.target is target]
        open_ones = [part for part, one in own if one.result.proof is None]
        if any(one.false for _, one in own) or not any(map(self._may_discover, open_ones)):
            return found, ()
        solved = {part.target.constant for part, _ in found if is_solved(part.target, found)}

        async def search(part: Part, budget: Budget, by: TacticGenerator | None) -> Found:
            async with self._engine.admitted:
                rated = None if by is None else self._engine.rated(by)
                return await self._search(part, solved, None, budget, rated)

        discovery = Discovery(
            self.texts,
            search,
            header,
            target,
            own,
            taken=taken,
            proved=solved,
            budget=self.options.budget,
            over=lambda: self._over,
        )
        done = await discovery.run()
        return [(part, done.found.get(part, one)) for part, one in found], done.lemmas

    async def _search(
        self,
        part: Part,
        proved: AbstractSet[str],
        doubt: Doubt | None = None,
        budget: Budget | None = None,
        generator: TacticGenerator | None = None,
        *,
        short: bool = False,
        glance: bool = False,
        outdated: Callable[[Spent], bool] = lambda spent: False,
        claim: Claim | None = None,
    ) -> Found:
        """Searches for a proof of a part, with theorems of the text that were `proved` already. The
        budget and the generator are those of the job unless others are given; what another generator
        led to stays as it was found. A `short` search is followed by a longer one. At a `glance`, no
        model is asked beside the portfolio, and what is left open is not studied for whether it is
        false, or what it may `claim` true.

        Raises:
            _Outdated: it was `outdated` at what it had spent, or an instance was found for its `claim`.
        """
        options = self.options
        if claim is not None and (script := claim.take()) is not None:
            alone = Hinted(Silent(), [Suggestion(script, 0.0)])
            by_instance = await self._search(part, proved, doubt, generator=alone)
            if by_instance.result.proof is not None or self._over:
                return by_instance
        told = asyncio.create_task(self._engine.context(part.state, part.theorems, proved))
        context = await self._cancellable(told)
        search = BestFirst(
            part.state,
            alpha=self.alpha,
            width=self.width,
            value=self._engine.value,
            budget=budget or options.budget,
            seed=options.seed,
            context=context or NOTHING,
        )
        if options.log is not None:
            self._tried.append((part.target.name, search))
        refused: list[str] = []

        async def verify(script: str) -> bool:
            candidate = part.candidate(part.script(script))
            declaration = part.target.declaration
            judgement = await self.texts.judge_candidate(
                part.header, part.text, declaration, candidate
            )
            command = part.text.commands[declaration.command]
            here = [h for h in part.text.holes if command.first <= h.first < command.last]
            others = len(here) > len(part.holes)
            if judgement.outcome is Outcome.PROVED or judgement.only_others_are_open:
                return True
            if others and judgement.only_sorry:
                return True
            refused.append(judgement.reason)
            return False

        def report(search: BestFirst) -> Awaitable[object] | None:
            if self._on_progress is not None:
                self._on_progress(self._progress(part, search))
            if doubt is not None and search.spent.expansions >= STUDY_AFTER:
                doubt.study(search.spent)
            found = claim is not None and claim.script is not None
            if not search.proved and (found or outdated(search.spent)):
                raise _Outdated(Found(search.result("interrupted"), None))
            if search.proved or search.spent.tactics < GLANCE_AFTER:
                return None
            looks = [] if doubt is None else [doubt.glance()]
            looks += [] if claim is None else [claim.look(search.spent)]
            running = [look for look in looks if not look.done()]
            return asyncio.wait(running) if running else None

        proposer, first = (
            (generator, None) if generator is not None else self._proposers(part, short, glance)
        )
        work = partial(
            self._engine.scheduler.run,
            search,
            proposer,
            first=first,
            ready=self._engine.model if isinstance(proposer, Proposer) else None,
            verify=verify,
            on_progress=report,
            refute=options.refute,
        )
        found = await self._run_search(search, work, refused, doubt, study=not glance)
        if claim is not None and found.result.proof is None and not (glance or self._over):
            await self._cancellable(claim.study())
            if claim.script is not None:
                raise _Outdated(found)
        if (proof := found.result.proof) is None or self._over or generator is not None:
            return found
        shorter = await minimised(self.texts.pool, part.state, proof)
        if shorter == proof or not await verify(shorter):
            return found
        return replace(found, result=replace(found.result, proof=shorter))

    def _log(self) -> None:
        """Adds what was searched since the last time to the log."""
        tried, self._tried = self._tried, []
        if self.options.log is not None and tried:
            append_lines(self.options.log, [outcome_line(name, one) for name, one in tried])

    def _proposers(
        self, part: Part, short: bool, glance: bool
    ) -> tuple[TacticGenerator, TacticGenerator | None]:
        """What proposes tactics, and what is tried before it."""
        settings = self._engine.settings
        if self._generator is not None:
            return self._generator, self._first
        if settings.model is None or (glance and settings.portfolio):
            return self._engine.rated(Portfolio(), short=short), None
        proposer = Proposer(self._engine, part, self.options.seed, short)
        first = self._engine.rated(Portfolio(), short=short) if settings.portfolio else None
        return proposer, first

    async def _run_search(
        self,
        search: BestFirst,
        work: Callable[[], Coroutine[Any, Any, SearchResult]],
        refused: Sequence[str],
        doubt: Doubt | None,
        *,
        study: bool,
    ) -> Found:
        if self._over or (doubt is not None and doubt.disproof is not None):
            return Found(search.result("interrupted"), None)
        task = asyncio.create_task(work())
        if doubt is not None:
            doubt.ends(task)
        try:
            result = await self._cancellable(task)
        except SearchFailed as failed:
            if failed.__cause__ is not None:
                raise failed.__cause__ from None
            raise
        if result is None:
            result = search.result("interrupted")
        if doubt is not None and result.status == "proved":
            await doubt.close()
        elif doubt is not None and not self._over:
            await self._cancellable(doubt.glance())
            if study and doubt.disproof is None and not self._over:
                await self._cancellable(doubt.study(search.spent))
        return Found(result, refused[-1] if refused else None)

    async def _cancellable(self, task: asyncio.Task[T]) -> T | None:
        """What a task gives; None if the job is cancelled, or a disproof has ended it."""
        self._begun = True
        self._searches.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            own = asyncio.current_task()
            if own is not None and own.cancelling():
                raise
            return None
        finally:
            self._searches.discard(task)

    def _progress(self, part: Part, search: BestFirst) -> Progress:
        metrics = self._engine.scheduler.metrics()
        graph, best = search.graph, search.result().open_goals
        return Progress(
            name=part.target.name,
            spent=search.spent,
            open_goals=len(best),
            solved=sum(goal.status is Status.PROVED for goal in search.graph.goals),
            best=graph.priority(best[0].logprob, best[0].depth) if best else None,
            best_goal=best[0].state.pp if best else "",
            lean_idle=metrics.slots_idle,
            generator_idle=metrics.generator_idle,
            line=part.line,
        )

    async def _conclude(
        self,
        header: str,
        text: Elaborated,
        wanted: Sequence[Target],
        found: Sequence[tuple[Part, Found]],
        lemmas: Mapping[str, tuple[Lemma, ...]],
    ) -> tuple[list[Verdict], str]:
        """The verdicts on the declarations whose holes were searched, and the text with what is
        proved. All proofs are put into the text, which is elaborated from scratch; where one does
        not hold there, its declaration stays as it was and the rest is judged again."""
        refused: dict[str, str] = {}
        asked = {d.name for d in text.declarations}  # a lemma that is not finished is none
        while True:
            filled = filled_text(text, wanted, found, refused)
            there = {name: own for name, own in lemmas.items() if name not in refused}
            filled = with_lemmas(filled, text, wanted, found, refused, there)
            solved = [t for t in wanted if t.name not in refused and is_solved(t, found)]
            judged = await self._judge_filled(header, text, solved, filled, bool(there))
            rests = {
                target.name: judgement.rests_on or open_beside(text, target, solved)
                for target, judgement in zip(solved, judged, strict=True)
            }
            bad = {
                target.name: judgement.reason
                for target, judgement in zip(solved, judged, strict=True)
                if not (judgement.proved or (judgement.only_sorry and rests[target.name]))
                or (there and not asked.issuperset(rests[target.name]))
            }
            if not bad:
                break
            refused |= bad
        judgements = {t.name: one for t, one in zip(solved, judged, strict=True)}
        verdicts = []
        for target in wanted:
            own = [(part, one) for part, one in found if part.target is target]
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
            elif broken := dict.fromkeys(name for _, one in own for name in one.rests_on):
                verdict = replace(verdict, rests_on=tuple(broken))
            own_lemmas = tuple(one.shown for one in there.get(target.name, ()))
            verdict = replace(verdict, seed=self.options.seed, lemmas=own_lemmas)
            verdicts.append(await self.texts.doubt(verdict, header + text.text))
        return verdicts, filled

    async def _judge_filled(
        self,
        header: str,
        text: Elaborated,
        wanted: Sequence[Target],
        filled: str,
        more: bool,
    ) -> list[Judgement]:
        """The judgements on declarations in the text with their proofs. With `more`, it has lemmas
        that the text asked does not: each declaration must be what it is there, as in a file that
        somebody hands in for it."""
        if not wanted:
            return []
        try:
            given = await self.texts.pool.elaborate(
                header, filled, family=text.family, scratch=True, holes=False
            )
        except ElaborationFailed as failed:
            return [failed_judgement(failed.kind, str(failed)) for _ in wanted]
        if more:
            return await self.texts.judge_solution(given, [t.declaration for t in wanted], text)
        pairs = []
        for target in wanted:
            asked = target.declaration
            pairs.append(
                (asked, next((d for d in given.declarations if d.place == asked.place), None))
            )
        return await self.texts.judge(given, pairs, text, until=len(text.commands))

    def _concluded(
        self,
        text: str,
        target: Target,
        judgement: Judgement | None,
        found: Sequence[tuple[Part, Found]],
        refused: str | None,
    ) -> Verdict:
        spent = total([one.spent for _, one in found])
        unsolved = [(part, one) for part, one in found if one.result.proof is None]
        if judgement is None:
            goals = tuple(pp for _, one in unsolved for pp in best_goals(one.result))
            reason = f"a proof was found, and refused: {refused}"
            false = next((one for _, one in unsolved if one.false is not None), None)
            if unsolved:
                reason = why_not(false or unsolved[0][1])
            return Verdict(
                Outcome.GAVE_UP,
                target.name,
                lean_version(self.texts.lean),
                reason=reason,
                counterexample=None if false is None else false.false,
                spent=spent,
                open_goals=goals[:5],
            )
        part, one = found[0]
        proof = part.script(one.result.proof or "") if len(found) == 1 else None
        return self.texts.verdict(target.name, judgement, text, proof, spent)
