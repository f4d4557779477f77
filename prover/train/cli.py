"""`prover train`: from a corpus to a model."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from prover.errors import INTERRUPTED, WrongUse
from prover.generate.shipped import SHIPPED_FOLDER
from prover.interrupt import Interrupted, run_cancellable
from prover.terminal import RankerOption, ValueOption, err

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

    from prover.data.decontaminate import Problem
    from prover.models.presets import Preset
    from prover.train.corpus import Report

T = TypeVar("T")

app = typer.Typer(
    name="train",
    help="Train models: a tokenizer, continued pretraining on a corpus, tactics, expert iteration, "
    "reinforcement learning, a value model.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
CONFIGS = Path(__file__).with_name("configs")
TOKENIZER_BYTES = 50_000_000

CorpusArgument = Annotated[
    str,
    typer.Argument(
        help="A corpus: a folder with train/*.jsonl.zst (from `prover data build`, or "
        "algebraic-stack of proof-pile-2), an address that fsspec opens, or hub for AlgebraicStack "
        "streamed from the Hugging Face hub.",
        metavar="CORPUS",
    ),
]
PackedArgument = Annotated[
    str,
    typer.Argument(
        help="A corpus as in `prover train pack`, or the folder that it has written.",
        metavar="CORPUS",
    ),
]
BenchmarkOption = Annotated[
    list[Path] | None,
    typer.Option(help="Problems that must not be trained on, as JSON lines; can be repeated."),
]
LeanOption = Annotated[
    str, typer.Option(help="auto, embedded, or the path of a Lake project or of a `lean`.")
]
StatementsArgument = Annotated[
    Path, typer.Argument(help="Statements as JSON lines.", metavar="STATEMENTS")
]
RoundsArgument = Annotated[Path, typer.Argument(help="Rounds of searches.", metavar="ROUNDS")]
AttemptsOption = Annotated[
    int, typer.Option(help="Searches of each, all but one exploring.", min=1)
]
TemperatureOption = Annotated[float, typer.Option(help="Of the exploration.", min=0.01)]
RunOption = Annotated[
    Path, typer.Option(help="The folder for checkpoints, the log and the finished model.")
]
InitOption = Annotated[Path, typer.Option(help="The folder of the model to start from.")]
CheckpointOption = Annotated[int, typer.Option(help="In steps.", min=1)]
MicroBatchOption = Annotated[
    int | None,
    typer.Option(help="How many a process computes at once; default: all of its share.", min=1),
]
LoraOption = Annotated[
    int,
    typer.Option(
        help="Train adapters of this rank beside frozen weights (bfloat16 on a GPU): takes a "
        "fraction of the memory.",
        metavar="RANK",
        min=0,
    ),
]
RateOption = Annotated[
    float | None,
    typer.Option(
        help="After the warm-up; default: the preset's, ten times that with --lora.", min=0.0
    ),
]
BetaOption = Annotated[
    float | None, typer.Option(help="How much the model at the start holds it back.", min=0.0)
]
LanguagesOption = Annotated[
    str, typer.Option(help="Only these languages of the corpus, separated by commas.")
]


@app.command(
    epilog="""\b
Example:
  prover train tokenizer corpus --vocabulary 4096 --out tokenizer"""
)
def tokenizer(
    corpus: CorpusArgument,
    out: Annotated[Path, typer.Option(help="The folder to write.")],
    vocabulary: Annotated[int, typer.Option(help="How many tokens.", min=1024)] = 4096,
    languages: LanguagesOption = "",
) -> None:
    """Learn a byte-level BPE tokenizer that keeps Lean's symbols whole.

    It reads every n-th document of the corpus, so that 50 MB of text are enough for any size.
    """
    from prover.models.tokenizer import save_tokenizer, train_tokenizer

    learned = train_tokenizer(_sample(corpus, languages), vocabulary)
    save_tokenizer(learned, out)
    err.print(f"a tokenizer of {len(learned)} tokens is in {out}")


@app.command(
    epilog="""\b
Examples:
  prover train pack algebraic-stack --tokenizer CodeLlama-7b --jobs 16 --out tokens
  prover train corpus tokens --preset llemma-7b --init CodeLlama-7b --out run

\b
Exit code: 0 done, 2 wrong use or a corpus that cannot be read, 130 interrupted. After an
interruption or a kill, the same command goes on with the shards that are missing; the files are the
same for any number of processes."""
)
def pack(
    corpus: CorpusArgument,
    out: Annotated[Path, typer.Option(help="The folder for the tokens.")],
    tokenizer: Annotated[
        str, typer.Option(help="The tokenizer's folder, or that of a model, or a name on the hub.")
    ],
    languages: LanguagesOption = "",
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", help="Processes; default: one a core.", min=1)
    ] = None,
) -> None:
    """Turn a corpus into tokens, once, for `prover train corpus`.

    Without it, `prover train corpus` does so when it begins, in one process, while all others wait.
    """
    import os

    _quiet()
    from transformers import AutoTokenizer

    from prover.train.packing import pack_corpus

    with _resumable():
        try:
            words: Any = AutoTokenizer.from_pretrained(tokenizer)
        except (OSError, ValueError) as error:
            raise WrongUse(f"--tokenizer {tokenizer}: no tokenizer is there ({error})") from error
        cores = jobs or os.cpu_count() or 1
        pack_corpus(_address(corpus), _listed(languages), words, out, cores, err.print)
    err.print(f"the tokens are in {out}")


@app.command(
    epilog=f"""\b
Examples:
  prover train corpus corpus --preset tiny --tokenizer tokenizer --out run
  prover train corpus hub --languages lean,coq,isabelle --preset medium \\
      --tokenizer tokenizer --out run
  accelerate launch --config_file {CONFIGS}/one_node.yaml -m prover \\
      train corpus algebraic-stack --preset llemma-7b --init CodeLlama-7b --out run

