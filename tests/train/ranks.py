"""One of the processes of a training, which launchers start: a tokenizer's folder, where the model
goes, how many examples are computed at once, and a folder of packed tokens if it is not to learn the
pairs of school."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerFast

from prover.models.presets import model_config, new_model
from prover.models.tokenizer import load_tokenizer
from prover.train.corpus import Recipe, train
from prover.train.sft import train_tactics
from tests.train.school import PAIRS, SHAPE

RECIPE = Recipe(steps=3, batch=6, sequence=128, learning_rate=3e-3, warmup=2, clip=1e9)


def trained(
    words: PreTrainedTokenizerFast, out: Path, micro_batch: int, data: Path | None = None
) -> list[dict[str, Any]]:
    """What the log says of each step."""
    lines: list[Any] = []
    model = new_model(model_config(SHAPE, len(words)), 0)
    if data is not None:
        train(model, words, data, out, RECIPE, micro_batch, 100, log_every=1, report=lines.append)
    else:
        options: dict[str, Any] = {"micro_batch": micro_batch, "log_every": 1}
        train_tactics(model, words, PAIRS, out, RECIPE, report=lines.append, **options)
    return [asdict(line) for line in lines]


if __name__ == "__main__":
    words, out, micro_batch, *data = sys.argv[1:]
    for line in trained(load_tokenizer(Path(words)), Path(out), int(micro_batch), *map(Path, data)):
        print(json.dumps(line))
