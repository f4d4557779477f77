"""The client of OpenAI-compatible servers, against a server that speaks its protocol over sockets.

What it serves is scripted; a real server is in `test_vllm.py`.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

import pytest

pytest.importorskip("httpx")

from prover.generate import openai
from prover.generate.completion import ModelError
from prover.generate.openai import OpenAIGenerator
from prover.generate.prompts import Sampling, Statement, UnknownFormat
from search.interfaces import Suggestion
from tests.generate import tiny

Handler = Callable[["Exchange"], Awaitable[None]]


class Exchange:
    """One request and the means to answer it."""

    def __init__(
        self, path: str, headers: dict[str, str], body: Any, writer: asyncio.StreamWriter
    ) -> None:
        self.path, self.headers, self.body, self.writer = path, headers, body, writer

    async def error(self, status: int, body: Any) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        data = text.encode()
        self.writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data
        )
        await self.writer.drain()

    async def start(self) -> None:
        self.writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )

    async def send(self, text: str | bytes) -> None:
        data = text.encode() if isinstance(text, str) else text
        self.writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await self.writer.drain()

    async def event(self, **choice: Any) -> None:
        await self.send(f"data: {json.dumps({'choices': [choice]})}\n\n")

    async def end(self) -> None:
        await self.send("data: [DONE]\n\n")
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()


class Server:
    """Answers with a handler and keeps what was asked."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.asked: list[Exchange] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                path = line.decode().split()[1]
                headers = {}
                while (line := await reader.readline()).strip():
                    name, _, value = line.decode().partition(":")
                    headers[name.lower()] = value.strip()
                size = int(headers.get("content-length", 0))
                body = json.loads(await reader.readexactly(size)) if size else None
                exchange = Exchange(path, headers, body, writer)
                self.asked.append(exchange)
                await self.handler(exchange)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[Server]:
    server = Server(handler)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "RETRY_SECONDS", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def ask(
    handler: Handler, samples: int = 2, form: str = "prover", key: str | None = None
) -> tuple[list[tuple[int, Suggestion]], Server]:
    async def main() -> tuple[list[tuple[int, Suggestion]], Server]:
        async with serving(handler) as server:
            model = OpenAIGenerator(
                server.url,
                "small",
                form=form,
                sampling=Sampling(samples, 0.7, 0.9, 32),
                api_key=key,
            )
            try:
                async with aclosing(model.generate([tiny.request("⊢ True", 5)])) as stream:
                    return [arrival async for arrival in stream], server
            finally:
                await model.aclose()

    return asyncio.run(asyncio.wait_for(main(), 30))


async def two_tactics(exchange: Exchange) -> None:
    await exchange.start()
    await exchange.event(index=0, text="simp ", logprobs={"token_logprobs": [-0.5, -0.25]})
    await exchange.event(index=1, text="om", logprobs={"token_logprobs": [-1.0]})
    await exchange.event(index=1, text="ega", logprobs={"token_logprobs": [-2.0]})
    end = {"logprobs": {"token_logprobs": [-0.25]}, "finish_reason": "stop"}
    await exchange.event(index=1, text="", **end)
    await exchange.event(index=0, text="[h]", **end)
    await exchange.end()


def test_completions_are_asked_for_and_read_as_they_end() -> None:
    found, server = ask(two_tactics, key="secret")
    assert found == [(0, Suggestion("omega", -3.25, 3)), (0, Suggestion("simp [h]", -1.0, 3))]
    (exchange,) = server.asked
    assert exchange.path == "/v1/completions"
    assert exchange.headers["authorization"] == "Bearer secret"
    assert exchange.body == {
        "model": "small",
        "prompt": "[GOAL]⊢ True[PROOFSTEP]",
        "n": 2,
        "temperature": 0.7,
        "top_p": 0.9,
        "max_tokens": 32,
        "seed": 5,
        "logprobs": 1,
        "stream": True,
        "top_k": -1,
        "min_p": 0,
        "repetition_penalty": 1,
    }


def test_stop_texts_are_sent_and_what_is_cut_off_is_no_tactic() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.start()
        for index, reason in enumerate(("length", "stop")):
            logprobs = {"token_logprobs": [None, -1.0]}
            await exchange.event(
                index=index, text="\nsimp\n", logprobs=logprobs, finish_reason=reason
            )
        await exchange.end()

    found, server = ask(handler, form="llemma")
    assert server.asked[0].body["stop"] == ["---"]
    assert found == [(0, Suggestion("simp", -1.0, 2))]


