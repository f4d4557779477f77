"""A language server on the embedded Lean, for machines that have no Lean server of their own.

It speaks the Language Server Protocol 3.17 and those of Lean's extensions that show goals
(`$/lean/plainGoal`, `$/lean/plainTermGoal`, `$/lean/fileProgress`), over standard input and output. It
holds the texts; what they mean the resident engine says.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, default_converter, lsp_method

from prover.editor.abbreviations import abbreviations
from prover.editor.actions import (
    COMMAND,
    ERROR,
    WARNING,
    Actions,
    ContentModified,
    path_of,
)
from prover.editor.positions import Text, changed, index_of, units
from prover.editor.quiet import be_quiet
from prover.errors import ProverError
from prover.files import read_text
from prover.lean.source import NotText
from prover.serve.client import Client
from prover.serve.schema import EngineGone, Superseded, UnknownState

log = logging.getLogger("prover.editor")

Json = dict[str, Any]

DEBOUNCE_SECONDS = 0.2
"""How long nobody has typed before a text is elaborated."""

ATTEMPTS = 3
"""How often an engine that ends is started for one question."""

CONTENT_MODIFIED, REQUEST_FAILED = -32801, -32803

SEVERITIES = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "information": lsp.DiagnosticSeverity.Information,
}
_S, _C = lsp.SymbolKind, lsp.CompletionItemKind
SYMBOLS = {
    "namespace": _S.Namespace,
    "section": _S.Module,
    "structure": _S.Struct,
    "class": _S.Class,
    "inductive": _S.Enum,
    "instance": _S.Object,
    "constructor": _S.EnumMember,
    "theorem": _S.Event,
    "lemma": _S.Event,
    "axiom": _S.Constant,
    "field": _S.Field,
}
COMPLETIONS = {
    "theorem": _C.Event,
    "lemma": _C.Event,
    "axiom": _C.Constant,
    "constructor": _C.EnumMember,
    "inductive": _C.Enum,
    "structure": _C.Struct,
    "class": _C.Class,
    "field": _C.Field,
    "variable": _C.Variable,
    "keyword": _C.Keyword,
    "tactic": _C.Keyword,
    "namespace": _C.Module,
}
_TYPED_ABBREVIATION = re.compile(r"\\([^\s\\]*)\Z")
_TYPED_NAME = re.compile(r"[^\W\d]?[\w'!?₀-₉.]*\Z")
MOST_COMPLETIONS = 200
"""As many names as this are not all: the engine has more for what is typed next."""


@dataclass(eq=False)
class Opened:
    """A text that an editor has open. `count` goes up with each change, whatever the editor's versions
    do; `document` is its name in the engine."""

    uri: str
    version: int
    raw: str
    count: int = 0
    document: str | None = None
    errors: list[Json] = field(default_factory=list)
    work: asyncio.Task[None] | None = None
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def text(self) -> Text:
        """Raises `NotText`."""
        return Text(self.raw)


class Protocol(LanguageServerProtocol):
    """pygls' protocol, which answers a request that it cannot read, takes no offence at what an editor
    says of itself, and counts in UTF-16 whatever that prefers."""

    _server: Bridge

    def structure_message(self, data: dict[str, Any]) -> Any:
        params = data.get("params")
        if data.get("method") == lsp.INITIALIZE and isinstance(params, dict):
            self._said = params
            data = {**data, "params": {**params, "capabilities": {}}}
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "method" in data and "id" in data:
                self._send_response(data["id"], error=error.to_response_error())
            raise

    @lsp_method(lsp.INITIALIZE)
    def lsp_initialize(
        self, params: lsp.InitializeParams
    ) -> Generator[Any, Any, lsp.InitializeResult]:
        result = yield from super().lsp_initialize(params)
        if "executeCommandProvider" not in self._server.actions.initialize(self._said):
            result.capabilities.execute_command_provider = None
        return result

    def plain(self, value: Any) -> Any:
        """What pygls has as objects, as JSON."""
        return self._converter.unstructure(value)

    def typed(self, value: Any, kind: Any) -> Any:
        """The other way round."""
        return self._converter.structure(value, kind)


class Asking:
    """The editor as `Actions` know it."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol

    async def request(self, method: str, params: Any) -> Any:
        shaped = self._protocol.typed(params, lsp.METHOD_TO_TYPES[method][2])
        return self._protocol.plain(await self._protocol.send_request_async(method, shaped))

    async def notify(self, method: str, params: Any) -> None:
        shaped = self._protocol.typed(params, lsp.METHOD_TO_TYPES[method][2])
        self._protocol.notify(method, shaped)


