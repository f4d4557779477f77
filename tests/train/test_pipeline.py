"""From source code to a model that proves: the commands of the README, one after the other."""

import json
from pathlib import Path

import networkx
import pytest
from typer.testing import CliRunner

from prover.cli import app
from prover.files import write_jsonl
from prover.generate.models import load_model
from prover.models.presets import PRESETS
from tests.train.school import PAIRS, ROOT, write_rows

BENCHMARK = str(ROOT / "tests" / "data" / "benchmark.jsonl")


@pytest.mark.timeout(1200)
def test_from_source_code_to_a_model_that_proves(folder: Path, lean: object) -> None:
    def call(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, [*words])
        assert result.exit_code == code, f"{words}\n{result.output}\n{result.exception!r}"
        return result.output

    sources = [ROOT / "lean_project", Path(networkx.__file__).parent / "algorithms" / "centrality"]
    said = call("data", "build", *map(str, sources), "--out", "corpus", "--benchmark", BENCHMARK)
    assert "python" in said
    call("train", "tokenizer", "corpus", "--vocabulary", "2048", "--out", "tokenizer")
    sizes = ["--preset", "tiny", "--batch", "4"]
    words = ["--tokenizer", "tokenizer", "--steps", "4", "--sequence", "64"]
    call("train", "pack", "corpus", "--tokenizer", "tokenizer", "--jobs", "1", "--out", "tokens")
    said = call("train", "corpus", "tokens", *sizes, *words, "--out", "pretrained")
    assert "step 4: loss" in said and "validation" in said
    (progress,) = Path("pretrained").glob("checkpoint-*/progress.json")
    assert json.loads(progress.read_text())["step"] == 4
    config = json.loads(Path("pretrained/model/config.json").read_text())
    assert config["hidden_size"] == PRESETS["tiny"].hidden
    words[3] = "1"
    call("train", "corpus", "corpus", *sizes, *words, "--out", "unpacked")
    assert Path("unpacked/model/model.safetensors").exists()

    write_jsonl(Path("pairs.jsonl"), [{"state": p.state, "tactic": p.tactic} for p in PAIRS])
    start = ["--init", "pretrained/model", "--epochs", "60", "--learning-rate", "3e-3"]
    call("train", "tactics", "pairs.jsonl", *sizes, *start, "--out", "taught")

    statements = str(write_rows(Path("statements.jsonl")))
    limits = ["--rounds", "1", "--statements", "2", "--attempts", "1", "--expansions", "2"]
    limits += ["--most-success", "1", "--format", "prover-context"]
    known = ["--init", "taught/model", "--replay", "pairs.jsonl", "--benchmark", BENCHMARK]
    here = ["--lean", "embedded"]
    call(
        "train", "rounds", statements, "--preset", "tiny", *known, *limits, *here, "--out", "rounds"
    )
    model = "rounds/round_0/model"
    report = json.loads(Path("rounds/round_0/report.json").read_text())
    assert report["attempts"] == 2 and report["statements proved"] >= 1
    assert report["sizes"]["pairs"] > report["training"]["too long"]
    assert load_model(model).format.name == "prover-context"

    few = ["--limit", "1", "--attempts", "1", "--calls", "8", "--seconds", "0", "--samples", "4"]
    table = call("train", "compare", "statements", "--model", model, *few, *here, "--out", "table")
    assert "statements (1)" in table and "| model+ranker | " in table

    swap = "theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p"
    budget = ["--budget", "2", "--jobs", "1", "--json"]
    said = call("prove", swap, "--model", model, *budget, *here)
    (verdict,) = json.loads(said[said.index("[") :])
    assert verdict["outcome"] == "proved"
    hard = "theorem t (a b c n : Nat) (h : 2 < n) : (a + 1) ^ n + (b + 1) ^ n ≠ (c + 1) ^ n"
    said = call("prove", hard, "--model", model, *budget, *here, code=1)
    (verdict,) = json.loads(said[said.index("[") :])
    assert verdict["spent"]["tokens"] > 0  # the model is asked where the portfolio does not do
