"""The language server on a real engine, over its real standard streams."""

import json
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.editor.editing import Editor
from tests.serve.resident import Resident, call

Editing = Callable[..., Editor]

FILE = """/-- Twice a number. -/
def twice (n : Nat) : Nat := n + n

theorem le_succ' (a b : Nat) (h : a ≤ b) : a < b + 1 := by
  sorry

namespace Inner

theorem both (p q : Prop) (𝔸 : p) (hq : q) : p ∧ q := by
  constructor

end Inner

theorem twice_two (n : Nat) : twice n = 2 * n := by
  exact rfl
"""


def test_what_lean_says_comes_as_it_is_elaborated(editor: Editor) -> None:
    found = editor.open(FILE)
    shown = [(d["severity"], d["message"].split("\n")[0], d["range"]["start"]) for d in found]
    assert shown == [
        (2, "declaration uses `sorry`", {"line": 3, "character": 8}),
        (1, "unsolved goals", editor.at("by\n  constructor")["position"]),
        (1, "Type mismatch", editor.at("exact rfl\n")["position"]),
    ]
    editor.type("sorry", "omega", "sorry")
    assert [d["severity"] for d in editor.elaborated()] == [1, 1]
    editor.notify("textDocument/didClose", {"textDocument": editor.document})
    assert editor.wait_for("textDocument/publishDiagnostics")["diagnostics"] == []


def test_goals_hover_definition_and_symbols(editor: Editor) -> None:
    editor.open(FILE)
    goal = editor.request("$/lean/plainGoal", editor.at("sorry"))
    assert goal["goals"] == ["a b : Nat\nh : a ≤ b\n⊢ a < b + 1"]
    assert goal["rendered"] == f"```lean\n{goal['goals'][0]}\n```"
    assert editor.request("$/lean/plainGoal", editor.at("def")) is None
    term = editor.request("$/lean/plainTermGoal", editor.at("n + n"))
    assert term["goal"] == "n : Nat\n⊢ Nat"
    hover = editor.request("textDocument/hover", editor.at("twice n ="))
    assert "twice (n : Nat) : Nat" in hover["contents"]["value"]
    assert "Twice a number." in hover["contents"]["value"]
    assert hover["range"]["start"] == editor.at("twice n =")["position"]
    place = editor.request("textDocument/definition", editor.at("twice n ="))
    assert place["uri"] == editor.document["uri"]
    assert place["range"]["start"] == editor.at("twice (n")["position"]
    symbols = editor.request("textDocument/documentSymbol", {"textDocument": editor.document})
    assert [s["name"] for s in symbols] == ["twice", "le_succ'", "Inner", "twice_two"]
    assert [s["name"] for s in symbols[2]["children"]] == ["both"]


def test_completion_of_names_and_abbreviations(editor: Editor) -> None:
    editor.open("theorem t : True := by\n  exact Nat.succ_l\n\n-- 𝔸 \\to\n")
    offered = editor.request("textDocument/completion", editor.at("succ_l", 6))
    labels = {item["textEdit"]["newText"] for item in offered["items"]}
    assert any("succ_le" in label for label in labels)
    (first, *_) = offered["items"]
    assert first["textEdit"]["range"]["end"] == editor.at("succ_l", 6)["position"]
    offered = editor.request("textDocument/completion", editor.at("\\to", 3))
    (exact,) = [item for item in offered["items"] if item["label"] == "\\to"]
    assert exact["textEdit"]["newText"] == "→"
    assert exact["textEdit"]["range"] == {
        "start": {"line": 3, "character": 6},
        "end": {"line": 3, "character": 9},
    }


def test_a_hole_is_proved(editor: Editor) -> None:
    editor.open(FILE)
    assert set(editor.actions("sorry")) == {
        "Prove this goal",
        "Suggest next tactics",
        "Fill all holes in this file",
        "Explain why not",
    }
    assert editor.actions("def twice") == {}
    edit = editor.act("Prove this goal", "sorry")
    assert edit is not None
    assert editor.raw == FILE.replace("sorry", "omega")