class Bridge(LanguageServer):
    """The server of one editor."""

    protocol: Protocol

    def __init__(self, lean: str = "auto", model: str | None = None) -> None:
        super().__init__(
            "prover",
            version("prover"),
            lsp.TextDocumentSyncKind.Incremental,
            protocol_cls=Protocol,
            converter_factory=default_converter,
        )
        self.opened: dict[str, Opened] = {}
        self.engine = Client()
        self.actions = Actions(
            Asking(self.protocol), self._current, self.engine, lean=lean, model=model
        )
        self._told = ""
        self._loose: set[asyncio.Task[Any]] = set()
        handlers: dict[str, Callable[[Any], Any]] = {
            lsp.TEXT_DOCUMENT_DID_OPEN: self._did_open,
            lsp.TEXT_DOCUMENT_DID_CHANGE: self._did_change,
            lsp.TEXT_DOCUMENT_DID_CLOSE: self._did_close,
            lsp.TEXT_DOCUMENT_HOVER: self._hover,
            lsp.TEXT_DOCUMENT_DEFINITION: self._definition,
            lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL: self._symbols,
            lsp.CODE_ACTION_RESOLVE: self._resolve,
            lsp.WINDOW_WORK_DONE_PROGRESS_CANCEL: self._dismissed,
            "$/lean/plainGoal": self._goal,
            "$/lean/plainTermGoal": self._term_goal,
        }
        for method, handler in handlers.items():
            self.protocol.fm.feature(method)(_function(handler))
        kinds = lsp.CodeActionOptions([lsp.CodeActionKind.QuickFix], resolve_provider=True)
        triggers = lsp.CompletionOptions(trigger_characters=["\\", "."])
        feature = self.protocol.fm.feature
        feature(lsp.TEXT_DOCUMENT_CODE_ACTION, kinds)(_function(self._code_actions))
        feature(lsp.TEXT_DOCUMENT_COMPLETION, triggers)(_function(self._completion))
        self.protocol.fm.command(COMMAND)(_function(self._execute))

    def report_server_error(self, error: Exception, source: Any) -> None:
        """What the editor sent and cannot be read is told; what went wrong with a request was
        answered."""
        log.error("%s: %s", getattr(source, "__name__", source), error)
        if source is JsonRpcException and isinstance(error, (ValueError, UnicodeError)):
            self._say(f"the editor sent a message that is no JSON in UTF-8: {error}")

    def _say(self, message: str, kind: int = ERROR) -> None:
        """Shows a message, once until another one is shown."""
        if message != self._told:
            self._told = message
            shown = lsp.ShowMessageParams(lsp.MessageType(kind), message)
            self.window_show_message(shown)

    def _current(self, uri: str) -> tuple[str, int | None] | None:
        opened = self.opened.get(uri)
        return None if opened is None else (opened.raw, opened.version)

    # What the texts are.

    async def _did_open(self, params: lsp.DidOpenTextDocumentParams) -> None:
        given = params.text_document
        if given.uri in self.opened:
            self._end(self.opened.pop(given.uri))
        opened = self.opened[given.uri] = Opened(given.uri, given.version, given.text)
        path = path_of(given.uri)
        if path is not None and path.is_file():
            try:
                read_text(path)
            except ProverError as error:
                self._say(f"{error}: save it as UTF-8, or Lean cannot read it", WARNING)
        self._elaborate(opened, 0.0)

    def _did_change(self, params: lsp.DidChangeTextDocumentParams) -> None:
        opened = self.opened.get(params.text_document.uri)
        if opened is None:
            return
        opened.raw = changed(opened.raw, self.protocol.plain(params.content_changes))
        opened.version = params.text_document.version
        opened.count += 1
        self.actions.changed(opened.uri)
        self._elaborate(opened, DEBOUNCE_SECONDS)

    def _did_close(self, params: lsp.DidCloseTextDocumentParams) -> None:
        opened = self.opened.pop(params.text_document.uri, None)
        if opened is not None:
            self._end(opened)
            self._publish(opened, [])

    def _end(self, opened: Opened) -> None:
        self.actions.changed(opened.uri)
        if opened.work is not None:
            opened.work.cancel()
        if opened.document is not None:
            self._beside(self._closed(opened.document))

    async def _closed(self, document: str) -> None:
        with suppress(ProverError):
            await self.engine.call("document/close", {"document": document})

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._loose.add(task)
        task.add_done_callback(self._loose.discard)

    def _elaborate(self, opened: Opened, delay: float) -> None:
        if opened.work is not None:
            opened.work.cancel()
        opened.work = asyncio.ensure_future(self._elaborated(opened, delay))

    async def _elaborated(self, opened: Opened, delay: float) -> None:
        await asyncio.sleep(delay)
        try:
            text = opened.text

            def tell(progress: Json) -> None:
                if "setup" in progress:
                    self._say(f"setting up Lean, once: {progress['setup']}", lsp.MessageType.Info)
                if "diagnostics" in progress:
                    self._publish(opened, self._diagnostics(text, progress["diagnostics"]))
                    self._progress(opened, text, progress["done"])

            self._progress(opened, text, 0)
            answer = await self._ask(opened, "update", text, tell)
            self._publish(opened, self._diagnostics(text, answer["diagnostics"]))
            self._progress(opened, text, None)
            self._told = ""
        except Superseded:
            pass
        except NotText as error:
            self._say(f"{path_of(opened.uri) or opened.uri}: {error}")
        except ProverError as error:
            log.error("%s", error)
            self._say(str(error))
        except Exception:
            log.exception("elaborating %s", opened.uri)
            self._say("the prover failed; its log says more")

    async def _ask(
        self,
        opened: Opened,
        method: str,
        text: Text,
        on_progress: Callable[[Json], None] | None = None,
        **more: Any,
    ) -> Json:
        """What the engine says of a text; if it ends meanwhile, what the next one says."""
        count = opened.count
        for attempt in range(ATTEMPTS):
            document = await self._document(opened)
            body = {"document": document, "text": text.lean, "version": count, **more}
            try:
                return await self.engine.call(f"document/{method}", body, on_progress)
            except (EngineGone, UnknownState) as error:
                if opened.document == document:
                    opened.document = None
                if attempt == ATTEMPTS - 1:
                    raise
                log.warning("%s: asking again", error)
        raise AssertionError

    async def _document(self, opened: Opened) -> str:
        """The text's name in the engine."""
        async with opened.opening:
            if opened.document is None:
                place = self.actions.where(opened.uri)
                answer = await self.engine.call("document/open", {"where": place})
                opened.document = str(answer["document"])
            return opened.document

    def _diagnostics(self, text: Text, found: Sequence[Mapping[str, Any]]) -> list[lsp.Diagnostic]:
        return [
            lsp.Diagnostic(
                _range(text, one["first"], one["last"]),
                one["text"],
                SEVERITIES.get(one["severity"], lsp.DiagnosticSeverity.Information),
                source="Lean 4",
            )
            for one in found
        ]

    def _publish(self, opened: Opened, found: list[lsp.Diagnostic]) -> None:
        opened.errors = self.protocol.plain(found)
        self.text_document_publish_diagnostics(
            lsp.PublishDiagnosticsParams(opened.uri, found, opened.version)
        )

    def _progress(self, opened: Opened, text: Text, done: int | None) -> None:
        """What of a text is still worked on: what follows a place, or nothing."""
        processing = [] if done is None else [{"range": text.range(done, text.end), "kind": 1}]
        document = {"uri": opened.uri, "version": opened.version}
        self.protocol.notify(
            "$/lean/fileProgress", {"textDocument": document, "processing": processing}
        )

    # What is asked about them.

    async def _at(self, params: Any, method: str) -> tuple[Text, Json] | None:
        """What the engine says of a place; None if the text is not open."""
        document = getattr(params, "text_document", None) or params.textDocument
        opened = self.opened.get(document.uri)
        if opened is None:
            return None
        position = getattr(params, "position", None)
        try:
            text = opened.text
            at = 0
            if position is not None:
                at = text.offset({"line": position.line, "character": position.character})
            return text, await self._ask(opened, method, text, at=at)
        except Superseded:
            raise JsonRpcException("the text changed", CONTENT_MODIFIED) from None
        except ProverError as error:
            raise JsonRpcException(str(error), REQUEST_FAILED) from None

    async def _goal(self, params: Any) -> Json | None:
        found = await self._at(params, "goals")
        if found is None or found[1]["goals"] is None:
            return None
        goals = [goal["pp"] for goal in found[1]["goals"]]
        shown = [f"```lean\n{goal}\n```" for goal in goals]
        return {"rendered": "\n---\n".join(shown) or "no goals", "goals": goals}

    async def _term_goal(self, params: Any) -> Json | None:
        found = await self._at(params, "term_goal")
        if found is None or not found[1]["goals"]:
            return None
        text, answer = found
        goal = "\n\n".join(one["pp"] for one in answer["goals"])
        return {"goal": goal, "range": text.range(answer["first"], answer["last"])}

    async def _hover(self, params: lsp.HoverParams) -> lsp.Hover | None:
        found = await self._at(params, "hover")
        if found is None or found[1]["hover"] is None:
            return None
        text, hover = found[0], found[1]["hover"]
        content = lsp.MarkupContent(lsp.MarkupKind.Markdown, hover["text"])
        return lsp.Hover(content, _range(text, hover["first"], hover["last"]))

    async def _definition(self, params: lsp.DefinitionParams) -> lsp.Location | None:
        found = await self._at(params, "definition")
        if found is None or found[1]["definition"] is None:
            return None
        return lsp.Location(params.text_document.uri, _range(found[0], *found[1]["definition"]))

    async def _symbols(self, params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
        found = await self._at(params, "symbols")
        return [] if found is None else [_symbol(found[0], one) for one in found[1]["symbols"]]

    async def _completion(self, params: lsp.CompletionParams) -> lsp.CompletionList | None:
        opened = self.opened.get(params.text_document.uri)
        if opened is None:
            return None
        line, place = params.position.line, params.position.character
        written = _line(opened.raw, line)
        written = written[: index_of(written, place)]
        if typed := _TYPED_ABBREVIATION.search(written):
            return _abbreviated(typed, params.position)
        found = await self._at(params, "completions")
        if found is None:
            return None
        name = _TYPED_NAME.search(written)
        items = [
            _completed(one, name[0].rpartition(".")[2] if name else "", params.position)
            for one in found[1]["completions"]
        ]
        return lsp.CompletionList(len(items) >= MOST_COMPLETIONS, items)

    # The actions.

    def _code_actions(self, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        opened = self.opened.get(params.text_document.uri)
        try:
            known = [] if opened is None else opened.errors
            found = self.actions.offered(self.protocol.plain(params), known)
        except NotText:
            return []
        return [self.protocol.typed(one, lsp.CodeAction) for one in found]

    async def _resolve(self, action: lsp.CodeAction) -> lsp.CodeAction:
        plain = self.protocol.plain(action)
        if not self.actions.owns(lsp.CODE_ACTION_RESOLVE, plain):
            return action
        try:
            done = await self.actions.resolve(plain)
        except ContentModified:
            raise JsonRpcException("the text changed", CONTENT_MODIFIED) from None
        found: lsp.CodeAction = self.protocol.typed(done, lsp.CodeAction)
        return found

    def _execute(self, about: Any) -> None:
        self.actions.execute({"command": COMMAND, "arguments": [self.protocol.plain(about)]})

    def _dismissed(self, params: lsp.WorkDoneProgressCancelParams) -> None:
        self.actions.dismissed(params.token)


def serve_lean(lean: str = "auto", model: str | None = None) -> int:
    """Is the language server of the editor at the other end of the standard streams, until that goes
    away.

    Returns:
        0 if the editor said goodbye before it ended, else 1, as the protocol wants it.
    """
    speak, listen = os.fdopen(os.dup(1), "wb"), os.fdopen(os.dup(0), "rb")
    be_quiet()
    for number, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY)):  # whatever else reads or prints
        quiet = os.open(os.devnull, mode)
        os.dup2(quiet, number)
        os.close(quiet)
    own = logging.getLogger("prover")
    theirs = logging.getLogger("pygls")
    theirs.setLevel(logging.ERROR)
    theirs.propagate = False
    theirs.handlers = own.handlers
    bridge = Bridge(lean, model)
    bridge.start_io(listen, speak)
    return 0 if bridge.protocol._shutdown else 1


