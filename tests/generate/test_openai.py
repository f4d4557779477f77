"""The client of OpenAI-compatible servers, against a server that speaks its protocol over sockets.

What it serves is scripted; a real server is in `test_vllm.py`.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
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

    async def send(self, text: str) -> None:
        data = text.encode()
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
            async with aclosing(model.generate([tiny.request("⊢ True", 5)])) as stream:
                return [arrival async for arrival in stream], server

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
            async with aclosing(model.whole_proofs(Statement("theorem t : True"))) as proofs:
                found = [(p.tactics, p.logprob, p.tokens) async for p in proofs]
            return found, server

    found, server = asyncio.run(main())
    assert found == [("trivial", -2.0, 2)]
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
            async with aclosing(model.generate(requests)) as stream:
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
        async for _ in model.generate([tiny.request("⊢ True")]):
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
