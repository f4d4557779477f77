"""What is wrong with the statements of a benchmark, as far as a prover can tell.

A benchmark's score means little if a statement holds for no reason, if its hypotheses contradict
each other, or if it is false. Each of these can be proved, and then it is certain.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from prover.api import Prover, StatementError
from prover.engine.scrutiny import Scrutiny, scrutinise
from prover.errors import WrongUse
from prover.files import read_text


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Scrutiny):
    """What was found out about a statement with one Lean. If it does not elaborate, `error` says why,
    and `type_hash` is empty."""

    name: str
    statement_sha256: str
    lean: str
    type_hash: str = ""
    error: str | None = None


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
    return {"name": finding.name, **asdict(finding)}


async def audit(prover: Prover, problems: Iterable[Problem]) -> AsyncIterator[Finding]:
    """Looks at statements one by one, with the options of the prover for each search."""
    for problem in problems:
        yield await _look_at(prover, problem)


async def _look_at(prover: Prover, problem: Problem) -> Finding:
    about = {
        "name": problem.name,
        "statement_sha256": problem.sha256,
        "lean": prover.lean.version,
    }
    try:
        seen = await scrutinise(
            prover.engine, problem.statement, problem.header, options=prover.options
        )
    except StatementError as error:
        return Finding(**about, error=str(error))
    return Finding(**about, **asdict(seen))


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
