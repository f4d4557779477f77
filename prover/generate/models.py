"""A model by its name, wherever it runs."""

from __future__ import annotations

from prover.generate.completion import ModelError, ModelGenerator


def load_model(spec: str, form: str | None = None) -> ModelGenerator:
    """Loads a model.

    `spec` is `hf:NAME` or a folder (transformers, in this process), `vllm:NAME` (vLLM's engine, in
    this process; a folder works too), or `http://HOST:PORT/v1#NAME` (an OpenAI-compatible server).
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

        return VllmGenerator.load(spec.removeprefix("vllm:"), form=form)
    from prover.generate.transformers import TransformersGenerator

    return TransformersGenerator.load(spec.removeprefix("hf:"), form=form)
