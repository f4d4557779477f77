"""The package's own model in numpy: it is there at once, where torch and transformers take seconds of
computing to load, and more to install.

It is a Llama (Touvron et al. 2023, arXiv 2302.13971) as transformers writes one, with as many heads for
keys as for queries, and one matrix for what it reads and what it writes. It computes in float32, on one
core.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import deserialize
from threadpoolctl import ThreadpoolController
from tokenizers import Tokenizer

from prover.generate.completion import ModelError, sampled
from prover.generate.continuous import ROOM, TOKEN_BUDGET, ContinuousGenerator, Padded
from prover.generate.prompts import Format, Prompt, Sampling, UnknownFormat, named

Floats = NDArray[np.float32]

MASKED = np.float32(-1e9)


@dataclass(frozen=True, slots=True)
class Layer:
    """The weights of a layer. Those of matrices are (inputs, outputs)."""

    attention_norm: Floats
    queries_keys_values: Floats
    heads: Floats
    feed_forward_norm: Floats
    gate_up: Floats
    down: Floats


@dataclass(frozen=True, slots=True)
class Llama:
    """The weights of a model. `turns` (positions, width of a head / 2, 2) are the cosines and sines by
    which pairs of a query and a key are turned (Su et al. 2021, arXiv 2104.09864)."""

    embedding: Floats
    layers: tuple[Layer, ...]
    norm: Floats
    turns: Floats
    heads: int
    epsilon: float

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Raises OSError, ValueError or KeyError where the folder holds no such model."""
        config = json.loads((folder / "config.json").read_text("utf-8"))
        data = (folder / "model.safetensors").read_bytes()
        known = dict(deserialize(data))  # type: ignore[no-untyped-call]
        weights = {name: _floats(tensor) for name, tensor in known.items()}

        def layer(number: int) -> Layer:
            def of(*names: str) -> Floats:
                rows = [weights[f"model.layers.{number}.{name}.weight"] for name in names]
                return np.ascontiguousarray(np.concatenate(rows).T)

            queries, *others = (f"self_attn.{kind}_proj" for kind in "qkvo")
            return Layer(
                of("input_layernorm"),
                of(queries, *others[:2]),
                of(others[2]),
                of("post_attention_layernorm"),
                of("mlp.gate_proj", "mlp.up_proj"),
                of("mlp.down_proj"),
            )

        width, positions = config["head_dim"], config["max_position_embeddings"]
        speeds = config["rope_parameters"]["rope_theta"] ** (-np.arange(0, width, 2) / width)
        angles = np.arange(positions)[:, None] * speeds
        return cls(
            weights["model.embed_tokens.weight"],
            tuple(map(layer, range(config["num_hidden_layers"]))),
            weights["model.norm.weight"],
            np.stack([np.cos(angles), np.sin(angles)], -1).astype(np.float32),
            config["num_attention_heads"],
            config["rms_norm_eps"],
        )

    @property
    def positions(self) -> int:
        return int(self.turns.shape[0])

    def normed(self, states: Floats, weights: Floats) -> Floats:
        """Zhang and Sennrich 2019, arXiv 1910.07467."""
        squares: Floats = np.square(states).mean(-1, keepdims=True)
        scale: Floats = weights / np.sqrt(squares + np.float32(self.epsilon))
        return states * scale

    @staticmethod
    def turned(vectors: Floats, turns: Floats) -> Floats:
        """`vectors` (rows, heads, time, width) at the places that `turns` (rows, 1, time, …) is of."""
        first, second = np.split(vectors, 2, axis=-1)
        cosines, sines = turns[..., 0], turns[..., 1]
        return np.concatenate(
            [first * cosines - second * sines, second * cosines + first * sines], axis=-1
        )


