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

from prover.render.html import fill, page, verdict_html
from prover.render.text import duration, number, shortened, target
from prover.verify.verdict import Verdict

MOST_ROWS = 5_000
"""Goals, steps and failed tactics that are drawn of one graph."""
MOST_DEEP = 60
"""Folds in each other. Browsers give up at some hundreds of elements."""
MOST_FAILURES = 20
"""Failed tactics that are drawn of one goal, the most probable."""
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
    unfolded: bool
    where: str = ""


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
    """What else was tried on a goal: steps, each with what follows from it, and failed tactics."""

    summary: str
    steps: list[list[Item]]
    failed: list[tuple[str, str, str]]
    left_out: int
    unfolded: bool = False


Item = Goal | Step | Fold


def tree_html(graph: Mapping[str, Any]) -> str:
    """A graph as a trace has it (`prover prove --trace`), as a fragment of HTML."""
    tree = _Tree(graph)
    return fill("tree.html", tree=tree, items=tree.items(), marks=MARKS)


def trace_page(trace: Mapping[str, Any]) -> str:
    """A whole trace as a page: the verdicts, and the trees of all searches."""
    verdicts = [Verdict.from_json(one) for one in trace["verdicts"]]
    names = ", ".join(verdict.name for verdict in verdicts)
    graphs = trace["graphs"]
    return page(
        shortened(names, LONGEST_LINE) or "prover",
        *map(verdict_html, verdicts),
        *(tree_html(graph) for graph in graphs),
    )


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
        self._chosen, self._room = self._choose()
        self._met: set[str] = set()
        self.left_out = self.goals - len(self._chosen)

    def items(self) -> list[Item]:
        return self._sequence(self._root, 0, True)

    def _rank(self, step: str) -> tuple[bool, int, float]:
        node = self.nodes[step]
        return (not node.get("winning"), _RANKS[node["status"]], -node["priority"])

    def _choose(self) -> tuple[set[str], int]:
        """The goals that are drawn, and how many rows are left for failed tactics."""
        chosen: set[str] = set()
        room = MOST_ROWS
        heap = [((False, 0, 0.0), 0, 0, self._root)]
        seen = {self._root}
        while heap:
            _, depth, _, goal = heapq.heappop(heap)
            rows = 1 + len(self.after[goal])
            if chosen and rows > room:
                continue
            chosen.add(goal)
            room -= rows
            for step in self.after[goal]:
                lost, rank, _ = self._rank(step)
                for child in self.after[step]:
                    if child not in seen:
                        seen.add(child)
                        key = (lost, rank if lost else 0, float(depth + 1))
                        heapq.heappush(heap, (key, depth + 1, len(seen), child))
        return chosen, room

    def _sequence(self, name: str, depth: int, visible: bool) -> list[Item]:
        """A goal and what was tried on it, as far down as there is one way to go on. `visible`: no
        fold around it is closed."""
        items: list[Item] = []
        while True:
            goal = self._goal(name)
            items.append(goal)
            if goal.where:
                return items
            self._met.add(name)
            steps = self.after[name]
            first = self.nodes[steps[0]] if steps else None
            only = [s for s in steps if self.nodes[s]["status"] != "failed"] or steps
            alone = len(only) == 1 and not (visible and first and first["status"] == "failed")
            if first is not None and (first.get("winning") or alone):
                step = self._step(steps[0], depth, visible)
                items.append(step)
                items += self._fold(name, steps[1:], depth, True)
                children = self.after[steps[0]]
                if len(children) == 1:
                    (name,) = children
                    continue
                return items
            return items + self._fold(name, steps, depth, False)

    def _goal(self, name: str) -> Goal:
        node = self.nodes[name]
        text = shortened(node["pp"], LONGEST_GOAL)
        line = shortened(target(node["pp"]), LONGEST_LINE)
        figures = [name, f"log-probability {number(node['logprob'])}"]
        if node.get("value") is not None:
            figures.append(f"value {number(node['value'])}")
        where = ""
        if name in self._met:
            where = "drawn above"
        elif name not in self._chosen:
            where = "what was tried on it is not drawn"
        whole = text if text != line and not where else None
        return Goal(name, node["status"], line, whole, " · ".join(figures), False, where)

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
        shown = self._goal(goal)
        shown.where = shown.where or "what is deeper is not drawn"
        return [shown]

    def _fold(self, goal: str, steps: Sequence[str], depth: int, beside: bool) -> list[Fold]:
        """What was tried on a goal, `beside` the step that it goes on with."""
        failed = sorted(self.nodes[goal].get("failed", ()), key=lambda one: -one["logprob"])
        if not steps and not failed:
            return []
        shown = failed[: max(0, min(MOST_FAILURES, self._room))]
        self._room -= len(shown)
        branches = list(self._branches(steps, depth))
        counts = [f"{len(steps)} that ran"] * bool(steps)
        counts += [f"{len(failed)} that failed"] * bool(failed)
        summary = ("also tried: " if beside else "tried: ") + ", ".join(counts)
        rows = [
            (
                shortened(one["tactic"], LONGEST_LINE),
                f"{one['kind']}: {one['message']}",
                _figures(one),
            )
            for one in shown
        ]
        return [Fold(summary, branches, rows, len(failed) - len(shown), not beside)]

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


def _first_line(tactic: str) -> tuple[str, str | None]:
    """A tactic on one line, and all of it, if that is more."""
    first, _, rest = tactic.partition("\n")
    line = shortened(first, LONGEST_LINE)
    return (line + " …" if rest else line), (tactic if rest or line != first else None)
