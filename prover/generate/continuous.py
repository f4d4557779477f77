"""Tactics of models that compute in this process: many prompts in one batch, each prompt read once.

A prompt is read in one row; its keys and values are then copied for its samples. Every step draws
one token for all rows of all prompts. Rows that end leave the batch, prompts that come meanwhile
join it at the next step: keys and values are padded on the left, so rows of any length stand side
by side (continuous batching, Yu et al. 2022, with padding in the place of paged memory). The work is
done in one thread, so that the event loop stays free.
"""

from __future__ import annotations

import asyncio
import random
import time
from abc import abstractmethod
from collections import Counter, deque
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Generic, Protocol, Self, TypeVar

from prover.generate.completion import Completion, ModelError, ModelGenerator
from prover.generate.prompts import Format, Prompt, Sampling

TOKEN_BUDGET = 65_536
ROOM = 32
"""Tokens by which what holds keys and values grows."""

MOST_ENDED = 0.25
"""The share of the rows that may have ended before they are taken out."""

CONTEXT_TOKENS = 4
"""Tokens of the prompt that are decoded with a completion, so that its first blank is not lost."""


class Batch(Protocol):
    """Prompts that a model has read, and what becomes of them. Rows are numbered from 0 without those
    that have ended."""

    @property
    def size(self) -> int:
        """How many rows are computed, ended ones included."""

    @property
    def rows(self) -> int: ...

    def feed(self, tokens: Sequence[int]) -> None:
        """Reads one token in each row."""

    def keep(self, rows: Sequence[int]) -> None:
        """Makes these the rows of the batch, each perhaps more than once, and drops what padding
        all have in common."""

    def join(self, other: Self, /) -> Self:
        """This batch with the rows of another below. The next tokens must be fed first."""

    def draw(
        self, rows: Sequence[int], draws: Sequence[float] | None, sampling: Sampling
    ) -> tuple[list[int], list[float]]:
        """The next token of each of `rows`, and its log-probability: the most probable, or the one at
        which the distribution function reaches the row's draw."""


class Padded:
    """Which of the rows that a batch computes go on: taking out each that ends would be mostly copying."""

    def __init__(self, rows: int) -> None:
        self.size = rows
        self._alive = list(range(rows))

    @property
    def rows(self) -> int:
        return len(self._alive)

    def _chosen(self, rows: Sequence[int]) -> list[int] | None:
        """Makes these the rows. Says which of those that are computed they are, where they are to be
        copied, and None where all stay, the ended ones too."""
        chosen = [self._alive[row] for row in rows]
        ordered = all(a < b for a, b in pairwise(chosen))
        if ordered and len(chosen) >= (1 - MOST_ENDED) * self.size:
            self._alive = chosen
            return None
        self.size, self._alive = len(chosen), list(range(len(chosen)))
        return chosen

    def _append(self, other: Padded) -> None:
        """The rows of another below."""
        self._alive += [self.size + row for row in other._alive]
        self.size += other.size


@dataclass(frozen=True, slots=True)
class Metrics:
    """Since the first prompt. `expansions` are prompts whose completions have all ended, `refused`
    those that do not fit the model or the budget; `tokens` were drawn, `prompt_tokens` read. `busy`
    and `elapsed` are seconds."""

    expansions: int = 0
    refused: int = 0
    tokens: int = 0
    prompt_tokens: int = 0
    busy: float = 0.0
    elapsed: float = 0.0

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.elapsed if self.elapsed else 0.0

    @property
    def expansions_per_second(self) -> float:
        return self.expansions / self.elapsed if self.elapsed else 0.0

    @property
    def idle(self) -> float:
        """The share of the time, 0 to 1, in which nothing was computed."""
        return 1.0 - min(1.0, self.busy / self.elapsed) if self.elapsed else 1.0


@dataclass(eq=False, slots=True)
class Row:
    """A completion on its way. `draws` holds a number in [0, 1) for each of its tokens."""

    draws: Sequence[float] = ()
    ids: list[int] = field(default_factory=list)
    logprob: float = 0.0


@dataclass(eq=False, slots=True)
class Group:
    """A prompt and rows of its completions, at most `width`, of at most `limit` tokens each.
    `ended` are the scores of finished beams."""

    index: int
    prompt: list[int]
    width: int
    limit: int
    rows: list[Row]
    answers: asyncio.Queue[_Answer]
    ended: list[float] = field(default_factory=list)
    abandoned: bool = False

    @property
    def longest(self) -> int:
        return len(self.prompt) + self.limit


_Answer = tuple["Group", "Completion | None"] | Exception
"""A completion of a group, or None when there will be no more."""


B = TypeVar("B", bound=Batch)


