"""Two processes on CPUs train as one does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from prover.models.tokenizer import save_tokenizer
from prover.train.packing import pack
from prover.train.sft import _batch, examples
from tests.train.ranks import RECIPE, trained
from tests.train.school import PAIRS, ROOT, texts, tokenizer


def launched(*words: object) -> str:
    """What `ranks.py` prints in the first of two processes."""
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [sys.executable, *launcher, str(ROOT / "tests/train/ranks.py"), *map(str, words), "2"],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "ACCELERATE_USE_CPU": "true",
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_two_processes_compute_the_gradient_of_one(tmp_path: Path) -> None:
    """In continued pretraining and on tactics, where each has other pairs with other numbers of
    tokens to learn; every token counts the same."""
    batch = _batch(examples(PAIRS, tokenizer(), 128), [], 0.0, RECIPE, 0)
    learned = [sum(len(e.tokens) - e.prompt for e in batch[rank::2]) for rank in range(2)]
    assert learned[0] != learned[1]
    pack(texts()[1:6], tokenizer(), tmp_path / "data/train.bin", {})
    save_tokenizer(tokenizer(), tmp_path / "t")
    one = trained(tokenizer(), tmp_path / "data", tmp_path / "one", 1)
    said = launched(tmp_path / "t", tmp_path / "data", tmp_path / "two")
    (two,) = (json.loads(line) for line in said.splitlines() if '"tactics": [{' in line)
    for kind, lines in one.items():
        assert len(lines) == 3
        for name in ("loss", "gradient_norm"):
            expected = pytest.approx([line[name] for line in lines], rel=1e-4)
            assert [line[name] for line in two[kind]] == expected
        reference, other = (
            load_file(tmp_path / run / kind / "model/model.safetensors") for run in ("one", "two")
        )
        assert reference.keys() == other.keys()
        for name, value in reference.items():
            torch.testing.assert_close(other[name], value, rtol=1e-3, atol=1e-4)
