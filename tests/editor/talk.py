"""An editor for tests: it speaks the Language Server Protocol to a process."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from prover.editor.wire import Frame, Noise, Splitter, frame

SERVER = Path(__file__).with_name("server.py")
PROXY = [sys.executable, "-P", "-m", "prover.editor.proxy"]
SECONDS = 20.0


class Talk:
    """A conversation with a server. Leaving it kills the server."""

    def __init__(self, command: Sequence[str], **options: Any) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            **options,
        )
        self.heard = bytearray()
        """All that the server has written."""
        self.errors = bytearray()
        """All that it has written on standard error."""
        self._frames: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=target, daemon=True) for target in (self._listen, self._mind)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.end()

    def say(self, message: bytes | Frame | dict[str, Any]) -> None:
        assert self.process.stdin is not None
        data = bytes(frame(message) if isinstance(message, dict) else message)
        self.process.stdin.write(data)

    def hear(self) -> dict[str, Any]:
        """The next message. Raises EOFError at the end."""
        message = self._frames.get(timeout=SECONDS)
        if message is None:
            raise EOFError(self.errors.decode())
        fields: dict[str, Any] = json.loads(message.body)
        return fields

    def answer(self, identity: object) -> dict[str, Any]:
        """The answer to a request; what comes before it is dropped."""
        while True:
            message = self.hear()
            if message.get("id") == identity and "method" not in message:
                return message

    def until(self, method: str) -> dict[str, Any]:
        """The next message of a method; what comes before it is dropped."""
        while True:
            message = self.hear()
            if message.get("method") == method:
                return message

    def ask(self, identity: object, method: str, params: Any) -> dict[str, Any]:
        self.say({"id": identity, "method": method, "params": params})
        return self.answer(identity)

    def end(self) -> int:
        """Closes the server's input, and waits for its end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.wait()

    def wait(self) -> int:
        """Waits for the end of the server; its exit code."""
        code = self.process.wait(SECONDS)
        for thread in self._threads:
            thread.join(SECONDS)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()
        return code

    def _listen(self) -> None:
        assert self.process.stdout is not None
        splitter = Splitter()
        while data := self.process.stdout.read(2**16):
            self.heard += data
            for piece in splitter.feed(data):
                if isinstance(piece, Frame):
                    self._frames.put(piece)
                else:
                    assert not isinstance(piece, Noise), piece
        self._frames.put(None)

    def _mind(self) -> None:
        assert self.process.stderr is not None
        while data := self.process.stderr.read(2**16):
            self.errors += data


def behind_proxy(*command: str, **options: Any) -> Talk:
    """A conversation with a server through the proxy."""
    return Talk([*PROXY, *command], **options)
