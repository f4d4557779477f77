"""Graphs to draw, made by the search's own graph."""

import random
from typing import Any

import networkx as nx

from search.graph import Graph, Status
from search.interfaces import Cost, Failure, Goal, State


def state(name: object, pp: str = "") -> State:
    text = pp or f"a b : Nat\nh : a ≤ b\n⊢ a + {name} ≤ b + {name}"
    return State(str(name), (Goal(text, text),))


def plain(graph: Graph) -> dict[str, Any]:
    """As a trace has it."""
    graph.check()
    return trusted(graph)


def trusted(graph: Graph) -> dict[str, Any]:
    """As `plain`, of a graph that is too large for its check."""
    found: dict[str, Any] = nx.node_link_data(graph.to_networkx(), edges="edges")
    return found


def grown(size: int, *, seed: int = 0) -> Graph:
    """About as many goals and steps as are asked for, six failed tactics at each goal that was
    visited, goals that several steps lead to, cycles, and a proof."""
    chance = random.Random(seed)
    graph = Graph(state(0))
    fresh = 1
    for visit in range(size):
        if len(graph.goals) + len(graph.steps) >= size:
            break
        goal = graph.goals[visit]
        for n in range(chance.choice([1, 2, 3])):
            children = []
            for _ in range(chance.choice([1, 1, 1, 2])):
                known = chance.random() < 0.05
                children.append(state(chance.randrange(fresh) if known else fresh))
                fresh += not known
            graph.add_step(
                goal,
                f"rw [lemma_{visit}_{n}]",
                -4 * chance.random(),
                children,
                range(len(children)),
                cost=Cost(100, chance.random() / 10),
                expansion=visit + 1,
            )
        for n in range(6):
            why = Failure("tactic", f"simp made no progress ({n})", Cost(9, 0.004))
            graph.add_failure(goal, f"simp [h{n}]", -6 * chance.random(), why, visit + 1)
        if visit and chance.random() < 0.3:
            graph.exhaust(goal)
    last = next(goal for goal in reversed(graph.goals) if not goal.exhausted)
    for goal in [last, *(c for step in last.path.steps() for c in step.children)]:
        if goal.status is not Status.PROVED and not goal.exhausted:
            graph.add_step(goal, "omega", -0.3, [], [], cost=Cost(5, 0.01))
    assert graph.root.status is Status.PROVED
    return graph


def chain(length: int) -> Graph:
    """One tactic after the other, the last of which ends the proof."""
    graph = Graph(state(0))
    for n in range(length):
        graph.add_step(graph.goals[n], f"step {n}", -0.001, [state(n + 1)], [0])
    graph.add_step(graph.goals[-1], "close", -0.001, [], [])
    return graph


def hostile(pp: str, tactic: str, message: str) -> dict[str, Any]:
    """Texts of somebody else wherever a text can stand."""
    graph = Graph(state("root", pp))
    graph.add_step(graph.root, tactic, -1.0, [state("left", pp), state("right", f"⊢ {pp}")], [0, 1])
    graph.add_step(graph.goals[1], tactic, -1.0, [], [])
    why = Failure(message, message)
    graph.add_failure(graph.goals[2], tactic, -2.0, why)
    return plain(graph) | {"graph": {"name": message}}
