"""Search graphs, as a trace has them, that grow by what somebody finds from one of their goals."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]


def root(graph: Json) -> dict[str, Any]:
    """The goal that was searched."""
    return next(node for node in graph["nodes"] if node["kind"] == "goal" and node["order"] == 0)


def way(graph: Json, goal: str) -> list[tuple[Json, Json]]:
    """The shortest way from the root to a goal: steps, and the goal that each leads to."""
    nodes = {node["id"]: node for node in graph["nodes"]}
    before: dict[str, str] = {}
    after = _after(graph)
    queue = deque([root(graph)["id"]])
    while queue and goal not in before:
        here = queue.popleft()
        for there in after[here]:
            if there not in before:
                before[there] = here
                queue.append(there)
    found = []
    while goal != root(graph)["id"]:
        step = before[goal]
        found.append((nodes[step], nodes[goal]))
        goal = before[step]
    return found[::-1]


def with_step(graph: Json, goal: str, tactic: str, after: Sequence[str]) -> dict[str, Any]:
    """The graph with a tactic that was run on a goal, and the goals after it, as printed."""
    here = {"id": "g0", "kind": "goal", "order": 0, "logprob": 0.0, "depth": 0, "failed": []}
    step = {
        "id": "s0",
        "kind": "step",
        "order": 0,
        "banned": False,
        "tactic": tactic,
        "logprob": 0.0,
        "depth": 1,
        "seconds": 0.0,
        "expansion": 0,
    }
    goals: list[dict[str, Any]] = [
        {
            "id": f"g{n}",
            "kind": "goal",
            "order": n,
            "status": "open",
            "exhausted": False,
            "counterexample": None,
            "pp": pp,
            "logprob": 0.0,
            "depth": 1,
            "failed": [],
        }
        for n, pp in enumerate(after, 1)
    ]
    edges = [{"source": "g0", "target": "s0"}]
    edges += [{"source": "s0", "target": f"g{n}"} for n in range(1, len(after) + 1)]
    return with_graph(graph, goal, {"nodes": [here, step, *goals], "edges": edges})


def with_graph(graph: Json, goal: str, more: Json) -> dict[str, Any]:
    """The graph with another one, whose root is one of its goals. Goals that are printed alike are
    one, and so are equal tactics of a goal."""
    nodes = {node["id"]: dict(node) for node in graph["nodes"]}
    edges = [dict(edge) for edge in graph["edges"]]
    after = _after(graph)
    tactics = {
        (here, nodes[step]["tactic"]): step
        for here, steps in after.items()
        if nodes[here]["kind"] == "goal"
        for step in steps
    }
    printed = {node["pp"]: name for name, node in nodes.items() if node["kind"] == "goal"}
    count = {kind: sum(n["kind"] == kind for n in nodes.values()) for kind in ("goal", "step")}
    alpha = graph.get("graph", {}).get("alpha", 0.0)
    base = nodes[goal]
    names = {root(more)["id"]: goal}
    base["failed"] = [*base.get("failed", ()), *root(more).get("failed", ())]

    def add(node: Json) -> str:
        kind = node["kind"]
        name = f"{kind[0]}{count[kind]}"
        depth, logprob = base["depth"] + node["depth"], base["logprob"] + node["logprob"]
        own = node["logprob"] if kind == "step" else logprob
        priority = logprob / max(depth, 1) ** alpha
        nodes[name] = {
            **node,
            "id": name,
            "order": count[kind],
            "depth": depth,
            "logprob": own,
            "priority": priority,
        }
        count[kind] += 1
        return name

    theirs = {node["id"]: node for node in more["nodes"]}
    for name, node in theirs.items():
        if node["kind"] == "goal" and name not in names:
            names[name] = printed.get(node["pp"]) or add(node)
    children = _after(more)
    for name, node in theirs.items():
        if node["kind"] != "goal":
            continue
        for step in children[name]:
            key = (names[name], theirs[step]["tactic"])
            if key not in tactics:
                tactics[key] = added = add(theirs[step])
                edges.append({"source": names[name], "target": added})
                edges += [{"source": added, "target": names[c]} for c in children[step]]
    return _settled({**graph, "nodes": list(nodes.values()), "edges": edges})


def _settled(graph: dict[str, Any]) -> dict[str, Any]:
    """The graph with what follows from its steps: which goals are proved, and by which steps the
    root is; which still have something to be tried."""
    nodes = {node["id"]: node for node in graph["nodes"]}
    after = _after(graph)
    steps = [name for name, node in nodes.items() if node["kind"] == "step" and not node["banned"]]
    owner, parents = {}, defaultdict(list)
    for here, there in ((edge["source"], edge["target"]) for edge in graph["edges"]):
        if nodes[here]["kind"] == "goal":
            owner[there] = here
        else:
            parents[there].append(here)
    missing = {step: len(after[step]) for step in steps}
    queue = deque(step for step in steps if not missing[step])
    proved: dict[str, str] = {}
    while queue:
        step = queue.popleft()
        goal = owner[step]
        if goal not in proved:
            proved[goal] = step
            for parent in parents[goal]:
                if parent in missing:
                    missing[parent] -= 1
                    if not missing[parent]:
                        queue.append(parent)
    failed = {n for n, node in nodes.items() if node.get("status") == "failed"} - proved.keys()
    failed = {name for name in failed if nodes[name]["kind"] == "goal"}
    changed = True
    while changed:
        alive = {owner[s] for s in steps if owner[s] in failed and failed.isdisjoint(after[s])}
        changed = bool(alive)
        failed -= alive
    won: set[str] = set()
    stack = [root(graph)["id"]]
    while stack:
        proof = proved.get(stack.pop())
        if proof is not None and proof not in won:
            won.add(proof)
            stack += after[proof]
    for name, node in nodes.items():
        if node["kind"] == "goal":
            node["status"] = "proved" if name in proved else "failed" if name in failed else "open"
        else:
            node["winning"] = name in won
            dead = node["banned"] or not failed.isdisjoint(after[name])
            done = all(child in proved for child in after[name])
            node["status"] = "failed" if dead else "proved" if done else "open"
    return graph


def _after(graph: Json) -> defaultdict[str, list[str]]:
    """What each node leads to."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for edge in graph["edges"]:
        found[edge["source"]].append(edge["target"])
    return found
