"""Expert iteration: search, keep what the kernel accepted, train, and again.

A round searches training statements with the present model beside the portfolio, takes pairs of
states and tactics from the proofs, and trains the model on them with older pairs mixed in (Polu et
al. 2022, arXiv 2202.01344). It writes

    round_K/attempts.jsonl   every search with all that is learned from it, as soon as it has ended
    round_K/pairs.jsonl      states and the tactics that prove them, from minimised proofs
    round_K/negatives.jsonl  tactics that failed on a state, with one that is right (preferences)
    round_K/states.jsonl     states with the fewest steps that are known to prove them (values)
    round_K/model            the model after it
    round_K/report.json      what came of it; its presence says that the round is complete

Only the first file is added to; the next three follow from it, and each file appears whole. A
search is a function of the statement, the model and a seed, so that a run which was killed goes on
where it was and ends with the files of one that was not.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import os
import random
import shutil
import statistics
from collections import Counter
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prover.api import Options, Prover, Settings, StatementError
from prover.data.decontaminate import Benchmark, Problem, check_clean
from prover.data.theorems.corpus import for_training
from prover.data.theorems.statement import Row, read_rows
from prover.engine.targets import open_statement
from prover.files import append_lines, mend, read_jsonl, same_settings, write_json, write_jsonl
from prover.generate.mixed import FairCoin, Mixed
from prover.generate.models import own_format
from prover.generate.portfolio import Portfolio
from prover.generate.prompts import GoalProofstep, Sampling, StepFormat, step_format
from prover.interrupt import Interrupted, run_cancellable
from prover.lean.limits import PATIENT
from prover.lean.source import with_options
from prover.lean.worker import ElaborationFailed
from prover.train.corpus import TrainingError
from prover.train.sft import (
    MICRO_BATCHES,
    TACTIC_RECIPES,
    Pair,
    TacticReport,
    examples,
    longest,
    read_pairs,
    steps_for,
    train_tactics,
)
from search.best_first import rank
from search.budget import Budget
from search.context import NOTHING, Context
from search.graph import GoalNode, Graph, Status
from search.interfaces import (
    Environment,
    Failure,
    Request,
    State,
    Suggestion,
    TacticGenerator,
)
from search.proof import Proof, layout, script

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

NEGATIVES_KEPT = 8
"""Of each state."""

UNPROVED_KEPT = 16
"""States without a proof that are kept of each search."""

PLAIN = GoalProofstep()

NO_ANSWER = {"timeout", "memory", "crash"}
"""Failures that say nothing about the tactic."""


@dataclass(frozen=True)
class Rounds:
    """How to iterate. A round searches `statements` statements `attempts` times each, with at most
    `expansions` expansions and `seconds` of wall time (a cap that should not bind: it depends on
    the machine). `together` searches share the model's batches.

    The first search of a statement takes tactics as they are rated. The others explore: tactics are
    drawn without replacement from the distribution at `temperature`, the model's as well as the
    portfolio's (Gumbel top-k, Kool et al. 2019, arXiv 1903.06059).

    Pairs are kept of statements whose success rate is at most `most_success`: STP keeps those of
    at most 0.5 (Dong & Ma 2025, arXiv 2502.00212). `replay_share` of the training examples are
    older pairs.

    `form` is the name of the prompt format that models are taught, whatever that of the first one is.
    """

    rounds: int = 3
    statements: int = 200
    attempts: int = 2
    expansions: int = 32
    seconds: float = 120.0
    samples: int = 8
    max_tokens: int = 64
    temperature: float = 1.0
    together: int = 1
    most_success: float = 0.5
    replay_share: float = 0.5
    epochs: float = 2.0
    learning_rate: float | None = None
    seed: int = 0
    preset: str = "small"
    form: str = GoalProofstep.name


# Searching


class Explorer:
    """The tactics of a generator, in an order that the seed draws: each log-probability is divided
    by the temperature and moved by a Gumbel variable, so that the first k are k draws without
    replacement from what `explored` suggests. Attempt 0 leaves the order of `generator` as it is.

    What is suggested is passed on when it is complete, the best first: so what is run does not
    depend on which suggestion came first. What has a flaw is passed on as it is.
    """

    def __init__(
        self,
        generator: TacticGenerator,
        explored: TacticGenerator,
        temperature: float,
        attempt: int,
    ) -> None:
        self._generator = generator
        self._explored = explored
        self._temperature = temperature
        self._attempt = attempt

    async def generate(
        self, requests: Sequence[Request]
    ) -> AsyncGenerator[tuple[int, Suggestion], None]:
        """Yields the suggestions for each request in turn."""
        asked = [
            replace(r, seed=_seed(r.seed, self._attempt)) if self._attempt else r for r in requests
        ]
        found: list[list[Suggestion]] = [[] for _ in asked]
        source = self._explored if self._attempt else self._generator
        stream: Any = source.generate(asked)
        async with aclosing(stream) as arrivals:
            async for index, suggestion in arrivals:
                found[index].append(suggestion)
        for index, suggestions in enumerate(found):
            spent = sum(s.tokens for s in suggestions)
            ranked = [replace(s, tokens=0) for s in rank(suggestions)]
            if self._attempt:
                ranked = rank(self._drawn(ranked, asked[index].seed))
            if spent:
                yield index, Suggestion("", 0.0, spent)
            flawed = [replace(s, tokens=0) for s in suggestions if s.flaw is not None]
            for suggestion in chain(ranked, flawed):
                yield index, suggestion

    def _drawn(self, suggestions: Sequence[Suggestion], seed: int) -> Iterator[Suggestion]:
        numbers = random.Random(seed)
        moved = [
            s.logprob / self._temperature - math.log(-math.log(numbers.uniform(1e-12, 1 - 1e-12)))
            for s in suggestions
        ]
        above = max([0.0, *moved])  # a score is at most 0
        for suggestion, score in zip(suggestions, moved, strict=True):
            yield suggestion.rated(score - above)


def choose(
    rows: Sequence[Row], history: dict[str, tuple[int, int]], count: int, seed: int
) -> list[Row]:
    """A sample without replacement of the statements, weighted by how unsure their success is.

    `history` has, by the hash of a statement, how often it was proved and how often tried. The
    weight is p(1 - p) with Laplace's estimate p of the rate: statements of moderate success, from
    which DeepSeek-Prover-V1.5 learns (Xin et al. 2024, arXiv 2408.08152, section 3.2), and new ones
    come first. Drawn as by Efraimidis & Spirakis (2006).
    """
    numbers = random.Random(f"statements {seed}")

    def key(row: Row) -> float:
        proved, tried = history.get(row.statement_sha256, (0, 0))
        rate = (proved + 1) / (tried + 2)
        return math.log(numbers.random()) / (rate * (1 - rate))

    ordered = sorted(rows, key=lambda row: row.statement_sha256)
    keys = {row.statement_sha256: key(row) for row in ordered}
    return sorted(ordered, key=lambda row: -keys[row.statement_sha256])[:count]


class _Listener:
    """The tactics of a generator for one search; `context` is what the search is about."""

    def __init__(self, generator: TacticGenerator) -> None:
        self._generator = generator
        self.context = NOTHING

    def generate(self, requests: Sequence[Request]) -> AsyncIterator[tuple[int, Suggestion]]:
        """Yields what the generator suggests."""
        for request in requests:
            self.context = request.context
        return self._generator.generate(requests)


async def attempt(
    prover: Prover,
    generator: TacticGenerator,
    row: Row,
    number: int,
    options: Options,
    form: StepFormat = PLAIN,
) -> dict[str, Any]:
    """One search, and what is to be learned from it, as a line of `attempts.jsonl`; the pairs as
    prompts of `form` show them."""
    line: dict[str, Any] = {
        "name": row.name,
        "statement_sha256": row.statement_sha256,
        "family": row.family,
        "attempt": number,
    }
    listener = _Listener(generator)
    try:
        with prover.job(options, generator=listener) as job:
            filled = await job.fill_statement(row.statement, header=row.header)
    except StatementError as error:
        return line | {"outcome": "not elaborating", "reason": str(error)}
    verdict, (graph,) = filled.verdicts[-1], filled.graphs
    line |= {
        "outcome": str(verdict.outcome),
        "reason": verdict.reason,
        "expansions": verdict.spent.expansions,
        "tactics": verdict.spent.tactics,
        "tokens": verdict.spent.tokens,
        "seconds": round(verdict.spent.seconds, 2),
    }
    proof = None
    if verdict.proved and (found := graph.proof()) is not None:
        proof = await minimise(prover, row, found)
        line |= {
            "proof": script(proof),
            "steps": sum(1 for _ in proof.nodes()),
            "steps_found": sum(1 for _ in found.nodes()),
        }
    pairs = list(_pairs(proof, listener.context, form)) if proof else []
    return line | {
        "pairs": [pair.to_json() for pair in pairs],
        "negatives": _negatives(graph, {p.state: p.tactic for p in pairs}),
        "states": _states(graph, proof),
    }


async def minimise(prover: Prover, row: Row, proof: Proof) -> Proof:
    """The proof without the steps that it does not need, which Lean has checked again.

    Runs of steps are left out, long ones first, as long as what is left still proves the statement
    (delta debugging, Zeller & Hildebrandt 2002). If the verdict on the shorter proof is anything
    but proved, it is the one that was given.
    """
    steps = [node.tactic for node in _in_order(proof)]
    pool = prover.engine.pool
    header = with_options(row.header, row.statement)
    try:
        done = await open_statement(pool, header, row.statement)
    except ElaborationFailed:
        return proof
    root = done.holes[0].state
    best = proof
    try:
        size = len(steps) - 1
        while size:
            start = 0
            while start + size <= len(steps) and len(steps) > size:
                shorter = steps[:start] + steps[start + size :]
                made: list[State] = []
                tree = await _grow(pool, root, shorter, made)
                pool.release(made)
                if tree is not None:
                    steps, best = shorter, tree
                else:
                    start += 1
            size = min(size - 1, len(steps) - 1)
    finally:
        pool.release([root])
    if best is proof:
        return proof
    try:
        verdict, _ = await prover.texts.check_proof(row.statement, script(best), header=row.header)
    except StatementError:
        return proof
    return best if verdict.proved else proof


def _in_order(proof: Proof) -> Iterator[Proof]:
    """The steps of a proof in the order in which they stand in a script; shared ones again."""
    yield proof
    for child in proof.children:
        yield from _in_order(child)


async def _grow(
    pool: Environment, root: State, steps: Sequence[str], made: list[State]
) -> Proof | None:
    """The proof that consists of these steps, each on the first state that is open; None if they
    fail, or are too few or too many. All states that come up are added to `made`."""
    left = list(reversed(steps))

    async def grow(state: State) -> Proof | None:
        if not left:
            return None
        order = len(steps) - len(left)
        outcome = await pool.run(state, left.pop())
        if isinstance(outcome, Failure):
            return None
        made.extend(outcome.children)
        children = []
        for child in outcome.children:
            grown = await grow(child)
            if grown is None:
                return None
            children.append(grown)
        return Proof(
            state,
            layout(outcome.tactic),
            tuple(children),
            outcome.goal_order,
            outcome.kept,
            order,
        )

    proof = await grow(root)
    return None if left else proof


def _pairs(proof: Proof, context: Context, form: StepFormat) -> Iterator[Pair]:
    seen = set()
    for node in proof.nodes():
        pair = Pair.of(form, Request(node.state, context=context), node.tactic)
        if pair not in seen:
            seen.add(pair)
            yield pair


def distances(graph: Graph) -> dict[GoalNode, int]:
    """The fewest steps that are known to prove each proved goal, those of all its subgoals counted
    (Knuth 1977: settled from the leaves up)."""
    found: dict[GoalNode, int] = {}
    for goal, step in graph.first_steps().items():
        found[goal] = 1 + sum(found[child] for child in step.children)
    return found


def _states(graph: Graph, proof: Proof | None) -> list[dict[str, Any]]:
    """States with their distances to a proof; None for some that the search did not prove."""
    known = distances(graph)
    shorter = {}
    if proof is not None:
        for node in proof.nodes():
            shorter[node.state.key] = sum(1 for _ in _in_order(node))
    rows = []
    unproved = 0
    for goal in graph.goals:
        distance = known.get(goal)
        if distance is None:
            unproved += 1
            if unproved > UNPROVED_KEPT:
                continue
        elif goal.state.key in shorter:
            distance = min(distance, shorter[goal.state.key])
        rows.append(
            {"state": goal.state.pp, "distance": distance, "ended": goal.status is Status.FAILED}
        )
    return rows


def _negatives(graph: Graph, right: dict[str, str]) -> list[dict[str, Any]]:
    """What failed on the proved goals, in the order of the commits, and then what led where nothing
    is left to try; `instead` is a tactic that proves the goal."""
    known = distances(graph)
    rows = []
    for goal in known:
        good = min(
            (s for s in goal.steps if s.status is Status.PROVED),
            key=lambda s: (sum(known[child] for child in s.children), s.order),
        )
        instead = right.get(goal.state.pp, good.tactic)
        kinds = {tactic: failed.failure.kind for tactic, failed in goal.failed.items()}
        wrong = [(tactic, why) for tactic, why in kinds.items() if why not in NO_ANSWER]
        wrong += [(s.tactic, "dead end") for s in goal.steps if s.status is Status.FAILED]
        rows += [
            {"state": goal.state.pp, "tactic": tactic, "why": why, "instead": instead}
            for tactic, why in wrong[:NEGATIVES_KEPT]
        ]
    return rows


# A round


def run_rounds(
    statements: Path,
    start: Path,
    out: Path,
    settings: Rounds,
    *,
    benchmarks: Sequence[Problem],
    held_out: Sequence[Row] = (),
    replay: Path | None = None,
    lean: str = "auto",
    jobs: int = 1,
    report: Callable[[str], None] = lambda line: None,
) -> list[dict[str, Any]]:
    """Iterates from the model in `start` over a file of statements (rows of
    `prover.data.theorems`), with the pairs of `replay` as the oldest ones, and gives the reports of
    all rounds. Rounds that are complete in `out` are not done again.

    What contains a problem of `benchmarks`, or the very statement of one of `held_out`, is left out
    of all that is trained on, and counted in the report; so are pairs whose prompt shows one.

    Raises:
        TrainingError: there is no statement, `out` has rounds of other settings, or the model does
            not fit; with the next step.
        WrongUse: a file is damaged; names the line.
        Interrupted: a signal ended a search or a training; the next call goes on.
    """
    rows = _statements(statements, held_out)
    identity = json.loads(json.dumps(asdict(settings))) | {
        "of": hashlib.sha256("".join(row.statement_sha256 for row in rows).encode()).hexdigest(),
    }
    identity.pop("rounds")  # more of them can be added
    same_settings(out / "settings.json", identity)
    known = Benchmark(benchmarks)
    forbidden = Benchmark([Problem(row.name, row.statement) for row in held_out], rules=("lean",))
    reports = []
    model = start
    for number in range(settings.rounds):
        folder = out / f"round_{number}"
        if not (folder / "report.json").exists():
            folder.mkdir(parents=True, exist_ok=True)
            report(f"round {number}")
            before = [out / f"round_{earlier}" for earlier in range(number)]
            _round(
                folder,
                before,
                rows,
                model,
                settings,
                (known, forbidden),
                replay,
                lean,
                jobs,
                report,
            )
        model = folder / "model"
        reports.append(json.loads((folder / "report.json").read_text("utf-8")))
    return reports


def _round(
    folder: Path,
    before: Sequence[Path],
    rows: Sequence[Row],
    model: Path,
    settings: Rounds,
    benchmarks: Sequence[Benchmark],
    replay: Path | None,
    lean: str,
    jobs: int,
    report: Callable[[str], None],
) -> None:
    number = len(before)
    earlier = [line for one in before for line in read_jsonl(one / "attempts.jsonl")]
    seed = _seed(settings.seed, number)
    false = {line["statement_sha256"] for line in earlier if line["outcome"] == "disproved"}
    rows = [row for row in rows if row.statement_sha256 not in false]
    chosen = choose(rows, success_counts(earlier), settings.statements, seed)
    log = folder / "attempts.jsonl"
    mend(log)
    done = {(line["statement_sha256"], line["attempt"]) for line in _lines(log)}
    todo = [
        (row, attempt)
        for attempt in range(settings.attempts)
        for row in chosen
        if (row.statement_sha256, attempt) not in done
    ]
    if todo:
        run_cancellable(_search(log, todo, model, settings, seed, lean, jobs, report))
    lines = read_jsonl(log)
    history = success_counts(earlier + lines)
    rejected: Counter[str] = Counter()
    easy = {
        sha for sha, (proved, tried) in history.items() if proved > settings.most_success * tried
    }
    sets = {
        "pairs": [line for line in lines if line["statement_sha256"] not in easy],
        "negatives": lines,
        "states": lines,
    }
    sizes = {}
    for name, some in sets.items():
        cleaned = list(_clean(_collect(some, name), benchmarks, rejected))
        for benchmark in benchmarks:
            check_clean(map(_shown, cleaned), benchmark)
        write_jsonl(folder / f"{name}.jsonl", cleaned)
        sizes[name] = len(cleaned)
    older = [pair for one in before for pair in read_pairs(one / "pairs.jsonl")]
    if replay is not None:
        older = read_pairs(replay) + older
    fresh = read_pairs(folder / "pairs.jsonl")
    last = _train(folder, model, fresh, older, settings, report)
    for checkpoint in folder.glob("checkpoint-*"):
        shutil.rmtree(checkpoint)
    write_json(
        folder / "report.json",
        _summary(lines, earlier) | {"sizes": sizes, "left out": dict(rejected), "training": last},
    )


async def _search(
    log: Path,
    todo: Sequence[tuple[Row, int]],
    model: Path,
    settings: Rounds,
    seed: int,
    lean: str,
    jobs: int,
    report: Callable[[str], None],
) -> None:
    """Searches, and writes a line for each in the order of `todo`."""
    from prover.generate.transformers import TransformersGenerator

    sampling = Sampling(settings.samples, settings.temperature, max_tokens=settings.max_tokens)
    proposer = TransformersGenerator.load(str(model), form=own_format(model), sampling=sampling)
    form = step_format(settings.form)
    portfolio = Portfolio()
    mixed, coin = Mixed(proposer, portfolio), FairCoin(proposer, portfolio)
    budget = Budget(expansions=settings.expansions, seconds=settings.seconds)
    options = Options(budget, seed)
    plain = Settings(lean=lean, jobs=jobs, limits=PATIENT, prompt_format=form.name)
    async with Prover(plain) as prover:
        for place in range(0, len(todo), settings.together):
            some = todo[place : place + settings.together]
            lines = await asyncio.gather(
                *(
                    attempt(
                        prover,
                        Explorer(mixed, coin, settings.temperature, at),
                        row,
                        at,
                        options,
                        form,
                    )
                    for row, at in some
                )
            )
            append_lines(log, lines)
            for line in lines:
                report(f"{place + len(some)}/{len(todo)} {line['outcome']} {line['name']}")


def _train(
    folder: Path,
    start: Path,
    fresh: Sequence[Pair],
    older: Sequence[Pair],
    settings: Rounds,
    report: Callable[[str], None],
) -> dict[str, Any] | None:
    """Trains the round's model; without new pairs it is the one before."""
    if not fresh:
        report("no new pairs: the model stays as it is")
        keep_model(start, folder)
        return None
    words, model = load_model(start)
    model.config.prompt_format = settings.form
    share = settings.replay_share if older else 0.0
    recipe = TACTIC_RECIPES[settings.preset]
    fitting = len(examples(fresh, words, longest(recipe, model)))
    recipe = replace(
        recipe,
        steps=steps_for(fitting, recipe, settings.epochs, share),
        learning_rate=settings.learning_rate or recipe.learning_rate / 3,
        seed=settings.seed,
    )
    recipe = replace(recipe, warmup=min(recipe.warmup, recipe.steps // 10))
    lines: list[TacticReport] = []

    def note(line: TacticReport) -> None:
        lines.append(line)
        report(f"step {line.step}/{recipe.steps}: loss {line.loss:.3f}")

    done = train_tactics(
        model,
        words,
        fresh,
        folder,
        recipe,
        replay=older,
        replay_share=settings.replay_share,
        micro_batch=MICRO_BATCHES.get(settings.preset),
        checkpoint_every=50,
        report=note,
    )
    if done < recipe.steps:
        raise Interrupted
    return {
        "steps": recipe.steps,
        "replay": len(older),
        "too long": len(fresh) - fitting,
        "loss": lines[-1].loss if lines else None,
    }


def keep_model(start: Path, folder: Path) -> None:
    """Has `folder/model`, whole, be the model of the folder `start`. Raises `TrainingError`: it has
    none."""
    words, model = load_model(start)
    new = folder / "partial-model"
    shutil.rmtree(new, ignore_errors=True)
    model.save_pretrained(new)
    words.save_pretrained(new)
    shutil.rmtree(folder / "model", ignore_errors=True)
    os.replace(new, folder / "model")


def load_model(folder: Path) -> tuple[PreTrainedTokenizerFast, LlamaForCausalLM]:
    """A model folder with its tokenizer, for training in float32.

    Raises:
        TrainingError: there is none.
    """
    import torch
    from transformers import AutoTokenizer, LlamaForCausalLM

    try:
        words: Any = AutoTokenizer.from_pretrained(folder)
        return words, LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"{folder} holds no model ({str(error).splitlines()[0]}): train one with `prover train "
            "tactics`"
        ) from error


# Files


def _statements(path: Path, held_out: Sequence[Row]) -> list[Row]:
    """The statements for training; those with the type, or the program, of a held-out one are
    refused."""
    rows = for_training(read_rows(path), held_out)
    if not rows:
        raise TrainingError(f"{path} has no statement for training")
    return rows


def ended_by_time(line: Mapping[str, Any]) -> bool:
    """Whether the cap on its time ended a search, or it got no answer: what it tried depends on the
    machine."""
    return line["outcome"] in ("timeout", "crash") or "(seconds)" in line.get("reason", "")


def success_counts(lines: Iterable[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """How often each statement was proved and tried."""
    history: dict[str, tuple[int, int]] = {}
    for line in lines:
        proved, tried = history.get(line["statement_sha256"], (0, 0))
        won = line["outcome"] == "proved"
        history[line["statement_sha256"]] = (proved + won, tried + 1)
    return history


def _collect(lines: Sequence[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """The rows of a kind from all searches, each once; of a state's distances the smallest."""
    found: dict[str, dict[str, Any]] = {}
    for line in lines:
        for row in line.get(kind, ()):
            about = {k: v for k, v in row.items() if k not in ("distance", "ended", "instead")}
            key = json.dumps(about, sort_keys=True)
            other = found.get(key)
            full = row | {"name": line["name"]}
            nearer = kind == "states" and other and _nearer(row["distance"], other["distance"])
            if other is None or nearer:
                found[key] = full
    return list(found.values())


def _nearer(distance: int | None, than: int | None) -> bool:
    return distance is not None and (than is None or distance < than)


def _clean(
    rows: Iterable[dict[str, Any]], benchmarks: Sequence[Benchmark], rejected: Counter[str]
) -> Iterator[dict[str, Any]]:
    """The rows that contain no benchmark problem; what is left out is counted by its rule."""
    verdicts: dict[str, str | None] = {}
    for row in rows:
        text = _shown(row)
        if text not in verdicts:
            hits = (benchmark.hit(text) for benchmark in benchmarks)
            hit = next((hit for hit in hits if hit is not None), None)
            verdicts[text] = None if hit is None else f"{hit.problem} ({hit.rule})"
        why = verdicts[text]
        if why is None:
            yield row
        else:
            rejected[why] += 1


def _shown(row: Mapping[str, Any]) -> str:
    """All that a row shows a model."""
    return f"{row.get('asked', '')}\n\n{row['state']}"


def _summary(lines: Sequence[dict[str, Any]], earlier: Sequence[dict[str, Any]]) -> dict[str, Any]:
    proved = [line for line in lines if line["outcome"] == "proved"]
    known = {line["statement_sha256"] for line in earlier if line["outcome"] == "proved"}
    steps = [line["steps"] for line in proved if "steps" in line]
    families: dict[str, list[int]] = {}
    for line in lines:
        counts = families.setdefault(line["family"], [0, 0])
        counts[0] += line["outcome"] == "proved"
        counts[1] += 1
    return {
        "attempts": len(lines),
        "outcomes": dict(Counter(line["outcome"] for line in lines)),
        "statements": len({line["statement_sha256"] for line in lines}),
        "statements proved": len({line["statement_sha256"] for line in proved}),
        "proved for the first time": len({line["statement_sha256"] for line in proved} - known),
        "proved at the first attempt": sum(1 for line in proved if line["attempt"] == 0),
        "proved and tried by family": families,
        "steps of a proof": {"mean": statistics.fmean(steps), "most": max(steps)} if steps else {},
        "steps left out": sum(line["steps_found"] - line["steps"] for line in proved),
        "lean calls": sum(line.get("tactics", 0) for line in lines),
        "seconds": round(sum(line.get("seconds", 0.0) for line in lines), 1),
    }


def _lines(path: Path) -> list[dict[str, Any]]:
    return read_jsonl(path) if path.exists() else []


def _seed(*parts: int) -> int:
    """A seed of 31 bits from some numbers."""
    text = " ".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=4).digest()) >> 1
