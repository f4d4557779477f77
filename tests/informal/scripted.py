"""A server that speaks OpenAI's protocol, and behind it no model but a script: for tests of what is
between a model and Lean."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

Answer = Callable[[str], str | None]
"""What is answered to the whole text of a prompt, None if it is not for this one."""


class ScriptedModel:
    """Answers each prompt with the first of its answers that has one. `asked` are the prompts, each
    as one text, in the order in which they came."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[str] = []
        self.url = ""

    def when(self, *words: str, without: str | None = None, say: str | list[str]) -> None:
        """Answers prompts that have these words, and not those, with a text, or with several in turn,
        the last of them from then on."""
        texts = [say] if isinstance(say, str) else list(say)

        def answer(prompt: str) -> str | None:
            if all(word in prompt for word in words) and (without is None or without not in prompt):
                return texts.pop(0) if len(texts) > 1 else texts[0]
            return None

        self.answers.append(answer)

    def reset(self) -> None:
        self.answers.clear()
        self.asked.clear()

    async def chat(self, request: Request) -> Response:
        body = await request.json()
        prompt = "\n".join(message["content"] for message in body["messages"])
        return self._respond(prompt, "delta")

    async def complete(self, request: Request) -> Response:
        return self._respond((await request.json())["prompt"], "text")

    def _respond(self, prompt: str, kind: str) -> Response:
        self.asked.append(prompt)
        text = next((said for one in self.answers if (said := one(prompt)) is not None), None)
        if text is None:
            return Response(json.dumps({"error": {"message": "not in the script"}}), 400)
        part: dict[str, Any] = {"delta": {"content": text}} if kind == "delta" else {"text": text}
        event = {"choices": [{"index": 0, **part, "finish_reason": "stop"}]}

        async def events() -> Any:
            yield f"data: {json.dumps(event)}\n\ndata: [DONE]\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")


@contextmanager
def serving(model: ScriptedModel) -> Iterator[str]:
    """The name by which a command finds the model while this lasts."""
    routes = [
        Route("/v1/chat/completions", model.chat, methods=["POST"]),
        Route("/v1/completions", model.complete, methods=["POST"]),
    ]
    config = uvicorn.Config(Starlette(routes=routes), log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [place]}, name="scripted")
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            model.url = f"http://127.0.0.1:{place.getsockname()[1]}/v1#scripted"
            yield model.url
        finally:
            server.should_exit = True
            thread.join()
