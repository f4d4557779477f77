"""What the proxy makes of single messages."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.editor import proxy
from prover.editor.proxy import Proxy, Side, with_capabilities, with_offers
from prover.editor.wire import Frame, Splitter
from tests.editor import traffic
from tests.editor.traffic import (
    TRY_THIS,
    URI,
    answer,
    code_action,
    diagnostics,
    edited,
    error,
    message,
    notification,
    opened,
    request,
)

HOLE = "theorem t (𝔸 : Prop) (h : 𝔸) : 𝔸 := by\n  sorry\n"
OURS = ["Prove this goal", "Suggest next tactics", "Fill all holes in this file", "Explain why not"]


class Ends:
    """Both ends of a proxy."""

    def __init__(self) -> None:
        self.editor = bytearray()
        self.server = bytearray()
        self.proxy = Proxy(Side(self._to(self.editor)), Side(self._to(self.server)))

    @staticmethod
    def _to(end: bytearray) -> Callable[[bytes], Awaitable[None]]:
        async def write(data: bytes) -> None:
            end.extend(data)

        return write

    async def says(self, *messages: Any) -> None:
        for one in messages:
            for piece in Splitter().feed(one if isinstance(one, bytes) else message(one)):
                await self.proxy.from_editor(piece)

    async def answers(self, *messages: Any) -> None:
        for one in messages:
            for piece in Splitter().feed(one if isinstance(one, bytes) else message(one)):
                await self.proxy.from_server(piece)

    def to_editor(self) -> list[dict[str, Any]]:
        return read(self.editor)

    def to_server(self) -> list[dict[str, Any]]:
        return read(self.server)


def read(data: bytearray) -> list[dict[str, Any]]:
    pieces = [*Splitter().feed(bytes(data))]
    assert all(isinstance(piece, Frame) for piece in pieces)
    return [json.loads(piece.body) for piece in pieces if isinstance(piece, Frame)]


def play(work: Callable[[Ends], Awaitable[None]], text: str = HOLE) -> Ends:
    """Plays a scene in which the editor has opened a file."""

    async def whole() -> Ends:
        ends = Ends()
        await ends.says(traffic.INITIALIZE, opened(text))
        await ends.answers(traffic.INITIALIZED)
        ends.editor.clear()
        ends.server.clear()
        await work(ends)
        await ends.proxy.close()
        return ends

    return asyncio.run(whole())


def titles(actions: list[dict[str, Any]]) -> list[str]:
    return [action["title"] for action in actions]


def test_our_actions_stand_after_those_of_lean() -> None:
    theirs = message(answer(5, [TRY_THIS]))

    async def work(ends: Ends) -> None:
        await ends.says(code_action(5, 1, 4))
        assert bytes(ends.server) == message(code_action(5, 1, 4))
        await ends.answers(theirs)

    (got,) = play(work).to_editor()
    assert titles(got["result"]) == ["Try this: exact h", *OURS]
    assert got["result"][0] == TRY_THIS
    assert all(action["kind"] == "quickfix" for action in got["result"])


def test_where_nothing_is_to_be_proved_the_answer_is_left_alone() -> None:
    theirs = message(answer(5, [TRY_THIS]))

    async def work(ends: Ends) -> None:
        await ends.says(code_action(5, 0, 4), code_action(6, 1, 4, only=["refactor"]))
        await ends.answers(theirs)

    assert bytes(play(work).editor) == theirs


def test_the_text_is_followed_in_utf_16() -> None:
    async def work(ends: Ends) -> None:
        await ends.says(edited(2, 1, 2, 7, "exact h"), edited(3, 0, 11, 13, "𝔹"))
        await ends.says(code_action(5, 1, 4))
        await ends.says(edited(4, 0, 11, 13, "𝔹"), edited(5, 1, 2, 9, "-- 𝔸\n  sorry"))
        await ends.says(code_action(6, 2, 4))
        await ends.answers(answer(5, None), answer(6, None))

    first, second = play(work).to_editor()
    assert first["result"] is None
    assert titles(second["result"]) == OURS
    assert second["result"][0]["data"]["prover"]["version"] == 5


def test_a_text_is_forgotten_when_it_is_closed_or_not_followed_any_more() -> None:
    broken = notification(
        "textDocument/didChange",
        {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"range": 1, "text": ""}]},
    )
    for lost in (notification("textDocument/didClose", {"textDocument": {"uri": URI}}), broken):

        async def work(ends: Ends, lost: dict[str, Any] = lost) -> None:
            await ends.says(lost, code_action(5, 1, 4))
            await ends.answers(answer(5, None))

        ends = play(work)
        assert bytes(ends.editor) == message(answer(5, None))
        assert ends.to_server()[0] == lost


def test_our_actions_do_not_wait_long_for_those_of_lean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "PATIENCE_SECONDS", 0.05)

    async def work(ends: Ends) -> None:
        await ends.says(code_action(5, 1, 4))
        await asyncio.sleep(0.2)
        assert titles(ends.to_editor()[0]["result"]) == OURS
        await ends.answers(answer(5, [TRY_THIS]), answer(6, None))

    assert [one["id"] for one in play(work).to_editor()] == [5, 6]


@pytest.mark.parametrize(
    ("code", "stays"), [(-32800, True), (-32801, True), (-32601, False), (-32603, False)]
)
def test_an_error_of_lean(code: int, stays: bool) -> None:
    refused = {"jsonrpc": "2.0", "id": 5, "error": {"code": code, "message": "no"}}

    async def work(ends: Ends) -> None:
        await ends.says(code_action(5, 1, 4))
        await ends.answers(refused)

    ends = play(work)
    if stays:
        assert bytes(ends.editor) == message(refused)
    else:
        assert titles(ends.to_editor()[0]["result"]) == OURS


def test_diagnostics_of_lean_are_known_also_those_that_are_added() -> None:
    text = "theorem t (p q : Prop) (h : p) : p := by\n  rw [h]\n  exact h\n"

    async def work(ends: Ends) -> None:
        found = error(1, 2, 8, "did not find"), error(2, 2, 9, "no goals")
        await ends.answers(diagnostics(1, found[0]), diagnostics(1, found[1], more=True))
        await ends.says(code_action(5, 1, 4))
        await ends.answers(answer(5, []), diagnostics(1))
        await ends.says(code_action(6, 1, 4))
        await ends.answers(answer(6, []))

    told = [one for one in play(work, text).to_editor() if "id" in one]
    assert "Prove this goal" in titles(told[0]["result"])
    assert told[1]["result"] == []


def test_our_actions_are_resolved_by_us_alone() -> None:
    about = {"do": "prove", "uri": URI, "version": 7, "place": {}}
    ours = {"title": "Prove this goal", "data": {"prover": about}}

    async def work(ends: Ends) -> None:
        await ends.says(request(5, "codeAction/resolve", ours))
        await ends.says(request(6, "codeAction/resolve", TRY_THIS))
        await ends.says(request(7, "codeAction/resolve", {"title": "no data"}))
        await asyncio.sleep(0.05)

    ends = play(work)
    assert [one["id"] for one in ends.to_server()] == [6, 7]
    (got,) = ends.to_editor()
    assert got["id"] == 5 and got["error"]["code"] == -32801  # another version of the text


def test_what_is_cancelled_at_once_is_answered() -> None:
    about = {"do": "prove", "uri": URI, "version": 1, "place": {}}
    ours = {"title": "Prove this goal", "data": {"prover": about}}

    async def work(ends: Ends) -> None:
        await ends.says(request(5, "codeAction/resolve", ours))
        await ends.says(notification("$/cancelRequest", {"id": 5}))
        await asyncio.sleep(0.05)

    ends = play(work)
    assert ends.to_server() == []
    assert [one["error"]["code"] for one in ends.to_editor()] == [-32800]


def test_our_requests_are_answered_to_us() -> None:
    async def work(ends: Ends) -> None:
        asked = asyncio.create_task(ends.proxy.request("window/showMessageRequest", {}))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        identity = ends.to_editor()[0]["id"]
        await ends.says(answer("elsewhere", 1), answer(identity, {"title": "omega"}))
        assert await asked == {"title": "omega"}
        await ends.says(answer(identity, "twice"))

    assert play(work).to_server() == [answer("elsewhere", 1)]


def test_a_cancellation_of_what_is_not_ours_goes_on() -> None:
    cancel = notification("$/cancelRequest", {"id": 5})
    dismiss = notification("window/workDoneProgress/cancel", {"token": "lean"})

    async def work(ends: Ends) -> None:
        await ends.says(code_action(5, 1, 4), cancel, dismiss)
        await ends.answers({"jsonrpc": "2.0", "id": 5, "error": {"code": -32800, "message": ""}})

    ends = play(work)
    assert ends.to_server()[1:] == [cancel, dismiss]
    assert ends.to_editor()[0]["error"]["code"] == -32800


OFFERED = {
    "codeActionProvider": {"codeActionKinds": ["quickfix"], "resolveProvider": True},
    "executeCommandProvider": {"commands": ["prover.act"]},
}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{}", '{"codeActionProvider":X}'),
        ('{ "a": 1 }', '{"codeActionProvider":X, "a": 1 }'),
        ('{"codeActionProvider":true, "a": 1}', '{"codeActionProvider":X, "a": 1}'),
        ('{"codeActionProvider": {}}', '{"codeActionProvider": {"resolveProvider":true}}'),
        (
            '{"codeActionProvider":{"resolveProvider" : false}}',
            '{"codeActionProvider":{"resolveProvider" : true}}',
        ),
        (
            '{"codeActionProvider":{"resolveProvider" : true}}',
            '{"codeActionProvider":{"resolveProvider" : true}}',
        ),
        ('{"positionEncoding":"utf-8"}', '{"positionEncoding":"utf-8"}'),
        ("[]", "[]"),
    ],
)
def test_what_the_server_can_is_added_to_and_nothing_else(before: str, after: str) -> None:
    offered = {"codeActionProvider": OFFERED["codeActionProvider"]}
    whole = '{"id":0,\n "result" : {"serverInfo": {"name":"𝔸"}, "capabilities" :%s }}'
    wanted = after.replace("X", json.dumps(offered["codeActionProvider"]))
    assert with_capabilities(whole % before, offered) == whole % wanted


def test_a_command_of_ours_stands_beside_those_of_the_server() -> None:
    text = '{"result":{"capabilities":{"executeCommandProvider":{"commands":["theirs"]}}}}'
    after = json.loads(with_capabilities(text, OFFERED))["result"]["capabilities"]
    assert after["executeCommandProvider"] == {"commands": ["theirs", "prover.act"]}
    assert after["codeActionProvider"] == OFFERED["codeActionProvider"]


def test_what_lean_offers_stays_byte_for_byte() -> None:
    for theirs in ('[ {"a" : "\\ud835\\udd38"} ]', "[ ]", "null"):
        body = f'{{"id":1, "result" : {theirs} , "jsonrpc":"2.0"}}'.encode()
        given = Frame(b"content-length: %d\r\n\r\n" % len(body), body)
        joined = with_offers(given, json.loads(body), [{"title": "ours"}])
        assert joined.head == b"content-length: %d\r\n\r\n" % len(joined.body)
        before = theirs.rstrip(" ]") if theirs.startswith("[ {") else ""
        assert before.encode() in joined.body
        found = json.loads(theirs) or []
        assert json.loads(joined.body)["result"] == [*found, {"title": "ours"}]


NAMES = [
    *("initialize", "exit", "textDocument/didOpen", "textDocument/didChange"),
    *("textDocument/didClose", "textDocument/codeAction", "codeAction/resolve"),
    *("workspace/executeCommand", "$/cancelRequest", "window/workDoneProgress/cancel"),
    *("textDocument/publishDiagnostics", "$/lean/rpc/call"),
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(URI),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("textDocument", "uri", "text", "version", "contentChanges", "range", "start"),
                    *(
                        "end",
                        "line",
                        "character",
                        "data",
                        "context",
                        "diagnostics",
                        "only",
                        "token",
                    ),
                    *("capabilities", "codeAction", "message", "severity", "isIncremental"),
                ]
            ),
            inner,
        )
    ),
    max_leaves=10,
)
MESSAGES = st.fixed_dictionaries(
    {}, optional={"method": st.sampled_from(NAMES) | VALUES, "id": VALUES, "params": VALUES}
)
BODIES = st.one_of(
    MESSAGES.map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=30),
    st.sampled_from([f'{{"method": "{name}", "params": '.encode() for name in NAMES]),
    st.just(b"[" * 100_000 + b'"initialize"'),
)


@given(st.lists(BODIES, max_size=6), st.lists(BODIES, max_size=6))
def test_no_message_harms_the_proxy(said: list[bytes], answered: list[bytes]) -> None:
    """Whatever is no request for an action of ours goes through, whatever it holds."""
    frames = [
        [Frame(b"Content-Length: %d\r\n\r\n" % len(b), b) for b in x] for x in (said, answered)
    ]

    async def work(ends: Ends) -> None:
        for one in frames[0]:
            await ends.says(bytes(one))
        for one in frames[1]:
            await ends.answers(bytes(one))

    ends = play(work)
    assert bytes(ends.server) == b"".join(map(bytes, frames[0]))
    assert bytes(ends.editor) == b"".join(map(bytes, frames[1]))
