"""The tools and resources, and how they are asked for."""

from __future__ import annotations

import asyncio
import functools
import inspect
import itertools
import json
import os
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import Field

from prover.errors import ProverError, WrongUse, explained
from prover.files import SourceText, read_file
from prover.lean.source import as_lean_reads, with_hole
from prover.mcp.results import (
    SHOWN_GOALS,
    Checked,
    Goals,
    Hole,
    Message,
    Premise,
    Premises,
    Proved,
    Ran,
    Refuted,
    State,
    Suggestion,
    Suggestions,
    read_state,
    read_verdict,
    result,
    short,
    show_graph,
    show_state,
    show_verdict,
)
from prover.serve.client import Client, where
from prover.serve.schema import EngineGone, UnknownState
from prover.terminal import shorten

Work = TypeVar("Work", bound=Callable[..., Awaitable[CallToolResult]])

MOST_TEXT = 5_000_000
"""How long a text or a file may be, in bytes."""

SHOWN_TEXT = 20_000
SHOWN_TREE = 40_000
"""How many characters of a text or a search tree are shown."""

KEPT = 20
"""Of how many proofs the trees and verdicts are kept."""

MOST_EXPANSIONS, MOST_SECONDS, MOST_WIDTH = 20_000, 3_600.0, 64

PROGRESS_SECONDS = 0.5

INSTRUCTIONS = """\
Proves Lean 4 theorems; what it calls proved, the Lean kernel has accepted. `prove` searches by
itself. To steer a proof: `goals` gives the open goals of a text with the id of a state each,
`run_tactic` runs a tactic on a state and gives the states after it, `suggest` tells tactics that work
on a state, `search_premises` theorems that may help. Put what you found in the place of `sorry` and
have it judged by `check`: only that says whether it is proved. `refute` looks for a counterexample."""

Text = Annotated[
    str,
    Field(description="Lean source. Give this or `path`."),
]
FilePath = Annotated[
    str,
    Field(description="A .lean file to read in the place of `text`. It is never written."),
]
Name = Annotated[
    str, Field(description="The name of one declaration of the text, if only that one is meant.")
]
StateId = Annotated[
    str, Field(description="The id of a state, from `goals`, `run_tactic` or `suggest`.")
]


def serve(folder: Path, *, lean: str, model: str, jobs: int | None) -> None:
    """Answers until the client closes the pipe. A text that is no file has the Lean of `folder`."""
    agent = Agent(where(folder, lean=lean, model=model, jobs=jobs))
    try:
        asyncio.run(agent.server.run_stdio_async())
    except* (BrokenPipeError, ConnectionResetError):
        os._exit(0)  # the client is gone, and a thread may still wait for its next line


def _tool(work: Work) -> Work:
    """A tool whose errors are results that an agent can read."""

    @functools.wraps(work)
    async def run(*args: Any, **kwargs: Any) -> CallToolResult:
        try:
            return await work(*args, **kwargs)
        except Exception as error:
            known = explained(error)
            if known is None:
                raise
            if isinstance(known, UnknownState | EngineGone):
                known = ProverError(known.message, "Call `goals` again: it gives new state ids.")
            return CallToolResult(
                content=[TextContent(type="text", text=short(str(known)))], is_error=True
            )

    return cast("Work", run)


