"""Preferences between tactics, on a CPU. `test_rounds.py` has some from searches with the real Lean."""

import os
import resource
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from prover.data.decontaminate import Contaminated, Problem
from prover.errors import WrongUse
from prover.files import read_jsonl, write_jsonl
from prover.generate.prompts import Sampling
from prover.generate.transformers import TransformersGenerator
from prover.models.presets import model_config, new_model
from prover.train.corpus import TrainingError
from prover.train.preferences import (
    DPO_RECIPES,
    Preference,
    read_preferences,
    train_preferences,
)
from prover.train.rounds import _collect
from tests.command import command
from tests.train.school import PAIRS, SHAPE, tokenizer

RECIPE = replace(DPO_RECIPES["cpu-tiny"], batch=4, epochs=2.0, learning_rate=1e-3)
PREFERENCES = [
    Preference(pair.state, pair.tactic, wrong) for pair in PAIRS for wrong in ("skip", "h")
]


@pytest.fixture(scope="module")
def init(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("init")
    new_model(model_config(SHAPE, len(tokenizer())), 0).save_pretrained(out)
    tokenizer().save_pretrained(out)
    return out


def write_rounds(folder: Path, lines: Sequence[dict[str, Any]]) -> Path:
    """The files of a round with these searches."""
    write_jsonl(folder / "round_0" / "attempts.jsonl", lines)
    write_jsonl(folder / "round_0" / "negatives.jsonl", _collect(lines, "negatives"))
    return folder


def train(init: Path, out: Path, given: Sequence[Preference], **options: Any) -> list[str]:
    lines: list[str] = []
    recipe = options.pop("recipe", RECIPE)
    train_preferences(init, given, out, recipe, **{"report": lines.append} | options)
    return lines


def same(first: Path, second: Path) -> bool:
    a, b = (load_file(one / "model/model.safetensors") for one in (first, second))
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def margin(folder: Path, pairs: Sequence[Preference]) -> float:
    """By how much the right tactics are likelier, in nats a pair."""
    model = TransformersGenerator.load(str(folder), sampling=Sampling(1)).model
    words = tokenizer()

    def logprob(one: Preference, tactic: str) -> float:
        prompt = words(f"[GOAL]{one.state}[PROOFSTEP]")["input_ids"]
        ids = [*prompt, *words(tactic)["input_ids"], words.eos_token_id]
        found = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        return sum(found[at - 1, ids[at]].item() for at in range(len(prompt), len(ids)))

    return sum(logprob(p, p.chosen) - logprob(p, p.rejected) for p in pairs) / len(pairs)


def test_the_preset_has_the_published_values() -> None:
    recipe = DPO_RECIPES["dpo"]
    assert (recipe.learning_rate, recipe.beta, recipe.batch, recipe.warmup) == (1e-6, 0.1, 64, 150)


def test_right_tactics_become_likelier_than_wrong_ones(init: Path, tmp_path: Path) -> None:
    said = train(init, tmp_path / "out", PREFERENCES, recipe=replace(RECIPE, epochs=5.0))
    assert said[0] == f"{len(PREFERENCES)} pairs of tactics, 0 too long"
    assert "step 1/" in said[1] and "preferred 100%" in said[-1]
    assert margin(tmp_path / "out" / "model", PREFERENCES) > margin(init, PREFERENCES) + 1

    known = [Problem("comm", "theorem comm (x y : Nat) : x + y = y + x")]
    with pytest.raises(Contaminated, match="contains the benchmark problem comm"):
        train(init, tmp_path / "dirty", PREFERENCES, benchmarks=known)
    assert not (tmp_path / "dirty").exists()


def test_stopped_or_killed_or_without_room_it_ends_with_the_same_weights(
    init: Path, tmp_path: Path
) -> None:
    torch.set_num_threads(1)  # sums of floats depend on it
    train(init, tmp_path / "whole", PREFERENCES)
    out = tmp_path / "parts"

    def interrupt(line: str) -> None:
        if line.startswith("step 2/"):
            os.kill(os.getpid(), signal.SIGINT)

    train(init, out, PREFERENCES, report=interrupt)
    assert [path.name for path in out.glob("checkpoint-*")] == ["checkpoint-00000003"]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill_up(line: str) -> None:
        """The system itself refuses the write in the middle of the file, as a full disk does."""
        if line.startswith("step 4/"):
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))

    try:
        with pytest.raises(TrainingError, match=r"step 5 cannot be written.*checkpoint-00000003"):
            train(init, out, PREFERENCES, report=fill_up, checkpoint_every=5)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in out.glob("*-0*")] == ["checkpoint-00000003"]

    class Killed(BaseException):
        pass

    def die(line: str) -> None:
        if line.startswith("step 6/"):
            raise Killed

    with pytest.raises(Killed):
        train(init, out, PREFERENCES, report=die, checkpoint_every=5)
    train(init, out, PREFERENCES)
    assert same(out, tmp_path / "whole")
    with pytest.raises(WrongUse, match=r"other settings .*beta 0.1 there, 0.2 here"):
        train(init, out, PREFERENCES, recipe=replace(RECIPE, beta=0.2))


