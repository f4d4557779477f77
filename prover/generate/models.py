"""A model by its name, wherever it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from prover.generate.completion import ModelError, ModelGenerator
from prover.generate.prompts import GoalProofstep, named, read_examples, with_examples
from prover.generate.shipped import SHIPPED, SHIPPED_FOLDER


def local_name(spec: str) -> str:
    """The folder, or the name on the hub, of a model that is not on a server."""
    if spec == SHIPPED:
        return str(SHIPPED_FOLDER)
    return engine_arguments(spec)[0] if spec.startswith("vllm:") else spec.removeprefix("hf:")


def engine_arguments(spec: str) -> tuple[str, dict[str, Any]]:
    """The name in `vllm:NAME?argument=value&…`, and the arguments of vLLM's engine: numbers, true,
    false and null as in JSON, all else as texts.

    Raises:
        ModelError: what stands after the question mark is not of this form.
    """
    name, mark, query = spec.removeprefix("vllm:").partition("?")
    try:
        pairs = parse_qsl(query, strict_parsing=bool(mark))
    except ValueError:
        raise ModelError(
            f"{spec}: give arguments of vLLM's engine as NAME?tensor_parallel_size=2&max_model_len=4096"
        ) from None
    return name, {key: _value(text) for key, text in pairs}


def _value(text: str) -> Any:
    try:
        return json.loads(text.lower() if text in ("True", "False") else text)
    except ValueError:
        return text


def own_format(folder: Path) -> str:
    """The name of the prompt format of a model that was trained here: what its configuration names."""
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return GoalProofstep.name  # what is wrong with the folder, loading it says
    return str(config.get("prompt_format") or GoalProofstep.name)


def load_model(spec: str, form: str | None = None, few_shot: str | None = None) -> ModelGenerator:
    """Loads a model.

    `spec` is `small` (the one that comes with the package, in this process, without torch), `hf:NAME`
    or a folder (transformers, in this process), `vllm:NAME` or `vllm:NAME?argument=value&…` (vLLM's engine with arguments of its
    own, in this process; a folder works too), or `http://HOST:PORT/v1#NAME` (an OpenAI-compatible
    server).
    `form` names the prompt format where the model's own name does not tell, `few_shot` a file of
    examples for its prompt (`read_examples`).

    Raises:
        ModelError: the model cannot be had; the message says why.
        UnknownFormat: its prompt format is neither given nor known.
        ExamplesError: the examples cannot be read, or the format shows none.
    """
    examples = None if few_shot is None else read_examples(Path(few_shot))
    if form is not None and examples is not None:
        with_examples(named(form), examples)
    model = _loaded(spec, form)
    if examples is not None:
        model.format = with_examples(model.format, examples)
    return model


def _loaded(spec: str, form: str | None) -> ModelGenerator:
    if spec == SHIPPED:
        from prover.generate.llama import LlamaGenerator

        return LlamaGenerator.load(SHIPPED_FOLDER, form)
    if spec.startswith(("http://", "https://")):
        from prover.generate.openai import OpenAIGenerator

        url, _, name = spec.partition("#")
        if not name:
            raise ModelError(f"{spec} does not name a model: {url}#NAME")
        return OpenAIGenerator(url, name, form=form)
    if spec.startswith("vllm:"):
        from prover.generate.vllm import VllmGenerator

        name, engine = engine_arguments(spec)
        reserved = {"name", "form", "sampling", "model"} & engine.keys()
        if reserved:
            raise ModelError(
                f"{spec}: {', '.join(reserved)} is no argument of vLLM's engine to give"
            )
        return VllmGenerator.load(name, form=form, **engine)
    from prover.generate.transformers import TransformersGenerator

    return TransformersGenerator.load(local_name(spec), form=form)
