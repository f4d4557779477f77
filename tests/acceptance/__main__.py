"""Prints the table of the acceptance suite; exit code 1 if one answer is wrong.

Words on the command line choose the cases whose name or kind holds one of them.
"""

import asyncio
import sys
import time
from collections import defaultdict

from rich.console import Console
from rich.table import Table

from tests.acceptance.suite import Case, Result, Suite, read_cases


async def main(wanted: list[str]) -> int:
    cases = [case for case in read_cases() if _is_wanted(case, wanted)]
    begin = time.monotonic()
    async with Suite() as suite:
        results = await suite.run(cases, on_done=_say)
        version = suite.prover.lean.version
    show(results)
    accepts = sum(len(result.false_accepts) for result in results)
    rejects = sum(len(result.false_rejects) for result in results)
    asked = sum(len(result.replies) for result in results)
    print(
        f"Lean {version}: {len(cases)} cases, {asked} answers, {time.monotonic() - begin:.0f} s; "
        f"false accepts: {accepts}; false rejects: {rejects}"
    )
    return 1 if accepts or rejects else 0


def _is_wanted(case: Case, wanted: list[str]) -> bool:
    return not wanted or any(word in f"{case.name} {case.kind}" for word in wanted)


def _say(result: Result) -> None:
    print(f"{result.seconds:6.1f} s  {result.case.name}", file=sys.stderr, flush=True)
    for fault in result.false_accepts:
        print(f"    ACCEPTED: {fault}", file=sys.stderr, flush=True)
    for fault in result.false_rejects:
        print(f"    REFUSED: {fault}", file=sys.stderr, flush=True)


def show(results: list[Result]) -> None:
    """A row for each kind, and what was answered wrongly."""
    kinds: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        kinds[result.case.kind].append(result)
    table = Table("kind", "cases", "bogus", "honest", "false accepts", "false rejects", "seconds")
    for kind, found in sorted(kinds.items()):
        acts = [act for result in found for act, _ in result.replies]
        bogus = sum(act.bogus for act in acts)
        table.add_row(
            kind,
            str(len(found)),
            str(bogus),
            str(sum(act.honest for act in acts)),
            _count(sum(len(result.false_accepts) for result in found)),
            _count(sum(len(result.false_rejects) for result in found)),
            f"{sum(result.seconds for result in found):.1f}",
        )
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    console.print(table)
    for result in results:
        for fault in result.false_accepts:
            console.print(f"{result.case.name}: ACCEPTED: {fault}", markup=False)
        for fault in result.false_rejects:
            console.print(f"{result.case.name}: REFUSED: {fault}", markup=False)


def _count(wrong: int) -> str:
    return f"[red]{wrong}[/]" if wrong else "0"


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
