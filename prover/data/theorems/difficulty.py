"""How hard statements are: what a search over the portfolio proves of a sample."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from prover.api import Options, Prover, Settings, StatementError
from prover.files import read_jsonl
from prover.lean.limits import Limits
from search.budget import Budget


async def measure(
    statements: Path, out: Path, sample: int, expansions: int, seconds: float
) -> None:
    """Searches for proofs of the `sample` statements with the smallest hashes, and appends what
    came of each to `out`, whose statements are not tried again."""
    rows = sorted(read_jsonl(statements), key=lambda row: str(row["statement_sha256"]))[:sample]
    done = {row["statement_sha256"] for row in read_jsonl(out)} if out.exists() else set()
    budget = Budget(expansions=expansions, seconds=seconds)
    limits = Limits(start_seconds=1800.0, elab_seconds=1800.0)
    settings = Settings(lean="embedded", jobs=1, limits=limits)
    options = Options(budget, refute=False, discover=False)
    async with Prover(settings, options) as prover:
        for row in rows:
            if row["statement_sha256"] in done:
                continue
            answer = await _attempt(prover, row)
            with out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(answer, ensure_ascii=False) + "\n")


async def _attempt(prover: Prover, row: dict[str, Any]) -> dict[str, Any]:
    answer = {k: row[k] for k in ("name", "family", "statement_sha256")}
    answer |= {"template": row["knobs"]["template"], "operator": row["knobs"].get("operator", "")}
    try:
        verdict = await prover.prove(row["statement"], header=row["header"])
    except StatementError as error:
        return answer | {"outcome": "not elaborating", "reason": str(error)}
    return answer | {
        "outcome": str(verdict.outcome),
        "reason": verdict.reason,
        "expansions": verdict.spent.expansions,
        "tactics": verdict.spent.tactics,
        "seconds": round(verdict.spent.seconds, 2),
        "proof": verdict.proof,
    }


def table(out: Path) -> str:
    """Shares by family: proved at the first expansion, proved, not proved within the budget, and of
    those how many because the wall time was over."""
    rows = defaultdict(list)
    for row in read_jsonl(out):
        rows[row["family"]].append(row)
        rows["all"].append(row)
    lines = [
        "| family | statements | proved in one expansion | proved | not proved | of these by the clock |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for family in [*sorted(rows.keys() - {"all"}), "all"]:
        some = rows[family]
        proved = [r for r in some if r["outcome"] == "proved"]
        once = [r for r in proved if r["expansions"] <= 1]
        clock = [r for r in some if "seconds" in r.get("reason", "")]
        lines.append(
            f"| {family} | {len(some)} | {len(once)} | {len(proved)} "
            f"| {len(some) - len(proved)} | {len(clock)} |"
        )
    return "\n".join(lines)
