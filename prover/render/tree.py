"""A search as foldable HTML: the proof reads downwards, goal, tactic, goal; what else was tried is
folded beside it.

A goal that several steps lead to is drawn where it is met first. Of a large graph, what leads to the
proof is drawn, then what is nearest to the root.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from prover.render.html import fill, page, proof_html, verdict_html
from prover.render.text import duration, number, shortened, target
from prover.verify.verdict import Verdict

MOST_ROWS = 5_000
"""Goals, steps and failed tactics that are drawn of one graph."""
ROWS_FOR_FAILURES = 1_000
"""How many of them are kept for failed tactics."""
MOST_DEEP = 60
"""Folds in each other. Browsers give up at some hundreds of elements."""
MOST_STEPS, MOST_FAILURES = 300, 20
"""Tactics that are drawn of one goal, those that ran and those that failed, the most probable."""
LONGEST_GOAL, LONGEST_LINE = 4_000, 200

MARKS = {"proved": "✓", "failed": "✗", "open": "○"}
_RANKS = {"proved": 0, "open": 1, "failed": 2}


@dataclass(slots=True)
class Goal:
    """How a goal is shown. `text` is all of it, if `line` is not; `where` says that it is drawn
    elsewhere, or not at all."""

    name: str
    status: str
    line: str
    text: str | None
    figures: str
    where: str


@dataclass(slots=True)
class Step:
    """How a tactic that ran is shown, with all that follows from it: `parts`, one for each goal that
    it left. Where it left one only, that goes on after it, and `parts` is empty."""

    status: str
    line: str
    text: str | None
    figures: str
    winning: bool
    ends: bool
    parts: list[list[Item]] = field(default_factory=list)


@dataclass(slots=True)
class Fold:
    """What else was tried on a goal: steps, each with what follows from it, and failed tactics. The
    last two are how many of each are left out."""

    summary: str
    unfolded: bool
    steps: list[list[Item]]
    failed: list[tuple[str, str, str]]
    more_steps: int
    more_failed: int


Item = Goal | Step | Fold


def tree_html(graph: Mapping[str, Any]) -> str:
    """A graph as a trace has it (`prover prove --trace`), as a fragment of HTML."""
    return _drawn(graph, True)


def trace_page(trace: Mapping[str, Any]) -> str:
    """A whole trace as a page: each verdict, with the searches for it: the proof step by step, and the
    tree."""
    graphs = trace["graphs"]

    def drawn(graph: Mapping[str, Any]) -> str:
        steps = proof_steps(graph)
        return (proof_html(steps) if steps else "") + _drawn(graph, graph is graphs[-1])

    fragments = []
    left = list(graphs)
    for verdict in map(Verdict.from_json, trace["verdicts"]):
        own = [graph for graph in left if graph["graph"].get("name") == verdict.name]
        left = [graph for graph in left if graph not in own]
        fragments += [verdict_html(verdict), *map(drawn, own)]
    fragments += map(drawn, left)
    names = ", ".join(verdict["name"] for verdict in trace["verdicts"])
    return page(shortened(names, LONGEST_LINE) or "prover", *fragments)


def proof_steps(graph: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The tactics of the proof that a search found, each with the goals that are left after it, for
    `proof_html`; none if it found none. The text of a verdict may be shorter: it is minimised."""
    nodes = {node["id"]: node for node in graph["nodes"]}
    after: dict[str, list[str]] = {name: [] for name in nodes}
    for edge in graph["edges"]:
        after[edge["source"]].append(edge["target"])
    steps: list[tuple[str, str]] = []
    todo = [graph["nodes"][0]["id"]]
    while todo and len(steps) < MOST_STEPS:
        goal, *others = todo
        step = next((one for one in after[goal] if nodes[one].get("winning")), None)
        if step is None:
            return []
        todo = after[step] + others
        left = "\n\n".join(nodes[name]["pp"] for name in todo)
        steps.append((nodes[step]["tactic"], shortened(left, LONGEST_GOAL)))
    return steps


def _drawn(graph: Mapping[str, Any], legend: bool) -> str:
    return fill("tree.html", tree=_Tree(graph), marks=MARKS, legend=legend)


