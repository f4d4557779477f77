"""Statements for training that evolve, in the manner of Evol-Instruct and its instruction reward model
(WizardMath, Luo et al. 2023, arXiv 2308.09583), with Lean as the judge.

A round takes statements, makes children of them upward and downward (`prover.data.theorems.backward`,
and a language model and a conjecturer where there is one), looks at each, and keeps the best as the
statements of the next round. A conjecturer has learned from earlier children that are seldom proved,
as in self-play (STP, Dong & Ma 2025, arXiv 2502.00212). A round writes

    round_K/proposals.jsonl   all children, before any is looked at
    round_K/children.jsonl    each with its verdict, as soon as there is one
    round_K/statements.jsonl  those that are kept, for `prover train rounds`
    round_K/report.json       what came of it; its presence says that the round is complete

A child is refused for its `definition` (Lean does not accept it), its `precision` (it is known already,
or in a test, or contradicts itself, or is false) or its `integrity` (the portfolio proves it at once).
Only `children.jsonl` is added to; each other file appears whole. A verdict is a function of the child,
so that a run which was killed ends with the files of one that was not.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

from prover.api import Options, Prover, Settings, StatementError
from prover.data.decontaminate import Benchmark, Problem
from prover.data.lean_text import shapes
from prover.data.theorems.backward import (
    DEFINITION,
    DOWN,
    MOVES,
    PRECISION,
    UP,
    Child,
    Parent,
    composed,
    lifted,
    moved,
    of_goal,
    open_goal,
    open_parent,
)
from prover.data.theorems.corpus import all_held_out
from prover.data.theorems.statement import Row
from prover.engine.scrutiny import scrutinise
from prover.errors import WrongUse
from prover.files import (
    append_lines,
    mend,
    read_jsonl,
    read_text,
    same_settings,
    write_json,
    write_jsonl,
)
from prover.generate.portfolio import Portfolio
from prover.generate.prompts import Sampling
from prover.generate.transformers import TransformersGenerator
from prover.informal.candidates import read_candidate
from prover.informal.modelled import writing
from prover.informal.writer import Question, Writer
from prover.interrupt import in_thread
from prover.lean.limits import PATIENT
from prover.lean.pool import LeanPool
from prover.lean.source import with_hole
from prover.train.outcomes import read_training
from prover.train.resumable import stamp
from prover.train.rounds import attempt, success_counts
from prover.train.sft import Pair
from search.budget import Budget

INTEGRITY = "integrity"
"""What a refused child lacks that is too easy."""

DOUBT = Options(Budget(expansions=2, seconds=60.0), refute=False, discover=False)
"""What it may take to find that a child contradicts itself, or is false."""

HARDEST_SUCCESS = 0.25
"""Conjectures that are proved less often than this, but are proved, teach a conjecturer (STP)."""

CONJECTURES = 4
"""What a conjecturer draws for a statement."""

INSTRUCTIONS = {
    UP: (
        "You are given a theorem in Lean 4. Write a new theorem that is harder to prove and still "
        "true: generalise it, weaken a hypothesis, strengthen the conclusion, or have it take more "
        "steps of reasoning. It must not be a special case of the one that is given."
    ),
    DOWN: (
        "You are given a theorem in Lean 4. Write a new theorem that is easier to prove and still "
        "true: a special case, a part of the conclusion, or a lemma that a proof of the theorem "
        "would use. It must not be true by mere computation."
    ),
}
FORM = (
    " State all that it needs as variables and hypotheses, define nothing, and leave its proof as "
    "`sorry`. Answer with one block of Lean code."
)
SHOWN = "theorem double_lt (n : Nat) (h : n < 5) : 2 * n < 10 ∧ n ≠ 5"
EXAMPLES = {
    UP: "theorem double_lt_of_lt (m n : Nat) (h : n < m) : 2 * n + 1 < 2 * m ∧ n ≠ m",
    DOWN: "theorem ne_of_lt_five (n : Nat) (h : n < 5) : n ≠ 5",
}
"""What each instruction makes of the same theorem."""


@dataclass(frozen=True)
class Evolution:
    """How to evolve. A round makes children of `parents` statements and keeps the best `keep` of them.

    How hard a child is, is told by the Lean calls of a search by the portfolio with at most
    `expansions` expansions and `seconds` of wall time (a cap that should not bind: it depends on the
    machine); one that is proved with less than `fewest_calls` is trivial. `writer` is the model that
    writes children too, if there is one. `conjecturer` is the folder of a model that `prover train
    tactics` has trained on `conjectures`, if there is one: it draws `CONJECTURES` (4) children of each
    parent at temperature 1.
    """

    rounds: int = 3
    parents: int = 20
    keep: int = 20
    expansions: int = 16
    seconds: float = 300.0
    fewest_calls: int = 4
    seed: int = 0
    writer: str | None = None
    conjecturer: str | None = None


# A round


async def evolve(
    statements: Path,
    out: Path,
    settings: Evolution,
    *,
    benchmarks: Sequence[Problem] = (),
    attempts: Sequence[Path] = (),
    lean: str = "auto",
    jobs: int = 1,
    report: Callable[[str], None] = lambda line: None,
) -> list[dict[str, Any]]:
    """Evolves a file of statements (rows of `prover.data.theorems`) and gives the reports of all
    rounds. Rounds that are complete in `out` are not done again. `attempts` are files of `prover train
    rounds` with proofs, whose goals become statements; the proofs of kept children need no file.

    No child has the type of a statement of the tests, or contains one or a problem of `benchmarks`.

    Raises:
        WrongUse: a file is damaged (names the line), there is no statement for training, or `out` has
            rounds of other settings.
        TrainingError: the folder of the conjecturer holds no model.
        ModelError: the writer or the conjecturer cannot be had, or failed.
    """
    rows = read_training(statements, benchmarks)
    lines = [line for path in attempts for line in read_attempts(path)]
    proofs = {line["statement_sha256"]: line["pairs"] for line in lines if line.get("pairs")}
    about = json.dumps([[row.statement_sha256 for row in rows], proofs])
    identity = asdict(settings) | {"of": hashlib.sha256(about.encode()).hexdigest()}
    identity.pop("rounds")  # more of them can be added
    conjecturer = None
    if (folder := settings.conjecturer) is not None:
        identity["conjecturer"] = stamp(Path(folder))
        drawn = Sampling(CONJECTURES, temperature=1.0)
        conjecturer = await in_thread(
            lambda: TransformersGenerator.load(folder, form="prover", sampling=drawn)
        )
    same_settings(out / "settings.json", identity)
    tests = all_held_out()
    problems = [Problem(row.name, row.statement) for row in tests]
    forbidden = (Benchmark(benchmarks), Benchmark(problems, rules=("lean",)))
    async with AsyncExitStack() as stack:
        evolver = _Evolver(
            settings, rows, proofs, forbidden, stack, conjecturer, lean, jobs, report
        )
        return [await evolver.round(out, number) for number in range(settings.rounds)]


class _Evolver:
    """The rounds of a run. Lean and the writer start when they are needed."""

    def __init__(
        self,
        settings: Evolution,
        rows: Sequence[Row],
        proofs: Mapping[str, list[dict[str, str]]],
        forbidden: Sequence[Benchmark],
        stack: AsyncExitStack,
        conjecturer: TransformersGenerator | None,
        lean: str,
        jobs: int,
        report: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._rows = rows
        self._kept: list[Row] = []
        self._last: list[Row] = []
        self._proofs = dict(proofs)
        self._forbidden = forbidden
        self._known = {(row.header, row.key) for row in rows}
        self._stack = stack
        self._prover: Prover | None = None
        self._writer: Writer | None = None
        self._conjecturer = conjecturer
        self._settings_of_lean = Settings(lean=lean, jobs=jobs, limits=PATIENT)
        self._jobs = jobs
        self._report = report

    async def round(self, out: Path, number: int) -> dict[str, Any]:
        """One round, done or read; its report."""
        folder = out / f"round_{number}"
        if not (folder / "report.json").exists():
            self._report(f"round {number}")
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / "proposals.jsonl").exists():
                write_jsonl(folder / "proposals.jsonl", await self._propose(number))
            await self._judge(folder)
            self._finish(folder)
        for line in read_jsonl(folder / "children.jsonl"):
            self._note(line)
        self._last = [Row.from_json(row) for row in read_jsonl(folder / "statements.jsonl")]
        self._kept += self._last
        report: dict[str, Any] = json.loads((folder / "report.json").read_text("utf-8"))
        return report

    def _note(self, line: dict[str, Any]) -> None:
        """Has a child known, and its proof."""
        if line["row"] is not None:
            row = Row.from_json(line["row"])
            self._known.add((row.header, row.key))
            if line.get("pairs"):
                self._proofs[row.statement_sha256] = line["pairs"]

    async def _lean(self) -> Prover:
        if self._prover is None:
            self._prover = await self._stack.enter_async_context(Prover(self._settings_of_lean))
        return self._prover

    # Proposals

    def _parents(self, number: int) -> list[Row]:
        """What was kept in the round before, filled up with statements that were given."""
        count = self._settings.parents
        numbers = Random(f"parents {self._settings.seed} {number}")
        fresh = numbers.sample(self._rows, min(count, len(self._rows)))
        return [*self._last, *fresh][:count]

    async def _propose(self, number: int) -> list[dict[str, Any]]:
        pool = (await self._lean()).engine.pool
        opened: list[Parent] = []
        for row in self._parents(number):
            try:
                opened.append(await open_parent(pool, row))
            except StatementError as error:
                self._report(f"left out: {row.name}: {error.message.splitlines()[0]}")
        children: list[Child] = []
        for parent in opened:
            numbers = Random(f"{self._settings.seed} {number} {parent.row.statement_sha256}")
            pairs = self._proofs.get(parent.row.statement_sha256, ())
            tactics = {pair["state"]: pair["tactic"] for pair in pairs}
            others = [other for other in opened if other is not parent]
            ways = [moved(pool, parent, operator, numbers) for operator in MOVES]
            ways += [composed(pool, parent, others, numbers)]
            ways += [lifted(pool, parent, tactics, numbers)]
            some = [child for way in ways async for child in way]
            self._report(f"{len(some)} children of {parent.row.name}")
            children += some
        pool.release([parent.state for parent in opened])
        rows = [parent.row for parent in opened]
        children += await self._written(rows, number)
        children += await self._conjectured(rows, number)
        return [_line(child) for child in children]

    async def _written(self, rows: Sequence[Row], number: int) -> list[Child]:
        """What the model makes of statements."""
        spec = self._settings.writer
        if spec is None:
            return []
        if self._writer is None:
            self._writer = await self._stack.enter_async_context(writing(spec))
        asked = [(row, direction) for row in rows for direction in (UP, DOWN)]
        questions = [question(row, direction) for row, direction in asked]
        self._report(f"asking for {len(questions)} children")
        seed = Random(f"writer {self._settings.seed} {number}").getrandbits(31)
        answers = await self._writer.write(questions, seed=seed)
        pool = (await self._lean()).engine.pool
        return [
            await read_child(pool, row, f"write_{direction}", direction, answer)
            for (row, direction), answer in zip(asked, answers, strict=True)
        ]

    async def _conjectured(self, rows: Sequence[Row], number: int) -> list[Child]:
        """What the conjecturer makes of statements, asked as it was trained."""
        if self._conjecturer is None:
            return []
        self._report(f"asking for {CONJECTURES} conjectures on each of {len(rows)} statements")
        prompts = [Pair(row.header + row.statement, "").prompt for row in rows]
        of = f"conjecturer {self._settings.seed} {number}"
        seeds = [Random(f"{of} {row.statement_sha256}").getrandbits(31) for row in rows]
        answers: list[list[str | None]] = [[] for _ in rows]
        async with aclosing(self._conjecturer.complete(prompts, seeds)) as completions:
            async for index, done in completions:
                answers[index].append(done.text.strip() if done.finished else None)
        pool = (await self._lean()).engine.pool
        children: list[Child] = []
        for row, some in zip(rows, answers, strict=True):
            if not some:
                self._report(f"too long for the conjecturer: {row.name}")
            children += [await read_child(pool, row, "conjecture", UP, one) for one in some]
        return children

    # Verdicts

    async def _judge(self, folder: Path) -> None:
        """Adds the verdicts that are missing, in the order of the proposals."""
        proposals = read_jsonl(folder / "proposals.jsonl")
        log = folder / "children.jsonl"
        mend(log)
        done = read_jsonl(log) if log.exists() else []
        known = set(self._known)
        for line in done:
            self._refusal(line, known)
        for start in range(len(done), len(proposals), self._jobs):
            some = proposals[start : start + self._jobs]
            refusals = [self._refusal(line, known) for line in some]
            lines = await asyncio.gather(*map(self._verdict, some, refusals))
            append_lines(log, lines)
            for place, line in enumerate(lines, start + 1):
                name = line["row"]["name"] if line["row"] else line["operator"]
                self._report(f"{place}/{len(proposals)} {line['refused'] or 'good'}: {name}")

    def _refusal(self, line: dict[str, Any], known: set[tuple[str, str]]) -> str:
        """Why no search need look at a child, empty where one must. From now on it is known."""
        if line["row"] is None:
            return str(line["refused"])
        row = Row.from_json(line["row"])
        for benchmark in self._forbidden:
            if hit := benchmark.hit(row.statement):
                return f"{PRECISION}: it contains {hit.problem} of a test (rule {hit.rule})"
        if (row.header, row.key) in known:
            return f"{PRECISION}: it is known"
        known.add((row.header, row.key))
        return ""

    async def _verdict(self, line: dict[str, Any], refused: str) -> dict[str, Any]:
        if refused:
            return line | {"refused": refused}
        prover, row = await self._lean(), Row.from_json(line["row"])
        settings = self._settings
        budget = Budget(expansions=settings.expansions, seconds=settings.seconds)
        options = Options(budget, settings.seed, discover=False)
        found = await attempt(prover, Portfolio(), row, 0, options)
        if found["outcome"] == "not elaborating":
            return line | {"refused": f"{DEFINITION}: {found['reason']}"}
        if found["outcome"] == "disproved":
            return line | {"refused": f"{PRECISION}: {found['reason'].partition(': its')[0]}"}
        told: dict[str, Any] = {
            "outcome": found["outcome"],
            "calls": found.get("tactics", 0),
            "proof": found.get("proof"),
            "pairs": found.get("pairs", []),
        }
        proved = found["outcome"] == "proved"
        seen = await scrutinise(prover.engine, row.statement, row.header, DOUBT, proved=proved)
        if seen.negation is not None:
            at = f" at {seen.counterexample}" if seen.counterexample else ""
            return line | {"refused": f"{PRECISION}: it is false{at}"}
        if seen.contradiction is not None:
            refused = f"{PRECISION}: its hypotheses contradict each other"
        elif seen.trivial is not None:
            refused = f"{INTEGRITY}: `{seen.trivial}` proves it"
        elif proved and told["calls"] < settings.fewest_calls:
            refused = f"{INTEGRITY}: the portfolio proves it with {told['calls']} Lean calls"
        return line | told | {"refused": refused}

    def _finish(self, folder: Path) -> None:
        """Ranks what is good, and writes what is kept and the report."""
        lines = read_jsonl(folder / "children.jsonl")
        good = [line for line in lines if not line["refused"]]
        there = [row.statement for row in (*self._rows, *self._kept)]
        order = ranked(good, there)
        by_name = {line["row"]["name"]: line["row"] for line in good}
        kept = [one["name"] for one in order][: self._settings.keep]
        write_jsonl(folder / "statements.jsonl", [by_name[name] for name in kept])
        operators: dict[str, dict[str, int]] = {}
        for line in lines:
            counts = operators.setdefault(f"{line['operator']} ({line['direction']})", {})
            counts["made"] = counts.get("made", 0) + 1
            why = line["refused"].partition(":")[0]
            if not why:
                why = "kept" if line["row"]["name"] in kept else "outranked"
            counts[why] = counts.get(why, 0) + 1
        write_json(
            folder / "report.json",
            {
                "children": len(lines),
                "good": len(good),
                "kept": len(kept),
                "refused": dict(Counter(line["refused"] for line in lines if line["refused"])),
                "operators": operators,
                "ranking": order,
            },
        )


def _line(child: Child) -> dict[str, Any]:
    """A child as a line of `proposals.jsonl`; `from` is the statement that it was made of."""
    parent = child.parents[0]
    return {
        "operator": child.operator,
        "direction": child.direction,
        "parents": [row.name for row in child.parents],
        "from": parent.header + parent.statement,
        "by": child.by,
        "row": None if child.row is None else child.row.to_json(),
        "refused": child.refused,
    }


# A model that writes children


def question(row: Row, direction: str) -> Question:
    """Asks for a child of a statement."""
    example = (_block(SHOWN), _block(EXAMPLES[direction]))
    asked = _block(f"{row.header}{row.statement}")
    return Question(INSTRUCTIONS[direction] + FORM, (example,), (asked,))


def _block(statement: str) -> str:
    return f"```lean\n{with_hole(statement)}\n```"


async def read_child(
    pool: LeanPool, row: Row, operator: str, direction: str, answer: str | None
) -> Child:
    """A model's answer as a child. What it defines beside its theorem has it refused."""
    try:
        if answer is None:
            raise WrongUse("the answer was cut off")
        state = await open_goal(pool, row.header, read_candidate(answer)[0])
    except (StatementError, WrongUse) as error:
        why = f"{DEFINITION}: {error.message.splitlines()[0]}"
        return Child(operator, direction, (row,), answer or "", refused=why)
    child = await of_goal(pool, row, state, operator, direction, answer)
    pool.release([state])
    return child