def _function(method: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A method as a function, on which pygls can write its notes."""
    if asyncio.iscoroutinefunction(method):

        async def awaited(params: Any) -> Any:
            return await method(params)

        return awaited
    return lambda params: method(params)


def _range(text: Text, first: int, last: int) -> lsp.Range:
    one, other = text.position(first), text.position(last)
    return lsp.Range(lsp.Position(**one), lsp.Position(**other))


def _symbol(text: Text, one: Mapping[str, Any]) -> lsp.DocumentSymbol:
    return lsp.DocumentSymbol(
        one["name"] or one["kind"],
        SYMBOLS.get(one["kind"], _S.Function),
        _range(text, one["first"], one["last"]),
        _range(text, one["name_first"], one["name_last"]),
        detail=one["kind"],
        children=[_symbol(text, child) for child in one["children"]],
    )


def _line(raw: str, number: int) -> str:
    lines = re.split(r"\r\n|\n|\r", raw)
    return lines[number] if 0 <= number < len(lines) else ""


def _before(place: lsp.Position, typed: str) -> lsp.Range:
    """The range of what was typed last before a place."""
    return lsp.Range(lsp.Position(place.line, place.character - units(typed)), place)


def _abbreviated(typed: re.Match[str], place: lsp.Position) -> lsp.CompletionList:
    """The symbols whose abbreviations begin as what was typed."""
    typed_at = _before(place, typed[0])
    items = [
        lsp.CompletionItem(
            f"\\{name}",
            kind=_C.Text,
            detail=symbol,
            preselect=name == typed[1],
            sort_text=f"{len(name):03}{name}",
            filter_text=f"\\{name}",
            text_edit=lsp.TextEdit(typed_at, symbol),
        )
        for name, symbol in abbreviations().items()
        if name.startswith(typed[1])
    ]
    return lsp.CompletionList(True, items)


def _completed(one: Mapping[str, Any], typed: str, place: lsp.Position) -> lsp.CompletionItem:
    label = one["label"]
    documentation = one.get("documentation")
    markup = lsp.MarkupContent(lsp.MarkupKind.Markdown, documentation) if documentation else None
    return lsp.CompletionItem(
        label,
        kind=COMPLETIONS.get(one["kind"], _C.Function),
        detail=one.get("detail") or None,
        documentation=markup,
        text_edit=lsp.TextEdit(_before(place, typed), label),
    )