def _floats(tensor: dict[str, Any]) -> Floats:
    """
    Raises:
        ValueError: the weights are of another type than the package's model has.
    """
    if tensor["dtype"] != "BF16":
        raise ValueError(f"weights of type {tensor['dtype']}")
    halves = np.frombuffer(tensor["data"], np.uint16).astype(np.uint32)
    return (halves << np.uint32(16)).view(np.float32).reshape(tensor["shape"])


class LlamaBatch(Padded):
    """A `continuous.Batch` of a `Llama`, padded on the left."""

    def __init__(self, model: Llama, prompts: Sequence[Sequence[int]]) -> None:
        rows, longest = len(prompts), max(map(len, prompts))
        width = model.embedding.shape[1] // model.heads
        nothing = np.zeros((rows, model.heads, 0, width), np.float32)
        ids = np.zeros((rows, longest), np.int64)
        for row, prompt in enumerate(prompts):
            ids[row, longest - len(prompt) :] = prompt
        super().__init__(rows)
        self._model = model
        self._kept = [[nothing, nothing] for _ in model.layers]  # keys and values, with room
        self._time = 0  # tokens in them, padding included
        self._lengths = np.zeros(rows, np.int64)  # without it, of ended rows too
        self._logprobs: Floats
        self._read(ids, np.array(list(map(len, prompts))))

    def feed(self, tokens: Sequence[int]) -> None:
        ids = np.zeros((self.size, 1), np.int64)
        ids[self._alive, 0] = tokens
        self._read(ids, np.ones(self.size, np.int64))

    def keep(self, rows: Sequence[int]) -> None:
        chosen = self._chosen(rows)
        if chosen is None:
            return
        self._lengths = self._lengths[chosen]
        excess = self._time - int(self._lengths.max())
        self._kept = [
            [part[chosen, :, excess : self._time] for part in layer] for layer in self._kept
        ]
        self._time -= excess

    def join(self, other: Self, /) -> Self:
        time = max(self._time, other._time)
        self._kept = [
            [
                np.concatenate([_padded(part[:, :, : of._time], time) for of, part in pair])
                for pair in zip(
                    ((self, part) for part in mine), ((other, part) for part in theirs), strict=True
                )
            ]
            for mine, theirs in zip(self._kept, other._kept, strict=True)
        ]
        self._append(other)
        self._lengths = np.concatenate([self._lengths, other._lengths])
        self._time = time
        return self

    def draw(
        self, rows: Sequence[int], draws: Sequence[float] | None, sampling: Sampling
    ) -> tuple[list[int], list[float]]:
        logprobs = self._logprobs[[self._alive[row] for row in rows]]
        if draws is None:
            tokens = logprobs.argmax(-1)[:, None]
        else:
            probs = _softmax(logprobs / np.float32(sampling.temperature))
            order = None
            if sampling.top_p < 1:
                order = np.argsort(-probs, axis=-1, kind="stable")
                probs = np.take_along_axis(probs, order, -1)
                probs[probs.cumsum(-1) - probs >= sampling.top_p] = 0
            reached = probs.cumsum(-1)
            wanted = np.array(draws, np.float32)[:, None] * reached[:, -1:]
            tokens = (reached <= wanted).sum(-1, keepdims=True).clip(max=probs.shape[1] - 1)
            if order is not None:
                tokens = np.take_along_axis(order, tokens, -1)
        scores = np.take_along_axis(logprobs, tokens, -1)
        return tokens[:, 0].tolist(), scores[:, 0].tolist()

    def _read(self, ids: NDArray[np.int64], lengths: NDArray[np.int64]) -> None:
        """Reads `ids` (rows, time), of which the last `lengths` of each row are no padding."""
        model, (rows, time) = self._model, ids.shape
        before, self._time = self._time, self._time + time
        self._lengths = self._lengths + lengths
        columns = np.arange(self._time)
        start = (self._time - self._lengths)[:, None]
        last = model.positions - 1  # what has ended may go on beyond it, unread
        positions = (columns[before:] - start).clip(0, last)
        turns = model.turns[positions][:, None]
        seen = (columns >= start)[:, None, None] & (columns <= columns[before:, None])
        hidden = np.where(seen, np.float32(0), MASKED)
        states = model.embedding[ids]
        for layer, kept in zip(model.layers, self._kept, strict=True):
            mixed = model.normed(states, layer.attention_norm) @ layer.queries_keys_values
            parts = mixed.reshape(rows, time, 3, model.heads, -1).transpose(2, 0, 3, 1, 4)
            queries, keys, values = parts
            for place, new in enumerate((model.turned(keys, turns), values)):
                if kept[place].shape[2] < self._time:
                    kept[place] = _with_room(kept[place][:, :, :before], self._time + ROOM)
                kept[place][:, :, before : self._time] = new
            keys, values = (part[:, :, : self._time] for part in kept)
            scale = np.float32(queries.shape[-1] ** -0.5)
            scores = model.turned(queries, turns) @ keys.swapaxes(2, 3) * scale + hidden
            found = _softmax(scores) @ values
            states = states + found.swapaxes(1, 2).reshape(rows, time, -1) @ layer.heads
            both = model.normed(states, layer.feed_forward_norm) @ layer.gate_up
            gate, up = np.split(both, 2, axis=-1)
            with np.errstate(over="ignore"):  # of what is far below 0, nothing is left
                states = states + gate / (1 + np.exp(-gate)) * up @ layer.down
        logits = model.normed(states[:, -1], model.norm) @ model.embedding.T
        logits -= logits.max(-1, keepdims=True)
        self._logprobs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def _softmax(scores: Floats) -> Floats:
    powers: Floats = np.exp(scores - scores.max(-1, keepdims=True))
    shares: Floats = powers / powers.sum(-1, keepdims=True)
    return shares