\b
The folder {CONFIGS} has accelerate's configurations for one GPU
(one_gpu.yaml), one node of 8 and many nodes (FSDP2); the command stays the same.
Exit code: 0 done, 2 wrong use or a training that cannot go on, 130 interrupted;
the same command goes on from the last checkpoint."""
)
def corpus(
    corpus: PackedArgument,
    out: RunOption,
    preset: Annotated[
        str, typer.Option(help="tiny, small, medium, llemma-7b or llemma-34b.")
    ] = "small",
    tokenizer: Annotated[
        Path | None, typer.Option(help="The tokenizer's folder; default: that of --init.")
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(
            help="Go on from this model (a folder or a name on the hub) of the preset's shape, "
            "instead of random weights.",
        ),
    ] = None,
    languages: LanguagesOption = "",
    steps: Annotated[int | None, typer.Option(help="Default: the preset's.", min=1)] = None,
    batch: Annotated[
        int | None, typer.Option(help="Windows a step, over all processes.", min=1)
    ] = None,
    micro_batch: Annotated[
        int | None,
        typer.Option(
            help="Windows that a process computes at once; default: the preset's, or its share.",
            min=1,
        ),
    ] = None,
    sequence: Annotated[int | None, typer.Option(help="Tokens a window.", min=8)] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The peak.", min=0.0)] = None,
    warmup: Annotated[int | None, typer.Option(help="Steps to the peak.", min=0)] = None,
    gradient_checkpointing: Annotated[
        bool | None,
        typer.Option(help="Less memory for more time; default: from medium on."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the weights and of the order of the data.")] = 0,
    checkpoint_every: CheckpointOption = 200,
) -> None:
    """Train a model to continue texts: from random weights, or go on with one you have."""
    import os

    from prover.models.presets import find_preset
    from prover.train.corpus import MICRO_BATCHES, RECIPES, train

    _quiet()
    given: dict[str, Any] = {
        "steps": steps,
        "batch": batch,
        "sequence": sequence,
        "learning_rate": learning_rate,
        "warmup": warmup,
        "gradient_checkpointing": gradient_checkpointing,
        "seed": seed,
    }
    with _resumable():
        shape = find_preset(preset)
        recipe = replace(
            RECIPES[preset], **{name: value for name, value in given.items() if value is not None}
        )
        if recipe.sequence > shape.context:
            raise WrongUse(f"--sequence {recipe.sequence}: {preset} has {shape.context} positions")
        words, model = _model(shape, tokenizer, init, seed)
        tokens = _packed(corpus, languages, words, out)
        share = max(1, recipe.batch // int(os.environ.get("WORLD_SIZE", "1")))
        done = train(
            model,
            words,
            tokens,
            out,
            recipe,
            micro_batch or math.gcd(share, MICRO_BATCHES.get(preset, share)),
            checkpoint_every,
            report=_show,
        )
    _finish(done, recipe.steps, out)


@app.command(
    epilog="""\b
Examples:
  prover train tactics pairs.jsonl --preset small --init pretrained/model --out sft
  prover train tactics new.jsonl --replay pairs.jsonl --init sft/model --out sft2
  prover train tactics pairs.jsonl --preset llemma-7b --init llemma_7b --lora 16 --out sft

\b
A line of PAIRS is a JSON object with state and tactic. Exit code: 0 done, 2 wrong use or a
training that cannot go on, 130 interrupted; the same command goes on from the last checkpoint."""
)
def tactics(
    pairs: Annotated[Path, typer.Argument(help="Pairs as JSON lines.", metavar="PAIRS")],
    out: RunOption,
    preset: Annotated[
        str, typer.Option(help="tiny, small, medium, llemma-7b or llemma-34b.")
    ] = "small",
    tokenizer: Annotated[
        Path | None, typer.Option(help="The tokenizer's folder; default: that of --init.")
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(help="Start from this model (a folder or a name on the hub)."),
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Older pairs, mixed in so that they are not forgotten.")
    ] = None,
    replay_share: Annotated[
        float, typer.Option(help="Their share of the examples.", min=0.0, max=0.99)
    ] = 0.5,
    validation: Annotated[
        Path | None, typer.Option(help="Pairs to measure the loss on at each checkpoint.")
    ] = None,
    benchmark: BenchmarkOption = None,
    epochs: Annotated[float, typer.Option(help="How often each of PAIRS is seen.", min=0.01)] = 3.0,
    batch: Annotated[
        int | None, typer.Option(help="Pairs a step, over all processes.", min=1)
    ] = None,
    micro_batch: Annotated[
        int | None,
        typer.Option(help="Pairs that a process computes at once; default: the preset's.", min=1),
    ] = None,
    lora: LoraOption = 0,
    sequence: Annotated[
        int | None, typer.Option(help="Tokens of a pair; longer ones are left out.", min=8)
    ] = None,
    learning_rate: RateOption = None,
    warmup: Annotated[int | None, typer.Option(help="Steps to the peak.", min=0)] = None,
    seed: Annotated[int, typer.Option(help="Of the weights and of the order of the pairs.")] = 0,
    checkpoint_every: CheckpointOption = 200,
) -> None:
    """Teach a model which tactic follows a tactic state."""
    _quiet()
    from prover.data.decontaminate import Benchmark, check_clean
    from prover.models.presets import find_preset
    from prover.train.sft import (
        MICRO_BATCHES,
        TACTIC_RECIPES,
        examples,
        longest,
        read_pairs,
        steps_for,
        train_tactics,
    )

    given: dict[str, Any] = {
        "batch": batch,
        "sequence": sequence,
        "learning_rate": learning_rate,
        "warmup": warmup,
    }
    with _resumable():
        shape = find_preset(preset)
        if lora and init is None:
            raise WrongUse("--lora adapts a model that has learned something: give it with --init")
        recipe = _recipe(TACTIC_RECIPES, preset, seed, given, lora)
        fresh = read_pairs(pairs)
        older = read_pairs(replay) if replay else []
        held_out = read_pairs(validation) if validation else []
        if known := _problems(benchmark):
            check_clean((pair.prompt + pair.answer for pair in fresh + older), Benchmark(known))
        words, model = _model(shape, tokenizer, init, seed, frozen=bool(lora))
        share = replay_share if older else 0.0
        fitting = len(examples(fresh, words, longest(recipe, model)))
        recipe = replace(recipe, steps=steps_for(fitting, recipe, epochs, share))
        done = train_tactics(
            model,
            words,
            fresh,
            out,
            recipe,
            replay=older,
            replay_share=replay_share,
            validation=held_out,
            micro_batch=micro_batch or MICRO_BATCHES.get(preset),
            lora=lora,
            checkpoint_every=checkpoint_every,
            report=_show,
        )
    _finish(done, recipe.steps, out)


@app.command(
    epilog="""\b