@pytest.mark.parametrize("place", ["constructor", "exact rfl"])
def test_what_lean_cannot_finish_is_proved(editor: Editor, place: str) -> None:
    text = FILE.replace("sorry", "omega").replace("\n", "\r\n")
    editor.open(text)
    editor.act("Prove this goal", place)
    before, after = text.split(place)
    assert editor.raw.startswith(before) and editor.raw.endswith(after)
    assert "\n" not in editor.raw.replace("\r\n", "")
    (error,) = editor.elaborated()
    other = "Type mismatch" if place == "constructor" else "unsolved goals"
    assert error["message"].startswith(other)


def test_an_empty_proof_is_written(editor: Editor) -> None:
    text = "theorem t (p : Prop) (h : p) : p := by\n\ntheorem u : 1 = 1 := rfl\n"
    editor.open(text)
    editor.act("Prove this goal", ":= by")
    assert editor.raw == text.replace("by\n", "by\n  assumption\n", 1)
    assert editor.elaborated() == []


def test_all_holes_are_filled_but_those_that_are_false(editor: Editor) -> None:
    text = (
        "theorem broken : True ∧ True := by\n  constructor\n\n"
        "theorem one (n : Nat) : n + 0 = n := sorry\n"
        "theorem false_one (n : Nat) : n < 5 := by\n  sorry\n"
        "theorem two (p q : Prop) (hp : p) (hq : q) : p ∧ q := ⟨sorry, sorry⟩\n"
    )
    editor.open(text)
    editor.act("Fill all holes in this file", "sorry\ntheorem false")
    assert editor.raw.count("sorry") == 1
    assert "false_one (n : Nat) : n < 5 := by\n  sorry\n" in editor.raw
    (message,) = editor.messages
    assert message.startswith("3 of 4 holes are filled\nfalse_one is disproved: ")
    errors = [d for d in editor.elaborated() if d["severity"] == 1]
    assert len(errors) == 1


def test_why_something_is_not_proved(editor: Editor) -> None:
    text = "theorem small (n : Nat) : n < 5 := by\n  sorry\n"
    editor.open(text)
    assert editor.act("Explain why not", "sorry") is None
    (message,) = editor.messages
    assert message.startswith("small is disproved: it is false at n = 5")
    assert "intro h" in message, "the proof of its negation"
    assert editor.raw == text


def test_a_suggestion_is_taken_and_leaves_holes(editor: Editor) -> None:
    text = (
        "def P : Nat → Prop := fun _ => False\ntheorem t (n m : Nat) : P n ∧ P m := by\n  sorry\n"
    )
    editor.open(text)
    action = editor.actions("sorry")["Suggest next tactics"]
    editor.choice = None
    asked = editor.send("codeAction/resolve", action)
    question = editor.wait_for("window/showMessageRequest")
    titles = [one["title"] for one in question["actions"]]
    assert "⊢ P n ∧ P m" in question["message"]
    assert "constructor" in titles
    assert "edit" not in editor.reply(asked)["result"], "none was taken"
    editor.choice = titles.index("constructor")
    editor.act("Suggest next tactics", "sorry")
    assert editor.raw == text.replace("sorry", "constructor\n  · sorry\n  · sorry")


def test_an_editor_that_cannot_resolve_has_actions_executed(editing: Editing) -> None:
    editor = editing(capabilities={})
    assert editor.offered["executeCommandProvider"] == {"commands": ["prover.act"]}
    editor.open("theorem t : 1 + 1 = 2 := by\n  sorry\n")
    command = editor.actions("sorry")["Prove this goal"]["command"]
    assert editor.request("workspace/executeCommand", command) is None
    editor.wait_for("workspace/applyEdit")
    assert "sorry" not in editor.raw


HARD = """theorem hard (a b c n : Nat) (h : n > 2) (ha : a > 0) (hb : b > 0) : a^n + b^n ≠ c^n := by
  sorry
"""


