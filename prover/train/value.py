"""A value model: how likely a state is to be proved, and a tactic to help with it, learned from what
the searches of expert iteration came to.

Process rewards are usually estimated: by people (Lightman et al. 2023, arXiv 2305.20050), or by how
often continuations end well (Math-Shepherd, Wang et al. 2023, arXiv 2312.08935). Here each label is
Lean's. The model is the one of supervised tactics with one output in the place of its vocabulary
(`LlamaForSequenceClassification`), trained by binary cross-entropy with `transformers.Trainer`. It reads
`[GOAL]state[PROOFSTEP]` for a state, and for a tactic `[GOAL]state[PROOFSTEP]tactic` with an end token:
what is asked is told apart by the prompt.

`out` gets settings, checkpoints and a model as in `prover.train.grpo`, and `report.json` with what was
measured on the statements that were held out.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prover.data.decontaminate import Benchmark, Problem, check_clean
from prover.errors import WrongUse
from prover.files import read_jsonl, write_json, write_jsonl
from prover.generate.value import ValueModel, encoded
from prover.train.corpus import TrainingError
from prover.train.lora import adapters, add_adapters, weights_dtype
from prover.train.preferences import read_preferences
from prover.train.resumable import (
    configuration,
    in_order,
    load_words,
    note_settings,
    resumable,
    stamp,
    train_resumably,
)
from prover.train.reward import without_cases
from prover.train.rounds import ended_by_time
from prover.train.sft import read_pairs

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

HELD_OUT = 10
"""One of so many statements is held out, by its hash."""


@dataclass(frozen=True)
class ValueRecipe:
    """How to train. A step takes `batch` states or tactics; `epochs` is how often each is seen."""

    learning_rate: float
    batch: int
    warmup: int
    gradient_checkpointing: bool = True
    epochs: float = 1.0
    seed: int = 0


VALUE_RECIPES = {
    "large": ValueRecipe(1e-5, 128, 100),
    "cpu-tiny": ValueRecipe(3e-4, 32, 10, gradient_checkpointing=False, epochs=3.0),
}
"""The values are ours."""


@dataclass(frozen=True)
class Labelled:
    """A state as Lean prints it, or a `tactic` for it: `good` if the state was proved, or if the tactic
    led to a proof. `statements` are the hashes of those whose searches came to the state."""

    state: str
    tactic: str
    good: bool
    statements: frozenset[str]

    @property
    def held_out(self) -> bool:
        """Whether it is measured on: all its statements are held out. What others came to as well is
        trained on, so that nothing that is measured on was seen."""
        chosen = [int(sha[:8], 16) % HELD_OUT == 0 for sha in self.statements]
        return bool(chosen) and all(chosen)


def read_labels(rounds: Path) -> list[Labelled]:
    """What the rounds in a folder of `prover train rounds` say of states and of tactics, each once.

    A state is its print: what the names in it stand for is not seen. One that any search has proved is
    good, whatever the names of its cases. It is bad where a
    search has left it unproved although it had tried all, or had spent its expansions; so is a
    statement that was disproved. Tactics are good that stand in minimised proofs, or prove the state
    of a negative; bad are the negatives. What comes only from searches that the cap on their time ended
    is left out: it depends on the machine.

    Raises:
        WrongUse: there are no rounds, or a file is damaged; names the line.
    """
    files = sorted(rounds.glob("round_*/states.jsonl"))
    if not files:
        raise WrongUse(f"{rounds} holds no round_K/states.jsonl: it is no run of `train rounds`")
    statements: defaultdict[str, set[str]] = defaultdict(set)
    proved: set[str] = set()
    states: dict[str, None] = {}
    for file in files:
        clean = set(_states(file))
        log = file.with_name("attempts.jsonl")
        for number, line in enumerate(read_jsonl(log), 1):
            try:
                sha = line["statement_sha256"]
                int(sha[:8], 16)
                for kind in ("states", "pairs", "negatives"):
                    for row in line.get(kind, ()):
                        statements[row["state"]].add(sha)
                rows = line.get("states", ())
                proved |= {without_cases(r["state"]) for r in rows if r["distance"] is not None}
                states |= dict.fromkeys(state for state in _settled(line) if state in clean)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise WrongUse(f"{log}, line {number}: no search of a round ({error!r})") from None
    preferences = read_preferences(rounds)
    tactics = {
        (pair.state, pair.tactic): True
        for file in files
        for pair in read_pairs(file.with_name("pairs.jsonl"))
    }
    tactics |= {(one.state, one.chosen): True for one in preferences}
    tactics = {(one.state, one.rejected): False for one in preferences} | tactics
    labels = {(state, ""): without_cases(state) in proved for state in states} | tactics
    return [
        Labelled(state, tactic, good, frozenset(statements[state]))
        for (state, tactic), good in labels.items()
    ]


def _states(file: Path) -> Iterator[str]:
    for number, row in enumerate(read_jsonl(file), 1):
        state = row.get("state") if isinstance(row, dict) else None
        if not isinstance(state, str) or not state.strip():
            raise WrongUse(f"{file}, line {number}: no JSON object with state")
        yield state


def _settled(line: Mapping[str, Any]) -> Iterator[str]:
    """The states of a search that it has decided about."""
    if ended_by_time(line):
        return
    for place, row in enumerate(line.get("states", ())):
        given_up = line["outcome"] == "gave_up" or (line["outcome"] == "disproved" and place == 0)
        if row["distance"] is not None or row["ended"] or given_up:
            yield row["state"]


def train_value(
    init: Path,
    labels: Sequence[Labelled],
    out: Path,
    recipe: ValueRecipe,
    *,
    benchmarks: Sequence[Problem] = (),
    micro_batch: int | None = None,
    lora: int = 0,
    checkpoint_every: int = 50,
    report: Callable[[str], None] = lambda line: None,
) -> tuple[int, int]:
    """Trains the model in the folder `init` with a new output, which begins at a probability of one
    half, and returns how many steps are done, and of how many. `out/model` is what
    `prover.generate.value.ValueModel` loads. What has more tokens than the model has positions is left
    out. With `lora`, adapters of that rank and the new output are trained. What is done already is not
    done again.

    Raises:
        TrainingError: what is left to train on is not good and bad; adapters cannot be had; the
            loss is no number; a checkpoint cannot be written.
        WrongUse: `out` has a training of something else, or a state holds a problem of a benchmark.
    """
    from accelerate import PartialState
    from transformers import AutoConfig, DataCollatorWithPadding, Trainer, TrainingArguments

    adapting = adapters(lora, "SEQ_CLS") if lora else None
    identity = stamp(init)
    words = load_words(init)
    if words.pad_token is None:
        words.pad_token = words.eos_token
    if benchmarks:
        check_clean((one.state for one in labels), Benchmark(benchmarks))
    longest = int(AutoConfig.from_pretrained(init).max_position_embeddings)
    tokens = encoded(words, [(one.state, one.tactic) for one in labels])
    fitting = [(one, ids) for one, ids in zip(labels, tokens, strict=True) if len(ids) <= longest]
    rows = [
        {"input_ids": ids, "labels": [float(one.good)]} for one, ids in fitting if not one.held_out
    ]
    measured = [one for one, _ in fitting if one.held_out]
    if len({one.good for one, _ in fitting if not one.held_out}) < 2:
        raise TrainingError(
            f"of {len(rows)} states and tactics of at most {longest} tokens all are good, or all bad: "
            "there is nothing to learn; iterate more (`prover train rounds`)"
        )
    report(
        f"{len(rows)} states and tactics to train on, {len(measured)} held out, "
        f"{len(labels) - len(fitting)} too long"
    )
    facts = [(one.state, one.tactic, one.good, one.held_out) for one in labels]
    digest = hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
    note_settings(out, recipe, init=identity, lora=lora or None, labels=digest)
    steps = done = max(1, math.ceil(recipe.epochs * len(rows) / recipe.batch))
    if (out / "model").exists():
        report(f"{out / 'model'} is there already")
    else:
        model = _headed(init, words, weights_dtype(adapting))
        trainer = resumable(Trainer)(
            model=model if adapting is None else add_adapters(model, adapting, recipe.seed),
            args=configuration(
                TrainingArguments,
                out,
                recipe,
                steps=steps,
                micro_batch=micro_batch,
                train_sampling_strategy="sequential",
            ),
            train_dataset=in_order(rows, steps * recipe.batch, recipe.seed),
            data_collator=DataCollatorWithPadding(words),
            processing_class=words,
        )
        # The loss of the model is a mean, whatever it is told of how many items a step has.
        trainer.model_accepts_loss_kwargs = False

        def show(step: int, logs: Mapping[str, float]) -> None:
            report(
                f"step {step}/{steps}: loss {logs['loss']:.4f}, gradient {logs['grad_norm']:.2f}"
            )

        done = train_resumably(trainer, out, checkpoint_every, show)
    if done == steps and PartialState().is_main_process and not (out / "report.json").exists():
        report(f"measuring on {len(measured)} that were held out")
        trained = [one for one, _ in fitting if not one.held_out]
        found = summary(ValueModel.load(out / "model"), trained, measured)
        write_json(out / "report.json", found | {"too long": len(labels) - len(fitting)})
    return done, steps


def _headed(init: Path, words: PreTrainedTokenizerFast, dtype: str) -> PreTrainedModel:
    """The model with an output that says nothing yet."""
    import torch
    from transformers import AutoModelForSequenceClassification, logging

    said = logging.get_verbosity()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # the output is new, as it is to be
    try:
        model: Any = AutoModelForSequenceClassification.from_pretrained(
            init,
            num_labels=1,
            problem_type="multi_label_classification",  # of one label: binary cross-entropy
            pad_token_id=words.pad_token_id,
            dtype=dtype,
        )
    finally:
        logging.set_verbosity(said)
    torch.nn.init.zeros_(model.score.float().weight)  # it is trained, whatever the others are
    return model  # type: ignore[no-any-return]


BASELINES: dict[str, Callable[[Labelled], float]] = {
    "fewer goals": lambda one: -len(re.findall("^⊢", one.state, re.MULTILINE)),
    "shorter state": lambda one: -len(one.state),
    "shorter tactic": lambda one: -len(one.tactic),
}
"""What needs no model. The steps so far are no baseline: the rounds do not record them."""


def summary(
    value: ValueModel, trained: Sequence[Labelled], measured: Sequence[Labelled]
) -> dict[str, Any]:
    """How well states, and tactics, are told apart that were held out: the area under the receiver
    operating characteristic (AUC; 0.5 is chance), beside those of `BASELINES`, and the mean loss in
    nats, beside that of always saying the share of good ones in training. None where all are good, or
    all bad."""
    scores = dict(
        zip(measured, value.score([(one.state, one.tactic) for one in measured]), strict=True)
    )
    return {
        name: {
            "trained on": _counts([one for one in trained if bool(one.tactic) == tactics]),
            "held out": _measured(scores, trained, tactics),
        }
        for name, tactics in (("states", False), ("tactics", True))
    }


def _counts(some: Sequence[Labelled]) -> dict[str, int]:
    good = sum(one.good for one in some)
    statements = {sha for one in some for sha in one.statements}
    return {"good": good, "bad": len(some) - good, "statements": len(statements)}


def _measured(
    scores: Mapping[Labelled, float], trained: Sequence[Labelled], tactics: bool
) -> dict[str, Any]:
    from sklearn.metrics import log_loss, roc_auc_score

    some = [one for one in scores if bool(one.tactic) == tactics]
    truth = [one.good for one in some]
    found: dict[str, Any] = dict(_counts(some))
    if len(set(truth)) < 2:
        return found | {"auc": None}
    seen = [one.good for one in trained if bool(one.tactic) == tactics]
    share = sum(seen) / len(seen) if seen else 0.5
    return found | {
        "auc": float(roc_auc_score(truth, [scores[one] for one in some])),
        "loss": float(log_loss(truth, [math.exp(scores[one]) for one in some])),
        "loss of the share": float(log_loss(truth, [share] * len(some))),
        "auc of baselines": {
            name: float(roc_auc_score(truth, [rate(one) for one in some]))
            for name, rate in BASELINES.items()
            if tactics or name != "shorter tactic"
        },
    }


def score_file(
    file: Path, folder: Path, out: Path, report: Callable[[str], None] = lambda line: None
) -> None:
    """Adds a `score` to the rows of a file of JSON lines with `problem`, a state, and `sample`, a tactic
    for it: the log-probability that it helps. All else of a row stays.

    Raises:
        WrongUse: the file cannot be read, a line is no such row, or there is no value model.
    """
    rows = read_jsonl(file)
    for number, row in enumerate(rows, 1):
        asked = [row.get(k) for k in ("problem", "sample")] if isinstance(row, dict) else []
        if len(asked) != 2 or not all(isinstance(text, str) and text.strip() for text in asked):
            raise WrongUse(f"{file}, line {number}: no JSON object with problem and sample")
    if not rows:
        raise WrongUse(f"{file} has no rows")
    value = ValueModel.load(folder)
    scores = value.score(
        [(row["problem"], row["sample"]) for row in rows],
        lambda done: report(f"{done}/{len(rows)} scored"),
    )
    write_jsonl(out, (row | {"score": s} for row, s in zip(rows, scores, strict=True)))
