"""Messages of the Language Server Protocol as the bytes that they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MAX_KEPT = 16 * 2**20
"""The longest body that is kept until it is whole, in bytes. A longer one goes through in parts."""

MAX_HEADER = 2**13
"""The longest header, in bytes, and the longest line of what is none."""

_FIELD = re.compile(
    rb"(?i)(?:[\w!#$%&'*+.^`|~-]+[ \t]*:[^\r\n]*\r\n|content-(?:length|type)[ \t]*:[^\r\n]*\r?\n)\Z"
)
_LENGTH = re.compile(rb"(?im)^(content-length[ \t]*:[ \t]*)(\d{1,15})(?=[ \t]*\r?$)")
_LATE = re.compile(rb"(?i)content-length[ \t]*:[ \t]*\d{1,15}[ \t]*\r?\n\Z")
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Frame:
    """A message: its header with the empty line that ends it, and its body."""

    head: bytes
    body: bytes

    def __bytes__(self) -> bytes:
        return self.head + self.body

    def with_body(self, body: bytes) -> Frame:
        """The message with another body. Its header is the same but for the number."""
        length = str(len(body)).encode()
        return Frame(_LENGTH.sub(lambda found: found[1] + length, self.head), body)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a message that is too long to be kept, header included."""

    data: bytes
    first: bool
    last: bool

    def __bytes__(self) -> bytes:
        return self.data


@dataclass(frozen=True, slots=True)
class Noise:
    """What belongs to no message."""

    data: bytes


Piece = Frame | Part | Noise


class Splitter:
    """Cuts a stream into messages and noise, however it arrives. All pieces together are the stream,
    byte for byte. It keeps at most one message of `MAX_KEPT` bytes."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._lines: list[bytes] = []
        self._head = b""
        self._wanted = 0
        self._left = 0

    def feed(self, data: bytes) -> Iterator[Piece]:
        """The pieces that are whole with this. They have to be taken before more is fed."""
        self._data += data
        while (piece := self._next()) is not None:
            yield piece

    def end(self) -> Noise | None:
        """What is left where the stream ends: half a message is none."""
        rest = b"".join(self._lines) + self._head + self._take(len(self._data))
        self.__init__()  # type: ignore[misc]
        return Noise(rest) if rest else None

    def _next(self) -> Piece | None:
        if self._left and self._data:
            data = self._take(min(self._left, len(self._data)))
            self._left -= len(data)
            return Part(data, first=False, last=self._left == 0)
        if self._left:
            return None
        if not self._head:
            noise = self._read_head()
            if noise is not None or not self._head:
                return noise
        if self._wanted > MAX_KEPT:
            head, self._head, self._left = self._head, b"", self._wanted
            return Part(head, first=True, last=False)
        if len(self._data) < self._wanted:
            return None
        head, self._head = self._head, b""
        return Frame(head, self._take(self._wanted))

    def _read_head(self) -> Noise | None:
        """Reads lines until a header is whole. What turns out to be none is noise."""
        while end := self._data.find(b"\n", 0, MAX_HEADER) + 1:
            line = self._take(end)
            if not line.strip():
                head = b"".join([*self._lines, line])
                self._lines.clear()
                if (length := _LENGTH.search(head)) is None:
                    return Noise(head)
                self._head, self._wanted = head, int(length[2])
                return None
            if _FIELD.match(line) and sum(map(len, self._lines)) < MAX_HEADER:
                self._lines.append(line)
                continue
            late = _LATE.search(line)
            begin = late.start() if late else len(line)
            noise = b"".join([*self._lines, line[:begin]])
            self._lines = [line[begin:]] if late else []
            return Noise(noise)
        if len(self._data) < MAX_HEADER:
            return None
        noise = b"".join([*self._lines, self._take(MAX_HEADER - 64)])
        self._lines.clear()
        return Noise(noise)

    def _take(self, count: int) -> bytes:
        data = bytes(memoryview(self._data)[:count])
        del self._data[:count]
        return data


def frame(message: dict[str, Any]) -> Frame:
    """A message of our own."""
    body = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False).encode()
    return Frame(b"Content-Length: %d\r\n\r\n" % len(body), body)


def span(text: str, *path: str) -> tuple[int, int] | None:
    """Where the value stands in a JSON text that these names of members lead to; None if it is not
    there. Raises ValueError if the text is no JSON."""
    first, last = _value(text, 0)
    for name in path:
        if text[first] != "{":
            return None
        found = [place for key, place in _members(text, first) if key == name]
        if not found:
            return None
        first, last = found[-1]
    return first, last


def _members(text: str, first: int) -> Iterator[tuple[str, tuple[int, int]]]:
    at = _skip(text, first + 1)
    while text[at] == '"':
        name, at = _DECODER.raw_decode(text, at)
        place = _value(text, _skip(text, at) + 1)
        yield name, place
        at = _skip(text, _skip(text, place[1]) + (text[_skip(text, place[1])] == ","))


def _value(text: str, at: int) -> tuple[int, int]:
    first = _skip(text, at)
    return first, _DECODER.raw_decode(text, first)[1]


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()