def test_a_format_scores_as_its_authors_do() -> None:
    for form, omega, simp in (("reprover", -3.25, -1.0), ("bfs-prover", -3.25 / 3, -1.0 / 3)):
        found, _ = ask(two_tactics, form=form)
        assert [s.logprob for _, s in found] == [omega, simp]


def test_a_chat_gives_whole_proofs() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.start()
        text = "```lean4\ntheorem t : True := by\n  trivial\n```"
        await exchange.event(index=0, delta={"role": "assistant", "content": ""})
        logprobs = {"content": [{"token": "a", "logprob": -0.5}, {"token": "b", "logprob": -1.5}]}
        await exchange.event(index=0, delta={"content": text}, logprobs=logprobs)
        await exchange.event(index=0, delta={}, finish_reason="stop")
        await exchange.end()

    async def main() -> tuple[list[tuple[str, float, int]], Server]:
        async with serving(handler) as server:
            url = server.url + "/v1/"
            model = OpenAIGenerator(url, "AI-MO/Kimina-Prover-72B", sampling=Sampling(1))
            async with (
                aclosing(model),
                aclosing(model.whole_proofs(Statement("theorem t : True"))) as proofs,
            ):
                found = [(p.tactics, p.score, p.tokens) async for p in proofs]
            return found, server

    found, server = asyncio.run(main())
    assert found == [("trivial", -1.0, 2)]
    assert server.asked[0].path == "/v1/chat/completions"
    assert server.asked[0].body["messages"][0]["role"] == "system"
    assert server.asked[0].body["logprobs"] is True


def test_many_requests_run_side_by_side() -> None:
    waiting: list[asyncio.Event] = []

    async def handler(exchange: Exchange) -> None:
        mine = asyncio.Event()
        waiting.append(mine)
        if len(waiting) == 5:
            for event in waiting:
                event.set()
        await mine.wait()
        await two_tactics(exchange)

    async def main() -> list[int]:
        async with serving(handler) as server:
            model = OpenAIGenerator(server.url, "m", form="prover", sampling=Sampling(2))
            requests = [tiny.request("⊢ True", seed) for seed in range(5)]
            async with aclosing(model), aclosing(model.generate(requests)) as stream:
                return [index async for index, _ in stream]

    assert sorted(asyncio.run(asyncio.wait_for(main(), 30))) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_a_connection_lost_in_mid_answer_is_taken_up_again() -> None:
    tries = 0

    async def handler(exchange: Exchange) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            exchange.writer.close()
        elif tries == 2:
            await exchange.start()
            logprobs = {"token_logprobs": [-1.0]}
            await exchange.event(index=1, text="omega", logprobs=logprobs, finish_reason="stop")
            exchange.writer.close()
        else:
            await two_tactics(exchange)

    found, _ = ask(handler)
    assert tries == 3
    assert [s.tactic for _, s in found] == ["omega", "simp [h]"]


def test_a_server_that_stays_away_is_named() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.event(index=0, text="om", logprobs={"token_logprobs": [-1.0]})
        exchange.writer.close()

    with pytest.raises(ModelError, match=r"http://127.* broke off 4 times .*is it running"):
        ask(handler)

    async def nobody() -> None:
        model = OpenAIGenerator("http://127.0.0.1:9", "m", form="prover")
        async with aclosing(model), aclosing(model.generate([tiny.request("⊢ True")])) as stream:
            async for _ in stream:
                pass

    with pytest.raises(ModelError, match=r"http://127.0.0.1:9/v1 did not answer"):
        asyncio.run(nobody())


def test_an_answer_that_ends_too_early_counts_as_lost() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.end()

    with pytest.raises(ModelError, match="2 completions are missing"):
        ask(handler)


def test_a_busy_server_is_asked_again() -> None:
    tries = 0

    async def handler(exchange: Exchange) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            await exchange.error(503, {"error": {"message": "loading model"}})
        else:
            await two_tactics(exchange)

    assert len(ask(handler)[0]) == 2

    async def always(exchange: Exchange) -> None:
        await exchange.error(429, "slow down")

    with pytest.raises(ModelError, match=r"refused 4 times \(429 slow down\)"):
        ask(always)


def test_an_unknown_model_is_named_beside_the_known_ones() -> None:
    async def handler(exchange: Exchange) -> None:
        if exchange.path == "/v1/models":
            await exchange.error(200, {"data": [{"id": "large"}, {"id": "medium"}]})
        else:
            await exchange.error(404, {"error": {"message": "The model `small` does not exist."}})

    with pytest.raises(ModelError, match="does not know the model small; it has large, medium"):
        ask(handler)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (
            401,
            {"error": {"message": "no key"}},
            r"wants a valid key \(no key\): set OPENAI_API_KEY",
        ),
        (400, {"error": "n is too large"}, "refuses the request: 400 n is too large"),
        (404, "<html>", "does not know the model small"),
    ],
)
def test_a_refusal_is_told(status: int, body: Any, words: str) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.error(status, body)

    with pytest.raises(ModelError, match=words):
        ask(handler)


