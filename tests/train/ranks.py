"""One of the processes of two trainings, which launchers start: a tokenizer's folder, and a folder of
packed tokens."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any
from unittest.mock import patch

from accelerate import Accelerator
from transformers import PreTrainedTokenizerFast

from prover.models.presets import model_config, new_model
from prover.models.tokenizer import load_tokenizer
from prover.train.corpus import Recipe, train
from prover.train.sft import train_tactics
from tests.train.school import PAIRS, SHAPE

RECIPE = Recipe(steps=3, batch=6, sequence=128, learning_rate=3e-3, warmup=2, clip=1e9)


def trained(
    words: PreTrainedTokenizerFast, data: Path, out: Path, processes: int
) -> dict[str, list[dict[str, Any]]]:
    """What the logs say of each step: of `corpus`, on packed tokens, and of `tactics`, on the pairs of
    school. The models go below `out`. Of tokens, one process takes two micro batches and each of two
    one; of pairs, one process takes one and each of two two."""
    lines: dict[str, list[Any]] = {"corpus": [], "tactics": []}
    at_once = RECIPE.batch // 2
    model = new_model(model_config(SHAPE, len(words)), 0)
    with patch.object(Accelerator, "end_training"):  # which ends the group of processes
        say = lines["corpus"].append
        train(model, words, data, out / "corpus", RECIPE, at_once, 100, log_every=1, report=say)
    model = new_model(model_config(SHAPE, len(words)), 0)
    at_once, say = (6 if processes == 1 else 2), lines["tactics"].append
    train_tactics(
        model, words, PAIRS, out / "tactics", RECIPE, micro_batch=at_once, log_every=1, report=say
    )
    return {name: [asdict(line) for line in some] for name, some in lines.items()}


if __name__ == "__main__":
    words, data, out, processes = sys.argv[1:]
    logs = trained(load_tokenizer(Path(words)), Path(data), Path(out), int(processes))
    if logs["tactics"]:  # the first process has them
        print(json.dumps(logs))