Example:
  prover train rounds train.jsonl --init sft/model --replay pairs.jsonl \\
      --benchmark minif2f.jsonl --out rounds

\b
STATEMENTS is a file of `python -m prover.data.theorems`. A run that was interrupted, or killed,
goes on with the same command. Exit code: 0 done, 2 wrong use or a training that cannot go on, 130
interrupted."""
)
def rounds(
    statements: StatementsArgument,
    init: InitOption,
    out: Annotated[Path, typer.Option(help="The folder for round_0, round_1 and so on.")],
    preset: Annotated[
        str, typer.Option(help="Whose recipe trains: tiny, small, medium …")
    ] = "small",
    replay: Annotated[
        Path | None, typer.Option(help="The pairs that the first model was trained on.")
    ] = None,
    replay_share: Annotated[
        float, typer.Option(help="The share of older pairs in training.", min=0.0, max=0.99)
    ] = 0.5,
    benchmark: BenchmarkOption = None,
    number: Annotated[
        int, typer.Option("--rounds", help="In all, those done before included.", min=1)
    ] = 3,
    number_of_statements: Annotated[
        int, typer.Option("--statements", help="Searched in a round.", min=1)
    ] = 200,
    attempts: AttemptsOption = 2,
    expansions: Annotated[int, typer.Option(help="Of a search.", min=1)] = 32,
    timeout: Annotated[
        float, typer.Option(help="Cap on the wall time of a search, in seconds.", min=0.1)
    ] = 120.0,
    samples: Annotated[int, typer.Option(help="Tactics the model draws for a state.", min=1)] = 8,
    temperature: TemperatureOption = 1.0,
    most_success: Annotated[
        float,
        typer.Option(
            help="Statements proved more often than this teach nothing.", min=0.0, max=1.0
        ),
    ] = 0.5,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help="The prompt format that the model is taught: prover, or prover-context.",
        ),
    ] = "prover",
    epochs: Annotated[float, typer.Option(help="Of a round's training.", min=0.01)] = 2.0,
    learning_rate: Annotated[
        float | None, typer.Option(help="The peak; default: a third of the preset's.", min=0.0)
    ] = None,
    together: Annotated[
        int, typer.Option(help="Searches that share the model's batches.", min=1)
    ] = 1,
    jobs: Annotated[int, typer.Option(help="Lean processes.", min=1)] = 1,
    lean: LeanOption = "auto",
    seed: Annotated[int, typer.Option(help="Of the choice of statements and of all searches.")] = 0,
) -> None:
    """Expert iteration: search with the model, train it on what Lean accepted, and again."""
    _quiet()
    from prover.data.theorems.corpus import all_held_out
    from prover.generate.prompts import step_format
    from prover.models.presets import find_preset
    from prover.train.rounds import Rounds, run_rounds

    with _resumable():
        find_preset(preset)
        step_format(form)
        settings = Rounds(
            rounds=number,
            statements=number_of_statements,
            attempts=attempts,
            expansions=expansions,
            seconds=timeout,
            samples=samples,
            temperature=temperature,
            together=together,
            most_success=most_success,
            replay_share=replay_share,
            epochs=epochs,
            learning_rate=learning_rate,
            seed=seed,
            preset=preset,
            form=form,
        )
        reports = run_rounds(
            statements,
            init,
            out,
            settings,
            benchmarks=_problems(benchmark),
            held_out=all_held_out(),
            replay=replay,
            lean=lean,
            jobs=jobs,
            report=err.print,
        )
    for at, report in enumerate(reports):
        err.print(
            f"round {at}: {report['statements proved']} of {report['statements']} statements proved, "
            f"{report['sizes']['pairs']} pairs"
        )
    err.print(f"the model is in {out / f'round_{number - 1}' / 'model'}")


@app.command(
    epilog=f"""\b
Examples:
  prover train grpo train.jsonl --init sft/model --preset cpu-tiny --out rl
  prover train grpo train.jsonl --rounds rounds --init rounds/round_2/model \\
      --preset deepseekmath --reward process --out rl
  prover train grpo train.jsonl --init prover/model --preset dsp-v1.5 --action proof \\
      --vllm colocate --jobs 16 --out rl
  accelerate launch --config_file {CONFIGS}/one_node.yaml -m prover \\
      train grpo train.jsonl --init prover/model --preset kimina-rl --vllm server --out rl
  prover train grpo train.jsonl --init prover/model --preset deepseekmath --lora 16 \\
      --micro-batch 8 --vllm colocate --jobs 16 --out rl
  prover train grpo evolved/round_2/statements.jsonl --init sft/model --preset wizardmath \\
      --reward product --value value/model --evolved evolved --out rl

