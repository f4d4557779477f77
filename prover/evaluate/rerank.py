"""What the scores of samples are worth: pass@k, maj@k and RM@k, and the samples to train on next.

Of all k samples that could be drawn from those of a problem without replacement, pass@k is the share
in which one is correct (Chen et al. 2021, arXiv 2107.03374, section 2.1), maj@k that in which the
answer that most give is (Wang et al. 2023, arXiv 2203.11171), RM@k that in which the one with the
best score is (Qwen2-Math, Qwen Team 2024, which calls it RM@k). So all three are exact for the samples
that are there, and neither of the others is above pass@k.

A proof needs no reward model to be chosen, for Lean chooses: there a score saves Lean calls.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from prover.data.decontaminate import Benchmark, Problem
from prover.data.theorems.corpus import all_held_out
from prover.errors import WrongUse
from prover.evaluate.recheck import is_results
from prover.evaluate.report import Estimate
from prover.evaluate.run import read_results
from prover.evaluate.statistics import bootstrap, pass_at_k, wilson
from prover.files import read_jsonl
from prover.informal.answers import Comparer
from prover.render.document import Block, Paragraph, Table


@dataclass(slots=True)
class Draw:
    """A sample of a problem. `vote` is the number of its answer, of those of the problem; None if it
    gives none. `lean_calls` is what it costs to try it."""

    text: str
    correct: bool
    score: float | None = None
    vote: int | None = None
    lean_calls: int = 1


@dataclass(frozen=True)
class Samples:
    """The samples of each problem, in the order in which they were drawn. `answered` says whether they
    are answers in words, rather than proofs, `scored` whether they have scores, `named` whether
    problems are known by their names only."""

    draws: dict[str, list[Draw]]
    answered: bool = False
    scored: bool = False
    named: bool = False


@dataclass(slots=True)
class _Row:
    """A sample as a file has it, with its line."""

    line: int
    problem: str
    text: str
    correct: bool | None = None
    score: float | None = None
    answer: str | None = None
    gold: str | None = None
    lean_calls: int = 1


async def read_samples(path: Path, report: Callable[[str], None] = lambda line: None) -> Samples:
    """The samples of a file of JSON lines with `problem`, `sample`, `correct`, and perhaps `score`
    (higher is better), `answer`, and `lean_calls` (1 if it is not there); in the place of `correct`
    the `gold` answer will do. Files of `prover eval answers --maj --out` and of `prover eval run` are
    read too.

    Raises:
        WrongUse: the file cannot be read, or a row is no sample; names the line.
        ModuleNotFoundError: there are answers, and math-verify is not installed.
    """
    if is_results(path):
        rows = [
            _Row(
                *(0, name, row.get("proof", "")),
                correct=row["outcome"] == "proved",
                lean_calls=row.get("lean_calls", 0),
            )
            for (name, _), row in read_results(path).rows.items()
        ]
        return Samples(_draws(rows), named=True)
    lines = read_jsonl(path)
    rows = [one for number, line in enumerate(lines, 1) for one in _rows(path, number, line)]
    if not rows:
        raise WrongUse(f"{path} holds no samples: `prover eval answers` draws them with --maj")
    answered = any("answer" in line or "samples" in line for line in lines)
    scored = {row.score is not None for row in rows}
    if len(scored) > 1:
        without = next(row.line for row in rows if row.score is None)
        raise WrongUse(f"{path}, line {without}: the sample has no score, and others have one")
    if not answered:
        return Samples(_draws(rows), scored=True in scored)
    comparer = Comparer()
    by_problem = defaultdict(list)
    for row in rows:
        by_problem[row.problem].append(row)
    draws: dict[str, list[Draw]] = {}
    try:
        for problem, own in by_problem.items():
            for row in own:
                if row.correct is None:
                    right = row.answer is not None and row.gold is not None
                    row.correct = right and await comparer.same(str(row.gold), str(row.answer))
            votes = await comparer.group([row.answer for row in own])
            draws |= _draws(own)
            for draw, vote in zip(draws[problem], votes, strict=True):
                draw.vote = vote
            report(f"{len(draws)}/{len(by_problem)} answers are compared")
    finally:
        await comparer.aclose()
    return Samples(draws, answered=True, scored=True in scored)


def _rows(path: Path, line: int, row: Any) -> Iterator[_Row]:
    """The samples of a line."""
    try:
        if "samples" in row:
            for sample in row["samples"]:
                text, answer = sample["text"], sample["answer"]
                yield _checked(_Row(line, row["problem"], text, answer=answer, gold=row["gold"]))
            return
        yield _checked(
            _Row(
                line,
                row["problem"],
                row["sample"],
                row.get("correct"),
                row.get("score"),
                row.get("answer"),
                row.get("gold"),
                row.get("lean_calls", 1),
            )
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise WrongUse(
            f"{path}, line {line}: a row is an object with problem, sample, correct (or gold), and "
            f"perhaps score, answer and lean_calls ({error!r})"
        ) from None


def _checked(row: _Row) -> _Row:
    """Raises `TypeError` for a sample with something that cannot be."""
    kinds = (
        ("problem", row.problem, str),
        ("sample", row.text, str),
        ("correct", row.correct, bool | None),
        ("score", row.score, int | float | None),
        ("answer", row.answer, str | None),
        ("gold", row.gold, str | None),
        ("lean_calls", row.lean_calls, int),
    )
    for name, value, kind in kinds:
        if not isinstance(value, kind) or (isinstance(value, float) and not math.isfinite(value)):
            raise TypeError(f"{name} is {value!r}")
    if row.correct is None and row.gold is None:
        raise TypeError("neither correct nor gold is there")
    return row


def _draws(rows: Iterable[_Row]) -> dict[str, list[Draw]]:
    found = defaultdict(list)
    for row in rows:
        draw = Draw(row.text, bool(row.correct), row.score, lean_calls=row.lean_calls)
        found[row.problem].append(draw)
    return dict(found)


# Of k


def best_at_k(draws: Sequence[Draw], k: int) -> float:
    """RM@k of one problem. Among equal scores each is as likely to be the best.

    Raises:
        ValueError: there are fewer than k samples, or k is not positive.
    """
    below = len(draws)
    if not 1 <= k <= below:
        raise ValueError(f"RM@{k} cannot be estimated from {below} samples")
    right = Fraction(0)
    for group in _by_score(draws):
        here = math.comb(below, k) - math.comb(below - len(group), k)
        right += Fraction(sum(draw.correct for draw in group) * here, len(group))
        below -= len(group)
    return float(right / math.comb(len(draws), k))


def majority_at_k(draws: Sequence[Draw], k: int) -> float:
    """maj@k of one problem. Of answers with as many votes it is the one that was drawn first: each of
    them as likely.

    Raises:
        ValueError: there are fewer than k samples, or k is not positive.
    """
    if not 1 <= k <= len(draws):
        raise ValueError(f"maj@{k} cannot be estimated from {len(draws)} samples")
    votes = Counter((draw.vote, draw.correct) for draw in draws if draw.vote is not None)
    silent = len(draws) - votes.total()
    right = Fraction(0)
    for answer, count in votes.items():
        if answer[1]:
            others = sorted(other for key, other in votes.items() if key != answer)
            right += _wins(count, tuple(others), silent, k)
    return float(right / math.comb(len(draws), k))


@lru_cache(maxsize=4096)
def _wins(own: int, others: tuple[int, ...], silent: int, k: int) -> Fraction:
    """In how many choices of k samples an answer that `own` of them give gets the most votes; where
    others get as many, it is its share of the choice. `silent` samples give none."""
    total = Fraction(0)
    for votes in range(1, min(own, k) + 1):
        if 2 * votes > k:  # no other can have as many
            total += math.comb(own, votes) * math.comb(sum(others) + silent, k - votes)
            continue
        ways = Counter({(0, 0): 1})  # by how many others are drawn, and how many answers tie
        for count in others:
            grown: Counter[tuple[int, int]] = Counter()
            for (drawn, tied), number in ways.items():
                for more in range(min(count, votes, k - votes - drawn) + 1):
                    place = drawn + more, tied + (more == votes)
                    grown[place] += number * math.comb(count, more)
            ways = grown
        for (drawn, tied), number in ways.items():
            number *= math.comb(own, votes) * math.comb(silent, k - votes - drawn)
            total += Fraction(number, tied + 1)
    return total


def calls_to_success(draws: Sequence[Draw], *, scored: bool) -> float:
    """Lean calls until a sample is accepted, or none is left: the mean over all orders, or over those
    in which a better score comes first.

    Of w samples that fail and c that do not, in any order, each that fails comes before all others
    with probability 1/(c + 1).
    """
    spent = 0.0
    for group in _by_score(draws) if scored else [list(draws)]:
        good = [draw.lean_calls for draw in group if draw.correct]
        bad = sum(draw.lean_calls for draw in group if not draw.correct)
        if good:
            return spent + bad / (len(good) + 1) + statistics.fmean(good)
        spent += bad
    return spent


def _by_score(draws: Sequence[Draw]) -> list[list[Draw]]:
    """Those with equal scores together, the best first."""

    def key(draw: Draw) -> float:
        assert draw.score is not None
        return -draw.score

    return [list(group) for _, group in groupby(sorted(draws, key=key), key)]


# The report


def blocks(samples: Samples) -> Iterator[Block]:
    """The figures of all k that are powers of two, over the problems with so many samples, with 95%
    intervals over problems; for proofs also the Lean calls to the first."""
    draws = list(samples.draws.values())
    measures: dict[str, Callable[[Sequence[Draw], int], float]] = {"pass@k": _pass}
    if samples.answered:
        measures["maj@k"] = majority_at_k
    if samples.scored:
        measures["RM@k"] = best_at_k
    rows = []
    for k in (2**n for n in range(max(map(len, draws)).bit_length())):
        some = [own for own in draws if len(own) >= k]
        estimates = [_mean([measure(own, k) for own in some]) for measure in measures.values()]
        rows.append([str(k), str(len(some)), *map(str, estimates)])
    yield Table(["k", "problems", *measures], rows)
    solved = [own for own in draws if any(draw.correct for draw in own)]
    if samples.answered or not solved:
        return
    yield Paragraph(
        f"Lean calls to the first proof, over the {len(solved)} problems that have one:"
    )
    drawn = [calls_to_success(own, scored=False) for own in solved]
    costs = [["as drawn", *_spread(drawn)]]
    if samples.scored:
        ranked = [calls_to_success(own, scored=True) for own in solved]
        costs.append(["by score", *_spread(ranked)])
        saved = [before - after for before, after in zip(drawn, ranked, strict=True)]
        costs.append(["saved", *_spread(saved)])
    yield Table(["order", "mean", "95% interval"], costs)


def _pass(draws: Sequence[Draw], k: int) -> float:
    return pass_at_k(len(draws), sum(draw.correct for draw in draws), k)


def _mean(values: Sequence[float]) -> Estimate:
    """Over problems, each a cluster of its samples."""
    value = statistics.fmean(values)
    if set(values) <= {0.0, 1.0}:
        return Estimate(value, *wilson(sum(values), len(values)), "Wilson")
    return Estimate(value, *bootstrap(values), "bootstrap")


def _spread(values: Sequence[float]) -> list[str]:
    low, high = bootstrap(values)
    return [f"{statistics.fmean(values):.2f}", f"{low:.2f} to {high:.2f}"]


# Rejection sampling


def accepted(
    samples: Samples, most: int, problems: Sequence[Problem] = ()
) -> tuple[list[dict[str, str]], int]:
    """The rows of the next training set, for `prover train tactics` (`state` is the problem, `tactic`
    the sample), and how many different ones were left out: of each problem the `most` shortest correct
    samples that differ in more than white space, without those that contain a problem of a benchmark
    or the statement of one of the house's own tests.

    Raises:
        WrongUse: the problems are known by their names only.
    """
    if samples.named:
        raise WrongUse("results of `prover eval run` name their problems: train on none of them")
    tests = [Problem(row.name, row.statement) for row in all_held_out()]
    known = [Benchmark(problems), Benchmark(tests, rules=("lean",))]
    rows = []
    left_out = 0
    for problem, draws in samples.draws.items():
        right = sorted({draw.text for draw in draws if draw.correct}, key=lambda t: (len(t), t))
        different = {" ".join(text.split()): text for text in reversed(right) if text.strip()}
        clean = []
        for text in sorted(different.values(), key=lambda t: (len(t), t)):
            shown = (problem, f"{problem}\n{text}")
            if any(benchmark.hit(part) for benchmark in known for part in shown):
                left_out += 1
            else:
                clean.append({"state": problem, "tactic": text})
        rows += clean[:most]
    return rows, left_out