class Agent:
    """The tools and resources of one client of this server, over one session of the engine."""

    def __init__(self, where: Mapping[str, Any]) -> None:
        self._where = dict(where)
        self._engine = Client()
        self._numbers = itertools.count(1)
        self._proofs: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        self.server = MCPServer(
            "prover",
            title="Prover for Lean 4",
            instructions=INSTRUCTIONS,
            version=version("prover"),
            log_level="ERROR",
        )
        tools = (
            self.prove,
            self.check,
            self.goals,
            self.run_tactic,
            self.suggest,
            self.refute,
            self.search_premises,
        )
        for tool in tools:
            self.server.add_tool(
                tool,
                description=inspect.getdoc(tool),
                annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
            )
        for name, about, mime in (
            ("tree", "The search tree of a `prove`: goals, tactics, what is open.", "text/plain"),
            ("verdict", "The verdicts of a `prove` in full.", "application/json"),
            ("text", "The text of a `prove` with the proofs that were found.", "text/plain"),
        ):
            uri = f"prover://proof/{{id}}/{name}"
            add = self.server.resource(uri, name=name, description=about, mime_type=mime)
            add(getattr(self, f"_{name}"))

    @_tool
    async def prove(
        self,
        ctx: Context[None, Any],
        text: Text = "",
        path: FilePath = "",
        name: Name = "",
        budget: Annotated[
            int,
            Field(
                description="How many goals a search visits, for each hole.",
                json_schema_extra={"minimum": 1, "maximum": MOST_EXPANSIONS},
            ),
        ] = 600,
        seconds: Annotated[
            float,
            Field(
                description="How long a search takes at most, for each hole. Where it fails, lemmas "
                "are looked for in as much time again.",
                json_schema_extra={"minimum": 1, "maximum": MOST_SECONDS},
            ),
        ] = 30.0,
    ) -> Annotated[CallToolResult, Proved]:
        """Search for proofs: of a theorem that you give as a bare statement (`theorem t (n : Nat) :
        n + 0 = n`), or of every `sorry` in a text or file. Gives a verdict for each declaration and
        the text with the proofs. A false theorem is `disproved`, with a counterexample. If it gives
        up, read the best open goals and the search tree (resource `prover://proof/{id}/tree`), then
        help: raise the budget, state a lemma, or go step by step from `goals`."""
        _within("budget", budget, 1, MOST_EXPANSIONS)
        _within("seconds", seconds, 1, MOST_SECONDS)
        source, place = self._read(text, path)
        options = {"expansions": budget, "seconds": seconds}
        asked = {"text": source, "name": name or None}
        if _is_bare(source) and not name:
            asked = {"statement": source}
        body = {"where": place, "options": options, "graphs": True, **asked}
        answer = await self._ask("prove", body, ctx)
        proof = f"p{next(self._numbers)}"
        self._proofs[proof] = answer
        while len(self._proofs) > KEPT:
            self._proofs.popitem(last=False)
        verdicts = [read_verdict(one) for one in answer["verdicts"]]
        proved = all(one.outcome == "proved" for one in verdicts)
        uris = [f"prover://proof/{proof}/{part}" for part in ("tree", "verdict", "text")]
        full = f" (read {uris[2]} for all of it)"
        new = shorten(answer["text"], SHOWN_TEXT, SHOWN_TEXT, full)
        shown = [*map(show_verdict, verdicts), f"search tree: {uris[0]}"]
        if answer["text"] != source:
            shown.append(f"text:\n{new}")
        return result(Proved(proof, proved, verdicts, new, uris), shown)

    @_tool
    async def check(
        self,
        ctx: Context[None, Any],
        text: Text = "",
        path: FilePath = "",
        name: Name = "",
        statements: Annotated[
            str,
            Field(
                description="A text with what was to be proved (`theorem … := sorry`): each of its "
                "declarations must be in the text that is checked, with the very type it has here."
            ),
        ] = "",
    ) -> Annotated[CallToolResult, Checked]:
        """The verdict on a finished Lean text or file: one Lean elaborates it, the kernel of another
        checks every declaration. `proved` means that: no `sorry`, no new axiom, nothing smuggled in.
        Use it on every proof that you have put together yourself."""
        source, place = self._read(text, path)
        body = {"where": place, "text": source, "name": name or None}
        answer = await self._ask("check", {**body, "statements": statements or None}, ctx)
        verdicts = [read_verdict(one) for one in answer["verdicts"]]
        proved = all(one.outcome == "proved" for one in verdicts)
        return result(Checked(proved, verdicts), map(show_verdict, verdicts))

    @_tool
    async def goals(
        self, ctx: Context[None, Any], text: Text = "", path: FilePath = ""
    ) -> Annotated[CallToolResult, Goals]:
        """What is to be proved at each `sorry` of a Lean text or file (a bare statement is given
        one), and Lean's errors and warnings. Each hole has a state id to go on from with
        `run_tactic` and `suggest`. Ids are good until the engine is restarted."""
        source, place = self._read(text, path)
        if _is_bare(source) and ":=" not in source:
            source = with_hole(source)
        answer = await self._ask("goals", {"where": place, "text": source}, ctx)
        data = source.encode()
        holes = []
        for one in answer["holes"][:SHOWN_GOALS]:
            before = data[: one["first"]].decode().split("\n")
            state = read_state(one["state"])
            at = len(before), len(before[-1])
            holes.append(Hole(one["declaration"], *at, state.state, state.goals))
        messages = [
            Message(one["severity"], one["line"], one["column"], short(one["text"]))
            for one in answer["messages"][:SHOWN_GOALS]
        ]
        shown = [
            f"`sorry` in {hole.declaration}, line {hole.line}, column {hole.column}:\n"
            + show_state(State(hole.state, hole.goals))
            for hole in holes
        ]
        shown += [f"{one.line}:{one.column}: {one.severity}: {one.text}" for one in messages]
        for what in ("holes", "messages"):
            if len(answer[what]) > SHOWN_GOALS:
                shown.append(f"… {len(answer[what]) - SHOWN_GOALS} more {what} are not shown")
        return result(Goals(holes, messages), shown or ["no `sorry`, and no messages"])

    @_tool
    async def run_tactic(
        self,
        ctx: Context[None, Any],
        state: StateId,
        tactic: Annotated[str, Field(description="A Lean tactic, or several lines of them.")],
    ) -> Annotated[CallToolResult, Ran]:
        """Run a tactic on the first goal of a state. The state stays, so try as many as you like.
        `progress` gives a new state for each group of goals that is left: prove each of them. The
        proof is the tactics on the way, each goal's after the other. Time and memory are limited."""
        answer = await self._ask("run_tactic", {"state": state, "tactic": tactic}, ctx)
        message = short(answer["message"])
        states = [read_state(one) for one in answer["states"]]
        ran = Ran(answer["outcome"], answer["tactic"], states, message, answer["kind"])
        shown = [ran.outcome + (f" ({ran.kind}): {message}" if ran.outcome == "error" else "")]
        if ran.tactic != tactic:
            shown.append(f"write it as: {ran.tactic}")
        return result(ran, [*shown, *map(show_state, states)])

    @_tool
    async def suggest(
        self,
        ctx: Context[None, Any],
        state: StateId,
        most: Annotated[
            int,
            Field(
                description="How many suggestions.",
                json_schema_extra={"minimum": 1, "maximum": MOST_WIDTH},
            ),
        ] = 8,
        seconds: Annotated[
            float,
            Field(
                description="How long to look.",
                json_schema_extra={"minimum": 1, "maximum": 600},
            ),
        ] = 10.0,
    ) -> Annotated[CallToolResult, Suggestions]:
        """Tactics that work on a state: each was run there. Those that close it come first, then the
        likelier ones, each with the states after it, from which you can go on."""
        _within("most", most, 1, MOST_WIDTH)
        _within("seconds", seconds, 1, 600)
        body = {"state": state, "most": most, "seconds": seconds}
        answer = await self._ask("suggest", body, ctx)
        found = [
            Suggestion(one["tactic"], one["logprob"], [read_state(s) for s in one["states"]])
            for one in answer["suggestions"]
        ]
        shown = [
            "\n".join([one.tactic, *(map(show_state, one.states) if one.states else ["closes it"])])
            for one in found
        ]
        return result(Suggestions(found), shown or ["nothing that was tried works on this state"])

    @_tool
    async def refute(
        self, ctx: Context[None, Any], text: Text = "", path: FilePath = "", name: Name = ""
    ) -> Annotated[CallToolResult, Refuted]:
        """Look for a counterexample of a theorem: a bare statement, or the theorem `name` (or the
        last) of a text or file. What it finds is proved: the negation is checked by the kernel. That
        it finds none says little."""
        source, place = self._read(text, path)
        asked = {"text": source, "name": name or None}
        if _is_bare(source) and not name:
            asked = {"statement": source}
        answer = await self._ask("refute", {"where": place, **asked}, ctx)
        found = Refuted(
            answer["disproof"] is not None,
            short(answer["reason"]),
            answer["counterexample"],
            answer["disproof"],
            answer["text"] and shorten(answer["text"], SHOWN_TEXT, SHOWN_TEXT, ""),
        )
        shown = [("refuted: " if found.refuted else "not refuted: ") + found.reason]
        return result(found, [*shown, found.disproof or ""])

    @_tool
    async def search_premises(
        self,
        ctx: Context[None, Any],
        state: StateId,
        most: Annotated[
            int,
            Field(
                description="How many theorems.",
                json_schema_extra={"minimum": 1, "maximum": MOST_WIDTH},
            ),
        ] = 16,
    ) -> Annotated[CallToolResult, Premises]:
        """Theorems that may help with a state: names to use in `rw`, `simp`, `exact` or `apply`, with
        their statements."""
        _within("most", most, 1, MOST_WIDTH)
        answer = await self._ask("premises", {"state": state, "most": most}, ctx)
        found = [
            Premise(one["name"], short(one["statement"]), one["source"])
            for one in answer["premises"]
        ]
        shown = [f"{one.name} : {one.statement}" for one in found]
        return result(Premises(found), shown or ["no theorem was found that may help"])

    def _tree(self, id: str) -> str:
        graphs = self._proof(id)["graphs"] or []
        return shorten("\n\n".join(map(show_graph, graphs)), SHOWN_TREE, SHOWN_TREE, "")

    def _verdict(self, id: str) -> str:
        shown = json.dumps(self._proof(id)["verdicts"], ensure_ascii=False, indent=1)
        return shorten(shown, SHOWN_TREE, SHOWN_TREE, "")

    def _text(self, id: str) -> str:
        text: str = self._proof(id)["text"]
        return text

    def _proof(self, id: str) -> Mapping[str, Any]:
        if id not in self._proofs:
            there = ", ".join(self._proofs) or "none yet"
            raise ResourceNotFoundError(
                f"no `prove` has the id {id}; there are: {there} (the last {KEPT} are kept)"
            )
        return self._proofs[id]

    def _read(self, text: str, path: str) -> tuple[str, dict[str, Any]]:
        """A text that was given in one of two ways, and where its Lean is. Raises `WrongUse`."""
        if bool(text.strip()) == bool(path):
            raise WrongUse("give `text`, Lean source that is not empty, or `path`, a .lean file")
        if not path:
            if len(text) > MOST_TEXT:
                raise WrongUse(f"the text is longer than {MOST_TEXT:,} characters")
            return as_lean_reads(text), self._where
        file = Path(path).expanduser()
        if file.suffix != ".lean" or not file.is_file():
            raise WrongUse(f"{path} is no .lean file: any that can be read may be named")
        if file.stat().st_size > MOST_TEXT:
            raise WrongUse(f"{path} is larger than {MOST_TEXT:,} bytes")
        try:
            found = SourceText(read_file(file)).text
        except UnicodeDecodeError as error:
            raise WrongUse(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8") from None
        if not found.strip():
            raise WrongUse(f"{path} is empty")
        return found, {**self._where, "folder": str(file.resolve().parent)}

    async def _ask(
        self, method: str, body: Mapping[str, Any], ctx: Context[None, Any]
    ) -> dict[str, Any]:
        """The engine's answer, with its progress told to the client."""
        news = _News()
        telling = asyncio.create_task(news.tell(ctx))
        try:
            return await self._engine.call(method, body, news.hear)
        finally:
            telling.cancel()


class _News:
    """What an engine tells while it works, in words; of news that come fast, the last."""

    def __init__(self) -> None:
        self._tactics: dict[str, int] = {}
        self._latest = ""
        self._heard = asyncio.Event()

    def hear(self, event: Mapping[str, Any]) -> None:
        if "spent" in event:
            spent, goal = event["spent"], event["best_goal"].rpartition("⊢ ")[2]
            self._tactics[event["name"]] = spent["tactics"]
            self._latest = (
                f"{event['name']}: {spent['expansions']} goals visited, {spent['tactics']} tactics "
                f"run, {event['open_goals']} open; best: {shorten(goal, 2, 200, '')}"
            )
        elif "setup" in event:
            self._latest = f"setting Lean up (once): {event['setup']} {event['done']:.0%}"
        elif "tactic" in event:
            self._latest = event["tactic"] + (" closes the state" if event["closes"] else "")
        elif "lean" in event:
            self._latest = f"Lean {event['lean']} ({event['why']})"
        self._heard.set()

    async def tell(self, ctx: Context[None, Any]) -> None:
        told = 0
        while True:
            await self._heard.wait()
            self._heard.clear()
            told = max(told + 1, sum(self._tactics.values()))
            await ctx.report_progress(told, message=self._latest)
            await asyncio.sleep(PROGRESS_SECONDS)


def _is_bare(source: str) -> bool:
    """Whether a text is a statement that comes without a file."""
    return "sorry" not in source and not re.search(r"^\s*import\b", source, re.MULTILINE)


def _within(what: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise WrongUse(f"{what} is {value:g}; it must be between {least:g} and {most:g}")