class _Tree:
    def __init__(self, graph: Mapping[str, Any]) -> None:
        self.nodes: dict[str, Mapping[str, Any]] = {node["id"]: node for node in graph["nodes"]}
        self.after: dict[str, list[str]] = {name: [] for name in self.nodes}
        for edge in graph["edges"]:
            self.after[edge["source"]].append(edge["target"])
        for name, node in self.nodes.items():
            if node["kind"] == "goal":
                self.after[name].sort(key=self._rank)
        goals = [node for node in self.nodes.values() if node["kind"] == "goal"]
        self.goals, self.steps = len(goals), len(self.nodes) - len(goals)
        self.failures = sum(len(goal.get("failed", ())) for goal in goals)
        self.name: str = graph.get("graph", {}).get("name", "")
        self.status: str = goals[0]["status"]
        self._root: str = goals[0]["id"]
        self._proof = {
            child
            for name, node in self.nodes.items()
            if node.get("winning")
            for child in self.after[name]
        }
        self._chosen = self._choose()
        self._room = ROWS_FOR_FAILURES
        self._met: set[str] = set()
        self._shown: set[str] = set()
        self.items = self._sequence(self._root, 0, True)
        self.left_out = self.goals - len(self._shown)

    def _rank(self, step: str) -> tuple[bool, int, float]:
        node = self.nodes[step]
        return (not node.get("winning"), _RANKS[node["status"]], -node["priority"])

    def _choose(self) -> set[str]:
        """The goals of which it is drawn what was tried on them."""
        chosen: set[str] = set()
        room = MOST_ROWS - ROWS_FOR_FAILURES
        heap = [((False, 0, 0), 0, self._root)]
        seen = {self._root}
        while heap:
            (_, _, depth), _, goal = heapq.heappop(heap)
            steps = self.after[goal][:MOST_STEPS]
            if chosen and len(steps) >= room:
                continue
            chosen.add(goal)
            room -= 1 + len(steps)
            for step in steps:
                lost, rank, _ = self._rank(step)
                for child in self.after[step]:
                    if child not in seen:
                        seen.add(child)
                        key = (lost, rank if lost else 0, depth + 1)
                        heapq.heappush(heap, (key, len(seen), child))
        return chosen

    def _sequence(self, name: str, depth: int, visible: bool) -> list[Item]:
        """A goal and what was tried on it, as far down as there is one way to go on. `visible`: no
        fold around it is closed. What is folded comes last, so that a goal stands in sight if it can."""
        items: list[Item] = []
        folds: list[tuple[int, str, Sequence[str], bool]] = []
        while True:
            goal = self._goal(name, visible)
            items.append(goal)
            if goal.where:
                break
            self._met.add(name)
            steps = self.after[name]
            way = self._way(steps, visible)
            folds.append(
                (len(items) + (way is not None), name, steps[way is not None :], way is None)
            )
            if way is None:
                break
            items.append(self._step(way, depth, visible))
            children = self.after[way]
            if len(children) != 1:
                break
            (name,) = children
        for place, goal_name, others, unfolded in reversed(folds):
            items[place:place] = self._fold(goal_name, others, depth, unfolded)
        return items

    def _way(self, steps: Sequence[str], visible: bool) -> str | None:
        """The step that a goal goes on with: that of the proof, or the only one that there is, unless
        it failed and would be in sight."""
        if not steps:
            return None
        first = self.nodes[steps[0]]
        alive = [step for step in steps if self.nodes[step]["status"] != "failed"]
        alone = len(alive) == 1 if alive else len(steps) == 1 and not visible
        return steps[0] if first.get("winning") or alone else None

    def _goal(self, name: str, visible: bool) -> Goal:
        node = self.nodes[name]
        text = shortened(node["pp"], LONGEST_GOAL)
        line = shortened(target(node["pp"]), LONGEST_LINE)
        figures = [name, f"log-probability {number(node['logprob'])}"]
        if node.get("value") is not None:
            figures.append(f"value {number(node['value'])}")
        if (false := node.get("counterexample")) is not None:
            figures.append(f"false at {shortened(false, LONGEST_LINE)}" if false else "false")
        where = ""
        if name in self._met:
            where = "drawn above"
        elif not visible and name in self._proof:
            where = "drawn in the proof"
        elif name not in self._chosen and (self.after[name] or node.get("failed")):
            where = "what was tried on it is not drawn"
        self._shown.add(name)
        whole = text if text != line and not where else None
        return Goal(name, node["status"], line, whole, " · ".join(figures), where)

    def _step(self, name: str, depth: int, visible: bool) -> Step:
        node = self.nodes[name]
        line, text = _first_line(node["tactic"])
        children = self.after[name]
        step = Step(
            node["status"], line, text, _figures(node), bool(node.get("winning")), not children
        )
        if len(children) > 1:
            step.parts = [self._part(child, depth + 1, visible) for child in children]
        return step

    def _part(self, goal: str, depth: int, visible: bool) -> list[Item]:
        if depth < MOST_DEEP:
            return self._sequence(goal, depth, visible)
        shown = self._goal(goal, visible)
        shown.where = shown.where or "what is deeper is not drawn"
        return [shown]

    def _fold(self, goal: str, steps: Sequence[str], depth: int, unfolded: bool) -> list[Fold]:
        """What was tried on a goal, `unfolded` if it does not go on with a step."""
        failed = sorted(
            self.nodes[goal].get("failed", ()), key=lambda one: -one.get("logprob", 0.0)
        )
        if not steps and not failed:
            return []
        shown = failed[: max(0, min(MOST_FAILURES, self._room))]
        self._room -= len(shown)
        counts = [f"{len(steps):,} that ran"] * bool(steps)
        counts += [f"{len(failed):,} that failed"] * bool(failed)
        rows = [
            (
                shortened(one["tactic"], LONGEST_LINE),
                f"{one['kind']}: {_first_line(one['message'])[0]}",
                _figures(one),
            )
            for one in shown
        ]
        return [
            Fold(
                ("tried: " if unfolded else "also tried: ") + ", ".join(counts),
                unfolded,
                list(self._branches(steps[:MOST_STEPS], depth)),
                rows,
                len(steps[MOST_STEPS:]),
                len(failed) - len(shown),
            )
        ]

    def _branches(self, steps: Sequence[str], depth: int) -> Iterator[list[Item]]:
        for name in steps:
            step = self._step(name, depth + 1, False)
            children = self.after[name]
            below = self._part(children[0], depth + 1, False) if len(children) == 1 else []
            yield [step, *below]


def _figures(node: Mapping[str, Any]) -> str:
    figures = []
    if node.get("logprob") is not None:
        figures.append(number(node["logprob"]))
    if node.get("seconds"):
        figures.append(duration(node["seconds"]))
    return " · ".join(figures)


def _first_line(text: str) -> tuple[str, str | None]:
    """A text on one line, and all of it, if that is more."""
    first, _, rest = text.partition("\n")
    line = shortened(first, LONGEST_LINE)
    return (line + " …" if rest else line), (text if rest or line != first else None)
