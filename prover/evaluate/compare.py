"""Whether a model helps: what is proved for the same number of Lean calls, and in the same time.

The contestants search the same statements: the portfolio, without what an index of the library brings
and with it (premises); the same tactics as the ranker rates them, and so with a value model for the
priorities of goals (value), or in a random order; the model alone, with a value model for the
priorities of goals (model+value), beside the portfolio, and beside it with the ranker, which rates what
both suggest and says where the model is asked. Every search goes on until both its Lean calls and its wall
time are used up, so that each can be read at equal numbers of calls as well as at equal time. A Lean call
is a tactic that was run and whose outcome the search took. Whether a statement is false each contestant
looks at once, in its first search; in the others again only if it is.

pass@k counts statements that one of k searches proved; the table of kinds (those that training
has seen, and those kept from it) counts so too. Statements that were made from the same one end
alike more often than others: 95% intervals (`wilson_by_cluster`) and the test of whether two
contestants differ (`sign_flips`) take all that descend from one statement as a cluster, and of the
held-out test only some are searched (`capped`).
"""

from __future__ import annotations

import json
import math
import random
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from typing import Any

from prover.api import Job, Options, Prover, Settings, StatementError
from prover.data.theorems.corpus import TESTS, held_out
from prover.data.theorems.statement import Row, read_rows, statement_sha256
from prover.errors import WrongUse
from prover.evaluate.benchmark import SOURCES, Theorem, core, load_benchmark
from prover.evaluate.statistics import sign_flips, wilson_by_cluster
from prover.files import append_lines, mend, read_jsonl, same_settings, write_json
from prover.generate.mixed import Mixed
from prover.generate.models import own_format
from prover.generate.portfolio import Portfolio
from prover.generate.prompts import Sampling
from prover.generate.shipped import ranker_digest, rated
from prover.lean.limits import PATIENT
from search.budget import Budget, Spent
from search.interfaces import Request, Suggestion, TacticGenerator

PORTFOLIO, PREMISES, RANKER, VALUE = "portfolio", "premises", "ranker", "value"
UNIFORM, MODEL, MIXED, ALL = "uniform", "model", "model+portfolio", "model+ranker"
VALUED = "model+value"
WITH_MODEL = {MODEL, VALUED, MIXED, ALL}
WITH_VALUE = {VALUE, VALUED}
CONTESTANTS = (PORTFOLIO, PREMISES, RANKER, VALUE, UNIFORM, MODEL, VALUED, MIXED, ALL)
ONE_ANSWER = {PORTFOLIO, PREMISES, RANKER, VALUE}
"""Contestants that do not draw: more searches of theirs would be the same one."""

ROWS_PER_ROOT, ROWS_PER_TEMPLATE = 2, 10
"""Statements of the held-out test that descend from one, and from the instances of one template."""

CAP = 10.0
"""A search that needs this many times its wall time for its Lean calls is ended."""


@dataclass(frozen=True)
class Comparison:
    """What each contestant may use for a statement: `calls` Lean calls, `seconds` of wall time (0:
    the calls alone count, whatever time they take), and `attempts` searches with different seeds."""

    contestants: tuple[str, ...] = (PORTFOLIO, PREMISES, RANKER, UNIFORM, MODEL, MIXED, ALL)
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


class WithoutPremises:
    """A generator that has no index of the library."""

    def __init__(self, generator: TacticGenerator) -> None:
        self._generator = generator

    def generate(self, requests: Sequence[Request]) -> AsyncIterator[tuple[int, Suggestion]]:
        """Yields what the generator suggests without it."""
        return self._generator.generate(
            [replace(r, context=replace(r.context, library=None, near=())) for r in requests]
        )


def capped(rows: Sequence[Row]) -> list[Row]:
    """The rows in the order of their hashes, without those that descend from a statement or a
    template which enough before them descend from."""
    roots: Counter[str] = Counter()
    templates: Counter[str] = Counter()
    kept = []
    for row in sorted(rows, key=lambda row: row.statement_sha256):
        template = row.root_template
        if roots[row.root] < ROWS_PER_ROOT and templates[template] < ROWS_PER_TEMPLATE:
            roots[row.root] += 1
            templates[template] += 1
            kept.append(row)
    return kept


