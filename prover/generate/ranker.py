"""A learned order of tactics: how likely each of some suggestions is the first step of a proof.

The model is a logistic regression over hashed features (Weinberger et al., "Feature Hashing for Large
Scale Multitask Learning", ICML 2009): the shape of the tactic, each feature of the goal, and every pair
of the two, so that what a shape is worth depends on what the goal is like. A second one of the same kind
says what a tactic costs. It is trained on the log of searches (`prover.train.ranker`).
"""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from zlib import crc32

from prover.errors import WrongUse
from prover.files import write_file, write_json
from prover.generate.features import Scene, coarse, priors
from search.interfaces import Request, Suggestion, TacticGenerator

FORMAT = 1
BITS = 18
"""There are 2**BITS weights, of one byte each."""

_FIRST, _SECOND = 0x9E3779B1, 0x85EBCA6B  # odd, without a pattern: what pairs are mixed with


@lru_cache(maxsize=65_536)
def _number(word: str) -> int:
    return crc32(word.encode())


def encoded(scene: Scene, suggestions: Sequence[Suggestion]) -> Iterator[list[int]]:
    """The places, among 2**BITS, of the features of each suggestion for a goal."""
    shapes = [scene.shape(s) for s in suggestions]
    known = priors(suggestions, shapes)
    goal = [_number(word) for word in scene.features]
    mask = (1 << BITS) - 1
    alone = [(n * _SECOND >> 7) & mask for n in goal]
    paired: dict[str, list[int]] = {}
    for shape, words_known in zip(shapes, known, strict=True):
        if shape not in paired:
            words = [_number(f"shape {shape}"), _number(f"words {coarse(shape)}")]
            paired[shape] = [(w * _SECOND >> 7) & mask for w in words]
            paired[shape] += [((w * _FIRST ^ g * _SECOND) >> 9) & mask for w in words for g in goal]
        yield [*paired[shape], *alone, *((_number(k) * _SECOND >> 7) & mask for k in words_known)]


@dataclass(frozen=True, slots=True)
class Linear:
    """A weight for each feature, in units of `scale`, and one for all."""

    bias: float
    scale: float
    weights: array[int]

    def at(self, places: Sequence[int]) -> float:
        return self.bias + self.scale * sum(map(self.weights.__getitem__, places))


@dataclass(frozen=True, slots=True)
class Ranker:
    """`helps` gives the logit of the probability that a tactic is the first step of a proof of the
    goal, `costs` the logarithm of the milliseconds that it takes."""

    helps: Linear
    costs: Linear
    about: dict[str, Any]

    @classmethod
    def load(cls, folder: Path) -> Ranker:
        """Raises WrongUse if the folder holds no ranker."""
        try:
            about = json.loads((folder / "ranker.json").read_text("utf-8"))
            if about["format"] != FORMAT:
                raise WrongUse(f"{folder} holds a ranker of another version of the prover")
            data = (folder / "ranker.bin").read_bytes()
            size = 1 << BITS
            if len(data) != 2 * size:
                raise WrongUse(f"{folder}/ranker.bin has {len(data)} bytes, not {2 * size}")
            halves = array("b", data[:size]), array("b", data[size:])
            helps, costs = (
                Linear(float(about[name]["bias"]), float(about[name]["scale"]), half)
                for name, half in zip(("helps", "costs"), halves, strict=True)
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise WrongUse(
                f"{folder} holds no ranker ({error}): make one with `prover train ranker`"
            ) from None
        return cls(helps, costs, about)

    @property
    def weights(self) -> bytes:
        """All weights, as in the file."""
        return self.helps.weights.tobytes() + self.costs.weights.tobytes()

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        write_file(folder / "ranker.bin", self.weights)
        write_json(folder / "ranker.json", self.about)

    @staticmethod
    def knows(request: Request) -> bool:
        """Whether it has learned from searches of such goals: of functions in monads, and of laws of
        structures, it has seen none, nor the tactics for them."""
        context = request.context
        monads = any(function.monads for function in context.functions.values())
        return not monads and not any(law.head == "Eq" for law in context.laws)

    def ranked(
        self, request: Request, suggestions: Sequence[Suggestion], thrift: float = 0.0
    ) -> list[Suggestion]:
        """The suggestions with the log-probability that each helps, the best first. With `thrift`,
        what costs more than usual is rated so many nats lower for each factor of e. They are left as
        they are where it does not know such goals; of a shape that it has not learned of, one keeps the
        place that it was given."""
        usable = [s for s in suggestions if s.flaw is None and s.tactic]
        if not usable or not self.knows(request):
            return list(suggestions)
        scene = Scene.of(request.state.goals[0], request.context)
        logprobs, strange = [], set()
        for place, places in enumerate(encoded(scene, usable)):
            logprob = _log_sigmoid(self.helps.at(places))
            if thrift:
                logprob -= thrift * max(0.0, self.costs.at(places))
            logprobs.append(logprob)
            if not (self.helps.weights[places[0]] or self.costs.weights[places[0]]):
                strange.add(place)
        given = sorted(range(len(usable)), key=lambda place: -usable[place].logprob)
        best = sorted(logprobs, reverse=True)
        for place, logprob in zip(given, best, strict=True):
            if place in strange:
                logprobs[place] = max(logprob, logprobs[place])
        found = [s.rated(logprob) for s, logprob in zip(usable, logprobs, strict=True)]
        found.sort(key=lambda s: -s.logprob)
        return [*found, *(s for s in suggestions if s.flaw is not None or not s.tactic)]


def _log_sigmoid(x: float) -> float:
    return -math.log1p(math.exp(-x)) if x > -30 else x


class Ranked:
    """What a generator suggests, rated by a ranker. A `model` beside it is asked about the goals for
    which all of that is rated below `weak`, and what it suggests is rated too."""

    def __init__(
        self,
        generator: TacticGenerator,
        ranker: Ranker,
        thrift: float = 0.0,
        model: TacticGenerator | None = None,
        weak: float = 0.0,
    ) -> None:
        self._generator = generator
        self._ranker = ranker
        self._thrift = thrift
        self._model = model
        self._weak = weak

    async def generate(
        self, requests: Sequence[Request]
    ) -> AsyncGenerator[tuple[int, Suggestion], None]:
        """Yields what the generator suggests for each request in turn, the best first, and then what
        the model does."""
        found = await _collected(self._generator, requests)
        weak: list[int] = []
        for index, suggestions in enumerate(found):
            rated = self._ranker.ranked(requests[index], suggestions, self._thrift)
            for suggestion in rated:
                yield index, suggestion
            usable = (s.logprob for s in rated if s.flaw is None and s.tactic)
            if max(usable, default=-math.inf) < self._weak:
                weak.append(index)
        if self._model is None or not weak:
            return
        asked = [requests[index] for index in weak]
        for index, more in zip(weak, await _collected(self._model, asked), strict=True):
            texts = {suggestion.tactic for suggestion in more}
            both = [*found[index], *more]
            for suggestion in self._ranker.ranked(requests[index], both, self._thrift):
                if suggestion.tactic in texts:
                    yield index, suggestion


async def _collected(
    generator: TacticGenerator, requests: Sequence[Request]
) -> list[list[Suggestion]]:
    """All that a generator suggests for each request."""
    found: list[list[Suggestion]] = [[] for _ in requests]
    stream: Any = generator.generate(requests)
    async with aclosing(stream) as arrivals:
        async for index, suggestion in arrivals:
            found[index].append(suggestion)
    return found
