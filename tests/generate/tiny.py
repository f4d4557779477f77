"""Tiny random models of published architectures, with a byte-level tokenizer, made offline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from search.interfaces import Goal, Request, State

CORPUS = [
    "a b c : ℕ\nh : a = b\n⊢ a + c = b + c",
    "p q : Prop\nhp : p\nhq : q\n⊢ p ∧ q",
    "[GOAL]x : ℝ\n⊢ x = x[PROOFSTEP]rfl",
    "simp [h]\nomega\nexact ⟨hp, hq⟩\nrw [h]\nintro x",
]
CHAT = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def tokenizer(begin: bool = False) -> PreTrainedTokenizerFast:
    """Byte-level BPE with a few merges, so that every text survives. `begin`: prompts get a first
    token, as Llama's do."""
    from tokenizers.trainers import BpeTrainer

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    special = ["<pad>", "<s>", "</s>"]
    trainer = BpeTrainer(
        vocab_size=320,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(CORPUS, trainer)
    if begin:
        raw.post_processor = processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", 1)]
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=raw,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        chat_template=CHAT,
    )


def model(kind: str, vocabulary: int = 320, seed: int = 0, **changes: Any) -> PreTrainedModel:
    """A random model. Its weights are large, so that its choices are far from uniform."""
    common = {"vocab_size": vocabulary, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    small = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 512,
    }
    sizes: dict[str, tuple[str, dict[str, Any]]] = {
        "llama": ("Llama", small | {"num_key_value_heads": 2}),
        "gpt-neox": ("GPTNeoX", small),
        "qwen2": ("Qwen2", small | {"num_key_value_heads": 2}),
        "t5": (
            "T5",
            {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4}
            | {"decoder_start_token_id": 0},
        ),
    }
    name, own = sizes[kind]
    head = "ForConditionalGeneration" if kind == "t5" else "ForCausalLM"
    torch.manual_seed(seed)
    config = getattr(transformers, f"{name}Config")(**common, **(own | changes))
    made: PreTrainedModel = getattr(transformers, f"{name}{head}")(config).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.ndim == 2:
                parameter.mul_(0.6 / max(parameter.std().item(), 1e-6) / parameter.shape[1] ** 0.5)
        made.get_output_embeddings().weight.mul_(3.0)
    return made


def saved(folder: Path, kind: str, **changes: Any) -> Path:
    """A model and its tokenizer in a folder, as one gets them from the hub."""
    model(kind, **changes).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


def request(pp: str, seed: int = 0, history: Sequence[str] = ()) -> Request:
    target = pp.rpartition("⊢ ")[2]
    return Request(State(pp, (Goal(pp, target),)), tuple(history), seed)


STATES = [
    "⊢ True",
    "p q : Prop\nhp : p\nhq : q\n⊢ p ∧ q",
    "a b c : ℕ\nh : a = b\n⊢ a + c = b + c",
    "x : ℝ\nh₀ : 2 * x + 1 = 7\n⊢ x = 3",
]