def test_a_prompt_that_is_too_long_has_no_tactics() -> None:
    async def handler(exchange: Exchange) -> None:
        message = "This model's maximum context length is 512 tokens"
        await exchange.error(400, {"error": {"message": message}})

    assert ask(handler)[0] == []


def context_of(length: int, asked: list[str]) -> Handler:
    """A server that refuses what is longer, in vLLM's words: a token is three bytes."""

    async def handler(exchange: Exchange) -> None:
        if exchange.path == "/v1/models":
            models = [{"id": "other", "max_model_len": 9}, {"id": "small", "max_model_len": length}]
            await exchange.error(200, {"data": models})
            return
        body = exchange.body
        parts = body.get("messages") or [{"content": body["prompt"]}]
        tokens = sum(len(part["content"].encode()) for part in parts) // 3
        if tokens + body["max_tokens"] > length:
            message = f"This model's maximum context length is {length} tokens."
            await exchange.error(400, {"error": {"message": message}})
            return
        asked.append(body.get("prompt", ""))
        await two_tactics(exchange)

    return handler


@pytest.mark.parametrize(("letter", "kept"), [("a", 1.5), ("ℕ", 1.5), ("", 0)])
def test_a_prompt_that_is_too_long_is_cut_to_the_context(letter: str, kept: float) -> None:
    asked: list[str] = []

    async def main() -> list[str]:
        async with serving(context_of(200, asked)) as server:
            model = OpenAIGenerator(
                server.url, "small", form="prover", sampling=Sampling(2, max_tokens=150)
            )
            state = letter * 4_000 + "⊢ True"
            for _ in range(2):
                async with aclosing(model.generate([tiny.request(state)])) as stream:
                    assert [s.tactic async for _, s in stream] == ["omega", "simp [h]"]
            await model.aclose()
            return [exchange.path for exchange in server.asked]

    paths = asyncio.run(main())
    assert paths.count("/v1/models") == (1 if letter else 0)
    for prompt in asked:
        assert prompt.endswith("⊢ True[PROOFSTEP]")
        assert 100 * kept <= len(prompt.encode()) <= 300


def test_a_chat_that_nearly_fills_the_context_has_shorter_completions() -> None:
    async def main() -> list[Any]:
        async with serving(context_of(200, [])) as server:
            model = OpenAIGenerator(
                server.url, "small", form="kimina", sampling=Sampling(2, max_tokens=150)
            )
            for size in (250, 5_000):
                chat = ({"role": "user", "content": "a" * size},)
                async with aclosing(model.complete([chat], [0])) as stream:
                    assert len([done async for done in stream]) == (2 if size == 250 else 0)
            await model.aclose()
            return [e.body["max_tokens"] for e in server.asked if e.body and e.path != "/v1/models"]

    assert asyncio.run(main())[:2] == [150, 200 - 127 - 16]


@pytest.mark.parametrize("status", [400, 422])
def test_a_server_that_does_not_know_a_field_is_asked_without_it_from_then_on(status: int) -> None:
    async def handler(exchange: Exchange) -> None:
        if "top_k" in exchange.body:
            await exchange.error(status, {"error": "Unrecognized request argument: top_k"})
        else:
            await two_tactics(exchange)

    async def main() -> list[bool]:
        async with serving(handler) as server:
            model = OpenAIGenerator(server.url, "m", form="prover", sampling=Sampling(2))
            for _ in range(2):
                async with aclosing(model.generate([tiny.request("⊢ True")])) as stream:
                    assert len([arrival async for arrival in stream]) == 2
            await model.aclose()
            return ["min_p" in exchange.body for exchange in server.asked]

    assert asyncio.run(main()) == [True, False, False]


def test_one_connection_serves_one_request_after_the_other() -> None:
    async def main() -> int:
        connections = 0
        server = Server(two_tactics)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            await server.serve(reader, writer)

        listening = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        model = OpenAIGenerator(
            f"http://127.0.0.1:{port}", "m", form="prover", sampling=Sampling(2)
        )
        for _ in range(3):
            async with aclosing(model.generate([tiny.request("⊢ True")])) as stream:
                assert len([arrival async for arrival in stream]) == 2
        await model.aclose()
        listening.close()
        assert len(server.asked) == 3
        return connections

    assert asyncio.run(main()) == 1


