"""The resident engine over HTTP: `POST /v1/METHOD`, answers as JSON or as server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
import os
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from prover.errors import ProverError, WrongUse, explained
from prover.serve import documents, kimina, methods, schema
from prover.serve.engines import Engines, counted
from prover.serve.methods import Call, Json, Method
from prover.serve.metrics import Metrics
from prover.serve.schema import EngineStopped, Where
from prover.serve.sessions import Sessions
from prover.serve.turns import Turns

MAX_BODY = 16 * 2**20
"""The longest request, in bytes."""

BODY_SECONDS = 60.0
"""How long a request may take to arrive."""

SEARCHES, QUICK = 8, 16
"""How many requests that search, and others, are worked on at a time."""

WAITING = 64
"""How many more of each kind may wait."""

RETRY_SECONDS = 5

STATUS = {
    "LeanUnavailable": 503,
    "SetupError": 503,
    "EngineStopped": 503,
    "QueueFull": 429,
    "TooLarge": 413,
    "NotAllowed": 401,
}

log = logging.getLogger("prover.serve")

Tell = Callable[[str], None]


class TooLarge(schema.ServeError):
    """A request is longer than an engine reads."""


class NotAllowed(schema.ServeError):
    """The token of a request is not that of the engine."""

    def __init__(self) -> None:
        super().__init__(
            "the token of the request is not that of this engine",
            "`prover engine status --token` prints it",
        )


class _Gone(Exception):
    """The client went away before all of its request had come."""


@dataclass(eq=False)
class Service:
    """What answers requests: engines, sessions, queues, and the figures of all that."""

    token: str
    version: str = ""
    home: Where = field(default_factory=lambda: Where(str(Path.cwd())))
    table: Mapping[str, Method] = field(
        default_factory=lambda: {**methods.METHODS, **documents.METHODS}
    )
    tell: Tell = lambda line: None
    engines: Engines = field(default_factory=Engines)
    metrics: Metrics = field(default_factory=Metrics)
    begun: float = field(default_factory=time.monotonic)
    heard: float = field(default_factory=time.monotonic)
    running: set[asyncio.Task[Any]] = field(default_factory=set)
    patience: float = 30 * 60.0
    """The process ends after this long without a request, in seconds."""

    def __post_init__(self) -> None:
        self.sessions = Sessions()
        self.stop = asyncio.Event()
        self.queues = {"search": Turns(SEARCHES, WAITING), "quick": Turns(QUICK, WAITING)}
        own = {
            "status": Method(schema.Status, self._status, None),
            "stop": Method(schema.Stop, self._stop, None),
        }
        self.methods = {**self.table, **kimina.METHODS, **own}

    async def work(self, name: str, body: Any, session: str | None, progress: Any) -> Json:
        """Answers one request. Raises what it meets."""
        method = self.methods.get(name)
        if method is None:
            raise WrongUse(f"there is no method {name}; there are: {', '.join(self.methods)}")
        asked = schema.read(method.request, body)
        if self.stop.is_set():
            raise EngineStopped("the engine is about to end")
        own = self.sessions.get(session or secrets.token_hex(8))
        own.running += 1
        quick = partial(self.queues["quick"].turn, own.id)
        try:
            call = Call(own, self.engines, self.metrics, progress, quick, self.home)
            if method.queue is None:
                return await method.run(call, asked)
            async with self.queues[method.queue].turn(own.id):
                return await method.run(call, asked)
        finally:
            own.running -= 1
            own.heard = time.monotonic()
            if session is None or own.empty:
                await self.sessions.drop(own)

    def say(self, line: str) -> None:
        """Logs a line, and shows it where the service is watched."""
        log.info("%s", line)
        self.tell(line)

    async def look_after(self) -> None:
        """Ends what nobody uses, until the service is to stop: sessions, engines, itself."""
        while not self.stop.is_set():
            await self.sessions.sweep()
            await self.engines.sweep()
            busy = any(not task.done() for task in self.running)
            if not busy and time.monotonic() - self.heard > self.patience:
                self.say("stopping: nobody has asked anything for long")
                self.stop.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), min(5.0, self.patience))

    async def close(self) -> None:
        """Ends what is worked on, with `EngineStopped` for who waits for it, and all engines."""
        self.stop.set()
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)
        await self.sessions.close()
        await self.engines.close()

    async def _status(self, call: Call, asked: schema.Status) -> Json:
        return {
            "version": self.version,
            "pid": os.getpid(),
            "uptime": time.monotonic() - self.begun,
            "engines": [
                {
                    "lean": lease.lean.version,
                    "kind": lease.lean.kind,
                    "root": None if lease.lean.root is None else str(lease.lean.root),
                    "model": lease.settings.model,
                    "users": lease.users,
                    "workers": lease.engine.pool.pids,
                    "tactics": lease.engine.scheduler.metrics().tactics,
                    "restarts": lease.engine.pool.restarts,
                }
                for lease in self.engines.open
            ],
            "queue": {
                name: {"running": queue.running, "waiting": queue.waiting}
                for name, queue in self.queues.items()
            },
            "sessions": len(self.sessions),
        }

    async def _stop(self, call: Call, asked: schema.Stop) -> Json:
        if asked.now:
            self.say("stopping: it was asked for")
            self.stop.set()
        else:
            self.patience = min(self.patience, 60.0)
        return {}

    def figures(self) -> str:
        """The metrics as Prometheus reads them."""
        leases = self.engines.open
        counts = sum((counted(lease.engine) for lease in leases), Counter(self.engines.ended))
        searching = [lease.engine.scheduler.metrics() for lease in leases]
        restarts = counts.pop("restarts", 0)
        idle = [one.slots_idle for one in searching] or [1.0]
        generator = [one.generator_idle for one in searching] or [1.0]
        uptime = time.monotonic() - self.begun
        total = counts.pop("tactics", 0) + self.metrics.tactics
        more = [
            ("prover_uptime_seconds", "gauge", "time since the start", uptime),
            ("prover_tactics_total", "counter", "tactics that were run", total),
            ("prover_tactics_per_second", "gauge", "over the uptime", total / max(uptime, 1e-9)),
            ("prover_lean_restarts_total", "counter", "Lean processes that died", restarts),
            ("prover_lean_idle_ratio", "gauge", "idle share while searching", max(idle)),
            ("prover_generator_idle_ratio", "gauge", "the same of generators", max(generator)),
            ("prover_engines", "gauge", "engines that run", len(leases)),
            ("prover_sessions", "gauge", "clients heard of lately", len(self.sessions)),
            *(
                (f"prover_queue_{what}_{name}", "gauge", f"requests {what}", getattr(queue, what))
                for name, queue in self.queues.items()
                for what in ("running", "waiting")
            ),
        ]
        return self.metrics.text({**counts, **self.engines.asked}, more)


def create_app(service: Service) -> Starlette:
    """The application of a service. All but `/health` need its token."""

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def metrics(request: Request) -> Response:
        if not _allowed(service, request.scope):
            raise NotAllowed
        return PlainTextResponse(service.figures())

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, ProverError)
        return JSONResponse(to_json(error), STATUS.get(kind_of(error), 400))

    return Starlette(
        routes=[
            Route("/v1/{method:path}", _Endpoint(service), methods=["POST"]),
            Route("/api/check", _Endpoint(service, "kimina/check"), methods=["POST"]),
            Route("/verify", _Endpoint(service, "kimina/verify"), methods=["POST"]),
            Route("/health", health),
            Route("/metrics", metrics),
        ],
        exception_handlers={ProverError: refused},
    )


class _Endpoint:
    """One request as an ASGI application: it watches whether its client is still there."""

    def __init__(self, service: Service, method: str | None = None) -> None:
        self._service = service
        self._method = method

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        service = self._service
        service.heard = time.monotonic()
        method = self._method or scope["path_params"]["method"]
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        answer = _Answer(send, "text/event-stream" in headers.get("accept", ""))
        begin = time.monotonic()
        how = "ok"
        try:
            if not _allowed(service, scope):
                await _read(receive, 0)  # an answer is lost to who still writes
                raise NotAllowed
            body = await read_json(receive)
            session = headers.get("x-prover-session")
            work = service.work(method, body, session, answer.progress)
            await watched(service, receive, answer, work)
        except _Gone:
            how = "gone"
        except asyncio.CancelledError:
            how = "cancelled"
            if not service.stop.is_set():
                raise
            error = EngineStopped("the engine was stopped while it worked on this")
            await answer.error(error, STATUS["EngineStopped"])
        except Exception as raised:
            known = explained(raised)
            how = "Fault" if known is None else kind_of(known)
            if known is None:
                log.exception("%s failed", method)
                known = schema.ServeError(f"{type(raised).__name__}: {raised}", FAULT, "Fault")
            await answer.error(known, 500 if how == "Fault" else STATUS.get(how, 400))
        finally:
            service.heard = time.monotonic()
            name = method if method in service.methods else "unknown"
            service.metrics.add(name, how, service.heard - begin)
            service.say(f"{name} {how} {service.heard - begin:.2f} s")


FAULT = "This is a fault of the prover: the engine's log has more (`prover engine status`)."


class _Answer:
    """What goes back to a client: events as they come, or one JSON value."""

    def __init__(self, send: Send, events: bool) -> None:
        self._send = send
        self._events = events
        self._begun = False
        self._waiting: asyncio.Queue[Json] = asyncio.Queue(10_000)

    def progress(self, data: Json) -> None:
        if self._events:
            with contextlib.suppress(asyncio.QueueFull):  # nobody reads that much
                self._waiting.put_nowait(data)

    async def pump(self) -> None:
        """Sends progress as it comes."""
        while True:
            await self._event("progress", await self._waiting.get())

    async def result(self, value: Json) -> None:
        while not self._waiting.empty():
            await self._event("progress", self._waiting.get_nowait())
        await self._last("result", value, 200)

    async def error(self, error: ProverError, status: int) -> None:
        await self._last("error", to_json(error), status)

    async def _last(self, event: str, value: Json, status: int) -> None:
        if self._events and (self._begun or status == 200):
            await self._event(event, value)
            await self._send({"type": "http.response.body", "body": b""})
            return
        headers = [(b"content-type", b"application/json")]
        if status == STATUS["QueueFull"]:
            headers.append((b"retry-after", str(RETRY_SECONDS).encode()))
        body = _encoded(value)
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    async def _event(self, event: str, value: Json) -> None:
        if not self._begun:
            self._begun = True
            headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
            await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        data = b"event: " + event.encode() + b"\ndata: " + _encoded(value) + b"\n\n"
        await self._send({"type": "http.response.body", "body": data, "more_body": True})


async def watched(
    service: Service, receive: Receive, answer: _Answer, work: Awaitable[Json]
) -> None:
    """Does work and answers, unless the client goes away: then the work is cancelled."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    task = asyncio.ensure_future(work)
    service.running.add(task)
    pump, leaving = asyncio.create_task(answer.pump()), asyncio.create_task(gone())
    try:
        await asyncio.wait([task, leaving], return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise _Gone
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)
        await answer.result(task.result())
    finally:
        for one in (task, pump, leaving):
            one.cancel()
        await asyncio.gather(task, pump, leaving, return_exceptions=True)
        service.running.discard(task)


