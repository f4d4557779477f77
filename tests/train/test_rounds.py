"""Expert iteration with a real Lean and a tiny model."""

import asyncio
import itertools
import json
import math
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from prover.api import Options
from prover.data.decontaminate import Benchmark, Problem, load_benchmark
from prover.data.theorems.corpus import all_held_out
from prover.errors import ProverError, WrongUse
from prover.files import mend, write_jsonl
from prover.generate.mixed import Silent
from prover.generate.portfolio import Portfolio
from prover.generate.prompts import step_format
from prover.models.presets import PRESETS, model_config, new_model
from prover.train.corpus import Recipe, TrainingError
from prover.train.preferences import Preference, read_preferences
from prover.train.rounds import (
    Explorer,
    Rounds,
    _clean,
    _collect,
    _grow,
    _negatives,
    attempt,
    choose,
    minimise,
    run_rounds,
)
from prover.train.sft import read_pairs, train_tactics
from search.best_first import BestFirst
from search.budget import Budget
from search.interfaces import (
    Failure,
    Goal,
    Outcome,
    Progress,
    Request,
    State,
    Suggestion,
)
from search.proof import script
from search.scheduler import Scheduler
from tests.lab import NUMBERS, Lab
from tests.train.school import PAIRS, ROOT, ROWS, row, tokenizer, train, write_rows

PROP = "p q : Prop\nhp : p\nhq : q\n⊢ p ∧ q"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sft")
    fresh = new_model(model_config(PRESETS["tiny"], len(tokenizer())), 0)
    train_tactics(fresh, tokenizer(), PAIRS, out, Recipe(20, 8, 128, 2e-3, 2))
    return out / "model"


# The order of tactics


async def suggested(explorer: Explorer, seed: int = 0) -> list[Suggestion]:
    request = Request(State(PROP, (Goal(PROP, "p ∧ q"),)), seed=seed)
    return [suggestion async for _, suggestion in explorer.generate([request])]


def test_the_first_attempt_takes_tactics_as_they_are_rated() -> None:
    found = asyncio.run(suggested(Explorer(Portfolio(), Silent(), 1.0, 0)))
    plain = asyncio.run(_portfolio())
    assert [s.tactic for s in found] == [s.tactic for s in plain]


async def _portfolio() -> list[Suggestion]:
    request = Request(State(PROP, (Goal(PROP, "p ∧ q"),)))
    return [suggestion async for _, suggestion in Portfolio().generate([request])]


def test_later_attempts_draw_without_replacement_by_probability() -> None:
    plain = asyncio.run(suggested(Explorer(Portfolio(), Portfolio(), 1.0, 0)))
    firsts = []
    for number in range(1, 400):
        drawn = asyncio.run(suggested(Explorer(Portfolio(), Portfolio(), 1.0, number)))
        assert sorted(s.tactic for s in drawn) == sorted(s.tactic for s in plain)
        assert all(a.logprob >= b.logprob for a, b in itertools.pairwise(drawn))
        firsts.append(drawn[0].tactic)
    weights = torch.tensor([s.logprob for s in plain]).softmax(0).tolist()
    for suggestion, weight in list(zip(plain, weights, strict=True))[:3]:
        share = firsts.count(suggestion.tactic) / len(firsts)
        assert share == pytest.approx(weight, abs=4 * (weight * (1 - weight) / 399) ** 0.5)
    explorer = Explorer(Portfolio(), Portfolio(), 1.0, 7)
    assert asyncio.run(suggested(explorer)) == asyncio.run(suggested(explorer))
    assert asyncio.run(suggested(explorer)) != asyncio.run(suggested(explorer, seed=1))


@pytest.mark.parametrize("number", [0, 3])
def test_what_is_malformed_is_passed_on_and_disturbs_no_draw(number: int) -> None:
    class Wrong(Portfolio):
        async def generate(
            self, requests: Sequence[Request]
        ) -> AsyncIterator[tuple[int, Suggestion]]:
            yield 0, Suggestion("simp", math.nan, 5)
            async for arrival in super().generate(requests):
                yield arrival

    plain, explorer = (Explorer(one, one, 1.0, number) for one in (Portfolio(), Wrong()))
    tokens, *found, flawed = asyncio.run(suggested(explorer))
    assert tokens == Suggestion("", 0.0, 5)
    assert found == asyncio.run(suggested(plain))
    assert flawed.flaw is not None and flawed.tokens == 0


