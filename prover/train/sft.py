"""Supervised tactics: a model learns what to write after a tactic state.

An example is `[GOAL]state[PROOFSTEP]tactic`, the prompt of `prover.generate.prompts.GoalProofstep`
and its answer (llmstep, Welleck & Saha 2023, arXiv 2310.18457), or what another format asks and wants
answered; the loss is that of the answer and of the end token after it. Checkpoints, the schedule and the way back after a kill are those of
continued pretraining (`prover.train.corpus`).
"""

from __future__ import annotations

import json
import math
import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Self

from prover.errors import WrongUse
from prover.files import read_jsonl
from prover.generate.prompts import StepFormat
from prover.models.tokenizer import GOAL, PROOFSTEP
from prover.train.corpus import (
    Recipe,
    Report,
    TrainingError,
    finish_training,
    last_checkpoint,
    make_accelerator,
    make_optimizer,
    resume_training,
    save_checkpoint,
    stop_signals,
)
from prover.train.lora import adapters, add_adapters, checkpoint_adapters, fingerprint
from prover.train.packing import shuffled
from search.interfaces import Request

if TYPE_CHECKING:
    import torch
    from accelerate import Accelerator
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

BLOCK = 8
"""The examples of so many steps, or of an epoch if that is less, are sorted by length, so that a
batch holds little padding."""

VALIDATION_EXAMPLES = 256
IGNORED = -100


