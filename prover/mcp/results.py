"""What the tools give: plain values with a schema, and the same in words. Long goals are cut."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mcp_types import CallToolResult, TextContent

from prover.terminal import shorten

SHOWN_LINES, SHOWN_CHARACTERS = 60, 3_000
"""How much of a goal or of a message is shown."""

SHOWN_GOALS = 20
"""How many goals, holes or messages are shown."""


@dataclass(frozen=True)
class Verdict:
    """`outcome`: proved, disproved, gave_up, rejected, cheated, timeout or crash. `proof` is a tactic
    script. `disproof` proves the negation."""

    declaration: str
    outcome: str
    reason: str
    proof: str | None
    counterexample: str | None
    disproof: str | None
    axioms: list[str]
    lemmas: list[str]
    rests_on: list[str]
    open_goals: list[str]
    passed: list[str]
    lean: str


@dataclass(frozen=True)
class Proved:
    """`id` names the search for the resources. `text` holds the proofs that were found."""

    id: str
    proved: bool
    verdicts: list[Verdict]
    text: str
    resources: list[str]


@dataclass(frozen=True)
class Checked:
    proved: bool
    verdicts: list[Verdict]


@dataclass(frozen=True)
class State:
    """Goals that belong together, each with its hypotheses."""

    state: str
    goals: list[str]


@dataclass(frozen=True)
class Hole:
    """A `sorry`: lines count from 1, columns from 0, in characters."""

    declaration: str | None
    line: int
    column: int
    state: str
    goals: list[str]


@dataclass(frozen=True)
class Message:
    severity: str
    line: int
    column: int
    text: str


@dataclass(frozen=True)
class Goals:
    holes: list[Hole]
    messages: list[Message]


@dataclass(frozen=True)
class Ran:
    """`outcome`: finished (no goals are left), progress, or error, with `kind` and `message`.
    `tactic` is what the proof should say."""

    outcome: str
    tactic: str
    states: list[State]
    message: str
    kind: str


@dataclass(frozen=True)
class Suggestion:
    tactic: str
    logprob: float
    states: list[State]


@dataclass(frozen=True)
class Suggestions:
    suggestions: list[Suggestion]


@dataclass(frozen=True)
class Refuted:
    """`text` is the whole text of the disproof."""

    refuted: bool
    reason: str
    counterexample: str | None
    disproof: str | None
    text: str | None


@dataclass(frozen=True)
class Premise:
    name: str
    statement: str
    source: str


@dataclass(frozen=True)
class Premises:
    premises: list[Premise]


def result(value: Any, shown: Iterable[str]) -> CallToolResult:
    text = "\n\n".join(part for part in shown if part)
    return CallToolResult(
        content=[TextContent(type="text", text=text)], structured_content=asdict(value)
    )


def short(text: str) -> str:
    return shorten(text, SHOWN_LINES, SHOWN_CHARACTERS, "")


def read_verdict(one: Mapping[str, Any]) -> Verdict:
    return Verdict(
        declaration=one["name"],
        outcome=one["outcome"],
        reason=short(one["reason"]),
        proof=one["proof"],
        counterexample=one["counterexample"],
        disproof=one["disproof"],
        axioms=list(one["axioms"]),
        lemmas=list(one["lemmas"]),
        rests_on=list(one["rests_on"]),
        open_goals=[short(goal) for goal in one["open_goals"]],
        passed=[layer["name"] for layer in one["layers"] if layer["passed"]],
        lean=one["lean"]["version"],
    )


def show_verdict(verdict: Verdict) -> str:
    lines = [f"{verdict.outcome} {verdict.declaration}"]
    if verdict.reason:
        lines[0] += f": {verdict.reason}"
    elif verdict.outcome == "proved":
        lines[0] += (
            f" · Lean {verdict.lean} · axioms: {', '.join(verdict.axioms) or 'none visible'}"
        )
    lines += [f"with a lemma found on the way: {lemma}" for lemma in verdict.lemmas]
    if verdict.disproof:
        lines.append(verdict.disproof)
    if verdict.open_goals:
        lines += ["best goals left:", *verdict.open_goals[:3]]
    return "\n".join(lines)


def read_state(one: Mapping[str, Any]) -> State:
    return State(one["id"], [short(goal["pp"]) for goal in one["goals"][:SHOWN_GOALS]])


def show_state(state: State) -> str:
    return "\n".join([f"state {state.state}", *state.goals])


def show_graph(graph: Mapping[str, Any]) -> str:
    """A search, goal by goal: what it is, the tactics that lead there, and the tactics tried on it
    that work."""
    nodes = {node["id"]: node for node in graph["nodes"]}
    after: dict[str, list[str]] = {}
    before: dict[str, str] = {}
    for edge in graph["edges"]:
        after.setdefault(edge["source"], []).append(edge["target"])
        before.setdefault(edge["target"], edge["source"])

    def way(goal: str) -> list[str]:
        tactics: list[str] = []
        while goal in before and len(tactics) < len(nodes):
            tactics.append(nodes[before[goal]]["tactic"])
            goal = before[before[goal]]
        return tactics[::-1]

    blocks = []
    for name, node in nodes.items():
        if node["kind"] != "goal":
            continue
        lines = [f"{name} {node['status']}, log-probability {node['logprob']:.2f}"]
        if tactics := way(name):
            lines.append("  reached by: " + " ; ".join(tactics))
        lines += ["  " + line for line in short(node["pp"]).split("\n")]
        for step in after.get(name, ()):
            left = ", ".join(after.get(step, ())) or "nothing left"
            lines.append(f"  {nodes[step]['status']} → {left}: {nodes[step]['tactic']}")
        blocks.append("\n".join(lines))
    return "\n".join(blocks)