def test_work_is_shown_and_can_be_dismissed(editor: Editor) -> None:
    editor.open(HARD)
    action = editor.actions("sorry")["Prove this goal"]
    asked = editor.send("codeAction/resolve", action)
    token = editor.wait_for("window/workDoneProgress/create")["token"]
    begun = editor.wait_for("$/progress")
    assert begun["token"] == token
    assert begun["value"]["kind"] == "begin" and begun["value"]["cancellable"]
    assert begun["value"]["title"] == "Prove this goal"
    told = editor.wait_for("$/progress")["value"]
    assert told["kind"] == "report" and "tactics" in told["message"]
    editor.notify("window/workDoneProgress/cancel", {"token": token})
    assert "edit" not in editor.reply(asked)["result"]
    ended = [m for m in editor.seen if m.get("method") == "$/progress"][-1]
    assert ended["params"]["value"]["kind"] == "end"
    _is_idle()


def test_what_was_filled_stays_when_the_rest_is_dismissed(editor: Editor) -> None:
    editor.open("theorem easy (a b : Nat) : a + b = b + a := by\n  sorry\n\n" + HARD)
    asked = editor.send(
        "codeAction/resolve", editor.actions("sorry")["Fill all holes in this file"]
    )
    token = editor.wait_for("window/workDoneProgress/create")["token"]
    said = re.compile(r"hard: (\d+) tactics")
    while not (found := said.match(editor.wait_for("$/progress")["value"]["message"])) or (
        int(found[1]) < 40  # the other one takes a few
    ):
        pass
    editor.notify("window/workDoneProgress/cancel", {"token": token})
    editor.apply(editor.reply(asked)["result"]["edit"])
    assert editor.raw.count("sorry") == 1 and editor.raw.endswith(HARD)
    assert "1 of 2 holes are filled" in editor.messages[-1]
    _is_idle()


def test_work_ends_when_the_text_changes_or_the_editor_says_so(editor: Editor) -> None:
    editor.open(HARD)
    action = editor.actions("sorry")["Prove this goal"]
    asked = editor.send("codeAction/resolve", action)
    editor.wait_for("window/workDoneProgress/create")
    editor.type("sorry", "-- not yet\n  ")
    assert editor.reply(asked)["error"]["code"] == -32801
    assert editor.reply(editor.send("codeAction/resolve", action))["error"]["code"] == -32801
    asked = editor.send("codeAction/resolve", editor.actions("sorry")["Prove this goal"])
    editor.wait_for("window/workDoneProgress/create")
    editor.notify("$/cancelRequest", {"id": asked})
    assert editor.reply(asked)["error"]["code"] == -32800
    _is_idle()