def read_test(name: str) -> list[Row]:
    """The statements of a test, in the order of their hashes: a held-out one by its name, a file of
    statements, a benchmark as for `prover eval run`, or what core Lean reads of one (`core:WHERE`).

    Raises:
        WrongUse: there is none of this name.
    """
    if name in TESTS:
        rows = held_out(name)
        return capped(rows) if name == "statements" else _in_order(rows)
    where = name.removeprefix("core:")
    if (
        Path(name).is_file()
        and (lines := read_jsonl(Path(name)))
        and "statement_sha256" in lines[0]
    ):
        return _in_order(read_rows(Path(name)))
    if not (Path(where).exists() or where.lower() in SOURCES):
        raise WrongUse(
            f"{where} is neither a held-out test ({', '.join(TESTS)}), a file of statements, "
            f"nor a benchmark ({', '.join(SOURCES)})"
        )
    theorems = load_benchmark(where)
    return _in_order(_row(core(one) if where != name else one) for one in theorems)


def read_tests(names: Sequence[str], limit: int | None = None) -> dict[str, list[Row]]:
    """The first `limit` statements of each test (`read_test`), by the name without folders and ending.

    Raises:
        WrongUse: there is none of a name, or two would have the same.
    """
    found: dict[str, list[Row]] = {}
    for name in names:
        short = Path(name).stem
        if short in found:
            raise WrongUse(
                f"two tests are called {short}, as their figures would be: rename a file"
            )
        found[short] = read_test(name)[:limit]
    return found


def _row(theorem: Theorem) -> Row:
    digest = statement_sha256(theorem.header, theorem.statement)
    said = theorem.name, theorem.header, theorem.statement, "benchmark"
    return Row(*said, {}, 0, (), "", theorem.split, digest)


def _in_order(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.statement_sha256)


