"""Models on transformers: many prompts in one batch, each prompt read once.

A prompt is read in one row; its keys and values are then copied for its samples. Every step draws
one token for all rows of all prompts. Rows that end leave the batch, prompts that come meanwhile
join it at the next step: keys and values are padded on the left, so rows of any length stand side
by side (continuous batching, Yu et al. 2022, with padding in the place of paged memory;
`prover.generate.batch`). The work is done in one thread, so that the event loop stays free.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from prover.generate.completion import Completion, ModelError, ModelGenerator, encode
from prover.generate.prompts import Format, Prompt, Sampling, UnknownFormat, detect, named

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from prover.generate.batch import Batch

TOKEN_BUDGET = 65_536
SMALL = 50_000_000
"""Models with fewer weights compute on one core of a CPU: Lean uses the others better."""
USEFUL = 20.0
"""Tokens a second, of all samples together, that a search needs: 32 tactics in half a minute."""
ELSEWHERE = (
    "run it on a machine with a GPU that holds it or on a server (http://HOST:PORT/v1#NAME), or take "
    "a smaller model (`small` comes with the package)"
)
FULL_ATTENTION = {"full_attention", "sliding_attention"}
CONTEXT_TOKENS = 4
"""Tokens of the prompt that are decoded with a completion, so that its first blank is not lost."""


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
class _Row:
    """A completion on its way. `draws` holds a number in [0, 1) for each of its tokens."""

    draws: Sequence[float] = ()
    ids: list[int] = field(default_factory=list)
    logprob: float = 0.0


@dataclass(eq=False, slots=True)
class _Group:
    """A prompt and rows of its completions, at most `width`, of at most `limit` tokens each.
    `ended` are the scores of finished beams."""

    index: int
    prompt: list[int]
    width: int
    limit: int
    rows: list[_Row]
    answers: asyncio.Queue[_Answer]
    ended: list[float] = field(default_factory=list)
    abandoned: bool = False

    @property
    def longest(self) -> int:
        return len(self.prompt) + self.limit


_Answer = tuple["_Group", "Completion | None"] | Exception
"""A completion of a group, or None when there will be no more."""


class TransformersGenerator(ModelGenerator):
    """A causal or an encoder-decoder model of transformers. The format is detected if none is
    given, the sampling is by default that of the format.

    `token_budget` bounds the memory: the rows of the batch times the length that the longest of
    them can reach. What would not fit waits; the samples of one prompt are drawn in turns if need
    be.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        form: Format | None = None,
        sampling: Sampling | None = None,
        token_budget: int = TOKEN_BUDGET,
    ) -> None:
        """
        Raises:
            UnknownFormat: no format is given and none can be detected.
            ModelError: the model keeps something else than keys and values.
        """
        form = form or detect(str(model.name_or_path), model.config, tokenizer.get_vocab())
        super().__init__(form, sampling or form.sampling)
        unusual = set(getattr(model.config, "layer_types", None) or ()) - FULL_ATTENTION
        if unusual:
            raise ModelError(
                f"{model.name_or_path} has layers of kind {', '.join(sorted(unusual))}, which this "
                "backend cannot batch: run it with vLLM or an OpenAI-compatible server"
            )
        model.train(False)
        self.model = model
        self.tokenizer = tokenizer
        self.token_budget = token_budget
        self._ends, self._stops = _ends(model, tokenizer, form.stop)
        self._waiting: deque[_Group] = deque()
        self._joining: list[_Group] = []
        self._groups: list[_Group] = []  # in the order of their rows in the batch
        self._batch: Batch | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="tactics")
        self._driver: asyncio.Task[None] | None = None
        self._begin: float | None = None
        self._busy = 0.0
        self._counts = {"expansions": 0, "refused": 0, "tokens": 0, "prompt_tokens": 0}

    @classmethod
    def load(
        cls,
        name: str,
        *,
        form: str | None = None,
        sampling: Sampling | None = None,
        token_budget: int = TOKEN_BUDGET,
        device: str | None = None,
    ) -> Self:
        """Loads a model from a folder or from the Hugging Face hub, on `device` or else on the GPU
        if there is one. On a CPU it computes in float32. Code that comes with a model is not run.

        Raises:
            ModelError: torch or transformers is missing, or the model cannot be had or read, is too
                large for the free memory, or too slow on this CPU: this before it is loaded.
            UnknownFormat: its prompt format is neither given nor known.
        """
        given = named(form) if form is not None else None
        if Path(name).is_absolute() and not Path(name).is_dir():
            raise ModelError(f"cannot load the model {name}: there is no such folder")
        try:
            import torch
            import transformers
        except ImportError as error:
            raise ModelError(
                f"a model needs the extra 'model' ({error}): pip install 'prover[model]'"
            ) from None
        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        try:
            config = transformers.AutoConfig.from_pretrained(name)
            tokenizer = transformers.AutoTokenizer.from_pretrained(name)
            kind: Any = (
                transformers.AutoModelForSeq2SeqLM
                if config.is_encoder_decoder
                else transformers.AutoModelForCausalLM
            )
            given = given or detect(name, config, tokenizer.get_vocab())
            with torch.device("meta"):
                weights = int(kind.from_config(config).num_parameters())
            _expect_use(name, weights, config, device)
            dtype = torch.float32 if device == "cpu" else "auto"
            model: Any = kind.from_pretrained(name, dtype=dtype)
            model.to(device)
            if device == "cpu" and model.num_parameters() < SMALL:
                torch.set_num_threads(1)
        except (UnknownFormat, ModelError):
            raise
        except Exception as error:  # what a broken file raises has no common type
            reason = str(error).strip().split("\n")[0] or type(error).__name__
            hint = "is the name right, and can the hub be reached? A folder works too"
            if "trust_remote_code" in str(error):
                hint = "a model with code of its own runs only with vLLM or on a server"
            raise ModelError(f"cannot load the model {name}: {reason} ({hint})") from error
        return cls(model, tokenizer, form=given, sampling=sampling, token_budget=token_budget)

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
    ) -> list[_Group]:
        """The rows of a prompt, in as many groups as the budget demands."""
        import torch

        ids = encode(self.tokenizer, prompt, self.format.max_prompt_tokens)
        sampling = self.sampling
        limit = sampling.max_tokens
        longest = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        if longest and not self.model.config.is_encoder_decoder:
            limit = min(limit, longest - len(ids))
        width = self.token_budget // (len(ids) + limit)
        if limit < 1 or width < (sampling.samples if sampling.beam else 1):
            self._counts["refused"] += 1
            return []
        if sampling.beam:
            return [_Group(index, ids, sampling.samples, limit, [_Row()], answers)]
        if sampling.temperature == 0:
            return [_Group(index, ids, 1, limit, [_Row()], answers)]
        numbers = torch.Generator().manual_seed(seed)
        draws = torch.rand(sampling.samples, limit, generator=numbers).tolist()
        parts = [draws[first : first + width] for first in range(0, len(draws), width)]
        return [
            _Group(index, ids, len(part), limit, [_Row(row) for row in part], answers)
            for part in parts
        ]

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

    def _step(self) -> list[tuple[_Group, Completion | None]]:
        """Lets waiting prompts join, then draws a token for every row."""
        import torch

        from prover.generate.batch import Batch

        begin = time.monotonic()
        answers: list[tuple[_Group, Completion | None]] = []
        with torch.inference_mode():
            self._drop_abandoned()
            if joining := self._admit():
                batch = Batch.read(self.model, [group.prompt for group in joining])
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

    def _admit(self) -> list[_Group]:
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
        groups: list[_Group],
        batch: Batch,
        source: list[int],
        answers: list[tuple[_Group, Completion | None]],
    ) -> None:
        """Gives every row its next token, takes out of `groups` and `batch` what has ended.
        `source` says which row of the batch each row of the groups goes on from."""
        logprobs = batch.logprobs
        if source != list(range(batch.rows)):
            logprobs = logprobs[source]
        self._counts["tokens"] += len(source)
        if self.sampling.beam:
            parents = self._advance_beams(groups, logprobs, answers)
        else:
            parents = self._advance_samples(groups, logprobs, answers)
        for group in groups:
            if not group.rows:
                answers.append((group, None))
        groups[:] = [group for group in groups if group.rows]
        if groups:
            batch.keep([source[parent] for parent in parents])

    def _advance_samples(
        self,
        groups: list[_Group],
        logprobs: Tensor,
        answers: list[tuple[_Group, Completion | None]],
    ) -> list[int]:
        from prover.generate.batch import draw

        rows = [row for group in groups for row in group.rows]
        draws = [row.draws[len(row.ids)] for row in rows] if rows[0].draws else None
        tokens, scores = draw(logprobs, draws, self.sampling)
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

    def _advance_beams(
        self,
        groups: list[_Group],
        logprobs: Tensor,
        answers: list[tuple[_Group, Completion | None]],
    ) -> list[int]:
        """Beam search as transformers does it with length penalty 0 and without early stopping: of
        the best candidates those that end within the first `width` are finished, the best others
        go on, until none of these can be among the best `width` finished."""
        parents: list[int] = []
        first = 0
        many = max(2, 1 + len(self._ends))
        for group in groups:
            here = logprobs[first : first + len(group.rows)]
            before = here.new_tensor([row.logprob for row in group.rows])
            scores = (here + before[:, None]).flatten()
            best = scores.topk(min(many * group.width, scores.numel()))
            left: list[_Row] = []
            pairs = zip(best.values.tolist(), best.indices.tolist(), strict=True)
            for rank, (score, place) in enumerate(pairs):
                parent, token = divmod(place, here.shape[1])
                if rank >= group.width and token in self._ends:
                    continue
                row = _Row(ids=[*group.rows[parent].ids, token], logprob=score)
                completion = self._completion(group, row)
                if completion is not None and completion.finished:
                    if rank < group.width:
                        group.ended.append(score)
                        answers.append((group, completion))
                elif len(left) < group.width:
                    if completion is not None:
                        answers.append((group, completion))
                    left.append(row)
                    parents.append(first + parent)
            first += len(group.rows)
            group.ended = sorted(group.ended, reverse=True)[: group.width]
            full = len(group.ended) == group.width
            over = not left or len(left[0].ids) >= group.limit
            if over or (full and left[0].logprob <= group.ended[-1]):
                del parents[len(parents) - len(left) :]
                left = []
            group.rows = left
        return parents

    def _completion(self, group: _Group, row: _Row) -> Completion | None:
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

    def _text(self, group: _Group, ids: list[int]) -> str:
        context = [] if self.model.config.is_encoder_decoder else group.prompt[-CONTEXT_TOKENS:]
        return self._decode(context + ids)[len(self._decode(context)) :]

    def _decode(self, ids: list[int]) -> str:
        options = {"skip_special_tokens": True, "clean_up_tokenization_spaces": False}
        return str(self.tokenizer.decode(ids, **options))


