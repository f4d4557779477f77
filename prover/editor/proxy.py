"""Between an editor and Lean's language server.

What the two say to each other goes through as the bytes that it is: only messages that our code actions
need are looked at. The answer to `initialize` is added to where it offers no code actions that are
resolved later, and the answer to `textDocument/codeAction` gets ours at its end. What is no message,
such as what `lake` prints, goes to the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import os
import queue
import re
import secrets
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from prover.editor.actions import Actions, ContentModified
from prover.editor.positions import changed
from prover.editor.quiet import be_quiet
from prover.editor.wire import Frame, Noise, Part, Piece, Splitter, frame, span
from prover.errors import INTERRUPTED, WRONG, ProverError
from prover.interrupt import run_cancellable
from prover.lean.process import die_with_parent, end, exited
from prover.serve.client import Client
from prover.streams import open_streams

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 1.0
"""How long our actions wait for those of Lean, which answers once it has read the file up to there."""

GRACE_SECONDS = 5.0
"""How long the server may take to end when nobody writes to it any more."""

LAST_WORDS_SECONDS = 1.0
"""How long what a server that has ended left behind may hold up the end."""

QUIET_SECONDS = 0.2
"""A server that has ended says nothing more if it has not for so long."""

BEHIND = "PROVER_PROXY"
"""Set in the environment of a server behind a proxy: there is none before it a second time."""

CHUNK = 2**16
SHOWN_NOISE = 2_000

ERROR = 1
REQUEST_CANCELLED, CONTENT_MODIFIED, SERVER_CANCELLED = -32800, -32801, -32802
INTERNAL_ERROR, SERVER_NOT_STARTED = -32603, -32099

NOT_AS_IT_SAYS = (
    *(AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError),
    ProverError,
)
"""What comes of a message that is not what its method or its version of the protocol says."""

UTF_16 = "utf-16"

_ID = re.compile(rb'"id"\s*:\s*(-?\d+|"[^"\\\x80-\xff]*")')
_DIAGNOSTICS = b'"textDocument/publishDiagnostics"'

Json = dict[str, Any]
Answered = Callable[[Frame, Json], Frame | None]
"""What is made of an answer: the message that goes on in its place, if any."""


class Side:
    """Where messages go, each of them whole, whoever sends it: the editor, or the server."""

    def __init__(self, write: Callable[[bytes], Awaitable[None]]) -> None:
        self._write = write
        self._turn = asyncio.Lock()
        self.awaited: dict[bytes, Answered] = {}
        """What is done with the answer to a request, by its id in JSON."""

    async def send(self, message: Frame | Part) -> None:
        """Raises OSError if nobody reads there any more."""
        first, last = True, True
        if isinstance(message, Part):
            first, last = message.first, message.last
        if first:
            await self._turn.acquire()
        try:
            await self._write(bytes(message))
        except BaseException:
            self._turn.release()
            raise
        if last:
            self._turn.release()


class Proxy:
    """What goes on between the two sides."""

    def __init__(self, editor: Side, server: Side, model: str = "auto") -> None:
        self.editor, self.server = editor, server
        self.leaving = False
        """Whether the editor has asked the server to end."""
        self._documents: dict[str, tuple[str, int | None]] = {}
        self._diagnostics: dict[str, list[Json]] = {}
        self._actions = Actions(self, self._documents.get, Client(), model=model)
        self._word = f"prover-{secrets.token_hex(8)}-"
        self._numbers = itertools.count(1)
        self._mark = f'"{self._word}'.encode()
        self._resolving: dict[bytes, asyncio.Task[Json]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._watched: dict[str, Callable[[Json], bool]] = {
            "initialize": self._initialize,
            "exit": self._exit,
            "textDocument/didOpen": self._did_open,
            "textDocument/didChange": self._did_change,
            "textDocument/didClose": self._did_close,
            "textDocument/codeAction": self._code_action,
            "codeAction/resolve": self._code_action_resolve,
            "workspace/executeCommand": self._execute_command,
            "$/cancelRequest": self._cancel_request,
            "window/workDoneProgress/cancel": self._cancel_progress,
        }
        self._names = [f'"{name}"'.encode() for name in self._watched]

    async def from_editor(self, piece: Piece) -> None:
        """Takes a piece of what the editor writes."""
        if isinstance(piece, Noise):
            _note("the editor", piece)
            return
        if isinstance(piece, Part) and piece.first:
            self._forget(*self._documents)  # it may be a change of any of them
        if isinstance(piece, Part) or self._passes(piece):
            await self.server.send(piece)

    async def from_server(self, piece: Piece) -> None:
        """Takes a piece of what the server writes."""
        if isinstance(piece, Noise):
            _note("the server", piece)
            return
        goes_on = self._goes_on(piece) if isinstance(piece, Frame) else piece
        if goes_on is not None:
            await self.editor.send(goes_on)

    async def notify(self, method: str, params: Any) -> None:
        """Tells the editor something."""
        await self.editor.send(frame({"method": method, "params": params}))

    async def request(self, method: str, params: Any) -> Any:
        """Asks the editor something. None if it answers with an error."""
        identity = f"{self._word}{next(self._numbers)}"
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def answered(message: Frame, fields: Json) -> None:
            if not answer.done():
                answer.set_result(fields.get("result"))

        self.editor.awaited[_key(identity)] = answered
        try:
            await self.editor.send(frame({"id": identity, "method": method, "params": params}))
            return await answer
        finally:
            self.editor.awaited.pop(_key(identity), None)

    async def close(self) -> None:
        """Ends our own work."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._actions.close()

    def _passes(self, message: Frame) -> bool:
        """Whether a message of the editor is for the server."""
        if self._mark not in message.body and not any(n in message.body for n in self._names):
            return True
        fields = _fields(message)
        try:
            if "method" not in fields and "id" in fields:
                return not self._is_answer_to_us(message, fields)
            watched = self._watched.get(fields["method"])
            return watched is None or watched(fields)
        except NOT_AS_IT_SAYS:
            return True  # which is for the server to say

    def _goes_on(self, message: Frame) -> Frame | None:
        """What goes to the editor in the place of a message of the server."""
        body, awaited = message.body, self.server.awaited
        if _DIAGNOSTICS in body:
            self._note_diagnostics(_fields(message))
        elif awaited and any(found[1] in awaited for found in _ID.finditer(body)):
            fields = _fields(message)
            if "id" in fields and "method" not in fields:
                answered = awaited.pop(_key(fields["id"]), None)
                if answered is not None:
                    return answered(message, fields)
        return message

    def _is_answer_to_us(self, message: Frame, fields: Json) -> bool:
        identity = fields["id"]
        answered = self.editor.awaited.pop(_key(identity), None)
        if answered is not None:
            answered(message, fields)
        return isinstance(identity, str) and identity.startswith(self._word)

    # What the editor says. Each answers whether it goes on to the server.

    def _initialize(self, fields: Json) -> bool:
        def answered(message: Frame, answer: Json) -> Frame:
            try:
                return message.with_body(with_capabilities(message.body.decode(), offered).encode())
            except NOT_AS_IT_SAYS:
                return message

        offered = self._actions.initialize(fields["params"])
        if _simple(fields["id"]):
            self.server.awaited[_key(fields["id"])] = answered
        return True

    def _exit(self, fields: Json) -> bool:
        self.leaving = True
        return True

    def _did_open(self, fields: Json) -> bool:
        document = fields["params"]["textDocument"]
        self._documents[document["uri"]] = str(document["text"]), document.get("version")
        return True

    def _did_change(self, fields: Json) -> bool:
        params = fields["params"]
        uri, version = params["textDocument"]["uri"], params["textDocument"].get("version")
        before = self._documents.get(uri)
        self._forget(uri)
        if before is not None:
            self._documents[uri] = changed(before[0], params["contentChanges"]), version
        return True

    def _did_close(self, fields: Json) -> bool:
        self._forget(fields["params"]["textDocument"]["uri"])
        return True

    def _forget(self, *uris: str) -> None:
        for uri in uris:
            self._documents.pop(uri, None)
            self._diagnostics.pop(uri, None)
            self._actions.changed(uri)

    def _code_action(self, fields: Json) -> bool:
        identity, params = fields["id"], fields["params"]
        if not _simple(identity):
            return True
        offers = self._actions.offered(
            params, self._diagnostics.get(params["textDocument"]["uri"], ())
        )
        if offers:
            key = _key(identity)

            def joined(message: Frame, answer: Json) -> Frame:
                timer.cancel()
                return with_offers(message, answer, offers)

            def alone() -> None:
                self.server.awaited[key] = lambda message, answer: None
                self._start(self.editor.send(frame({"id": identity, "result": offers})))

            self.server.awaited[key] = joined
            timer = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, alone)
        return True

    def _code_action_resolve(self, fields: Json) -> bool:
        if not self._actions.owns(fields["method"], fields["params"]):
            return True
        key = _key(fields["id"])
        work = asyncio.create_task(self._actions.resolve(fields["params"]))
        self._resolving[key] = work
        work.add_done_callback(lambda _: self._resolving.pop(key, None))
        self._start(self._resolved(fields["id"], work))
        return False

    def _execute_command(self, fields: Json) -> bool:
        if not self._actions.owns(fields["method"], fields["params"]):
            return True
        self._start(self.editor.send(frame({"id": fields["id"], "result": None})))
        self._actions.execute(fields["params"])
        return False

    def _cancel_request(self, fields: Json) -> bool:
        work = self._resolving.get(_key(fields["params"]["id"]))
        if work is not None:
            work.cancel()
        return work is None

    def _cancel_progress(self, fields: Json) -> bool:
        return not self._actions.dismissed(fields["params"]["token"])

    async def _resolved(self, identity: object, work: asyncio.Task[Json]) -> None:
        """Answers a request with what work on it comes to, however that ends."""
        answer: Json
        try:
            answer = {"result": await work}
        except asyncio.CancelledError:
            answer = _error(REQUEST_CANCELLED, "cancelled")
        except ContentModified:
            answer = _error(CONTENT_MODIFIED, "the text has changed: ask again")
        except Exception:
            log.exception("a code action failed")
            answer = _error(INTERNAL_ERROR, "the prover failed; its log says more")
        await self.editor.send(frame({"id": identity, **answer}))

    def _note_diagnostics(self, fields: Json) -> None:
        """Keeps what Lean says of a text. It may send what is new alone."""
        try:
            params = fields["params"]
            uri, new = params["uri"], [*params["diagnostics"]]
            if uri in self._documents:
                old = self._diagnostics.get(uri, []) if params.get("isIncremental") else []
                self._diagnostics[uri] = [*old, *new]
        except NOT_AS_IT_SAYS:
            pass

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        async def quietly() -> None:
            with contextlib.suppress(OSError):  # the editor is gone, which its pipe tells as well
                await work

        task = asyncio.create_task(quietly())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def with_capabilities(text: str, offered: Json) -> str:
    """An answer to `initialize` in which the server can what we offer too; all else is as it was. A
    server that counts other than in UTF-16 units is left alone."""
    capabilities = (json.loads(text).get("result") or {}).get("capabilities")
    if not isinstance(capabilities, dict) or capabilities.get("positionEncoding", UTF_16) != UTF_16:
        return text
    for name, ours in offered.items():
        place = span(text, "result", "capabilities", name)
        if place is None:
            text = _insert(text, ("result", "capabilities"), name, ours)
        elif not isinstance(theirs := capabilities[name], dict):
            text = text[: place[0]] + json.dumps(ours) + text[place[1] :]
        elif "commands" in ours:
            both = [*theirs.get("commands", ()), *ours["commands"]]
            text = _set(text, ("result", "capabilities", name), "commands", both)
        elif theirs.get("resolveProvider") is not True:
            text = _set(text, ("result", "capabilities", name), "resolveProvider", True)
    return text


