"""How good the library theorems are that a goal is given:

    python tests/bench/bench_premises.py [--theorems 1200] [--lean-too] [--search 100] [--out FILE]

The statements are theorems of Init and Std, drawn by a hash of their names. What a proof needs is
what Lean names itself: a statement that `simp?` or `grind?` proves without the theorem tells which
theorems the proof uses (`simp only [...]`, `grind only [...]`); proofs of imported theorems are not in
the public part of a library. Recall@32 is the share of these among the first 32 premises, the theorem
itself left out, over the statements whose proof names at least one. With `--lean-too`, the same for
what `suggestions` prints, Lean's own selection (Sine Qua Non, and MePo for every fourth).

`--search` also searches so many of the statements about lists, arrays, options and numbers twice, with
the premises and without them, where nothing in the portfolio may ask for the theorem itself (no
`exact?`), and counts only those where the first visit without them does not end it.
"""

import argparse
import asyncio
import hashlib
import json
import re
import time
from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from prover.data.library import LIBRARY, Module, read_modules, read_statements
from prover.generate.portfolio import Portfolio
from prover.lean.limits import Limits
from prover.lean.pool import LeanPool
from prover.lean.toolchain import find_lean
from search.best_first import BestFirst
from search.budget import Budget
from search.interfaces import Progress, Request, State, Suggestion
from search.premises import Entry, Library
from search.scheduler import Scheduler

MOST = 32
INSIDE = ("Init.Grind", "Init.Omega", "Std.Tactic", "Std.Sat", "Init.Data.BitVec", "Std.Time")
TOPICS = ("List.", "Nat.", "Option.", "Int.", "Array.", "Bool.")
SELECTORS = {
    "Sine Qua Non": ("import Lean.LibrarySuggestions.Default\n", "", 1),
    "MePo": (
        "import Lean.LibrarySuggestions.Default\nimport Lean.LibrarySuggestions.MePo\n",
        "set_library_suggestions Lean.LibrarySuggestions.mepoSelector (useRarity := true)\n",
        4,
    ),
}


@dataclass
class Problem:
    """A theorem of the library as a statement, and the theorems that a proof of it uses."""

    name: str
    statement: str
    state: State
    used: set[str] = field(default_factory=set)


class Others(Library):
    """A library without one of its theorems."""

    def __init__(self, library: Library, name: str) -> None:
        self._library = library
        self._name = name

    def ranked(
        self, constants: Collection[str], most: int, without: Collection[str] = ()
    ) -> list[Entry]:
        return self._library.ranked(constants, most, {self._name, *without})


class Honest(Portfolio):
    """The portfolio without questions to Lean, which the theorem itself would answer."""

    async def generate(
        self, requests: Sequence[Request]
    ) -> AsyncGenerator[tuple[int, Suggestion], None]:
        """Yields what the portfolio suggests and may be used here."""
        async for index, suggestion in super().generate(requests):
            if "?" not in suggestion.tactic:
                yield index, suggestion


async def read_problems(pool: LeanPool, count: int) -> list[Problem]:
    """Statements with their goals, spread over the library."""
    names = [
        name
        for module in await read_modules(pool)
        if not module.name.startswith(INSIDE)
        for name in module.theorems
    ]
    names.sort(key=lambda name: hashlib.sha256(name.encode()).digest())
    theorems = await read_statements(pool, Module("", (), tuple(names[:count])), batch=100)
    problems = []
    for start in range(0, len(theorems), 100):
        some = theorems[start : start + 100]
        text = "".join(f"{theorem.statement} := by sorry\n" for theorem in some)
        done = await pool.elaborate(LIBRARY, text)
        holes = {hole.first: hole.state for hole in done.holes}
        for theorem, declaration in zip(some, done.declarations, strict=True):
            inside = [at for at in holes if declaration.first <= at < declaration.last]
            problems.append(Problem(theorem.name, theorem.statement, holes[inside[0]]))
    return problems


async def find_used(pool: LeanPool, problem: Problem) -> None:
    """Fills in which theorems a proof uses, by the first tactic that finds one."""
    library = await pool.library(problem.state)
    assert library is not None
    name = problem.name
    tactics = (f"simp? [-{name}]", "simp?", f"grind? [-{name}]", "grind?", f"simp_all? [-{name}]")
    for tactic in tactics:
        outcome = await pool.run(problem.state, tactic)
        if not isinstance(outcome, Progress) or outcome.children:
            continue
        words = set(re.findall(r"[^\s,\[\]←=!()]+", outcome.tactic.partition("[")[2]))
        if name not in words:
            problem.used = {word for word in words if word in library}
            return


