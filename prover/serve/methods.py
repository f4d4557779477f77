"""What a resident engine can be asked. `METHODS` is the table; other modules bring more of them."""

from __future__ import annotations

import contextlib
import re
import time
from bisect import bisect_left
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from prover.engine import targets
from prover.engine.checking import Checker, StatementError
from prover.engine.job import Job
from prover.engine.options import Options, Progress
from prover.engine.refute import GLANCE, STUDY, Refuter, Unanswered, disproved
from prover.engine.suggest import Found, suggest
from prover.errors import WrongUse
from prover.files import BOM
from prover.lean.documents import Desk
from prover.lean.source import as_lean_reads, with_options
from prover.lean.states import Declaration, Elaborated, Name
from prover.lean.toolchain import Lean
from prover.serve import schema
from prover.serve.engines import Engines, Lease
from prover.serve.metrics import Metrics
from prover.serve.schema import SearchOptions, Where
from prover.serve.sessions import Held, Session
from prover.verify.layers import lean_version
from prover.verify.verdict import Outcome, Verdict
from search.budget import Budget
from search.interfaces import Progress as Step

Json = dict[str, Any]

PROGRESS_SECONDS = 0.1
"""How often a search tells where it stands, at most."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request while it is worked on."""

    session: Session
    engines: Engines
    metrics: Metrics
    progress: Callable[[Json], None]
    turn: Callable[[], contextlib.AbstractAsyncContextManager[None]]
    """Waits in the queue, for methods that do so by themselves."""
    home: Where
    """Where requests are at home that name no place."""

    @contextlib.asynccontextmanager
    async def engine(self, where: Where, *, any_model: bool = True) -> AsyncIterator[Lease]:
        """The engine of a place; tells of its start, and of its Lean."""
        lean = await self._lean(where)
        async with self.engines.use(where, lean, any_model=any_model) as lease:
            yield lease

    @contextlib.asynccontextmanager
    async def desk(self, where: Where) -> AsyncIterator[tuple[Desk, Lean]]:
        """What holds the documents of a place, and its Lean, which is told of."""
        lean = await self._lean(where)
        async with self.engines.desk(lean) as desk:
            yield desk, lean

    async def _lean(self, where: Where) -> Lean:
        def on_setup(step: str, done: float) -> None:
            self.progress({"setup": step, "done": done})

        lean = await self.engines.find_lean(where, on_setup)
        self.progress({"lean": lean.version, "kind": lean.kind, "why": lean.why})
        return lean


@dataclass(frozen=True, slots=True)
class Method:
    """What a request is read as, who answers it, and which queue it waits in, if any."""

    request: type[Any]
    run: Callable[[Call, Any], Awaitable[Json]]
    queue: Literal["search", "quick"] | None = "quick"


async def prove(call: Call, asked: schema.Prove) -> Json:
    if (asked.text is None) == (asked.statement is None):
        raise WrongUse("give either a text or a statement")
    begun: dict[str, float] = {}

    def report(progress: Progress) -> None:
        now = time.monotonic()
        if now - begun.get(progress.name, 0.0) > PROGRESS_SECONDS:
            begun[progress.name] = now
            call.progress(asdict(progress))

    async with call.engine(asked.where, any_model=False) as lease:
        job = Job(lease.engine, options_of(asked.options), on_progress=report)
        with job, _named(call.session, asked.job, job):
            if asked.statement is not None:
                filled = await job.fill_statement(
                    asked.statement, header=asked.header, informal=asked.informal
                )
            else:
                assert asked.text is not None
                filled = await job.prove_text(
                    asked.text, name=asked.names or asked.name, at=asked.at
                )
    return {
        "verdicts": [verdict.to_json() for verdict in filled.verdicts],
        "text": filled.text,
        "seconds": filled.seconds,
        "failures": dict(filled.failures),
        "holes": [asdict(hole) for hole in filled.holes],
        "graphs": filled.trees if asked.graphs else None,
    }


async def cancel(call: Call, asked: schema.Cancel) -> Json:
    """A job that is not there yet, or not any more, is none to cancel: the answer says so."""
    job = call.session.jobs.get(asked.job)
    return {"running": job is not None and job.cancel()}


