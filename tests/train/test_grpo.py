"""Reinforcement learning with a tiny model and the real Lean, on a CPU."""

import math
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import LlamaForSequenceClassification

from prover.api import Options
from prover.data.decontaminate import Benchmark, Problem
from prover.errors import WrongUse
from prover.files import read_jsonl, write_jsonl
from prover.generate.prompts import Sampling
from prover.generate.transformers import TransformersGenerator
from prover.generate.value import ValueModel
from prover.lean.toolchain import Lean
from prover.models.presets import model_config, new_model
from prover.train.corpus import Recipe, TrainingError
from prover.train.goals import Goal, goals_of
from prover.train.grpo import (
    GRPO_RECIPES,
    GrpoRecipe,
    NothingToLearn,
    Source,
    share_alike,
    spread,
    step_advantages,
    step_ends,
    train_grpo,
)
from prover.train.reward import SCALES, Kind, LeanRewards, Scored, TrainingState
from prover.train.rounds import attempt
from prover.train.sft import Pair, train_tactics
from search.budget import Budget
from search.interfaces import Request, Suggestion
from tests.command import command
from tests.train import school
from tests.train.school import SHAPE, row, tokenizer

KINDS: tuple[Kind, ...] = ("outcome", "process")
WRONG = "left"
TAUGHT = [
    (row("swap", "q ∧ p", "(p q : Prop)", "(h : p ∧ q)"), "exact ⟨h.2, h.1⟩"),
    (row("both", "p ∧ q", "(p q : Prop)", "(hp : p)", "(hq : q)"), "exact ⟨hp, hq⟩"),
    (row("comm", "a + b = b + a", "(a b : Nat)"), "omega"),
]
ROWS = [row for row, _ in TAUGHT]
PRINTS = [
    "p q : Prop\nh : p ∧ q\n⊢ q ∧ p",
    "p q : Prop\nhp : p\nhq : q\n⊢ p ∧ q",
    "a b : Nat\n⊢ a + b = b + a",
]
RECIPE = replace(
    GRPO_RECIPES["cpu-tiny"], learning_rate=1e-3, batch=12, generations=4, completion=16, steps=4
)


@pytest.fixture(scope="module")
def rewards(lean: Lean) -> Iterator[LeanRewards]:
    torch.set_num_threads(1)  # sums of floats depend on it
    with LeanRewards(lean="embedded") as rewards:
        yield rewards