\b
STATEMENTS is a file of `python -m prover.data.theorems`. With --vllm server, `trl vllm-serve` runs on
other GPUs. Exit code: 0 done, 2 wrong use or a training that cannot go on, 130 interrupted; the same
command goes on from the last checkpoint."""
)
def grpo(
    statements: StatementsArgument,
    init: InitOption,
    out: RunOption,
    preset: Annotated[
        str, typer.Option(help="deepseekmath, dsp-v1.5, kimina-rl, wizardmath or cpu-tiny.")
    ] = "cpu-tiny",
    rounds: Annotated[
        Path | None,
        typer.Option(
            help="A folder of `prover train rounds`: states on the proofs that it found, of statements "
            "that it sometimes proved, are trained on too."
        ),
    ] = None,
    benchmark: BenchmarkOption = None,
    action: Annotated[
        str, typer.Option(help="What the model writes: tactic, or proof (a script for all of it).")
    ] = "tactic",
    reward: Annotated[
        str,
        typer.Option(
            help="outcome: proved or not; process: each tactic has its own; value: that of a value "
            "model; product: that by how good the statement is."
        ),
    ] = "outcome",
    value: Annotated[
        Path | None, typer.Option(help="The folder of the value model for --reward value, product.")
    ] = None,
    evolved: Annotated[
        Path | None,
        typer.Option(
            help="A folder of `prover train evolve`, which says how good its statements are, for "
            "--reward product."
        ),
    ] = None,
    probe: Annotated[
        int | None,
        typer.Option(
            help="Actions drawn for each state at first: those with equal rewards only are left out. "
            "Default: 8, and with --rounds 0, where its counts choose.",
            min=0,
        ),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Default: the preset's, or each state once.", min=1)
    ] = None,
    batch: Annotated[
        int | None, typer.Option(help="Completions a step, over all processes.", min=2)
    ] = None,
    micro_batch: MicroBatchOption = None,
    lora: LoraOption = 0,
    generations: Annotated[
        int | None, typer.Option(help="Completions of a group, all for one state.", min=2)
    ] = None,
    completion: Annotated[
        int | None, typer.Option(help="Tokens of a completion at most.", min=1)
    ] = None,
    learning_rate: RateOption = None,
    beta: BetaOption = None,
    temperature: Annotated[float | None, typer.Option(help="Of the completions.", min=0.01)] = None,
    vllm: Annotated[
        str, typer.Option(help="Draw completions with vLLM: colocate, or server.")
    ] = "",
    jobs: Annotated[int, typer.Option(help="Lean processes of each process.", min=1)] = 1,
    lean: LeanOption = "auto",
    seed: Annotated[int, typer.Option(help="Of the order of the states and of all draws.")] = 0,
    checkpoint_every: CheckpointOption = 50,
) -> None:
    """Reinforcement learning: make likelier what Lean accepts, within groups of actions (GRPO)."""
    _quiet()
    from typing import get_args

    from prover.data.decontaminate import Benchmark
    from prover.train.evolve import qualities
    from prover.train.grpo import GRPO_RECIPES, VLLM, Source, train_grpo
    from prover.train.outcomes import read_training, tests_as_problems
    from prover.train.reward import Action, Kind, LeanRewards

    given: dict[str, Any] = {
        "steps": steps,
        "batch": batch,
        "generations": generations,
        "completion": completion,
        "learning_rate": learning_rate,
        "beta": beta,
        "temperature": temperature,
    }
    with _resumable():
        what: Any = _one_of("--action", action, get_args(Action))
        kind: Any = _one_of("--reward", reward, get_args(Kind))
        if (evolved is not None) != (kind == "product"):
            raise WrongUse("--reward product and --evolved go together")
        if vllm:
            _one_of("--vllm", vllm, VLLM)
        recipe = _recipe(GRPO_RECIPES, preset, seed, given, lora)
        problems = _problems(benchmark)
        rows = read_training(statements, problems)
        tests = Benchmark(tests_as_problems(), rules=("lean",))
        number = probe if probe is not None else 8 if rounds is None else 0
        quality = qualities(evolved) if evolved else None
        with LeanRewards(what, kind, value=value, quality=quality, lean=lean, jobs=jobs) as rewards:
            done, of = train_grpo(
                init,
                Source(rows, rounds, number),
                out,
                recipe,
                rewards,
                benchmarks=[Benchmark(problems), tests],
                vllm=vllm,
                micro_batch=micro_batch,
                lora=lora,
                checkpoint_every=checkpoint_every,
                report=err.print,
            )
    _finish(done, of, out)


@app.command(
    epilog=f"""\b
Examples:
  prover train preferences rounds --init rounds/round_2/model --preset cpu-tiny --out dpo
  prover train preferences rounds --init prover/model --preset dpo --lora 16 --micro-batch 2 --out dpo
  accelerate launch --config_file {CONFIGS}/one_node.yaml -m prover \\
      train preferences rounds --init prover/model --preset dpo --micro-batch 2 --out dpo

\b
ROUNDS is a folder of `prover train rounds`. Exit code: 0 done, 2 wrong use or a training that cannot
go on, 130 interrupted; the same command goes on from the last checkpoint."""
)
def preferences(
    rounds: RoundsArgument,
    init: InitOption,
    out: RunOption,
    preset: Annotated[str, typer.Option(help="dpo or cpu-tiny.")] = "cpu-tiny",
    benchmark: BenchmarkOption = None,
    epochs: Annotated[
        float | None, typer.Option(help="How often each pair is seen.", min=0.01)
    ] = None,
    batch: Annotated[
        int | None, typer.Option(help="Pairs a step, over all processes.", min=1)
    ] = None,
    micro_batch: MicroBatchOption = None,
    lora: LoraOption = 0,
    learning_rate: RateOption = None,
    beta: BetaOption = None,
    seed: Annotated[int, typer.Option(help="Of the order of the pairs.")] = 0,
    checkpoint_every: CheckpointOption = 50,
) -> None:
    """Make tactics that led to a proof likelier than those that failed on the same state (DPO)."""
    _quiet()
    from prover.train.preferences import DPO_RECIPES, read_preferences, train_preferences

    given: dict[str, Any] = {
        "epochs": epochs,
        "batch": batch,
        "learning_rate": learning_rate,
        "beta": beta,
    }
    with _resumable():
        recipe = _recipe(DPO_RECIPES, preset, seed, given, lora)
        done, of = train_preferences(
            init,
            read_preferences(rounds),
            out,
            recipe,
            benchmarks=_problems(benchmark),
            micro_batch=micro_batch,
            lora=lora,
            checkpoint_every=checkpoint_every,
            report=err.print,
        )
    _finish(done, of, out)


@app.command(
    epilog=f"""\b
