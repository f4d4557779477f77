"""A language model that is asked in words: any chat model, or one that goes on with a text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Self

from prover.generate.completion import ModelGenerator
from prover.generate.models import load_model
from prover.generate.prompts import Prompt, Sampling
from prover.interrupt import in_thread

PLAIN_NAMES = re.compile(r"llemma|code-?llama|(?<![a-z])base(?![a-z])", re.IGNORECASE)
"""Models that were not trained for chat, by their names."""

QUESTION, ANSWER = "### Question\n", "### Answer\n"
"""What stands before a question and an answer in a text that a model goes on with."""

FEEDBACK = 6_000
"""Characters of one reply to a model."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a model is asked: an instruction, examples of questions with their answers, and what was
    said since, the question first, the model's answers and replies to them in turn."""

    instruction: str
    examples: tuple[tuple[str, str], ...]
    said: tuple[str, ...]

    def after(self, answer: str, reply: str) -> Question:
        """The question that goes on after an answer of the model."""
        return replace(self, said=(*self.said, answer, reply[:FEEDBACK]))

    def prompt(self, chat: bool) -> Prompt:
        """The messages of a chat, or a text that ends where the answer begins."""
        turns = [text for pair in self.examples for text in pair] + list(self.said)
        if chat:
            roles = ("user", "assistant")
            said = ({"role": roles[at % 2], "content": text} for at, text in enumerate(turns))
            return ({"role": "system", "content": self.instruction}, *said)
        heads = (QUESTION, ANSWER)
        parts = (f"{heads[at % 2]}{text}\n\n" for at, text in enumerate(turns))
        return f"{self.instruction}\n\n{''.join(parts)}{ANSWER}"


class Writer:
    """Asks a model. Where its own name does not tell, it is taken for a chat model; `plain` as its
    format says otherwise."""

    def __init__(self, model: ModelGenerator) -> None:
        self._model = model
        model.scored = False

    @classmethod
    async def load(cls, spec: str, form: str | None = None) -> Self:
        """The model that `prover.generate.models.load_model` finds by this name.

        Raises:
            ModelError: the model cannot be had.
            UnknownFormat: there is no such format.
        """
        chosen = form or ("plain" if PLAIN_NAMES.search(spec) else "chat")
        return cls(await in_thread(lambda: load_model(spec, chosen)))

    async def aclose(self) -> None:
        await self._model.aclose()

    async def write(
        self,
        questions: Sequence[Question],
        *,
        seed: int = 0,
        temperature: float = 0.8,
        most_tokens: int = 4096,
    ) -> list[str | None]:
        """One answer to each question, each drawn with the next seed; None for one that was cut off.
        What a model thinks before its answer (`<think>`) is left out.

        Raises:
            ModelError: the model failed.
        """
        model = self._model
        chat = model.format.name != "plain"
        model.sampling = Sampling(1, temperature, 0.95, most_tokens)
        answers: list[str | None] = [None] * len(questions)
        prompts = [question.prompt(chat) for question in questions]
        seeds = [seed + number for number in range(len(questions))]
        async with aclosing(model.complete(prompts, seeds)) as completions:
            async for index, done in completions:
                text = done.text if chat else done.text.split(QUESTION)[0]
                if done.finished or (not chat and text != done.text):
                    answers[index] = text.rpartition("</think>")[2].strip()
        return answers
