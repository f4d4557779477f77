"""Supervised tactics, on a CPU."""

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load_file
from transformers import LlamaForCausalLM

from prover.errors import WrongUse
from prover.files import write_jsonl
from prover.generate.prompts import ContextGoalProofstep, GoalProofstep, Sampling
from prover.generate.transformers import TransformersGenerator
from prover.models.presets import model_config, new_model
from prover.models.tokenizer import save_tokenizer
from prover.train.corpus import Recipe, TrainingError
from prover.train.sft import (
    Pair,
    TacticReport,
    _batch,
    _loss,
    examples,
    read_pairs,
    steps_for,
    train_tactics,
)
from search.interfaces import Goal, Hypothesis, Request, State, Suggestion
from tests.command import command
from tests.train.school import PAIRS, SHAPE, tokenizer

RECIPE = Recipe(steps=8, batch=4, sequence=128, learning_rate=3e-3, warmup=2)


def run(
    out: Path, recipe: Recipe = RECIPE, pairs: Sequence[Pair] = PAIRS, **more: Any
) -> list[TacticReport]:
    lines: list[TacticReport] = []
    model = new_model(model_config(SHAPE, len(tokenizer())), recipe.seed)
    options = {"checkpoint_every": 100, "log_every": 1, "report": lines.append}
    train_tactics(model, tokenizer(), pairs, out, recipe, **{**options, **more})
    return lines


def weights(out: Path) -> dict[str, torch.Tensor]:
    return load_file(out / "model" / "model.safetensors")


def same(first: Path, second: Path) -> bool:
    a, b = weights(first), weights(second)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def request(pair: Pair) -> Request:
    return Request(State(pair.state, (Goal(pair.state, pair.state.rpartition("⊢ ")[2]),)))


def test_an_example_is_the_prompt_that_the_search_gives_and_its_answer() -> None:
    (one,) = examples(PAIRS[:1], tokenizer(), 128)
    prompt = GoalProofstep().prompt(request(PAIRS[0]))
    assert tokenizer().decode([*one.tokens[: one.prompt]]) == prompt == PAIRS[0].prompt
    assert tokenizer().decode([*one.tokens[one.prompt :]]) == "exact ⟨hp, hq⟩<|endoftext|>"


def test_an_example_of_another_format_is_its_prompt_and_answer(tmp_path: Path) -> None:
    hypotheses = (Hypothesis("p", "Prop"), Hypothesis("hp", "p", is_prop=True))
    asked = Request(State("k", (Goal("p : Prop\nhp : p\n⊢ p", "p", hypotheses),)))
    form = ContextGoalProofstep()
    pair = Pair.of(form, asked, "exact hp")
    assert Pair.of(GoalProofstep(), asked, "exact hp") == Pair(pair.state, pair.tactic)
    write_jsonl(tmp_path / "pairs.jsonl", [pair.to_json(), PAIRS[0].to_json()])
    assert read_pairs(tmp_path / "pairs.jsonl") == [pair, PAIRS[0]]
    (one,) = examples([pair], tokenizer(), 128)
    assert tokenizer().decode([*one.tokens[: one.prompt]]) == form.prompt(asked)
    assert tokenizer().decode([*one.tokens[one.prompt :]]) == "exact h0<|endoftext|>"


def test_the_loss_is_that_of_the_tactics_whatever_the_padding() -> None:
    model = new_model(model_config(SHAPE, len(tokenizer())), 0).eval()
    batch = examples(PAIRS[:3], tokenizer(), 128)
    assert len({len(example.tokens) for example in batch}) > 1
    total, count = 0.0, 0
    for example in batch:
        logprobs = model(torch.tensor([example.tokens])).logits[0].log_softmax(-1)
        for place in range(example.prompt, len(example.tokens)):
            total -= logprobs[place - 1, example.tokens[place]].item()
            count += 1
    loss, exact = _loss(model, batch, Accelerator())
    assert count == sum(len(example.tokens) - example.prompt for example in batch)
    assert loss.item() == pytest.approx(total, rel=1e-4)
    assert exact.tolist() == [False] * 3


def test_a_trained_model_writes_the_tactics_in_a_search(tmp_path: Path) -> None:
    recipe = replace(RECIPE, steps=100, batch=10, learning_rate=5e-3)
    lines = run(tmp_path, recipe, validation=PAIRS)
    assert lines[-1].loss < 0.1 < lines[0].loss
    assert lines[-1].exact == 1.0
    generator = TransformersGenerator.load(
        str(tmp_path / "model"), sampling=Sampling(1, temperature=0.0, max_tokens=32)
    )

    async def written() -> dict[int, str]:
        arrivals: list[tuple[int, Suggestion]] = []
        async for arrival in generator.generate([request(pair) for pair in PAIRS]):
            arrivals.append(arrival)
        return {index: suggestion.tactic for index, suggestion in arrivals}

    assert asyncio.run(written()) == {i: pair.tactic for i, pair in enumerate(PAIRS)}


