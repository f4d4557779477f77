"""Models on transformers, whatever their architecture."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from prover.generate.completion import Completion, ModelError, encode
from prover.generate.continuous import TOKEN_BUDGET, ContinuousGenerator, Group, Row
from prover.generate.prompts import Format, Prompt, Sampling, UnknownFormat, detect, named

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from prover.generate.batch import Batch

SMALL = 50_000_000
"""Models with fewer weights compute on one core of a CPU: Lean uses the others better."""
USEFUL = 20.0
"""Tokens a second, of all samples together, that a search needs: 32 tactics in half a minute."""
ELSEWHERE = (
    "run it on a machine with a GPU that holds it or on a server (http://HOST:PORT/v1#NAME), or take "
    "a smaller model (`small` comes with the package)"
)
FULL_ATTENTION = {"full_attention", "sliding_attention"}


class TransformersGenerator(ContinuousGenerator["Batch"]):
    """A causal or an encoder-decoder model of transformers. The format is detected if none is
    given, the sampling is by default that of the format.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        form: Format | None = None,
        sampling: Sampling | None = None,
        token_budget: int = TOKEN_BUDGET,
    ) -> None:
        """
        Raises:
            UnknownFormat: no format is given and none can be detected.
            ModelError: the model keeps something else than keys and values.
        """
        form = form or detect(str(model.name_or_path), model.config, tokenizer.get_vocab())
        unusual = set(getattr(model.config, "layer_types", None) or ()) - FULL_ATTENTION
        if unusual:
            raise ModelError(
                f"{model.name_or_path} has layers of kind {', '.join(sorted(unusual))}, which this "
                "backend cannot batch: run it with vLLM or an OpenAI-compatible server"
            )
        coded = model.config.is_encoder_decoder
        longest = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        super().__init__(
            form,
            sampling or form.sampling,
            ends=_ends(model, tokenizer),
            added=tokenizer.get_added_vocab(),
            positions=None if coded else longest or None,
            continues=not coded,
            token_budget=token_budget,
        )
        model.train(False)
        self.model = model
        self.tokenizer = tokenizer

    @classmethod
    def load(
        cls,
        name: str,
        *,
        form: str | None = None,
        sampling: Sampling | None = None,
        token_budget: int = TOKEN_BUDGET,
        device: str | None = None,
    ) -> Self:
        """Loads a model from a folder or from the Hugging Face hub, on `device` or else on the GPU
        if there is one. On a CPU it computes in float32. Code that comes with a model is not run.

        Raises:
            ModelError: torch or transformers is missing, or the model cannot be had or read, is too
                large for the free memory, or too slow on this CPU: this before it is loaded.
            UnknownFormat: its prompt format is neither given nor known.
        """
        given = named(form) if form is not None else None
        if Path(name).is_absolute() and not Path(name).is_dir():
            raise ModelError(f"cannot load the model {name}: there is no such folder")
        try:
            import torch
            import transformers
        except ImportError as error:
            raise ModelError(
                f"a model needs the extra 'model' ({error}): pip install 'prover[model]'"
            ) from None
        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        try:
            config = transformers.AutoConfig.from_pretrained(name)
            tokenizer = transformers.AutoTokenizer.from_pretrained(name)
            kind: Any = (
                transformers.AutoModelForSeq2SeqLM
                if config.is_encoder_decoder
                else transformers.AutoModelForCausalLM
            )
            given = given or detect(name, config, tokenizer.get_vocab())
            with torch.device("meta"):
                weights = int(kind.from_config(config).num_parameters())
            _expect_use(name, weights, config, device)
            dtype = torch.float32 if device == "cpu" else "auto"
            model: Any = kind.from_pretrained(name, dtype=dtype)
            model.to(device)
            if device == "cpu" and model.num_parameters() < SMALL:
                torch.set_num_threads(1)
        except (UnknownFormat, ModelError):
            raise
        except Exception as error:  # what a broken file raises has no common type
            reason = str(error).strip().split("\n")[0] or type(error).__name__
            hint = "is the name right, and can the hub be reached? A folder works too"
            if "trust_remote_code" in str(error):
                hint = "a model with code of its own runs only with vLLM or on a server"
            raise ModelError(f"cannot load the model {name}: {reason} ({hint})") from error
        return cls(model, tokenizer, form=given, sampling=sampling, token_budget=token_budget)

    def _encode(self, prompt: Prompt) -> list[int]:
        return encode(self.tokenizer, prompt, self.format.max_prompt_tokens)

    def _decode(self, ids: list[int]) -> str:
        options = {"skip_special_tokens": True, "clean_up_tokenization_spaces": False}
        return str(self.tokenizer.decode(ids, **options))

    def _read(self, prompts: Sequence[list[int]]) -> Batch:
        from prover.generate.batch import Batch

        return Batch.read(self.model, prompts)

    def _computing(self) -> AbstractContextManager[object]:
        import torch

        return torch.inference_mode()

    def _advanced(
        self,
        groups: list[Group],
        batch: Batch,
        source: list[int],
        answers: list[tuple[Group, Completion | None]],
    ) -> list[int]:
        if self.sampling.beam:
            return self._advance_beams(groups, batch.logprobs[source], answers)
        return super()._advanced(groups, batch, source, answers)

    def _advance_beams(
        self,
        groups: list[Group],
        logprobs: Tensor,
        answers: list[tuple[Group, Completion | None]],
    ) -> list[int]:
        """Beam search as transformers does it with length penalty 0 and without early stopping: of
        the best candidates those that end within the first `width` are finished, the best others
        go on, until none of these can be among the best `width` finished."""
        parents: list[int] = []
        first = 0
        many = max(2, 1 + len(self._ends))
        for group in groups:
            here = logprobs[first : first + len(group.rows)]
            before = here.new_tensor([row.logprob for row in group.rows])
            scores = (here + before[:, None]).flatten()
            best = scores.topk(min(many * group.width, scores.numel()))
            left: list[Row] = []
            pairs = zip(best.values.tolist(), best.indices.tolist(), strict=True)
            for rank, (score, place) in enumerate(pairs):
                parent, token = divmod(place, here.shape[1])
                if rank >= group.width and token in self._ends:
                    continue
                row = Row(ids=[*group.rows[parent].ids, token], logprob=score)
                completion = self._completion(group, row)
                if completion is not None and completion.finished:
                    if rank < group.width:
                        group.ended.append(score)
                        answers.append((group, completion))
                elif len(left) < group.width:
                    if completion is not None:
                        answers.append((group, completion))
                    left.append(row)
                    parents.append(first + parent)
            first += len(group.rows)
            group.ended = sorted(group.ended, reverse=True)[: group.width]
            full = len(group.ended) == group.width
            over = not left or len(left[0].ids) >= group.limit
            if over or (full and left[0].logprob <= group.ended[-1]):
                del parents[len(parents) - len(left) :]
                left = []
            group.rows = left
        return parents


