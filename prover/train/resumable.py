"""TRL's trainers, run like those of this room: a checkpoint appears whole or not at all, a training
that was stopped or killed ends with the weights of one that was not, a loss that is no number ends
it, and nothing is told to anybody else."""

from __future__ import annotations

import json
import math
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from prover.files import same_settings
from prover.train.corpus import (
    TrainingError,
    finish_training,
    last_checkpoint,
    newest_checkpoint,
    save_checkpoint,
    stop_signals,
)
from prover.train.packing import shuffled

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerFast


def resumable(base: Any) -> Any:
    """A trainer class of TRL with these habits; `train_resumably` runs it. What `memory` holds, as
    JSON, is kept with each checkpoint."""

    class Resumable(base):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            self.memory: dict[str, Any] = {}
            self._folder: str | None = None
            self._loss = math.nan
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # peft asks for what is renamed
                super().__init__(*args, **options)

        def _send_telemetry(self) -> None:
            pass

        def create_model_card(self, *args: Any, **options: Any) -> None:
            pass

        def _get_output_dir(self, trial: Any) -> str:
            return self._folder or str(super()._get_output_dir(trial))

        def _save_checkpoint(self, model: Any, trial: Any) -> None:
            def save(folder: str) -> None:
                self._folder = folder
                try:
                    super(Resumable, self)._save_checkpoint(model, trial)
                finally:
                    self._folder = None

            out = Path(self.args.output_dir)
            kept = {"memory": self.memory}
            save_checkpoint(self.accelerator, out, self.state.global_step, kept, save)

        def training_step(self, *args: Any) -> Any:
            loss = super().training_step(*args)
            self._loss = float(loss)
            return loss

        def _get_grad_norm(self, *args: Any, **options: Any) -> Any:
            """Looked at before the weights change; the same in all processes."""
            norm = super()._get_grad_norm(*args, **options)
            if not math.isfinite(norm):
                raise self.not_finite(f"the loss is {self._loss} and the gradient norm {norm}")
            return norm

        def not_finite(self, what: str) -> TrainingError:
            return TrainingError(
                f"{what} in step {self.state.global_step + 1}: lower --learning-rate or look at the "
                f"data; {last_checkpoint(Path(self.args.output_dir))}"
            )

    return Resumable


def train_resumably(
    trainer: Any,
    out: Path,
    checkpoint_every: int,
    report: Callable[[int, Mapping[str, float]], None],
) -> int:
    """Trains from the newest checkpoint in `out` and returns the number of steps that are done; after
    the last one, writes `out/model`. SIGINT and SIGTERM end it with a checkpoint. `report` gets the
    step and what is logged of it.

    Raises:
        TrainingError: as `prover.train.corpus.train`.
    """
    import torch
    from torch.utils.tensorboard import SummaryWriter
    from transformers import PrinterCallback, TrainerCallback
    from transformers.integrations.integration_utils import TensorBoardCallback

    accelerator = trainer.accelerator
    resume = None
    if (newest := newest_checkpoint(out)) is not None:
        folder, progress = newest
        trainer.memory.update(progress["memory"])
        resume = str(next(folder.glob("checkpoint-*")))

    class Steps(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            told = torch.tensor(float(stopped()), device=accelerator.device)
            ending = bool(accelerator.reduce(told, "sum"))
            control.should_training_stop = control.should_training_stop or ending
            last = ending or state.global_step == state.max_steps
            control.should_save = last or state.global_step % checkpoint_every == 0

        def on_log(self, args: Any, state: Any, control: Any, **given: Any) -> None:
            if accelerator.is_main_process and "loss" in given["logs"]:
                report(state.global_step, given["logs"])
            state.log_history.clear()  # it is in every checkpoint

    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Steps())
    writer = SummaryWriter(str(out / "tensorboard"))
    trainer.add_callback(TensorBoardCallback(writer))  # type: ignore[no-untyped-call]
    with stop_signals() as stopped, warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # TRL asks for what transformers renames
        trainer.train(resume_from_checkpoint=resume)
    writer.close()
    step: int = trainer.state.global_step
    if step == trainer.state.max_steps:
        finish_training(accelerator, trainer.model_wrapped, trainer.processing_class, out)
    return step


