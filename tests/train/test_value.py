"""A value model: labels from searches, training on a CPU, and a search with the real Lean that it leads."""

import json
import os
import random
import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from prover.api import Filled, Options, Prover, Settings, run_anywhere
from prover.data.decontaminate import Contaminated, Problem
from prover.errors import WrongUse
from prover.files import read_jsonl, write_jsonl
from prover.generate.value import ValueModel
from prover.lean.toolchain import Lean
from prover.models.presets import model_config, new_model
from prover.serve.remote import can_say
from prover.train.corpus import TrainingError
from prover.train.rounds import _collect, attempt
from prover.train.value import VALUE_RECIPES, Labelled, read_labels, train_value
from search.budget import Budget
from search.interfaces import Goal, Request, State, Suggestion
from tests.command import command
from tests.lab import Lab
from tests.train.school import SHAPE, row, tokenizer

RECIPE = replace(VALUE_RECIPES["cpu-tiny"], learning_rate=1e-3, batch=16, warmup=2)


@pytest.fixture(scope="module")
def init(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)  # sums of floats depend on it
    out = tmp_path_factory.mktemp("init")
    new_model(model_config(SHAPE, len(tokenizer())), 0).save_pretrained(out)
    tokenizer().save_pretrained(out)
    return out


def sha(name: str) -> str:
    return sha256(name.encode()).hexdigest()


def planted(count: int) -> list[Labelled]:
    """States of which those are good that speak of ∧, whatever else is in them, and tactics of which
    those are good that begin with `exact`."""
    numbers = random.Random(1)
    found = []
    for number in range(count):
        a, b, c = numbers.sample("abcdefghpqrstuvwxyz", 3)
        sign = numbers.choice("∧∨")
        state = f"{a} {b} : Prop\n{c} : {a}\n⊢ {a} {sign} {b}"
        word = numbers.choice(["exact", "apply"])
        home = frozenset({sha(f"statement {number}")})
        found.append(Labelled(state, "", sign == "∧", home))
        found.append(Labelled(state, f"{word} {c}", word == "exact", home))
    return found


def train(init: Path, out: Path, labels: Sequence[Labelled], **options: Any) -> list[str]:
    lines: list[str] = []
    recipe = options.pop("recipe", RECIPE)
    train_value(init, labels, out, recipe, **{"report": lines.append} | options)
    return lines


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model" / "model.safetensors")


def write_rounds(folder: Path, *rounds: Sequence[dict[str, Any]]) -> Path:
    """The files of rounds with these searches, as `prover train rounds` writes them."""
    for number, lines in enumerate(rounds):
        one = folder / f"round_{number}"
        write_jsonl(one / "attempts.jsonl", lines)
        for kind in ("states", "pairs", "negatives"):
            write_jsonl(one / f"{kind}.jsonl", _collect(lines, kind))
    return folder


def searched(name: str, outcome: str, reason: str = "", **learned: Any) -> dict[str, Any]:
    line = {"name": name, "statement_sha256": sha(name), "outcome": outcome, "reason": reason}
    return line | {"states": [], "pairs": [], "negatives": []} | learned


def state(pp: str, distance: int | None = None, ended: bool = False) -> dict[str, Any]:
    return {"state": pp, "distance": distance, "ended": ended}


# Labels


