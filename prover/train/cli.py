"""`prover train`: from a corpus to a model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

    from prover.models.presets import Preset
    from prover.train.corpus import Report

app = typer.Typer(
    name="train",
    help="Train models: a tokenizer and continued pretraining on a corpus.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
err = Console(stderr=True, highlight=False, soft_wrap=True)

WRONG, INTERRUPTED = 2, 130
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
    from prover.data.algebraic_stack import CorpusError
    from prover.models.tokenizer import save_tokenizer, train_tokenizer

    try:
        learned = train_tokenizer(_sample(corpus, languages), vocabulary)
    except (CorpusError, ValueError) as error:
        _fail(str(error))
    save_tokenizer(learned, out)
    err.print(f"a tokenizer of {len(learned)} tokens is in {out}")


@app.command(
    epilog=f"""\b
Examples:
  prover train corpus corpus --preset tiny --tokenizer tokenizer --out run
  prover train corpus hub --languages lean,coq,isabelle --preset medium \\
      --tokenizer tokenizer --out run
  accelerate launch --config_file {CONFIGS}/one_node.yaml -m prover.cli \\
      train corpus algebraic-stack --preset llemma-7b --init CodeLlama-7b --out run

\b
The folder {CONFIGS} has accelerate's configurations for one GPU
(one_gpu.yaml), one node of 8 and many nodes (FSDP2); the command stays the same.
Exit code: 0 done, 2 wrong use or a training that cannot go on, 130 interrupted;
the same command goes on from the last checkpoint."""
)
def corpus(
    corpus: CorpusArgument,
    out: Annotated[
        Path, typer.Option(help="The folder for checkpoints, the log and the finished model.")
    ],
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
        typer.Option(help="Windows that a process computes at once; default: its share.", min=1),
    ] = None,
    sequence: Annotated[int | None, typer.Option(help="Tokens a window.", min=8)] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The peak.", min=0.0)] = None,
    warmup: Annotated[int | None, typer.Option(help="Steps to the peak.", min=0)] = None,
    gradient_checkpointing: Annotated[
        bool | None,
        typer.Option(help="Less memory for more time; default: from medium on."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the weights and of the order of the data.")] = 0,
    checkpoint_every: Annotated[int, typer.Option(help="In steps.", min=1)] = 200,
) -> None:
    """Train a model to continue texts: from random weights, or go on with one you have."""
    import logging
    import os

    from transformers.utils.logging import disable_progress_bar

    from prover.data.algebraic_stack import CorpusError
    from prover.models.presets import find_preset
    from prover.train.corpus import RECIPES, TrainingError, train

    logging.getLogger("accelerate.utils.other").setLevel(logging.ERROR)  # warns of tied weights
    disable_progress_bar()  # type: ignore[no-untyped-call]
    given: dict[str, Any] = {
        "steps": steps,
        "batch": batch,
        "sequence": sequence,
        "learning_rate": learning_rate,
        "warmup": warmup,
        "gradient_checkpointing": gradient_checkpointing,
        "seed": seed,
    }
    try:
        shape = find_preset(preset)
        recipe = replace(
            RECIPES[preset], **{name: value for name, value in given.items() if value is not None}
        )
        if recipe.sequence > shape.context:
            _fail(f"--sequence {recipe.sequence}: {preset} has {shape.context} positions")
        words, model = _model(shape, tokenizer, init, seed)
        _pack(corpus, languages, words, out / "tokens")
        world = int(os.environ.get("WORLD_SIZE", "1"))
        done = train(
            model,
            words,
            out / "tokens",
            out,
            recipe,
            micro_batch or max(1, recipe.batch // world),
            checkpoint_every,
            report=_show,
        )
    except (CorpusError, TrainingError, ValueError, FileNotFoundError) as error:
        _fail(str(error))
    if done < recipe.steps:
        err.print(f"stopped after step {done} of {recipe.steps}; the same command goes on")
        raise typer.Exit(INTERRUPTED)
    err.print(f"the model is in {out / 'model'}")


def _fail(message: str) -> NoReturn:
    err.print(Text("error: ", style="red") + Text(message))
    raise typer.Exit(WRONG)


def _show(line: Report) -> None:
    text = (
        f"step {line.step}: loss {line.loss:.4f}, rate {line.learning_rate:.2e}, gradient "
        f"{line.gradient_norm:.2f}, {line.tokens_per_second:.0f} tokens/s"
    )
    if line.validation_loss is not None:
        text += f", validation {line.validation_loss:.4f}"
    err.print(text)


def _address(corpus: str) -> str:
    from prover.data.algebraic_stack import HUB

    return HUB if corpus == "hub" else corpus


def _languages(text: str) -> list[str]:
    return [language.strip() for language in text.split(",") if language.strip()]


def _sample(corpus: str, languages: str) -> list[str]:
    """Texts spread over the corpus, `TOKENIZER_BYTES` of them at most."""
    from prover.data.algebraic_stack import read_corpus

    texts: list[str] = []
    size, every = 0, 1
    for number, document in enumerate(
        read_corpus(_address(corpus), "train", _languages(languages))
    ):
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
    shape: Preset, tokenizer: Path | None, init: str | None, seed: int
) -> tuple[PreTrainedTokenizerFast, LlamaForCausalLM]:
    import torch
    from transformers import AutoTokenizer, LlamaForCausalLM

    from prover.models.presets import model_config, new_model
    from prover.models.tokenizer import load_tokenizer

    if tokenizer is None and init is None:
        raise ValueError("give --tokenizer, or --init with a model that has one")
    if init is None:
        words = load_tokenizer(tokenizer or Path())
        return words, new_model(model_config(shape, len(words)), seed)
    try:
        words: Any = load_tokenizer(tokenizer) if tokenizer else AutoTokenizer.from_pretrained(init)
        config = model_config(
            shape, max(shape.vocabulary, len(words)) if not shape.tied else len(words)
        )
        return words, LlamaForCausalLM.from_pretrained(init, config=config, dtype=torch.float32)
    except (OSError, RuntimeError) as error:
        raise ValueError(
            f"--init {init}: no model of this preset can be loaded from there ({error})"
        ) from error


def _pack(corpus: str, languages: str, words: PreTrainedTokenizerFast, folder: Path) -> None:
    """Packs `train` and `validation`, unless they are packed from the same source already."""
    from hashlib import sha256

    from accelerate import PartialState

    from prover.data.algebraic_stack import CorpusError, read_corpus, shard_sizes
    from prover.train.packing import pack, packed_from

    address, chosen = _address(corpus), _languages(languages)
    with PartialState().main_process_first():
        for split in ("train", "validation"):
            try:
                shards = shard_sizes(address, split)
            except CorpusError:
                if split == "train":
                    raise
                continue
            source = {
                "shards": shards,
                "languages": chosen,
                "tokenizer": sha256(words.backend_tokenizer.to_str().encode()).hexdigest(),
            }
            file = folder / f"{split}.bin"
            if packed_from(file) != source:
                err.print(f"packing {split} of {corpus}")
                pack((d.text for d in read_corpus(address, split, chosen)), words, file, source)


if __name__ == "__main__":
    app()
