"""What an editor and Lean say to each other, in the forms in which the two write it."""

from __future__ import annotations

import json
from typing import Any

URI = "file:///home/someone/Project/Basic.lean"
TEXT = "import Lean\n\n/-- 𝔸 and ∀, in UTF-16 a pair and one. -/\ntheorem fine (𝔸 : Prop) (h : 𝔸) : 𝔸 := h\n"
INITIALIZE_ID = 0


def compact(value: dict[str, Any]) -> bytes:
    """As `JSON.stringify` and Lean write it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def message(value: dict[str, Any], head: bytes = b"Content-Length: %d\r\n\r\n") -> bytes:
    body = compact(value)
    return head % len(body) + body


def request(identity: object, method: str, params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": identity, "method": method, "params": params}


def notification(method: str, params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, "params": params}


def answer(identity: object, result: Any) -> dict[str, Any]:
    return {"result": result, "jsonrpc": "2.0", "id": identity}  # as Lean orders them


def at(line: int, character: int) -> dict[str, Any]:
    return {"textDocument": {"uri": URI}, "position": {"line": line, "character": character}}


def place(line: int, first: int, last: int) -> dict[str, Any]:
    return {
        "start": {"line": line, "character": first},
        "end": {"line": line, "character": last},
    }


INITIALIZE = request(
    INITIALIZE_ID,
    "initialize",
    {
        "processId": 4242,
        "clientInfo": {"name": "Visual Studio Code", "version": "1.105.1"},
        "locale": "en",
        "rootUri": "file:///home/someone/Project",
        "capabilities": {
            "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}},
            "textDocument": {
                "codeAction": {
                    "dynamicRegistration": True,
                    "isPreferredSupport": True,
                    "dataSupport": True,
                    "resolveSupport": {"properties": ["edit"]},
                    "codeActionLiteralSupport": {
                        "codeActionKind": {"valueSet": ["", "quickfix", "refactor"]}
                    },
                },
                "semanticTokens": {"formats": ["relative"], "augmentsSyntaxTokens": True},
            },
            "window": {"workDoneProgress": True, "showMessage": {"messageActionItem": {}}},
            "general": {"positionEncodings": ["utf-16"], "staleRequestSupport": {"cancel": True}},
            "lean": {
                "incrementalDiagnosticSupport": True,
                "silentDiagnosticSupport": True,
                "rpcWireFormat": "v1",
            },
        },
        "initializationOptions": {"hasWidgets": True, "logCfg": None},
        "trace": "off",
        "workspaceFolders": [{"uri": "file:///home/someone/Project", "name": "Project"}],
    },
)
CAPABILITIES = {
    "workspaceSymbolProvider": True,
    "textDocumentSync": {
        "willSaveWaitUntil": False,
        "willSave": False,
        "save": {"includeText": True},
        "openClose": True,
        "change": 2,
    },
    "semanticTokensProvider": {
        "range": True,
        "legend": {"tokenTypes": ["keyword", "leanSorryLike"], "tokenModifiers": []},
        "full": True,
    },
    "hoverProvider": True,
    "experimental": {
        "rpcProvider": {
            "highlightMatchesProvider": True,
            "rpcWireFormat": "v1",
            "moduleHierarchyProvider": {},
        }
    },
    "definitionProvider": True,
    "completionProvider": {"triggerCharacters": ["."], "resolveProvider": True},
    "codeActionProvider": {"resolveProvider": True, "codeActionKinds": ["quickfix", "refactor"]},
}
INITIALIZED = answer(
    INITIALIZE_ID,
    {
        "serverInfo": {"version": "0.3.0", "name": "Lean 4 Server"},
        "capabilities": CAPABILITIES,
    },
)


def opened(text: str, uri: str = URI, version: int = 1) -> dict[str, Any]:
    document = {"uri": uri, "languageId": "lean4", "version": version, "text": text}
    return notification(
        "textDocument/didOpen", {"textDocument": document, "dependencyBuildMode": "never"}
    )


def edited(version: int, line: int, first: int, last: int, text: str) -> dict[str, Any]:
    change = {"range": place(line, first, last), "rangeLength": last - first, "text": text}
    document = {"uri": URI, "version": version}
    return notification(
        "textDocument/didChange", {"textDocument": document, "contentChanges": [change]}
    )


def diagnostics(version: int, *found: dict[str, Any], more: bool = False) -> dict[str, Any]:
    return notification(
        "textDocument/publishDiagnostics",
        {"version": version, "uri": URI, "isIncremental": more, "diagnostics": [*found]},
    )


def error(line: int, first: int, last: int, text: str) -> dict[str, Any]:
    return {
        "source": "Lean 4",
        "severity": 1,
        "range": place(line, first, last),
        "message": text,
        "leanTags": [1],
        "isSilent": False,
        "fullRange": place(line, first, last),
    }


def code_action(identity: object, line: int, character: int, **context: Any) -> dict[str, Any]:
    params = {
        "textDocument": {"uri": URI},
        "range": place(line, character, character),
        "context": {"diagnostics": [], "triggerKind": 2, **context},
    }
    return request(identity, "textDocument/codeAction", params)


TRY_THIS = {
    "title": "Try this: exact h",
    "kind": "quickfix",
    "isPreferred": True,
    "edit": {"documentChanges": [{"textDocument": {"uri": URI}, "edits": []}]},
    "data": {"providerName": "Lean.Meta.Tactic.TryThis", "providerResultIndex": 0, "params": {}},
}

FROM_EDITOR = [
    message(INITIALIZE),
    message(notification("initialized", {})),
    message(
        opened(TEXT), b"Content-Type: application/vscode-jsonrpc\r\ncontent-length:  %d\r\n\r\n"
    ),
    message(request(1, "textDocument/semanticTokens/full", {"textDocument": {"uri": URI}})),
    message(request(2, "$/lean/plainGoal", at(3, 36))),
    message(request("three", "$/lean/rpc/connect", {"uri": URI})),
    message(notification("$/lean/rpc/keepAlive", {"uri": URI, "sessionId": "8214565"})),
    message(
        request(
            4,
            "$/lean/rpc/call",
            {**at(3, 36), "sessionId": "8214565", "method": "Lean.Widget.getInteractiveGoals"},
        ),
        b"CONTENT-LENGTH: %d\r\nX-Other: 1\r\n\r\n",
    ),
    message(edited(2, 3, 38, 39, 'h -- 𝔸⁻¹ ∘ \\"textDocument/codeAction\\"')),
    message(code_action(5, 3, 2)),
    message(request(6, "codeAction/resolve", TRY_THIS)),
    message(request(7, "textDocument/hover", at(3, 8))),
    message(notification("$/cancelRequest", {"id": 7})),
    message(answer("registration", None)),
    message(notification("textDocument/didChange", {"nothing": "of it"})),
    message(notification("workspace/didChangeConfiguration", {"settings": None})),
    message(notification("textDocument/didClose", {"textDocument": {"uri": URI}})),
    message(request(8, "shutdown", None)),
]
"""What the editor says. Nothing in it is about what we do."""

FROM_SERVER: dict[int, list[bytes]] = {
    1: [message(INITIALIZED)],
    2: [
        message(
            request(
                "registration",
                "client/registerCapability",
                {"registrations": [{"id": "ilean_watcher", "method": "textDocument/codeAction"}]},
            )
        )
    ],
    3: [
        message(
            notification(
                "$/lean/fileProgress",
                {
                    "textDocument": {"version": 1, "uri": URI},
                    "processing": [{"range": place(0, 0, 0), "kind": 1}],
                },
            )
        ),
        message(diagnostics(1)),
        message(diagnostics(1, error(3, 38, 39, "type mismatch ⊢ 𝔸"), more=True)),
    ],
    4: [message(answer(1, {"data": [*range(100_000)]}))],
    5: [message(answer(2, {"rendered": "```lean\n𝔸 : Prop\nh : 𝔸\n⊢ 𝔸\n```", "goals": ["⊢ 𝔸"]}))],
    6: [message(answer("three", {"sessionId": "8214565"}))],
    8: [
        message(
            answer(4, {"goals": [{"type": {"tag": [{"info": {"__rpcref": "3"}}, {"text": "𝔸"}]}}]})
        ),
        message({"jsonrpc": "2.0", "method": "workspace/semanticTokens/refresh", "id": 0}),
    ],
    10: [message(answer(5, [TRY_THIS]))],
    11: [message(answer(6, TRY_THIS))],
    13: [
        message({"jsonrpc": "2.0", "id": 7, "error": {"code": -32800, "message": "cancelled"}}),
        message(notification("window/logMessage", {"type": 3, "message": "𝔸" * 300_000})),
    ],
    18: [message(answer(8, None))],
}
"""What the server says, by how many messages it has heard then."""
