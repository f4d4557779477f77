"""`prover train` in a process that is forked from one with all that takes long to import."""

import os

import datasets
import torch
from transformers import LlamaForCausalLM, Trainer

from prover.train.cli import app

__all__ = ["LlamaForCausalLM", "Trainer", "datasets", "run", "torch"]


def run(words: list[str], said: str) -> None:
    """The command in a process group of its own, with standard error in a file."""
    os.setsid()
    with open(said, "w") as file:
        os.dup2(file.fileno(), 2)
    app(words)