def test_labels_are_what_lean_said(tmp_path: Path) -> None:
    spent, capped = "the budget is spent (expansions)", "the budget is spent (seconds)"
    negative = {"state": "⊢ a", "tactic": "rfl", "why": "tactic", "instead": "simp"}
    first = [
        searched(
            "one",
            "proved",
            states=[state("⊢ a", 2), state("⊢ left"), state("⊢ dead", ended=True)],
            pairs=[{"state": "⊢ a", "tactic": "constructor"}],
            negatives=[negative, negative | {"tactic": "constructor", "why": "dead end"}],
        ),
        searched("two", "gave_up", spent, states=[state("⊢ b"), state("⊢ a"), state("⊢ later")]),
        searched("three", "gave_up", "no tactic is left to try", states=[state("⊢ c")]),
        searched(
            "four",
            "gave_up",
            capped,
            states=[state("⊢ slow"), state("⊢ gone", ended=True), state("case x\n⊢ c", 1)],
            negatives=[negative | {"tactic": "omega"}],
        ),
        searched("five", "disproved", "false at 3", states=[state("⊢ false"), state("⊢ part")]),
        searched("six", "crash", "Lean died", states=[state("⊢ crashed")]),
        {"name": "odd", "statement_sha256": sha("odd"), "outcome": "not elaborating"},
    ]
    second = [searched("two", "proved", states=[state("⊢ later", 1), state("⊢ open")])]
    rounds = write_rounds(tmp_path, first, second)
    labels = {(one.state, one.tactic): one for one in read_labels(rounds)}
    assert {what: one.good for what, one in labels.items()} == {
        ("⊢ a", ""): True,
        ("⊢ dead", ""): False,
        ("⊢ b", ""): False,
        ("⊢ later", ""): True,
        ("⊢ c", ""): True,  # the case x of another search
        ("⊢ false", ""): False,
        ("⊢ a", "constructor"): True,
        ("⊢ a", "simp"): True,
        ("⊢ a", "rfl"): False,
    }
    assert labels["⊢ a", ""].statements == {sha("one"), sha("two"), sha("four")}
    test, other = (
        next(s for s in map(str, range(99)) if (int(sha(s)[:8], 16) % 10 == 0) is held)
        for held in (True, False)
    )
    held = [
        Labelled("⊢ a", "", True, frozenset(map(sha, names))).held_out
        for names in ([test], [other], [test, other], [])
    ]
    assert held == [True, False, False, False]

    clean = rounds / "round_0" / "states.jsonl"
    write_jsonl(clean, [row for row in read_jsonl(clean) if row["state"] != "⊢ b"])
    assert ("⊢ b", "") not in {(one.state, one.tactic) for one in read_labels(rounds)}


def test_damaged_rounds_are_told_by_line(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"no round_K/states\.jsonl"):
        read_labels(tmp_path)
    rounds = write_rounds(tmp_path, [searched("one", "proved", states=[state("⊢ a", 1)])])
    for name, bad, said in [
        ("attempts", '{"name": "x"}', "no search of a round"),
        ("attempts", "[]", "no search of a round"),
        ("attempts", '{"na', "Unterminated string"),
        ("states", '{"distance": 3}', "no JSON object with state$"),
        ("pairs", '{"state": "⊢ p"}', "no JSON object with state and tactic"),
        ("negatives", '{"state": "⊢ p"}', "no JSON object with state, tactic and instead"),
    ]:
        file = rounds / "round_0" / f"{name}.jsonl"
        good = file.read_text()
        filler = good or json.dumps({"state": "⊢ a", "tactic": "b", "instead": "c"}) + "\n"
        file.write_text(filler + bad + "\n")
        with pytest.raises(WrongUse, match=rf"{name}\.jsonl, line 2: {said}"):
            read_labels(rounds)
        file.write_text(good)
    assert len(read_labels(rounds)) == 1


# Training


