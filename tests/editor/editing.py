"""An editor for tests that has a file open with `prover lsp`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prover.editor.positions import Text, changed
from tests.editor.talk import Talk
from tests.serve.resident import Resident

Json = dict[str, Any]

FULL: Json = {
    "general": {"positionEncodings": ["utf-8", "utf-16"]},
    "window": {"workDoneProgress": True},
    "textDocument": {"codeAction": {"resolveSupport": {"properties": ["edit"]}}},
    "workspace": {"workspaceEdit": {"documentChanges": True}},
}


class Editor(Talk):
    """It answers what the server asks: of several choices it takes the `choice`th."""

    def __init__(self, folder: Path, engine: Resident, *behind: str) -> None:
        """`behind` is what stands in front of the server, such as a proxy."""
        self.path = folder / "A.lean"
        self.raw = ""
        self.version = 0
        self.choice: int | None = 0
        self.seen: list[Json] = []
        self._number = 0
        command = [sys.executable, "-m", "prover", "lsp", "--lean", "embedded", "--model", "none"]
        super().__init__([*behind, *command], cwd=folder, env=engine.environment)

    def hello(self, capabilities: Json | None = None) -> None:
        chosen = FULL if capabilities is None else capabilities
        root = self.path.parent.as_uri()
        asked = {"processId": None, "rootUri": root, "capabilities": chosen}
        self.offered = self.request("initialize", asked)["capabilities"]
        self.notify("initialized", {})

    def goodbye(self) -> None:
        """Ends the server as an editor that closes does. It has been silent on standard error."""
        self.request("shutdown", None)
        self.notify("exit", None)
        assert self.wait() == 0
        assert bytes(self.errors) == b""

    @contextmanager
    def within(self, folder: Path) -> Iterator[Editor]:
        """The same editor for a test with a folder of its own."""
        self.path = folder / "A.lean"
        self.seen.clear()
        self.choice = 0
        yield self
        self.notify("textDocument/didClose", {"textDocument": self.document})

    def notify(self, method: str, params: Any) -> None:
        self.say({"jsonrpc": "2.0", "method": method, "params": params})

    def send(self, method: str, params: Any) -> int:
        self._number += 1
        self.say({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        return self._number

    def request(self, method: str, params: Any) -> Any:
        """The result of a request. Raises AssertionError if it is an error."""
        answer = self.reply(self.send(method, params))
        assert "error" not in answer, answer
        return answer["result"]

    def reply(self, identity: int) -> Json:
        while True:
            message = self.hear()
            if message.get("id") == identity and "method" not in message:
                return message
            self.mind(message)

    def mind(self, message: Json) -> None:
        """Takes what the server says on its own account."""
        self.seen.append(message)
        if "id" in message and "method" in message:
            actions = (message.get("params") or {}).get("actions")
            chosen = None if not actions or self.choice is None else actions[self.choice]
            if message["method"] == "workspace/applyEdit":
                self.apply(message["params"]["edit"])
                chosen = {"applied": True}
            self.say({"jsonrpc": "2.0", "id": message["id"], "result": chosen})

    def wait_for(self, method: str) -> Json:
        """The parameters of the next message of a method."""
        while True:
            message = self.hear()
            self.mind(message)
            if message.get("method") == method:
                params: Json = message["params"]
                return params

    @property
    def messages(self) -> list[str]:
        """What was shown so far."""
        shown = [m for m in self.seen if m.get("method") == "window/showMessage"]
        return [m["params"]["message"] for m in shown]

    @property
    def document(self) -> Json:
        return {"uri": self.path.as_uri()}

    def open(self, raw: str) -> list[Json]:
        """Opens the file with a text; the diagnostics once all of it is elaborated."""
        self.begin(raw)
        return self.elaborated()

    def begin(self, raw: str) -> None:
        self.raw = raw
        self.version += 1  # no two texts of a test have the same
        item = {**self.document, "languageId": "lean4", "version": self.version, "text": raw}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def type(self, at: str, new: str, old: str = "") -> None:
        """Types before the first place of a text, over `old` if that is given."""
        first = self.raw.index(at)
        text = Text(self.raw)
        begin, end = (len(self.raw[:i].encode()) for i in (first, first + len(old)))
        self.change({"range": text.range(begin, end), "text": new})

    def change(self, *changes: Json) -> None:
        self.raw = changed(self.raw, changes)
        self.version += 1
        about = {**self.document, "version": self.version}
        self.notify(
            "textDocument/didChange", {"textDocument": about, "contentChanges": list(changes)}
        )

    def elaborated(self) -> list[Json]:
        """The diagnostics of this version once all of it is elaborated."""
        found: list[Json] = []
        while True:
            message = self.hear()
            self.mind(message)
            params = message.get("params") or {}
            about = params.get("textDocument") or params
            if (about.get("uri"), about.get("version")) != (self.document["uri"], self.version):
                continue
            if message["method"] == "textDocument/publishDiagnostics":
                found = params["diagnostics"]
            elif message["method"] == "$/lean/fileProgress" and not params["processing"]:
                return found

    def at(self, place: str, more: int = 0) -> Json:
        """The parameters of a request about the first place of a text."""
        before = self.raw[: self.raw.index(place) + more].replace("\r\n", "\n")
        return {
            "textDocument": self.document,
            "position": Text(self.raw).position(len(before.encode())),
        }

    def actions(self, place: str, diagnostics: list[Json] | None = None) -> dict[str, Json]:
        """The actions at a place, by their titles."""
        here = self.at(place)["position"]
        asked = {
            "textDocument": self.document,
            "range": {"start": here, "end": here},
            "context": {"diagnostics": diagnostics or []},
        }
        return {one["title"]: one for one in self.request("textDocument/codeAction", asked)}

    def act(self, title: str, place: str) -> Json | None:
        """Takes an action at a place; its edit, which is applied."""
        action = self.request("codeAction/resolve", self.actions(place)[title])
        edit: Json | None = action.get("edit")
        if edit is not None:
            self.apply(edit)
        return edit

    def apply(self, edit: Json) -> None:
        """Applies an edit, and tells the server of it."""
        if "documentChanges" in edit:
            (one,) = edit["documentChanges"]
            assert one["textDocument"] == {**self.document, "version": self.version}
            edits = one["edits"]
        else:
            (edits,) = edit["changes"].values()
        last_first = sorted(
            edits, key=lambda e: (-e["range"]["start"]["line"], -e["range"]["start"]["character"])
        )
        self.change(*({"range": e["range"], "text": e["newText"]} for e in last_first))
