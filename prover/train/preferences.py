"""Preferences: of two tactics for one state, the one that led to a proof is to be likelier than the
one that failed (direct preference optimisation, DPO; Rafailov et al. 2023, arXiv 2305.18290), with
`trl.DPOTrainer`.

The pairs are the negatives of expert iteration (`prover.train.rounds`). What is written to `out` is
as in `prover.train.grpo`, without `states.jsonl`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prover.data.decontaminate import Benchmark, Problem, check_clean
from prover.errors import WrongUse
from prover.files import read_jsonl
from prover.train.corpus import TrainingError
from prover.train.lora import adapters, weights_dtype
from prover.train.resumable import (
    configuration,
    in_order,
    load_words,
    note_settings,
    resumable,
    stamp,
    train_resumably,
)
from prover.train.rounds import ended_by_time
from prover.train.sft import Pair

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


@dataclass(frozen=True)
class DpoRecipe:
    """How to train. A step takes `batch` pairs; `beta` is how much the model may move away from the
    one at the start (the smaller, the more). `epochs` is how often each pair is seen."""

    learning_rate: float
    beta: float
    batch: int
    warmup: int
    gradient_checkpointing: bool = True
    epochs: float = 1.0
    seed: int = 0


DPO_RECIPES = {
    "dpo": DpoRecipe(1e-6, 0.1, 64, 150),
    "cpu-tiny": DpoRecipe(3e-4, 0.1, 16, 2, gradient_checkpointing=False, epochs=3.0),
}
"""The first is that of the paper (appendix B), with AdamW in the place of RMSprop; the second ours."""


@dataclass(frozen=True)
class Preference:
    """A state as Lean prints it, a tactic that led to a proof, and one that failed."""

    state: str
    chosen: str
    rejected: str


def read_preferences(rounds: Path) -> list[Preference]:
    """The negatives of all rounds in a folder of `prover train rounds`, each once. Those that only
    come from searches which the cap on their time ended, or which got no answer, are left out: what
    these tried depends on the machine.

    Raises:
        WrongUse: there are no rounds, or a file is damaged; names the line.
    """
    files = sorted(rounds.glob("round_*/negatives.jsonl"))
    if not files:
        raise WrongUse(f"{rounds} holds no round_K/negatives.jsonl: it is no run of `train rounds`")
    found: dict[Preference, None] = {}
    for file in files:
        whole = _whole(file.with_name("attempts.jsonl"))
        for number, row in enumerate(read_jsonl(file), 1):
            texts = (
                [row.get(k) for k in ("state", "instead", "tactic")]
                if isinstance(row, dict)
                else []
            )
            if len(texts) != 3 or not all(isinstance(text, str) and text.strip() for text in texts):
                raise WrongUse(
                    f"{file}, line {number}: no JSON object with state, tactic and instead"
                )
            state, chosen, rejected = map(str, texts)
            if (state, rejected) in whole and chosen != rejected:
                found[Preference(state, chosen, rejected)] = None
    return list(found)


def _whole(log: Path) -> set[tuple[str, str]]:
    """States with tactics that failed on them, in searches that no cap on the time has ended."""
    try:
        return {
            (row["state"], row["tactic"])
            for line in read_jsonl(log)
            if not ended_by_time(line)
            for row in line.get("negatives", ())
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise WrongUse(f"{log}: a line is no search ({error})") from None


def train_preferences(
    init: Path,
    preferences: Sequence[Preference],
    out: Path,
    recipe: DpoRecipe,
    *,
    benchmarks: Sequence[Problem] = (),
    micro_batch: int | None = None,
    lora: int = 0,
    checkpoint_every: int = 50,
    report: Callable[[str], None] = lambda line: None,
) -> tuple[int, int]:
    """Trains the model in the folder `init` and returns how many steps are done, and of how many.
    Pairs of more tokens than the model has positions are left out. With `lora`, adapters of that rank
    are trained as by `prover.train.sft.train_tactics`. Where `out/model` is there already, nothing is
    done.

    Raises:
        TrainingError: there is no pair; adapters cannot be had; the loss is no number; a
            checkpoint cannot be written.
        WrongUse: `out` has a training of something else, or a state holds a problem of a benchmark.
    """
    from transformers import AutoConfig
    from trl.trainer.dpo_config import DPOConfig
    from trl.trainer.dpo_trainer import DPOTrainer

    adapting = adapters(lora) if lora else None
    identity = stamp(init)
    words = load_words(init)
    if benchmarks:
        check_clean((one.state for one in preferences), Benchmark(benchmarks))
    longest = int(AutoConfig.from_pretrained(init).max_position_embeddings)
    rows = _rows(preferences, words, longest)
    if not rows:
        raise TrainingError(
            f"of {len(preferences)} pairs of tactics none has at most {longest} tokens: there is "
            "nothing to train on; iterate more (`prover train rounds`)"
        )
    report(f"{len(rows)} pairs of tactics, {len(preferences) - len(rows)} too long")
    digest = hashlib.sha256(repr(list(preferences)).encode()).hexdigest()[:16]
    note_settings(out, recipe, init=identity, lora=lora or None, pairs=digest)
    steps = max(1, math.ceil(recipe.epochs * len(rows) / recipe.batch))
    if (out / "model").exists():
        report(f"{out / 'model'} is there already")
        return steps, steps
    arguments = configuration(
        DPOConfig,
        out,
        recipe,
        steps=steps,
        micro_batch=micro_batch,
        model_init_kwargs={"dtype": weights_dtype(adapting)},
        beta=recipe.beta,
        max_length=None,
        train_sampling_strategy="sequential",
    )
    trainer = resumable(DPOTrainer)(
        model=str(init),
        args=arguments,
        train_dataset=in_order(rows, steps * recipe.batch, recipe.seed),
        processing_class=words,
        peft_config=adapting,
    )

    def show(step: int, logs: Mapping[str, float]) -> None:
        report(
            f"step {step}/{steps}: loss {logs['loss']:.4f}, preferred "
            f"{logs['rewards/accuracies']:.0%} by {logs['rewards/margins']:.3f}, gradient "
            f"{logs['grad_norm']:.2f}"
        )

    return train_resumably(trainer, out, checkpoint_every, show), steps


def _rows(
    preferences: Sequence[Preference], words: PreTrainedTokenizerFast, longest: int
) -> list[dict[str, Any]]:
    """Prompts with both answers, as TRL takes them, without those of more tokens than `longest`."""
    rows = []
    for one in preferences:
        prompt = Pair(one.state, "").prompt
        answers = [prompt + one.chosen, prompt + one.rejected]
        sizes = [len(ids) for ids in words(answers, verbose=False)["input_ids"]]
        if max(sizes) < longest:  # an end token comes after it
            rows.append({"prompt": prompt, "chosen": one.chosen, "rejected": one.rejected})
    return rows
