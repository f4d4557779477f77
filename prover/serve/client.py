"""Asks the resident engine: what every door uses.

    async with await connect() as engine:
        answer = await engine.call("goals", {"where": where(folder), "text": text})

It speaks HTTP through h11 alone: a command that asks a warm engine has its first tactic before a larger
client is loaded.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from prover.serve import process, schema
from prover.serve.process import Endpoint
from prover.serve.schema import EngineGone, ServeError

REPEATABLE = {"prove", "check", "goals", "refute", "status"}
"""Methods whose requests can be made again on another engine."""

ATTEMPTS = 4

ALIVE_SECONDS = 5.0
"""An engine that does not say within this time what it is is taken for none."""

EVENTS = b"text/event-stream"

_KINDS = {
    kind.__name__: kind
    for kind in (
        schema.EngineStopped,
        schema.QueueFull,
        schema.Superseded,
        schema.UnknownState,
    )
}

Progress = Callable[[dict[str, Any]], None]


class Client:
    """A session with the engine of this version of the package. An engine that has died is found anew,
    or started with `start`, by the next call."""

    def __init__(self, *, start: bool = True, wait: float = 60.0) -> None:
        self.session = secrets.token_hex(16)
        self._start = start
        self._wait = wait
        self._endpoint: Endpoint | None = None
        self._finding = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self.endpoint()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Nothing is left open between calls; what the session holds is dropped in time."""

    async def endpoint(self) -> Endpoint:
        """The engine that is asked.

        Raises:
            EngineGone: none runs, and none is to be started.
            StartFailed: it did not come up.
        """
        async with self._finding:
            if self._endpoint is None:
                self._endpoint = await self._found()
            return self._endpoint

    async def call(
        self, method: str, body: Mapping[str, Any], on_progress: Progress | None = None
    ) -> dict[str, Any]:
        """Makes a request and waits for its result; progress is told as it comes. If the engine dies
        in the midst of one that changes nothing it is made again, where an engine can be had.
        Cancelling the call cancels the work.

        Raises:
            ServeError: the engine's error; `kind` is the class that it had there.
            EngineGone: the engine died, and the request could not be made again.
        """
        for attempt in range(ATTEMPTS):
            endpoint = await self.endpoint()
            try:
                return await ask(endpoint, method, body, on_progress, self.session)
            except (EngineGone, schema.EngineStopped):
                if self._endpoint is endpoint:
                    self._endpoint = None
                if method not in REPEATABLE or attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError

    async def _found(self) -> Endpoint:
        found: list[Endpoint] = []

        async def answers() -> bool:
            endpoint = process.find()
            if endpoint is not None and await alive(endpoint):
                found.append(endpoint)
            return bool(found)

        if not await answers():
            if not self._start:
                raise EngineGone("no engine runs", "`prover serve` starts one")
            await process.start(answers, self._wait)
        return found[-1]


async def connect(*, start: bool = True, wait: float = 60.0) -> Client:
    """Finds the running engine of this version; starts one if there is none and `start` is set, and
    waits so many seconds for it.

    Raises:
        EngineGone: none runs.
        StartFailed: it did not come up; the message has what it said.
    """
    client = Client(start=start, wait=wait)
    await client.endpoint()
    return client


def where(
    folder: Path,
    *,
    lean: str = "auto",
    jobs: int | None = None,
    model: str | None = None,
    format: str | None = None,
    few_shot: str | None = None,
) -> dict[str, Any]:
    """The field `where` of a request (`prover.serve.schema.Where`)."""
    return {
        "folder": str(folder.absolute()),
        "lean": lean,
        "jobs": jobs,
        "model": model,
        "format": format,
        "few_shot": few_shot,
    }


async def alive(endpoint: Endpoint) -> bool:
    """Whether an engine answers."""
    try:
        async with asyncio.timeout(ALIVE_SECONDS):
            await ask(endpoint, "status", {})
    except (TimeoutError, EngineGone):
        return False
    except ServeError as error:
        if error.kind == "NotAllowed":  # something else listens there
            return False
    return True


