"""From drafts to data: what Lean elaborates, which scripts prove it, and the steps they take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from prover.data.theorems.statement import Draft, Row, Script
from prover.lean.pool import LeanPool
from prover.lean.source import BARE_HEADER
from prover.lean.worker import ElaborationFailed
from prover.verify.judge import Judge
from prover.verify.layers import Judgement, judge_declarations
from search.interfaces import Failure, State


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a proof: the state it works on, its tactic, and how many states were open then."""

    state: State
    tactic: str
    open: int


@dataclass(frozen=True, slots=True)
class Elaborated:
    """A draft that Lean accepted as a statement, with its goal."""

    draft: Draft
    row: Row
    state: State


def full_header(draft: Draft) -> str:
    """The header that a statement elaborates after; misspelled names in it are errors."""
    return BARE_HEADER + draft.header


async def elaborate(
    pool: LeanPool, drafts: Iterable[Draft], *, batch: int = 50
) -> tuple[list[Elaborated], dict[str, str]]:
    """The drafts that elaborate, and for the others Lean's complaint, by name.

    Raises:
        ElaborationFailed: Lean died of a text twice.
    """
    good: list[Elaborated] = []
    bad: dict[str, str] = {}
    for header, group in groupby(sorted(drafts, key=full_header), full_header):
        some = list(group)
        for start in range(0, len(some), batch):
            part = some[start : start + batch]
            text = "".join(f"{d.statement} := by sorry\n" for d in part)
            try:
                done = await pool.elaborate(header, text)
            except ElaborationFailed as failed:
                if failed.kind in ("timeout", "memory", "crash"):
                    raise
                bad |= {d.name: str(failed) for d in part}
                continue
            errors = {m.line: m.text for m in reversed(done.errors)}
            starts = [0]
            for line in text.encode().splitlines(keepends=True):
                starts.append(starts[-1] + len(line))
            holes = {hole.first: hole.state for hole in done.holes}
            for index, draft in enumerate(part):
                places = [p for p in holes if starts[index] <= p < starts[index + 1]]
                if index + 1 in errors or len(places) != 1:
                    bad[draft.name] = errors.get(index + 1, "no single goal")
                    continue
                state = holes[places[0]]
                key = state.key.split(".")[0]
                good.append(Elaborated(draft, Row.of(draft, key), state))
    return good, bad


async def run_script(pool: LeanPool, state: State, script: Script) -> list[Step] | None:
    """The steps of a script that closes a state, or None if it does not. All states but the first
    are released."""
    steps: list[Step] = []
    goals = [state]
    made: list[State] = []
    try:
        for tactic in script:
            if not goals:
                return None
            outcome = await pool.run(goals[0], tactic)
            if isinstance(outcome, Failure):
                return None
            steps.append(Step(goals[0], tactic, len(goals)))
            made += outcome.children
            order = dict.fromkeys(outcome.goal_order)
            goals[:1] = [outcome.children[i] for i in order]
        return None if goals else steps
    finally:
        pool.release(made)


async def first_script(
    pool: LeanPool, state: State, scripts: Sequence[Script]
) -> tuple[Script, list[Step]] | None:
    """The first of some scripts that closes a state, with its steps."""
    for script in scripts:
        steps = await run_script(pool, state, script)
        if steps is not None:
            return script, steps
    return None


def rest_of(steps: Sequence[Step], index: int) -> Script:
    """The steps that prove the state of one step, from that one on."""
    last = index + 1
    while last < len(steps) and steps[last].open >= steps[index].open:
        last += 1
    return tuple(step.tactic for step in steps[index:last])


def with_proof(draft: Draft, script: Script) -> str:
    """The statement with a script for its proof."""
    body = "\n".join(script).replace("\n", "\n  ")
    return f"{draft.statement} := by\n  {body}\n"


async def judge_scripts(
    pool: LeanPool, judge: Judge, proofs: Sequence[tuple[Draft, Script]], *, batch: int = 25
) -> dict[str, Judgement]:
    """The verdict on each proof, elaborated from scratch and held against its statement, by name.

    Raises:
        ElaborationFailed: Lean died of a text twice.
    """
    verdicts: dict[str, Judgement] = {}
    order = sorted(proofs, key=lambda proof: full_header(proof[0]))
    for header, group in groupby(order, lambda proof: full_header(proof[0])):
        some = list(group)
        for start in range(0, len(some), batch):
            part = some[start : start + batch]
            trusted = "".join(f"{d.statement} := by sorry\n" for d, _ in part)
            for draft, verdict in zip(
                (d for d, _ in part),
                await _judged(pool, judge, header, trusted, part),
                strict=True,
            ):
                verdicts[draft.name] = verdict
    return verdicts


async def _judged(
    pool: LeanPool, judge: Judge, header: str, trusted: str, part: Sequence[tuple[Draft, Script]]
) -> list[Judgement]:
    text = "".join(with_proof(d, s) for d, s in part)
    asked = await pool.elaborate(header, trusted, holes=False)
    given = await pool.elaborate_apart(header, text)
    wanted, found = ({d.name: d for d in done.declarations} for done in (asked, given))
    pairs = [(wanted[d.name], found.get(d.name)) for d, _ in part]
    return await judge_declarations(judge, given, pairs, asked)
