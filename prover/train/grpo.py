"""Reinforcement learning from Lean's verdicts: group relative policy optimisation (GRPO, Shao et al.
2024, arXiv 2402.03300, section 4) with `trl.GRPOTrainer`.

For each state a group of actions is drawn from the model; what makes an action better is that Lean
thinks more of it than of the others of its group. `out` gets

    settings.json            what the training is about: nothing else may go on with it
    states.jsonl             the states that are trained on, with their success rates
    rewards.jsonl            of each step the mean reward, and the share of the groups that are alike
    checkpoint-…, tensorboard, model    as in continued pretraining

Every draw follows from the seed, the step and the process, so that a training that was stopped, or
killed, ends with the weights of one that was not.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from prover.data.decontaminate import Benchmark
from prover.data.theorems.statement import Row
from prover.errors import WrongUse
from prover.files import read_jsonl, write_jsonl
from prover.train.corpus import TrainingError, finish_training
from prover.train.goals import Goal, goals_of, that_fit, with_rates
from prover.train.lora import adapters, weights_dtype
from prover.train.resumable import (
    configuration,
    in_order,
    load_words,
    note_settings,
    resumable,
    stamp,
    train_resumably,
)
from prover.train.reward import LeanRewards, Scored

if TYPE_CHECKING:
    import torch
    from peft import LoraConfig
    from transformers import PreTrainedTokenizerFast

VLLM = ("colocate", "server")

WINDOW = 16
MOST_ALIKE = 0.8
"""Training ends when, on average over so many steps, a larger share of the groups than this have
equal rewards only: then there is next to nothing to learn from."""


class NothingToLearn(TrainingError):
    """Nearly all groups have equal rewards only; `model` is the folder of the model as it is."""

    def __init__(self, message: str, model: Path) -> None:
        super().__init__(message)
        self.model = model


TINY_STD = 1e-4
"""Added to a standard deviation before it divides, as TRL does."""


@dataclass(frozen=True)
class GrpoRecipe:
    """How to train. A step draws `generations` completions, of at most `completion` tokens each, for
    each of `batch // generations` states, and changes the weights once.

    `beta` is the weight of the KL divergence from the model at the start, `clip` how far below and
    above 1 the ratio of probabilities counts. `loss` is `grpo` (the mean over each completion's
    tokens) or `dr_grpo` (the sum over a constant; Liu et al. 2025, arXiv 2503.20783); with
    `scale_rewards` what a reward differs from its group's mean by is divided by the group's standard
    deviation, which Dr. GRPO does not. 0 `steps` are as many as see every state once.
    """

    learning_rate: float
    beta: float
    generations: int
    completion: int
    batch: int
    loss: Literal["grpo", "dr_grpo"] = "grpo"
    clip: tuple[float, float] = (0.2, 0.2)
    scale_rewards: bool = True
    temperature: float = 1.0
    warmup: int = 0
    gradient_checkpointing: bool = True
    steps: int = 0
    seed: int = 0


GRPO_RECIPES = {
    "deepseekmath": GrpoRecipe(1e-6, 0.04, 64, 1024, 1024),
    "dsp-v1.5": GrpoRecipe(5e-6, 0.02, 32, 2048, 512),
    "kimina-rl": GrpoRecipe(2e-6, 0.0, 8, 8192, 2048, "dr_grpo", (0.2, 0.3), scale_rewards=False),
    "wizardmath": GrpoRecipe(1e-6, 0.04, 16, 1024, 512, scale_rewards=False),
    "cpu-tiny": GrpoRecipe(3e-4, 0.01, 8, 32, 64, gradient_checkpointing=False, steps=40),
}
"""DeepSeekMath (section 4.2 of the paper), DeepSeek-Prover-V1.5 (Xin et al. 2024, arXiv 2408.08152,
section 2.3), Kimina-Prover-RL (github.com/project-numina/kimina-prover-rl, recipe/kimina_prover_rl:
256 prompts of 8 rollouts). Batches are in completions. The clip range of the first two and the
completion length of the third are ours, and so is all of the last two.

