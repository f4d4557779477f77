"""Sizes of the Llama-architecture model, from a test's to Llemma's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prover.errors import WrongUse

if TYPE_CHECKING:
    from transformers import LlamaConfig, LlamaForCausalLM


@dataclass(frozen=True)
class Preset:
    """The shape of a Llama model (Touvron et al. 2023, arXiv 2302.13971).

    `context` is the number of positions it is trained on. The vocabulary is that of its own
    tokenizer (`prover.models.tokenizer`), or for the Llemma sizes that of Code Llama.
    """

    vocabulary: int
    hidden: int
    feed_forward: int
    layers: int
    heads: int
    key_value_heads: int
    context: int
    rope_theta: float = 10_000.0
    tied: bool = True


PRESETS = {
    "tiny": Preset(2048, 128, 384, 4, 4, 4, 512),
    "small": Preset(4096, 192, 512, 4, 3, 3, 1024),
    "medium": Preset(16384, 1024, 2816, 16, 16, 4, 2048),
    "llemma-7b": Preset(32016, 4096, 11008, 32, 32, 32, 4096, 10_000.0, tied=False),
    "llemma-34b": Preset(32000, 8192, 22016, 48, 64, 8, 4096, 1_000_000.0, tied=False),
}
"""The last two are Code Llama's shapes (Rozière et al. 2023, arXiv 2308.12950) at the sequence
length that Llemma was trained on (Azerbayev et al. 2023, arXiv 2310.10631, section 2.2). Llemma
took the RoPE base of its 7B model back from Code Llama's 1,000,000 to 10,000 and left the 34B
model's as it was."""


def find_preset(name: str) -> Preset:
    """The preset of that name. Raises `WrongUse`, which lists the names."""
    if name not in PRESETS:
        raise WrongUse(f"no preset is called {name!r}: choose one of {', '.join(PRESETS)}")
    return PRESETS[name]


def model_config(preset: Preset, vocabulary: int | None = None) -> LlamaConfig:
    """The transformers configuration of a preset, for a tokenizer of `vocabulary` tokens."""
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=vocabulary or preset.vocabulary,
        hidden_size=preset.hidden,
        intermediate_size=preset.feed_forward,
        num_hidden_layers=preset.layers,
        num_attention_heads=preset.heads,
        num_key_value_heads=preset.key_value_heads,
        max_position_embeddings=preset.context,
        rms_norm_eps=1e-5,
        tie_word_embeddings=preset.tied,
        rope_parameters={"rope_type": "default", "rope_theta": preset.rope_theta},
    )


def new_model(config: LlamaConfig, seed: int) -> LlamaForCausalLM:
    """A model with random weights, in float32; the same seed gives the same weights."""
    import torch
    from transformers import LlamaForCausalLM

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return LlamaForCausalLM(config)


def count_parameters(config: LlamaConfig) -> int:
    """How many weights a model of this configuration has, tied ones once; allocates none."""
    import torch
    from transformers import LlamaForCausalLM

    with torch.device("meta"):
        model = LlamaForCausalLM(config)
    return sum(weight.numel() for weight in model.parameters())
