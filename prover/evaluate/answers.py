"""Problems that ask for a value, as MATH, GSM8K, OCWCourses, CMATH and MGSM have them.

Answers are compared with math-verify. Greedy is one answer at temperature 0; maj@k is whether the
answer that most of k samples give is right (Wang et al. 2023; Llemma and Minerva report it). There
is no reward@k: the prover has no reward model for answers in words (`prover.evaluate.rerank` takes the
scores of another one). The formats are those of the tasks in EleutherAI's lm-evaluation-harness.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prover.errors import WrongUse
from prover.evaluate.statistics import wilson
from prover.files import read_text
from prover.informal.answers import Comparer, Sample, final_answer, sample_answers
from prover.informal.writer import Writer

QUESTIONS = ("problem", "question")
ANSWERS = ("answer", "solution", "answer_number", "golden", "final_answer")


@dataclass(frozen=True, slots=True)
class Asked:
    """A problem, and the answer that is right."""

    name: str
    problem: str
    answer: str


@dataclass(frozen=True, slots=True)
class Row:
    """What a model answered to a problem: whether greedy is right (None: not asked), and the answer
    that most samples give, if there are samples."""

    name: str
    problem: str
    gold: str
    greedy: Sample
    greedy_right: bool
    samples: tuple[Sample, ...] = ()
    majority: str | None = None
    majority_right: bool = False

    def to_json(self) -> dict[str, Any]:
        def plain(sample: Sample) -> dict[str, Any]:
            return {"answer": sample.answer, "failed": sample.failed, "text": sample.text}

        return {
            "name": self.name,
            "problem": self.problem,
            "gold": self.gold,
            "greedy": plain(self.greedy),
            "greedy_right": self.greedy_right,
            "samples": [plain(sample) for sample in self.samples],
            "majority": self.majority,
            "majority_right": self.majority_right,
        }


def read_problems(path: Path) -> list[Asked]:
    """The problems of a JSONL file: `problem` or `question`, and `answer` (MATH's `solution` and
    GSM8K's `answer` end with theirs), `answer_number` or `golden`.

    Raises:
        WrongUse: a row is none; the message names its line.
    """
    found = []
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            problem = next(row[key] for key in QUESTIONS if key in row)
            given = str(next(row[key] for key in ANSWERS if row.get(key) is not None))
            answer = final_answer(given) or given.strip()
            found.append(Asked(str(row.get("name", number)), str(problem), answer))
        except (ValueError, TypeError, AttributeError, StopIteration):
            raise WrongUse(
                f"{path}, line {number}: a row is an object with problem or question, and answer or "
                "solution"
            ) from None
    if not found:
        raise WrongUse(f"{path} holds no problem")
    return found


async def evaluate(
    writer: Writer, problems: Sequence[Asked], way: str, *, samples: int, seed: int
) -> AsyncIterator[Row]:
    """Asks a model each problem, once at temperature 0 and so many times at 0.7.

    Raises:
        ModelError: the model failed.
        PythonUnavailable: programs are wanted and cannot be run apart here.
    """
    comparer = Comparer()
    try:
        for asked in problems:
            (greedy,) = await sample_answers(writer, [asked.problem], way, seed=seed, greedy=True)
            right = await _right(comparer, asked, greedy.answer)
            if not samples:
                yield Row(asked.name, asked.problem, asked.answer, greedy, right)
                continue
            drawn = await sample_answers(
                writer, [asked.problem] * samples, way, seed=seed, greedy=False
            )
            most = (await comparer.majority(drawn)).answer
            most_right = await _right(comparer, asked, most)
            yield Row(
                asked.name,
                asked.problem,
                asked.answer,
                greedy,
                right,
                tuple(drawn),
                most,
                most_right,
            )
    finally:
        await comparer.aclose()


async def _right(comparer: Comparer, asked: Asked, answer: str | None) -> bool:
    return answer is not None and await comparer.same(asked.answer, answer)


def report(rows: Sequence[Row]) -> str:
    """Greedy and maj@k with 95% intervals (Wilson), and what went wrong with samples."""
    lines = [_share("greedy", sum(row.greedy_right for row in rows), len(rows))]
    if rows and rows[0].samples:
        right = sum(row.majority_right for row in rows)
        lines.append(_share(f"maj@{len(rows[0].samples)}", right, len(rows)))
    without = [s for row in rows for s in (row.greedy, *row.samples) if s.answer is None]
    if without:
        lines.append(f"without an answer: {len(without)} samples, such as: {without[0].failed}")
    lines.append("reward@k: there is no reward model for answers in words")
    return "\n".join(lines)


def _share(name: str, right: int, of: int) -> str:
    low, high = wilson(right, of)
    return f"{name}: {right} of {of} right, {right / of:.1%} (95% interval {low:.1%} to {high:.1%})"