def test_it_tells_good_from_bad_on_what_was_held_out(init: Path, tmp_path: Path) -> None:
    labels, long = planted(220), replace(RECIPE, epochs=3.0, learning_rate=2e-3)
    said = train(init, tmp_path, labels, recipe=long)
    assert "0 too long" in said[0] and "step 1/" in said[1] and "loss 0.693" in said[1]
    report = json.loads((tmp_path / "report.json").read_text())
    for kind in ("states", "tactics"):
        trained, held = report[kind]["trained on"], report[kind]["held out"]
        assert trained["good"] + trained["bad"] + held["good"] + held["bad"] == 220
        assert trained["statements"] + held["statements"] == 220 and held["statements"] > 10
        assert held["auc"] > 0.9 and held["loss"] < held["loss of the share"]
        assert held["auc of baselines"]["fewer goals"] == 0.5
    assert "shorter tactic" in report["tactics"]["held out"]["auc of baselines"]

    value = ValueModel.load(tmp_path / "model")
    asked = [(one.state, one.tactic) for one in labels[:40]]
    together, alone = value.score(asked), [value.score([one])[0] for one in asked]
    assert together == pytest.approx(alone, abs=1e-4) and max(together) <= 0
    pp = asked[0][0]
    assert value(State("k", (Goal(pp, "x"),))) == value.score([(pp, "")])[0]
    assert value.score([("p ∧ " * 300, "")])[0] < 0
    assert value.score([]) == []

    (tmp_path / "report.json").unlink()  # it was killed before
    again = train(init, tmp_path, labels, recipe=long)
    assert again[1] == f"{tmp_path / 'model'} is there already"
    assert json.loads((tmp_path / "report.json").read_text()) == report
    with pytest.raises(WrongUse, match=r"other settings .*batch 16 there, 8 here"):
        train(init, tmp_path, labels, recipe=replace(long, batch=8))


def test_stopped_or_killed_it_ends_with_the_same_weights(init: Path, tmp_path: Path) -> None:
    labels = planted(40)
    train(init, tmp_path / "whole", labels)
    out = tmp_path / "parts"

    def interrupt(line: str) -> None:
        if line.startswith("step 2/"):
            os.kill(os.getpid(), signal.SIGINT)

    train(init, out, labels, report=interrupt)
    assert [path.name for path in out.glob("checkpoint-*")] == ["checkpoint-00000003"]
    assert not (out / "model").exists() and not (out / "report.json").exists()

    class Killed(BaseException):
        pass

    def die(line: str) -> None:
        if line.startswith("step 6/"):
            raise Killed

    with pytest.raises(Killed):
        train(init, out, labels, report=die, checkpoint_every=5)
    train(init, out, labels)
    train(init, tmp_path / "small", labels, micro_batch=4)
    whole, parts, small = (weights(tmp_path / name) for name in ("whole", "parts", "small"))
    assert whole.keys() == parts.keys()
    for name, weight in whole.items():
        assert torch.equal(weight, parts[name])
        torch.testing.assert_close(weight, small[name], rtol=1e-3, atol=1e-4)
    reports = [(tmp_path / name / "report.json").read_bytes() for name in ("whole", "parts")]
    assert reports[0] == reports[1]


def test_adapters_and_the_output_alone_are_trained(init: Path, tmp_path: Path) -> None:
    recipe = replace(RECIPE, epochs=2.0, gradient_checkpointing=True)
    train(init, tmp_path, planted(20), recipe=recipe, lora=2, checkpoint_every=1)
    (kept, *_) = tmp_path.glob("checkpoint-*/checkpoint-*/*.safetensors")
    assert kept.name == "adapter_model.safetensors"
    before, after = load_file(init / "model.safetensors"), weights(tmp_path)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed and all("proj" in name for name in changed)
    assert after.keys() - before.keys() == {"score.weight"} and after["score.weight"].any()
    assert ValueModel.load(tmp_path / "model").score([("⊢ p", "")])[0] < 0


def test_what_cannot_go_on_says_why(init: Path, tmp_path: Path) -> None:
    labels = planted(40)
    good = [one for one in labels if one.good]
    with pytest.raises(TrainingError, match="all are good, or all bad"):
        train(init, tmp_path / "a", good)
    with pytest.raises(TrainingError, match="holds no model"):
        train(tmp_path, tmp_path / "a", labels)
    with pytest.raises(Contaminated, match="contains the benchmark problem both"):
        known = [Problem("both", "theorem both (m n : Prop) (h : m) : m ∧ n")]
        train(init, tmp_path / "a", labels, benchmarks=known)
    assert not (tmp_path / "a").exists()
    wild = replace(RECIPE, learning_rate=1e30)
    with pytest.raises(TrainingError, match=r"(nan|inf).* in step .*checkpoint-0000"):
        train(init, tmp_path / "b", labels, recipe=wild, checkpoint_every=1)
    assert not (tmp_path / "b" / "model").exists()
    with pytest.raises(WrongUse, match="holds no value model: train one with"):
        ValueModel.load(init)  # it writes texts


