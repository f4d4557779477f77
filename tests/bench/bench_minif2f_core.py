"""What search over the portfolio proves of miniF2F's statements that core Lean can read.

    python tests/bench/bench_minif2f_core.py path/to/minif2f.jsonl [--expansions 600] [--out FILE]

Every statement is attempted; those that do not elaborate without Mathlib are listed with Lean's
reason and stay in the denominator. One JSON line is written for each statement as soon as its
answer is known; a second run with the same file goes on where the first one stopped. The last line
of the table is the ratio of theorems proved to those proved by a single tactic, in this one run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from prover.api import Options, Prover, Settings, StatementError
from search.budget import Budget

HEADER = 'notation "ℕ" => Nat\nnotation "ℤ" => Int\n'


async def attempt(prover: Prover, row: dict[str, Any]) -> dict[str, Any]:
    begin = time.monotonic()
    answer: dict[str, Any] = {"name": row["name"], "split": row["split"]}
    try:
        verdict = await prover.prove(row["statement"], header=HEADER)
    except StatementError as error:
        reason = str(error).splitlines()[0]
        return answer | {"outcome": "not elaborating", "reason": reason}
    spent = verdict.spent
    return answer | {
        "outcome": str(verdict.outcome),
        "reason": verdict.reason,
        "expansions": spent.expansions,
        "tactics": spent.tactics,
        "heartbeats": spent.heartbeats,
        "seconds": round(time.monotonic() - begin, 2),
        "proof": verdict.proof,
        "axioms": verdict.axioms,
        "type_hash": verdict.type_hash,
    }


async def run(rows: list[dict[str, Any]], out: Path, prover: Prover, together: int) -> None:
    limit = asyncio.Semaphore(together)
    async with prover:

        async def one(row: dict[str, Any]) -> None:
            async with limit:
                answer = await attempt(prover, row)
            with out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(answer, ensure_ascii=False) + "\n")
            print(f"{answer['outcome']:<16} {answer['name']}", file=sys.stderr, flush=True)

        await asyncio.gather(*(one(row) for row in rows))


def table(answers: list[dict[str, Any]]) -> None:
    print("| split | proved | gave up | other | not elaborating | all |")
    print("| --- | --- | --- | --- | --- | --- |")
    for split in ("valid", "test", None):
        some = [a for a in answers if split in (None, a["split"])]
        count = Counter(a["outcome"] for a in some)
        other = len(some) - count["proved"] - count["gave_up"] - count["not elaborating"]
        print(
            f"| {split or 'both'} | {count['proved']} | {count['gave_up']} | {other} "
            f"| {count['not elaborating']} | {len(some)} |"
        )
    proved = [a for a in answers if a["outcome"] == "proved"]
    one = [a for a in proved if "\n" not in a["proof"]]
    print(f"proved ÷ proved by one tactic: {len(proved)} ÷ {len(one)}", end="")
    print(f" = {len(proved) / len(one):.2f}" if one else "")
    for outcome in ("proved", "gave_up"):
        names = [f"{a['name']} ({a['expansions']})" for a in answers if a["outcome"] == outcome]
        print(f"\n{outcome} (expansions): {', '.join(sorted(names))}")
    print("\nnot elaborating, by Lean's first complaint:")
    reasons = Counter(
        a["reason"].split(": ", 2)[-1] for a in answers if a["outcome"] == "not elaborating"
    )
    for reason, number in reasons.most_common(12):
        print(f"  {number:4} {reason}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("statements", type=Path)
    parser.add_argument("--out", type=Path, default=Path("minif2f_core.jsonl"))
    parser.add_argument("--expansions", type=int, default=600)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--together", type=int, default=4, help="searches at a time")
    parser.add_argument("--jobs", type=int, default=None)
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.statements.read_text("utf-8").splitlines()]
    answers: list[dict[str, Any]] = []
    if options.out.exists():
        answers = [json.loads(line) for line in options.out.read_text("utf-8").splitlines()]
    done = {answer["name"] for answer in answers}
    budget = Budget(expansions=options.expansions, seconds=options.seconds)
    prover = Prover(Settings(jobs=options.jobs), Options(budget))
    left = [r for r in rows if r["name"] not in done]
    asyncio.run(run(left, options.out, prover, options.together))
    table([json.loads(line) for line in options.out.read_text("utf-8").splitlines()])


if __name__ == "__main__":
    main()