Examples:
  prover train value rounds --init rounds/round_2/model --preset cpu-tiny --out value
  prover prove Basic.lean --value value/model
  accelerate launch --config_file {CONFIGS}/one_node.yaml -m prover \\
      train value rounds --init prover/model --preset large --micro-batch 4 --out value

\b
ROUNDS is a folder of `prover train rounds`. What was measured on statements that were held out is in
report.json. Exit code: 0 done, 2 wrong use or a training that cannot go on, 130 interrupted; the same
command goes on from the last checkpoint."""
)
def value(
    rounds: RoundsArgument,
    init: InitOption,
    out: RunOption,
    preset: Annotated[str, typer.Option(help="large or cpu-tiny.")] = "cpu-tiny",
    benchmark: BenchmarkOption = None,
    epochs: Annotated[
        float | None, typer.Option(help="How often each state and tactic is seen.", min=0.01)
    ] = None,
    batch: Annotated[
        int | None, typer.Option(help="States and tactics a step, over all processes.", min=1)
    ] = None,
    micro_batch: MicroBatchOption = None,
    lora: LoraOption = 0,
    learning_rate: RateOption = None,
    seed: Annotated[int, typer.Option(help="Of the order of the states and tactics.")] = 0,
    checkpoint_every: CheckpointOption = 50,
) -> None:
    """Learn how likely a state is to be proved, and a tactic to help, from Lean's verdicts."""
    _quiet()
    from prover.train.value import VALUE_RECIPES, read_labels, train_value

    given: dict[str, Any] = {"epochs": epochs, "batch": batch, "learning_rate": learning_rate}
    with _resumable():
        recipe = _recipe(VALUE_RECIPES, preset, seed, given, lora)
        done, of = train_value(
            init,
            read_labels(rounds),
            out,
            recipe,
            benchmarks=_problems(benchmark),
            micro_batch=micro_batch,
            lora=lora,
            checkpoint_every=checkpoint_every,
            report=err.print,
        )
    _finish(done, of, out)


