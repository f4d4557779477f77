"""A model by its name, wherever it runs."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

from prover.generate.completion import ModelError, ModelGenerator

SHIPPED = "small"
SHIPPED_FORMAT = "prover"
SHIPPED_FOLDER = Path(__file__).parents[1] / "models" / SHIPPED


def default_model() -> str | None:
    """The model that comes with the package, if what runs it (the extra `model`) is installed."""
    can_run = all(find_spec(name) is not None for name in ("torch", "transformers"))
    return SHIPPED if can_run and (SHIPPED_FOLDER / "model.safetensors").exists() else None


def local_name(spec: str) -> str:
    """The folder, or the name on the hub, of a model that is not on a server."""
    return str(SHIPPED_FOLDER) if spec == SHIPPED else re.sub("^(hf|vllm):", "", spec)


def load_model(spec: str, form: str | None = None) -> ModelGenerator:
    """Loads a model.

    `spec` is `small` (the one that comes with the package), `hf:NAME` or a folder (transformers, in
    this process), `vllm:NAME` (vLLM's engine, in this process; a folder works too), or
    `http://HOST:PORT/v1#NAME` (an OpenAI-compatible server).
    `form` names the prompt format where the model's own name does not tell.

    Raises:
        ModelError: the model cannot be had; the message says why.
        UnknownFormat: its prompt format is neither given nor known.
    """
    if spec.startswith(("http://", "https://")):
        from prover.generate.openai import OpenAIGenerator

        url, _, name = spec.partition("#")
        if not name:
            raise ModelError(f"{spec} does not name a model: {url}#NAME")
        return OpenAIGenerator(url, name, form=form)
    if spec.startswith("vllm:"):
        from prover.generate.vllm import VllmGenerator

        return VllmGenerator.load(local_name(spec), form=form)
    from prover.generate.transformers import TransformersGenerator

    return TransformersGenerator.load(local_name(spec), form=form)
