import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.editor import wire
from prover.editor.wire import MAX_HEADER, Frame, Noise, Part, Piece, Splitter, frame, span


def cut(data: bytes, *at: int) -> list[Piece]:
    """The pieces of a stream that arrives in chunks."""
    splitter = Splitter()
    places = [0, *sorted(min(place, len(data)) for place in at), len(data)]
    pieces = [piece for a, b in pairwise(places) for piece in splitter.feed(data[a:b])]
    rest = splitter.end()
    return pieces if rest is None else [*pieces, rest]


def whole(pieces: list[Piece]) -> bytes:
    return b"".join(piece.data if isinstance(piece, Noise) else bytes(piece) for piece in pieces)


SPELLINGS = [
    b"Content-Length: 2\r\n\r\n",
    b"content-length:2\r\n\r\n",
    b"CONTENT-LENGTH:   2  \r\n\r\n",
    b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: 2\r\n\r\n",
    b"Content-Length: 2\r\nContent-Type: utf8\r\nX-Other: 7\r\n\r\n",
    b"Content-Length: 2\n\n",
]


@pytest.mark.parametrize("head", SPELLINGS)
def test_a_header_stays_as_it_is_spelled(head: bytes) -> None:
    assert cut(head + b"{}") == [Frame(head, b"{}")]
    longer = Frame(head, b"{}").with_body(b"[1, 2, 3, 4]")
    assert longer.head == head.replace(b"2", b"12", 1)
    assert cut(bytes(longer)) == [longer]


def test_what_is_printed_between_messages_is_noise() -> None:
    message = b"Content-Length: 2\r\n\r\n{}"
    for noise in (
        b"info: downloading component 'lean'\n",
        b"no line end: ",
        b"\n\n",
        b"\r\n\r\n",
        b"Content-Length: none\r\n\r\n",
        b"Content-Type: text\r\n\r\n",
        b"\x00\xff\xfe\n",
        b"x" * (3 * MAX_HEADER) + b"\n",
        b"key: value\r\n" * MAX_HEADER + b"\n",
    ):
        pieces = cut(message + noise + message + noise)
        assert [p for p in pieces if not isinstance(p, Noise)] == [frame_of(message)] * 2
        assert whole(pieces) == message + noise + message + noise


def frame_of(data: bytes) -> Frame:
    head, _, body = data.partition(b"\r\n\r\n")
    return Frame(head + b"\r\n\r\n", body)


def test_a_long_message_goes_through_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_KEPT", 10)
    data = b"Content-Length: 11\r\n\r\nhello world" + b"Content-Length: 10\r\n\r\n0123456789"
    pieces = cut(data, 25)
    assert whole(pieces) == data
    *parts, last = pieces
    assert all(isinstance(part, Part) for part in parts)
    assert [(p.first, p.last) for p in parts if isinstance(p, Part)] == [
        (True, False),
        (False, False),
        (False, True),
    ]
    assert isinstance(last, Frame)


def test_half_a_message_is_none() -> None:
    for data in (b"Content-Length: 5\r\n\r\n{}", b"Content-Length: 5\r\n", b"Cont"):
        assert cut(data) == [Noise(data)]
    assert cut(b"Content-Length: 2\r\n\r\n{}" + b"Con")[1:] == [Noise(b"Con")]


PIECES = st.one_of(
    st.sampled_from(
        [*SPELLINGS, b"\r\n", b"\n", b"content-length: ", b"9999999999\r\n\r\n", b"{}"]
    ),
    st.binary(max_size=40),
    st.text(max_size=20).map(lambda text: bytes(frame({"method": text}))),
)


@given(st.lists(PIECES, max_size=12).map(b"".join), st.lists(st.integers(0, 400), max_size=8))
def test_the_pieces_are_the_stream_however_it_arrives(data: bytes, places: list[int]) -> None:
    pieces = cut(data, *places)
    assert whole(pieces) == data
    assert frames(pieces) == frames(cut(data))


def frames(pieces: list[Piece]) -> list[Piece]:
    return [piece for piece in pieces if isinstance(piece, Frame)]


@given(st.lists(st.binary(max_size=60), max_size=8), st.lists(st.integers(0, 500), max_size=8))
def test_every_message_arrives(bodies: list[bytes], places: list[int]) -> None:
    messages = [Frame(b"Content-Length: %d\r\n\r\n" % len(body), body) for body in bodies]
    assert cut(b"".join(map(bytes, messages)), *places) == messages


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


@given(
    st.dictionaries(st.text(max_size=4), st.dictionaries(st.text(max_size=4), JSON)),
    st.sampled_from([None, 1, "\t"]),
    st.booleans(),
)
def test_a_value_is_found_where_it_stands(
    value: dict[str, dict[str, object]], indent: int | str | None, ascii_only: bool
) -> None:
    text = " " + json.dumps(value, indent=indent, ensure_ascii=ascii_only) + "\n"
    for name, inner in value.items():
        for other, wanted in inner.items():
            place = span(text, name, other)
            assert place is not None
            assert json.loads(text[slice(*place)]) == wanted
        assert span(text, name, "not there") is None
    assert span(text) == (1, len(text) - 1)


def test_the_last_of_two_members_counts_as_in_json() -> None:
    place = span('{"a": 1, "a": [2]}', "a")
    assert place == (14, 17)
    assert span('{"a": 1}', "a", "b") is None
    with pytest.raises(ValueError, match="Expecting"):
        span("{", "a")
