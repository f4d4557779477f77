"""From completions to tactics and proofs: what every model has in common, wherever it runs."""

from __future__ import annotations

import asyncio
import math
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prover.errors import ProverError
from prover.generate.lemmas import with_lemmas
from prover.generate.portfolio import FORBIDDEN
from prover.generate.prompts import Format, Prompt, ProofFormat, Sampling, Statement, StepFormat
from search.interfaces import Request, Suggestion

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class ModelError(ProverError):
    """A model that cannot be used, or failed while it was. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote after a prompt. `logprob` is the sum of the log-probabilities (at
    temperature 1, before any top-p) of all tokens drawn, the one that ended it included; `tokens`
    is their number. `finished`: it ended by itself, not at the limit of tokens. NaN as `logprob`
    stands for a completion that could not be read or scored."""

    text: str
    logprob: float
    tokens: int
    finished: bool


@dataclass(frozen=True, slots=True)
class WholeProof:
    """A proof of a statement that nobody has checked: a tactic block, and declarations to put
    before the theorem. `score` is that of its format, NaN where the `logprob` of the completion is.
    What a limit of tokens has cut off is not `finished`."""

    tactics: str
    lemmas: str
    score: float
    tokens: int
    finished: bool

    @property
    def script(self) -> str:
        """The proof as one tactic block. It is empty where what stands before the theorem is more
        than lemmas, which a proof cannot hold."""
        return with_lemmas(self.lemmas, self.tactics) or ""


class ModelGenerator(ABC):
    """A model with its prompt format: a `TacticGenerator` if it works step by step, a source of
    whole proofs otherwise. Where it is not `scored`, completions may come without log-probabilities:
    these are NaN then, and their number of tokens 0."""

    def __init__(self, form: Format, sampling: Sampling) -> None:
        self.format = form
        self.sampling = sampling
        self.scored = True

    def score(self, done: Completion) -> float:
        """The score that the model's authors give a completion."""
        mean = self.format.score == "mean" and done.tokens > 0
        return done.logprob / done.tokens if mean else done.logprob

    async def aclose(self) -> None:  # noqa: B027 (most hold nothing)
        """Gives back what the model holds: connections, processes, threads."""

    @abstractmethod
    def complete(
        self, prompts: Sequence[Prompt], seeds: Sequence[int]
    ) -> AsyncGenerator[tuple[int, Completion], None]:
        """Yields `(index of the prompt, completion)` as each completion ends. The seed decides the
        completions of a prompt, whatever else is drawn beside it. A prompt that does not fit the
        model has none. Closing the generator abandons what is not finished.

        Raises:
            ModelError: the model failed.
        """

    async def generate(
        self, requests: Sequence[Request]
    ) -> AsyncGenerator[tuple[int, Suggestion], None]:
        """Yields each tactic as soon as its text is complete, its score in the place of its
        log-probability. One that is drawn again comes again only with a better score, one that is
        flawed every time. The tokens of completions that gave nothing new count with the next
        suggestion of their request, what is left of them at the end with an empty tactic.

        Raises:
            ModelError: the model failed, or writes whole proofs.
        """
        form = self.format
        if not isinstance(form, StepFormat):
            raise ModelError(
                f"a model of format {form.name} writes whole proofs, not single tactics"
            )
        scores: dict[tuple[int, str], float] = {}
        spare: defaultdict[int, int] = defaultdict(int)
        prompts = [form.prompt(request) for request in requests]
        seeds = [request.seed for request in requests]
        async with aclosing(self.complete(prompts, seeds)) as completions:
            async for index, done in completions:
                read = form.tactic(done.text) if done.finished else ""
                tactic = form.meant(read, requests[index])
                score = self.score(done)
                suggestion = Suggestion(tactic, score, done.tokens)
                if suggestion.flaw is not None:
                    yield index, suggestion
                    continue
                known = scores.get((index, tactic), -math.inf)
                if not tactic or FORBIDDEN.search(tactic) or score <= known:
                    spare[index] += done.tokens
                    continue
                scores[index, tactic] = score
                yield index, Suggestion(tactic, score, done.tokens + spare.pop(index, 0))
        for index, tokens in spare.items():
            yield index, Suggestion("", 0.0, tokens)

    async def whole_proofs(
        self, statement: Statement, *, seed: int = 0
    ) -> AsyncGenerator[WholeProof, None]:
        """Yields each different proof of a statement as soon as it is written, and an empty one for
        each completion that could not be read or scored.

        Raises:
            ModelError: the model failed, or proposes single tactics.
        """
        form = self.format
        if not isinstance(form, ProofFormat):
            raise ModelError(f"a model of format {form.name} proposes single tactics, not proofs")
        seen = set()
        async with aclosing(self.complete([form.prompt(statement)], [seed])) as completions:
            async for _, done in completions:
                score = self.score(done)
                if math.isnan(score):
                    yield WholeProof("", "", score, done.tokens, done.finished)
                    continue
                proof = form.proof(done.text, statement)
                if proof is not None and proof not in seen:
                    seen.add(proof)
                    yield WholeProof(proof.tactics, proof.lemmas, score, done.tokens, done.finished)


def sampled(form: Format, sampling: Sampling | None) -> Sampling:
    """The sampling of an engine that has no beam search: a format published with beams is sampled
    at temperature 1 unless told otherwise.

    Raises:
        ValueError: beams are asked for.
    """
    if sampling is not None and sampling.beam:
        raise ValueError("beam search is only there for models that run on transformers")
    return sampling or replace(form.sampling, beam=False)


def encode(tokenizer: PreTrainedTokenizerBase, prompt: Prompt, most: int | None) -> list[int]:
    """The tokens of a prompt, of which the first `most` are kept."""
    if isinstance(prompt, str):
        ids = tokenizer(prompt, verbose=False).input_ids
    else:
        if tokenizer.chat_template is None:
            raise ModelError(
                f"{tokenizer.name_or_path} has no chat template, which its prompt format needs: "
                "name another format, or a model that was trained for chat"
            )
        text = tokenizer.apply_chat_template(
            list(prompt), tokenize=False, add_generation_prompt=True
        )
        ids = tokenizer(text, add_special_tokens=False, verbose=False).input_ids
    return list(ids[:most])


async def together(
    streams: Sequence[AsyncGenerator[Completion, None]],
) -> AsyncGenerator[tuple[int, Completion], None]:
    """Runs streams side by side and yields what they yield, each with its number. The first that
    fails ends all of them."""
    arrivals: asyncio.Queue[tuple[int, Completion] | asyncio.Task[None]] = asyncio.Queue()

    async def pump(index: int, stream: AsyncGenerator[Completion, None]) -> None:
        async with aclosing(stream):
            async for completion in stream:
                arrivals.put_nowait((index, completion))

    tasks = [asyncio.create_task(pump(*numbered)) for numbered in enumerate(streams)]
    for task in tasks:
        task.add_done_callback(arrivals.put_nowait)
    left = len(tasks)
    try:
        while left:
            arrival = await arrivals.get()
            if isinstance(arrival, tuple):
                yield arrival
            else:
                arrival.result()
                left -= 1
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
