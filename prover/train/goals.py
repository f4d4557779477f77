"""Training states for reinforcement learning: where they come from, and which of them teach.

A statement is one, and so is every state on a proof of it that expert iteration has found. Those
that a model always or never succeeds on have nothing to compare, and are left out: DeepSeek-Prover
learns from statements of moderate success (Xin et al. 2024, arXiv 2408.08152, section 3.2).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prover.data.decontaminate import Benchmark
from prover.data.theorems.statement import Row
from prover.errors import WrongUse
from prover.files import read_jsonl
from prover.train.corpus import TrainingError
from prover.train.reward import LeanRewards, TrainingState, without_cases
from prover.train.rounds import success_counts
from prover.train.sft import Pair

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

TOGETHER = 64
"""Completions that are drawn at once to look at success rates."""


@dataclass(frozen=True)
class Goal:
    """A training state, and the prompt that asks a model for an action on it. `rate` is the mean
    reward of a sample of actions, or the share of searches that proved its statement."""

    prompt: str
    state: TrainingState
    rate: float | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Goal:
        given = row["state"]
        state = TrainingState(**given | {"history": tuple(given["history"])})
        return cls(row["prompt"], state, row["rate"])


def goals_of(
    rows: Sequence[Row],
    rounds: Path | None,
    rewards: LeanRewards,
    benchmarks: Sequence[Benchmark] = (),
    report: Callable[[str], None] = lambda line: None,
) -> list[Goal]:
    """The goals of statements: the statements themselves or, with the folder of a run of `prover
    train rounds`, those that its searches sometimes proved, and what is on the way of the proofs that
    they found (whole proofs are asked for statements only). States that contain a problem of a
    benchmark are left out.

    Raises:
        WrongUse: the folder holds no searches, or a file of it is damaged.
        TrainingError: nothing is left.
    """
    goals: dict[str, Goal] = {}
    some: list[tuple[str, TrainingState, float | None]]
    if rounds is None:
        roots = [TrainingState(row.header, row.statement) for row in rows]
        prints = rewards.prints(roots)
        report(f"{len(rows) - prints.count(None)} of {len(rows)} statements elaborate")
        found = zip(prints, roots, strict=True)
        some = [(pp, state, None) for pp, state in found if pp is not None]
    else:
        some = list(_on_proofs(rows, rounds, rewards, report))
    for pp, state, rate in some:
        if all(benchmark.hit(pp) is None for benchmark in benchmarks):
            goals.setdefault(f"{state.header}\n{pp}", Goal(Pair(pp, "").prompt, state, rate))
    if not goals:
        why = "elaborates" if rounds is None else "was sometimes proved in the rounds, not always"
        raise TrainingError(f"of {len(rows)} statements none {why}: give others")
    return list(goals.values())


def _on_proofs(
    rows: Sequence[Row], rounds: Path, rewards: LeanRewards, report: Callable[[str], None]
) -> Iterator[tuple[str, TrainingState, float | None]]:
    logs = sorted(rounds.glob("round_*/attempts.jsonl"))
    if not logs:
        raise WrongUse(f"{rounds} holds no round_K/attempts.jsonl: it is no run of `train rounds`")
    searches: dict[str, list[dict[str, Any]]] = defaultdict(list)
    lines = [line for log in logs for line in read_jsonl(log)]
    try:
        counts = success_counts(lines)
        for line in lines:
            searches[line["statement_sha256"]].append(line)
        for number, row in enumerate(rows, 1):
            proved, tried = counts.get(row.statement_sha256, (0, 0))
            if not 0 < proved < tried:
                continue
            own = searches[row.statement_sha256]
            root = TrainingState(row.header, row.statement, known=_distances(own))
            ways = [{p["state"]: p["tactic"] for p in one.get("pairs", ())} for one in own]
            if rewards.action == "proof":
                ways = [{}]
            for way in ways:
                for pp, state in rewards.follow(root, way).items():
                    yield pp, state, proved / tried
            report(f"{number}/{len(rows)} {row.name}")
    except (KeyError, TypeError, AttributeError) as error:
        raise WrongUse(f"{rounds}: a line of attempts.jsonl is no search ({error})") from None


def _distances(searches: Sequence[dict[str, Any]]) -> dict[str, int]:
    """The fewest steps that are known to prove the states of some searches, by their prints without the
    names of cases."""
    known: dict[str, int] = {}
    for search in searches:
        for row in search.get("states", ()):
            state, distance = without_cases(row["state"]), row["distance"]
            if distance is not None and distance < known.get(state, distance + 1):
                known[state] = distance
    return known


def that_fit(
    goals: Sequence[Goal], words: PreTrainedTokenizerFast, positions: int, completion: int
) -> list[Goal]:
    """The goals whose prompt leaves room for a completion, both in tokens, in a model of so many
    positions. Raises `TrainingError`: there is none."""
    prompts = words([goal.prompt for goal in goals], verbose=False)["input_ids"]
    fitting = [
        g for g, ids in zip(goals, prompts, strict=True) if len(ids) + completion <= positions
    ]
    if not fitting:
        raise TrainingError(
            f"no prompt leaves room for {completion} tokens in {positions} positions: give a smaller "
            "--completion"
        )
    return fitting


def with_rates(
    goals: Sequence[Goal],
    model: LlamaForCausalLM,
    words: PreTrainedTokenizerFast,
    rewards: LeanRewards,
    *,
    samples: int,
    completion: int,
    temperature: float,
    seed: int,
    report: Callable[[str], None] = lambda line: None,
) -> list[Goal]:
    """The goals whose actions differ in reward, by `samples` of each that the model draws.

    Raises:
        TrainingError: there is none.
    """
    import torch

    chosen = []
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device).eval()  # type: ignore[arg-type]
    size = max(1, TOGETHER // samples)
    for first in range(0, len(goals), size):
        some = [goal for goal in goals[first : first + size] for _ in range(samples)]
        given = words([goal.prompt for goal in some], padding=True, return_tensors="pt").to(device)
        with torch.random.fork_rng():
            torch.manual_seed(seed * 1_000_003 + first)
            drawn: Any = model.generate(
                **{name: given[name] for name in ("input_ids", "attention_mask")},
                do_sample=True,
                temperature=temperature,
                top_k=0,
                top_p=1.0,
                max_new_tokens=completion,
                eos_token_id=words.eos_token_id,
                pad_token_id=words.pad_token_id,
            )
        texts = words.batch_decode(
            drawn[:, given["input_ids"].shape[1] :], skip_special_tokens=True
        )
        scored = rewards.score([goal.state for goal in some], texts)
        for place in range(0, len(some), samples):
            values = [s.value for s in scored[place : place + samples] if s.value is not None]
            if values and min(values) < max(values):
                goal = some[place]
                chosen.append(Goal(goal.prompt, goal.state, sum(values) / len(values)))
        report(f"{min(first + size, len(goals))}/{len(goals)} states, {len(chosen)} to learn from")
    if not chosen:
        raise TrainingError(
            f"of {len(goals)} states the model always or never succeeds on each, in {samples} samples: "
            "give easier or harder statements, train it on pairs first (`prover train tactics`), or "
            "draw more with --probe"
        )
    return chosen
