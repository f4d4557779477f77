"""Checks proofs again from cold: those of a run, or those that others have released.

Every proof is elaborated and judged by Lean processes that had no part in finding it, against the
statement of the benchmark, never against one that comes with the proof.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prover.api import Prover, StatementError
from prover.engine.targets import find_statement
from prover.errors import WrongUse
from prover.evaluate.benchmark import CORE_HEADER, DECLARATION, Theorem, core
from prover.evaluate.run import Results, read_results
from prover.files import read_jsonl, read_text
from prover.lean.source import with_options
from prover.lean.worker import ElaborationFailed
from prover.verify.layers import Judgement
from prover.verify.verdict import Outcome, Verdict

CODE = ("code", "full_code", "formal_proof", "full_proof", "proof")
"""What others call the Lean text of a proof in JSON lines."""

_FENCE = re.compile(r"```(?:lean4?|tactics)?\n(.*?)```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Claim:
    """A text that is said to prove a theorem of a benchmark. `alone`: it is nothing but a tactic
    block, to be put below the statement, and may be nothing else. `problem` says why it need not even be looked at.
    `type_hash` is what the run noted of the theorem, with its Lean."""

    name: str
    text: str
    theorem: Theorem | None
    alone: bool = False
    problem: str = ""
    type_hash: str = ""
    lean: str = ""


@dataclass(frozen=True, slots=True)
class Rechecked:
    """What came of a claim: the outcome of its verdict, or `not checked`."""

    name: str
    outcome: str
    reason: str
    seconds: float
    axioms: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()

    @property
    def proved(self) -> bool:
        return self.outcome == "proved"


def is_results(path: Path) -> bool:
    """Whether a file is one of results of a run."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.readline(64).startswith(b'{"run":')


def claims_of_run(results: Results, theorems: Sequence[Theorem]) -> list[Claim]:
    """The proofs of a run, each different one once."""
    known = {theorem.name: theorem for theorem in theorems}
    subset = results.settings["subset"]
    found: dict[tuple[str, str], Claim] = {}
    for row in results.rows.values():
        if row["outcome"] != "proved":
            continue
        theorem, problem = known.get(row["name"]), ""
        if theorem is None:
            problem = "the benchmark has no such theorem"
        elif theorem.sha256 != row["statement_sha256"]:
            problem = "the row is about another statement than the benchmark's"
        elif not isinstance(row.get("proof"), str):
            problem = "the row has no proof"
        if theorem is None or problem:
            found[row["name"], ""] = Claim(row["name"], "", None, problem=problem)
            continue
        theorem = core(theorem) if subset == "core" else theorem
        claim = Claim(
            theorem.name,
            row.get("text") or row["proof"],
            theorem,
            "text" not in row,
            type_hash=row.get("type_hash", ""),
            lean=results.settings["lean"],
        )
        found.setdefault((claim.name, claim.text), claim)
    return list(found.values())


def released_claims(path: Path, theorems: Sequence[Theorem], subset: str = "") -> list[Claim]:
    """Proofs that others released: a folder of Lean files with the theorems' names, or JSON lines
    with `name` and `code` (or another name of `CODE`), a whole text or a proof alone.

    Raises:
        WrongUse: there is nothing of the kind.
    """
    known = {theorem.name.lower(): theorem for theorem in theorems}
    found = []
    for name, code in _released(path):
        theorem = known.get(name.lower())
        if theorem is None:
            found.append(Claim(name, "", None, problem="the benchmark has no such theorem"))
            continue
        theorem = core(theorem) if subset == "core" else theorem
        alone = not DECLARATION.search(code)
        if not alone and subset == "core":
            code = CORE_HEADER + _without_header(code)
        found.append(Claim(theorem.name, code, theorem, alone))
    if not found:
        raise WrongUse(f"{path} holds no proofs")
    return found


def _released(path: Path) -> Iterator[tuple[str, str]]:
    if path.is_dir():
        for file in sorted(path.rglob("*.lean")):
            yield file.stem, read_text(file)
        return
    for number, row in enumerate(read_jsonl(path), 1):
        given = row if isinstance(row, dict) else {}
        code = next((given[key] for key in CODE if isinstance(given.get(key), str)), None)
        if not isinstance(given.get("name"), str) or code is None:
            raise WrongUse(f"{path}, line {number}: a row needs `name` and `code`")
        fenced = _FENCE.search(code)
        yield row["name"], fenced[1] if fenced else code


async def _asked(prover: Prover, theorem: Theorem) -> tuple[str, str]:
    """The benchmark's statement as a file with a hole, and what Lean calls it.

    Raises:
        StatementError: it does not elaborate, or declares nothing.
    """
    header = with_options(theorem.header, theorem.statement)
    text = await prover.texts.open_statement(theorem.statement, header)
    prover.engine.pool.release([hole.state for hole in text.holes])
    declaration = find_statement(text)
    if declaration is None:
        raise StatementError("the benchmark's statement declares nothing")
    return header + text.text, declaration.name


def _without_header(code: str) -> str:
    """A text without its imports, options and `open`s, for Mathlib's are not core Lean's."""
    line = r"(?:import|open|set_option)\b[^\n]*\n"
    return re.sub(rf"^(?:\s*{line})+", "", code).lstrip()


async def recheck(prover: Prover, claims: Sequence[Claim]) -> AsyncIterator[Rechecked]:
    """Checks claims one after another."""
    for claim in claims:
        begin = time.monotonic()
        outcome, reason, more = await _verdict(prover, claim)
        yield Rechecked(claim.name, outcome, reason, time.monotonic() - begin, **more)


async def _verdict(prover: Prover, claim: Claim) -> tuple[str, str, dict[str, Any]]:
    if claim.theorem is None:
        return "not checked", claim.problem, {}
    statement, header = claim.theorem.statement, claim.theorem.header
    verdict: Judgement | Verdict
    try:
        text = claim.text
        if claim.alone:
            verdict, text = await prover.texts.check_proof(statement, claim.text, header=header)
        if not claim.alone or prover.options.paranoid:
            statements, name = await _asked(prover, claim.theorem)
            (verdict,) = await prover.check_text(text, name=name, statements=statements)
    except (StatementError, ElaborationFailed) as error:
        return "not checked", str(error), {}
    more = {
        "axioms": verdict.axioms,
        "layers": tuple(layer.name for layer in verdict.layers if layer.passed),
    }
    noted = claim.type_hash if claim.lean == prover.lean.version else ""
    proved = verdict.outcome is Outcome.PROVED
    if proved and noted not in ("", verdict.type_hash):
        return "cheated", "the row's hash of the theorem's type is another one", more
    return str(verdict.outcome), verdict.reason, more


def load_claims(path: Path, theorems: Sequence[Theorem], subset: str) -> list[Claim]:
    """The proofs in a file of results, or in what others have released.

    Raises:
        WrongUse: they cannot be read.
    """
    if not path.exists():
        raise WrongUse(f"there is no {path}")
    if is_results(path):
        return claims_of_run(read_results(path), theorems)
    return released_claims(path, theorems, subset)
