"""Continued pretraining: next-token prediction on a corpus, from a laptop to many nodes.

One loop in the manner of nanoGPT; accelerate distributes it (`configs/*.yaml`) without a change
here.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prover.errors import ProverError
from prover.train.packing import Windows, shuffled, within_documents

if TYPE_CHECKING:
    import torch
    from accelerate import Accelerator
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

CHECKPOINTS_KEPT = 2
PROGRESS = "progress.json"


@dataclass(frozen=True)
class Recipe:
    """How to train: a step is `batch` windows of `sequence` tokens, over all processes.

    The learning rate rises over `warmup` steps to its peak and falls along a cosine to a
    thirtieth of it, as in Llemma (Azerbayev et al. 2023, arXiv 2310.10631, section 2.2).
    """

    steps: int
    batch: int
    sequence: int
    learning_rate: float
    warmup: int
    gradient_checkpointing: bool = False
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.95)
    clip: float = 1.0
    seed: int = 0

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        done = (step - self.warmup) / max(1, self.steps - self.warmup)
        low = self.learning_rate / 30
        return low + (self.learning_rate - low) * (1 + math.cos(math.pi * done)) / 2


RECIPES = {
    "tiny": Recipe(200, 8, 128, 3e-3, 20),
    "small": Recipe(4000, 8, 512, 1.5e-3, 100),
    "medium": Recipe(20_000, 128, 2048, 6e-4, 500, gradient_checkpointing=True),
    "llemma-7b": Recipe(48_000, 1024, 4096, 1e-4, 500, gradient_checkpointing=True),
    "llemma-34b": Recipe(12_000, 1024, 4096, 5e-5, 500, gradient_checkpointing=True),
}
"""By preset. The last two are Llemma's (its gpt-neox configurations); the others are ours."""

MICRO_BATCHES = {"medium": 8, "llemma-7b": 4, "llemma-34b": 2}
"""By preset, how many windows a GPU computes at once; all that it has to where nothing is said."""


@dataclass(frozen=True)
class Report:
    """A line of the log: mean loss (nats a token) and speed since the line before."""

    step: int
    loss: float
    learning_rate: float
    gradient_norm: float
    tokens_per_second: float
    validation_loss: float | None = None


class TrainingError(ProverError):
    """Training cannot go on; the message says why and what to do."""


