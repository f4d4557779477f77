"""What is asked from a goal of a search tree: to run a tactic there, what may help, to go on searching.

A tree holds no state of Lean. The goal that was clicked is reached again by the tactics that lead to
it, so that it works as well on an engine that was started anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from prover.engine.options import Options, Progress, Settings
from prover.errors import WrongUse, explained
from prover.lean.source import fill
from prover.notebook.grafting import root, with_graph, with_step
from prover.notebook.result import Answer, Result
from prover.notebook.work import Work, client
from prover.serve.remote import Remote, place
from search.interfaces import Goal, State
from search.proof import Proof, script

if TYPE_CHECKING:
    from pathlib import Path

    from prover.notebook.tree import Tree

Json = Mapping[str, Any]
Say = Callable[[Any], None]

SUGGESTIONS, PREMISES = 8, 16


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
    """Answers what is asked from the trees of one result. `asked` is what its text was: a field
    `text`, or `statement` and `header`. One request is worked on at a time: the next one ends it."""

    def __init__(self, asked: Json, settings: Settings, options: Options, folder: Path) -> None:
        self._asked = asked
        self._settings = settings
        self._options = options
        self._folder = folder
        self._where = place(settings, folder)
        self._work: Work[None] | None = None
        self._count = 0
        self.latest: Result | None = None
        """What the last search came to that was resumed from a tree."""

    def steer(self, tree: Tree) -> None:
        def on_ask(asked: dict[str, Any]) -> None:
            if self._work is not None and not self._work.done:
                self._work.interrupt()
            self._count += 1
            say = partial(self._say, tree, self._count)
            remote = self._remote(say)
            self._work = Work(self._answer(tree, asked, say, remote), end=remote.interrupt)

        tree.on_ask = on_ask

    def _say(self, tree: Tree, number: int, answer: Any) -> None:
        """Shows an answer, unless something else was asked since."""
        if number == self._count:
            tree.answer = answer

    async def _answer(self, tree: Tree, asked: Json, say: Say, remote: Remote) -> None:
        say("…")
        try:
            say(await self._answered(tree, asked, remote))
        except asyncio.CancelledError:
            say("interrupted")
            raise
        except Exception as error:  # noqa: BLE001 (shown)
            known = explained(error)
            say(str(known or f"{type(error).__name__}: {error}"))

    async def _answered(self, tree: Tree, asked: Json, remote: Remote) -> Any:
        graph, goal = tree.graph, str(asked.get("goal", ""))
        nodes = {node["id"]: node for node in graph["nodes"]}
        if nodes.get(goal, {}).get("kind") != "goal":
            raise WrongUse(f"the tree has no goal {goal}")
        reached = await self._reach(graph, goal)
        state, what = reached.state["id"], asked.get("do")
        if what == "run":
            ran = await client().call("run_tactic", {"state": state, "tactic": asked["tactic"]})
            if ran["outcome"] == "error":
                return ran["message"]
            tree.graph = with_step(graph, goal, ran["tactic"], [one["pp"] for one in ran["states"]])
            if not ran["states"]:
                return f"{ran['tactic']}: no goals are left here"
            return "\n\n".join([f"{ran['tactic']}:", *(one["pp"] for one in ran["states"])])
        if what == "suggest":
            found = await client().call("suggest", {"state": state, "most": SUGGESTIONS})
            tactics = [one["tactic"] for one in found["suggestions"]]
            return {"text": "these work here:" if tactics else "nothing works", "tactics": tactics}
        if what == "premises":
            found = await client().call("premises", {"state": state, "most": PREMISES})
            lines = [f"{one['name']} : {one['statement']}" for one in found["premises"]]
            return "\n".join(lines) or "no theorem was found that may help"
        if what == "prove":
            return await self._resume(tree, goal, reached, remote)
        raise WrongUse(f"a tree cannot {what}")

    def _remote(self, say: Say) -> Remote:
        def told(progress: Progress) -> None:
            spent = progress.spent
            say(
                f"{spent.expansions} expansions, {spent.tactics} tactics, {progress.solved} goals "
                f"solved, {progress.open_goals} open, {spent.seconds:.0f} s"
            )

        return Remote(
            self._settings,
            self._options,
            self._folder,
            on_progress=told,
            on_setup=lambda step, done: None,
            on_ready=lambda version, why: None,
            asker=client(),
        )

    async def _resume(self, tree: Tree, goal: str, reached: Reached, remote: Remote) -> str:
        """Searches everything that is open once the tactics on the way to a goal are in the text."""
        if reached.hole["declaration"] is None:
            raise WrongUse(
                "the declaration of this goal has no name: it cannot be proved from here"
            )
        written = partial_script(reached)
        hole = Hole(reached.hole["first"], reached.hole["last"], reached.hole["tactic"])
        text = fill(reached.text, hole, written)
        filled = await remote.prove_text(text, name=reached.hole["declaration"])
        graphs = tuple(filled.trees)
        self.latest = Result(
            Answer(filled.verdicts, filled.text, graphs, filled.seconds), self._on(text)
        )
        own = next((g for g in graphs if root(g)["pp"] == reached.state["pp"]), None)
        if own is not None:
            tree.graph = with_graph(tree.graph, goal, own)
        return repr(self.latest)

    def _on(self, text: str) -> Steering:
        return Steering({"text": text}, self._settings, self._options, self._folder)

    async def _reach(self, graph: Json, goal: str) -> Reached:
        """Raises `WrongUse` if what led to the goal does not lead there any more."""
        found = await client().call("goals", {"where": self._where, **self._asked})
        begin = root(graph)["pp"]
        name = graph.get("graph", {}).get("name")
        holes = [hole for hole in found["holes"] if hole["state"]["pp"] == begin]
        holes.sort(key=lambda hole: hole["declaration"] != name)
        if not holes:
            raise WrongUse(
                "the search began at a state that the text does not have: several of its holes depend "
                "on each other, or it was searched with other lemmas",
            )
        state, way = holes[0]["state"], []
        for step, after in way(graph, goal):
            ran = await client().call(
                "run_tactic", {"state": state["id"], "tactic": step["tactic"]}
            )
            next_ = [i for i, one in enumerate(ran["states"]) if one["pp"] == after["pp"]]
            if not next_:
                raise WrongUse(f"`{step['tactic']}` does not lead there any more: {ran['message']}")
            way.append((state, ran, next_[0]))
            state = ran["states"][next_[0]]
        return Reached(state, found["text"], holes[0], tuple(way))


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
    """`sorry` for each goal of a state."""
    goals = _state(state).goals
    proof: Proof | None = None
    for count in range(1, len(goals) + 1):
        rest = () if proof is None else (proof,)
        order, kept = (0,) * (count - 1), tuple(range(1, count))
        proof = Proof(State("", goals[-count:]), "sorry", rest, order, kept, 0)
    assert proof is not None
    return proof


def _state(state: Json) -> State:
    return State(state["id"], tuple(Goal(goal["pp"], goal["target"]) for goal in state["goals"]))
