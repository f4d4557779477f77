"""Whether a model helps: what is proved for the same number of Lean calls, and in the same time.

Four contestants search the same statements: the portfolio; its tactics in a random order; the model
alone; the model beside the portfolio. Every search goes on until both its Lean calls and its wall
time are used up, so that each can be read at equal numbers of calls as well as at equal time. A
Lean call is a tactic that was run and whose outcome the search took.

pass@k counts statements that one of k searches proved; the table of kinds (those that training
has seen, and those kept from it) counts so too; intervals are Wilson's (1927) at 95%.
"""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from prover.api import Prover, Settings, StatementError
from prover.data.theorems.statement import Row
from prover.errors import WrongUse
from prover.evaluate.statistics import wilson
from prover.files import append_lines, mend, read_jsonl, same_settings, write_json
from prover.generate.mixed import Mixed
from prover.generate.portfolio import Portfolio
from prover.generate.prompts import Sampling
from prover.lean.process import PATIENT
from search.budget import Budget, Spent
from search.interfaces import Request, Suggestion, TacticGenerator
from search.scheduler import Scheduler

PORTFOLIO, UNIFORM, MODEL, MIXED = "portfolio", "uniform", "model", "model+portfolio"
CONTESTANTS = (PORTFOLIO, UNIFORM, MODEL, MIXED)
ONE_ANSWER = {PORTFOLIO}
"""Contestants that do not draw: more searches of theirs would be the same one."""

CAP = 10.0
"""A search that needs this many times its wall time for its Lean calls is ended."""


@dataclass(frozen=True)
class Comparison:
    """What each contestant may use for a statement: `calls` Lean calls, `seconds` of wall time,
    and `attempts` searches with different seeds."""

    contestants: tuple[str, ...] = CONTESTANTS
    calls: int = 64
    seconds: float = 10.0
    attempts: int = 8
    samples: int = 32
    max_tokens: int = 64
    temperature: float = 1.3
    seed: int = 0


@dataclass(frozen=True, slots=True)
class AtLeast(Budget):
    """A budget that is used up when both the calls and the wall time (seconds) are."""

    calls: int = 0
    wall: float = 0.0

    def exhausted(self, spent: Spent) -> str | None:
        if spent.tactics >= self.calls and spent.seconds >= self.wall:
            return "calls and seconds"
        return Budget.exhausted(self, spent)


class Uniform:
    """The tactics of a generator, all equally probable, in an order that the seed draws."""

    def __init__(self, generator: TacticGenerator) -> None:
        self._generator = generator

    async def generate(
        self, requests: Sequence[Request]
    ) -> AsyncGenerator[tuple[int, Suggestion], None]:
        """Yields all suggestions for each request in turn, the first to run first."""
        found: list[list[str]] = [[] for _ in requests]
        async for index, suggestion in self._generator.generate(requests):
            if suggestion.flaw is not None:
                yield index, suggestion
                continue
            found[index].append(suggestion.tactic)
        for index, tactics in enumerate(found):
            random.Random(requests[index].seed).shuffle(tactics)
            for place, tactic in enumerate(tactics):
                yield index, Suggestion(tactic, -math.log(len(tactics)) - 1e-6 * place)