def _ends(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """The tokens that end a completion."""
    given = getattr(model.generation_config, "eos_token_id", None)
    ends = set(given) if isinstance(given, list) else {given}
    ends.add(tokenizer.eos_token_id)
    return {end for end in ends if end is not None}


def _expect_use(name: str, weights: int, config: Any, device: str) -> None:
    """
    Raises:
        ModelError: a model with so many weights does not fit, or is of no use at its speed.
    """
    import psutil
    import torch

    size = 4.0 if device == "cpu" else float(getattr(config.dtype, "itemsize", 2))
    if getattr(config, "quantization_config", None):
        size = 0.5  # at least: the weights of most are of four bits or eight
    what = f"{name} has {weights / 1e6:,.0f} million weights"
    free, memory = psutil.virtual_memory().available, "memory"
    if device.startswith("cuda"):
        free, memory = torch.cuda.mem_get_info(device)[0], "the GPU's memory"
    if weights * size > free:
        raise ModelError(
            f"{what}, which take {weights * size / 1e9:,.1f} GB of {memory}; "
            f"{free / 1e9:,.1f} GB are free: {ELSEWHERE}"
        )
    text = config.get_text_config()
    sparse = any(
        getattr(text, experts, None)
        for experts in ("num_experts", "num_local_experts", "n_routed_experts")
    )
    if device == "cpu" and weights >= SMALL and not sparse:
        speed = _products_a_second() / weights
        if speed < USEFUL:
            raise ModelError(
                f"{what}: this machine, which computes it on its CPU, would write about {speed:.1g} "
                f"tokens a second, and a search needs {USEFUL:g}: {ELSEWHERE}"
            )


def _products_a_second() -> float:
    """How many products of two float32 numbers a CPU adds up in a second, as measured for a tenth of
    one, where 32 completions are computed together. A token takes one for each weight."""
    import torch

    rows, weights = torch.rand(32, 2048), torch.rand(2048, 2048)
    rows @ weights
    begin, times = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - begin) < 0.1:
        rows @ weights
        times += 1
    return times * rows.shape[0] * weights.numel() / elapsed
