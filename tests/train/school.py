"""What the tests of training share: a tokenizer, states as Lean prints them, and statements."""

import multiprocessing
import os
import signal
import tempfile
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
from tests.train.forked import run

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


_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.train.forked"])


def train(*words: object, until: Callable[[], bool] | None = None) -> str:
    """What `prover train` says on its way to the end; with `until`, it is killed when that holds. It
    has a process of its own, forked from one that has torch and transformers: to import them takes
    seconds, each time."""
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said"
        process = _FORKS.Process(target=run, args=([*map(str, words)], str(said)))
        process.start()
        assert process.pid is not None
        try:
            end = time.monotonic() + 500
            killed = False
            while process.is_alive() and time.monotonic() < end:
                if until is not None and until():
                    os.killpg(process.pid, signal.SIGKILL)
                    killed = True
                    break
                time.sleep(0.01)
            process.join(timeout=60)
            told = said.read_text("utf-8")
            assert process.exitcode == (-signal.SIGKILL if killed else 0), told
            assert until is None or killed, "it was over before it could be killed"
            return told
        finally:
            if process.is_alive():
                os.killpg(process.pid, signal.SIGKILL)
                process.join()


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