# What uses it


class Given:
    """Suggests the same tactics for every state, the first first."""

    def __init__(self, *tactics: str) -> None:
        self.tactics = tactics

    async def generate(self, requests: Sequence[Request]) -> AsyncIterator[tuple[int, Suggestion]]:
        for index in range(len(requests)):
            for place, tactic in enumerate(self.tactics):
                yield index, Suggestion(tactic, -0.1 * (1 + place))


def steps(filled: Filled) -> list[tuple[str, int]]:
    """All that a search tried, in its order, and in which expansion."""
    (graph,) = filled.graphs
    tried = [(s.tactic, s.expansion) for s in graph.steps]
    return tried + [(t, f.expansion) for goal in graph.goals for t, f in goal.failed.items()]


def test_a_search_goes_where_it_was_proved_before(
    init: Path, lab: Lab, lean: Lean, tmp_path: Path
) -> None:
    """From searches with the real Lean by the commands to one that the model leads."""
    statements = [row(f"either_{q}", f"p ∨ {q}", f"(p {q} : Prop)", f"(h : {q})") for q in "abcdeq"]
    tactics = Given("left", "right", "assumption")
    options = Options(Budget(expansions=12), width=1, refute=False, discover=False)
    lines = [
        lab.wait(attempt(lab.prover, tactics, one, number, options))
        for number, one in enumerate(statements)
    ]
    assert {line["outcome"] for line in lines} == {"proved"}
    rounds = write_rounds(tmp_path / "rounds", lines)
    out = tmp_path / "value"
    words = ("train", "value", str(rounds), "--init", str(init), "--out", str(out))
    done = command(*words, "--batch", "16", "--epochs", "40", "--learning-rate", "2e-3")
    assert done.code == 0 and "the model is in" in done.err
    done = command(*words, "--preset", "huge")
    assert done.code == 2 and "choose one of large, cpu-tiny" in done.err

    samples = tmp_path / "samples.jsonl"
    root = "p q : Prop\nh : q\n⊢ p ∨ q"
    rows = [{"problem": root, "sample": s, "correct": s == "right"} for s in ("left", "right")]
    write_jsonl(samples, rows)
    scoring = ("train", "score", str(samples), "--out", str(tmp_path / "scored.jsonl"))
    done = command(*scoring, "--value", str(out / "model"))
    assert done.code == 0 and "2/2 scored" in done.err
    scored = read_jsonl(tmp_path / "scored.jsonl")
    assert [row.pop("score") <= 0 for row in scored] == [True, True] and scored == rows
    samples.write_text('{"problem": "⊢ p", "sample": "simp"}\n{"problem": "⊢ p"}\n')
    done = command(*scoring, "--value", str(out / "model"))
    assert done.code == 2 and "line 2: no JSON object with problem and sample" in done.err
    assert read_jsonl(tmp_path / "scored.jsonl")[0]["correct"] is False

    async def led() -> list[Filled]:
        settings = Settings(lean="embedded", jobs=1, value=str(out / "model"))
        async with Prover(settings, options, generator=tactics) as prover:
            return [await prover.fill_statement(statements[-1].statement) for _ in range(2)]

    first, second = run_anywhere(led())
    assert not can_say(Settings(value="x"), Options())  # no resident engine is asked
    alone = lab.wait(lab.beside(options, tactics).fill_statement(statements[-1].statement))
    assert first.proved and second.proved and alone.proved
    assert steps(first) == steps(second) != steps(alone)
    spent = [filled.verdicts[0].spent.expansions for filled in (first, alone)]
    assert spent[0] < spent[1]

    done = command(
        *("prove", "theorem t : True", "--lean", "embedded", "--engine", "off"),
        *("--value", str(tmp_path)),
    )
    assert done.code == 2 and "holds no value model: train one with" in done.err
