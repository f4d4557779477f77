"""Prints the table of the acceptance suite; exit code 1 if one answer is wrong."""

import asyncio
import sys
import time

from rich.console import Console
from rich.table import Table

from tests.acceptance.suite import PATHS, Result, Suite, read_cases


async def main(wanted: list[str]) -> int:
    cases = [case for case in read_cases() if not wanted or any(w in case.name for w in wanted)]
    begin = time.monotonic()
    async with Suite() as suite:
        results = await suite.run(cases, on_done=lambda name: print(name, file=sys.stderr))
        version = suite.prover.lean.version
    show(results)
    accepts = sum(len(result.false_accepts) for result in results)
    rejects = sum(len(result.false_rejects) for result in results)
    asked = sum(len(result.bogus) + len(result.honest) for result in results)
    print(
        f"Lean {version}: {len(cases)} attacks, {asked} answers, {time.monotonic() - begin:.0f} s; "
        f"false accepts: {accepts}; false rejects: {rejects}"
    )
    return 1 if accepts or rejects else 0


def show(results: list[Result]) -> None:
    table = Table(
        "threat", "attack", *(f"refused: {path}" for path in PATHS), "honest twin", show_lines=False
    )
    for result in results:
        cells = []
        for path in PATHS:
            answer = result.bogus.get(path)
            if answer is None:
                cells.append("")
            elif answer.accepted:
                cells.append("[red]ACCEPTED[/]")
            else:
                cells.append(", ".join(answer.refused_by))
        bad = result.false_rejects
        honest = f"[red]REFUSED: {', '.join(bad)}[/]" if bad else "accepted"
        table.add_row(str(result.case.threat), result.case.name, *cells, honest)
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    console.print(table)
    for result in results:
        for path in result.false_rejects:
            console.print(f"{result.case.name}, {path}: {result.honest[path].reason}", markup=False)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
