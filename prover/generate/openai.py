"""Models behind an OpenAI-compatible server: vLLM's, SGLang's, llama.cpp's, or a hosted one.

Completions of a prompt come as one stream of server-sent events, so each is delivered when it ends.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prover.generate.completion import Completion, ModelError, ModelGenerator, sampled, together
from prover.generate.prompts import Prompt, Sampling, detect, named

if TYPE_CHECKING:
    import httpx

ATTEMPTS = 4
RETRY_SECONDS = 1.0
"""The wait before the second attempt; it doubles from one to the next."""

SILENCE_SECONDS = 300.0
"""How long a server may say nothing before the connection counts as lost."""


class _Busy(Exception):
    """The server cannot answer now."""


@dataclass(slots=True)
class _Choice:
    """One completion on its way."""

    text: str = ""
    logprob: float = 0.0
    tokens: int = 0


class OpenAIGenerator(ModelGenerator):
    """`model`, as the server at `url` calls it. The format is detected from that name if none is
    given. The key is `api_key` or else the environment's `OPENAI_API_KEY`.

    A lost connection or a busy server is tried again; what had been delivered is not repeated.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        form: str | None = None,
        sampling: Sampling | None = None,
        api_key: str | None = None,
    ) -> None:
        """
        Raises:
            UnknownFormat: the prompt format is neither given nor known.
            ValueError: beams are asked for.
        """
        given = named(form) if form is not None else detect(model)
        super().__init__(given, sampled(given, sampling))
        url = url.rstrip("/")
        self.url = url if url.endswith("/v1") else url + "/v1"
        self.model = model
        self._key = api_key or os.environ.get("OPENAI_API_KEY")

    async def complete(
        self, prompts: Sequence[Prompt], seeds: Sequence[int]
    ) -> AsyncGenerator[tuple[int, Completion], None]:
        try:
            import httpx
        except ImportError:
            raise ModelError(
                "a model on a server needs the extra 'server': pip install 'prover[server]'"
            ) from None
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        timeout = httpx.Timeout(SILENCE_SECONDS, connect=10.0, pool=None)
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(headers=headers, timeout=timeout, limits=limits) as client:
            pairs = zip(prompts, seeds, strict=True)
            streams = [self._persist(client, prompt, seed) for prompt, seed in pairs]
            async with aclosing(together(streams)) as completions:
                async for arrival in completions:
                    yield arrival

    async def _persist(
        self, client: httpx.AsyncClient, prompt: Prompt, seed: int
    ) -> AsyncGenerator[Completion, None]:
        """The completions of a prompt, asked for again as long as there is hope."""
        import httpx

        delivered: set[int] = set()
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(RETRY_SECONDS * 2 ** (attempt - 1))
            try:
                async with aclosing(self._ask(client, prompt, seed)) as choices:
                    async for number, completion in choices:
                        if number not in delivered:
                            delivered.add(number)
                            yield completion
                return
            except (httpx.TransportError, _Busy) as error:
                failure: Exception = error
            except httpx.InvalidURL as error:
                raise ModelError(f"{self.url} is no address of a server: {error}") from None
        reason = str(failure) or type(failure).__name__
        what = "refused" if isinstance(failure, _Busy) else "did not answer or broke off"
        raise ModelError(
            f"the server at {self.url} {what} {ATTEMPTS} times ({reason}): is it running? "
            "Its log says more"
        ) from failure

    async def _ask(
        self, client: httpx.AsyncClient, prompt: Prompt, seed: int
    ) -> AsyncGenerator[tuple[int, Completion], None]:
        """One request: yields the number of each completion with it, as it ends."""
        import httpx

        sampling = self.sampling
        samples = sampling.samples if sampling.temperature > 0 else 1
        body: dict[str, Any] = {
            "model": self.model,
            "n": samples,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
            "seed": seed,
            "stream": True,
        }
        if self.format.stop:
            body["stop"] = list(self.format.stop)
        if isinstance(prompt, str):
            path, body["prompt"], body["logprobs"] = "completions", prompt, 1
        else:
            path, body["messages"], body["logprobs"] = "chat/completions", list(prompt), True
        choices = [_Choice() for _ in range(samples)]
        ended = 0
        async with client.stream("POST", f"{self.url}/{path}", json=body) as response:
            if response.status_code != 200:
                await response.aread()
                if await self._too_long(client, response):
                    return
            async for line in response.aiter_lines():
                if not line.startswith("data:") or line[5:].strip() == "[DONE]":
                    continue
                try:
                    event = json.loads(line[5:])
                except ValueError:
                    raise ModelError(
                        f"{self.url} does not speak OpenAI's protocol: {line[:200]}"
                    ) from None
                if "error" in event:
                    raise ModelError(f"the server at {self.url} failed: {_message(event)}")
                for part in event.get("choices", ()):
                    choice = choices[part.get("index", 0)]
                    choice.text += (
                        part.get("text") or (part.get("delta") or {}).get("content") or ""
                    )
                    for logprob in _logprobs(part):
                        choice.logprob += logprob
                        choice.tokens += 1
                    if reason := part.get("finish_reason"):
                        if choice.text and not choice.tokens:
                            raise ModelError(
                                f"the server at {self.url} gives no log-probabilities, which the "
                                "search needs: switch them on there, or use another server"
                            )
                        ended += 1
                        yield (
                            part.get("index", 0),
                            Completion(
                                choice.text, choice.logprob, choice.tokens, reason == "stop"
                            ),
                        )
        if ended < samples:
            raise httpx.RemoteProtocolError(f"{samples - ended} completions are missing")

    async def _too_long(self, client: httpx.AsyncClient, response: httpx.Response) -> bool:
        """Whether the server refuses a prompt only for its length.

        Raises:
            _Busy: it refuses for now.
            ModelError: it refuses for another reason.
        """
        status = response.status_code
        try:
            said = _message(response.json())
        except ValueError:
            said = response.text[:200]
        if status == 400 and "context" in said and ("length" in said or "maximum" in said):
            return True
        if status in (408, 409, 425, 429) or status >= 500:
            raise _Busy(f"{status} {said}")
        if status in (401, 403):
            raise ModelError(
                f"the server at {self.url} wants a valid key ({said}): set OPENAI_API_KEY"
            )
        if status == 404:
            known = await self._models(client)
            raise ModelError(
                f"the server at {self.url} does not know the model {self.model}"
                + (f"; it has {', '.join(known)}" if known else f" ({said})")
            )
        raise ModelError(f"the server at {self.url} refuses the request: {status} {said}")

    async def _models(self, client: httpx.AsyncClient) -> list[str]:
        import httpx

        try:
            listed = (await client.get(f"{self.url}/models")).json()["data"]
            return [str(model["id"]) for model in listed]
        except (httpx.HTTPError, ValueError, LookupError, TypeError):
            return []


def _message(body: Any) -> str:
    """The words of an error in the shapes that servers give it."""
    error = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail") or error
    return str(error)


def _logprobs(part: dict[str, Any]) -> list[float]:
    """The log-probabilities of the tokens in a part of a completion or of a chat."""
    given = part.get("logprobs") or {}
    if "content" in given:
        return [token["logprob"] for token in given["content"] or ()]
    return [logprob for logprob in given.get("token_logprobs") or () if logprob is not None]
