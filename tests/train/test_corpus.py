"""Continued pretraining of small models on real text, on a CPU."""

import json
import math
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
import yaml
import zstandard
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from prover.data.algebraic_stack import CorpusError, read_corpus
from prover.models.presets import PRESETS, Preset, model_config, new_model
from prover.models.tokenizer import END, PAD, load_tokenizer, save_tokenizer
from prover.train.cli import CONFIGS
from prover.train.corpus import RECIPES, Recipe, Report, TrainingError, train
from prover.train.packing import (
    Windows,
    pack,
    pack_corpus,
    packed_from,
    shuffled,
    within_documents,
)
from tests.command import command
from tests.train.school import ROOT
from tests.train.school import texts as real_texts
from tests.train.school import tokenizer as school_tokenizer

SHAPE = Preset(2048, 32, 64, 2, 2, 1, 128)
RECIPE = Recipe(steps=8, batch=4, sequence=32, learning_rate=3e-3, warmup=2)


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerFast:
    folder = tmp_path_factory.mktemp("words") / "tokenizer"
    save_tokenizer(school_tokenizer(), folder)
    return load_tokenizer(folder)


@pytest.fixture(scope="session")
def data(tokenizer: PreTrainedTokenizerFast, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    pack(real_texts(), tokenizer, folder / "train.bin", {"of": "tests"})
    pack(real_texts()[:3], tokenizer, folder / "validation.bin", {})
    return folder


def run(
    tokenizer: PreTrainedTokenizerFast, data: Path, out: Path, recipe: Recipe = RECIPE, **more: Any
) -> list[Report]:
    lines: list[Report] = []
    options = {"micro_batch": 2, "checkpoint_every": 100, "log_every": 1, "report": lines.append}
    model = new_model(model_config(SHAPE, len(tokenizer)), recipe.seed)
    train(model, tokenizer, data, out, recipe, **{**options, **more})
    return lines


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[n], second[n]) for n in first)


