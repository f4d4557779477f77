"""Code actions that prove: *Prove this goal*, *Suggest next tactics*, *Fill all holes in this file* and
*Explain why not*.

They are offered from the text alone. What they do happens when the editor resolves the one that was
chosen (`codeAction/resolve`, Language Server Protocol 3.17), or has it executed where it cannot
resolve: the resident engine is asked, and the answer is a workspace edit, or a message. All of it is
JSON as the protocol has it, so that a server and a proxy can use it alike.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from prover.editor.places import Copy, Error, Place, copies, holes, places
from prover.editor.positions import Text
from prover.errors import ProverError
from prover.lean.source import fill
from prover.serve.client import Client, where
from prover.serve.schema import ServeError

Json = dict[str, Any]

PROVE, SUGGEST, FILL, EXPLAIN = "prove", "suggest", "fill", "explain"
TITLES = {
    PROVE: "Prove this goal",
    SUGGEST: "Suggest next tactics",
    FILL: "Fill all holes in this file",
    EXPLAIN: "Explain why not",
}
COMMAND = "prover.act"
"""The command by which an editor that cannot resolve an action has it done."""

SECONDS = 60.0
"""What a hole may take."""

PROGRESS_AFTER_SECONDS, PROGRESS_EVERY_SECONDS = 1.0, 0.5

NOT_READ = "StatementError"
"""The kind of the error that a text has errors of its own."""

MOST_TACTICS = 8
MOST_SHOWN = 1_500
"""How many characters of goals a message has."""

ERROR, WARNING, INFORMATION = 1, 2, 3


class Editor(Protocol):
    """The editor, as the target of what a server may ask of it."""

    async def request(self, method: str, params: Any) -> Any: ...

    async def notify(self, method: str, params: Any) -> None: ...


class ContentModified(Exception):
    """The text changed under a request: the editor is to be told the error -32801."""


class Spot(NamedTuple):
    """A hole of a text, as bytes."""

    first: int
    last: int
    tactic: bool


@dataclass(eq=False)
class Work:
    """One action while it is done."""

    uri: str
    title: str
    token: str = field(default_factory=lambda: f"prover-{uuid.uuid4()}")
    says: str = ""
    task: asyncio.Task[Any] | None = None
    stale: bool = False
    dismissed: bool = False
    keeps: bool = False
    """Whether what it has when it is dismissed is its result."""

    def tell(self, progress: Json) -> None:
        """Takes what the engine tells of a search, or of its start."""
        if "setup" in progress:
            self.says = f"setting up Lean: {progress['setup']} {progress.get('done', 0):.0%}"
        elif "spent" in progress:
            spent, open_goals = progress["spent"], progress.get("open_goals", 0)
            self.says = (
                f"{progress.get('name', '')}: {spent['tactics']} tactics, {open_goals} open goals"
            )
        elif "tactic" in progress:
            self.says = str(progress["tactic"])


class Actions:
    """The actions of one editor. `document` gives the text and the version of one that is open."""

    def __init__(
        self,
        editor: Editor,
        document: Callable[[str], tuple[str, int | None] | None],
        engine: Client,
        *,
        lean: str = "auto",
        model: str | None = None,
    ) -> None:
        """`lean` and `model` are those of all requests (`prover.serve.schema.Where`)."""
        self._editor = editor
        self._document = document
        self._engine = engine
        self._lean = lean
        self._model = model
        self._capabilities: Mapping[str, Any] = {}
        self._works: set[Work] = set()
        self._background: set[asyncio.Task[Any]] = set()
        self.last: tuple[str, str, Place, Json] | None = None
        """The verdict on what stayed open last, with its document, text and place."""

    def initialize(self, params: Mapping[str, Any]) -> Json:
        """Takes what the editor can do, from the parameters of `initialize`, and gives what it is
        offered, to stand in the server's capabilities."""
        self._capabilities = params.get("capabilities") or {}
        provider = {"codeActionKinds": ["quickfix"], "resolveProvider": True}
        if self._resolves:
            return {"codeActionProvider": provider}
        return {
            "codeActionProvider": provider,
            "executeCommandProvider": {"commands": [COMMAND]},
        }

    @property
    def _resolves(self) -> bool:
        support = self._capability("textDocument", "codeAction", "resolveSupport", "properties")
        return "edit" in (support or ())

    def _capability(self, *path: str) -> Any:
        there: Any = self._capabilities
        for name in path:
            there = there.get(name) if isinstance(there, Mapping) else None
        return there

    def offered(self, params: Mapping[str, Any], more: Sequence[Json] = ()) -> list[Json]:
        """The actions at the place of a `textDocument/codeAction`. `more` are diagnostics beside
        those that the editor sends."""
        uri = params["textDocument"]["uri"]
        there = self._document(uri)
        context = params.get("context") or {}
        only = context.get("only")
        if there is None or (only and not any(_covers(kind, "quickfix") for kind in only)):
            return []
        text, version = Text(there[0]), there[1]
        first, last = _span(text, params["range"])
        errors = [
            Error(*_span(text, one.get("fullRange") or one["range"]), str(one["message"]))
            for one in [*context.get("diagnostics", ()), *more]
            if one.get("severity", ERROR) == ERROR
        ]
        found = places(text.lean, first, last, errors)
        chosen = [(do, found[0]) for do in (PROVE, SUGGEST, EXPLAIN) if found]
        if found and holes(text.lean):
            chosen.insert(2, (FILL, found[0]))
        return [self._offer(do, place, uri, version) for do, place in chosen]

    def _offer(self, do: str, place: Place, uri: str, version: int | None) -> Json:
        about = {"do": do, "uri": uri, "version": version, "place": asdict(place)}
        action: Json = {"title": TITLES[do], "kind": "quickfix", "data": {"prover": about}}
        if do == PROVE:
            action["isPreferred"] = True
        if not self._resolves:
            command = {"title": TITLES[do], "command": COMMAND, "arguments": [action["data"]]}
            return {"title": TITLES[do], "kind": "quickfix", "command": command}
        return action

    @staticmethod
    def owns(method: str, params: Any) -> bool:
        """Whether a `codeAction/resolve` or a `workspace/executeCommand` is about an action of
        ours."""
        if not isinstance(params, Mapping):
            return False
        if method == "workspace/executeCommand":
            return params.get("command") == COMMAND
        data = params.get("data")
        return isinstance(data, Mapping) and isinstance(data.get("prover"), Mapping)

    async def resolve(self, action: Mapping[str, Any]) -> Json:
        """The action with its edit; without one where there is none, and the editor shows why.

        Raises:
            ContentModified: the text has changed since it was offered, or while it was worked on.
        """
        edit = await self._done(action["data"]["prover"])
        return dict(action) if edit is None else {**action, "edit": edit}

    def execute(self, params: Mapping[str, Any]) -> None:
        """Has an action done, and its edit applied, after the command for it was answered."""
        arguments = params.get("arguments") or [{}]
        about = arguments[0].get("prover") if isinstance(arguments[0], Mapping) else None
        if isinstance(about, Mapping):
            self._spawn(self._executed(about))

    async def _executed(self, about: Mapping[str, Any]) -> None:
        try:
            edit = await self._done(about)
        except ContentModified:
            await self._show(WARNING, "the text changed: ask again")
            return
        if edit is not None:
            label = TITLES.get(str(about.get("do")), "")
            await self._editor.request("workspace/applyEdit", {"label": label, "edit": edit})

    def changed(self, uri: str) -> None:
        """Ends what is worked on for a text that has changed, or is closed."""
        for work in self._works:
            if work.uri == uri and work.task is not None:
                work.stale = True
                work.task.cancel()

    def dismissed(self, token: Any) -> bool:
        """Ends what an editor shows as a progress (`window/workDoneProgress/cancel`). Says whether it
        was one of ours."""
        for work in self._works:
            if work.token == token and work.task is not None:
                if work.keeps and not work.dismissed:
                    self._spawn(self._end(work, work.task))
                else:
                    work.task.cancel()
                work.dismissed = True
                return True
        return False

    async def _end(self, work: Work, task: asyncio.Task[Any]) -> None:
        """Ends the searches of a work, or all of it if none runs."""
        running = False
        with contextlib.suppress(ProverError):
            running = (await self._engine.call("cancel", {"job": work.token}))["running"]
        if not running:
            task.cancel()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def where(self, uri: str) -> Json:
        """The Lean and the model for a text, as a request names them."""
        return where(folder_of(uri), lean=self._lean, model=self._model)

    async def close(self) -> None:
        """Ends all of it."""
        tasks = [*self._background, *(w.task for w in self._works if w.task is not None)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _done(self, about: Mapping[str, Any]) -> Json | None:
        """The edit that an action comes to."""
        uri = str(about["uri"])
        there = self._document(uri)
        if there is None or there[1] != about.get("version"):
            raise ContentModified
        work = Work(uri, TITLES[str(about["do"])])
        place = Place(**about["place"])
        self._works.add(work)
        work.task = asyncio.create_task(
            self._edit(work, str(about["do"]), Text(there[0]), there[1], place)
        )
        try:
            async with self._progress(work):
                return await asyncio.shield(work.task)
        except asyncio.CancelledError:
            if work.stale:
                raise ContentModified from None
            if work.dismissed:
                return None
            work.task.cancel()
            raise
        except ProverError as error:
            await self._show(ERROR, f"{work.title}: {error}")
            return None
        finally:
            self._works.discard(work)

    async def _edit(
        self, work: Work, do: str, text: Text, version: int | None, place: Place
    ) -> Json | None:
        asked = _Asked(self, work, text, place)
        if do == EXPLAIN:
            await asked.explained()
            return None
        new = await {PROVE: asked.proved, FILL: asked.filled, SUGGEST: asked.suggested}[do]()
        changes = [] if new is None else edits(text, new)
        if not changes:
            return None
        if self._capability("workspace", "workspaceEdit", "documentChanges"):
            document = {"uri": work.uri, "version": version}
            return {"documentChanges": [{"textDocument": document, "edits": changes}]}
        return {"changes": {work.uri: changes}}

    async def _show(self, kind: int, message: str) -> None:
        await self._editor.notify("window/showMessage", {"type": kind, "message": message})

    @contextlib.asynccontextmanager
    async def _progress(self, work: Work) -> AsyncIterator[None]:
        """Shows what takes longer than a moment, with a button to end it."""
        if not self._capability("window", "workDoneProgress"):
            yield
            return
        begun = asyncio.Event()
        task = asyncio.create_task(self._report(work, begun))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if begun.is_set():
                await self._tell(work, {"kind": "end"})

    async def _report(self, work: Work, begun: asyncio.Event) -> None:
        await asyncio.sleep(PROGRESS_AFTER_SECONDS)
        await self._editor.request("window/workDoneProgress/create", {"token": work.token})
        begun.set()
        shown = {"title": work.title, "cancellable": True, "message": work.says}
        await self._tell(work, {"kind": "begin", **shown})
        said = work.says
        while True:
            await asyncio.sleep(PROGRESS_EVERY_SECONDS)
            if work.says != said:
                said = work.says
                await self._tell(work, {"kind": "report", "message": said, "cancellable": True})

    async def _tell(self, work: Work, value: Json) -> None:
        await self._editor.notify("$/progress", {"token": work.token, "value": value})


class _Asked:
    """One action on one version of a text."""

    def __init__(self, actions: Actions, work: Work, text: Text, place: Place) -> None:
        self._actions = actions
        self._work = work
        self._text = text
        self._place = place
        self._where = actions.where(work.uri)

    async def proved(self) -> str | None:
        """The text with what was proved at the place; None if nothing was."""
        new, solved, verdicts, wanted = await self._search()
        if solved < wanted:
            await self._say(WARNING, "\n".join(map(why_not, verdicts[:1])))
        return new if solved else None

    async def explained(self) -> None:
        """Shows why the place is not proved."""
        *about, verdict = self._actions.last or (None,)
        if verdict is None or tuple(about) != self._key:
            _, solved, verdicts, wanted = await self._search()
            if solved == wanted:
                await self._say(INFORMATION, "nothing is wrong with it: a proof was found")
                return
            verdict = verdicts[0]
        await self._say(INFORMATION, why_not(verdict, goals=True))

    async def filled(self) -> str | None:
        """The text with what was proved of all its holes."""
        there = holes(self._text.lean)
        new, verdicts = self._text.lean, list[Json]()
        self._work.keeps = True
        try:
            answer = await self._call("prove", self._about(new))
            new, verdicts = answer["text"], answer["verdicts"]
        except ServeError as error:
            if error.kind != NOT_READ:
                raise
            new, verdicts, failed = await self._one_by_one(Copy(new, tuple(h[0] for h in there)))
            if failed is not None and not verdicts:
                raise failed from None
        open_ones = [one for one in verdicts if one["outcome"] != "proved"]
        left = len(holes(new))
        if left or open_ones:
            filled = len(there) - left
            lines = [f"{filled} of {len(there)} holes are filled", *map(why_not, open_ones[:3])]
            await self._say(WARNING, "\n".join(lines))
        return new if new != self._text.lean else None

    async def suggested(self) -> str | None:
        """The text with the tactic that the user takes of those that are suggested."""
        copy, at = await self._copy()
        answer = await self._call("goals", {"where": self._where, "text": copy.text})
        offset = len(copy.text[:at].encode())
        hole = next((one for one in answer["holes"] if one["first"] == offset), None)
        if hole is None:
            raise ProverError("Lean has no goal at this place", _first_error(answer))
        states = [one["state"]["id"] for one in answer["holes"]]
        try:
            asked = {"state": hole["state"]["id"], "most": MOST_TACTICS}
            found = (await self._call("suggest", asked))["suggestions"]
        finally:
            with contextlib.suppress(ProverError):
                await self._call("release", {"states": states})
        if not found:
            await self._say(WARNING, "no tactic was found that gets any further")
            return None
        by_title = {_titled(one): one for one in found}
        question = {
            "type": INFORMATION,
            "message": f"{TITLES[SUGGEST]}: {_shortened(hole['state']['pp'], 400)}",
            "actions": [{"title": title} for title in by_title],
        }
        chosen = await self._actions._editor.request("window/showMessageRequest", question)
        taken = by_title.get((chosen or {}).get("title", ""))
        if taken is None:
            return None
        goals = sum(max(1, len(state["goals"])) for state in taken["states"])
        more = ["sorry"] if goals == 1 else ["· sorry"] * goals
        script = "\n".join([taken["tactic"], *more])
        spot = Spot(hole["first"], hole["last"], bool(hole.get("tactic", True)))
        return fill(copy.text, spot, script)

    async def _search(self) -> tuple[str, int, list[Json], int]:
        """The text with what was proved at the place, how many holes that is, the verdicts on the
        others, and how many there were."""
        copy, _ = await self._copy()
        new, verdicts, failed = await self._one_by_one(copy)
        if failed is not None:
            raise failed
        open_ones = verdicts
        if open_ones:
            self._actions.last = (*self._key, open_ones[0])
        wanted = len(copy.holes)
        return new, wanted - len(open_ones), open_ones, wanted

    async def _one_by_one(self, copy: Copy) -> tuple[str, list[Json], ProverError | None]:
        """The text with the holes filled for which a proof is found, the verdicts on the others, and
        the error that the last hole met that could not be searched."""
        new, verdicts, failed = copy.text, list[Json](), None
        for hole in copy.holes:
            if self._work.dismissed:
                break
            at = hole + len(new) - len(copy.text)
            try:
                answer = await self._call("prove", {**self._about(new), "at": _bytes(new, at)})
            except ServeError as error:
                if error.kind != NOT_READ:
                    raise
                failed = error
                continue
            if answer["text"] != new:
                new = answer["text"]
            else:
                verdicts += answer["verdicts"][:1]
        return new, verdicts, failed

    async def _copy(self) -> tuple[Copy, int]:
        """The text that asks for what is to be proved, and where its first hole is."""
        possible = list(copies(self._text.lean, self._place))
        if not possible:
            raise ProverError("there is nothing to prove at this place")
        for copy in possible[:-1]:
            answer = await self._call("goals", {"where": self._where, "text": copy.text})
            ids = [one["state"]["id"] for one in answer["holes"]]
            await self._call("release", {"states": ids})
            first, last = _lines_of_declaration(copy.text, copy.holes[0])
            if not any(
                m["severity"] == "error" and first <= m["line"] <= last for m in answer["messages"]
            ):
                return copy, copy.holes[0]
        return possible[-1], possible[-1].holes[0]

    def _about(self, text: str) -> Json:
        options = {"seconds": SECONDS}
        job = self._work.token
        return {"where": self._where, "text": text, "options": options, "job": job}

    async def _call(self, method: str, body: Json) -> Json:
        return await self._actions._engine.call(method, body, self._work.tell)

    async def _say(self, kind: int, message: str) -> None:
        await self._actions._show(kind, message)

    @property
    def _key(self) -> tuple[str, str, Place]:
        return (self._work.uri, self._text.raw, self._place)


def edits(text: Text, new: str) -> list[Json]:
    """The least text edits that make another text of one, both as Lean reads them; line ends are the
    editor's."""
    one, other = _lines(text.lean), _lines(new)
    starts = [0]
    for line in one:
        starts.append(starts[-1] + len(line.encode()))
    found = []
    for tag, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        was, now = "".join(one[a:b]), "".join(other[c:d])
        same = _common(was, now)
        tail = _common(was[same:][::-1], now[same:][::-1])
        first = starts[a] + len(was[:same].encode())
        last = starts[b] - len(was[len(was) - tail :].encode())
        added = now[same : len(now) - tail].replace("\n", text.newline)
        found.append({"range": text.range(first, last), "newText": added})
    return found


def _lines(text: str) -> list[str]:
    parts = text.split("\n")
    return [part + "\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _common(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def why_not(verdict: Mapping[str, Any], goals: bool = False) -> str:
    """A verdict that is no proof, in words; with the best goals that were left, if asked."""
    name, reason = verdict["name"], verdict["reason"]
    if verdict["outcome"] == "disproved":
        said = f"{name} is disproved: {reason}"
        if goals and verdict.get("disproof"):
            said += f"\n{_shortened(verdict['disproof'], MOST_SHOWN)}"
        return said
    said = f"{name} is not proved: {reason}"
    left = verdict.get("open_goals") or ()
    if goals and left:
        said += "\nbest goals left:\n" + _shortened("\n\n".join(left[:3]), MOST_SHOWN)
    return said


def path_of(uri: str) -> Path | None:
    """The file that a URI names."""
    parts = urlsplit(uri)
    if parts.scheme != "file":
        return None
    return Path(url2pathname(unquote(parts.path) if "%" in parts.path else parts.path))


def folder_of(uri: str) -> Path:
    """The folder whose Lean a text is for: that of its file, as far as it is there."""
    path = path_of(uri)
    folders = [] if path is None else path.parents
    return next((folder for folder in folders if folder.is_dir()), Path.cwd())


def _titled(suggestion: Mapping[str, Any]) -> str:
    tactic = " ; ".join(line.strip() for line in str(suggestion["tactic"]).split("\n"))
    return tactic if suggestion["states"] else f"{tactic}  — closes the goal"


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most // 2]}\n…\n{text[-most // 2 :]}"


def _first_error(answer: Mapping[str, Any]) -> str:
    errors = [m for m in answer["messages"] if m["severity"] == "error"]
    return f"{errors[0]['line']}:{errors[0]['column']}: {errors[0]['text']}" if errors else ""


def _covers(asked: str, kind: str) -> bool:
    return asked in ("", kind) or kind.startswith(f"{asked}.")


def _span(text: Text, place: Mapping[str, Any]) -> tuple[int, int]:
    """A range as indices of characters of what Lean reads."""
    data = text.lean.encode()
    first, last = (data[: text.offset(place[end])] for end in ("start", "end"))
    return len(first.decode()), len(last.decode())


def _bytes(text: str, at: int) -> int:
    return len(text[:at].encode())


def _lines_of_declaration(text: str, at: int) -> tuple[int, int]:
    """The lines, from 1, of what begins at the last line that is not indented before a place."""
    lines = text.split("\n")
    here = text.count("\n", 0, at)
    first = next((n for n in range(here, -1, -1) if lines[n][:1].strip()), 0)
    last = next((n for n in range(here + 1, len(lines)) if lines[n][:1].strip()), len(lines))
    return first + 1, last
