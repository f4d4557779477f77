"""Models behind an OpenAI-compatible server: vLLM's, SGLang's, llama.cpp's, or a hosted one.

Completions of a prompt come as one stream of server-sent events, so each is delivered when it ends.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import dataclass, field
from itertools import chain, count, islice
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from prover.generate.completion import Completion, ModelError, ModelGenerator, sampled, together
from prover.generate.prompts import Prompt, Sampling, detect, named

if TYPE_CHECKING:
    import httpx

ATTEMPTS = 4
RETRY_SECONDS = 1.0
"""The wait before the second attempt; it doubles from one to the next."""

SILENCE_SECONDS = 300.0
"""How long a server may say nothing before the connection counts as lost."""


BYTES_PER_TOKEN = 2**11
"""What the event of a token takes at most, with room to spare."""

LONGEST_EVENT = 2**24
"""Bytes of an event that are read; what is cut off is malformed."""

LONGEST_TEXT = 2**22
"""Characters of a completion that are kept."""

LONGEST_REFUSAL = 2**16
"""Bytes of a refusal that are read."""

LONGEST_QUOTE = 300
"""Characters of what a server says that a message repeats."""

MOST_UNREAD = 100
"""Events of an answer that may belong to no completion: after these it is read no further."""

PATIENCE = 8
"""Answers without one event of the protocol that a server may give in a row once it has spoken it."""

WITHOUT = {"top_k": -1, "min_p": 0, "repetition_penalty": 1}
"""Switches off what servers beside OpenAI's else take from the model's own `generation_config`, so
that completions are drawn from the distribution of the log-probabilities."""

SPARE = 16
"""Tokens that a server may put around a prompt."""

TOKENS_IN_BYTES = (2, 1)
"""How many bytes a token of a prompt is taken to have, when one is cut to the context: most have
more than two, none has fewer than one."""

T = TypeVar("T")


class _TooLong(Exception):
    """The server refuses a prompt only for its length."""


class _Busy(Exception):
    """The server cannot answer now."""


class _Malformed(Exception):
    """What a server sent is not of the protocol."""


class OpenAIGenerator(ModelGenerator):
    """`model`, as the server at `url` calls it. The format is detected from that name if none is
    given. The key is `api_key` or else the environment's `OPENAI_API_KEY`.

    A lost connection or a busy server is tried again; what had been delivered is not repeated. An
    event that is not of the protocol costs one completion, whose log-probability is NaN. A text that
    the server finds too long is cut at its beginning to half the context at least, where the server
    says how long that is; a chat leaves the completions less room.

    Connections are kept until `aclose`, in one event loop.
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
        self._key = (api_key or os.environ.get("OPENAI_API_KEY") or "").strip()
        self._patience = 0
        self._scores = False
        self._client: tuple[httpx.AsyncClient, asyncio.AbstractEventLoop] | None = None
        self._takes_more: bool | None = None  # the fields of WITHOUT; None: not known yet
        self._context: int | None = None
        self._asked_for_context = False

    async def aclose(self) -> None:
        """Closes the connections; they are opened again when they are needed."""
        kept, self._client = self._client, None
        if kept is not None and kept[1] is asyncio.get_running_loop():
            await kept[0].aclose()

    async def complete(
        self, prompts: Sequence[Prompt], seeds: Sequence[int]
    ) -> AsyncGenerator[tuple[int, Completion], None]:
        client = self._connected()
        pairs = zip(prompts, seeds, strict=True)
        streams = [self._persist(client, prompt, seed) for prompt, seed in pairs]
        async with aclosing(together(streams)) as completions:
            async for arrival in completions:
                yield arrival

    def _connected(self) -> httpx.AsyncClient:
        """The client of this event loop."""
        try:
            import httpx
        except ImportError:
            raise ModelError(
                "a model on a server needs the extra 'server': pip install 'prover[server]'"
            ) from None
        loop = asyncio.get_running_loop()
        if self._client is not None and self._client[1] is loop:
            return self._client[0]
        if not all("!" <= letter <= "~" for letter in self._key):
            raise ModelError("the key of the server (OPENAI_API_KEY) has letters that no key has")
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        timeout = httpx.Timeout(SILENCE_SECONDS, connect=10.0, pool=None)
        limits = httpx.Limits(max_connections=None)
        client = httpx.AsyncClient(headers=headers, timeout=timeout, limits=limits)
        self._client = client, loop
        return client

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
                async with aclosing(self._fitted(client, prompt, seed)) as choices:
                    async for number, completion in choices:
                        if number not in delivered:
                            delivered.add(number)
                            yield completion
                return
            except (httpx.RequestError, _Busy) as error:
                failure: Exception = error
            except httpx.InvalidURL as error:
                raise ModelError(f"{self.url} is no address of a server: {error}") from None
        reason = str(failure) or type(failure).__name__
        what = "refused" if isinstance(failure, _Busy) else "did not answer or broke off"
        raise ModelError(
            f"the server at {self.url} {what} {ATTEMPTS} times ({reason}): is it running? "
            "Its log says more"
        ) from failure

    async def _fitted(
        self, client: httpx.AsyncClient, prompt: Prompt, seed: int
    ) -> AsyncGenerator[tuple[int, Completion], None]:
        """The completions of a prompt, cut to the context if the server finds it too long; none if
        it cannot be."""
        limit = self.sampling.max_tokens
        for size in (None, *TOKENS_IN_BYTES):
            shorter, room = prompt, limit
            if size is not None:
                context = await self._length_of_context(client)
                if context is None:
                    return
                if isinstance(prompt, str):
                    most = (context - min(limit, context // 2)) * size
                    shorter = prompt.encode()[-most:].decode(errors="ignore")
                    used = len(shorter.encode())
                else:
                    used = sum(len(text.encode()) for part in prompt for text in part.values())
                room = min(limit, context - -(-used // size) - SPARE)
                if room < 1:
                    continue
            try:
                async with aclosing(self._ask(client, shorter, seed, room)) as choices:
                    async for choice in choices:
                        yield choice
                return
            except _TooLong:
                pass

    async def _ask(
        self, client: httpx.AsyncClient, prompt: Prompt, seed: int, limit: int
    ) -> AsyncGenerator[tuple[int, Completion], None]:
        """One request: yields the number of each completion with it, as it ends.

        Raises:
            _TooLong: the prompt and `limit` tokens are more than the server reads.
        """
        import httpx

        sampling = self.sampling
        samples = sampling.samples if sampling.temperature > 0 else 1
        body: dict[str, Any] = {
            "model": self.model,
            "n": samples,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": limit,
            "seed": seed,
            "stream": True,
        }
        more = self._takes_more is not False
        if more:
            body |= WITHOUT
        if self.format.stop:
            body["stop"] = list(self.format.stop)
        if isinstance(prompt, str):
            path, body["prompt"] = "completions", prompt
        else:
            path, body["messages"] = "chat/completions", list(prompt)
        if self.scored:
            body["logprobs"] = 1 if isinstance(prompt, str) else True
        answer = _Answer(samples, self.scored)
        async with AsyncExitStack() as stack:
            url = f"{self.url}/{path}"
            response = await stack.enter_async_context(client.stream("POST", url, json=body))
            if more and self._takes_more is None and response.status_code in (400, 422):
                said = await _said(response)
                if _is_about_length(said):
                    raise _TooLong
                await stack.aclose()
                plain = {name: value for name, value in body.items() if name not in WITHOUT}
                response = await stack.enter_async_context(client.stream("POST", url, json=plain))
                more = False
            if response.status_code != 200:
                await self._refused(client, response)
            else:
                self._takes_more = more
                most = samples * limit * BYTES_PER_TOKEN + LONGEST_EVENT
                async with aclosing(_lines(response, most)) as lines:
                    try:
                        async for line in lines:
                            for arrival in self._events(answer, line):
                                yield arrival
                    except _Malformed as error:
                        answer.give_up(str(error))
        for arrival in self._rest(answer):
            yield arrival
        if missing := answer.missing():
            raise httpx.RemoteProtocolError(f"{len(missing)} completions are missing")

    def _events(self, answer: _Answer, line: bytes) -> Iterator[tuple[int, Completion]]:
        """The completions that end with a line of an answer.

        Raises:
            ModelError: the server says that it failed.
            _Malformed: it is not worth while to read on.
        """
        data = line[5:].strip()
        if not line.startswith(b"data:") or data in (b"", b"[DONE]"):
            return
        try:
            event = _object(data)
            if error := event.get("error"):
                raise ModelError(f"the server at {self.url} failed: {_message(error)}")
            parts = _field(event, "choices", list) or []
        except _Malformed as error:
            answer.unread(str(error))
            return
        for part in parts:
            yield from answer.take(part)

    def _rest(self, answer: _Answer) -> Iterator[tuple[int, Completion]]:
        """What of an answer that has ended could not be read or scored.

        Raises:
            ModelError: the server does not speak the protocol, or gives no log-probabilities.
        """
        if answer.understood:
            self._patience = PATIENCE
        elif answer.complaint:
            self._patience -= 1
            if self._patience < 0:
                raise ModelError(
                    f"the server at {self.url} does not speak OpenAI's protocol: {answer.complaint}"
                )
        self._scores |= answer.scores
        if answer.unscored and not self._scores:
            raise ModelError(
                f"the server at {self.url} gives no log-probabilities, which the "
                "search needs: switch them on there, or use another server"
            )
        yield from answer.rest()

    async def _refused(self, client: httpx.AsyncClient, response: httpx.Response) -> NoReturn:
        """Says why the server refuses.

        Raises:
            _TooLong: only for the length of the prompt.
            _Busy: it refuses for now.
            ModelError: it refuses for another reason.
        """
        status = response.status_code
        said = await _said(response)
        if status == 400 and _is_about_length(said):
            raise _TooLong
        if status in (408, 409, 425, 429) or status >= 500:
            raise _Busy(f"{status} {said}")
        if status in (401, 403):
            raise ModelError(
                f"the server at {self.url} wants a valid key ({said}): set OPENAI_API_KEY"
            )
        if status == 404:
            known = [_printable(str(model.get("id"))) for model in await self._models(client)]
            raise ModelError(
                f"the server at {self.url} does not know the model {self.model}"
                + (f"; it has {', '.join(known)}" if known else f" ({said})")
            )
        raise ModelError(f"the server at {self.url} refuses the request: {status} {said}")

    async def _models(self, client: httpx.AsyncClient) -> list[dict[str, Any]]:
        """What the server says of its models, nothing if it does not."""
        import httpx

        try:
            listed = (await client.get(f"{self.url}/models")).json()["data"]
            return [model for model in listed if isinstance(model, dict)]
        except (httpx.HTTPError, ValueError, LookupError, TypeError, RecursionError):
            return []

    async def _length_of_context(self, client: httpx.AsyncClient) -> int | None:
        """The most tokens of a prompt and a completion together, as vLLM and SGLang tell it."""
        if not self._asked_for_context:
            for model in await self._models(client):
                length = model.get("max_model_len")
                if model.get("id") == self.model and isinstance(length, int) and length > SPARE:
                    self._context = length
            self._asked_for_context = True
        return self._context


@dataclass(slots=True)
class _Choice:
    """One completion on its way."""

    parts: list[str] = field(default_factory=list)
    size: int = 0
    logprob: float = 0.0
    tokens: int = 0
    ended: bool = False

    def add(self, part: dict[str, Any]) -> None:
        """
        Raises:
            _Malformed: the part is not of the protocol.
        """
        text = _field(part, "text", str)
        if not text:
            text = _field(_field(part, "delta", dict) or {}, "content", str) or ""
        self.parts.append(text)
        self.size += len(text)
        if self.size > LONGEST_TEXT:
            raise _Malformed(f"a completion is longer than {LONGEST_TEXT} characters")
        for logprob in _logprobs(part):
            self.logprob += logprob
            self.tokens += 1


class _Answer:
    """The completions of one prompt, as they are put together from a server's events.

    A part that is not of the protocol ends its completion, which is unreadable then. What belongs to
    none (an event that is no JSON, a choice that was not asked for) stands for one of those that do
    not come, or for one more. `understood`: a part was of the protocol; `complaint` is about the
    first that was not; `unscored` have ended without log-probabilities.
    """

    def __init__(self, samples: int, scored: bool) -> None:
        self.choices = [_Choice() for _ in range(samples)]
        self._scored = scored
        self.unscored: list[int] = []
        self.understood = False
        self.complaint = ""
        self._unread = 0
        self._strays: set[int] = set()

    @property
    def scores(self) -> bool:
        """Whether any token had a log-probability."""
        return any(choice.tokens for choice in self.choices)

    def unread(self, why: str) -> None:
        """Counts an event that belongs to no completion.

        Raises:
            _Malformed: there are too many of them.
        """
        self._unread += 1
        self.complaint = self.complaint or why
        if self._unread > MOST_UNREAD:
            raise _Malformed(why)

    def give_up(self, why: str) -> None:
        """Counts what has not ended as unread."""
        self._unread = max(self._unread, len(self.missing()))
        self.complaint = self.complaint or why

    def missing(self) -> list[int]:
        """The completions that have not ended."""
        return [number for number, choice in enumerate(self.choices) if not choice.ended]

    def take(self, part: Any) -> Iterator[tuple[int, Completion]]:
        """Adds a part to its completion, and yields this if it has ended."""
        try:
            number = self._number(part)
        except _Malformed as error:
            self.unread(str(error))
            return
        if number in self._strays:
            return
        if not 0 <= number < len(self.choices):
            self._strays.add(number)
            self.unread(f"there is no choice {number}")
            return
        choice = self.choices[number]
        if choice.ended:
            return
        try:
            choice.add(part)
        except _Malformed as error:
            choice.ended = True
            self.complaint = self.complaint or str(error)
            yield number, _unreadable(choice)
            return
        self.understood = True
        if reason := part.get("finish_reason"):
            choice.ended = True
            text = "".join(choice.parts)
            if not self._scored and not choice.tokens:
                choice.logprob = math.nan
            elif text and not choice.tokens:
                self.unscored.append(number)
                return
            yield number, Completion(text, choice.logprob, choice.tokens, reason == "stop")

    def rest(self) -> Iterator[tuple[int, Completion]]:
        """What could not be read or scored, once the answer has ended."""
        for number in self.unscored:
            yield number, _unreadable(self.choices[number])
        numbers = chain(self.missing(), count(len(self.choices)))
        for number in islice(numbers, self._unread):
            choice = self.choices[number] if number < len(self.choices) else _Choice()
            choice.ended = True
            yield number, _unreadable(choice)

    @staticmethod
    def _number(part: Any) -> int:
        """Which completion a part belongs to: the first, where it does not say."""
        number = _field(part, "index", int)
        if isinstance(number, bool) or (number is None and "index" in part):
            raise _Malformed("the index of a choice is no number")
        return number or 0


def _unreadable(choice: _Choice) -> Completion:
    return Completion("", math.nan, choice.tokens, False)


async def _lines(response: httpx.Response, most: int) -> AsyncGenerator[bytes, None]:
    """The lines of an answer. Only line feeds end them: all other separators may stand in JSON.

    Raises:
        _Malformed: the answer has more than `most` bytes.
    """
    rest = bytearray()
    size = 0
    async for block in response.aiter_bytes():
        size += len(block)
        if size > most:
            raise _Malformed(f"more than {most} bytes in one answer")
        *lines, last = block.split(b"\n")
        for line in lines:
            yield bytes(rest) + line
            rest.clear()
        rest += last
        del rest[LONGEST_EVENT:]
    if rest:
        yield bytes(rest)


def _is_about_length(said: str) -> bool:
    """Whether a refusal is one of a prompt that is too long, in the words of vLLM or SGLang."""
    long = "length" in said or "maximum" in said
    return long and any(word in said for word in ("context", "max_model_len", "model length"))


async def _said(response: httpx.Response) -> str:
    """What a refusal says in words."""
    data = b""
    async for block in response.aiter_bytes():
        data += block
        if len(data) > LONGEST_REFUSAL:
            break
    try:
        return _message(json.loads(data))
    except (ValueError, RecursionError):
        return _printable(data.decode(errors="replace"))


def _object(text: bytes) -> dict[str, Any]:
    """
    Raises:
        _Malformed: the text is no JSON object.
    """
    try:
        found = json.loads(text.decode())
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _Malformed(_printable(text.decode(errors="replace")))
    return found


def _field(of: Any, name: str, kind: type[T]) -> T | None:
    """A field of an object, None if it is null or not there.

    Raises:
        _Malformed: it is of another kind, or of no object.
    """
    if not isinstance(of, dict):
        raise _Malformed(f"{name} of what is no object")
    value = of.get(name)
    if value is not None and not isinstance(value, kind):
        raise _Malformed(f"{name} is a {type(value).__name__}")
    return value


def _logprobs(part: dict[str, Any]) -> list[float]:
    """The log-probabilities of the tokens in a part of a completion or of a chat.

    Raises:
        _Malformed: there is something else in their place.
    """
    given = _field(part, "logprobs", dict) or {}
    if "content" in given:
        tokens = _field(given, "content", list) or []
        values = [_field(token, "logprob", object) for token in tokens]
    else:
        values = _field(given, "token_logprobs", list) or []
    return [_score(value) for value in values if value is not None]


def _score(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        with suppress(OverflowError):
            return float(value)
    raise _Malformed("a log-probability is no number")


def _message(body: Any) -> str:
    """The words of an error in the shapes that servers give it."""
    error = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail") or error
    try:
        return _printable(str(error))
    except RecursionError:
        return "(a message that is too deep)"


def _printable(text: str) -> str:
    """A text of a server that fits into a message, whatever it is."""
    short = text[:LONGEST_QUOTE].strip()
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in short)
