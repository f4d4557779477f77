"""What is asked from a goal of a search tree: to run a tactic there, what may help, to go on searching.

A tree holds no state of Lean. The goal that was clicked is reached again by the tactics that lead to
it, so that it works as well on an engine that was started anew.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from prover.engine.options import Options, Progress, Settings
from prover.errors import WrongUse, explained
from prover.interrupt import Interrupted
from prover.lean.source import fill
from prover.notebook.bar import Bar
from prover.notebook.grafting import root, way, with_graph, with_step
from prover.notebook.result import Answer, Result
from prover.notebook.work import Work, client, interrupts
from prover.serve.remote import Remote, place
from prover.serve.schema import ServeError
from search.interfaces import Goal, State
from search.proof import Proof, script

if TYPE_CHECKING:
    from pathlib import Path

    from prover.notebook.tree import Tree

Json = Mapping[str, Any]
Say = Callable[[Any], None]

RUN, SUGGEST, PREMISES, PROVE = "run", "suggest", "premises", "prove"
"""What can be asked from a goal."""

MOST_SUGGESTIONS, MOST_PREMISES = 8, 16


@dataclass(frozen=True, slots=True)
class Reached:
    """A goal that was reached again: the id of its state, the text with its hole, and the way there:
    at each state its goals, what was run, and which of the states after it comes next."""

    state: Json
    text: str
    hole: Json
    way: tuple[tuple[Json, Json, int], ...]


@dataclass(frozen=True, slots=True)
class Hole:
    """A place for `prover.lean.source.fill`."""

    first: int
    last: int
    tactic: bool


class Steering:
    """Answers what is asked from the goals of one result's searches. `asked` is what its text was: a
    field `text`, or `statement` and `header`."""

    def __init__(self, asked: Json, settings: Settings, options: Options, folder: Path) -> None:
        self._asked = asked
        self._settings = settings
        self._options = options
        self._folder = folder
        self._where = place(settings, folder)
        self._work: Work[None] | None = None
        self._count = 0
        self.latest: Result | None = None
        """What the last search came to that was resumed from a goal."""

    def wait(
        self, graph: Json, goal: str, do: str, tactic: str
    ) -> tuple[str | list[str] | Result, Json]:
        """As `answer`, with a bar, and kept when it is interrupted. Raises as `Work.result`."""
        bar = Bar(self._options.budget)
        remote = self._remote(bar.told)
        with interrupts:
            work = Work(self.answer(graph, goal, do, tactic, remote), bar, remote.interrupt)
            return work.result()

    def steer(self, tree: Tree, keep: Callable[[Json], object]) -> None:
        """Has a tree ask here: one thing at a time, the next one ends what is worked on. What the graph
        has grown to is kept."""

        def on_ask(asked: dict[str, Any]) -> None:
            if self._work is not None and not self._work.done:
                self._work.interrupt()
            self._count += 1
            say = partial(self._say, tree, self._count)
            remote = self._remote(lambda progress: say(_standing(progress)))
            work = self._told(tree, asked, say, keep, remote)
            self._work = Work(work, end=remote.interrupt)

        tree.on_ask = on_ask

    async def answer(
        self, graph: Json, goal: str, do: str, tactic: str, remote: Remote
    ) -> tuple[str | list[str] | Result, Json]:
        """What is asked from a goal, and the graph with what was found: `run` a tactic gives the goals
        after it in words, `suggest` tactics that work, `premises` theorems in words, `prove` the result
        of a search that goes on there.

        Raises:
            WrongUse: there is no such goal, nothing like this can be asked, or the tactics that led to
                the goal do not lead there any more.
        """
        nodes = {node["id"]: node for node in graph["nodes"]}
        if nodes.get(goal, {}).get("kind") != "goal":
            raise WrongUse(f"the tree has no goal {goal}")
        if do not in (RUN, SUGGEST, PREMISES, PROVE):
            raise WrongUse(
                f"what can be asked of a goal is {RUN}, {SUGGEST}, {PREMISES} and {PROVE}"
            )
        states: list[str] = []
        try:
            reached = await self._reach(graph, goal, states)
            if do == PROVE:
                return await self._resume(graph, goal, reached, remote)
            asked = {"state": reached.state["id"]}
            if do == RUN:
                ran = await client().call("run_tactic", {**asked, "tactic": tactic})
                states += [one["id"] for one in ran["states"]]
                return _ran(graph, goal, ran)
            if do == SUGGEST:
                found = await client().call("suggest", {**asked, "most": MOST_SUGGESTIONS})
                states += [s["id"] for one in found["suggestions"] for s in one["states"]]
                return [one["tactic"] for one in found["suggestions"]], graph
            found = await client().call("premises", {**asked, "most": MOST_PREMISES})
            lines = [f"{one['name']} : {one['statement']}" for one in found["premises"]]
            return "\n".join(lines) or "no theorem was found that may help", graph
        finally:
            with contextlib.suppress(ServeError):
                await client().call("release", {"states": states})

    def _say(self, tree: Tree, number: int, answer: Any) -> None:
        """Shows an answer, unless something else was asked since."""
        if number == self._count:
            tree.answer = answer

    async def _told(
        self, tree: Tree, asked: Json, say: Say, keep: Callable[[Json], object], remote: Remote
    ) -> None:
        say("…")
        try:
            goal, do, tactic = asked["goal"], asked["do"], asked.get("tactic", "")
            answer, graph = await self.answer(tree.graph, goal, do, tactic, remote)
        except (asyncio.CancelledError, Interrupted):
            say("interrupted")
            raise
        except Exception as error:  # noqa: BLE001 (shown)
            say(str(explained(error) or f"{type(error).__name__}: {error}"))
            return
        if graph is not tree.graph:
            keep(graph)
            tree.graph = dict(graph)
        if isinstance(answer, list):
            say({"text": "" if answer else "nothing that was tried works here", "tactics": answer})
        else:
            say(str(answer))

    def _remote(self, told: Callable[[Progress], None]) -> Remote:
        return Remote(
            self._settings,
            self._options,
            self._folder,
            on_progress=told,
            on_setup=lambda step, done: None,
            on_ready=lambda version, why: None,
            asker=client(),
        )

    async def _resume(
        self, graph: Json, goal: str, reached: Reached, remote: Remote
    ) -> tuple[Result, Json]:
        """Searches everything that is open once the tactics on the way to a goal are in the text."""
        hole = Hole(reached.hole["first"], reached.hole["last"], reached.hole["tactic"])
        text = fill(reached.text, hole, partial_script(reached))
        filled = await remote.prove_text(text, name=reached.hole["declaration"])
        graphs = tuple(filled.trees)
        answer = Answer(filled.verdicts, filled.text, graphs, filled.seconds)
        self.latest = Result(answer, self._on(text))
        own = next((one for one in graphs if root(one)["pp"] == reached.state["pp"]), None)
        return self.latest, graph if own is None else with_graph(graph, goal, own)

    def _on(self, text: str) -> Steering:
        return Steering({"text": text}, self._settings, self._options, self._folder)

    async def _reach(self, graph: Json, goal: str, states: list[str]) -> Reached:
        """Goes to a goal again. The ids of the states on the way are put into `states`."""
        found = await client().call("goals", {"where": self._where, **self._asked})
        states += [hole["state"]["id"] for hole in found["holes"]]
        begin, name = root(graph)["pp"], graph["graph"].get("name")
        holes = [hole for hole in found["holes"] if hole["state"]["pp"] == begin]
        if not holes:
            raise WrongUse(
                "this search began at no `sorry` of the text, but at several together or among lemmas "
                "that were tried: its goals can be looked at, not asked"
            )
        hole = min(holes, key=lambda one: one["declaration"] != name)
        state, steps = hole["state"], []
        for step, after in way(graph, goal):
            asked = {"state": state["id"], "tactic": step["tactic"]}
            ran = await client().call("run_tactic", asked)
            states += [one["id"] for one in ran["states"]]
            place = next((i for i, s in enumerate(ran["states"]) if s["pp"] == after["pp"]), None)
            if place is None:
                why = ran["message"] or "it leaves other goals"
                raise WrongUse(f"`{step['tactic']}` does not lead to {after['id']} any more: {why}")
            steps.append((state, ran, place))
            state = ran["states"][place]
        return Reached(state, found["text"], hole, tuple(steps))


def _ran(graph: Json, goal: str, ran: Json) -> tuple[str, Json]:
    """What a tactic has come to, in words, and the graph with it."""
    tactic, states = ran["tactic"], [state["pp"] for state in ran["states"]]
    if ran["outcome"] == "error":
        return f"{tactic} fails: {ran['message']}", graph
    grown = with_step(graph, goal, tactic, states)
    names = {node["pp"]: node["id"] for node in grown["nodes"] if node["kind"] == "goal"}
    left = [f"{names[pp]}\n{pp}" for pp in states]
    return "\n\n".join([f"{tactic} leaves" if left else f"{tactic} closes it", *left]), grown


def _standing(progress: Progress) -> str:
    spent = progress.spent
    return (
        f"{spent.expansions} expansions, {spent.tactics} tactics, {progress.solved} goals solved, "
        f"{progress.open_goals} open, {spent.seconds:.0f} s"
    )


def partial_script(reached: Reached) -> str:
    """The tactics on the way to a goal, with `sorry` there and in the place of what is beside it."""
    proof = _gap(reached.state)
    for state, ran, index in reversed(reached.way):
        children = [_gap(one) for one in ran["states"]]
        children[index] = proof
        kept = None if ran["kept"] is None else tuple(ran["kept"])
        order = tuple(ran["goal_order"])
        proof = Proof(_state(state), ran["tactic"], tuple(children), order, kept, 0)
    return script(proof)


def _gap(state: Json) -> Proof:
    """`sorry` for a state. Raises `WrongUse` for goals that share a variable: what closes one of them
    may close another, which a `sorry` for each does not allow."""
    if len(state["goals"]) > 1:
        raise WrongUse(
            "goals that share a variable are open here or beside it: they cannot be searched apart",
            "run a tactic that decides the variable (`exact`, `refine`), or resume from a goal before",
        )
    return Proof(_state(state), "sorry", (), (), None, 0)


def _state(state: Json) -> State:
    return State(state["id"], tuple(Goal(goal["pp"], goal["target"]) for goal in state["goals"]))