`wizardmath` is for the reward `product` (`prover.train.reward.LeanRewards`): rewards are not divided by
the deviation of their group, which would take r_instruction out again. WizardMath maximises it by PPO,
whose code was not published; TRL has no PPO any more, so here it is GRPO's reward. PPO itself is in verl
(`python -m verl.trainer.main_ppo algorithm.adv_estimator=gae`). It would need a critic, which the value
model could begin; the prompts of `states.jsonl` as parquet with `prompt`, `data_source`, `reward_model` and
`extra_info`; and a `custom_reward_function.path` that asks `LeanRewards.score`."""


@dataclass(frozen=True)
class Source:
    """What is trained on: `statements` for training, with the folder of `rounds` what their searches
    came to (`prover.train.goals`). `probe` is how many actions are drawn for each state before the
    training, to choose those that teach; 0 takes all."""

    statements: Sequence[Row]
    rounds: Path | None = None
    probe: int = 8


def train_grpo(
    init: Path,
    source: Source,
    out: Path,
    recipe: GrpoRecipe,
    rewards: LeanRewards,
    *,
    benchmarks: Sequence[Benchmark] = (),
    vllm: str = "",
    micro_batch: int | None = None,
    lora: int = 0,
    checkpoint_every: int = 50,
    report: Callable[[str], None] = lambda line: None,
) -> tuple[int, int]:
    """Trains the model in the folder `init` on rewards and returns how many steps are done, and of
    how many. The finished model is `out/model`, which `prover.generate.transformers` loads. Where it
    is there already, nothing is done.

    As outcome, a completion has one advantage, that of its reward in its group. As process, and as the
    kinds by a value model, each token has the sum of the normalised rewards of the steps that end at it or later (section 4.1.3 of
    the paper). `vllm` draws the completions: `colocate` on the same GPUs, `server` by one that runs
    (`trl vllm-serve`). With several processes, each has Lean processes of its own. With `lora`, adapters
    of that rank are trained as by `prover.train.sft.train_tactics`; the model at the start, which `beta`
    counts from, is then the one without them, and takes no memory of its own.

    Raises:
        NothingToLearn: since some steps there is nothing to learn from.
        TrainingError: there is nothing to learn from at the start; adapters cannot be had; Lean
            answers no more; the loss is no number; a checkpoint cannot be written.
        WrongUse: `out` has a training of something else, or a file is damaged.
    """
    import torch
    from accelerate import PartialState

    if vllm and find_spec("vllm") is None:
        raise TrainingError("--vllm needs vLLM: pip install 'prover[vllm]'")
    adapting = adapters(lora) if lora else None
    identity = stamp(init)
    words = load_words(init)
    with PartialState(cpu=not torch.cuda.is_available()).main_process_first():
        goals = _prepared(
            init, identity, source, out, recipe, rewards, words, lora, benchmarks, report
        )
    groups = recipe.batch // recipe.generations
    steps = recipe.steps or max(1, math.ceil(len(goals) / groups))
    if (out / "model").exists():
        report(f"{out / 'model'} is there already")
        return steps, steps
    trainer = _trainer(init, goals, out, recipe, steps, rewards, words, vllm, micro_batch, adapting)

    def show(step: int, logs: Mapping[str, float]) -> None:
        report(
            f"step {step}/{steps}: reward {logs['reward'] or 0.0:.3f}, loss {logs['loss']:.4f}, "
            f"groups alike {logs['groups_alike']:.0%}, gradient {logs['grad_norm']:.2f}, "
            f"{logs['completions/mean_length']:.0f} tokens an action"
        )

    return train_resumably(trainer, out, checkpoint_every, show), steps


def _prepared(
    init: Path,
    identity: str,
    source: Source,
    out: Path,
    recipe: GrpoRecipe,
    rewards: LeanRewards,
    words: PreTrainedTokenizerFast,
    lora: int,
    benchmarks: Sequence[Benchmark],
    report: Callable[[str], None],
) -> list[Goal]:
    """The states to train on, chosen once and kept in `out`."""
    from transformers import LlamaForCausalLM

    if recipe.batch % recipe.generations or recipe.generations < 2:
        raise TrainingError(
            f"a batch of {recipe.batch} completions is not made of groups of {recipe.generations}, "
            "at least 2: make --batch a multiple of --generations"
        )
    of = "".join(row.statement_sha256 for row in source.statements)
    about: dict[str, Any] = {
        "init": identity,
        "lora": lora or None,
        "statements": hashlib.sha256(of.encode()).hexdigest()[:16],
        "rounds": str(source.rounds or ""),
        "probe": source.probe,
        "action": rewards.action,
        "reward": rewards.kind,
    }
    if rewards.value is not None:
        quality = json.dumps(sorted(rewards.quality.items())).encode()
        about["value"] = stamp(rewards.value)
        about["quality"] = hashlib.sha256(quality).hexdigest()[:16]
    note_settings(out, recipe, **about)
    file = out / "states.jsonl"
    if file.exists():
        try:
            return [Goal.from_json(row) for row in read_jsonl(file)]
        except (KeyError, TypeError) as error:
            raise WrongUse(f"{file} is damaged ({error}): remove it, and it is made anew") from None
    goals = goals_of(source.statements, source.rounds, rewards, benchmarks, report)
    model = LlamaForCausalLM.from_pretrained(init, dtype=weights_dtype(lora))
    positions = int(model.config.max_position_embeddings)
    fitting = that_fit(goals, words, positions, recipe.completion)
    report(f"{len(fitting)} states, {len(goals) - len(fitting)} too long")
    if source.probe:
        fitting = with_rates(
            fitting,
            model,
            words,
            rewards,
            samples=source.probe,
            completion=recipe.completion,
            temperature=recipe.temperature,
            seed=recipe.seed,
            report=report,
        )
    write_jsonl(file, (goal.to_json() for goal in fitting))
    return fitting


def _trainer(
    init: Path,
    goals: Sequence[Goal],
    out: Path,
    recipe: GrpoRecipe,
    steps: int,
    rewards: LeanRewards,
    words: PreTrainedTokenizerFast,
    vllm: str,
    micro_batch: int | None,
    adapting: LoraConfig | None,
) -> Any:
    import torch
    from accelerate.utils import gather_object
    from trl.trainer.grpo_config import GRPOConfig
    from trl.trainer.grpo_trainer import GRPOTrainer

    low, high = recipe.clip
    arguments = configuration(
        GRPOConfig,
        out,
        recipe,
        steps=steps,
        micro_batch=micro_batch,
        model_init_kwargs={"dtype": weights_dtype(adapting)},
        beta=recipe.beta,
        num_generations=recipe.generations,
        max_completion_length=recipe.completion,
        loss_type=recipe.loss,
        epsilon=low,
        epsilon_high=high,
        scale_rewards="group" if recipe.scale_rewards else "none",
        temperature=recipe.temperature,
        shuffle_dataset=False,
        use_bias_correction_kl=False,  # of DeepSeek-V3.2; the papers of the presets have none
        use_vllm=bool(vllm),
        vllm_mode=vllm or "colocate",
    )

    class LeanGrpo(resumable(GRPOTrainer)):  # type: ignore[misc]
        scored: Sequence[Scored] = ()
        drawn: Sequence[Sequence[int]] = ()
        texts: Sequence[str] = ()

        def _generate_and_score_completions(self, inputs: Any) -> Any:
            """As TRL, but each draw follows from the step, and as process each token has its own
            advantage: shape (completions, tokens)."""
            rank = self.accelerator.process_index
            torch.manual_seed((self.args.seed * 1_000_003 + self.state.global_step) * 4099 + rank)
            try:
                output = super()._generate_and_score_completions(inputs)
            except RuntimeError as error:
                if "probability tensor" not in str(error):
                    raise
                raise self.not_finite("the probabilities are no numbers") from error
            everywhere: list[Scored] = gather_object(list(self.scored))
            self._look(everywhere)
            if rewards.kind != "outcome":
                width = output["completion_ids"].shape[1]
                advantages = step_advantages(
                    everywhere, recipe.generations, scaled=recipe.scale_rewards
                )
                first = rank * len(self.scored)
                own = advantages[first : first + len(self.scored)]
                ends = [
                    step_ends(words, ids, text, [end for end, _ in one.steps])
                    for ids, text, one in zip(self.drawn, self.texts, self.scored, strict=True)
                ]
                output["advantages"] = spread(own, ends, width).to(self.accelerator.device)
            return output

        def _look(self, everywhere: Sequence[Scored]) -> None:
            """Ends the training where Lean does not answer, or groups hardly differ."""
            if all(one.value is None for one in everywhere):
                raise TrainingError(
                    f"Lean gave no answer to any of {len(everywhere)} actions in step "
                    f"{self.state.global_step + 1} ({everywhere[0].why}): see that it has memory and "
                    "time (`prover doctor`, fewer --jobs); the same command goes on"
                )
            alike = share_alike(everywhere, recipe.generations)
            self._metrics["train"]["groups_alike"].append(alike)
            known = [one.value for one in everywhere if one.value is not None]
            step = self.state.global_step
            line = {"step": step + 1, "reward": sum(known) / len(known), "groups_alike": alike}
            curve = [*self.memory.get("rewards", ())[:step], line]
            self.memory["rewards"] = curve
            if self.accelerator.is_main_process:
                write_jsonl(out / "rewards.jsonl", curve)
            shares = [line["groups_alike"] for line in curve[-WINDOW:]]
            mean = sum(shares) / len(shares)
            if len(shares) == WINDOW and mean > MOST_ALIKE:
                self._save_checkpoint(self.model, None)
                there = out / f"checkpoint-{step:08}"
                finish_training(self.accelerator, self.model_wrapped, words, there)
                raise NothingToLearn(
                    f"in the last {WINDOW} steps, {mean:.0%} of the groups had equal rewards only (now "
                    f"{line['reward']:.2f} on average), so that there is nothing to learn from: "
                    f"take the model as it is, which is in {there / 'model'}, or give it harder or "
                    "easier statements",
                    there / "model",
                )

    def lean(
        prompts: Any, completions: Any, completion_ids: Any, goal: Any, **_: Any
    ) -> list[float | None]:
        trainer.drawn, trainer.texts = completion_ids, completions
        trainer.scored = rewards.score([goals[place].state for place in goal], completions)
        return [one.value for one in trainer.scored]

    rows = [{"prompt": goal.prompt, "goal": place} for place, goal in enumerate(goals)]
    trainer = LeanGrpo(
        model=str(init),
        reward_funcs=lean,
        args=arguments,
        train_dataset=in_order(rows, steps * recipe.batch // recipe.generations, recipe.seed),
        processing_class=words,
        peft_config=adapting,
    )
    return trainer


def share_alike(scored: Sequence[Scored], generations: int) -> float:
    """The share of groups, 0 to 1, whose answered rewards, those of steps included, are all equal."""
    alike = 0
    for first in range(0, len(scored), generations):
        group = [one for one in scored[first : first + generations] if one.value is not None]
        alike += len({reward for one in group for _, reward in one.steps}) < 2
    return alike * generations / len(scored)


def step_advantages(
    scored: Sequence[Scored], generations: int, *, scaled: bool = True
) -> list[list[float]]:
    """For each completion the advantages of its steps: the sum of the normalised rewards of that step
    and of those after it. Rewards are normalised with the mean and the standard deviation of all
    steps of the group's completions (DeepSeekMath, section 4.1.3); not `scaled`, with the mean only.
    One without an answer counts nowhere, and has advantages of 0.
    """
    import statistics

    advantages = []
    for first in range(0, len(scored), generations):
        group = scored[first : first + generations]
        known = [reward for one in group if one.value is not None for _, reward in one.steps]
        mean = statistics.fmean(known) if known else 0.0
        std = statistics.stdev(known) if len(known) > 1 else 0.0
        for one in group:
            later, own = 0.0, []
            for _, reward in reversed(one.steps):
                if one.value is not None:
                    later += (reward - mean) / (std + TINY_STD if scaled else 1.0)
                own.append(later)
            advantages.append(own[::-1])
    return advantages


def step_ends(
    words: PreTrainedTokenizerFast, ids: Sequence[int], text: str, ends: Sequence[int]
) -> list[int]:
    """The index of the token that brings each of some places in the text of a completion; the last
    step lasts to the last token, which may be the end token."""
    found = []
    for end in ends[:-1]:
        low, high = 1, len(ids)
        while low < high:
            middle = (low + high) // 2
            if len(words.decode(list(ids[:middle]), skip_special_tokens=True)) >= min(
                end, len(text)
            ):
                high = middle
            else:
                low = middle + 1
        found.append(low - 1)
    return [*found, *([len(ids) - 1] if ends else [])]


def spread(
    advantages: Sequence[Sequence[float]], ends: Sequence[Sequence[int]], width: int
) -> torch.Tensor:
    """Advantages of steps as those of tokens: shape (completions, width), 0 after the last step."""
    import torch

    tokens = torch.zeros(len(advantages), width)
    for row, (own, places) in enumerate(zip(advantages, ends, strict=True)):
        begin = 0
        for advantage, end in zip(own, places, strict=True):
            tokens[row, begin : end + 1] = advantage
            begin = max(begin, end + 1)
    return tokens