def recall(problems: Sequence[Problem], given: dict[str, list[str]]) -> float:
    shares = [
        len(p.used & set([n for n in given[p.name] if n != p.name][:MOST])) / len(p.used)
        for p in problems
        if p.name in given
    ]
    return sum(shares) / len(shares)


async def measure_recall(pool: LeanPool, problems: Sequence[Problem], lean_too: bool) -> None:
    for problem in problems:
        await find_used(pool, problem)
    problems = [problem for problem in problems if problem.used]
    mean = sum(len(problem.used) for problem in problems) / len(problems)
    print(f"{len(problems)} statements whose proof names theorems, {mean:.1f} each", flush=True)
    begin = time.monotonic()
    given = {}
    for p in problems:
        library = await pool.library(p.state)
        assert library is not None
        entries = library.ranked(p.state.goals[0].constants, MOST, {p.name})
        given[p.name] = [entry.name for entry in entries]
    each = (time.monotonic() - begin) / len(problems)
    print(f"index: recall@{MOST} {recall(problems, given):.3f}, {1000 * each:.0f} ms", flush=True)
    for who, (imports, option, every) in SELECTORS.items() if lean_too else ():
        header = LIBRARY.replace("import Std\n", f"import Std\n{imports}")
        given, begin = {}, time.monotonic()
        for p in problems[::every]:
            text = f"{option}{p.statement} := by\n  suggestions\n  sorry"
            done = await pool.elaborate(header, text)
            told = [m.text for m in done.messages if m.text.startswith("Library suggestions")]
            given[p.name] = re.findall(r"\n  (\S+)", told[0]) if told else []
        each = (time.monotonic() - begin) / len(given)
        some = [p for p in problems if p.name in given]
        there = recall(some, given)
        print(f"{who}: recall@{MOST} {there:.3f} of {len(some)}, {1000 * each:.0f} ms", flush=True)


async def measure_search(pool: LeanPool, problems: Sequence[Problem], out: Path | None) -> None:
    """Proved with and without premises."""
    proved = {"without": 0, "with": 0}
    spent = {"without": 0.0, "with": 0.0}
    hard = 0
    async with Scheduler(pool) as scheduler:

        async def search(problem: Problem, who: str) -> tuple[bool, int]:
            context = await pool.context(problem.state)
            if who == "with":
                library = await pool.library(problem.state)
                assert library is not None
                context = replace(context, library=Others(library, problem.name))
            budget = Budget(expansions=30, seconds=25.0)
            best = BestFirst(problem.state, width=8, budget=budget, context=context)
            begin = time.monotonic()
            result = await scheduler.run(best, Honest())
            seconds = time.monotonic() - begin
            if out is not None:
                row = {
                    "name": problem.name,
                    "who": who,
                    "proof": result.proof,
                    "expansions": best.spent.expansions,
                    "seconds": seconds,
                }
                with out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
            spent[who] += seconds
            return result.proof is not None, best.spent.expansions

        for problem in problems:
            done, expansions = await search(problem, "without")
            if done and expansions == 1:
                continue
            hard += 1
            proved["without"] += done
            proved["with"] += (await search(problem, "with"))[0]
    print(f"{len(problems)} statements, {hard} not proved at the first visit without premises")
    for who, number in proved.items():
        print(f"{who} premises: {number} of {hard} in {spent[who]:.0f} s", flush=True)


async def main(count: int, lean_too: bool, searched: int, out: Path | None) -> None:
    lean = find_lean(Path.cwd(), "embedded")
    limits = Limits(tactic_seconds=20.0, memory_mb=6_000)
    async with LeanPool(lean, limits=limits) as pool:
        problems = await read_problems(pool, count)
        if searched:
            near = [problem for problem in problems if problem.name.startswith(TOPICS)]
            await measure_search(pool, near[:searched], out)
        await measure_recall(pool, problems, lean_too)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--theorems", type=int, default=1200)
    parser.add_argument("--lean-too", action="store_true")
    parser.add_argument("--search", type=int, default=0)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    asyncio.run(main(args.theorems, args.lean_too, args.search, args.out))
