"""Keeps benchmark problems out of training data.

Three published rules compare words, the fourth compares Lean statements whatever their names:

`llemma-20`, `llemma-30`
    A benchmark text shares 20 or 30 consecutive words with the training text (Llemma, Azerbayev et
    al. 2023, arXiv 2310.10631, section 3.5). Llemma reported such hits and kept them.
`deepseekmath`
    They share 10 consecutive words; a benchmark text of 3 to 9 words stands in it as a whole
    (DeepSeekMath, Shao et al. 2024, arXiv 2402.03300, section 2.1).
`qwen2-math`
    Without punctuation and case they are equal, or share 13 consecutive words and a longest common
    subsequence of more than 0.6 of the benchmark text (Qwen2-Math, Qwen Team 2024, blog; repeated
    in arXiv 2409.12122). The denominator is not published: here it is the length of the benchmark
    text, and the subsequence is sought around the shared words.
`lean`
    The training text has a Lean statement, declared or as a tactic state, with the conclusion and
    at least 0.8 of the hypotheses of a benchmark statement, up to names, order, notation, brackets
    and inner types (`prover.data.lean_text`). Ours.

Words are what white space separates, in lower case.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from prover.data.lean_text import Shape, shapes
from prover.errors import WrongUse
from prover.files import read_jsonl

LEAN_COVER = 0.8
QWEN_LCS = 0.6


@dataclass(frozen=True)
class Problem:
    """A benchmark problem: a Lean statement, and perhaps the same in words."""

    name: str
    statement: str
    informal: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """Everything of it that must not be trained on."""
        return (self.statement, *self.informal)


@dataclass(frozen=True)
class Hit:
    """Training text `row`, counted from 0, contains the problem; `evidence` is what they share."""

    row: int
    rule: str
    problem: str
    evidence: str


class Contaminated(WrongUse, ValueError):
    """A training text contains a benchmark problem."""

    def __init__(self, hit: Hit, text: str) -> None:
        self.hit = hit
        super().__init__(
            f"row {hit.row} contains the benchmark problem {hit.problem} (rule {hit.rule}: "
            f"{hit.evidence!r}): {text[:200]!r}; leave the row out"
        )


def load_benchmark(path: Path) -> list[Problem]:
    """Reads problems from JSON lines with `name`, `statement` and, in words,
    `informal_statement` and `informal_proof`.

    Raises `WrongUse`, which names the line, for anything else.
    """
    problems = []
    for number, row in enumerate(read_jsonl(path), 1):
        try:
            informal = [row.get(key) for key in ("informal_statement", "informal_proof")]
            problems.append(
                Problem(row["name"], row["statement"], tuple(text for text in informal if text))
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise WrongUse(
                f"{path}, line {number}: not a JSON object with name and statement ({error})"
            ) from error
    if not problems:
        raise WrongUse(f"{path} holds no problem")
    return problems


Rule = Callable[[str], Iterator[tuple[str, str]]]
"""Names the problems in a training text, with the evidence."""


def _llemma(problems: Sequence[Problem], size: int) -> Rule:
    grams = _index(problems, lambda text: _grams(_words(text), size))

    def rule(text: str) -> Iterator[tuple[str, str]]:
        return ((grams[gram], gram) for gram in _grams(_words(text), size) if gram in grams)

    return rule


def _deepseekmath(problems: Sequence[Problem]) -> Rule:
    def units(text: str) -> Iterator[str]:
        words = _words(text)
        return _grams(words, 10) if len(words) >= 10 else _grams(words, max(len(words), 3))

    grams = _index(problems, units)
    sizes: dict[str, set[int]] = defaultdict(set)  # by the first three words
    for gram in grams:
        words = gram.split(" ")
        sizes[" ".join(words[:3])].add(len(words))

    def rule(text: str) -> Iterator[tuple[str, str]]:
        words = _words(text)
        for at, start in enumerate(_grams(words, 3)):
            for size in sizes.get(start, ()):
                gram = " ".join(words[at : at + size])
                if gram in grams:
                    yield grams[gram], gram

    return rule


def _qwen2_math(problems: Sequence[Problem]) -> Rule:
    texts = {(p.name, i): _plain(text) for p in problems for i, text in enumerate(p.texts)}
    whole = {" ".join(words): name for (name, _), words in texts.items() if words}
    grams: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for key, words in texts.items():
        for gram in _grams(words, 13):
            grams[gram].append(key)

    def rule(text: str) -> Iterator[tuple[str, str]]:
        words = _plain(text)
        if (joined := " ".join(words)) in whole:
            yield whole[joined], joined[:200]
        for at, gram in enumerate(_grams(words, 13)):
            for key in grams.get(gram, ()):
                wanted = texts[key]
                around = words[max(0, at - len(wanted)) : at + 2 * len(wanted)]
                if longest_common_subsequence(wanted, around) > QWEN_LCS * len(wanted):
                    yield key[0], gram

    return rule


def _lean(problems: Sequence[Problem]) -> Rule:
    by_conclusion: dict[str, list[tuple[Shape, str]]] = defaultdict(list)
    for problem in problems:
        for shape in shapes(problem.statement):
            by_conclusion[shape.conclusion].append((shape, problem.name))

    def rule(text: str) -> Iterator[tuple[str, str]]:
        for shape in shapes(text):
            for wanted, name in by_conclusion.get(shape.conclusion, ()):
                if wanted.covered_by(shape) >= LEAN_COVER:
                    yield name, shape.conclusion

    return rule


_MAKERS: dict[str, Callable[[Sequence[Problem]], Rule]] = {
    "llemma-20": lambda problems: _llemma(problems, 20),
    "llemma-30": lambda problems: _llemma(problems, 30),
    "deepseekmath": _deepseekmath,
    "qwen2-math": _qwen2_math,
    "lean": _lean,
}
RULES = tuple(_MAKERS)
REMOVING = ("deepseekmath", "qwen2-math", "lean")
"""The rules that take a text out; Llemma's only report."""


