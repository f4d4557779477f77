"""The package's model in numpy against the same weights on transformers."""

import asyncio
import shutil
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from transformers import LlamaForCausalLM

from prover.generate.batch import Batch
from prover.generate.completion import Completion, ModelError, ModelGenerator
from prover.generate.continuous import ContinuousGenerator
from prover.generate.llama import Llama, LlamaBatch, LlamaGenerator
from prover.generate.models import load_model
from prover.generate.prompts import Sampling, UnknownFormat
from prover.generate.shipped import SHIPPED, SHIPPED_FOLDER
from prover.generate.transformers import TransformersGenerator

GOALS = (
    "a b : Nat\n⊢ a + b = b + a",
    "p q : Prop\nh : p ∧ q\n⊢ q ∧ p",
    "α : Type\nxs : List α\nn : Nat\nh : xs.length = n + 1\n⊢ ∃ (y : α) (ys : List α), xs = y :: ys",
)
PROMPTS = [f"[GOAL]{goal}[PROOFSTEP]" for goal in GOALS]


async def drawn(model: ModelGenerator) -> list[list[Completion]]:
    found: list[list[Completion]] = [[] for _ in PROMPTS]
    async with aclosing(model.complete(PROMPTS, [3, 1, 4])) as completions:
        async for index, completion in completions:
            found[index].append(completion)
    return found


def completions(model: ModelGenerator) -> list[list[tuple[str, int, bool]]]:
    answers = asyncio.run(asyncio.wait_for(drawn(model), 60))
    return [sorted((c.text, c.tokens, c.finished) for c in one) for one in answers]


def test_both_read_the_same_whatever_becomes_of_the_rows() -> None:
    """Prompts of unequal lengths, rows that are copied, ended and taken out, batches that join."""
    ours = Llama.load(SHIPPED_FOLDER)
    theirs = LlamaForCausalLM.from_pretrained(SHIPPED_FOLDER, dtype=torch.float32)
    prompts = [[5, 9, 300, 7], [11], [40, 41, 42, 43, 44, 45, 2000]]
    late = [[7, 8, 9] * 20, [3]]
    with torch.inference_mode():
        batch, reference = LlamaBatch(ours, prompts), Batch.read(theirs, prompts)

        def agree() -> None:
            assert (batch.rows, batch.size) == (reference.rows, reference.size)
            rows = list(range(batch.rows))
            tokens, scores = batch.draw(rows, None, Sampling(1))
            others, expected = reference.draw(rows, None, Sampling(1))
            assert tokens == others
            np.testing.assert_allclose(scores, expected, atol=1e-4)

        def both(act: str, values: list[int]) -> None:
            getattr(batch, act)(values)
            getattr(reference, act)(values)

        agree()
        both("keep", [0] * 5 + [1] + [2] * 4)
        for step in range(40):
            both("feed", [(31 * step + 7 * row) % 4000 for row in range(batch.rows)])
            agree()
            if step in (3, 4, 9, 20):  # the first of these leaves the ended row where it is
                both("keep", list(range(1, batch.rows)))
        batch = batch.join(LlamaBatch(ours, late))
        reference = reference.join(Batch.read(theirs, late))
        for step in range(3):
            both("feed", [(17 * step + row) % 4000 for row in range(batch.rows)])
            agree()
        both("keep", [batch.rows - 1, 0])
        both("feed", [12, 13])
        agree()


def test_what_has_ended_at_the_last_position_does_not_disturb_the_others() -> None:
    ours = Llama.load(SHIPPED_FOLDER)
    short = [[11], [12], [13], [14]]
    batch = LlamaBatch(ours, [[5] * ours.positions, *short])
    alone = LlamaBatch(ours, short)
    batch.keep([1, 2, 3, 4])
    assert (batch.size, alone.size) == (5, 4)
    for _ in range(3):
        batch.feed([7, 8, 9, 10])
        alone.feed([7, 8, 9, 10])
    (tokens, scores), (others, expected) = (
        one.draw(range(4), None, Sampling(1)) for one in (batch, alone)
    )
    assert tokens == others
    np.testing.assert_allclose(scores, expected, atol=1e-4)


def test_a_low_temperature_and_a_format_with_beams() -> None:
    """Whose probabilities float32 does not hold unless the highest is 1, and which it samples."""
    cold = LlamaGenerator.load(SHIPPED_FOLDER)
    cold.sampling = Sampling(3, temperature=0.005)
    (first, *_), *_ = completions(cold)
    greedy = LlamaGenerator.load(SHIPPED_FOLDER)
    greedy.sampling = Sampling(1, temperature=0)
    assert first == completions(greedy)[0][0]
    beams = LlamaGenerator.load(SHIPPED_FOLDER, "reprover")
    assert beams.format.sampling.beam and not beams.sampling.beam


@pytest.mark.parametrize(
    "sampling", [Sampling(12), Sampling(12, temperature=1.4, top_p=0.8), Sampling(1, temperature=0)]
)
def test_the_same_seed_gives_the_same_completions(sampling: Sampling) -> None:
    ours = LlamaGenerator.load(SHIPPED_FOLDER)
    ours.sampling = sampling
    theirs = TransformersGenerator.load(str(SHIPPED_FOLDER), form="prover", sampling=sampling)
    found = completions(ours)
    assert found == completions(theirs) == completions(ours)
    assert [len(one) for one in found] == [sampling.samples] * len(PROMPTS)


def test_what_does_not_fit_at_once_is_drawn_in_turns() -> None:
    whole, bounded = LlamaGenerator.load(SHIPPED_FOLDER), LlamaGenerator.load(SHIPPED_FOLDER)
    bounded.token_budget = 300
    assert completions(bounded) == completions(whole)


def test_it_is_there_at_once_and_without_torch() -> None:
    """In a process of its own, where torch and transformers are not to be had."""
    code = (
        "import sys, time; sys.modules |= {'torch': None, 'transformers': None}; begin = time.time()\n"
        "from prover.generate.models import load_model; model = load_model('small')\n"
        "print(time.time() - begin)\n"
    )
    runs = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        runs.append(float(done.stdout))
    assert min(runs) < 2, runs


def test_an_abandoned_request_ends() -> None:
    model = load_model(SHIPPED)
    assert isinstance(model, ContinuousGenerator)

    async def main() -> int:
        async with aclosing(model.complete(PROMPTS, [0, 1, 2])) as completions:
            async for _ in completions:
                break
        while model._batch is not None:
            await asyncio.sleep(0.01)
        return model.metrics().expansions

    assert asyncio.run(asyncio.wait_for(main(), 30)) < len(PROMPTS)


def test_what_it_cannot_load_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot load the model .*config\.json"):
        LlamaGenerator.load(tmp_path)
    with pytest.raises(UnknownFormat):
        LlamaGenerator.load(SHIPPED_FOLDER, "lama")
    shutil.copytree(SHIPPED_FOLDER, tmp_path / "half")
    weights = tmp_path / "half" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ModelError, match="cannot load the model"):
        LlamaGenerator.load(tmp_path / "half")


def test_a_chat_is_refused() -> None:
    model = LlamaGenerator.load(SHIPPED_FOLDER)
    with pytest.raises(ModelError, match="no chat template"):
        model._encode(({"role": "user", "content": "prove it"},))