async def compare(
    rows: Sequence[Row],
    model: Path | None,
    out: Path,
    settings: Comparison,
    *,
    ranker: str = "all",
    value: Path | None = None,
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
    if model is None and WITH_MODEL.intersection(settings.contestants):
        raise WrongUse("give a model, or only contestants without one")
    judged = WITH_VALUE.intersection(settings.contestants)
    if value is None and judged:
        raise WrongUse(
            "give a value model (`prover train value` makes one), or leave value and model+value out"
        )
    identity = json.loads(json.dumps(asdict(settings))) | {
        "statements": sha256("".join(row.statement_sha256 for row in rows).encode()).hexdigest(),
        "model": _digest(model)
        if model and WITH_MODEL.intersection(settings.contestants)
        else None,
        "ranker": ranker_digest(ranker),
        "value": _digest(value) if value and judged else None,
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
        await _search(log, todo, model, ranker, value, settings, lean, jobs, report)
    summary = summarise(read_jsonl(log), rows, settings) | {"settings": identity}
    write_json(out / "report.json", summary)
    markdown = table(summary)
    (out / "report.md").write_text(markdown, encoding="utf-8")
    return summary


async def _search(
    log: Path,
    todo: dict[str, list[tuple[Row, int]]],
    model: Path | None,
    ranker: str,
    value: Path | None,
    settings: Comparison,
    lean: str,
    jobs: int,
    report: Callable[[str], None],
) -> None:
    generators = _generators(model, ranker, settings)
    cap = CAP * settings.seconds or None
    budget = AtLeast(seconds=cap, calls=settings.calls, wall=settings.seconds)
    form = own_format(model) if model and WITH_MODEL.intersection(todo) else None
    plain = Settings(lean=lean, jobs=jobs, limits=PATIENT, prompt_format=form)
    async with AsyncExitStack() as engines:
        provers: dict[str | None, Prover] = {}
        for contestant, searches in todo.items():
            judged = str(value) if contestant in WITH_VALUE else None
            if searches and judged not in provers:
                made = Prover(replace(plain, value=judged))
                provers[judged] = await engines.enter_async_context(made)
            for place, (row, attempt) in enumerate(searches, 1):
                line = {"contestant": contestant, "attempt": attempt}
                options = Options(budget, settings.seed + attempt)
                first = generators.get({MIXED: PREMISES, ALL: RANKER}.get(contestant, ""))
                generator = generators[contestant]
                with provers[judged].job(options, generator=generator, first=first) as job:
                    line |= await _attempt(job, row)
                append_lines(log, [line])
                report(f"{contestant} {place}/{len(searches)} {line['outcome']} {row.name}")


def _generators(
    model: Path | None, ranker: str, settings: Comparison
) -> dict[str, TacticGenerator]:
    portfolio = Portfolio()
    ranked = rated(portfolio, ranker)
    found: dict[str, TacticGenerator] = {
        PORTFOLIO: WithoutPremises(portfolio),
        PREMISES: portfolio,
        RANKER: ranked,
        VALUE: ranked,
        UNIFORM: Uniform(portfolio),
    }
    if model is not None and WITH_MODEL.intersection(settings.contestants):
        from prover.generate.transformers import TransformersGenerator

        sampling = Sampling(settings.samples, settings.temperature, max_tokens=settings.max_tokens)
        proposer = TransformersGenerator.load(str(model), form=own_format(model), sampling=sampling)
        mixed, ranked = Mixed(proposer, portfolio), rated(portfolio, ranker, proposer)
        found |= {MODEL: proposer, VALUED: proposer, MIXED: mixed, ALL: ranked}
    return found


async def _attempt(job: Job, row: Row) -> dict[str, Any]:
    line: dict[str, Any] = {
        "name": row.name,
        "family": row.family,
        "statement_sha256": row.statement_sha256,
    }
    try:
        filled = await job.fill_statement(row.statement, header=row.header)
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
    """The figures of all contestants, from their searches.

    Raises:
        WrongUse: none of the statements elaborates.
    """
    ill = {line["name"] for line in lines if line["outcome"] == "not elaborating"}
    rows = [row for row in rows if row.name not in ill]
    if not rows:
        raise WrongUse(f"no statement is understood by this Lean: {lines[0]['reason']}")
    grid = [2**n for n in range(settings.calls.bit_length()) if 2**n < settings.calls]
    times = [settings.seconds / 2**n for n in range(5, -1, -1)]
    figures: dict[str, Any] = {}
    solved: dict[str, set[str]] = {}
    at_first: dict[str, set[str]] = {}
    in_time: dict[str, set[str]] = {}
    for contestant in settings.contestants:
        own = [line for line in lines if line["contestant"] == contestant]
        proved = [line for line in own if line["outcome"] == "proved"]
        within = [line for line in proved if line["calls"] <= settings.calls]
        first = [line for line in within if line["attempt"] == 0]
        solved[contestant] = {line["name"] for line in within}
        at_first[contestant] = {line["name"] for line in first}
        in_time[contestant] = {
            line["name"]
            for line in proved
            if line["attempt"] == 0 and line["seconds"] <= settings.seconds
        }
        attempts = 1 if contestant in ONE_ANSWER else settings.attempts
        figures[contestant] = {
            "attempts": attempts,
            "pass@1": _share(at_first[contestant], rows),
            "pass@1 in time": _share(in_time[contestant], rows),
            "mean over templates": _mean_over_templates(at_first[contestant], rows),
            f"pass@{settings.attempts}": _share(solved[contestant], rows),
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
    empty: set[str] = set()
    model = empty.union(*(own for name, own in solved.items() if name in WITH_MODEL))
    others = empty.union(*(own for name, own in solved.items() if name not in WITH_MODEL))
    return {
        "statements": len(rows),
        "not elaborating": len(ill),
        "roots": len({row.root for row in rows}),
        "lean": sorted({line["lean"] for line in lines if "lean" in line}),
        "contestants": figures,
        "pairs": [_pair(one, other, at_first, rows) for one, other in combinations(at_first, 2)],
        "pairs in time": [
            _pair(one, other, in_time, rows) for one, other in combinations(in_time, 2)
        ],
        "kinds": _kinds(rows, solved),
        "only with the model": sorted(model - others),
        "only without the model": sorted(others - model if model else ()),
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


def _share(proved: set[str], rows: Sequence[Row]) -> dict[str, Any]:
    counts = [(len(proved & names), len(names)) for names in clusters(rows)]
    low, high = wilson_by_cluster(counts)
    successes = sum(won for won, _ in counts)
    return {"proved": successes, "of": len(rows), "low": round(low, 4), "high": round(high, 4)}


def _mean_over_templates(proved: set[str], rows: Sequence[Row]) -> float:
    """The mean of the shares proved (0 to 1) of what descends from each template, module or program:
    each counts the same, however many of its statements there are."""
    groups: dict[str, list[bool]] = defaultdict(list)
    for row in rows:
        groups[row.root_template or row.root].append(row.name in proved)
    shares = [sum(group) / len(group) for group in groups.values()]
    return round(sum(shares) / len(shares), 4)


def _pair(one: str, other: str, proved: dict[str, set[str]], rows: Sequence[Row]) -> dict[str, Any]:
    """What only one of two contestants proved, and how probable such a difference is by chance."""
    gained, lost = proved[other] - proved[one], proved[one] - proved[other]
    differences = (len(gained & names) - len(lost & names) for names in clusters(rows))
    p = sign_flips(differences)
    return {
        "pair": [one, other],
        "only the first": len(lost),
        "only the second": len(gained),
        "p": p,
    }


def clusters(rows: Sequence[Row]) -> list[set[str]]:
    """The names of the rows, those of one root together."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        found[row.root].add(row.name)
    return list(found.values())


def table(summary: dict[str, Any]) -> str:
    """The figures as Markdown."""
    settings = summary["settings"]
    calls, seconds, k = settings["calls"], settings["seconds"], settings["attempts"]
    passes = ["pass@1"] if k == 1 else ["pass@1", f"pass@{k}"]
    heads = [
        "contestant",
        *(f"{name} at {calls} Lean calls" for name in passes),
        "mean over templates",
        f"in {seconds:g} s",
        "of more than one step",
    ]
    counted = f"{summary['statements']} statements that descend from {summary['roots']}"
    if summary["not elaborating"]:
        counted += f", {summary['not elaborating']} more that do not elaborate"
    lines = [
        f"{counted}, Lean {', '.join(summary['lean'])}.",
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
        cells += [f"{100 * own['mean over templates']:.1f}%"]
        cells += [str(own["pass@1 in time"]["proved"])]
        cells += [str(own["proofs of more than one step"])]
        lines.append("| " + " | ".join(cells) + " |")
    if summary["pairs"]:
        lines += ["", "| at the first attempt | only the first | only the second | p |"]
        lines.append("| --- | --- | --- | --- |")
    for pair in summary["pairs"]:
        cells = [str(pair[name]) for name in ("only the first", "only the second")]
        cells = [" or ".join(pair["pair"]), *cells, f"{pair['p']:.3g}"]
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


def one_table(summaries: Mapping[str, dict[str, Any]]) -> str:
    """What was proved of several tests, as Markdown: contestants by tests, at equal Lean calls and in
    equal time, each with its interval and the p-value of the difference to the contestant above."""
    settings = next(iter(summaries.values()))["settings"]
    heads = [f"{name} ({one['statements']})" for name, one in summaries.items()]
    lines = [
        f"Proved with {settings['calls']} Lean calls / in {settings['seconds']:g} s (p against the line above).",
        "",
        "| | " + " | ".join(heads) + " |",
        "| --- " * (len(heads) + 1) + "|",
    ]
    above: str | None = None
    for contestant in settings["contestants"]:
        cells = []
        for summary in summaries.values():
            own = summary["contestants"][contestant]
            shares = [own["pass@1"], own["pass@1 in time"]]
            text = " / ".join(_percent(share) for share in shares)
            if above is not None:
                chances = [
                    pair["p"]
                    for pairs in ("pairs", "pairs in time")
                    for pair in summary[pairs]
                    if pair["pair"] == [above, contestant]
                ]
                text += f" ({' / '.join(f'{p:.2g}' for p in chances)})"
            cells.append(text)
        lines.append("| " + " | ".join([contestant, *cells]) + " |")
        above = contestant
    return "\n".join(lines) + "\n"


def _percent(share: Mapping[str, Any]) -> str:
    low, high = 100 * share["low"], 100 * share["high"]
    return f"{share['proved']}, {low:.0f} to {high:.0f}%"


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
