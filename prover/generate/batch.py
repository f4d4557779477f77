"""Rows of tokens that a model reads side by side, whatever their lengths.

Everything is padded on the left, so that the next token of all rows stands in one column. Keys and
values lie in tensors with room to grow, and rows that have ended are only taken out when they are
many: copying is what a small model would else spend most of its time with.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, EncoderDecoderCache, PreTrainedModel
from transformers.cache_utils import Cache, DynamicLayer

from prover.generate.continuous import ROOM, Padded
from prover.generate.prompts import Sampling


def draw(
    logprobs: Tensor, draws: Sequence[float] | None, sampling: Sampling
) -> tuple[list[int], list[float]]:
    """One token for each row of `logprobs` (rows, vocabulary), and its log-probability: the most
    probable, or the one at which the distribution function reaches the row's draw."""
    if draws is None:
        tokens = logprobs.argmax(-1, keepdim=True)
    else:
        probs = (logprobs / sampling.temperature).softmax(-1)
        order = None
        if sampling.top_p < 1:
            probs, order = probs.sort(dim=-1, descending=True, stable=True)
            probs = probs.masked_fill(probs.cumsum(-1) - probs >= sampling.top_p, 0.0)
        reached = probs.cumsum(-1)
        wanted = reached.new_tensor(draws)[:, None] * reached[:, -1:]
        tokens = torch.searchsorted(reached, wanted, right=True).clamp(max=probs.shape[-1] - 1)
        if order is not None:
            tokens = order.gather(-1, tokens)
    return tokens[:, 0].tolist(), logprobs.gather(-1, tokens)[:, 0].tolist()


