"""Tactics a second: our batch against `model.generate` called for one state after the other.

    python tests/bench/bench_generate.py                    # a random Llama of 5M parameters
    python tests/bench/bench_generate.py --shape llemma-7b  # on a GPU

Both draw the same number of samples for the same states from the same random model, in one run.
`generate` is called without scores, which makes it a little faster than a search could use it.
The last columns count the CPU time of the process, which other work on the machine disturbs less
than the wall time. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from contextlib import aclosing
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from prover.generate.prompts import FORMATS, Sampling
from prover.generate.transformers import TransformersGenerator
from search.interfaces import Request
from tests.generate import tiny

SHAPES = {
    "5m": {
        "vocab_size": 2000,
        "hidden_size": 256,
        "intermediate_size": 768,
        "num_hidden_layers": 5,
        "num_attention_heads": 4,
        "max_position_embeddings": 1024,
        "tie_word_embeddings": True,
    },
    "llemma-7b": {
        "vocab_size": 32016,
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "max_position_embeddings": 4096,
    },
}
END_SHARE = 0.05
"""Of the vocabulary, so that a tactic has 20 tokens on average."""

EXPANSIONS = {1: 12, 8: 4, 64: 1}
"""How many expansions each of so many searches makes."""


def random_model(shape: str) -> LlamaForCausalLM:
    torch.manual_seed(0)
    gpu = torch.cuda.is_available()
    sizes: dict[str, Any] = {**SHAPES[shape]}
    config = LlamaConfig(**sizes, bos_token_id=1, eos_token_id=2, pad_token_id=0)
    with torch.device("cuda" if gpu else "cpu"):
        torch.set_default_dtype(torch.bfloat16 if gpu else torch.float32)
        model = LlamaForCausalLM(config).eval()
        torch.set_default_dtype(torch.float32)
    ends = range(2, 2 + int(END_SHARE * config.vocab_size))
    model.generation_config.eos_token_id = list(ends)
    return model


def states(count: int) -> list[Request]:
    """Goals of about 200 tokens with different hypotheses."""
    numbers = random.Random(0)
    found = []
    for seed in range(count):
        lines = [
            f"h{i} : a + {numbers.randrange(99)} ≤ b * c" for i in range(numbers.randrange(4, 9))
        ]
        found.append(tiny.request("a b c : ℕ\n" + "\n".join(lines) + "\n⊢ a + c = b + c", seed))
    return found


async def batched(model: TransformersGenerator, searches: int, requests: list[Request]) -> None:
    """Every search asks for one expansion after the other."""

    async def search(mine: list[Request]) -> None:
        for request in mine:
            async with aclosing(model.generate([request])) as stream:
                async for _ in stream:
                    pass

    await asyncio.gather(*(search(requests[at::searches]) for at in range(searches)))


def one_by_one(model: TransformersGenerator, requests: list[Request], sampling: Sampling) -> int:
    """`generate` for each state in turn; returns the tokens that were drawn."""
    form, tokens = FORMATS["prover"], 0
    ends = torch.tensor(model.model.generation_config.eos_token_id)
    for request in requests:
        prompt = model.tokenizer(form.prompt(request), return_tensors="pt").to(model.model.device)  # type: ignore[arg-type]
        torch.manual_seed(request.seed)
        generate: Any = model.model.generate
        out = generate(
            input_ids=prompt.input_ids,
            attention_mask=prompt.attention_mask,
            do_sample=True,
            temperature=sampling.temperature,
            num_return_sequences=sampling.samples,
            max_new_tokens=sampling.max_tokens,
            top_k=0,
        )
        drawn = out[:, prompt.input_ids.shape[1] :].cpu()
        ended = torch.isin(drawn, ends).int().cumsum(-1)
        tokens += int((ended - torch.isin(drawn, ends).int() == 0).sum())
    return tokens


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--shape", choices=SHAPES, default="5m")
    options.add_argument("--samples", type=int, default=8)
    given = options.parse_args()
    sampling = Sampling(given.samples, max_tokens=48)
    network = random_model(given.shape)
    tokenizer = tiny.tokenizer()
    size = sum(p.numel() for p in network.parameters()) / 1e6
    print(
        f"{given.shape}: {size:.1f}M parameters, {network.device}, {network.dtype}, "
        f"{torch.get_num_threads()} threads; {sampling.samples} samples of up to "
        f"{sampling.max_tokens} tokens a state\n"
    )
    heads = ("searches", "states", "how     ", "tokens/s", "expansions/s", "idle")
    more = ("ratio", "tokens/CPU s", "ratio by CPU time")
    print("| " + " | ".join(heads + more) + " |")
    print("|-" + "-|-".join("-" * len(head) for head in heads + more) + "-|")
    for searches, each in EXPANSIONS.items():
        requests = states(searches * each)
        warm = TransformersGenerator(network, tokenizer, form=FORMATS["prover"], sampling=sampling)
        asyncio.run(batched(warm, 1, requests[:1]))
        one_by_one(warm, requests[:1], sampling)
        wall, cpu = time.monotonic(), time.process_time()
        tokens = one_by_one(warm, requests, sampling)
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        row = f"| {searches:8} | {len(requests):6} |"
        rate = len(requests) / wall
        print(
            f"{row} generate | {tokens / wall:8.0f} | {rate:12.2f} |      |  1.00 | "
            f"{tokens / cpu:12.0f} | {1:17.2f} |",
            flush=True,
        )
        ours = TransformersGenerator(network, tokenizer, form=FORMATS["prover"], sampling=sampling)
        own_cpu = time.process_time()
        asyncio.run(batched(ours, searches, requests))
        own_cpu = time.process_time() - own_cpu
        m = ours.metrics()
        print(
            f"{row} batched  | {m.tokens_per_second:8.0f} | {m.expansions_per_second:12.2f} | "
            f"{m.idle:4.0%} | {m.expansions_per_second / rate:5.2f} | "
            f"{m.tokens / own_cpu:12.0f} | {cpu / own_cpu:17.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