def _with_room(old: Floats, time: int) -> Floats:
    new = np.empty((*old.shape[:2], time, old.shape[3]), np.float32)
    new[:, :, : old.shape[2]] = old
    return new


def _padded(old: Floats, time: int) -> Floats:
    return np.pad(old, ((0, 0), (0, 0), (time - old.shape[2], 0), (0, 0)))


class LlamaGenerator(ContinuousGenerator[LlamaBatch]):
    """The package's model."""

    def __init__(self, model: Llama, words: Tokenizer, end: int, form: Format) -> None:
        super().__init__(
            form,
            sampled(form, None),
            ends={end},
            added={token.content: at for at, token in words.get_added_tokens_decoder().items()},
            positions=model.positions,
            token_budget=TOKEN_BUDGET,
        )
        self._model = model
        self._words = words
        self._libraries = ThreadpoolController()

    @classmethod
    def load(cls, folder: Path, form: str | None = None) -> Self:
        """
        Raises:
            ModelError: the folder holds no such model.
            UnknownFormat: there is no prompt format of this name.
        """
        try:
            config = json.loads((folder / "config.json").read_text("utf-8"))
            words = Tokenizer.from_file(str(folder / "tokenizer.json"))
            model, end = Llama.load(folder), int(config["eos_token_id"])
            given = named(form or str(config["prompt_format"]))
        except UnknownFormat:
            raise
        except Exception as error:  # what a broken file raises has no common type
            raise ModelError(f"cannot load the model {folder}: {error}") from error
        return cls(model, words, end, given)

    def _encode(self, prompt: Prompt) -> list[int]:
        if not isinstance(prompt, str):
            raise ModelError("the package's model has no chat template: name another format")
        return list(self._words.encode(prompt).ids[: self.format.max_prompt_tokens])

    def _decode(self, ids: list[int]) -> str:
        return str(self._words.decode(ids, skip_special_tokens=True))

    def _read(self, prompts: Sequence[list[int]]) -> LlamaBatch:
        return LlamaBatch(self._model, prompts)

    def _computing(self) -> AbstractContextManager[object]:
        one_core: AbstractContextManager[object] = self._libraries.limit(limits=1)
        return one_core  # Lean uses the others better