def _set(text: str, path: tuple[str, ...], name: str, value: Any) -> str:
    """A JSON text with a member of the object there set."""
    place = span(text, *path, name)
    if place is None:
        return _insert(text, path, name, value)
    return text[: place[0]] + json.dumps(value) + text[place[1] :]


def _insert(text: str, path: tuple[str, ...], name: str, value: Any) -> str:
    """A JSON text with a member put first in the object there."""
    place = span(text, *path)
    assert place is not None
    rest = text[place[0] + 1 :]
    comma = "" if rest.lstrip().startswith("}") else ","
    return f"{text[: place[0] + 1]}{json.dumps(name)}:{json.dumps(value)}{comma}{rest}"


def with_offers(message: Frame, answer: Json, offers: list[Json]) -> Frame:
    """The server's answer about code actions with ours at its end. What it offers stays as it is."""
    if "error" in answer:
        code = answer["error"].get("code") if isinstance(answer["error"], dict) else None
        if code in (REQUEST_CANCELLED, CONTENT_MODIFIED, SERVER_CANCELLED):
            return message
        return frame({"id": answer["id"], "result": offers})
    text = message.body.decode()
    place = span(text, "result")
    theirs = answer.get("result")
    if place is None or not isinstance(theirs, list | None):
        return message
    ours = json.dumps(offers, ensure_ascii=False)
    first, last = place
    if theirs:
        ours = text[first : last - 1] + "," + ours[1:]
    return message.with_body((text[:first] + ours + text[last:]).encode())


