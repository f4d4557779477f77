"""The table of trainings at the smallest scale, with a real Lean and a tiny model."""

import json
import shutil
from pathlib import Path

import pytest

from prover.data.theorems.statement import read_rows
from prover.errors import WrongUse
from prover.files import write_json, write_jsonl
from prover.lean.toolchain import Lean
from prover.models.presets import model_config, new_model
from prover.train.ablation import ABLATIONS, read_changes
from prover.train.corpus import Recipe
from prover.train.sft import train_tactics
from tests.command import command
from tests.train.school import PAIRS, ROWS, SHAPE, row, tokenizer, train, write_rows

NEVER = row("never", "p", "(p : Prop)")
ROUNDS = {"rounds": 1, "statements": 2, "expansions": 3, "samples": 2, "preset": "tiny"}
TINY = {
    "rounds": ROUNDS | {"most_success": 1, "epochs": 1},
    "dpo": {"epochs": 1.0},
    "comparison": {"samples": 4, "temperature": 0.5},
}


def test_killed_it_goes_on_and_one_row_is_made_again(lean: Lean, tmp_path: Path) -> None:
    """The test has a statement of the training file, which is then not trained on, and a false one."""
    model = new_model(model_config(SHAPE, len(tokenizer())), 0)
    train_tactics(model, tokenizer(), PAIRS[:2] * 4, tmp_path / "sft", Recipe(100, 8, 128, 5e-3, 2))
    write_rows(tmp_path / "train.jsonl")
    write_jsonl(tmp_path / "held.jsonl", [one.to_json() for one in (ROWS[0], NEVER)])
    write_json(tmp_path / "tiny.json", TINY)
    out = tmp_path / "table"
    words = [
        *("ablation", tmp_path / "train.jsonl", tmp_path / "held.jsonl", "--rows", "dpo"),
        *("--init", tmp_path / "sft" / "model", "--config", tmp_path / "tiny.json", "--out", out),
        *("--seeds", 1, "--attempts", 2, "--calls", 4, "--lean", "embedded"),
    ]
    log = out / "rounds/seed_0/round_0/attempts.jsonl"
    train(*words, until=lambda: log.exists() and log.read_bytes().count(b"\n") >= 1)
    assert json.loads((out / "report.json").read_text())["rows"].keys() == {"sft"}
    begun = [log.read_bytes(), (out / "sft/seed_0/tests/held/attempts.jsonl").read_bytes()]
    spent = json.loads((out / "rounds/seed_0/time.json").read_text())
    assert spent["seconds"] > 0 and not spent["done"]
    done = command("train", *map(str, words))
    assert done.code == 0, done
    assert log.read_bytes().startswith(begun[0]) and log.read_bytes() != begun[0]
    assert (out / "sft/seed_0/tests/held/attempts.jsonl").read_bytes() == begun[1]
    trained = {one.name for one in read_rows(out / "statements.jsonl")}
    assert trained == {one.name for one in ROWS[1:]}
    after = json.loads((out / "rounds/seed_0/time.json").read_text())
    assert after["done"] and after["seconds"] > spent["seconds"]

    first = json.loads((out / "report.json").read_text())
    assert list(first["rows"]) == ["sft", "dpo"] and not first["not trained"]
    start, dpo = (first["rows"][name]["tests"]["held"] for name in ("sft", "dpo"))
    assert start["statements"] == start["roots"] == 2
    assert start["pass@2"]["share"] == 0.5 >= start["pass@1"]["share"] > 0  # `swap` is in PAIRS
    assert start["pass@1"]["p"] == {}
    assert dpo["pass@1"]["p"]["sft"] == 1.0
    told = (out / "report.md").read_text()
    assert "| sft | " in told and "dpo does not help against sft: pass@1 " in told

    shutil.rmtree(out / "dpo")
    report = dict(first["rows"]["dpo"])
    done = command("train", *map(str, words))
    assert done.code == 0 and "rounds, seed 0: step" not in done.err, done
    assert "dpo, seed 0: step 1/1" in done.err and "sft, seed 0: " not in done.err
    again = json.loads((out / "report.json").read_text())
    assert again["rows"]["dpo"] | {"hours": 0} == report | {"hours": 0}
    assert again["rows"]["sft"] == first["rows"]["sft"] and done.out.startswith("The model alone")

    other = command("train", *map(str, [*words, "--calls", 5]))
    assert other.code == 2 and "was begun with other settings" in other.err.replace("\n", " ")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"ground": {}}', "there is no ground, but rounds"),
        ('{"dpo": {"epoch": 1}}', "dpo has no epoch, but learning_rate"),
        ('{"dpo": {"batch": 1.5}}', "dpo.batch is 1.5 in the place of 16"),
        ('{"grpo": {"scale_rewards": 1}}', "scale_rewards is 1 in the place of True"),
        ('{"grpo": 3}', "'int' object has no attribute 'items'"),
        ("[", "Expecting value"),
    ],
)
def test_a_wrong_config_is_refused(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(WrongUse, match=why):
        read_changes(ABLATIONS["cpu-tiny"], path)