def test_adapters_alone_are_trained_and_end_as_part_of_a_model(
    init: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    adapted = replace(RECIPE, gradient_checkpointing=True, learning_rate=3e-3)

    class Killed(BaseException):
        pass

    def die(line: str) -> None:
        if line.startswith("step 3/"):
            raise Killed

    train(init, tmp_path / "whole", PREFERENCES, recipe=adapted, lora=2)
    out = tmp_path / "parts"
    options: dict[str, Any] = {"recipe": adapted, "lora": 2}
    with pytest.raises(Killed):
        train(init, out, PREFERENCES, report=die, checkpoint_every=2, **options)
    (kept,) = out.glob("checkpoint-*/checkpoint-*/*.safetensors")
    assert kept.name == "adapter_model.safetensors"
    assert all("lora" in name for name in load_file(kept))
    lines = train(init, out, PREFERENCES, **options)
    assert lines[1].startswith("step 3/") and same(out, tmp_path / "whole")
    before, after = (load_file(one / "model.safetensors") for one in (init, out / "model"))
    assert before.keys() == after.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed and all("proj" in name for name in changed)
    for name in changed:
        assert torch.linalg.matrix_rank(after[name] - before[name], rtol=1e-4) <= 2
    assert margin(out / "model", PREFERENCES) > margin(init, PREFERENCES) + 1

    with pytest.raises(WrongUse, match=r"other settings .*lora 2 there, None here"):
        train(init, out, PREFERENCES, recipe=adapted)
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    with pytest.raises(TrainingError, match=r"does not go with FSDP.*--multi_gpu"):
        train(init, tmp_path / "shared", PREFERENCES, lora=2)
    assert not (tmp_path / "shared").exists()


def test_what_cannot_go_on_says_why(init: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"of 0 pairs of tactics none"):
        train(init, tmp_path / "a", [])
    long = Preference(" ∧ ".join(["p"] * 300), "simp", "rfl")
    with pytest.raises(TrainingError, match=r"of 1 pairs of tactics none has at most 256 tokens"):
        train(init, tmp_path / "a", [long])
    with pytest.raises(TrainingError, match="holds no"):
        train(tmp_path, tmp_path / "a", PREFERENCES)
    wild = replace(RECIPE, learning_rate=1e30)
    with pytest.raises(TrainingError, match=r"(nan|inf).* in step .*checkpoint-0000"):
        train(init, tmp_path / "b", PREFERENCES, recipe=wild, checkpoint_every=1)
    assert not (tmp_path / "a").exists() and not (tmp_path / "b" / "model").exists()

    with pytest.raises(WrongUse, match=r"no round_K/negatives\.jsonl"):
        read_preferences(tmp_path)
    rounds = write_rounds(tmp_path / "rounds", [])
    file = rounds / "round_0" / "negatives.jsonl"
    file.write_text('{"state": "⊢ p", "tactic": "rfl", "instead": "simp"}\n{"state": "⊢ p"}\n')
    with pytest.raises(WrongUse, match="line 2: no JSON object with state, tactic and instead"):
        read_preferences(rounds)
    file.write_text('{"state": "⊢ p", "ta')
    with pytest.raises(WrongUse, match="line 1"):
        read_preferences(rounds)
    (rounds / "round_0" / "attempts.jsonl").write_text("{}\n")
    with pytest.raises(WrongUse, match=r"attempts\.jsonl: a line is no search"):
        read_preferences(rounds)


def test_what_a_capped_search_tried_is_left_out(tmp_path: Path) -> None:
    first, second = (
        {
            "name": "t",
            "outcome": "gave_up",
            "reason": "no tactic is left to try",
            "negatives": [
                {"state": "⊢ p", "tactic": wrong, "why": "tactic", "instead": "simp"}
                for wrong in tactics
            ],
        }
        for tactics in (["rfl", "simp"], ["rfl", "omega"])
    )
    rfl, omega = (Preference("⊢ p", "simp", wrong) for wrong in ("rfl", "omega"))
    assert read_preferences(write_rounds(tmp_path, [first, second])) == [rfl, omega]
    for ended in (
        {"reason": "the budget is spent (seconds)"},
        {"outcome": "timeout"},
        {"outcome": "crash"},
    ):
        assert read_preferences(write_rounds(tmp_path, [first, second | ended])) == [rfl]


def test_the_command(init: Path, tmp_path: Path) -> None:
    negatives = [
        {"state": pair.state, "tactic": "skip", "why": "tactic", "instead": pair.tactic}
        for pair in PAIRS
    ]
    line = {"name": "t", "outcome": "proved", "reason": "", "negatives": negatives}
    rounds = write_rounds(tmp_path / "rounds", [line])
    assert len(read_jsonl(rounds / "round_0" / "negatives.jsonl")) == len(PAIRS)
    out = tmp_path / "out"
    words = ("train", "preferences", str(rounds), "--init", str(init), "--out", str(out))
    done = command(*words, "--batch", "5", "--epochs", "1")
    assert done.code == 0 and "step 2/2: loss" in done.err and "the model is in" in done.err
    done = command(*words, "--batch", "5", "--epochs", "1")
    assert done.code == 0 and "is there already" in done.err
    adapters = ("--lora", "2", "--batch", "5", "--epochs", "1", "--out", str(tmp_path / "adapted"))
    done = command(*words, *adapters)
    assert done.code == 0 and "step 2/2: loss" in done.err
    TransformersGenerator.load(str(tmp_path / "adapted" / "model"))
    done = command(*words, "--preset", "ppo")
    assert done.code == 2 and "choose one of dpo, cpu-tiny" in done.err
