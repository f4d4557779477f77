"""How much of a benchmark's informal text the controlled language reads.

    python tests/bench/bench_words.py ../shared/data/minif2f/minif2f.jsonl [--examples 10]

Of the rows whose formal statement needs no Mathlib (by the names in it): how many informal
statements are read as Lean, how many of the formal statements the language understands by their
form, and how many informal proofs are read as proofs of the formal statement. Nothing is proved, so
a statement that is read need not say what the formal one does. What stops the others is counted by
its first words. With `--examples`, some of what is read is printed.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from prover.informal.language import NotUnderstood, read_proof, read_statement
from prover.informal.language.lean import statement_of
from prover.informal.language.parse import parsed, sentences
from prover.informal.language.tokens import Source

MATHLIB = re.compile(
    r"ℝ|ℂ|ℚ|NNReal|Real|Complex|Finset|∑|∏|Set|Nat\.|Int\.|!|ZMod|Even|Odd|sqrt|≃|IsLeast|IsGreatest|"
    r"Irrational|abs|\[(MOD|ZMOD)|\||¡"
)


def readable_sentences(text: str) -> tuple[int, int]:
    """How many sentences of a proof the grammar takes, and how many there are."""
    source = Source(text)
    try:
        there = sentences(source, 0, len(text))
    except NotUnderstood:
        return 0, max(1, text.count(". "))
    good = 0
    for one in there:
        try:
            parsed(source, one, "proof_sentence")
            good += 1
        except NotUnderstood:
            pass
    return good, len(there)


def count(rows: list[dict[str, Any]], examples: int) -> None:
    counts: Counter[str] = Counter()
    why: dict[str, Counter[str]] = {"statement": Counter(), "proof": Counter()}
    shown: list[str] = []
    good = total = 0
    for row in rows:
        formal = statement_of(row["statement"] + " := by sorry\n", row["name"])
        known = formal.given.goal is not None
        opaque = any(e.head == "opaque" for _, e in formal.given.facts)
        counts["formal statements understood"] += known and not opaque
        try:
            one = read_statement(row["informal_statement"])
            counts["informal statements read"] += 1
            shown.append(f"{row['name']}\n  {' '.join(one.lean.split())}")
        except NotUnderstood as error:
            why["statement"][_reason(error)] += 1
        some, of = readable_sentences(row["informal_proof"])
        good, total = good + some, total + of
        try:
            read_proof(row["informal_proof"], formal)
            counts["informal proofs read"] += 1
            shown.append(f"{row['name']}, its proof")
        except NotUnderstood as error:
            why["proof"][_reason(error)] += 1
    print(f"| of {len(rows)} core-Lean rows | |\n| --- | --- |")
    for what in (
        "formal statements understood",
        "informal statements read",
        "informal proofs read",
    ):
        print(f"| {what} | {counts[what]} |")
    print(f"| sentences of the proofs that the grammar takes | {good} of {total} |")
    for kind, reasons in why.items():
        print(f"\nwhat stops a {kind}:")
        for reason, number in reasons.most_common(8):
            print(f"  {number:4} {reason}")
    print("\n".join(["", *shown[:examples]]))


def _reason(error: NotUnderstood) -> str:
    what = error.message.rpartition("”: ")[2]
    return what.split(": expected")[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--examples", type=int, default=0)
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.rows.read_text("utf-8").splitlines()]
    count([row for row in rows if not MATHLIB.search(row["statement"])], options.examples)


if __name__ == "__main__":
    main()