def _ends(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, stops: Sequence[str]
) -> tuple[set[int], tuple[str, ...]]:
    """The tokens that end a completion, and the stop texts that are no single token."""
    given = getattr(model.generation_config, "eos_token_id", None)
    ends = set(given) if isinstance(given, list) else {given}
    ends.add(tokenizer.eos_token_id)
    vocabulary = tokenizer.get_added_vocab()
    ends |= {vocabulary.get(stop) for stop in stops}
    rest = tuple(stop for stop in stops if stop not in vocabulary)
    return {end for end in ends if end is not None}, rest


def _expect_use(name: str, weights: int, config: Any, device: str) -> None:
    """
    Raises:
        ModelError: a model with so many weights does not fit, or is of no use at its speed.
    """
    import psutil
    import torch

    size = 4.0 if device == "cpu" else float(getattr(config.dtype, "itemsize", 2))
    if getattr(config, "quantization_config", None):
        size = 0.5  # at least: the weights of most are of four bits or eight
    what = f"{name} has {weights / 1e6:,.0f} million weights"
    free, memory = psutil.virtual_memory().available, "memory"
    if device.startswith("cuda"):
        free, memory = torch.cuda.mem_get_info(device)[0], "the GPU's memory"
    if weights * size > free:
        raise ModelError(
            f"{what}, which take {weights * size / 1e9:,.1f} GB of {memory}; "
            f"{free / 1e9:,.1f} GB are free: {ELSEWHERE}"
        )
    text = config.get_text_config()
    sparse = any(
        getattr(text, experts, None)
        for experts in ("num_experts", "num_local_experts", "n_routed_experts")
    )
    if device == "cpu" and weights >= SMALL and not sparse:
        speed = _products_a_second() / weights
        if speed < USEFUL:
            raise ModelError(
                f"{what}: this machine, which computes it on its CPU, would write about {speed:.1g} "
                f"tokens a second, and a search needs {USEFUL:g}: {ELSEWHERE}"
            )


def _products_a_second() -> float:
    """How many products of two float32 numbers a CPU adds up in a second, as measured for a tenth of
    one, where 32 completions are computed together. A token takes one for each weight."""
    import torch

    rows, weights = torch.rand(32, 2048), torch.rand(2048, 2048)
    rows @ weights
    begin, times = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - begin) < 0.1:
        rows @ weights
        times += 1
    return times * rows.shape[0] * weights.numel() / elapsed


def _explained(error: Exception) -> str:
    if "out of memory" in str(error).lower():
        return "out of memory: lower the token budget or the number of samples"
    return str(error) or type(error).__name__