# Statements


def test_statements_of_moderate_success_come_first() -> None:
    rows = [row(f"t{i}", f"{i} = {i}") for i in range(300)]
    history = {r.statement_sha256: (0, 20) for r in rows[:100]}
    history |= {r.statement_sha256: (20, 20) for r in rows[100:200]}
    history |= {r.statement_sha256: (10, 20) for r in rows[200:]}
    chosen = choose(rows, history, 60, seed=1)
    assert chosen == choose(rows[::-1], history, 60, seed=1)
    assert chosen != choose(rows, history, 60, seed=2)
    moderate = sum(r in rows[200:] for r in chosen)
    assert moderate >= 32  # 20 if all were alike


# What a proof teaches


def test_redundant_steps_are_dropped_and_the_rest_is_checked(lab: Lab) -> None:
    both = row("both", "p ∧ (q ∧ p)", "(p q : Prop)", "(hp : p)", "(hq : q)")
    root = lab.state(both.statement)
    steps = [
        "have h : True := trivial",
        "constructor",
        "have g := hp",
        "exact hp",
        "have g := hq",
        "constructor",
        "exact hq",
        "exact hp",
    ]
    proof = lab.wait(_grow(lab.pool, root, steps, []))
    assert proof is not None
    shorter = lab.wait(minimise(lab.prover, both, proof))
    assert script(shorter) == "constructor\n· exact hp\n· constructor\n  · exact hq\n  · exact hp"
    assert lab.wait(minimise(lab.prover, both, shorter)) is shorter


def test_an_attempt_keeps_pairs_negatives_and_distances(lab: Lab, tmp_path: Path) -> None:
    class Given:
        async def generate(self, requests: Sequence[Request]) -> Any:
            for index, request in enumerate(requests):
                known = {
                    "p ∧ q": ["rfl", "constructor", "omega"],
                    "p": ["exact hq", "exact hp"],
                    "q": ["have h := hp", "exact hq"],
                }[request.state.goals[0].target]
                for place, tactic in enumerate(known):
                    yield index, Suggestion(tactic, -1.0 - place)

    one = row("and", "p ∧ q", "(p q : Prop)", "(hp : p)", "(hq : q)")

    options = Options(Budget(expansions=10), refute=False)
    line = lab.wait(attempt(lab.prover, Given(), one, 0, options))
    assert line["outcome"] == "proved" and line["steps"] == 3
    goals = {pair["state"].rpartition("⊢ ")[2]: pair["tactic"] for pair in line["pairs"]}
    assert goals == {"p ∧ q": "constructor", "p": "exact hp", "q": "exact hq"}
    wrong = {(n["state"].rpartition("⊢ ")[2], n["tactic"], n["instead"]) for n in line["negatives"]}
    assert {("p ∧ q", "rfl", "constructor"), ("p", "exact hq", "exact hp")} <= wrong
    assert all(negative["why"] == "tactic" for negative in line["negatives"])
    write_jsonl(tmp_path / "round_0" / "attempts.jsonl", [line])
    write_jsonl(tmp_path / "round_0" / "negatives.jsonl", _collect([line], "negatives"))
    assert Preference(PROP, "constructor", "rfl") in read_preferences(tmp_path)
    distances = {s["state"].rpartition("⊢ ")[2]: s["distance"] for s in line["states"][:3]}
    assert distances == {"p ∧ q": 3, "p": 1, "q": 1}