def test_training_is_a_function_of_its_seed(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        run(tmp_path / name, replace(RECIPE, seed=seed))
    assert same(tmp_path / "a", tmp_path / "b")
    assert not same(tmp_path / "a", tmp_path / "c")


def test_stopped_and_resumed_it_ends_with_the_same_weights(tmp_path: Path) -> None:
    run(tmp_path / "whole")

    def interrupt(line: TacticReport) -> None:
        if line.step == 3:
            os.kill(os.getpid(), signal.SIGINT)

    run(tmp_path / "parts", report=interrupt)
    assert not (tmp_path / "parts/model").exists()
    assert run(tmp_path / "parts")[0].step == 5
    assert same(tmp_path / "whole", tmp_path / "parts")


def close(first: Path, second: Path) -> None:
    a, b = weights(first), weights(second)
    assert a.keys() == b.keys()
    for name, value in a.items():
        torch.testing.assert_close(value, b[name], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("at_once", [1, 3])
def test_micro_batches_change_nothing_but_memory(at_once: int, tmp_path: Path) -> None:
    """Also where the last is smaller, though tactics differ in length."""
    whole = run(tmp_path / "whole")
    parts = run(tmp_path / "parts", micro_batch=at_once)
    assert [line.loss for line in parts] == pytest.approx([line.loss for line in whole], rel=1e-4)
    norms = [[line.gradient_norm for line in lines] for lines in (parts, whole)]
    assert norms[0] == pytest.approx(norms[1], rel=1e-3)
    close(tmp_path / "whole", tmp_path / "parts")


def adapt(out: Path, start: Path, steps: int = 8, **more: Any) -> list[TacticReport]:
    lines: list[TacticReport] = []
    recipe = replace(RECIPE, steps=steps, batch=5, learning_rate=5e-3)
    options = {"checkpoint_every": 100, "log_every": 1, "report": lines.append, "lora": 4}
    model = LlamaForCausalLM.from_pretrained(start, dtype=torch.float32)
    train_tactics(model, tokenizer(), PAIRS[5:], out, recipe, **{**options, **more})
    return lines


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("taught")
    run(out, replace(RECIPE, steps=40, batch=5, learning_rate=5e-3), PAIRS[:5])
    return out / "model"


def test_adapters_learn_and_end_as_part_of_a_model(taught: Path, tmp_path: Path) -> None:
    lines = adapt(tmp_path, taught, steps=80)
    assert lines[-1].loss < lines[0].loss / 2
    before, after = load_file(taught / "model.safetensors"), weights(tmp_path)
    assert before.keys() == after.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed and all("proj" in name for name in changed)
    for name in changed:
        assert torch.linalg.matrix_rank(after[name] - before[name], rtol=1e-4) <= 4
    generator = TransformersGenerator.load(str(tmp_path / "model"), sampling=Sampling(1))
    assert generator.model.config.model_type == "llama"


def test_adapters_go_on_after_an_interruption(taught: Path, tmp_path: Path) -> None:
    adapt(tmp_path / "whole", taught)

    def interrupt(line: TacticReport) -> None:
        if line.step == 3:
            os.kill(os.getpid(), signal.SIGINT)

    adapt(tmp_path / "parts", taught, report=interrupt)
    (checkpoint,) = (tmp_path / "parts").glob("checkpoint-*")
    held = load_file(checkpoint / "adapters.safetensors")
    assert all("lora" in name for name in held)
    assert not (checkpoint / "model.safetensors").exists()
    assert adapt(tmp_path / "parts", taught)[0].step == 5
    assert same(tmp_path / "whole", tmp_path / "parts")

    os.remove(tmp_path / "parts/model/model.safetensors")
    other = new_model(model_config(SHAPE, len(tokenizer())), 7)
    other.save_pretrained(tmp_path / "other")
    with pytest.raises(TrainingError, match=r"another model \(frozen weights"):
        adapt(tmp_path / "parts", tmp_path / "other")
    with pytest.raises(TrainingError, match=r"another recipe \(lora 4 there, 8 here"):
        adapt(tmp_path / "parts", taught, lora=8)


def test_adapters_are_not_shared_out(
    taught: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    with pytest.raises(TrainingError, match=r"does not go with FSDP.*--multi_gpu"):
        adapt(tmp_path, taught)
    assert not list(tmp_path.iterdir())


def test_every_pair_comes_once_an_epoch_and_replay_has_its_share() -> None:
    fresh = examples(PAIRS[:4], tokenizer(), 128)
    older = examples(PAIRS[4:], tokenizer(), 128)
    drawn = Counter(
        example.tokens for step in range(8) for example in _batch(fresh, older, 0.25, RECIPE, step)
    )
    assert [drawn[example.tokens] for example in fresh] == [6, 6, 6, 6]
    assert sorted(drawn[example.tokens] for example in older) == [1, 1, 1, 1, 2, 2]
    assert steps_for(100, replace(RECIPE, batch=10), 3.0, 0.5) == 60


def test_pairs_that_are_too_long_are_left_out_not_cut() -> None:
    long = Pair("h : " + " ∧ ".join(["p"] * 200) + "\n⊢ p", "simp_all")
    assert examples([long, PAIRS[0]], tokenizer(), 128) == examples(PAIRS[:1], tokenizer(), 128)
    assert examples([], tokenizer(), 128) == []


def test_pairs_that_are_too_long_are_counted(tmp_path: Path) -> None:
    long = Pair("h : " + " ∧ ".join(["p"] * 200) + "\n⊢ p", "simp_all")
    lines = run(tmp_path, pairs=[*PAIRS, long, long], replay=[PAIRS[0], long])
    assert {line.left_out for line in lines} == {3}


def test_bad_input_is_refused_with_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    with pytest.raises(WrongUse, match="cannot read"):
        read_pairs(file)
    file.write_text('{"state": "⊢ p", "tactic": "simp"}\n{"state": "⊢ p"}\n')
    with pytest.raises(WrongUse, match="line 2: no JSON object with state and tactic"):
        read_pairs(file)
    file.write_text('{"state": "⊢ p", "tactic": "simp", "asked": 1}\n')
    with pytest.raises(WrongUse, match="line 1: no JSON object with state and tactic"):
        read_pairs(file)
    file.write_text('{"state": "⊢ p", "tactic": "si\n')
    with pytest.raises(WrongUse, match="line 1"):
        read_pairs(file)
    with pytest.raises(TrainingError, match="of 0 pairs none"):
        run(tmp_path, pairs=[])
    with pytest.raises(TrainingError, match="of 10 pairs none has at most 8 tokens"):
        run(tmp_path, replace(RECIPE, sequence=8))
    small = new_model(model_config(replace(SHAPE, vocabulary=100)), 0)
    with pytest.raises(TrainingError, match="2048 tokens, the model 100"):
        train_tactics(small, tokenizer(), PAIRS, tmp_path, RECIPE)
    assert not (tmp_path / "model").exists()


def test_a_loss_that_is_not_finite_ends_it_and_keeps_the_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"(nan|inf) .*--learning-rate.*checkpoint-0000"):
        run(tmp_path, replace(RECIPE, learning_rate=1e30, steps=50), checkpoint_every=1)
    assert (max(tmp_path.glob("checkpoint-*")) / "progress.json").exists()


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path) -> None:
    run(tmp_path)
    with pytest.raises(TrainingError, match=r"another recipe .*warmup 2 there, 3 here"):
        run(tmp_path, replace(RECIPE, warmup=3))
    with pytest.raises(TrainingError, match=r"another set of pairs"):
        run(tmp_path, pairs=PAIRS[1:])


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_tokenizer(tokenizer(), tmp_path / "t")
    lines = [{"state": pair.state, "tactic": pair.tactic} for pair in PAIRS]
    Path("pairs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    Path("problems.jsonl").write_text(
        '{"name": "p", "statement": "theorem p (a b : Nat) : a + b = b + a"}\n'
    )
    words = ["tactics", "pairs.jsonl", "--preset", "tiny", "--tokenizer", "t", "--out", "o"]

    def call(*more: str) -> tuple[object, str]:
        done = command("train", *words, *more)
        return done.code, done.err

    code, said = call("--benchmark", "problems.jsonl")
    assert code == 2 and "row 5 contains the benchmark problem p" in said
    code, said = call("--batch", "4", "--epochs", "1", "--validation", "pairs.jsonl")
    assert code == 0 and "step 3: loss" in said and "% exact" in said
    TransformersGenerator.load("o/model")
    code, said = call("--init", "nowhere")
    assert code == 2 and "no model of this preset" in said
    code, said = call("--lora", "4")
    assert code == 2 and "give it with --init" in said
    adapted = ["--init", "o/model", "--lora", "4", "--micro-batch", "3", "--out", "adapted"]
    code, said = call(*adapted, "--batch", "5", "--epochs", "1", "--sequence", "29")
    assert (
        code == 0 and "step 2: loss" in said and "rate 4.00e-03" in said
    )  # the second of 10 steps up to 2e-2
    assert "1 pairs too long" in said
    TransformersGenerator.load("adapted/model")
