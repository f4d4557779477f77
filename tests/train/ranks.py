"""One of the processes of a training, which launchers start: where its model goes, how many examples
it computes at once, and a folder of packed tokens if it is not to learn the pairs of school."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from prover.models.presets import model_config, new_model
from prover.train.corpus import Recipe, Report, train
from prover.train.sft import train_tactics
from tests.train.school import PAIRS, SHAPE, tokenizer

RECIPE = Recipe(steps=3, batch=6, sequence=128, learning_rate=3e-3, warmup=2, clip=1e9)


def show(line: Report) -> None:
    print(json.dumps(asdict(line)))


def main(out: Path, micro_batch: int, data: Path | None = None) -> None:
    words = tokenizer()
    model = new_model(model_config(SHAPE, len(words)), 0)
    if data is not None:
        train(model, words, data, out, RECIPE, micro_batch, 100, log_every=1, report=show)
    else:
        train_tactics(
            model, words, PAIRS, out, RECIPE, micro_batch=micro_batch, log_every=1, report=show
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), *map(Path, sys.argv[3:]))