def test_pairs_of_another_format_show_what_the_goal_is_about(lab: Lab) -> None:
    class Given:
        async def generate(self, requests: Sequence[Request]) -> Any:
            yield 0, Suggestion("exact (plus_zero k).symm.trans g", -1.0)

    lemma = "theorem plus_zero (n : Num) : plus n .zero = n := by induction n <;> simp_all [plus]"
    zero = row("zero", "k = .zero", "(k : Num)", "(g : plus k .zero = .zero)")
    one = replace(zero, header=f"{NUMBERS}\n{lemma}\n")
    options, form = Options(Budget(expansions=1), refute=False), step_format("prover-context")
    line = lab.wait(attempt(lab.prover, Given(), one, 0, options, form))
    (pair,) = line["pairs"]
    assert pair["asked"].startswith("[CONTEXT]∀ (x : Num), plus Num.zero x = x\n")
    assert pair["asked"].endswith(
        "theorem plus_zero : ∀ (n : Num), plus n Num.zero = n\n"
        "[GOAL]x0 : Num\nh0 : plus x0 Num.zero = Num.zero\n⊢ x0 = Num.zero[PROOFSTEP]"
    )
    assert pair["answered"] == "exact (plus_zero x0).symm.trans h0"
    for statement in (lemma, "theorem held (n : Num) (h : plus n .zero = .zero) : n = .zero"):
        held, rejected = Benchmark([Problem("held", statement)], ("lean",)), Counter[str]()
        assert not list(_clean([pair], [held], rejected)) and rejected == {"held (lean)": 1}


class Late:
    """A world in which only `good` proves anything, and every tactic takes its own time (seconds)."""

    capacity = 8

    def __init__(self, times: dict[str, float]) -> None:
        self.times = times
        self.ended: list[str] = []

    async def run(self, state: State, tactic: str, *, brief: bool = False) -> Outcome:
        await asyncio.sleep(self.times[tactic])
        self.ended.append(tactic)
        if tactic == "good":
            return Progress(tactic, (), ())
        return Failure("timeout" if tactic == "slow" else "tactic", "no")

    async def counterexample(self, state: State) -> str | None:
        return None

    def release(self, states: Sequence[State]) -> None:
        pass


def test_failures_are_noted_in_the_order_of_the_commits(tmp_path: Path) -> None:
    """Whichever ends first; what ended and was not needed any more is no failure."""
    tactics = ["bad a", "slow", "bad b", "good", "bad c"]

    class Given:
        async def generate(self, requests: Sequence[Request]) -> Any:
            for place, tactic in enumerate(tactics):
                yield 0, Suggestion(tactic, -1.0 - place)

    async def ended(*times: float) -> list[str]:
        world = Late(dict(zip(tactics, times, strict=True)))
        async with Scheduler(world) as scheduler:
            search = BestFirst(State("root", (Goal("⊢ root", "root"),)))
            assert (await scheduler.run(search, Given())).status == "proved"
        line = {"name": "t", "negatives": _negatives(search.graph, {})}
        write_jsonl(tmp_path / f"{times}.jsonl", _collect([line], "negatives"))
        return world.ended

    early = asyncio.run(ended(0.0, 0.02, 0.04, 0.06, 0.5))
    late = asyncio.run(ended(0.08, 0.06, 0.04, 0.02, 0.0))
    assert early == tactics[:-1] and late == tactics[::-1]
    first, second = (path.read_text() for path in tmp_path.glob("*.jsonl"))
    assert first == second
    rows = [json.loads(row) for row in first.splitlines()]
    assert [(row["tactic"], row["why"], row["instead"]) for row in rows] == [
        ("bad a", "tactic", "good"),
        ("bad b", "tactic", "good"),
    ]


