"""Problems that ask for a value: answers of a model, by reasoning or by a program, and whether two
answers are the same (math-verify, in a process of its own: a text of a model can keep it busy)."""

from __future__ import annotations

import asyncio
import importlib.util
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from prover.informal import prompts
from prover.informal.python import Worker, run_python
from prover.informal.writer import Writer

WAYS = ("reason", "program")
MOST_ANSWER = 200
"""Characters of an answer."""

TOGETHER = 2
"""Programs that run at a time."""

_COMPARE = """
import json, logging, sys
sys.path += sys.argv[1:]
logging.disable()
from math_verify import parse, verify
for line in sys.stdin:
    gold, given = ("\\\\boxed{" + text + "}" for text in json.loads(line))
    try:
        same = verify(parse(gold), parse(given))
    except Exception:
        same = False
    print(json.dumps(bool(same)), flush=True)
"""
_SAID = re.compile(
    r"(?:answer\s+is|答案[是为：:]+)\s*:?\s*(.+?)\s*(?:[.。]?\s*$|\.\s|。)",
    re.IGNORECASE | re.MULTILINE,
)
_CODE = re.compile(r"```[ \t]*(?:python3?|py)?[ \t]*\n(.*?)(?:\n[ \t]*```|\Z)", re.DOTALL)
_NUMBER = re.compile(r"-?\d+(\.\d+)?(/\d+)?")


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer of a model: None if it gave none, and then in `failed` why, where that is known."""

    answer: str | None
    text: str
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """What most samples answer, how many do, and all of them. Of answers with as many votes it is the
    one that came first; None if no sample has an answer."""

    answer: str | None
    votes: int
    samples: tuple[Sample, ...]


class Comparer:
    """Says whether two answers are the same. Give it back with `aclose`."""

    def __init__(self) -> None:
        """Raises `ModuleNotFoundError` if math-verify is not installed."""
        if importlib.util.find_spec("math_verify") is None:
            raise ModuleNotFoundError("no module named math_verify", name="math_verify")
        packages = ("math_verify", "latex2sympy2_extended", "antlr4", "sympy")
        self._worker = Worker(_COMPARE, packages)

    async def same(self, gold: str, given: str) -> bool:
        """Whether an answer is the one that is right; no, where that cannot be told in time."""
        one, other = _plain(gold), _plain(given)
        if one == other:
            return True
        if _NUMBER.fullmatch(one) and _NUMBER.fullmatch(other):
            try:
                return Fraction(one) == Fraction(other)
            except (ValueError, ZeroDivisionError):
                return False
        return await self._worker.ask([one, other]) is True

    async def majority(self, samples: Sequence[Sample]) -> Answered:
        """What most samples answer."""
        groups = await self.group([sample.answer for sample in samples])
        votes = Counter(group for group in groups if group is not None)
        if not votes:
            return Answered(None, 0, tuple(samples))
        best = max(votes, key=votes.__getitem__)
        return Answered(samples[groups.index(best)].answer, votes[best], tuple(samples))

    async def group(self, answers: Sequence[str | None]) -> list[int | None]:
        """Numbers answers by the first that each is the same as, in the order of these; None stays."""
        first: list[str] = []
        found: list[int | None] = []
        for answer in answers:
            if answer is None:
                found.append(None)
                continue
            for number, known in enumerate(first):
                if await self.same(known, answer):
                    found.append(number)
                    break
            else:
                found.append(len(first))
                first.append(answer)
        return found

    async def aclose(self) -> None:
        await self._worker.aclose()


async def sample_answers(
    writer: Writer, problems: Sequence[str], way: str = "reason", *, seed: int = 0, greedy: bool
) -> list[Sample]:
    """One answer of the model to each problem, at temperature 0 or drawn at 0.7. A problem that
    comes several times is answered with several seeds.

    Raises:
        ModelError: the model failed.
        PythonUnavailable: programs cannot be run apart here.
    """
    questions = [prompts.answer(problem, way) for problem in problems]
    texts = await writer.write(questions, seed=seed, temperature=0.0 if greedy else 0.7)
    if way == "reason":
        return [_reasoned(text) for text in texts]
    turns = asyncio.Semaphore(TOGETHER)

    async def run(text: str | None) -> Sample:
        async with turns:
            return await _computed(text)

    return list(await asyncio.gather(*map(run, texts)))


def claim(problem: str, answer: str) -> str:
    """The statement in words that a value is the answer to a problem."""
    return f"{problem.strip()}\n\nShow that the answer is {answer}."


def final_answer(text: str) -> str | None:
    """The answer that a solution in words ends with: what is boxed, or what stands after `####` or
    after words that say so."""
    if (boxed := _boxed(text)) is not None:
        return boxed
    if "####" in text:
        return _short(text.rpartition("####")[2].strip().split("\n")[0])
    said = list(_SAID.finditer(text))
    return _short(said[-1][1]) if said else None


def _reasoned(text: str | None) -> Sample:
    if text is None:
        return Sample(None, "", "the answer was cut off")
    answer = final_answer(text)
    return Sample(answer, text, "" if answer is not None else "no answer was named")


async def _computed(text: str | None) -> Sample:
    if text is None:
        return Sample(None, "", "the answer was cut off")
    code = _CODE.findall(text)
    if not code:
        return Sample(None, text, "there is no program")
    ran = await run_python(code[-1])
    if ran.stopped:
        return Sample(None, text, ran.stopped)
    line = ran.output.split("\n")[-1]
    return Sample(final_answer(line) or _short(line), text)


def _boxed(text: str) -> str | None:
    """What the last `\\boxed{…}` holds."""
    start = text.rfind("\\boxed{")
    if start < 0:
        return None
    depth = 0
    for at in range(start + len("\\boxed"), len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return _short(text[start + len("\\boxed{") : at])
    return None


def _short(answer: str) -> str | None:
    answer = answer.strip()
    return answer if 0 < len(answer) <= MOST_ANSWER else None


def _plain(answer: str) -> str:
    """An answer without what says nothing: dollar signs, commas between thousands, a full stop."""
    text = answer.strip().strip("$").strip().removesuffix(".")
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    return re.sub(r"\\left|\\right|\\[,;! ]", "", text).strip()