async def check(call: Call, asked: schema.Check) -> Json:
    async with call.engine(asked.where) as lease:
        checker = Checker(lease.engine, paranoid=asked.paranoid)
        verdicts = await checker.check_text(
            asked.text, name=asked.name, statements=asked.statements
        )
    return {"verdicts": [verdict.to_json() for verdict in verdicts]}


async def goals(call: Call, asked: schema.Goals) -> Json:
    if (asked.text is None) == (asked.statement is None):
        raise WrongUse("give either a text or a statement")
    async with call.engine(asked.where) as lease:
        checker = Checker(lease.engine)
        if asked.statement is not None:
            header = with_options(asked.header or "", asked.statement)
            done = await checker.open_statement(asked.statement, header)
            text, shift = header + done.text, len(header.encode())
            begin = shift
        else:
            assert asked.text is not None
            text, begin = asked.text, 0
            if asked.header is None:
                header, body = await checker.split(text)
                shift = len(header.encode()) - header.count("\n")
            else:
                header, body, shift = as_lean_reads(asked.header), as_lean_reads(text), 0
            done = await checker.elaborate(header, body)
        given = _offsets(text)
        owners = _owners(done)
        holes = []
        for hole in done.holes:
            held = Held(hole.state, asked.where, tuple(_theorems(done, hole.first)))
            holes.append(
                {
                    "first": given(hole.first + shift),
                    "last": given(hole.last + shift),
                    "tactic": hole.tactic,
                    "declaration": owners.get(hole.first),
                    "state": asdict(call.session.show(lease, held)),
                }
            )
        messages = [
            {"severity": m.severity, "line": m.line, "column": m.column, "text": m.text}
            for m in done.messages
        ]
    return {"text": text, "begin": begin, "holes": holes, "messages": messages}


async def run_tactic(call: Call, asked: schema.RunTactic) -> Json:
    where = call.session.find(asked.state).where
    async with call.engine(where) as lease:
        held = call.session.ready(asked.state, lease)
        call.metrics.tactics += 1
        outcome = await lease.engine.pool.run(held.state, asked.tactic)
        if not isinstance(outcome, Step):
            return {
                "outcome": "error",
                "tactic": asked.tactic,
                "states": [],
                "goal_order": [],
                "kept": None,
                "message": outcome.message,
                "kind": outcome.kind,
            }
        after = _after(call.session, lease, held, outcome.tactic, outcome.children)
        return {
            "outcome": "progress" if outcome.children else "finished",
            "tactic": outcome.tactic,
            "states": after,
            "goal_order": outcome.goal_order,
            "kept": outcome.kept,
            "message": "",
            "kind": "",
        }


async def suggest_tactics(call: Call, asked: schema.Suggest) -> Json:
    where = call.session.find(asked.state).where
    async with call.engine(where, any_model=False) as lease:
        held = call.session.ready(asked.state, lease)

        def tell(found: Found) -> None:
            call.metrics.tactics += 1
            closes = not found.states
            call.progress({"tactic": found.tactic, "logprob": found.logprob, "closes": closes})

        found = await suggest(
            lease.engine,
            held.state,
            history=held.history,
            theorems=held.theorems,
            most=asked.most,
            seconds=asked.seconds,
            on_found=tell,
        )
        return {
            "suggestions": [
                {
                    "tactic": one.tactic,
                    "logprob": one.logprob,
                    "states": _after(call.session, lease, held, one.tactic, one.states),
                }
                for one in found
            ]
        }


async def refute(call: Call, asked: schema.Refute) -> Json:
    if (asked.text is None) == (asked.statement is None):
        raise WrongUse("give either a text or a statement")
    async with call.engine(asked.where) as lease:
        checker = Checker(lease.engine)
        if asked.statement is not None:
            header = with_options(asked.header, asked.statement)
            text = await checker.open_statement(asked.statement, header)
            declaration = targets.find_statement(text)
        else:
            assert asked.text is not None
            header, body = await checker.split(asked.text)
            text = await checker.elaborate(header, body)
            named = asked.name is not None
            declaration = checker.named(text, asked.name or "") if named else _last(text)
        checker.pool.release([hole.state for hole in text.holes])
        if declaration is None or declaration.kind != "theorem" or declaration.side is not None:
            raise StatementError("only a theorem with a name can be refuted")
        refuter = Refuter(lease.engine, checker)
        reason, disproof = "no instance was found at which it is false", None
        for effort in (GLANCE, STUDY):
            try:
                disproof = await refuter.disprove(header, text, declaration, effort)
            except Unanswered as died:
                reason = f"evaluating it did not end: {died}"
                break
            if disproof is not None:
                break
        version = lean_version(lease.engine.lean)
        verdict = Verdict(Outcome.GAVE_UP, declaration.name, version, reason=reason)
        if disproof is None:
            nothing = dict.fromkeys(("counterexample", "disproof", "text"))
            return {**nothing, "reason": reason, "verdict": verdict.to_json()}
        verdict = disproved(verdict, disproof)
        return {
            "counterexample": disproof.counterexample,
            "disproof": disproof.proof,
            "text": disproof.text,
            "reason": disproof.reason,
            "verdict": verdict.to_json(),
        }