@app.command(
    epilog="""\b
Example:
  prover train score samples.jsonl --value value/model --out scored.jsonl

\b
A row of FILE is a JSON object with problem, a tactic state as Lean prints it, and sample, a tactic for
it; what else it has stays. Exit code: 0 done, 2 wrong use, 130 interrupted."""
)
def score(
    file: Annotated[Path, typer.Argument(help="Samples as JSON lines.", metavar="FILE")],
    value: Annotated[Path, typer.Option(help="The folder of the value model.")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
) -> None:
    """Add to samples how likely they are to help, by a value model: the score that orders them."""
    _quiet()
    from prover.train.value import score_file

    score_file(file, value, out, err.print)
    err.print(f"the scores are in {out}")


@app.command(
    epilog="""\b
Examples:
  prover train evolve train.jsonl --benchmark minif2f.jsonl --out evolved
  prover train evolve train.jsonl --attempts rounds/round_0/attempts.jsonl \\
      --writer http://127.0.0.1:8000/v1#NAME --out evolved

\b
Self-play: what is seldom proved teaches a model that proposes the statements of the next run.
  prover train evolve train.jsonl --out evolved
  prover train rounds evolved/round_2/statements.jsonl --init sft/model --attempts 8 --out rounds2
  prover train conjectures evolved --attempts rounds2/round_0/attempts.jsonl --out conjectures.jsonl
  prover train tactics conjectures.jsonl --init sft/model --out conjecturer
  prover train evolve train.jsonl --conjecturer conjecturer/model --out evolved2

\b
STATEMENTS is a file of `python -m prover.data.theorems`. children.jsonl of a round says of each child
why it was kept or left out. A run that was interrupted, or killed, goes on with the same command. Exit
code: 0 done, 2 wrong use or a model that fails, 130 interrupted."""
)
def evolve(
    statements: StatementsArgument,
    out: Annotated[Path, typer.Option(help="The folder for round_0, round_1 and so on.")],
    number: Annotated[
        int, typer.Option("--rounds", help="In all, those done before included.", min=1)
    ] = 3,
    parents: Annotated[int, typer.Option(help="Statements evolved in a round.", min=1)] = 20,
    keep: Annotated[int, typer.Option(help="Children kept of a round.", min=1)] = 20,
    expansions: Annotated[
        int, typer.Option(help="Of the search that says how hard a child is.", min=1)
    ] = 16,
    timeout: Annotated[
        float, typer.Option(help="Cap on the wall time of that search, in seconds.", min=0.1)
    ] = 300.0,
    fewest_calls: Annotated[
        int, typer.Option(help="What the portfolio proves with less Lean calls, is trivial.", min=0)
    ] = 4,
    attempts: Annotated[
        list[Path] | None,
        typer.Option(
            help="attempts.jsonl of `prover train rounds`: goals in its proofs become statements; "
            "can be repeated."
        ),
    ] = None,
    writer: Annotated[
        str | None,
        typer.Option(
            help="A language model that writes children too: as --sketcher of `prover prove`.",
            metavar="MODEL",
        ),
    ] = None,
    conjecturer: Annotated[
        str | None,
        typer.Option(
            help="The folder of a model that `prover train tactics` has trained on what `prover train "
            "conjectures` writes: it proposes children too.",
            metavar="FOLDER",
        ),
    ] = None,
    benchmark: BenchmarkOption = None,
    jobs: Annotated[int, typer.Option(help="Lean processes.", min=1)] = 1,
    lean: LeanOption = "auto",
    seed: Annotated[int, typer.Option(help="Of the choice of statements and children.")] = 0,
) -> None:
    """Make harder and easier statements of those for training, and keep the best (Evol-Instruct)."""
    from prover.train.evolve import Evolution
    from prover.train.evolve import evolve as run

    settings = Evolution(
        rounds=number,
        parents=parents,
        keep=keep,
        expansions=expansions,
        seconds=timeout,
        fewest_calls=fewest_calls,
        seed=seed,
        writer=writer,
        conjecturer=conjecturer,
    )
    with _resumable():
        work = run(
            statements,
            out,
            settings,
            benchmarks=_problems(benchmark),
            attempts=attempts or (),
            lean=lean,
            jobs=jobs,
            report=err.print,
        )
        reports = run_cancellable(work)
    for at, report in enumerate(reports):
        err.print(
            f"round {at}: {report['children']} children, {report['good']} good, {report['kept']} kept"
        )
    err.print(f"the statements are in {out / f'round_{number - 1}' / 'statements.jsonl'}")


@app.command(
    epilog="""\b
Examples:
  prover train conjectures evolved --attempts rounds2/round_0/attempts.jsonl --out conjectures.jsonl
  prover train tactics conjectures.jsonl --init sft/model --out conjecturer
  prover train evolve train.jsonl --conjecturer conjecturer/model --out evolved2

\b
Only a child that was searched five times or more (`--attempts` of `prover train rounds`) can be one that
is proved, but in less than a quarter. Exit code: 0 done, 2 wrong use or no conjecture of this kind."""
)
def conjectures(
    evolved: Annotated[
        Path, typer.Argument(help="The folder of `prover train evolve`.", metavar="EVOLVED")
    ],
    attempts: Annotated[
        list[Path],
        typer.Option(help="attempts.jsonl of `prover train rounds`; can be repeated."),
    ],
    out: Annotated[Path, typer.Option(help="The pairs, as JSON lines.")],
) -> None:
    """Pairs for a conjecturer: a statement, and what was made of it that is seldom proved (STP)."""
    from prover.files import write_jsonl
    from prover.train.evolve import HARDEST_SUCCESS
    from prover.train.evolve import conjectures as pairs

    found = list(pairs(evolved, attempts))
    if not found:
        raise WrongUse(
            f"no child in {evolved} was proved in more than none and less than "
            f"{HARDEST_SUCCESS:.0%} of its searches: have `prover train rounds` search them with fewer "
            "--expansions, or more --attempts, and give those too"
        )
    write_jsonl(out, found)
    err.print(f"{len(found)} pairs are in {out}")


@app.command(
    epilog="""\b
Example:
  prover train outcomes statements.jsonl --benchmark minif2f.jsonl --out outcomes.jsonl

\b
STATEMENTS is a file of `python -m prover.data.theorems`. Searches that are in the log already are not
made again: a run that was interrupted, or killed, goes on with the same command. Exit code: 0 done, 2
wrong use, 130 interrupted."""
)
def outcomes(
    statements: StatementsArgument,
    out: Annotated[Path, typer.Option(help="The log, one line a search.")],
    benchmark: BenchmarkOption = None,
    attempts: AttemptsOption = 2,
    expansions: Annotated[int, typer.Option(help="Of a search.", min=1)] = 12,
    timeout: Annotated[
        float, typer.Option(help="Cap on the wall time of a search, in seconds.", min=0.1)
    ] = 20.0,
    temperature: TemperatureOption = 1.0,
    limit: Annotated[
        int | None, typer.Option(help="Only so many statements, by their hashes.", min=1)
    ] = None,
    jobs: Annotated[int, typer.Option(help="Lean processes.", min=1)] = 1,
    lean: LeanOption = "auto",
) -> None:
    """Search training statements with the portfolio, and log what helped and what did not."""
    from prover.train.outcomes import read_training, search_for_outcomes

    with _resumable():
        rows = read_training(statements, _problems(benchmark))[:limit]
        work = search_for_outcomes(
            rows,
            out,
            attempts=attempts,
            expansions=expansions,
            seconds=timeout,
            temperature=temperature,
            jobs=jobs,
            lean=lean,
            report=err.print,
        )
        run_cancellable(work)
    err.print(f"the log is in {out}")


@app.command(
    epilog="""\b
Examples:
  prover train ranker outcomes.jsonl --out ranker
  prover train ranker outcomes.jsonl my_searches.jsonl --out ranker

\b
A log is what `prover train outcomes` writes, or `--log` of a search of your own. Equal logs give equal
rankers. Exit code: 0 done, 2 wrong use or a log that cannot be read."""
)
def ranker(
    logs: Annotated[list[Path], typer.Argument(help="Logs of searches.", metavar="LOG...")],
    out: Annotated[Path, typer.Option(help="The folder to write.")],
    strength: Annotated[
        float, typer.Option(help="The inverse of the regularisation's strength.", min=1e-6)
    ] = 0.1,
    seed: Annotated[int, typer.Option(help="Of the fit.")] = 0,
) -> None:
    """Learn from logs which tactic helps with a goal, and what it costs."""
    from prover.files import read_jsonl
    from prover.train.ranker import fit

    lines = [line for log in logs for line in read_jsonl(log)]
    fit(lines, strength=strength, seed=seed, report=err.print).save(out)
    err.print(f"the ranker is in {out}")


@app.command(
    epilog="""\b
Examples:
  prover train compare --out table
  prover train compare programs isaplanner.jsonl core:minif2f.jsonl --limit 60 --out table
  prover train compare statements --contestants premises,model+portfolio \\
      --model rounds/round_2/model --out table --calls 64 --attempts 1

\b
Of the test `statements` at most 2 are searched that descend from one, and 10 that descend from instances
of one template; the figures of each test are in a folder of its name. Intervals are at 95%, and
p-values exact and not corrected for their number; both take what descends from one statement as a
cluster. An interrupted run goes on with the same command."""
)
def compare(
    out: Annotated[
        Path, typer.Option(help="The folder for attempts.jsonl, report.json, report.md.")
    ],
    tests: Annotated[
        list[str] | None,
        typer.Argument(
            help="What is searched: statements, library, programs (held out from all training), a file "
            "of statements, a benchmark as for `prover eval run`, or core:BENCHMARK.",
            metavar="[TEST]...",
        ),
    ] = None,
    model: Annotated[
        Path, typer.Option(help="The folder of the model.", show_default="that of the package")
    ] = SHIPPED_FOLDER,
    ranker: RankerOption = "all",
    value: ValueOption = None,
    contestants: Annotated[
        str,
        typer.Option(
            help="Who takes part, separated by commas: portfolio, premises, ranker, value, "
            "uniform, model, model+value, model+portfolio, model+ranker."
        ),
    ] = "portfolio,premises,ranker,model+ranker",
    calls: Annotated[int, typer.Option(help="Lean calls for each statement.", min=1)] = 64,
    seconds: Annotated[
        float, typer.Option(help="Wall time for each statement, if that is more.", min=0.0)
    ] = 10.0,
    attempts: Annotated[int, typer.Option(help="The k of pass@k.", min=1)] = 3,
    samples: Annotated[int, typer.Option(help="Tactics the model draws for a state.", min=1)] = 32,
    limit: Annotated[
        int | None, typer.Option(help="Only so many statements of each, by their hashes.", min=1)
    ] = None,
    jobs: Annotated[int, typer.Option(help="Lean processes.", min=1)] = 1,
    lean: LeanOption = "auto",
    seed: Annotated[int, typer.Option(help="Of the first attempt.")] = 0,
) -> None:
    """What each learned part helps: proved at equal Lean calls and in equal time."""
    _quiet()
    from prover.data.theorems.corpus import TESTS
    from prover.evaluate.compare import Comparison, one_table, read_tests
    from prover.evaluate.compare import compare as run

    settings = Comparison(
        contestants=tuple(_listed(contestants)),
        calls=calls,
        seconds=seconds,
        attempts=attempts,
        samples=samples,
        seed=seed,
    )
    summaries: dict[str, dict[str, Any]] = {}
    with _resumable():
        chosen = read_tests(tests or list(TESTS), limit)
        for name, rows in chosen.items():
            work = run(
                rows,
                model,
                out / name,
                settings,
                ranker=ranker,
                value=value,
                lean=lean,
                jobs=jobs,
                report=err.print,
            )
            summaries[name] = run_cancellable(work)
    text = one_table(summaries)
    (out / "report.md").write_text(text, encoding="utf-8")
    print(text, end="")


@app.command(
    epilog="""\b
Examples:
  prover train ablation train.jsonl statements library --init sft/model --replay pairs.jsonl --out table
  prover train ablation train.jsonl statements --init sft/model --rows rounds,dpo --seeds 1 --out table
  rm -r table/dpo && prover train ablation train.jsonl statements --init sft/model --rows dpo --out table

\b
STATEMENTS is a file of `python -m prover.data.theorems`, a test what `prover train compare` searches.
CONFIG is a JSON object of parts with their fields, such as
{"rounds": {"rounds": 2, "statements": 50}, "grpo": {"steps": 20}}; the parts are rounds, evolution, grpo,
dpo, value, comparison. Row by row, the folder and the table fill; the third command makes one row again.
Exit code: 0 done, 2 wrong use or no model, 130 interrupted; after that, or a kill, the same command goes
on. A row that cannot be trained is in the table with the reason."""
)
def ablation(
    statements: StatementsArgument,
    tests: Annotated[
        list[str], typer.Argument(help="What is searched to compare.", metavar="TEST...")
    ],
    init: InitOption,
    out: Annotated[Path, typer.Option(help="The folder for rows, report.json, report.md.")],
    preset: Annotated[str, typer.Option(help="cpu-tiny or large.")] = "cpu-tiny",
    config: Annotated[
        Path | None, typer.Option(help="A JSON file with changes of the preset.")
    ] = None,
    rows: Annotated[
        str,
        typer.Option(
            help="Rows beside sft, separated by commas: rounds, grpo-outcome, grpo-process, dpo, evolved, "
            "value; default: all.",
        ),
    ] = "",
    seeds: Annotated[int, typer.Option(help="How often each row is trained.", min=1)] = 3,
    attempts: Annotated[int, typer.Option(help="The k of pass@k, for each seed.", min=1)] = 8,
    calls: Annotated[int, typer.Option(help="Lean calls of a search.", min=1)] = 64,
    limit: Annotated[
        int | None, typer.Option(help="Only so many statements of each test.", min=1)
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(help="The pairs that the model of --init was trained on.")
    ] = None,
    benchmark: BenchmarkOption = None,
    jobs: Annotated[int, typer.Option(help="Lean processes.", min=1)] = 1,
    lean: LeanOption = "auto",
) -> None:
    """What each way to train brings: one table, over seeds, at equal Lean calls."""
    _quiet()
    from prover.evaluate.compare import read_tests
    from prover.train.ablation import ABLATIONS, ROWS, ablate, read_changes, table

    chosen = _listed(rows) or ROWS
    for row in chosen:
        _one_of("--rows", row, ROWS)
    settings = ABLATIONS[_one_of("--preset", preset, ABLATIONS)]
    comparison = replace(settings.comparison, attempts=attempts, calls=calls)
    settings = replace(settings, comparison=comparison)
    with _resumable():
        if config is not None:
            settings = read_changes(settings, config)
        found = ablate(
            statements,
            init,
            out,
            settings,
            read_tests(tests, limit),
            rows=chosen,
            seeds=seeds,
            benchmarks=_problems(benchmark),
            replay=replay,
            lean=lean,
            jobs=jobs,
            report=err.print,
        )
    print(table(found), end="")


@contextmanager
def _resumable() -> Iterator[None]:
    """A command that goes on where it was says so when it is interrupted."""
    try:
        yield
    except Interrupted:
        err.print("the same command goes on")
        raise


def _finish(done: int, steps: int, out: Path) -> None:
    """Says where the model of a training is, or that it was stopped."""
    if done < steps:
        err.print(f"stopped after step {done} of {steps}; the same command goes on")
        raise typer.Exit(INTERRUPTED)
    err.print(f"the model is in {out / 'model'}")


def _quiet() -> None:
    import logging

    from transformers.utils.logging import disable_progress_bar

    logging.getLogger("accelerate.utils.other").setLevel(logging.ERROR)  # warns of tied weights
    logging.getLogger("transformers.trainer_utils").setLevel(logging.ERROR)  # of end tokens
    logging.getLogger("trl").setLevel(logging.ERROR)  # shows what has no reward, prompts and all
    disable_progress_bar()  # type: ignore[no-untyped-call]


def _problems(files: list[Path] | None) -> list[Problem]:
    from prover.data.decontaminate import load_benchmark

    return [problem for file in files or () for problem in load_benchmark(file)]


def _recipe(
    presets: Mapping[str, T], preset: str, seed: int, given: Mapping[str, Any], lora: int
) -> T:
    """A preset with the seed, and with what is given of its values; with adapters, its learning rate
    is theirs."""
    from prover.train.lora import RATE

    chosen: Any = presets[_one_of("--preset", preset, presets)]
    rate = chosen.learning_rate * (RATE if lora else 1)
    changes = {name: value for name, value in given.items() if value is not None}
    changed: T = replace(chosen, **{"seed": seed, "learning_rate": rate} | changes)
    return changed


def _one_of(option: str, value: str, names: Collection[str]) -> str:
    if value not in names:
        raise WrongUse(f"{option} {value}: choose one of {', '.join(names)}")
    return value


def _show(line: Report) -> None:
    text = (
        f"step {line.step}: loss {line.loss:.4f}, rate {line.learning_rate:.2e}, gradient "
        f"{line.gradient_norm:.2f}, {line.tokens_per_second:.0f} tokens/s"
    )
    if line.validation_loss is not None:
        text += f", validation {line.validation_loss:.4f}"
    if (exact := getattr(line, "exact", None)) is not None:
        text += f", {exact:.1%} exact"
    if left_out := getattr(line, "left_out", 0):
        text += f", {left_out} pairs too long"
    err.print(text)


def _address(corpus: str) -> str:
    from prover.data.algebraic_stack import HUB

    return HUB if corpus == "hub" else corpus


def _listed(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _sample(corpus: str, languages: str) -> list[str]:
    """Texts spread over the corpus, `TOKENIZER_BYTES` of them at most."""
    from prover.data.algebraic_stack import read_corpus

    texts: list[str] = []
    size, every = 0, 1
    for number, document in enumerate(read_corpus(_address(corpus), "train", _listed(languages))):
        if number % every:
            continue
        texts.append(document.text)
        size += len(document.text)
        while size > TOKENIZER_BYTES and len(texts) > 1:
            every *= 2
            texts = texts[::2]
            size = sum(map(len, texts))
    return texts


def _model(
    shape: Preset, tokenizer: Path | None, init: str | None, seed: int, frozen: bool = False
) -> tuple[PreTrainedTokenizerFast, LlamaForCausalLM]:
    """Weights that are trained are in float32; a GPU computes with both in bfloat16."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    from prover.models.presets import model_config, new_model
    from prover.models.tokenizer import load_tokenizer

    words: Any
    if init is None:
        if tokenizer is None:
            raise WrongUse("give --tokenizer, or --init with a model that has one")
        words = load_tokenizer(tokenizer)
        return words, new_model(model_config(shape, len(words)), seed)
    try:
        words = load_tokenizer(tokenizer) if tokenizer else AutoTokenizer.from_pretrained(init)
        vocabulary = len(words) if shape.tied else max(shape.vocabulary, len(words))
        config = model_config(shape, vocabulary)
        if told := getattr(LlamaConfig.from_pretrained(init), "prompt_format", None):
            config.prompt_format = told
        dtype = torch.bfloat16 if frozen and torch.cuda.is_available() else torch.float32
        return words, LlamaForCausalLM.from_pretrained(init, config=config, dtype=dtype)
    except (OSError, RuntimeError) as error:
        raise WrongUse(
            f"--init {init}: no model of this preset can be loaded from there ({error})"
        ) from error


def _packed(corpus: str, languages: str, words: PreTrainedTokenizerFast, out: Path) -> Path:
    """The folder with the tokens of a corpus, which is packed first unless it is one of those."""
    from accelerate import PartialState

    from prover.train.packing import fingerprint, pack_corpus, packed_from

    folder = Path(corpus)
    if (source := packed_from(folder / "train.bin")) is not None:
        if source.get("tokenizer") != fingerprint(words):
            raise WrongUse(f"{folder} was packed with another tokenizer than that of the model")
        if languages:
            raise WrongUse(f"{folder} is packed: choose --languages in `prover train pack`")
        return folder
    with PartialState().main_process_first():
        pack_corpus(_address(corpus), _listed(languages), words, out / "tokens", report=err.print)
    return out / "tokens"


if __name__ == "__main__":
    app()