def test_an_unfinished_line_is_cut_off(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    mend(file)
    file.write_text('{"a": 1}\n{"b')
    mend(file)
    assert file.read_text() == '{"a": 1}\n'


def test_what_holds_a_benchmark_problem_is_left_out_and_counted() -> None:
    known = Benchmark([Problem("comm", "theorem comm (x y : Nat) : x + y = y + x")])
    rejected: Counter[str] = Counter()
    rows = [{"state": "a b : Nat\n⊢ a + b = b + a"}, {"state": "a b : Nat\n⊢ a * b = b * a"}]
    assert list(_clean(rows, [known], rejected)) == rows[1:]
    assert rejected == {"comm (lean)": 1}


# Rounds

SETTINGS = Rounds(
    rounds=2,
    statements=4,
    attempts=2,
    expansions=4,
    samples=2,
    max_tokens=16,
    seconds=1000.0,
    most_success=1.0,
    epochs=1.0,
    preset="tiny",
)


def files(out: Path) -> dict[str, Any]:
    """All that a run leaves, without the times it took."""
    found: dict[str, Any] = {}
    for path in sorted(out.rglob("round_*/*.json*")):
        text = path.read_text()
        if path.name == "attempts.jsonl":
            lines = [json.loads(line) for line in text.splitlines()]
            found[str(path.relative_to(out))] = [
                {k: v for k, v in line.items() if k != "seconds"} for line in lines
            ]
        elif path.name == "report.json":
            report = json.loads(text)
            found[str(path.relative_to(out))] = {k: v for k, v in report.items() if k != "seconds"}
        else:
            found[str(path.relative_to(out))] = text
    return found


@pytest.mark.lean
def test_killed_at_any_moment_it_goes_on_to_the_same_files(model: Path, tmp_path: Path) -> None:
    """The command is killed in the middle of a search and before a training, and ends with the
    files of a run that was left alone."""
    statements = tmp_path / "train.jsonl"
    write_jsonl(statements, [one.to_json() for one in ROWS[2:]])
    lines = [{"state": pair.state, "tactic": pair.tactic} for pair in PAIRS]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    out = tmp_path / "killed"
    command = [
        *("rounds", statements, "--init", model),
        *("--out", out, "--replay", tmp_path / "pairs.jsonl", "--preset", "tiny"),
        *("--benchmark", ROOT / "tests/data/benchmark.jsonl", "--lean", "embedded"),
        *("--rounds", 2, "--statements", 2, "--attempts", 2, "--expansions", 4, "--timeout", 1000),
        *("--samples", 2, "--most-success", 1, "--epochs", 1),
    ]
    log = out / "round_0" / "attempts.jsonl"
    train(*command, until=lambda: log.exists() and log.read_bytes().count(b"\n") >= 1)
    with log.open("a") as file:
        file.write('{"name": "half a li')
    train(*command, until=(out / "round_0" / "pairs.jsonl").exists)
    assert not (out / "round_0" / "report.json").exists()

    torch.set_num_threads(1)  # sums of floats depend on it
    settings = replace(SETTINGS, statements=2, max_tokens=64)
    whole, again = (
        run_rounds(
            statements,
            model,
            folder,
            settings,
            benchmarks=load_benchmark(ROOT / "tests/data/benchmark.jsonl"),
            held_out=all_held_out(),
            replay=tmp_path / "pairs.jsonl",
            lean="embedded",
        )
        for folder in (tmp_path / "whole", out)
    )
    assert files(out) == files(tmp_path / "whole")
    for number in range(2):
        a, b = (
            load_file(one / f"round_{number}/model/model.safetensors")
            for one in (out, tmp_path / "whole")
        )
        assert all(torch.equal(a[name], b[name]) for name in a)
        assert not list((out / f"round_{number}").glob("checkpoint-*"))
    assert again == [json.loads((out / f"round_{n}/report.json").read_text()) for n in range(2)]
    assert whole[0]["statements proved"] == 1
    assert whole[0]["outcomes"] == {"proved": 2, "disproved": 2}
    assert read_pairs(out / "round_0" / "pairs.jsonl")
    first = load_file(model / "model.safetensors")
    assert any(not torch.equal(first[name], a[name]) for name in first)

    with pytest.raises(ProverError, match=r"other settings .*expansions 4 there, 5 here"):
        run_rounds(statements, model, out, replace(settings, expansions=5), benchmarks=[])


def test_bad_input_is_refused_with_the_reason(model: Path, tmp_path: Path) -> None:
    missing = tmp_path / "nothing.jsonl"
    with pytest.raises(WrongUse, match="cannot read"):
        run_rounds(missing, model, tmp_path / "out", SETTINGS, benchmarks=[])
    statements = write_rows(tmp_path / "train.jsonl")
    with pytest.raises(TrainingError, match="no statement for training"):
        run_rounds(statements, model, tmp_path / "out", SETTINGS, benchmarks=[], held_out=ROWS)
    assert not (tmp_path / "out").exists()