def _fields(message: Frame) -> Json:
    """What a message holds; nothing if it is no JSON object."""
    try:
        fields = json.loads(message.body)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _key(identity: object) -> bytes:
    return json.dumps(identity, ensure_ascii=False).encode(errors="surrogatepass")


def _simple(identity: object) -> bool:
    """Whether an id is known again in an answer without reading all of it."""
    return _ID.fullmatch(b'"id":' + _key(identity)) is not None


def _error(code: int, text: str) -> Json:
    return {"error": {"code": code, "message": text}}


def _note(who: str, noise: Noise) -> None:
    shown = noise.data[:SHOWN_NOISE].decode(errors="backslashreplace").rstrip()
    if shown:
        log.warning("%s wrote what is no message (%d bytes): %s", who, len(noise.data), shown)


class Output:
    """A stream that a thread writes to: who waits for a slow reader is the writer alone."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._todo: queue.SimpleQueue[tuple[bytes, asyncio.Future[None]]] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._run, name="output", daemon=True).start()

    async def write(self, data: bytes) -> None:
        """Raises OSError if it cannot be written."""
        done = self._loop.create_future()
        self._todo.put((data, done))
        await done

    def _run(self) -> None:
        error: OSError | None = None
        while True:
            data, done = self._todo.get()
            try:
                view = memoryview(data)
                while view and error is None:
                    view = view[os.write(self._number, view) :]
            except OSError as raised:
                error = raised
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(_settle, done, error)


def _settle(done: asyncio.Future[None], error: OSError | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


class Input(asyncio.ReadTransport):
    """A stream that a thread reads, as the transport of the reader `reader`."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number
        self._loop = asyncio.get_running_loop()
        self._wanted = threading.Event()
        self._wanted.set()
        self.reader = asyncio.StreamReader(limit=CHUNK)
        self.reader.set_transport(self)
        threading.Thread(target=self._run, name="input", daemon=True).start()

    def pause_reading(self) -> None:
        self._wanted.clear()

    def resume_reading(self) -> None:
        self._wanted.set()

    def _run(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            while data := self._read():
                self._loop.call_soon_threadsafe(self.reader.feed_data, data)
                self._wanted.wait()
            self._loop.call_soon_threadsafe(self.reader.feed_eof)

    def _read(self) -> bytes:
        try:
            return os.read(self._number, CHUNK)
        except OSError:
            return b""


async def pump(reader: asyncio.StreamReader, take: Callable[[Piece], Awaitable[None]]) -> None:
    """Hands all pieces of a stream on, one after the other, until its end."""
    splitter = Splitter()
    while data := await reader.read(CHUNK):
        for piece in splitter.feed(data):
            await take(piece)
    if (rest := splitter.end()) is not None:
        await take(rest)


async def serve_proxy(command: Sequence[str], model: str = "auto") -> int:
    """Runs a language server between the standard streams, with our code actions added to its own.

    It ends with the server or with the editor, and nothing of the server is left then. What the server
    writes on standard error is left alone; of us there is nothing. The model is the one that our actions
    use (`prover.serve.schema.Where`).

    Returns:
        The exit code of the server (128 and the number of the signal that killed it; 1 if it had to be
        killed), 2 if it cannot be started, 130 if this process was interrupted.
    """
    be_quiet()
    editor = Side(Output(1).write)
    apart: dict[str, Any]
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    else:
        apart = {"start_new_session": True, "preexec_fn": die_with_parent}
    try:
        server = await asyncio.create_subprocess_exec(
            *command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            limit=CHUNK,
            env={**os.environ, BEHIND: "1"},
            **apart,
        )
    except (OSError, subprocess.SubprocessError) as error:
        await _refuse(editor, command, str(error))
        return WRONG
    try:
        return await _between(editor, server, command, model)
    except asyncio.CancelledError:
        return INTERRUPTED
    finally:
        await end(server)


async def _between(
    editor: Side, server: asyncio.subprocess.Process, command: Sequence[str], model: str
) -> int:
    stdin, stdout = server.stdin, server.stdout
    assert stdin is not None and stdout is not None

    async def write(data: bytes) -> None:
        stdin.write(data)
        await stdin.drain()

    proxy = Proxy(editor, Side(write), model)
    heard, passing = 0, False

    async def from_server(piece: Piece) -> None:
        nonlocal heard, passing
        heard, passing = heard + 1, True
        await proxy.from_server(piece)
        passing = False

    async def last_words() -> None:
        before = -1
        while not back.done() and (passing or heard != before):
            before = heard
            await asyncio.wait((back,), timeout=QUIET_SECONDS)

    there = asyncio.create_task(pump(Input(0).reader, proxy.from_editor))
    back = asyncio.create_task(pump(stdout, from_server))
    ended = asyncio.create_task(exited(server))
    try:
        await asyncio.wait((there, back, ended), return_when=asyncio.FIRST_COMPLETED)
        left_by_editor = _failed(back) or (there.done() and not _failed(there))
        stdin.close()
        await asyncio.wait((ended,), timeout=GRACE_SECONDS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await last_words()
    finally:
        await proxy.close()
        for task in (there, back, ended):
            task.cancel()
        await asyncio.gather(there, back, ended, return_exceptions=True)
    code = server.returncode
    if not left_by_editor and not proxy.leaving:
        await _tell_of_end(editor, command, code)
    if code is None:
        return 1
    return code if code >= 0 else 128 - code


def _failed(task: asyncio.Task[None]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is not None


async def _tell_of_end(editor: Side, command: Sequence[str], code: int | None) -> None:
    how = "it says nothing more"
    if code is not None:
        how = f"exit code {code}" if code >= 0 else f"killed by signal {-code}"
    text = f"Lean's language server ended ({how}): {' '.join(command)}. Restart it to go on."
    log.error(text)
    await _show(editor, text)


async def _show(editor: Side, text: str) -> None:
    with contextlib.suppress(OSError):
        params = {"type": ERROR, "message": text}
        await editor.send(frame({"method": "window/showMessage", "params": params}))


async def _refuse(editor: Side, command: Sequence[str], why: str) -> None:
    """Answers the editor's first request where there is no server to answer it."""
    text = f"Lean's language server does not start: {' '.join(command)}: {why}"
    log.error(text)
    await _show(editor, text)
    splitter, reader = Splitter(), Input(0).reader
    with contextlib.suppress(TimeoutError, OSError):
        async with asyncio.timeout(GRACE_SECONDS):
            while data := await reader.read(CHUNK):
                for piece in splitter.feed(data):
                    fields = _fields(piece) if isinstance(piece, Frame) else {}
                    if "id" in fields and "method" in fields:
                        answer = {"id": fields["id"], **_error(SERVER_NOT_STARTED, text)}
                        await editor.send(frame(answer))
                        return


if (
    __name__ == "__main__"
):  # what the `lake` of `prover editor install` starts: it takes less time to load
    open_streams()
    sys.exit(run_cancellable(serve_proxy(sys.argv[1:])))
