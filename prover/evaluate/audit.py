"""What is wrong with the statements of a benchmark, as far as a prover can tell.

A benchmark's score means little if a statement holds for no reason, if its hypotheses contradict
each other, or if it is false. Each of these can be proved, and then it is certain.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from prover.api import Prover, StatementError
from prover.engine import targets
from prover.engine.refute import STUDY, Disproof, Refuter, Unanswered
from prover.errors import WrongUse
from prover.files import read_text
from prover.lean.source import with_options
from search.interfaces import Progress

TRIVIAL = ("rfl", "assumption", "trivial", "decide")
"""What closes a statement that says nothing, or that mere evaluation decides."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A benchmark's statement, without `:= by sorry`, and what stands before it."""

    name: str
    statement: str
    header: str = ""

    @property
    def sha256(self) -> str:
        """Of the statement in UTF-8."""
        return hashlib.sha256(self.statement.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about a statement with one Lean.

    `type_hash` is that of the elaborated type (SHA-256), empty if it does not elaborate: `error`
    says why. `trivial` is the tactic that closes it at once; `contradiction` a proof of `False` from
    its hypotheses; `negation` a proof that it is false, `counterexample` where, in words, if that is
    known. Both proofs have a verdict behind them. None means that none was found, not that there is
    none.
    """

    name: str
    statement_sha256: str
    lean: str
    type_hash: str = ""
    error: str | None = None
    trivial: str | None = None
    contradiction: str | None = None
    negation: str | None = None
    counterexample: str | None = None

    @property
    def wrong(self) -> bool:
        return self.contradiction is not None or self.negation is not None


def read_problems(path: Path, header: str | None = None) -> list[Problem]:
    """The problems of a JSONL file with `name`, `statement` and `header`, or of any such file whose
    rows have these; `header` replaces theirs.

    Raises:
        WrongUse: a row is not such an object; the message names its line.
    """
    problems = []
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            own = row.get("header", "") if header is None else header
            problems.append(Problem(row["name"], row["statement"], own))
        except (ValueError, KeyError, AttributeError) as error:
            raise WrongUse(f"{path}, line {number}: not a statement ({error!r})") from None
    return problems


def read_findings(path: Path, lean: str) -> dict[str, Finding]:
    """The findings of an earlier run with this Lean, by hash of the statement; a line that an
    interruption left half-written is passed over."""
    found = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8").split("\n"):
            try:
                finding = Finding(**json.loads(line))
            except (ValueError, TypeError):
                continue
            if finding.lean == lean:
                found[finding.statement_sha256] = finding
    return found


def to_row(finding: Finding) -> dict[str, Any]:
    return asdict(finding)


async def audit(prover: Prover, problems: Iterable[Problem]) -> AsyncIterator[Finding]:
    """Looks at statements one by one, with the options of the prover for each search."""
    for problem in problems:
        yield await _look_at(prover, problem)


async def _look_at(prover: Prover, problem: Problem) -> Finding:
    header = with_options(problem.header, problem.statement)
    lean = prover.lean.version
    try:
        type_hash = await prover.texts.type_hash(problem.statement, header=header)
        text, _, negation = await prover.texts.negated(problem.statement, header=header)
    except StatementError as error:
        return Finding(problem.name, problem.sha256, lean, error=str(error))
    disproof = await _disproof(prover, header, problem.statement)
    return Finding(
        problem.name,
        problem.sha256,
        lean,
        type_hash,
        trivial=await _trivial(prover, header, problem.statement),
        contradiction=await _contradiction(prover, header, problem.statement),
        negation=disproof.proof if disproof else await _proof(prover, text, negation),
        counterexample=disproof.counterexample or None if disproof else None,
    )


async def _disproof(prover: Prover, header: str, statement: str) -> Disproof | None:
    text = await prover.texts.open_statement(statement, header)
    prover.engine.pool.release([hole.state for hole in text.holes])
    declaration = targets.find_statement(text)
    if declaration is None:
        return None
    refuter = Refuter(prover.engine, prover.texts)
    try:
        return await refuter.disprove(header, text, declaration, STUDY)
    except Unanswered:
        return None


async def _trivial(prover: Prover, header: str, statement: str) -> str | None:
    holes = (await prover.texts.open_statement(statement, header)).holes
    try:
        for tactic in TRIVIAL if len(holes) == 1 else ():
            outcome = await prover.engine.pool.run(holes[0].state, tactic)
            if isinstance(outcome, Progress) and not outcome.children:
                return tactic
    finally:
        prover.engine.pool.release([hole.state for hole in holes])
    return None


async def _contradiction(prover: Prover, header: str, statement: str) -> str | None:
    """A proof of `False` from the hypotheses, unless `False` is what the statement claims."""
    text = await prover.texts.open_statement(statement, header)
    prover.engine.pool.release([hole.state for hole in text.holes])
    declaration = targets.find_statement(text)
    if declaration is None:
        return None
    plain = targets.opened(text, declaration, ":= by\n  intros\n  sorry")
    start = targets.opened(text, declaration, ":= by\n  intros\n  exfalso\n  sorry")
    if plain is None or start is None:
        return None
    done = await prover.engine.pool.elaborate(header, plain)
    goals = [hole.state.goals[0].target for hole in done.holes]
    prover.engine.pool.release([hole.state for hole in done.holes])
    if done.errors or goals == ["False"]:
        return None
    return await _proof(prover, header + start, declaration.name)


async def _proof(prover: Prover, text: str, name: str | None) -> str | None:
    try:
        options = replace(prover.options, refute=False, discover=False)
        verdict = (await prover.prove_text(text, name=name, options=options)).verdicts[-1]
    except StatementError:
        return None
    return verdict.proof if verdict.proved else None


def _at(finding: Finding) -> str:
    return f" at {finding.counterexample}" if finding.counterexample else ""


def report(findings: Sequence[Finding]) -> str:
    """A Markdown table of what was found, and counts."""
    lines = ["| statement | finding | proof |", "| --- | --- | --- |"]
    for f in findings:
        for what, proof in (
            ("its hypotheses contradict each other", f.contradiction),
            (f"it is false{_at(f)}: its negation is proved", f.negation),
            ("it is trivial", f.trivial),
        ):
            if proof is not None:
                code = proof.replace("|", "\\|").replace("\n", "<br>")
                lines.append(f"| {f.name} | {what} | `{code}` |")
    there = [f for f in findings if f.error is None]
    counts = (
        f"{len(findings)} statements, {len(there)} elaborate; "
        f"contradictory hypotheses: {sum(f.contradiction is not None for f in there)}; "
        f"false: {sum(f.negation is not None for f in there)}; "
        f"trivial: {sum(f.trivial is not None for f in there)}"
    )
    return "\n".join([*(lines if len(lines) > 2 else []), counts])