@pytest.fixture(scope="module")
def init(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that is right about half of the time."""
    out = tmp_path_factory.mktemp("sft")
    good = [Pair(pp, tactic) for pp, (_, tactic) in zip(PRINTS, TAUGHT, strict=True)]
    bad = [Pair(pp, WRONG) for pp in PRINTS]
    model = new_model(model_config(SHAPE, len(tokenizer())), 0)
    train_tactics(model, tokenizer(), good + bad, out, Recipe(70, 6, 128, 5e-3, 5))
    return out / "model"


def train(
    init: Path,
    out: Path,
    rewards: LeanRewards,
    recipe: GrpoRecipe = RECIPE,
    source: Source | None = None,
    **options: Any,
) -> list[str]:
    lines: list[str] = []
    given = {"report": lines.append} | options
    train_grpo(init, source or Source(ROWS, probe=0), out, recipe, rewards, **given)
    return lines


def same(first: Path, second: Path) -> bool:
    a, b = (load_file(one / "model/model.safetensors") for one in (first, second))
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def mean_rewards(lines: list[str]) -> list[float]:
    return [float(found[1]) for line in lines if (found := re.search(r"reward ([\d.]+)", line))]


# The recipes


@pytest.mark.parametrize(
    ("name", "cited"),
    [
        (
            "deepseekmath",
            {
                "learning_rate": 1e-6,
                "beta": 0.04,
                "generations": 64,
                "completion": 1024,
                "batch": 16 * 64,
                "loss": "grpo",
                "scale_rewards": True,
            },
        ),
        (
            "dsp-v1.5",
            {
                "learning_rate": 5e-6,
                "beta": 0.02,
                "generations": 32,
                "completion": 2048,
                "batch": 512,
                "warmup": 0,
            },
        ),
        (
            "kimina-rl",
            {
                "learning_rate": 2e-6,
                "beta": 0.0,
                "generations": 8,
                "batch": 256 * 8,
                "loss": "dr_grpo",
                "clip": (0.2, 0.3),
                "scale_rewards": False,
            },
        ),
    ],
)
def test_the_presets_have_the_published_values(name: str, cited: dict[str, Any]) -> None:
    recipe = GRPO_RECIPES[name]
    assert {field: getattr(recipe, field) for field in cited} == cited


# Advantages of steps


def scored(*rewards: float) -> Scored:
    steps = tuple((10 * (place + 1), reward) for place, reward in enumerate(rewards))
    return Scored(sum(rewards) / len(rewards), steps)


def test_a_step_has_the_normalised_rewards_from_it_on() -> None:
    """By hand: the rewards 1, 0, 0, 1 of the first group have mean 1/2 and deviation sqrt(1/3)."""
    group = [scored(1.0, 0.0), scored(0.0), scored(1.0), Scored(None)]
    z = 0.5 / ((1 / 3) ** 0.5 + 1e-4)
    found = step_advantages([*group, *[scored(1.0)] * 4], 4)
    assert found[0] == pytest.approx([0.0, -z]) and found[1] == pytest.approx([-z])
    assert found[2] == pytest.approx([z]) and found[3] == []
    assert found[4:] == [[0.0]] * 4
    assert step_advantages(group, 4, scaled=False)[2] == pytest.approx([0.5])
    assert step_advantages([Scored(None)] * 2, 2) == [[], []]
    assert share_alike([*group, *[scored(1.0)] * 4], 4) == 0.5
    assert share_alike([Scored(None)] * 4, 4) == 1.0


def test_every_token_has_the_advantage_of_its_step() -> None:
    words = tokenizer()
    text = "constructor\n· exact ⟨hp, hq⟩\n· omega"
    places = [len("constructor"), text.index("⟩") + 1, len(text)]
    ids = [*words(text)["input_ids"], words.eos_token_id]
    ends = step_ends(words, ids, text, places)
    assert [words.decode(ids[: end + 1], skip_special_tokens=True) for end in ends] == [
        text[: places[0]],
        text[: places[1]],
        text,
    ]
    tokens = spread([[3.0, 2.0, 1.0], []], [ends, []], len(ids) + 2)
    assert tokens[0].tolist() == (
        [3.0] * (ends[0] + 1)
        + [2.0] * (ends[1] - ends[0])
        + [1.0] * (ends[2] - ends[1])
        + [0.0] * 2
    )
    assert not tokens[1].any()


# Training


def test_the_model_learns_what_lean_accepts(
    init: Path, rewards: LeanRewards, tmp_path: Path
) -> None:
    rewards.action, rewards.kind = "tactic", "outcome"
    hard = row("hard", "p", "(p : Prop)")
    recipe = replace(RECIPE, learning_rate=2e-3, batch=24, generations=8, steps=12)
    lines = train(init, tmp_path, rewards, recipe, Source([*ROWS, hard], probe=8))
    found = mean_rewards(lines)
    assert len(found) == 12
    assert sum(found[-4:]) / 4 > sum(found[:4]) / 4 + 0.15
    states = [Goal.from_json(line) for line in read_jsonl(tmp_path / "states.jsonl")]
    assert {goal.state.statement for goal in states} <= {row.statement for row in ROWS}
    assert all(0 < (goal.rate or 0) < 1 for goal in states)
    generator = TransformersGenerator.load(str(tmp_path / "model"), sampling=Sampling(1))
    assert generator.model.config.model_type == "llama"
    assert train(init, tmp_path, rewards, recipe, Source([*ROWS, hard], probe=8)) == [
        f"{tmp_path / 'model'} is there already"
    ]
    with pytest.raises(WrongUse, match=r"other settings .*beta 0.01 there, 0.5 here"):
        train(init, tmp_path, rewards, replace(recipe, beta=0.5), Source([*ROWS, hard], probe=8))


def test_killed_it_ends_with_the_same_weights(
    init: Path, rewards: LeanRewards, tmp_path: Path
) -> None:
    """The command is killed after a checkpoint, and goes on from there."""
    rewards.action, rewards.kind = "tactic", "process"
    recipe = replace(RECIPE, steps=4)
    source = Source(sorted(ROWS, key=lambda row: row.statement_sha256), probe=0)
    train(init, tmp_path / "whole", rewards, recipe, source)
    write_jsonl(tmp_path / "train.jsonl", [row.to_json() for row in ROWS])
    out = tmp_path / "killed"
    words = [
        *("grpo", tmp_path / "train.jsonl", "--init", init, "--out", out, "--reward", "process"),
        *("--learning-rate", 1e-3, "--batch", 12, "--generations", 4, "--completion", 16),
        *("--steps", 4, "--probe", 0, "--lean", "embedded", "--checkpoint-every", 2),
    ]
    school.train(*words, until=(out / "checkpoint-00000002").exists)
    assert not (out / "model").exists()
    lines = train(init, out, rewards, recipe, source)
    assert int(lines[0].removeprefix("step ")[0]) == 3
    assert same(out, tmp_path / "whole")


def test_adapters_alone_are_trained_and_end_as_part_of_a_model(
    init: Path, rewards: LeanRewards, tmp_path: Path
) -> None:
    rewards.action, rewards.kind = "tactic", "outcome"
    recipe = replace(RECIPE, steps=2, learning_rate=1e-2, gradient_checkpointing=True)
    train(init, tmp_path / "whole", rewards, recipe, lora=2)

    class Killed(BaseException):
        pass

    def die(line: str) -> None:
        if line.startswith("step 2/"):
            raise Killed

    out = tmp_path / "parts"
    with pytest.raises(Killed):
        train(init, out, rewards, recipe, lora=2, report=die, checkpoint_every=1)
    kept = next(out.glob("checkpoint-00000001/checkpoint-*/*.safetensors"))
    assert all("lora" in name for name in load_file(kept))
    train(init, out, rewards, recipe, lora=2)
    assert same(out, tmp_path / "whole")
    before, after = (load_file(one / "model.safetensors") for one in (init, out / "model"))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert before.keys() == after.keys() and changed and all("proj" in name for name in changed)
    TransformersGenerator.load(str(out / "model"))

    hopeless = Source([row("no", "p", "(p : Prop)")], probe=0)
    short = replace(recipe, batch=4, generations=2, completion=4, steps=40)
    with pytest.raises(NothingToLearn) as ended:
        train(init, tmp_path / "hopeless", rewards, short, hopeless, lora=2)
    TransformersGenerator.load(str(ended.value.model))


def test_the_advantage_of_a_single_step_is_that_of_its_reward(
    init: Path, rewards: LeanRewards, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours for each token and TRL's for each completion change the weights in the same way."""
    monkeypatch.setitem(SCALES, "process", SCALES["outcome"])
    rewards.action = "tactic"
    for kind in KINDS:
        rewards.kind = kind
        train(init, tmp_path / kind, rewards, replace(RECIPE, steps=2))
    start, *ends = (
        load_file(folder / "model.safetensors")
        for folder in (init, *(tmp_path / kind / "model" for kind in KINDS))
    )
    for name, weight in ends[0].items():
        torch.testing.assert_close(weight, ends[1][name], rtol=1e-4, atol=1e-6)
    assert any(not torch.equal(start[name], weight) for name, weight in ends[0].items())


def test_whole_proofs_with_a_reward_for_each_tactic(
    init: Path, rewards: LeanRewards, tmp_path: Path
) -> None:
    rewards.action, rewards.kind = "proof", "process"
    lines = train(init, tmp_path, rewards, replace(RECIPE, steps=1, beta=0.0, loss="dr_grpo"))
    assert len(mean_rewards(lines)) == 1
    before, after = (
        load_file(init / "model.safetensors"),
        load_file(tmp_path / "model/model.safetensors"),
    )
    assert any(not torch.equal(before[name], after[name]) for name in before)


def test_a_value_model_rates_tactics_and_their_statement_weighs(
    init: Path, lean: Lean, tmp_path: Path
) -> None:
    judge = model_config(SHAPE, len(tokenizer()))
    judge.num_labels, judge.pad_token_id = 1, tokenizer().pad_token_id
    torch.manual_seed(0)
    LlamaForSequenceClassification(judge).save_pretrained(tmp_path / "value")
    tokenizer().save_pretrained(tmp_path / "value")
    asked = [(PRINTS[0], "exact ⟨h.2, h.1⟩"), (PRINTS[1], "constructor"), (PRINTS[1], WRONG)]
    good = math.exp(ValueModel.load(tmp_path / "value").score(asked[1:2])[0])
    assert 0 < good < 1
    value, quality = tmp_path / "value", {ROWS[0].statement_sha256: 0.25}
    states = [TrainingState("", row.statement) for row in (ROWS[0], ROWS[1], ROWS[1])]
    with LeanRewards("tactic", "product", value=value, quality=quality, lean="embedded") as both:
        product, step, failed = both.score(states, [tactic for _, tactic in asked])
        assert product.value == 0.25 and failed.value == 0.0
        assert step.value == pytest.approx(good, rel=1e-4)
        both.kind, both.action = "value", "proof"
        script = "constructor\n· exact hp\n· exact hp"
        (whole,) = both.score(states[1:2], [script])
        assert [one for _, one in whole.steps] == pytest.approx([good, 1.0, 0.0], rel=1e-4)
        both.kind, both.action = "product", "tactic"
        recipe = replace(
            GRPO_RECIPES["wizardmath"], batch=12, generations=4, completion=16, steps=1
        )
        assert len(mean_rewards(train(init, tmp_path / "out", both, recipe))) == 1
        both.quality = {}
        with pytest.raises(WrongUse, match=r"other settings .*quality"):
            train(init, tmp_path / "out", both, recipe)
    before, after = (load_file(one / "model.safetensors") for one in (init, tmp_path / "out/model"))
    assert any(not torch.equal(before[name], after[name]) for name in before)
    (line,) = read_jsonl(tmp_path / "out" / "rewards.jsonl")
    assert line["step"] == 1 and 0 <= line["reward"] <= 1
    with pytest.raises(WrongUse, match="goes with the rewards value, product"):
        LeanRewards("tactic", "product")


class Given:
    """Suggests the same tactics for every state, the first first."""

    def __init__(self, *tactics: str) -> None:
        self.tactics = tactics

    async def generate(self, requests: Sequence[Request]) -> AsyncIterator[tuple[int, Suggestion]]:
        for index in range(len(requests)):
            for place, tactic in enumerate(self.tactics):
                yield index, Suggestion(tactic, -1.0 - place)


def test_states_of_the_rounds_are_those_of_moderate_success(
    rewards: LeanRewards, tmp_path: Path
) -> None:
    rewards.action = "tactic"
    steps = row("steps", "p ∧ (q ∧ p)", "(p q : Prop)", "(hp : p)", "(hq : q)")
    easy, never = row("easy", "p → p", "(p : Prop)"), row("never", "p", "(p : Prop)")
    options = Options(Budget(expansions=10), refute=False, discover=False)
    careful = Given("constructor", "assumption", "intro h")
    searches = [(steps, careful), (steps, Given()), (easy, careful), (never, Given())]
    searched = [
        rewards._wait(attempt(rewards._prover, generator, one, number, options))
        for number, (one, generator) in enumerate(searches)
    ]
    assert [line["outcome"] for line in searched] == ["proved", "gave_up", "proved", "gave_up"]
    rounds = tmp_path / "rounds"
    write_jsonl(rounds / "round_0" / "attempts.jsonl", searched)
    goals = goals_of([steps, easy, never], rounds, rewards)
    assert {goal.state.statement for goal in goals} == {steps.statement}
    assert {goal.rate for goal in goals} == {0.5}
    prints = [goal.prompt.removeprefix("[GOAL]").removesuffix("[PROOFSTEP]") for goal in goals]
    assert rewards.prints([goal.state for goal in goals]) == prints
    targets = [pp.rpartition("⊢ ")[2] for pp in prints]
    assert targets[0] == "p ∧ q ∧ p" and {"p", "q ∧ p", "q"} <= set(targets)
    rewards.kind = "process"
    (found,) = rewards.score([goals[0].state], ["constructor"])
    assert found.value == 0.5  # its two states are nearer to a proof
    rewards.action = "proof"
    assert [goal.state.history for goal in goals_of([steps], rounds, rewards)] == [()]
    rewards.action = "tactic"
    known = [Benchmark([Problem("and", "theorem and (a b : Prop) (ha : a) (hb : b) : b ∧ a")])]
    assert "q ∧ p" not in {
        goal.prompt.rpartition("⊢ ")[2].removesuffix("[PROOFSTEP]")
        for goal in goals_of([steps], rounds, rewards, known)
    }

    with pytest.raises(TrainingError, match="of 2 statements none was sometimes proved"):
        goals_of([easy, never], rounds, rewards)
    with pytest.raises(WrongUse, match=r"no round_K/attempts\.jsonl"):
        goals_of([steps], tmp_path, rewards)
    (rounds / "round_0" / "attempts.jsonl").write_text('{"name": "x"}\n')
    with pytest.raises(WrongUse, match="is no search"):
        goals_of([steps], rounds, rewards)


def test_what_cannot_go_on_says_why(init: Path, rewards: LeanRewards, tmp_path: Path) -> None:
    rewards.action, rewards.kind = "tactic", "outcome"
    short = replace(RECIPE, batch=4, generations=2, completion=4, steps=40)
    with pytest.raises(TrainingError, match=r"of 1 states the model always or never succeeds"):
        train(init, tmp_path / "a", rewards, short, Source([row("no", "p", "(p : Prop)")]))
    with pytest.raises(TrainingError, match=r"last 16 steps, 100% of the groups had equal rewards"):
        train(init, tmp_path / "b", rewards, short, Source([row("no", "p", "(p : Prop)")], probe=0))
    TransformersGenerator.load(str(tmp_path / "b" / "checkpoint-00000015" / "checkpoint-15"))
    with pytest.raises(TrainingError, match=r"none elaborates"):
        train(init, tmp_path / "c", rewards, source=Source([row("odd", "no_such_thing")]))
    with pytest.raises(TrainingError, match=r"batch of 12 .*groups of 5"):
        train(init, tmp_path / "d", rewards, replace(RECIPE, generations=5))
    with pytest.raises(TrainingError, match=r"room for 250 tokens in 256 positions"):
        train(init, tmp_path / "e", rewards, replace(RECIPE, completion=250))
    with pytest.raises(TrainingError, match=r"pip install 'prover\[vllm\]'"):
        train(init, tmp_path / "f", rewards, vllm="colocate")
    with pytest.raises(TrainingError, match=r"holds no model"):
        train(tmp_path, tmp_path / "f", rewards)
    with pytest.raises(TrainingError, match=r"make --batch a multiple of 5"):
        train(init, tmp_path / "g", rewards, micro_batch=5)

    lines: list[str] = []
    wild = replace(RECIPE, learning_rate=1e30, steps=9)
    with pytest.raises(TrainingError, match=r"(no numbers|nan|inf).* in step .*checkpoint-0000"):
        train(init, tmp_path / "h", rewards, wild, report=lines.append, checkpoint_every=1)
    assert (tmp_path / "h" / "checkpoint-00000001" / "progress.json").exists()

    gone = Goal("[GOAL]⊢ x[PROOFSTEP]", TrainingState("", "theorem t : no_such_thing"))
    file = tmp_path / "e" / "states.jsonl"
    write_jsonl(file, [gone.to_json()])
    with pytest.raises(
        TrainingError, match=r"no answer to any of 12 actions in step 1 .*statement"
    ):
        train(init, tmp_path / "e", rewards, replace(RECIPE, completion=250))
    file.write_text('{"prompt": "x"}\n')
    with pytest.raises(WrongUse, match=r"states\.jsonl is damaged"):
        train(init, tmp_path / "e", rewards, replace(RECIPE, completion=250))


def test_wrong_use_of_the_command(tmp_path: Path) -> None:
    words = ("train", "grpo", str(tmp_path / "none"), "--init", "x", "--out", str(tmp_path / "o"))
    for option, value, said in [
        ("--preset", "ppo", "choose one of deepseekmath, dsp-v1.5, kimina-rl, wizardmath, "),
        ("--action", "lemma", "choose one of tactic, proof"),
        ("--reward", "length", "choose one of outcome, process, value, product"),
        ("--reward", "product", "--reward product and --evolved go together"),
        ("--vllm", "yes", "choose one of colocate, server"),
        ("--preset", "cpu-tiny", "cannot read"),
    ]:
        done = command(*words, option, value)
        assert done.code == 2 and said in done.err
    assert not (tmp_path / "o").exists()