def test_an_error_in_the_stream_is_told() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.send('data: {"error": {"message": "EngineCore died"}}\n\n')
        await exchange.end()

    with pytest.raises(ModelError, match="failed: EngineCore died"):
        ask(handler)


def test_a_server_without_log_probabilities_is_refused() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.start()
        for index in range(2):
            await exchange.event(index=index, text="simp", finish_reason="stop")
        await exchange.end()

    with pytest.raises(ModelError, match="gives no log-probabilities"):
        ask(handler)


def test_closing_the_stream_hangs_up() -> None:
    hung_up = asyncio.Event()

    async def handler(exchange: Exchange) -> None:
        await exchange.start()
        logprobs = {"token_logprobs": [-1.0]}
        await exchange.event(index=0, text="simp", logprobs=logprobs, finish_reason="stop")
        try:
            while True:
                await exchange.event(index=1, text="a", logprobs=logprobs)
                await asyncio.sleep(0.01)
        except ConnectionError:
            hung_up.set()
            raise

    async def main() -> None:
        async with serving(handler) as server:
            model = OpenAIGenerator(server.url, "m", form="prover", sampling=Sampling(2))
            async with aclosing(model.generate([tiny.request("⊢ True")])) as stream:
                assert (await anext(stream))[1] == Suggestion("simp", -1.0, 1)
            await asyncio.wait_for(hung_up.wait(), 10)
            await model.aclose()

    asyncio.run(main())


def test_format_and_beams_are_checked_at_once() -> None:
    assert (
        OpenAIGenerator("http://x", "ByteDance-Seed/BFS-Prover-V2-7B").format.name == "bfs-prover"
    )
    with pytest.raises(UnknownFormat):
        OpenAIGenerator("http://x", "gpt-5")
    with pytest.raises(ValueError, match="beam search"):
        OpenAIGenerator("http://x", "m", form="prover", sampling=Sampling(2, beam=True))
    llemma = OpenAIGenerator("http://x", "llemma_7b").sampling
    assert (llemma.samples, llemma.beam, llemma.temperature) == (32, False, 1.0)
    assert math.isclose(llemma.top_p, 1.0)


# What is not of the protocol


GOOD = b'{"choices": [{"index": 0, "text": "simp", "logprobs": {"token_logprobs": [-0.5]}, \
"finish_reason": "stop"}]}'
SCORED = ', "logprobs": {"token_logprobs": [-1.0]}, "finish_reason": "stop"}]}'
MALFORMED = {
    "no JSON": b"{",
    "no UTF-8": b'{"choices": [{"index": 1, "text": "\xff\xfe"' + SCORED.encode(),
    "no object": b"[1, 2]",
    "null": b"null",
    "a number": b"17",
    "too deep": b"[" * 100_000,
    "too large a number": b"9" * 5_000,
    "choices of another kind": b'{"choices": 5}',
    "a choice of another kind": b'{"choices": [["simp"]]}',
    "no choice": b'{"choices": [null]}',
    "a wrong index": b'{"choices": [{"index": 7, "text": "a"' + SCORED.encode(),
    "a negative index": b'{"choices": [{"index": -1, "text": "a"' + SCORED.encode(),
    "an index of another kind": b'{"choices": [{"index": "1", "text": "a"' + SCORED.encode(),
    "no index": b'{"choices": [{"index": null, "text": "a"' + SCORED.encode(),
    "a text of another kind": b'{"choices": [{"index": 1, "text": ["a"]' + SCORED.encode(),
    "a delta of another kind": b'{"choices": [{"index": 1, "delta": ["a"]' + SCORED.encode(),
    "a content of another kind": b'{"choices": [{"index": 1, "delta": {"content": 1}'
    + SCORED.encode(),
    "scores of another kind": b'{"choices": [{"index": 1, "text": "a", "logprobs": [1]}]}',
    "a score in words": b'{"choices": [{"index": 1, "text": "a", "logprobs": '
    b'{"token_logprobs": ["high"]}}]}',
    "a score that is a list": b'{"choices": [{"index": 1, "text": "a", "logprobs": '
    b'{"content": [[-1.0]]}}]}',
    "a score beyond all numbers": b'{"choices": [{"index": 1, "text": "a", "logprobs": '
    b'{"token_logprobs": [1' + b"0" * 400 + b"]}}]}",
    "no score": b'{"choices": [{"index": 1, "text": "a", "finish_reason": "stop"}]}',
    "NaN as a score": b'{"choices": [{"index": 1, "text": "a", "logprobs": '
    b'{"token_logprobs": [NaN]}, "finish_reason": "stop"}]}',
}