def test_packing_marks_documents_and_keeps_every_token(
    tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    texts = ["∀ x", "", f"fake {END} end{PAD}", "[GOAL]a[PROOFSTEP]b"]
    pack(texts, tokenizer, tmp_path / "a.bin", {"from": 1})
    windows = Windows(tmp_path / "a.bin", 1)
    row = [int(windows[i][0]) for i in range(len(windows))] + [int(windows[len(windows) - 1][1])]
    assert len(row) == windows.tokens
    assert tokenizer.decode(row) == f"{END}∀ x{END}{END}fake  end{END}[GOAL]a[PROOFSTEP]b"
    assert row.count(tokenizer.eos_token_id) == 4
    assert packed_from(tmp_path / "a.bin") == {"from": 1}
    assert packed_from(tmp_path / "b.bin") is None


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """A corpus of six shards for training, one of which holds nothing, and one for validation."""
    texts = real_texts()
    for number in range(6):
        rows = [{"text": text} for text in texts[number::6] * 2] if number != 2 else []
        write_shard(tmp_path / f"corpus/train/python000{number}.jsonl.zst", rows)
    write_shard(tmp_path / "corpus/train/agda0000.jsonl.zst", [{"text": "module A where"}])
    write_shard(tmp_path / "corpus/validation/python0000.jsonl.zst", [{"text": texts[0]}])
    return tmp_path / "corpus"


def write_shard(file: Path, rows: list[dict[str, str]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    file.write_bytes(zstandard.compress(lines.encode()))


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_corpus_packed_by_shards_is_that_of_one_text_after_the_other(
    tokenizer: PreTrainedTokenizerFast, shards: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    for jobs, out in ((1, "one"), (2, "two")):
        pack_corpus(str(shards), ["python"], tokenizer, tmp_path / out, jobs, said.append)
    assert sorted(said[:7]) == sorted(said[7:]) and "train: 6 of 6 shards are packed" in said
    assert files(tmp_path / "one") == files(tmp_path / "two")
    source = packed_from(tmp_path / "one/train.bin")
    assert source is not None and len(source["shards"]) == 7
    texts = (document.text for document in read_corpus(str(shards), "train", ["python"]))
    pack(texts, tokenizer, tmp_path / "whole/train.bin", source)
    whole = files(tmp_path / "whole")
    assert whole.keys() == {"train.bin", "train.json"}
    assert {name: files(tmp_path / "one")[name] for name in whole} == whole

    said.clear()
    pack_corpus(str(shards), ["python"], tokenizer, tmp_path / "one", 1, said.append)
    assert said == []
    write_shard(shards / "train/python0001.jsonl.zst", [{"text": "import this"}])
    pack_corpus(str(shards), ["python"], tokenizer, tmp_path / "one", 1, said.append)
    assert said[-1] == "train: 6 of 6 shards are packed"
    assert files(tmp_path / "one")["train.bin"] != whole["train.bin"]


def test_a_shard_that_cannot_be_read_ends_the_packing(
    tokenizer: PreTrainedTokenizerFast, shards: Path, tmp_path: Path
) -> None:
    (shards / "train/python0003.jsonl.zst").write_bytes(b"nothing of the kind")
    with pytest.raises(CorpusError, match=r"python0003.jsonl.zst, line 1: the shard is corrupt"):
        pack_corpus(str(shards), [], tokenizer, tmp_path / "out", 2)
    assert not (tmp_path / "out/train.bin").exists()


@pytest.mark.slow
def test_killed_while_it_packs_it_goes_on_to_the_same_tokens(
    tokenizer: PreTrainedTokenizerFast, shards: Path, tmp_path: Path
) -> None:
    save_tokenizer(tokenizer, tmp_path / "t")
    folders = ["--tokenizer", str(tmp_path / "t"), "--out", str(tmp_path / "out")]
    words = ["pack", str(shards), *folders, "--jobs"]
    begun = [*TRAIN, *words, "2"]
    process = subprocess.Popen(begun, env=ENVIRONMENT, stderr=subprocess.DEVNULL)
    while process.poll() is None and not list((tmp_path / "out").glob("train.parts/*.json")):
        time.sleep(0.005)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    assert len(workers) >= 2
    gone, alive = psutil.wait_procs(workers, timeout=60)
    assert len(gone) == len(workers) and not alive
    assert not (tmp_path / "out/train.bin").exists(), "it was over before it could be killed"

    done = command("train", *words, "1")
    assert done.code == 0 and "train: 7 of 7" in done.err and "train: 1 of 7" not in done.err
    pack_corpus(str(shards), [], load_tokenizer(tmp_path / "t"), tmp_path / "whole")
    assert files(tmp_path / "out") == files(tmp_path / "whole")


def test_windows_overlap_by_the_one_token_that_is_only_a_target(data: Path) -> None:
    windows = Windows(data / "train.bin", 32)
    assert windows[3].shape == (33,)
    assert windows[3][-1] == windows[4][0]
    assert (len(windows) * 32 + 1 <= windows.tokens) and ((len(windows) + 1) * 32 >= windows.tokens)


def test_a_cut_file_is_found_out(data: Path, tmp_path: Path) -> None:
    for suffix in ("bin", "json"):
        (tmp_path / f"train.{suffix}").write_bytes((data / f"train.{suffix}").read_bytes())
    os.truncate(tmp_path / "train.bin", 1000)
    with pytest.raises(CorpusError, match="not complete"):
        Windows(tmp_path / "train.bin", 32)


def test_each_epoch_has_every_window_once_in_another_order() -> None:
    first, second = (shuffled(100, epoch, seed=3).tolist() for epoch in (0, 1))
    assert sorted(first) == sorted(second) == list(range(100))
    assert first != second
    assert first == shuffled(100, 0, seed=3).tolist() != shuffled(100, 0, seed=4).tolist()


def test_a_document_does_not_see_the_one_before(tokenizer: PreTrainedTokenizerFast) -> None:
    model = new_model(model_config(SHAPE, len(tokenizer)), 0).eval()
    end = tokenizer.eos_token_id
    alone = torch.tensor([[end, 301, 302, 303]])
    packed = torch.tensor([[7, 8, end, 9, end, 301, 302, 303]])

    def logits(tokens: torch.Tensor) -> torch.Tensor:
        mask, positions = within_documents(tokens, end)
        return model(input_ids=tokens, attention_mask=mask, position_ids=positions).logits

    torch.testing.assert_close(logits(packed)[:, 4:], logits(alone))
    torch.testing.assert_close(logits(alone), model(alone).logits)  # as it is used afterwards
    _, positions = within_documents(packed, end)
    assert positions.tolist() == [[0, 1, 0, 1, 0, 1, 2, 3]]


def test_the_rate_warms_up_and_falls_to_a_thirtieth() -> None:
    recipe = replace(RECIPE, steps=100, warmup=10, learning_rate=3.0)
    assert recipe.rate(0) == pytest.approx(0.3)
    assert recipe.rate(10) == pytest.approx(3.0)
    assert recipe.rate(55) == pytest.approx((3.0 + 0.1) / 2)
    assert recipe.rate(100) == pytest.approx(0.1)


def test_llemmas_recipe_is_the_published_one() -> None:
    recipe = RECIPES["llemma-7b"]
    assert recipe.batch * recipe.sequence == 4_194_304
    assert recipe.steps * recipe.batch * recipe.sequence == pytest.approx(201e9, rel=0.01)
    assert recipe.rate(recipe.steps) == pytest.approx(1e-4 / 30)
    last = RECIPES["llemma-34b"]
    assert last.steps * last.batch * last.sequence == pytest.approx(50e9, rel=0.01)
    assert last.rate(last.steps) == pytest.approx(1.65e-6, rel=0.02)
    assert RECIPES.keys() == PRESETS.keys()


def test_the_loss_falls_and_is_logged(
    tokenizer: PreTrainedTokenizerFast, data: Path, tmp_path: Path
) -> None:
    recipe = replace(RECIPE, steps=60, sequence=64, learning_rate=1e-2)
    lines = run(tokenizer, data, tmp_path, recipe, checkpoint_every=30, log_every=10)
    assert [line.step for line in lines] == [10, 20, 30, 40, 50, 60]
    assert lines[0].loss == pytest.approx(math.log(2048), rel=0.2)
    assert lines[-1].loss < lines[0].loss - 0.7
    held_out = [line.validation_loss for line in lines if line.validation_loss]
    assert len(held_out) == 2 and held_out[1] < held_out[0]
    assert all(line.tokens_per_second > 0 for line in lines)

    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (log,) = (tmp_path / "tensorboard").rglob("events*")
    events = EventAccumulator(str(log)).Reload()
    logged = [(event.step, event.value) for event in events.Scalars("loss")]
    assert logged == [(line.step, pytest.approx(line.loss)) for line in lines]

    model = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    words = AutoTokenizer.from_pretrained(tmp_path / "model")
    ids = torch.tensor([words(f"{END}import ")["input_ids"]])
    text = str(words.decode(model.generate(ids, max_new_tokens=5, do_sample=False)[0]))
    assert text.startswith(f"{END}import ")


def test_training_is_a_function_of_its_seed(
    tokenizer: PreTrainedTokenizerFast, data: Path, tmp_path: Path
) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        run(tokenizer, data, tmp_path / name, replace(RECIPE, seed=seed))
    assert same(weights(tmp_path / "a/model"), weights(tmp_path / "b/model"))
    assert not same(weights(tmp_path / "a/model"), weights(tmp_path / "c/model"))


def test_micro_batches_and_gradient_checkpointing_change_nothing_but_memory(
    tokenizer: PreTrainedTokenizerFast, data: Path, tmp_path: Path
) -> None:
    run(tokenizer, data, tmp_path / "a", micro_batch=4)
    run(tokenizer, data, tmp_path / "b", micro_batch=1)
    run(
        tokenizer, data, tmp_path / "c", replace(RECIPE, gradient_checkpointing=True), micro_batch=4
    )
    reference = weights(tmp_path / "a/model")
    for other in ("b", "c"):
        for name, value in weights(tmp_path / other / "model").items():
            torch.testing.assert_close(value, reference[name], rtol=1e-3, atol=1e-4)


def test_stopped_and_resumed_it_ends_with_the_same_weights(
    tokenizer: PreTrainedTokenizerFast, data: Path, tmp_path: Path
) -> None:
    run(tokenizer, data, tmp_path / "whole")

    def interrupt(line: Report) -> None:
        if line.step == 3:
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    run(tokenizer, data, tmp_path / "parts", report=interrupt)
    assert signal.getsignal(signal.SIGINT) is before
    assert [path.name for path in (tmp_path / "parts").glob("checkpoint-*")] == [
        "checkpoint-00000004"
    ]
    assert not (tmp_path / "parts/model").exists()
    lines = run(tokenizer, data, tmp_path / "parts")
    assert [line.step for line in lines] == [5, 6, 7, 8]
    assert same(weights(tmp_path / "whole/model"), weights(tmp_path / "parts/model"))


def test_only_the_last_checkpoints_are_kept(
    tokenizer: PreTrainedTokenizerFast, data: Path, tmp_path: Path
) -> None:
    run(tokenizer, data, tmp_path, checkpoint_every=2)
    names = sorted(path.name for path in tmp_path.glob("*-0*"))
    assert names == ["checkpoint-00000006", "checkpoint-00000008"]


def test_a_loss_that_is_not_finite_ends_it_and_keeps_the_checkpoint(
    tokenizer: PreTrainedTokenizerFast, data: Path, tmp_path: Path
) -> None:
    recipe = replace(RECIPE, learning_rate=1e30, steps=50)
    with pytest.raises(TrainingError, match=r"(nan|inf) .*--learning-rate.*checkpoint-0000"):
        run(tokenizer, data, tmp_path, recipe, checkpoint_every=1)
    newest = max(tmp_path.glob("checkpoint-*"))
    assert (newest / "progress.json").exists()
    assert not list(tmp_path.glob("partial-*"))


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(
    tokenizer: PreTrainedTokenizerFast, data: Path, tmp_path: Path
) -> None:
    """The system itself refuses the write in the middle of the file, as a full disk does."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill_up(line: Report) -> None:
        if line.step == 5:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))

    try:
        with pytest.raises(TrainingError, match=r"step 6 cannot be written.*checkpoint-00000003"):
            run(tokenizer, data, tmp_path, checkpoint_every=3, report=fill_up)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in tmp_path.glob("*-0*")] == ["checkpoint-00000003"]
    run(tokenizer, data, tmp_path / "whole")
    run(tokenizer, data, tmp_path)
    assert same(weights(tmp_path / "whole/model"), weights(tmp_path / "model"))


def test_a_checkpoint_of_something_else_is_refused(
    tokenizer: PreTrainedTokenizerFast, data: Path, tmp_path: Path
) -> None:
    run(tokenizer, data, tmp_path)
    other = new_model(model_config(replace(SHAPE, layers=3), len(tokenizer)), 0)
    with pytest.raises(TrainingError, match=r"another model .*num_hidden_layers 2 there, 3 here"):
        train(other, tokenizer, data, tmp_path, RECIPE, 2, 100)
    with pytest.raises(TrainingError, match=r"another recipe .*warmup 2 there, 3 here"):
        run(tokenizer, data, tmp_path, replace(RECIPE, warmup=3))
    pack(real_texts()[1:], tokenizer, tmp_path / "d/train.bin", {})
    with pytest.raises(TrainingError, match=r"another corpus .*--out"):
        run(tokenizer, tmp_path / "d", tmp_path)


def test_a_corpus_smaller_than_a_batch_is_refused(
    tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    pack(["theorem t : 1 = 1"], tokenizer, tmp_path / "train.bin", {})
    with pytest.raises(TrainingError, match=r"less than one batch of 4 windows of 32"):
        run(tokenizer, tmp_path, tmp_path / "out")
    pack([], tokenizer, tmp_path / "train.bin", {})
    with pytest.raises(TrainingError, match="has 0 tokens"):
        run(tokenizer, tmp_path, tmp_path / "out")


def test_a_batch_that_cannot_be_shared_is_refused(
    tokenizer: PreTrainedTokenizerFast, data: Path, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="make --batch a multiple of 3"):
        run(tokenizer, data, tmp_path, micro_batch=3)


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("*.yaml")), ids=lambda file: file.stem)
def test_accelerate_knows_every_word_of_the_configurations(file: Path) -> None:
    from accelerate import FullyShardedDataParallelPlugin
    from accelerate.commands.config.config_args import load_config_from_file

    config = load_config_from_file(str(file))
    assert config.mixed_precision == "bf16"
    for name in yaml.safe_load(file.read_text()).get("fsdp_config", {}):
        field = {
            "fsdp_transformer_layer_cls_to_wrap": "transformer_cls_names_to_wrap",
            "fsdp_offload_params": "cpu_offload",
        }.get(name, name.removeprefix("fsdp_"))
        assert field == "version" or field in FullyShardedDataParallelPlugin.__dataclass_fields__
    if file.stem != "one_gpu":
        assert config.fsdp_config["fsdp_version"] == 2


TRAIN = [sys.executable, "-m", "prover.train.cli"]


ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "OMP_NUM_THREADS": "1"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--preset", "huge", "--tokenizer", "t"], "no preset is called 'huge'"),
        (["--preset", "tiny"], "give --tokenizer, or --init"),
        (["--preset", "tiny", "--tokenizer", "nowhere"], "holds no tokenizer"),
        (["--preset", "tiny", "--tokenizer", "t", "--sequence", "4096"], "has 512 positions"),
        (["--preset", "tiny", "--tokenizer", "t"], "nowhere has no shards"),
        (["--preset", "tiny", "--init", "t"], "no model of this preset can be loaded"),
        (["--preset", "tiny", "--tokenizer", "t", "packed"], "packed with another tokenizer"),
    ],
)
def test_wrong_use_is_a_message(
    words: list[str],
    said: str,
    tokenizer: PreTrainedTokenizerFast,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    save_tokenizer(tokenizer, tmp_path / "t")
    pack(real_texts()[:2], tokenizer, tmp_path / "packed/train.bin", {"tokenizer": "another"})
    corpus = [] if "packed" in words else ["nowhere"]
    done = command("train", "corpus", *corpus, "--out", "out", *words)
    assert done.code == 2
    assert said in done.err
    assert not (tmp_path / "out" / "model").exists()