async def _read(receive: Receive, most: int) -> tuple[bytes, int]:
    """The body of a request, read to its end but not kept over a length, and its length."""
    data = bytearray()
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _Gone
                part = message.get("body", b"")
                size += len(part)
                if size <= most:
                    data += part
                if not message.get("more_body"):
                    return bytes(data), size
    except TimeoutError:
        raise WrongUse(f"the request did not come within {BODY_SECONDS:.0f} s") from None


async def read_json(receive: Receive) -> Any:
    """The JSON value of a request's body.

    Raises:
        TooLarge: it is longer than MAX_BODY.
        WrongUse: it is no JSON in UTF-8, or did not come in time.
        _Gone: the client left before its end.
    """
    data, size = await _read(receive, MAX_BODY)
    if size > MAX_BODY:
        raise TooLarge(f"the request has {size:,} bytes; at most {MAX_BODY:,} are read")
    try:
        return json.loads(data.decode(), parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise WrongUse(f"the request is not UTF-8 (byte {error.start})") from None
    except (ValueError, RecursionError) as error:
        raise WrongUse(f"the request is no JSON: {error}") from None


def kind_of(error: ProverError) -> str:
    return error.kind if isinstance(error, schema.ServeError) else type(error).__name__


def to_json(error: ProverError) -> Json:
    return {
        "kind": kind_of(error),
        "message": error.message,
        "hint": error.hint,
        "exit_code": error.exit_code,
    }


def _allowed(service: Service, scope: Scope) -> bool:
    given = dict(scope["headers"]).get(b"authorization", b"")
    return hmac.compare_digest(given, b"Bearer " + service.token.encode())


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _encoded(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