@dataclass(frozen=True, slots=True)
class Pair:
    """A tactic state, as Lean prints it, and a tactic for it; `asked` and `answered` are what the
    prompt and the answer of another format than `[GOAL]state[PROOFSTEP]` make of them."""

    state: str
    tactic: str
    asked: str | None = None
    answered: str | None = None

    @classmethod
    def of(cls, form: StepFormat, request: Request, tactic: str) -> Self:
        """A tactic for the state of a request, as a model of that format is asked for it."""
        plain = cls(request.state.pp, tactic)
        asked, answered = str(form.prompt(request)), form.answer(tactic, request)
        if (asked, answered) == (plain.prompt, plain.answer):
            return plain
        return replace(plain, asked=asked, answered=answered)

    @property
    def prompt(self) -> str:
        return f"{GOAL}{self.state}{PROOFSTEP}" if self.asked is None else self.asked

    @property
    def answer(self) -> str:
        return self.tactic if self.answered is None else self.answered

    def to_json(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Example:
    """A pair in tokens; the first `prompt` of them are given, the others are learned."""

    tokens: tuple[int, ...]
    prompt: int


@dataclass(frozen=True)
class TacticReport(Report):
    """A line of the log; `tokens_per_second` are those of states and tactics without padding.
    `exact` is the share of validation tactics, 0 to 1, that greedy decoding writes as they are;
    `left_out` pairs of all that were given are too long to train on."""

    exact: float | None = None
    left_out: int = 0


EPOCHS = 3.0
TACTIC_RECIPES = {
    "tiny": Recipe(0, 16, 512, 2e-3, 10),
    "small": Recipe(0, 32, 512, 1e-3, 50),
    "medium": Recipe(0, 64, 1024, 1e-4, 100),
    "llemma-7b": Recipe(0, 128, 2048, 1e-5, 100, gradient_checkpointing=True),
    "llemma-34b": Recipe(0, 128, 2048, 1e-5, 100, gradient_checkpointing=True),
}
"""By preset; `batch` are pairs, `sequence` the most tokens of one, and `steps` is set by the number
of pairs (`steps_for`). The values are ours, but for the three epochs: those of
ntp-mathlib-st-deepseek-coder-1.3b (Hu et al. 2024, arXiv 2408.03350)."""


MICRO_BATCHES = {"medium": 8, "llemma-7b": 2, "llemma-34b": 1}
"""By preset, how many pairs a GPU computes at once; all that it has to where nothing is said."""


def steps_for(pairs: int, recipe: Recipe, epochs: float, replay_share: float) -> int:
    """How many steps see every pair `epochs` times, beside what is replayed."""
    return max(1, math.ceil(epochs * pairs / (recipe.batch * (1 - replay_share))))


def read_pairs(path: Path) -> list[Pair]:
    """The pairs of a file of JSON lines with `state` and `tactic`, and perhaps `asked` and `answered`.

    Raises:
        WrongUse: the file is not there, or a line is no pair; names the line.
    """
    pairs = []
    names = [field.name for field in fields(Pair)]
    for number, row in enumerate(read_jsonl(path), 1):
        given = {n: row[n] for n in names if n in row} if isinstance(row, dict) else {}
        whole = {"state", "tactic"} <= given.keys()
        if not (whole and all(isinstance(v, str) and v.strip() for v in given.values())):
            raise WrongUse(f"{path}, line {number}: no JSON object with state and tactic")
        pairs.append(Pair(**given))
    return pairs


def longest(recipe: Recipe, model: LlamaForCausalLM) -> int:
    """The most tokens of a pair that is trained on."""
    return min(recipe.sequence, int(model.config.max_position_embeddings))


def examples(
    pairs: Sequence[Pair], tokenizer: PreTrainedTokenizerFast, longest: int
) -> list[Example]:
    """The pairs in tokens, without those of more than `longest`."""
    if not pairs:
        return []
    prompts = tokenizer([pair.prompt for pair in pairs], verbose=False)["input_ids"]
    tactics = [pair.answer for pair in pairs]
    answers = tokenizer(tactics, add_special_tokens=False, verbose=False)["input_ids"]
    found = []
    for prompt, answer in zip(prompts, answers, strict=True):
        tokens = (*prompt, *answer, tokenizer.eos_token_id)
        if len(tokens) <= longest:
            found.append(Example(tokens, len(prompt)))
    return found


def train_tactics(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    pairs: Sequence[Pair],
    out: Path,
    recipe: Recipe,
    *,
    replay: Sequence[Pair] = (),
    replay_share: float = 0.5,
    validation: Sequence[Pair] = (),
    micro_batch: int | None = None,
    lora: int = 0,
    checkpoint_every: int = 200,
    log_every: int = 10,
    report: Callable[[TacticReport], None] = lambda line: None,
) -> int:
    """Trains `model` on pairs and returns the number of steps that are done.

    With `replay`, a share of the examples (0 to 1) is drawn from these older pairs. Each of the two
    is gone through in epochs that are shuffled anew. What is written to `out`, when, and how it
    goes on after an interruption is as in `prover.train.corpus.train`; the finished model is
    `out/model`, which `prover.generate.transformers` loads.

    With several processes, each computes its part of the batch, `micro_batch` pairs at once if that
    is given. Every token to learn counts the same, wherever it is computed: the gradient is that of
    the whole batch. With `lora`, adapters of that rank are trained instead of the weights, and are
    part of the weights in the finished model.

    Raises `TrainingError` where there is nothing to train on, the tokenizer has more tokens than
    the model, a checkpoint is of another model, of other pairs or of another recipe, the loss is
    not finite, or a checkpoint cannot be written; the last checkpoint then stays as it is.
    """
    import torch

    if not 0 <= replay_share < 1:
        raise TrainingError(f"the share of replay must be in [0, 1), not {replay_share}")
    if len(tokenizer) > model.config.vocab_size:
        raise TrainingError(
            f"the tokenizer has {len(tokenizer)} tokens, the model {model.config.vocab_size}: "
            "use the tokenizer that the model was trained with"
        )
    most = longest(recipe, model)
    fresh, older, held_out = (
        examples(some, tokenizer, most) for some in (pairs, replay, validation)
    )
    if not fresh:
        raise TrainingError(
            f"of {len(pairs)} pairs none has at most {most} tokens: there is nothing to train on"
        )
    left_out = len(pairs) + len(replay) + len(validation) - len(fresh) - len(older) - len(held_out)
    share = replay_share if older else 0.0
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if recipe.batch % world:
        raise TrainingError(
            f"a batch of {recipe.batch} pairs cannot be shared by {world} processes: make --batch a "
            f"multiple of {world}"
        )
    at_once = micro_batch or recipe.batch // world
    parts = math.ceil(recipe.batch // world / at_once)
    adapting = adapters(lora) if lora else None
    accelerator = make_accelerator(out, parts)
    rank = accelerator.process_index
    config = {
        key: value
        for key, value in model.config.to_dict().items()
        if key not in ("dtype", "_name_or_path")
    }
    digest = sha256(repr((fresh, older)).encode()).hexdigest()
    settings = asdict(recipe) | {"replay_share": share, "lora": lora}
    if adapting is not None:
        config["frozen weights"] = fingerprint(model)
        model = add_adapters(model, adapting, recipe.seed)
        checkpoint_adapters(accelerator)
    identity = {"model": config, "set of pairs": digest, "recipe": settings}
    identity = json.loads(json.dumps(identity, sort_keys=True))
    if recipe.gradient_checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})  # type: ignore[no-untyped-call]
    model.train()
    model, optimizer = accelerator.prepare(model, make_optimizer(model, recipe))
    step = resume_training(accelerator, out, identity)
    accelerator.init_trackers("tensorboard")
    losses: list[float] = []
    tokens, since = 0, time.perf_counter()
    with stop_signals() as stopped:
        ending = False
        while step < recipe.steps and not ending:
            batch = _batch(fresh, older, share, recipe, step)
            learned = sum(len(example.tokens) - example.prompt for example in batch)
            mine = batch[rank::world]
            loss = torch.zeros((), device=accelerator.device)
            for start in range(0, len(mine), at_once):
                with accelerator.accumulate(model):
                    part, _ = _loss(model, mine[start : start + at_once], accelerator)
                    loss += part.detach() / learned
                    # accelerate divides by the parts, and takes the mean over the processes
                    accelerator.backward(part * (parts * world / learned))
            norm = float(accelerator.clip_grad_norm_(model.parameters(), recipe.clip))
            mean = float(accelerator.reduce(loss, "sum"))
            if not (math.isfinite(mean) and math.isfinite(norm)):
                raise TrainingError(
                    f"the loss is {mean} and the gradient norm {norm} in step {step + 1}: lower "
                    f"--learning-rate or look at the pairs; {last_checkpoint(out)}"
                )
            for group in optimizer.param_groups:
                group["lr"] = recipe.rate(step)
            optimizer.step()
            optimizer.zero_grad()
            step += 1
            losses.append(mean)
            tokens += sum(len(example.tokens) for example in batch)
            told = torch.tensor(float(stopped()), device=accelerator.device)
            ending = step == recipe.steps or bool(accelerator.reduce(told, "sum"))
            checkpoint = ending or step % checkpoint_every == 0
            if step % log_every == 0 or checkpoint:
                seconds = time.perf_counter() - since
                valid, exact = None, None
                if checkpoint:
                    valid, exact = _validate(model, held_out, accelerator)
                line = TacticReport(
                    step,
                    sum(losses) / len(losses),
                    recipe.rate(step - 1),
                    norm,
                    tokens / seconds,
                    valid,
                    exact,
                    left_out,
                )
                shown = {name: value for name, value in asdict(line).items() if value is not None}
                accelerator.log(shown, step=step)
                if accelerator.is_main_process:
                    report(line)
                losses, tokens, since = [], 0, time.perf_counter()
            if checkpoint:
                save_checkpoint(accelerator, out, step, identity)
    if step == recipe.steps:
        finish_training(accelerator, model, tokenizer, out)
    accelerator.end_training()
    return step


