"""What the tests of training share: a tokenizer, states as Lean prints them, and statements."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import networkx
from transformers import PreTrainedTokenizerFast

from prover.data.theorems.corpus import draft
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


def train(*words: object, until: Callable[[], bool] | None = None) -> str:
    """What `prover train` says on its way to the end; with `until`, it is killed when that holds."""
    process = subprocess.Popen(
        [sys.executable, "-m", "prover.train.cli", *map(str, words)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        while until is not None and process.poll() is None:
            if until():
                os.killpg(process.pid, signal.SIGKILL)
                _, said = process.communicate()
                assert process.returncode == -signal.SIGKILL
                return said
            time.sleep(0.01)
        _, said = process.communicate(timeout=500)
        assert process.returncode == 0, said
        assert until is None, "it was over before it could be killed"
        return said
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def texts() -> list[str]:
    files = sorted((Path(networkx.__file__).parent / "algorithms").glob("*.py"))[:40]
    lean = "\n".join(draft(seed, "logic", size=0).statement for seed in range(400))
    return [lean, *(file.read_text() for file in files)]


@cache
def tokenizer() -> PreTrainedTokenizerFast:
    return train_tokenizer(texts(), 2048)


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