def train(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    data: Path,
    out: Path,
    recipe: Recipe,
    micro_batch: int,
    checkpoint_every: int,
    log_every: int = 10,
    report: Callable[[Report], None] = lambda line: None,
) -> int:
    """Trains `model` on `data/train.bin` and returns the number of steps that are done.

    `data` holds packed tokens (`prover.train.packing`), with `validation.bin` perhaps, whose loss
    is measured at each checkpoint. `out/checkpoint-…` is written every `checkpoint_every` steps,
    and when a SIGINT or SIGTERM ends the training early; if there is one at the start, training
    goes on from it and ends with the very weights of a training that was never interrupted.
    `out/model` is the finished model, `out/tensorboard` the log. A process computes `micro_batch`
    windows at once.

    Raises `TrainingError` for a corpus smaller than a batch, a checkpoint of another model, corpus
    or recipe, a loss that is not finite, and a checkpoint that cannot be written; the last
    checkpoint then stays as it is.
    """
    import torch

    world = int(os.environ.get("WORLD_SIZE", "1"))
    accumulate, rest = divmod(recipe.batch, micro_batch * world)
    if rest or not accumulate:
        raise TrainingError(
            f"a batch of {recipe.batch} windows cannot be shared by {world} processes that "
            f"compute {micro_batch} at once: make --batch a multiple of {micro_batch * world}"
        )
    windows = Windows(data / "train.bin", recipe.sequence)
    if len(windows) < recipe.batch:
        raise TrainingError(
            f"the corpus has {windows.tokens} tokens, less than one batch of {recipe.batch} "
            f"windows of {recipe.sequence}: use more text, or a smaller --batch or --sequence"
        )
    held_out = None
    if (data / "validation.bin").exists():
        held_out = Windows(data / "validation.bin", recipe.sequence)
    accelerator = make_accelerator(out, accumulate)
    config = model.config.to_dict()
    if recipe.gradient_checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})  # type: ignore[no-untyped-call]
    model.train()
    model, optimizer = accelerator.prepare(model, make_optimizer(model, recipe))
    for key in ("dtype", "_name_or_path"):
        config.pop(key, None)
    identity = {"model": config, "corpus": windows.fingerprint, "recipe": asdict(recipe)}
    identity = json.loads(json.dumps(identity, sort_keys=True))
    step = resume_training(accelerator, out, identity)
    accelerator.init_trackers("tensorboard")
    rank, end = accelerator.process_index, tokenizer.eos_token_id
    losses: list[float] = []
    since = time.perf_counter()
    with stop_signals() as stopped:
        ending = False
        while step < recipe.steps and not ending:
            loss = torch.zeros((), device=accelerator.device)
            places = _places(step, recipe, len(windows))[rank::world]
            for start in range(0, len(places), micro_batch):
                batch = torch.stack([windows[i] for i in places[start : start + micro_batch]])
                with accelerator.accumulate(model):
                    part = _loss(model, batch.to(accelerator.device), end)
                    loss += part.detach() / accumulate
                    accelerator.backward(part)
            norm = float(accelerator.clip_grad_norm_(model.parameters(), recipe.clip))
            mean = float(accelerator.reduce(loss, "mean"))
            if not (math.isfinite(mean) and math.isfinite(norm)):
                raise TrainingError(
                    f"the loss is {mean} and the gradient norm {norm} in step {step + 1}: lower "
                    f"--learning-rate or look at the corpus; {last_checkpoint(out)}"
                )
            for group in optimizer.param_groups:
                group["lr"] = recipe.rate(step)
            optimizer.step()
            optimizer.zero_grad()
            step += 1
            losses.append(mean)
            told = torch.tensor(float(stopped()), device=accelerator.device)
            ending = step == recipe.steps or bool(accelerator.reduce(told, "sum"))
            checkpoint = ending or step % checkpoint_every == 0
            if step % log_every == 0 or checkpoint:
                seconds = time.perf_counter() - since
                speed = len(losses) * recipe.batch * recipe.sequence / seconds
                valid = (
                    _evaluate(accelerator, model, held_out, micro_batch, end)
                    if checkpoint
                    else None
                )
                line = Report(
                    step, sum(losses) / len(losses), recipe.rate(step - 1), norm, speed, valid
                )
                shown = {name: value for name, value in asdict(line).items() if value is not None}
                accelerator.log(shown, step=step)
                if accelerator.is_main_process:
                    report(line)
                losses, since = [], time.perf_counter()
            if checkpoint:
                save_checkpoint(accelerator, out, step, identity)
    if step == recipe.steps:
        finish_training(accelerator, model, tokenizer, out)
    accelerator.end_training()
    return step


def sharded() -> bool:
    """Whether the launcher has the model shared out over the processes (FSDP)."""
    return os.environ.get("ACCELERATE_USE_FSDP", "false").lower() == "true"


def make_accelerator(out: Path, parts: int) -> Accelerator:
    """What distributes a training whose steps have so many parts. With FSDP gradients are shared out
    after each part: between parts, whole ones would take 4 bytes a parameter on every GPU."""
    import torch
    from accelerate import Accelerator
    from accelerate.utils import GradientAccumulationPlugin

    precision = "bf16" if torch.cuda.is_available() else "no"
    return Accelerator(
        mixed_precision=os.environ.get("ACCELERATE_MIXED_PRECISION", precision),
        gradient_accumulation_plugin=GradientAccumulationPlugin(parts, sync_each_batch=sharded()),
        log_with="tensorboard",
        project_dir=out,
    )