_shuffled = lru_cache(maxsize=4)(shuffled)


def _batch(
    fresh: Sequence[Example], older: Sequence[Example], share: float, recipe: Recipe, step: int
) -> list[Example]:
    """The examples of a step: those of its block of steps are sorted by length and cut up."""
    steps = max(1, min(BLOCK, len(fresh) // recipe.batch))
    block, at = divmod(step, steps)
    size = steps * recipe.batch
    replayed = round(size * share)
    drawn = []
    for source, count in ((fresh, size - replayed), (older, replayed)):
        for number in range(block * count, (block + 1) * count):
            epoch, place = divmod(number, len(source))
            drawn.append(source[int(_shuffled(len(source), epoch, recipe.seed)[place])])
    drawn.sort(key=lambda example: len(example.tokens))
    order = random.Random(f"{recipe.seed} {block}").sample(range(steps), steps)
    return drawn[order[at] * recipe.batch : (order[at] + 1) * recipe.batch]


def _loss(
    model: torch.nn.Module, batch: Sequence[Example], accelerator: Accelerator
) -> tuple[torch.Tensor, torch.Tensor]:
    """The cross-entropy of the tokens to learn, in nats, their sum, and for each example whether the
    most probable token is the right one everywhere; shape (examples,)."""
    import torch

    width = max(len(example.tokens) for example in batch)
    first = min(example.prompt for example in batch)
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    targets = torch.full_like(ids, IGNORED)
    for row, example in enumerate(batch):
        tokens = torch.tensor(example.tokens)
        ids[row, : len(tokens)] = tokens
        targets[row, example.prompt : len(tokens)] = tokens[example.prompt :]
    ids, targets = ids.to(accelerator.device), targets[:, first:].to(accelerator.device)
    # What stands after an example is not seen by it, so that no mask is needed.
    before = torch.arange(first - 1, width - 1, device=accelerator.device)
    logits = model(input_ids=ids, use_cache=False, logits_to_keep=before).logits
    loss = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1).float(), targets.flatten(), ignore_index=IGNORED, reduction="sum"
    )
    right = (logits.argmax(-1) == targets) | (targets == IGNORED)
    return loss, right.all(-1)


def _validate(
    model: torch.nn.Module, held_out: Sequence[Example], accelerator: Accelerator
) -> tuple[float | None, float | None]:
    """The mean over tactics of the mean loss a token, and the share of tactics written exactly, on some of the examples."""
    import torch

    if not held_out:
        return None, None
    chosen = held_out[:: math.ceil(len(held_out) / VALIDATION_EXAMPLES)]
    losses, exact = 0.0, 0
    model.eval()
    with torch.no_grad():
        for example in chosen:
            loss, right = _loss(model, [example], accelerator)
            losses += float(loss) / (len(example.tokens) - example.prompt)
            exact += int(right[0])
    model.train()
    return losses / len(chosen), exact / len(chosen)