# Ranking


def ranked(good: Sequence[dict[str, Any]], there: Sequence[str]) -> list[dict[str, Any]]:
    """The order of some children, the best first: each is compared with each other by how hard it is
    and by how far it is from the statements that are there, and who wins more often comes first."""
    far = novelty([line["row"]["statement"] for line in good], there)
    hard = [(line["outcome"] != "proved", line["calls"]) for line in good]
    sides: tuple[Sequence[Any], ...] = (hard, far)
    rows = [
        {
            "name": line["row"]["name"],
            "outcome": line["outcome"],
            "calls": line["calls"],
            "novelty": far[place],
            "wins": sum(
                (side[place] > other) + (side[place] == other) / 2
                for side in sides
                for at, other in enumerate(side)
                if at != place
            ),
        }
        for place, line in enumerate(good)
    ]
    return sorted(rows, key=lambda row: (-row["wins"], row["name"]))


def novelty(statements: Sequence[str], there: Sequence[str]) -> list[float]:
    """How far each statement is from the nearest of those that are there, from 0 to 1: one minus the
    cosine of the TF-IDF vectors of their shapes' words and pairs of words."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics.pairwise import linear_kernel

    if not statements:
        return []
    words = TfidfVectorizer(token_pattern=r"\S+", lowercase=False, ngram_range=(1, 2))
    vectors = words.fit_transform(map(_shape, [*statements, *there]))
    near = linear_kernel(vectors[: len(statements)], vectors[len(statements) :]).max(axis=1)
    return [round(1 - float(one), 4) for one in near]


def _shape(statement: str) -> str:
    """A statement without its names."""
    return " ⊢ ".join(
        " , ".join([*sorted(shape.hypotheses.elements()), shape.conclusion])
        for shape in shapes(statement)
    )


def qualities(evolved: Path) -> dict[str, float]:
    """How good the statements are that evolved in a folder, from 0 to 1, by their hashes: 0 for what was
    refused for its definition, its precision or its integrity; for the others how many of the
    comparisons with those of its round each won (`ranked`), 1 if all. It takes the place of WizardMath's
    instruction reward model, which has learned such an order; the numbers are ours.

    Raises:
        WrongUse: there are no rounds that are complete, or a file is damaged.
    """
    files = sorted(evolved.glob("round_*/report.json"))
    if not files:
        raise WrongUse(f"{evolved} holds no round_K/report.json: it is no run of `train evolve`")
    found: dict[str, float] = {}
    for file in files:
        try:
            order = json.loads(read_text(file))["ranking"]
            wins = {one["name"]: float(one["wins"]) for one in order}
            for line in read_jsonl(file.with_name("children.jsonl")):
                if line["row"] is not None:
                    row = Row.from_json(line["row"])
                    own = 0.0 if line["refused"] else (wins[row.name] + 1) / (2 * len(wins) - 1)
                    found[row.statement_sha256] = max(own, found.get(row.statement_sha256, 0.0))
        except (KeyError, TypeError, ValueError) as error:
            raise WrongUse(f"{file.parent} is no round of `train evolve` ({error!r})") from None
    return found


# Self-play


def read_attempts(path: Path) -> list[dict[str, Any]]:
    """The searches of a file `attempts.jsonl` of `prover train rounds`.

    Raises:
        WrongUse: a line is none; names it.
    """
    lines = read_jsonl(path)
    for number, line in enumerate(lines, 1):
        if not isinstance(line, dict) or not {"statement_sha256", "outcome"} <= line.keys():
            raise WrongUse(f"{path}, line {number}: no search of `prover train rounds`")
    return lines


def conjectures(evolved: Path, attempts: Sequence[Path]) -> Iterator[dict[str, str]]:
    """Pairs of a statement and what was made of it, in the format of `prover train tactics`, for those
    children whose success rate in searches is above 0 and below `HARDEST_SUCCESS`: what a conjecturer
    learns from (STP, Dong & Ma 2025, arXiv 2502.00212). Each comes once. A child of two statements
    that needs definitions of the second is left out: the first does not show them.

    Raises:
        WrongUse: there are no rounds, or a line of a file is none of its kind; names it.
    """
    counts = success_counts(line for path in attempts for line in read_attempts(path))
    files = sorted(evolved.glob("round_*/children.jsonl"))
    if not files:
        raise WrongUse(f"{evolved} holds no round_K/children.jsonl: it is no run of `train evolve`")
    seen = set()
    for path in files:
        for line in read_jsonl(path):
            if line["row"] is None:
                continue
            row = Row.from_json(line["row"])
            proved, tried = counts.get(row.statement_sha256, (0, 0))
            seldom = 0 < proved < HARDEST_SUCCESS * tried
            pair = line["from"], row.statement
            if seldom and line["from"].startswith(row.header) and pair not in seen:
                seen.add(pair)
                yield {"state": line["from"], "tactic": row.statement, "name": row.name}