class Benchmark:
    """Problems, ready to be looked for."""

    def __init__(self, problems: Iterable[Problem], rules: Sequence[str] = REMOVING) -> None:
        """Raises `ValueError` for a rule that is not one of `RULES`."""
        self.problems = list(problems)
        for rule in rules:
            if rule not in _MAKERS:
                raise ValueError(f"no rule is called {rule!r}: choose from {', '.join(RULES)}")
        self._rules = {name: _MAKERS[name](self.problems) for name in rules}

    def hits(self, texts: Iterable[str]) -> Iterator[Hit]:
        """All hits, by row; each problem once for each rule and row."""
        for row, text in enumerate(texts):
            seen = set()
            for name, rule in self._rules.items():
                for problem, evidence in rule(text):
                    if (name, problem) not in seen:
                        seen.add((name, problem))
                        yield Hit(row, name, problem, evidence)

    def hit(self, text: str) -> Hit | None:
        """The first hit in one text."""
        return next(self.hits([text]), None)


def check_clean(texts: Iterable[str], benchmark: Benchmark) -> int:
    """Counts the texts. Raises `Contaminated`, with the row, if one contains a problem."""
    rows = 0
    for row, text in enumerate(texts):
        if hit := benchmark.hit(text):
            raise Contaminated(Hit(row, hit.rule, hit.problem, hit.evidence), text)
        rows += 1
    return rows


def longest_common_subsequence(first: Sequence[str], second: Sequence[str]) -> int:
    """Its length, bit-parallel (Hyyrö 2004, "Bit-parallel LCS-length computation revisited")."""
    places: dict[str, int] = defaultdict(int)
    for i, word in enumerate(first):
        places[word] |= 1 << i
    full = (1 << len(first)) - 1
    row = full
    for word in second:
        matches = row & places.get(word, 0)
        row = ((row + matches) | (row - matches)) & full
    return len(first) - row.bit_count()


def _words(text: str) -> list[str]:
    return text.lower().split()


def _plain(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _grams(words: Sequence[str], size: int) -> Iterator[str]:
    return (" ".join(words[i : i + size]) for i in range(len(words) - size + 1))


def _index(problems: Iterable[Problem], units: Callable[[str], Iterator[str]]) -> dict[str, str]:
    return {unit: p.name for p in problems for text in p.texts for unit in units(text)}
