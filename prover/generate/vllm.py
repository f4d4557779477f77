"""Models on vLLM's asynchronous engine (Kwon et al. 2023), in this process."""

from __future__ import annotations

import asyncio
import hashlib
import math
import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Self

from prover.generate.completion import (
    Completion,
    ModelError,
    ModelGenerator,
    encode,
    sampled,
    together,
)
from prover.generate.prompts import Format, Prompt, Sampling, UnknownFormat, detect, named

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def completion(output: Any) -> Completion:
    """What the engine gives (`CompletionOutput`). It has no log-probability where none came of the
    computation."""
    score = output.cumulative_logprob
    return Completion(
        output.text,
        math.nan if score is None else score,
        len(output.token_ids),
        output.finish_reason == "stop",
    )


def seed_of_sample(seed: int, number: int) -> int:
    """The seed of a sample of a prompt, in 31 bits: of its own for each sample of each prompt, also
    where the seeds of prompts follow one another."""
    digest = hashlib.blake2b(f"{seed} {number}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) >> 1


class VllmGenerator(ModelGenerator):
    """Each sample is a request of its own, so that none waits for another; they share what the engine
    has computed of their prompt. Use it as a context manager, or `close` it: the engine has
    processes of its own."""

    def __init__(
        self, engine: Any, tokenizer: PreTrainedTokenizerBase, form: Format, sampling: Sampling
    ) -> None:
        super().__init__(form, sampling)
        self._engine = engine
        self._tokenizer = tokenizer
        self._context = int(engine.model_config.max_model_len)

    @classmethod
    def load(
        cls,
        name: str,
        *,
        form: str | None = None,
        sampling: Sampling | None = None,
        **engine: Any,
    ) -> Self:
        """Starts an engine with a model from a folder or from the Hugging Face hub. `engine` are
        vLLM's own arguments (`AsyncEngineArgs`), such as `tensor_parallel_size`. Code that comes with
        a model runs only with `trust_remote_code`.

        Raises:
            ModelError: vLLM is missing, or the engine does not start.
            UnknownFormat: the prompt format is neither given nor known.
            ValueError: beams are asked for.
        """
        given = named(form) if form is not None else None
        try:
            from transformers import AutoConfig, AutoTokenizer
            from vllm import AsyncEngineArgs
            from vllm.v1.engine.async_llm import AsyncLLM
        except ImportError as error:
            raise ModelError(
                f"vLLM is not installed ({error}): pip install 'prover[vllm]', or use a server"
            ) from None
        trust = {"trust_remote_code": bool(engine.get("trust_remote_code"))}
        try:
            tokenizer = AutoTokenizer.from_pretrained(name, **trust)
            if given is None:
                config = AutoConfig.from_pretrained(name, **trust)
                given = detect(name, config, tokenizer.get_vocab())
        except UnknownFormat:
            raise
        except (OSError, ValueError) as error:
            reason = str(error).strip().split("\n")[0]
            raise ModelError(f"cannot load the model {name}: {reason}") from error
        sampling = sampled(given, sampling)
        try:
            running = AsyncLLM.from_engine_args(AsyncEngineArgs(model=name, **engine))
        except Exception as error:
            raise ModelError(f"vLLM does not start with {name}: {error}") from error
        return cls(running, tokenizer, given, sampling)

    def close(self) -> None:
        self._engine.shutdown()

    async def aclose(self) -> None:
        await asyncio.to_thread(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def complete(
        self, prompts: Sequence[Prompt], seeds: Sequence[int]
    ) -> AsyncGenerator[tuple[int, Completion], None]:
        samples = self.sampling.samples if self.sampling.temperature > 0 else 1
        streams = []
        for prompt, seed in zip(prompts, seeds, strict=True):
            ids = encode(self._tokenizer, prompt, self.format.max_prompt_tokens)
            streams += [self._ask(ids, seed_of_sample(seed, number)) for number in range(samples)]
        async with aclosing(together(streams)) as completions:
            async for number, completed in completions:
                yield number // samples, completed

    async def _ask(self, ids: list[int], seed: int) -> AsyncGenerator[Completion, None]:
        """One sample of a prompt; none if it does not fit."""
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        sampling = self.sampling
        limit = min(sampling.max_tokens, self._context - len(ids))
        if limit < 1:
            return
        params = SamplingParams(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=limit,
            stop=list(self.format.stop),
            seed=seed,
            logprobs=0,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
        answers = self._engine.generate({"prompt_token_ids": ids}, params, uuid.uuid4().hex)
        try:
            async with aclosing(answers):
                async for answer in answers:
                    for output in answer.outputs:
                        if output.finish_reason is not None:
                            yield completion(output)
        except Exception as error:
            raise ModelError(f"vLLM failed: {error or type(error).__name__}") from error