async def premises(call: Call, asked: schema.Premises) -> Json:
    where = call.session.find(asked.state).where
    async with call.engine(where) as lease:
        held = call.session.ready(asked.state, lease)
        pool = lease.engine.pool
        context = await pool.context(held.state, held.theorems)
        own = context.premises[::-1][: asked.most]
        near = (
            await pool.premises(held.state, asked.most - len(own)) if asked.most > len(own) else ()
        )
    return {
        "premises": [
            {"name": p.signature.shown, "statement": p.signature.type, "source": p.source or "file"}
            for p in (*own, *near)
        ]
    }


async def release(call: Call, asked: schema.Release) -> Json:
    call.session.release(asked.states)
    return {}


METHODS: dict[str, Method] = {
    "prove": Method(schema.Prove, prove, "search"),
    "cancel": Method(schema.Cancel, cancel, None),
    "check": Method(schema.Check, check),
    "goals": Method(schema.Goals, goals),
    "run_tactic": Method(schema.RunTactic, run_tactic),
    "suggest": Method(schema.Suggest, suggest_tactics),
    "refute": Method(schema.Refute, refute, "search"),
    "premises": Method(schema.Premises, premises),
    "release": Method(schema.Release, release, None),
}
"""By what stands after `/v1/`."""


def options_of(asked: SearchOptions) -> Options:
    """Raises `WrongUse` if more is asked for than one request may have."""
    if (asked.seconds or 0) > schema.MOST_SECONDS:
        raise WrongUse(f"options.seconds must be at most {schema.MOST_SECONDS:.0f}")
    if (asked.expansions or 0) > schema.MOST_EXPANSIONS:
        raise WrongUse(f"options.expansions must be at most {schema.MOST_EXPANSIONS}")
    budget = Budget(asked.expansions, asked.tokens, asked.heartbeats, asked.seconds)
    return Options(
        budget,
        asked.seed,
        paranoid=asked.paranoid,
        refute=asked.refute,
        discover=asked.discover,
    )


@contextlib.contextmanager
def _named(session: Session, name: str | None, job: Job) -> Any:
    """A job under a name of its session while it runs."""
    if name is None:
        yield
        return
    session.jobs[name] = job
    try:
        yield
    finally:
        session.jobs.pop(name, None)


def _after(session: Session, lease: Lease, held: Held, tactic: str, children: Any) -> list[Json]:
    history = (*held.history, tactic)
    return [
        asdict(session.show(lease, replace(held, state=child, history=history)))
        for child in children
    ]


def _offsets(text: str) -> Callable[[int], int]:
    """From a byte offset in a text as Lean reads it to the one in the text as it was given, which may
    have a byte order mark and other line ends."""
    data = text.encode()
    mark = len(BOM.encode()) if text.startswith(BOM) else 0
    returns = [found.start() - mark for found in re.finditer(b"\r\n", data)]
    ends = [place - count for count, place in enumerate(returns)]
    return lambda at: at + mark + bisect_left(ends, at)


def _owners(text: Elaborated) -> dict[int, str]:
    """The names of the declarations that the holes of a text are in, by where the holes begin."""
    found = targets.targets(text, text.declarations)
    return {hole.first: target.name for target in found for hole in target.holes}


def _theorems(text: Elaborated, at: int) -> list[Name]:
    """The theorems that stand before the command at a place, those of the header first."""
    before = [*text.head, *(c for c in text.commands if c.last <= at)]
    return [name for command in before for name in command.theorems]


def _last(text: Elaborated) -> Declaration | None:
    theorems = [d for d in text.declarations if d.listed and d.kind == "theorem"]
    return theorems[-1] if theorems else None
