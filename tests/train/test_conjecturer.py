"""A conjecturer, which is a tiny model, and a real Lean that judges what it proposes."""

import json
import shutil
from pathlib import Path

from prover.data.theorems.statement import Draft, Row
from prover.files import read_jsonl, write_jsonl
from prover.lean.toolchain import Lean
from prover.models.presets import model_config, new_model
from prover.train.corpus import Recipe
from prover.train.evolve import CONJECTURES
from prover.train.sft import Pair, train_tactics
from tests.command import Done, command
from tests.train.school import SHAPE, tokenizer


def stated(header: str, name: str, conclusion: str) -> Row:
    draft = Draft("tests", name, (), conclusion, f"def {name}.{header}\n", split="train")
    return Row.of(draft, draft.name)


LESS = stated("alone := 1", "less", "0 < 1")
ONE = stated("alone := 1", "one", "1 = 1")
LONG = stated(f"alone := {[1] * SHAPE.context}", "long", "0 = 0")
GOOD = "theorem less_conjecture (p : Nat → Prop) (h : p 2) : ∃ n, p n ∧ p n"
MORE = "def two := 2\ntheorem t : two = 2"


def test_what_a_conjecturer_proposes_is_judged_and_teaches_the_next(
    lean: Lean, tmp_path: Path
) -> None:
    taught = ((LESS, GOOD), (ONE, MORE))
    pairs = [Pair(row.header + row.statement, child) for row, child in taught]
    fresh = new_model(model_config(SHAPE, len(tokenizer())), 0)
    train_tactics(fresh, tokenizer(), pairs * 4, tmp_path / "taught", Recipe(100, 8, 128, 5e-3, 2))
    model = tmp_path / "taught" / "model"
    write_jsonl(tmp_path / "train.jsonl", [row.to_json() for row in (LESS, ONE, LONG)])

    def call(*words: object) -> Done:
        return command("train", *map(str, words))

    limits = ("--rounds", 1, "--timeout", 1000, "--lean", "embedded")

    def evolve(conjecturer: Path, out: str, statements: str = "train.jsonl") -> Done:
        words = ("--conjecturer", conjecturer, "--parents", 3, "--expansions", 3, *limits)
        return call("evolve", tmp_path / statements, *words, "--out", tmp_path / out)

    broken = tmp_path / "broken"
    shutil.copytree(model, broken)
    (broken / "model.safetensors").write_bytes(b"half a mod")
    for folder, why in (
        (tmp_path / "nowhere", "nowhere holds no model"),
        (broken, "cannot load the model"),
    ):
        failed = evolve(folder, "failed")
        assert failed.code == 2 and why in failed.err.replace("\n", " "), failed
        assert not (tmp_path / "failed").exists()

    done = evolve(model, "one")
    assert done.code == 0 and f"too long for the conjecturer: {LONG.name}" in done.err, done
    found = read_jsonl(tmp_path / "one" / "round_0" / "children.jsonl")
    proposed = [child for child in found if child["operator"] == "conjecture"]
    assert len(proposed) == CONJECTURES * len(taught)
    assert {child["direction"] for child in proposed} == {"up"}
    rest = GOOD.partition(" (")[2]  # what stands after the name
    told = [child for child in proposed if child["row"] is not None]
    good, *again = [child for child in told if child["row"]["statement"].endswith(f" ({rest}")]
    assert GOOD in [child["by"] for child in (good, *again)]
    assert good["from"] == LESS.header + LESS.statement and good["row"]["header"] == LESS.header
    assert good["refused"] == "" and good["outcome"] == "proved"
    assert again and {child["refused"] for child in again} == {"precision: it is known"}
    defines = [child["refused"] for child in proposed if child["by"] == MORE]
    assert defines and set(defines) == {"definition: it is more than one theorem"}
    report = json.loads((tmp_path / "one" / "round_0" / "report.json").read_text())
    assert report["operators"]["conjecture (up)"]["kept"] == 1

    assert evolve(model, "two").code == 0
    files = [path for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert len(files) == 5
    for path in files:
        same = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == same.read_bytes(), path.name

    # What is seldom proved, here since most searches may expand one goal only, teaches the next.
    kept = tmp_path / "one" / "round_0" / "statements.jsonl"
    searches: list[object] = []
    for attempts, expansions in ((1, 4), (4, 1)):
        out = tmp_path / f"searched{expansions}"
        searches += ["--attempts", out / "round_0" / "attempts.jsonl"]
        words = ("--attempts", attempts, "--expansions", expansions, "--temperature", 0.01, *limits)
        done = call("rounds", kept, "--init", model, "--preset", "tiny", *words, "--out", out)
        assert done.code == 0, done
    lesson = tmp_path / "conjectures.jsonl"
    done = call("conjectures", tmp_path / "one", *searches, "--out", lesson)
    assert done.code == 0, done
    pair = next(line for line in read_jsonl(lesson) if line["name"] == good["row"]["name"])
    assert (pair["state"], pair["tactic"]) == (pairs[0].state, good["row"]["statement"])
    steps = ("--preset", "tiny", "--batch", 1, "--epochs", 80, "--learning-rate", 3e-3)
    done = call("tactics", lesson, "--tokenizer", model, *steps, "--out", tmp_path / "next")
    assert done.code == 0, done
    write_jsonl(tmp_path / "less.jsonl", [LESS.to_json()])
    done = evolve(tmp_path / "next" / "model", "three", "less.jsonl")
    assert done.code == 0, done
    found = read_jsonl(tmp_path / "three" / "round_0" / "children.jsonl")
    learned = [child for child in found if child["by"] == pair["tactic"]]
    assert learned and learned[0]["operator"] == "conjecture" and learned[0]["refused"] == ""
    assert learned[0]["row"]["statement_sha256"] == good["row"]["statement_sha256"]