def events(*data: bytes) -> Handler:
    """Answers with these events."""

    async def handler(exchange: Exchange) -> None:
        await exchange.start()
        for event in data:
            await exchange.send(b"data: " + event + b"\n\n")
        await exchange.end()

    return handler


@pytest.mark.parametrize("event", MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.parametrize("first", [True, False])
def test_a_malformed_event_is_one_failed_suggestion(event: bytes, first: bool) -> None:
    found, server = ask(events(event, GOOD) if first else events(GOOD, event))
    assert [s for _, s in found if s.flaw is None] == [Suggestion("simp", -0.5, 1)]
    assert [index for index, s in found if s.flaw is not None] == [0]
    assert len(server.asked) == 1


def test_a_malformed_event_between_whole_completions_is_one_more_failure() -> None:
    other = GOOD.replace(b'"index": 0', b'"index": 1').replace(b"simp", b"omega")
    found, _ = ask(events(GOOD, b"{", other, b"{"))
    assert [s.tactic for _, s in found if s.flaw is None] == ["simp", "omega"]
    assert sum(s.flaw is not None for _, s in found) == 2


def test_a_choice_that_was_not_asked_for_is_one_failure_however_long_it_is() -> None:
    stray = b'{"choices": [{"index": 7, "text": "a"}]}'
    found, _ = ask(events(*[stray] * 500, GOOD))
    assert sum(s.flaw is not None for _, s in found) == 1


@pytest.mark.parametrize("event", [b"{", b"[]", b"\xff", MALFORMED["a text of another kind"]])
def test_a_server_that_sends_nothing_but_rubbish_is_refused(event: bytes) -> None:
    with pytest.raises(ModelError, match=r"http://127.* does not speak OpenAI's protocol: ."):
        ask(events(*[event] * 1_000))


def test_a_server_that_turns_to_rubbish_is_given_up() -> None:
    tries = 0

    async def handler(exchange: Exchange) -> None:
        nonlocal tries
        tries += 1
        await events(GOOD if tries == 1 else b"{")(exchange)

    async def main() -> int:
        failed = 0
        async with serving(handler) as server:
            model = OpenAIGenerator(server.url, "m", form="prover", sampling=Sampling(1))
            with pytest.raises(ModelError, match="does not speak"):
                for _ in range(100):
                    async for _, suggestion in model.generate([tiny.request("⊢ True")]):
                        failed += suggestion.flaw is not None
            await model.aclose()
        return failed

    assert asyncio.run(main()) == openai.PATIENCE


def test_what_separates_lines_elsewhere_may_stand_in_a_text() -> None:
    text = "simp -- \u2028 \u2029 \x85 all"
    event = {"index": 0, "text": text, "logprobs": {"token_logprobs": [-1.0]}}
    data = json.dumps({"choices": [event | {"finish_reason": "stop"}]}, ensure_ascii=False)
    found, _ = ask(events(data.encode()), samples=1)
    assert found == [(0, Suggestion(text, -1.0, 1))]


def test_an_answer_without_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "LONGEST_EVENT", 2**16)

    async def handler(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.send(b"data: " + GOOD + b"\n\ndata: ")
        with suppress(ConnectionError):
            while True:
                await exchange.send(b"x" * 2**14)

    found, _ = ask(handler)
    assert [s.tactic for _, s in found] == ["simp", ""]
    assert found[1][1].flaw is not None


def test_a_completion_without_end_is_one_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "LONGEST_TEXT", 1_000)
    part = b'{"choices": [{"index": 1, "text": "' + b"a" * 100 + b'"}]}'
    found, _ = ask(events(*[part] * 50, GOOD))
    assert [s.flaw is None for _, s in found] == [False, True]


def test_a_server_that_suddenly_gives_no_scores_fails_in_these_suggestions() -> None:
    found, _ = ask(events(MALFORMED["no score"], GOOD))
    assert [s.tactic for _, s in found] == ["simp", ""]


def test_what_a_server_says_can_be_printed() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.error(400, '{"error": {"message": "bad \\ud800 \\u001b[31m key"}}')

    with pytest.raises(ModelError) as caught:
        ask(handler)
    assert str(caught.value).isprintable() and "bad \ufffd" in str(caught.value)


def test_a_key_that_is_none_is_told() -> None:
    with pytest.raises(ModelError, match="OPENAI_API_KEY"):
        ask(two_tactics, key="schlüssel")
    _, server = ask(two_tactics, key="secret\n")
    assert server.asked[0].headers["authorization"] == "Bearer secret"