class AnyRecipe(Protocol):
    """What the recipes of these trainings share."""

    @property
    def learning_rate(self) -> float: ...
    @property
    def batch(self) -> int: ...
    @property
    def warmup(self) -> int: ...
    @property
    def gradient_checkpointing(self) -> bool: ...
    @property
    def seed(self) -> int: ...


def configuration(
    kind: Any, out: Path, recipe: AnyRecipe, *, steps: int, micro_batch: int | None, **own: Any
) -> Any:
    """A configuration of TRL, of a class of it and with what is its `own`. A step takes `recipe.batch`
    examples over all processes, each of which computes `micro_batch` at once; the rate is constant
    after the warm-up.

    Raises:
        TrainingError: a batch cannot be shared so.
    """
    import torch

    cuda = torch.cuda.is_available()
    world = int(os.environ.get("WORLD_SIZE", "1"))
    at_once = micro_batch or max(1, recipe.batch // world)
    accumulate, rest = divmod(recipe.batch, at_once * world)
    if rest or not accumulate:
        raise TrainingError(
            f"a batch of {recipe.batch} cannot be shared by {world} processes that compute {at_once} at "
            f"once: make --batch a multiple of {at_once * world}"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # as below
        return kind(
            output_dir=str(out),
            per_device_train_batch_size=at_once,
            gradient_accumulation_steps=accumulate,
            max_steps=steps,
            learning_rate=recipe.learning_rate,
            lr_scheduler_type="constant_with_warmup",
            warmup_steps=recipe.warmup,
            optim="adamw_torch",
            gradient_checkpointing=recipe.gradient_checkpointing,
            seed=recipe.seed,
            use_cpu=not cuda,
            ddp_find_unused_parameters=False,
            bf16=cuda,
            dataloader_pin_memory=cuda,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            **own,
        )


def in_order(rows: Sequence[Mapping[str, Any]], count: int, seed: int) -> Dataset:
    """A data set of `count` rows, for a training of one epoch: these rows, shuffled anew each time
    that all have come, so that where a training stands is a number."""
    from datasets import Dataset, disable_progress_bars

    disable_progress_bars()
    orders: list[list[int]] = []
    while len(orders) * len(rows) < count:
        orders.append(shuffled(len(rows), len(orders), seed).tolist())
    places = [place for order in orders for place in order][:count]
    return Dataset.from_list([dict(row) for row in rows]).select(places)


def note_settings(out: Path, recipe: Any, **about: Any) -> None:
    """Notes what a training is about: its recipe, a data class, and what else is told.

    Raises:
        WrongUse: `out` has a training of something else.
    """
    same_settings(out / "settings.json", json.loads(json.dumps(asdict(recipe) | about)))


def load_words(folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer of a model folder, which pads on the left. Raises `TrainingError`: it is none."""
    from transformers import AutoTokenizer

    try:
        words: Any = AutoTokenizer.from_pretrained(folder, padding_side="left")
    except (OSError, ValueError) as error:
        raise TrainingError(f"{folder} holds no tokenizer: {error}") from error
    return words  # type: ignore[no-any-return]


def stamp(folder: Path) -> str:
    """What tells the model of a folder from another: a hash of its configuration, and of the
    beginning and the size of each file of weights.

    Raises:
        TrainingError: there is no model.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files or not (folder / "config.json").is_file():
        raise TrainingError(
            f"{folder} holds no model (config.json and *.safetensors): train one with `prover train "
            "tactics`, or download one"
        )
    digest = sha256((folder / "config.json").read_bytes())
    for file in files:
        with file.open("rb") as opened:
            digest.update(f"{file.name} {file.stat().st_size}\n".encode() + opened.read(2**20))
    return digest.hexdigest()[:16]