def make_optimizer(model: LlamaForCausalLM, recipe: Recipe) -> torch.optim.Optimizer:
    """AdamW for what is trained; biases and norms are not decayed."""
    import torch

    trained = [p for p in model.parameters() if p.requires_grad]
    decayed = [p for p in trained if p.dim() > 1]
    others = [p for p in trained if p.dim() <= 1]
    groups = [
        {"params": decayed, "weight_decay": recipe.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=recipe.betas, eps=1e-8)


def _places(step: int, recipe: Recipe, count: int) -> list[int]:
    """The windows of a step: epochs are shuffled anew, and what fills no batch is left out."""
    epoch, at = divmod(step, count // recipe.batch)
    order = shuffled(count, epoch, recipe.seed)
    places: list[int] = order[at * recipe.batch : (at + 1) * recipe.batch].tolist()
    return places


def _loss(model: torch.nn.Module, batch: torch.Tensor, end: int) -> torch.Tensor:
    """Mean cross-entropy of the next token, for a batch of shape (windows, length + 1)."""
    import torch

    inputs, targets = batch[:, :-1], batch[:, 1:]
    mask, positions = within_documents(inputs, end)
    logits = model(
        input_ids=inputs, attention_mask=mask, position_ids=positions, use_cache=False
    ).logits
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())


def _evaluate(
    accelerator: Accelerator,
    model: torch.nn.Module,
    windows: Windows | None,
    micro_batch: int,
    end: int,
) -> float | None:
    """The mean loss on at most 64 windows that are spread over the held-out text."""
    import torch

    if not windows:
        return None
    chosen = range(0, len(windows), math.ceil(len(windows) / 64))
    total = 0.0
    model.eval()
    with torch.no_grad():
        for start in range(0, len(chosen), micro_batch):
            places = chosen[start : start + micro_batch]
            batch = torch.stack([windows[i] for i in places]).to(accelerator.device)
            total += float(_loss(model, batch, end)) * len(places)
    model.train()
    return total / len(chosen)


@contextmanager
def stop_signals() -> Iterator[Callable[[], bool]]:
    """SIGINT and SIGTERM are only noted, so that a step is finished; a second one is obeyed."""
    stopped = []

    def note(number: int, frame: object) -> None:
        stopped.append(number)
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(stopped)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _checkpoints(out: Path) -> list[Path]:
    """The complete ones, oldest first."""
    return sorted(file.parent for file in out.glob(f"checkpoint-*/{PROGRESS}"))


def last_checkpoint(out: Path) -> str:
    found = _checkpoints(out)
    return f"the last good checkpoint is {found[-1]}" if found else "there is no checkpoint yet"


def save_checkpoint(
    accelerator: Accelerator,
    out: Path,
    step: int,
    identity: dict[str, Any],
    save: Callable[[str], object] | None = None,
) -> None:
    """Writes `checkpoint-STEP` beside the others, then removes all but the last ones. `save` writes
    its folder; by default, the accelerator does."""
    new = out / f"partial-{step:08}"
    try:
        (save or accelerator.save_state)(str(new))
        accelerator.wait_for_everyone()
        if accelerator.is_main_process:
            progress = {"step": step, **identity}
            (new / PROGRESS).write_text(json.dumps(progress, indent=1) + "\n", encoding="utf-8")
            old = out / f"checkpoint-{step:08}"
            shutil.rmtree(old, ignore_errors=True)
            os.replace(new, old)
            for superfluous in _checkpoints(out)[:-CHECKPOINTS_KEPT]:
                shutil.rmtree(superfluous)
        accelerator.wait_for_everyone()
    except Exception as error:  # safetensors and torch have errors of their own for a full disk
        shutil.rmtree(new, ignore_errors=True)
        raise TrainingError(
            f"the checkpoint of step {step} cannot be written ({error}); {last_checkpoint(out)}: make "
            "room and start again, and training goes on from there"
        ) from error


def newest_checkpoint(out: Path) -> tuple[Path, dict[str, Any]] | None:
    """The newest checkpoint and what `save_checkpoint` noted with it. Removes unfinished ones."""
    for partial in out.glob("partial-*"):
        shutil.rmtree(partial, ignore_errors=True)
    found = _checkpoints(out)
    return (found[-1], json.loads((found[-1] / PROGRESS).read_text("utf-8"))) if found else None


def resume_training(accelerator: Accelerator, out: Path, identity: dict[str, Any]) -> int:
    """Loads the newest checkpoint and returns its step, 0 without one."""
    newest = newest_checkpoint(out)
    if newest is None:
        return 0
    folder, progress = newest
    for part, wanted in identity.items():
        have = progress.get(part)
        if have == wanted:
            continue
        if isinstance(have, dict):
            names = [name for name in {**have, **wanted} if have.get(name) != wanted.get(name)]
            differs = ", ".join(f"{n} {have.get(n)} there, {wanted.get(n)} here" for n in names)
        else:
            differs = "other tokens"
        raise TrainingError(
            f"{folder} comes from another {part} ({differs}): give another --out to start "
            "anew, or the same settings to go on"
        )
    accelerator.load_state(str(folder))
    step: int = progress["step"]
    return step


def finish_training(
    accelerator: Accelerator,
    model: torch.nn.Module,
    tokenizer: PreTrainedTokenizerFast,
    out: Path,
) -> None:
    """Writes `out/model`, for transformers to load, with adapters as part of the weights."""
    from accelerate.utils import is_peft_model

    if is_peft_model(plain := accelerator.unwrap_model(model)):
        model = plain.merge_and_unload()
    weights = accelerator.get_state_dict(model)
    if accelerator.is_main_process:
        new = out / "partial-model"
        whole = accelerator.unwrap_model(model)
        whole.save_pretrained(new, state_dict=weights)
        tokenizer.save_pretrained(new)
        shutil.rmtree(out / "model", ignore_errors=True)
        os.replace(new, out / "model")
    accelerator.wait_for_everyone()