class Batch(Padded):
    """The rows of prompts that `read` begins with, and what becomes of them.

    It is a `continuous.Batch`. `logprobs` (rows, vocabulary) are those of the next token, after `read`
    and `feed`. For an encoder-decoder the rows are the decoder's, each with its prompt in the encoder.
    """

    def __init__(self, model: PreTrainedModel, cache: Any, rows: int) -> None:
        super().__init__(rows)
        self._model = model
        self._takes = inspect.signature(model.forward).parameters
        self._cache = cache
        self._lengths = [0] * rows  # tokens in the cache, of ended rows too
        self._source: Tensor | None = None  # (rows, time, width), of the encoder
        self._source_lengths: list[int] = []
        self._logprobs: Tensor

    @classmethod
    def read(cls, model: PreTrainedModel, prompts: Sequence[Sequence[int]]) -> Batch:
        """A batch of one row for each prompt."""
        longest = max(map(len, prompts))
        padding = model.config.pad_token_id or 0
        ids = torch.tensor(
            [[padding] * (longest - len(p)) + list(p) for p in prompts], device=model.device
        )
        lengths = [len(prompt) for prompt in prompts]
        cache = Cache(layer_class_to_replicate=_GrowingLayer)
        if not model.config.is_encoder_decoder:
            batch = cls(model, cache, len(prompts))
            batch._forward(ids, lengths)
            return batch
        batch = cls(model, EncoderDecoderCache(cache, DynamicCache()), len(prompts))
        batch._source_lengths = lengths
        mask = batch._mask(lengths, longest)
        batch._source = model.get_encoder()(ids, attention_mask=mask).last_hidden_state
        start = model.generation_config.decoder_start_token_id
        if start is None:
            start = model.config.decoder_start_token_id
        batch.feed([start] * len(prompts))
        return batch

    @property
    def logprobs(self) -> Tensor:
        return self._logprobs if self.rows == self.size else self._logprobs[self._at(self._alive)]

    def feed(self, tokens: Sequence[int]) -> None:
        ids = torch.zeros(self.size, dtype=torch.long, device=self._model.device)
        ids[self._at(self._alive)] = self._at(tokens)
        self._forward(ids[:, None], [1] * self.size)

    def draw(
        self, rows: Sequence[int], draws: Sequence[float] | None, sampling: Sampling
    ) -> tuple[list[int], list[float]]:
        """`draw` for these rows."""
        logprobs = self.logprobs
        if list(rows) != list(range(self.rows)):
            logprobs = logprobs[self._at(rows)]
        return draw(logprobs, draws, sampling)

    def keep(self, rows: Sequence[int]) -> None:
        chosen = self._chosen(rows)
        if chosen is None:
            return
        at = self._at(chosen)
        self._lengths = [self._lengths[row] for row in chosen]
        if self._source is not None:
            self._source_lengths = [self._source_lengths[row] for row in chosen]
            self._source = self._source[at, self._source.shape[1] - max(self._source_lengths) :]
        for part, longest in self._parts():
            for layer in part.layers:
                excess = layer.keys.shape[-2] - longest
                layer.keys = layer.keys[at, :, excess:]
                layer.values = layer.values[at, :, excess:]

    def join(self, other: Batch, /) -> Batch:
        for (mine, _), (theirs, _) in zip(self._parts(), other._parts(), strict=True):
            for layer, more in zip(mine.layers, theirs.layers, strict=True):
                layer.keys = _stack(layer.keys, more.keys)
                layer.values = _stack(layer.values, more.values)
        if self._source is not None and other._source is not None:
            self._source = _stack(self._source[:, None], other._source[:, None])[:, 0]
        self._append(other)
        self._lengths = self._lengths + other._lengths
        self._source_lengths = self._source_lengths + other._source_lengths
        return self

    def _parts(self) -> list[tuple[Any, int]]:
        """The caches, each with the length of its longest row."""
        longest = max(self._lengths)
        if self._source is None:
            return [(self._cache, longest)]
        return [
            (self._cache.self_attention_cache, longest),
            (self._cache.cross_attention_cache, max(self._source_lengths)),
        ]

    def _forward(self, ids: Tensor, lengths: Sequence[int]) -> None:
        """Reads `ids` (all rows, time), padded on the left, `lengths` tokens in each row."""
        time_before = max(self._lengths)
        self._lengths = [old + new for old, new in zip(self._lengths, lengths, strict=True)]
        mask = self._mask(self._lengths, time_before + ids.shape[1])
        # The name of the argument: `cache` since transformers 5.24.
        name = "cache" if "cache" in self._takes else "past_key_values"
        options: dict[str, Any] = {name: self._cache, "use_cache": True}
        if self._source is None:
            positions = mask.cumsum(-1)[:, -ids.shape[1] :] - 1
            options |= {"input_ids": ids, "attention_mask": mask}
            options["position_ids"] = positions.clamp(min=0)
            if "logits_to_keep" in self._takes:
                options["logits_to_keep"] = 1
        else:
            options |= {"decoder_input_ids": ids, "decoder_attention_mask": mask}
            options["encoder_outputs"] = (self._source,)
            options["attention_mask"] = self._mask(self._source_lengths, self._source.shape[1])
        logits = self._model(**options).logits[:, -1]
        self._logprobs = logits.to(torch.float32).log_softmax(-1)

    def _mask(self, lengths: Sequence[int], time: int) -> Tensor:
        places = torch.arange(time, device=self._model.device)
        return (places >= time - self._at(lengths)[:, None]).long()

    def _at(self, numbers: Sequence[int]) -> Tensor:
        return torch.tensor(numbers, device=self._model.device)


class _GrowingLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """The keys and values of a layer (rows, heads, time, width), as the beginning of tensors that
    are longer."""

    keys: Tensor
    values: Tensor
    _key_store: Tensor
    _value_store: Tensor

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self._key_store = self._value_store = self.keys
        before = self.get_seq_length()
        now = before + key_states.shape[-2]
        same = self.keys.data_ptr() == self._key_store.data_ptr() and before > 0
        if not same or now > self._key_store.shape[-2]:
            self._key_store = _with_room(self.keys, key_states, now)
            self._value_store = _with_room(self.values, value_states, now)
        self._key_store[..., before:now, :] = key_states
        self._value_store[..., before:now, :] = value_states
        self.keys = self._key_store[..., :now, :]
        self.values = self._value_store[..., :now, :]
        return self.keys, self.values


def _with_room(old: Tensor, new: Tensor, time: int) -> Tensor:
    rows, heads, _, width = new.shape
    store = new.new_empty(rows, heads, time + ROOM, width)
    if old.numel():
        store[..., : old.shape[-2], :] = old
    return store


def _stack(upper: Tensor, lower: Tensor) -> Tensor:
    """Two tensors (rows, heads, time, width) as one, the shorter padded on the left."""
    time = max(upper.shape[-2], lower.shape[-2])
    return torch.cat(
        [torch.nn.functional.pad(t, (0, 0, time - t.shape[-2], 0)) for t in (upper, lower)]
    )
