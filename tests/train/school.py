"""What the tests of training share: a tokenizer, states as Lean prints them, and statements."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import networkx
from transformers import PreTrainedTokenizerFast

from prover.data.theorems.statement import Draft, Row
from prover.files import write_jsonl
from prover.models.presets import Preset
from prover.models.tokenizer import train_tokenizer
from prover.train.sft import Pair

ROOT = Path(__file__).parents[2]
SHAPE = Preset(2048, 64, 128, 2, 2, 2, 256)

PAIRS = [
    Pair("p q : Prop\nhp : p\nhq : q\n⊢ p ∧ q", "exact ⟨hp, hq⟩"),
    Pair("p q : Prop\nh : p ∧ q\n⊢ q ∧ p", "exact ⟨h.2, h.1⟩"),
    Pair("p q : Prop\nhp : p\n⊢ p ∨ q", "left"),
    Pair("p q : Prop\nhq : q\n⊢ p ∨ q", "right"),
    Pair("p : Prop\nhp : p\n⊢ p", "assumption"),
    Pair("a b : Nat\n⊢ a + b = b + a", "omega"),
    Pair("n : Nat\n⊢ n * 0 = 0", "simp"),
    Pair("a b : Nat\nh : a = b\n⊢ b = a", "exact h.symm"),
    Pair("p : Prop\n⊢ p → p", "intro h"),
    Pair("⊢ 2 + 2 = 4", "rfl"),
]


def launched(processes: int, folder: Path, *words: object) -> list[dict[str, Any]]:
    """What the log of `ranks.py` says, which so many processes run together on CPUs."""
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    done = subprocess.run(
        [sys.executable, *launcher, str(ROOT / "tests/train/ranks.py"), *map(str, words)],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "ACCELERATE_USE_CPU": "true",
            "OMP_NUM_THREADS": "1",
        },
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@cache
def tokenizer() -> PreTrainedTokenizerFast:
    files = sorted((Path(networkx.__file__).parent / "algorithms").glob("*.py"))[:40]
    return train_tokenizer(
        [file.read_text() for file in [ROOT / "lean_project" / "Gym.lean", *files]], 2048
    )


def row(name: str, conclusion: str, *binders: str, split: str = "train") -> Row:
    draft = Draft("tests", name, binders, conclusion, split=split)
    return Row.of(draft, draft.name)


ROWS = [
    row("swap", "q ∧ p", "(p q : Prop)", "(h : p ∧ q)"),
    row("either", "p ∨ q", "(p q : Prop)", "(hq : q)"),
    row("steps", "∀ a : Nat, ∃ b, b = a + a ∧ (p → p)", "(p : Prop)"),
    row("false", "n < 5", "(n : Nat)"),
]


def write_rows(path: Path) -> Path:
    write_jsonl(path, [row.to_json() for row in ROWS])
    return path
