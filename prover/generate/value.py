"""How likely a state is to be proved, and a tactic to help with it, by a model with one output
(`prover.train.value`): what a search adds to the priority of a goal (HyperTree proof search, Lample et
al. 2022, arXiv 2205.11491, has such a critic), and what samples are put in order by."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from prover.errors import WrongUse
from prover.generate.completion import ModelError
from prover.generate.transformers import SMALL
from search.interfaces import State

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

TOKENS_AT_ONCE = 16_384
KNOWN = 65_536
"""States whose values are kept."""


def encoded(words: PreTrainedTokenizerFast, asked: Sequence[tuple[str, str]]) -> list[list[int]]:
    """The tokens of states with tactics, as supervised tactics have them; where the tactic is empty,
    of the state alone, which no end token follows."""
    if not asked:
        return []
    texts = [f"[GOAL]{state}[PROOFSTEP]{tactic}" for state, tactic in asked]
    tokens = words(texts, verbose=False)["input_ids"]
    return [
        [*ids, words.eos_token_id] if tactic else ids
        for ids, (_, tactic) in zip(tokens, asked, strict=True)
    ]


class ValueModel:
    """A value model in this process, on the GPU if there is one. Called with a state, it is the `value`
    of `search.best_first.BestFirst`; it is asked alone, so that the answer depends on nothing else."""

    def __init__(self, model: PreTrainedModel, words: PreTrainedTokenizerFast) -> None:
        from transformers import DataCollatorWithPadding

        model.train(False)
        self._model = model
        self._words = words
        self._padded = DataCollatorWithPadding(words)
        self._of = lru_cache(maxsize=KNOWN)(lambda state: self.score([(state, "")])[0])

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Loads what `prover train value` has written.

        Raises:
            WrongUse: the folder holds no value model.
            ModelError: torch or transformers is missing, or the files are damaged.
        """
        try:
            import torch
            from transformers import AutoModelForSequenceClassification, AutoTokenizer, logging
        except ImportError as error:
            raise ModelError(
                f"a value model needs the extra 'model' ({error}): pip install 'prover[model]'"
            ) from None
        if not _is_value_model(folder):
            raise WrongUse(f"{folder} holds no value model: train one with `prover train value`")
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        cuda = torch.cuda.is_available()
        try:
            model: Any = AutoModelForSequenceClassification.from_pretrained(
                folder, dtype=torch.bfloat16 if cuda else torch.float32
            )
            words: Any = AutoTokenizer.from_pretrained(folder)
        except Exception as error:  # what a broken file raises has no common type
            reason = str(error).strip().split("\n")[0] or type(error).__name__
            raise ModelError(f"cannot load the value model {folder}: {reason}") from error
        if not cuda and model.num_parameters() < SMALL:
            torch.set_num_threads(1)
        return cls(model.to("cuda" if cuda else "cpu"), words)

    def __call__(self, state: State) -> float:
        return self._of(state.pp)

    def score(
        self,
        asked: Sequence[tuple[str, str]],
        report: Callable[[int], None] = lambda done: None,
    ) -> list[float]:
        """Log-probabilities, at most 0, that states can be proved, or that the tactics beside them
        help, where these are not empty. Of a text with more tokens than the model has positions, the
        last are read. `report` is told how many are done after each batch."""
        import torch

        most = int(self._model.config.max_position_embeddings)
        rows = [ids[-most:] for ids in encoded(self._words, asked)]
        order = sorted(range(len(rows)), key=lambda at: len(rows[at]))
        found = [0.0] * len(rows)
        done = 0
        while done < len(order):
            count = 1
            while (
                done + count < len(order)
                and (count + 1) * len(rows[order[done + count]]) <= TOKENS_AT_ONCE
            ):
                count += 1
            batch = order[done : done + count]
            padded = self._padded([{"input_ids": rows[at]} for at in batch])
            inputs = {name: part.to(self._model.device) for name, part in padded.items()}
            with torch.inference_mode():
                logits = self._model(**inputs, use_cache=False).logits
            scores = torch.nn.functional.logsigmoid(logits[:, 0].float()).tolist()
            for at, score in zip(batch, scores, strict=True):
                found[at] = score
            done += count
            report(done)
        return found


def _is_value_model(folder: Path) -> bool:
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        (kind,) = config["architectures"]
        return kind.endswith("ForSequenceClassification") and len(config["id2label"]) == 1
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
