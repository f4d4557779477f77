"""What searches have tried, and what came of it, as lines of a log to learn from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prover.generate.features import Scene
from search.best_first import BestFirst, Commit
from search.graph import GoalNode, Graph, Status

FORMAT = 1
"""Of the lines; it changes when what is in them does."""


def outcome_line(name: str, search: BestFirst) -> dict[str, Any]:
    """The line of a search: `goals` are those that it tried something on, in the order of the first
    tries, with what was `tried` in the order of its commits. All is the same in each equal run but
    what it cost: `ms`, and `heartbeats` where Lean loads something with the first use of a tactic.

    `outcome` is a kind of failure, `closed` or `went on`; `helped` says whether the tactic is the
    first of a proof that was found, None where the search does not know: it ended before.
    """
    tried: dict[GoalNode, list[dict[str, Any]]] = {}
    for commit, helped in labelled(search):
        suggestion = commit.suggestion
        tried.setdefault(commit.goal, []).append(
            {
                "tactic": suggestion.tactic,
                "source": suggestion.source,
                "logprob": round(suggestion.logprob, 4),
                "prior": None if suggestion.prior is None else round(suggestion.prior, 4),
                "outcome": commit.failure or ("went on" if commit.children else "closed"),
                "helped": helped,
                "heartbeats": commit.cost.heartbeats,
                "expansion": commit.expansion,
                "ms": round(1000 * commit.cost.seconds, 1),
            }
        )
    return {
        "format": FORMAT,
        "name": name,
        "seed": search.seed,
        "status": search.result().status,
        "goals": [
            {
                "order": goal.order,
                "depth": goal.depth,
                "status": str(goal.status),
                "scene": Scene.of(goal.state.goals[0], search.context).to_json(),
                "tried": tactics,
            }
            for goal, tactics in tried.items()
        ],
    }


def labelled(search: BestFirst) -> Iterator[tuple[Commit, bool | None]]:
    """All that a search tried, with whether it helped: what it led to was proved without coming back
    to the goal. A step from a goal that was proved otherwise helped nothing."""
    below = _below(search.graph)
    for commit in search.commits:
        if commit.failure is not None:
            helped: bool | None = False
        elif all(child.status is Status.PROVED for child in commit.children):
            helped = all(commit.goal not in below[child] for child in commit.children)
        elif commit.goal.status is Status.PROVED:
            helped = False
        else:
            failed = any(child.status is Status.FAILED for child in commit.children)
            helped = False if failed else None
        yield commit, helped


def _below(graph: Graph) -> dict[GoalNode, frozenset[GoalNode]]:
    """The goals that the smallest proof of each proved goal consists of, itself too."""
    found: dict[GoalNode, frozenset[GoalNode]] = {}
    for goal, step in graph.first_steps().items():
        found[goal] = frozenset({goal}).union(*(found[child] for child in step.children))
    return found