class ContinuousGenerator(ModelGenerator, Generic[B]):
    """A model whose prompts are read into batches `B`, with a text or a token where a completion ends.

    `token_budget` bounds the memory: the rows of the batch times the length that the longest of
    them can reach. What would not fit waits; the samples of one prompt are drawn in turns if need
    be. `positions` is the longest that a row can be, None where nothing limits it.
    """

    def __init__(
        self,
        form: Format,
        sampling: Sampling,
        *,
        ends: set[int],
        added: dict[str, int],
        positions: int | None,
        continues: bool = True,
        token_budget: int,
    ) -> None:
        """`added` are the tokens that stand for a text of their own: where a completion shall stop at
        one, its number is looked for, else the text. Where completions do not go on from their
        prompt, as in an encoder-decoder, `continues` is False."""
        super().__init__(form, sampling)
        self.token_budget = token_budget
        self._ends = ends | {added[stop] for stop in form.stop if stop in added}
        self._stops = tuple(stop for stop in form.stop if stop not in added)
        self._positions = positions
        self._continues = continues
        self._waiting: deque[Group] = deque()
        self._joining: list[Group] = []
        self._groups: list[Group] = []  # in the order of their rows in the batch
        self._batch: B | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="tactics")
        self._driver: asyncio.Task[None] | None = None
        self._begin: float | None = None
        self._busy = 0.0
        self._counts = {"expansions": 0, "refused": 0, "tokens": 0, "prompt_tokens": 0}

    @abstractmethod
    def _encode(self, prompt: Prompt) -> list[int]:
        """The tokens of a prompt, as many of the first as its format wants."""

    @abstractmethod
    def _decode(self, ids: list[int]) -> str:
        """The text of tokens, without those that stand for no text."""

    @abstractmethod
    def _read(self, prompts: Sequence[list[int]]) -> B:
        """A batch of one row for each prompt."""

    @abstractmethod
    def _computing(self) -> AbstractContextManager[object]:
        """What holds while the thread computes."""

    def metrics(self) -> Metrics:
        elapsed = 0.0 if self._begin is None else time.monotonic() - self._begin
        return Metrics(**self._counts, busy=self._busy, elapsed=elapsed)

    async def complete(
        self, prompts: Sequence[Prompt], seeds: Sequence[int]
    ) -> AsyncGenerator[tuple[int, Completion], None]:
        answers: asyncio.Queue[_Answer] = asyncio.Queue()
        groups = []
        for index, (prompt, seed) in enumerate(zip(prompts, seeds, strict=True)):
            groups += self._split(index, prompt, seed, answers)
        left = Counter(group.index for group in groups)
        if self._begin is None:
            self._begin = time.monotonic()
        self._waiting.extend(groups)
        if self._driver is None or self._driver.done():
            self._driver = asyncio.create_task(self._drive(), name="model")
        try:
            while +left:
                answer = await answers.get()
                if isinstance(answer, Exception):
                    raise ModelError(f"the model failed: {_explained(answer)}") from answer
                group, completion = answer
                if completion is not None:
                    yield group.index, completion
                    continue
                left[group.index] -= 1
                if not left[group.index]:
                    self._counts["expansions"] += 1
        finally:
            for group in groups:
                group.abandoned = True

    def _split(
        self, index: int, prompt: Prompt, seed: int, answers: asyncio.Queue[_Answer]
    ) -> list[Group]:
        """The rows of a prompt, in as many groups as the budget demands."""
        ids = self._encode(prompt)
        sampling = self.sampling
        limit = sampling.max_tokens
        if self._positions is not None:
            limit = min(limit, self._positions - len(ids))
        width = self.token_budget // (len(ids) + limit)
        if limit < 1 or width < (sampling.samples if sampling.beam else 1):
            self._counts["refused"] += 1
            return []
        if sampling.beam:
            return [Group(index, ids, sampling.samples, limit, [Row()], answers)]
        if sampling.temperature == 0:
            return [Group(index, ids, 1, limit, [Row()], answers)]
        numbers = random.Random(seed)
        rows = [Row([numbers.random() for _ in range(limit)]) for _ in range(sampling.samples)]
        parts = [rows[first : first + width] for first in range(0, len(rows), width)]
        return [Group(index, ids, len(part), limit, part, answers) for part in parts]

    # The thread

    async def _drive(self) -> None:
        loop = asyncio.get_running_loop()
        while not all(group.abandoned for group in (*self._waiting, *self._groups)):
            try:
                answers = await loop.run_in_executor(self._thread, self._step)
            except Exception as error:  # noqa: BLE001 (whatever it is, the callers are told)
                for group in (*self._groups, *self._joining, *self._waiting):
                    group.answers.put_nowait(error)
                break
            for answer in answers:
                answer[0].answers.put_nowait(answer)
        self._groups, self._joining, self._batch = [], [], None
        self._waiting.clear()

    def _step(self) -> list[tuple[Group, Completion | None]]:
        """Lets waiting prompts join, then draws a token for every row."""
        begin = time.monotonic()
        answers: list[tuple[Group, Completion | None]] = []
        with self._computing():
            self._drop_abandoned()
            if joining := self._admit():
                batch = self._read([group.prompt for group in joining])
                self._counts["prompt_tokens"] += sum(len(group.prompt) for group in joining)
                source = [at for at, group in enumerate(joining) for _ in group.rows]
                self._advance(joining, batch, source, answers)
                if joining:
                    self._groups += joining
                    self._batch = batch if self._batch is None else self._batch.join(batch)
                self._joining = []
            if self._batch is not None:
                self._batch.feed([row.ids[-1] for group in self._groups for row in group.rows])
                source = list(range(self._batch.rows))
                self._advance(self._groups, self._batch, source, answers)
                if not self._groups:
                    self._batch = None
        self._busy += time.monotonic() - begin
        return answers

    def _drop_abandoned(self) -> None:
        if self._batch is None or not any(group.abandoned for group in self._groups):
            return
        alive = [not group.abandoned for group in self._groups for _ in group.rows]
        self._groups = [group for group in self._groups if not group.abandoned]
        if self._groups:
            self._batch.keep([at for at, kept in enumerate(alive) if kept])
        else:
            self._batch = None

    def _admit(self) -> list[Group]:
        """The waiting prompts that fit beside what runs, in the order in which they came."""
        rows = self._batch.size if self._batch is not None else 0
        if self.sampling.beam:
            rows = sum(group.width for group in self._groups)
        longest = max((group.longest for group in self._groups), default=0)
        while self._waiting:
            group = self._waiting[0]
            if not group.abandoned:
                rows += group.width
                longest = max(longest, group.longest)
                if rows * longest > self.token_budget and (self._groups or self._joining):
                    break
                self._joining.append(group)
            self._waiting.popleft()
        return self._joining

    def _advance(
        self,
        groups: list[Group],
        batch: B,
        source: list[int],
        answers: list[tuple[Group, Completion | None]],
    ) -> None:
        """Gives every row its next token, takes out of `groups` and `batch` what has ended.
        `source` says which row of the batch each row of the groups goes on from."""
        self._counts["tokens"] += len(source)
        parents = self._advanced(groups, batch, source, answers)
        for group in groups:
            if not group.rows:
                answers.append((group, None))
        groups[:] = [group for group in groups if group.rows]
        if groups:
            batch.keep([source[parent] for parent in parents])

    def _advanced(
        self,
        groups: list[Group],
        batch: B,
        source: list[int],
        answers: list[tuple[Group, Completion | None]],
    ) -> list[int]:
        """The rows, by their place in `source`, that those which are left go on from."""
        rows = [row for group in groups for row in group.rows]
        draws = [row.draws[len(row.ids)] for row in rows] if rows[0].draws else None
        tokens, scores = batch.draw(source, draws, self.sampling)
        parents, at = [], 0
        for group in groups:
            left = []
            for row in group.rows:
                row.ids.append(tokens[at])
                row.logprob += scores[at]
                if completion := self._completion(group, row):
                    answers.append((group, completion))
                else:
                    left.append(row)
                    parents.append(at)
                at += 1
            group.rows = left
        return parents

    def _completion(self, group: Group, row: Row) -> Completion | None:
        """The completion of a row, if it has ended."""
        tokens = len(row.ids)
        if row.ids[-1] in self._ends:
            return Completion(self._text(group, row.ids[:-1]), row.logprob, tokens, True)
        if self._stops:
            longest = max(map(len, self._stops))
            tail = self._decode(row.ids[-4 * longest - 4 :])
            if any(stop in tail for stop in self._stops):
                text = self._text(group, row.ids)
                end = min((at for stop in self._stops if (at := text.find(stop)) >= 0), default=-1)
                if end >= 0:
                    return Completion(text[:end], row.logprob, tokens, True)
        if tokens == group.limit:
            return Completion(self._text(group, row.ids), row.logprob, tokens, False)
        return None

    def _text(self, group: Group, ids: list[int]) -> str:
        context = group.prompt[-CONTEXT_TOKENS:] if self._continues else []
        return self._decode(context + ids)[len(self._decode(context)) :]


def _explained(error: Exception) -> str:
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return "out of memory: lower the token budget or the number of samples"
    return str(error) or type(error).__name__