@pytest.fixture(autouse=True)
def _found(resident: Resident, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client of this process finds the engine."""
    monkeypatch.setenv("PROVER_RUNTIME", str(resident.runtime))


def _is_idle() -> None:
    """Waits until the engine searches no more."""
    end = time.monotonic() + 20
    while call("status", {})["queue"]["search"]["running"]:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_two_editors_share_one_engine_and_do_not_meet(editing: Editing, resident: Resident) -> None:
    one, other = editing(), editing()
    text = "theorem same : {} := by\n  sorry\n"
    assert len(one.open(text.format("1 + 1 = 2"))) == 1
    there = {pid for engine in call("status", {})["engines"] for pid in engine["workers"]}
    assert len(other.open(text.format("2 + 2 = 4"))) == 1
    one.act("Prove this goal", "sorry")
    other.type("theorem", "def x := nothing_here\n\n")
    assert [d["severity"] for d in other.elaborated()] == [1, 2]
    assert one.elaborated() == []
    assert "2 + 2 = 4" in other.request("$/lean/plainGoal", other.at("sorry"))["goals"][0]
    status = call("status", {})
    assert status["pid"] == resident.endpoint.pid
    assert all(there & set(engine["workers"]) for engine in status["engines"])  # none is new


def test_a_lean_that_is_killed_costs_time_only(editor: Editor, resident: Resident) -> None:
    editor.open(FILE)
    for child in psutil.Process(resident.endpoint.pid).children(recursive=True):
        child.kill()
    editor.type("def twice", "def once := 1\n\n")
    assert len(editor.elaborated()) == 3
    goal = editor.request("$/lean/plainGoal", editor.at("sorry"))
    assert goal["goals"] == ["a b : Nat\nh : a ≤ b\n⊢ a < b + 1"]


def test_an_engine_that_is_killed_is_started_again(editing: Editing, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o700)
    own = Resident(tmp_path / "run")
    try:
        editor = editing(engine=own)
        text = "theorem t : 1 + 1 = 2 := by\n  sorry\n"
        assert len(editor.open(text)) == 1
        first = own.endpoint.pid
        os.kill(first, signal.SIGKILL)
        editor.type("theorem", "def once := 1\n\n")
        assert len(editor.elaborated()) == 1
        assert own.endpoint.pid != first
        assert editor.request("$/lean/plainGoal", editor.at("sorry"))["goals"] == ["⊢ 1 + 1 = 2"]
    finally:
        own.close()


def test_an_engine_that_cannot_be_had_is_said(editing: Editing, tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    other = Resident(tmp_path / "open")
    editor = editing(engine=other)
    editor.begin(FILE)
    message = editor.wait_for("window/showMessage")["message"]
    assert "is open to other users" in message and "chmod 700" in message
    (tmp_path / "open").chmod(0o700)
    other.environment["PROVER_RUNTIME"] = str(tmp_path / "open")


def test_a_file_that_is_not_utf_8_is_said(editor: Editor) -> None:
    editor.path.write_bytes("theorem été : True := trivial\n".encode("latin-1"))
    editor.begin("theorem �t� : True := trivial\n")
    assert (
        "is not UTF-8 (byte 8): save it as UTF-8"
        in editor.wait_for("window/showMessage")["message"]
    )
    half = {"text": 'def half := "\ud835"\n'}
    editor.raw, editor.version = half["text"], editor.version + 1
    about = {**editor.document, "version": editor.version}
    params = {"textDocument": about, "contentChanges": [half]}
    body = json.dumps({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": params})
    editor.say(f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
    assert "half a" in editor.wait_for("window/showMessage")["message"]
    here = {"line": 0, "character": 5}
    asked = {"textDocument": editor.document, "range": {"start": here, "end": here}}
    assert (
        editor.request("textDocument/codeAction", {**asked, "context": {"diagnostics": []}}) == []
    )
    editor.change({"text": "theorem t : True := trivial\n"})
    assert editor.elaborated() == []


def test_messages_that_are_none_leave_the_server_as_it_is(editor: Editor) -> None:
    editor.say(b'Content-Length: 9\r\n\r\n{"half": ')
    assert "no JSON" in editor.wait_for("window/showMessage")["message"]
    editor.say(b'Content-Length: 4\r\n\r\n"\xff\xff"')
    assert "no JSON" in editor.wait_for("window/showMessage")["message"]
    editor.say(b"Content-Length: 4\r\n\r\nnull")
    editor.say(b"Content-Length: 2\r\n\r\n[]")
    asked = editor.send("textDocument/hover", {"textDocument": 5})
    assert editor.reply(asked)["error"]["code"] == -32602
    asked = editor.send("nothing/of/this/name", {})
    assert editor.reply(asked)["error"]["code"] == -32601
    assert len(editor.open(FILE)) == 3


def test_an_editor_that_goes_leaves_nothing(editing: Editing) -> None:
    editor = editing()
    editor.open(HARD)
    asked = editor.actions("sorry")["Prove this goal"]
    editor.send("codeAction/resolve", asked)
    editor.wait_for("window/workDoneProgress/create")
    assert editor.end() == 1, "it did not say goodbye"
    assert bytes(editor.errors) == b""
    _is_idle()


def test_goodbye(editing: Editing) -> None:
    editor = editing()
    editor.open(FILE)
    assert editor.request("shutdown", None) is None
    editor.notify("exit", None)
    assert editor.wait() == 0
    assert bytes(editor.errors) == b""