async def ask_all(method: str, body: Mapping[str, Any]) -> list[tuple[Endpoint, dict[str, Any]]]:
    """The answers of the engines of all versions that run."""
    found = []
    for endpoint in process.find_all():
        with contextlib.suppress(TimeoutError, ServeError):
            async with asyncio.timeout(ALIVE_SECONDS):
                found.append((endpoint, await ask(endpoint, method, body)))
    return found


async def stop_all() -> list[int]:
    """Ends the engines of all versions, and gives their process ids once they have ended."""
    stopped = [endpoint for endpoint, _ in await ask_all("stop", {"now": True})]
    for endpoint in stopped:
        for _ in range(200):
            if not process.runs(endpoint):
                break
            await asyncio.sleep(0.05)
    return [endpoint.pid for endpoint in stopped]


async def ask(
    endpoint: Endpoint,
    method: str,
    body: Mapping[str, Any],
    on_progress: Progress | None = None,
    session: str | None = None,
) -> dict[str, Any]:
    """One request to one engine. Raises as `Client.call`."""
    gone = EngineGone(
        f"the engine (pid {endpoint.pid}) ended before it answered",
        f"{endpoint.log} may say why; the next request starts a new one",
    )
    data = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
    headers = {"accept": EVENTS.decode(), "content-type": "application/json"}
    if session is not None:
        headers["x-prover-session"] = session
    try:
        async with contextlib.aclosing(
            exchange(endpoint, "POST", f"/v1/{method}", data, headers)
        ) as answer:
            status, kind = 0, b""
            buffer = bytearray()
            async for part in answer:
                if isinstance(part, tuple):
                    status, kind = part
                    continue
                looked = max(0, len(buffer) - 1)
                buffer += part
                while kind == EVENTS and (end := buffer.find(b"\n\n", looked)) >= 0:
                    name, value = _event(bytes(buffer[:end]))
                    del buffer[: end + 2]
                    looked = 0
                    if name == "progress":
                        if on_progress is not None:
                            on_progress(value)
                    elif name == "result":
                        return value
                    else:
                        raise _error(value)
    except (OSError, EOFError):
        raise gone from None
    if not status or kind == EVENTS:
        raise gone
    try:
        value = json.loads(buffer)
    except ValueError:
        raise ServeError(f"what listens there is no engine: it answers {status}") from None
    if status == 200:
        return dict(value)
    raise _error(value)


async def exchange(
    endpoint: Endpoint, verb: str, path: str, data: bytes, headers: Mapping[str, str]
) -> AsyncGenerator[tuple[int, bytes] | bytes, None]:
    """A request over HTTP: yields the status and the content type of the answer, then its body part
    by part. Closing it closes the connection. Raises OSError and EOFError."""
    import h11

    if sys.platform != "win32" and endpoint.socket is not None:
        reader, writer = await asyncio.open_unix_connection(endpoint.socket)
    else:
        reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
    connection = h11.Connection(h11.CLIENT)
    try:
        request = h11.Request(
            method=verb,
            target=path,
            headers=[
                ("host", "127.0.0.1"),
                ("authorization", f"Bearer {endpoint.token}"),
                ("content-length", str(len(data))),
                ("connection", "close"),
                *headers.items(),
            ],
        )
        parts = (request, h11.Data(data=data), h11.EndOfMessage())
        writer.write(b"".join(connection.send(part) or b"" for part in parts))
        await writer.drain()
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(2**16))
            elif isinstance(event, h11.Response):
                yield event.status_code, dict(event.headers).get(b"content-type", b"")
            elif isinstance(event, h11.Data):
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return
            elif isinstance(event, h11.ConnectionClosed):
                raise EOFError
    except h11.RemoteProtocolError as error:
        raise EOFError from error
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _event(data: bytes) -> tuple[str, dict[str, Any]]:
    name, value = "", b""
    for line in data.split(b"\n"):
        field, _, rest = line.partition(b": ")
        if field == b"event":
            name = rest.decode()
        elif field == b"data":
            value = rest
    return name, json.loads(value)


def _error(value: Mapping[str, Any]) -> ServeError:
    kind = str(value.get("kind", ""))
    known = _KINDS.get(kind, ServeError)
    code = value.get("exit_code", 2)
    return known(
        str(value.get("message", "")),
        str(value.get("hint", "")),
        kind,
        code if isinstance(code, int) else 2,
    )