async def compare(
    rows: Sequence[Row],
    model: Path | None,
    out: Path,
    settings: Comparison,
    *,
    lean: str = "auto",
    jobs: int = 1,
    report: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Has all contestants search all statements, and writes `out/report.json` and `out/report.md`.
    Searches that are in `out/attempts.jsonl` are not made again.

    Raises:
        WrongUse: there is no such contestant, no statement, or no model where one is needed,
            or `out` was begun with other settings.
        ModelError: the model cannot be loaded.
    """
    unknown = set(settings.contestants) - set(CONTESTANTS)
    if unknown or not settings.contestants:
        raise WrongUse(f"contestants are {', '.join(CONTESTANTS)}, not {', '.join(unknown)}")
    if not rows:
        raise WrongUse("there is no statement to compare on")
    if model is None and set(settings.contestants) - {PORTFOLIO, UNIFORM}:
        raise WrongUse("give a model, or only contestants without one")
    identity = json.loads(json.dumps(asdict(settings))) | {
        "statements": sha256("".join(row.statement_sha256 for row in rows).encode()).hexdigest(),
        "model": _digest(model) if model else None,
    }
    same_settings(out / "settings.json", identity)
    log = out / "attempts.jsonl"
    mend(log)
    there = read_jsonl(log) if log.exists() else []
    done = {(line["contestant"], line["statement_sha256"], line["attempt"]) for line in there}
    todo = {
        contestant: [
            (row, attempt)
            for attempt in range(1 if contestant in ONE_ANSWER else settings.attempts)
            for row in rows
            if (contestant, row.statement_sha256, attempt) not in done
        ]
        for contestant in settings.contestants
    }
    if any(todo.values()):
        await _search(log, todo, model, settings, lean, jobs, report)
    summary = summarise(read_jsonl(log), rows, settings) | {"settings": identity}
    write_json(out / "report.json", summary)
    markdown = table(summary)
    (out / "report.md").write_text(markdown, encoding="utf-8")
    return summary


async def _search(
    log: Path,
    todo: dict[str, list[tuple[Row, int]]],
    model: Path | None,
    settings: Comparison,
    lean: str,
    jobs: int,
    report: Callable[[str], None],
) -> None:
    generators = _generators(model, settings)
    options = Settings(lean=lean, jobs=jobs, seed=settings.seed, limits=PATIENT)
    async with Prover(options) as prover:
        for contestant, searches in todo.items():
            async with Scheduler(prover.pool, generators[contestant]) as prover.scheduler:
                for place, (row, attempt) in enumerate(searches, 1):
                    line = {"contestant": contestant, "attempt": attempt}
                    prover.settings = Settings(
                        lean=lean, jobs=jobs, seed=settings.seed + attempt, limits=PATIENT
                    )
                    line |= await _attempt(prover, row, settings)
                    append_lines(log, [line])
                    report(f"{contestant} {place}/{len(searches)} {line['outcome']} {row.name}")


def _generators(model: Path | None, settings: Comparison) -> dict[str, TacticGenerator]:
    portfolio = Portfolio()
    found: dict[str, TacticGenerator] = {PORTFOLIO: portfolio, UNIFORM: Uniform(portfolio)}
    if model is not None:
        from prover.generate.transformers import TransformersGenerator

        sampling = Sampling(settings.samples, settings.temperature, max_tokens=settings.max_tokens)
        proposer = TransformersGenerator.load(str(model), form="prover", sampling=sampling)
        found |= {MODEL: proposer, MIXED: Mixed(proposer, portfolio)}
    return found


async def _attempt(prover: Prover, row: Row, settings: Comparison) -> dict[str, Any]:
    budget = AtLeast(seconds=CAP * settings.seconds, calls=settings.calls, wall=settings.seconds)
    line: dict[str, Any] = {
        "name": row.name,
        "family": row.family,
        "statement_sha256": row.statement_sha256,
    }
    try:
        filled = await prover.fill_statement(row.statement, header=row.header, budget=budget)
    except StatementError as error:
        return line | {"outcome": "not elaborating", "reason": str(error).splitlines()[0]}
    verdict, (graph,) = filled.verdicts[-1], filled.graphs
    line |= {
        "outcome": str(verdict.outcome),
        "reason": verdict.reason,
        "calls": verdict.spent.tactics,
        "seconds": round(verdict.spent.seconds, 3),
        "expansions": verdict.spent.expansions,
        "tokens": verdict.spent.tokens,
        "lean": verdict.lean.version,
    }
    if verdict.proved and (proof := graph.proof()) is not None:
        line |= {"proof": verdict.proof, "steps": sum(1 for _ in proof.nodes())}
    return line


def summarise(
    lines: Sequence[dict[str, Any]], rows: Sequence[Row], settings: Comparison
) -> dict[str, Any]:
    """The figures of all contestants, from their searches."""
    grid = [2**n for n in range(settings.calls.bit_length()) if 2**n < settings.calls]
    times = [settings.seconds / 2**n for n in range(5, -1, -1)]
    figures: dict[str, Any] = {}
    solved: dict[str, set[str]] = {}
    for contestant in settings.contestants:
        own = [line for line in lines if line["contestant"] == contestant]
        proved = [line for line in own if line["outcome"] == "proved"]
        within = [line for line in proved if line["calls"] <= settings.calls]
        first = [line for line in within if line["attempt"] == 0]
        solved[contestant] = {line["name"] for line in within}
        attempts = 1 if contestant in ONE_ANSWER else settings.attempts
        figures[contestant] = {
            "attempts": attempts,
            "pass@1": _share(len(first), len(rows)),
            f"pass@{settings.attempts}": _share(len(solved[contestant]), len(rows)),
            "proofs of more than one step": sum(line["steps"] > 1 for line in first),
            "solved against Lean calls": [
                [n, sum(line["calls"] <= n for line in proved if line["attempt"] == 0)]
                for n in [*grid, settings.calls]
            ],
            "solved against seconds": [
                [t, sum(line["seconds"] <= t for line in proved if line["attempt"] == 0)]
                for t in times
            ],
            "ended": dict(Counter(line["reason"] or line["outcome"] for line in own)),
        }
    model = solved.get(MODEL, set()) | solved.get(MIXED, set())
    return {
        "statements": len(rows),
        "lean": sorted({line["lean"] for line in lines if "lean" in line}),
        "contestants": figures,
        "kinds": _kinds(rows, solved),
        "only with the model": sorted(
            model - solved.get(PORTFOLIO, set()) - solved.get(UNIFORM, set())
        ),
        "only without the model": sorted(
            (solved.get(PORTFOLIO, set()) | solved.get(UNIFORM, set())) - model if model else ()
        ),
    }


def _kinds(rows: Sequence[Row], solved: dict[str, set[str]]) -> dict[str, Any]:
    """What was proved of the kinds of statements that training has seen and of those that it has
    not, and how much of that lies beyond the portfolio."""
    found = {}
    for kind, new in (("seen in training", False), ("new", True)):
        names = {row.name for row in rows if row.of_new_kind == new}
        hard = names - solved.get(PORTFOLIO, set())
        found[kind] = {
            "statements": len(names),
            "not proved by the portfolio": len(hard),
            "proved": {name: len(own & names) for name, own in solved.items()},
            "proved of those": {name: len(own & hard) for name, own in solved.items()},
        }
    return found


def _share(successes: int, trials: int) -> dict[str, Any]:
    low, high = wilson(successes, trials)
    return {"proved": successes, "of": trials, "low": round(low, 4), "high": round(high, 4)}


def table(summary: dict[str, Any]) -> str:
    """The figures as Markdown."""
    settings = summary["settings"]
    calls, seconds, k = settings["calls"], settings["seconds"], settings["attempts"]
    passes = ["pass@1"] if k == 1 else ["pass@1", f"pass@{k}"]
    heads = [
        "contestant",
        *(f"{name} at {calls} Lean calls" for name in passes),
        f"in {seconds:g} s",
        "of more than one step",
    ]
    lines = [
        f"{summary['statements']} statements, Lean {', '.join(summary['lean'])}.",
        "",
        "| " + " | ".join(heads) + " |",
        "| --- " * len(heads) + "|",
    ]
    for contestant, own in summary["contestants"].items():
        cells = [contestant]
        for name in passes:
            share = own[name]
            percent = 100 * share["proved"] / share["of"]
            cells.append(
                f"{share['proved']} ({percent:.1f}%, {100 * share['low']:.1f} to "
                f"{100 * share['high']:.1f})"
            )
        cells += [str(own["solved against seconds"][-1][1])]
        cells += [str(own["proofs of more than one step"])]
        lines.append("| " + " | ".join(cells) + " |")
    for what in ("solved against Lean calls", "solved against seconds"):
        curves = {name: own[what] for name, own in summary["contestants"].items()}
        places = [place for place, _ in next(iter(curves.values()))]
        lines += ["", f"| {what} | " + " | ".join(f"{place:g}" for place in places) + " |"]
        lines.append("| --- " * (len(places) + 1) + "|")
        for name, curve in curves.items():
            lines.append(f"| {name} | " + " | ".join(str(count) for _, count in curve) + " |")
    lines += ["", "| kind | statements | " + " | ".join(summary["contestants"]) + " |"]
    lines.append("| --- " * (len(summary["contestants"]) + 2) + "|")
    for kind, own in summary["kinds"].items():
        cells = [
            f"{count} ({own['proved of those'][name]})" for name, count in own["proved"].items()
        ]
        where = f"{own['statements']} ({own['not proved by the portfolio']})"
        lines.append("| " + " | ".join([kind, where, *cells]) + " |")
    lines += ["", "In brackets: of what the portfolio did not prove."]
    for what in ("only with the model", "only without the model"):
        lines += ["", f"Proved {what}: {', '.join(summary[what]) or 'none'}."]
    return "\n".join(lines) + "\n"


def _digest(model: Path) -> str:
    """The SHA-256 of a model's weights.

    Raises:
        WrongUse: the folder has none.
    """
    files = sorted(model.glob("*.safetensors"))
    if not files:
        raise WrongUse(f"{model} holds no model: there is no *.safetensors in it")
    digest = sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()
