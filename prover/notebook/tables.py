"""Tables of a trace, as `prover prove --trace` writes it: pandas for those who explore."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

Json = Mapping[str, Any]


def expansions(trace: Json) -> pd.DataFrame:
    """A row for each visit of a goal, in the order of the search: how many tactics ran there, how many
    failed, how many closed the goal, and the seconds that Lean took. A tactic that led where another
    one of its goal leads already is not in a trace, and so not counted here."""
    import pandas as pd

    columns = ["theorem", "expansion", "goal", "depth", "logprob", "state"]
    counts = ["tactics", "failed", "closed", "seconds"]
    rows = []
    for graph in trace["graphs"]:
        goals = {node["id"]: node for node in graph["nodes"] if node["kind"] == "goal"}
        visits: dict[tuple[int, str], list[Json]] = defaultdict(list)
        for goal, tactic in _tactics(graph):
            visits[tactic["expansion"], goal].append(tactic)
        for (number, name), ran in sorted(visits.items(), key=lambda visit: visit[0][0]):
            goal = goals[name]
            rows.append(
                {
                    "theorem": graph["graph"]["name"],
                    "expansion": number,
                    "goal": name,
                    "depth": goal["depth"],
                    "logprob": goal["logprob"],
                    "state": goal["pp"],
                    "tactics": len(ran),
                    "failed": sum("message" in tactic for tactic in ran),
                    "closed": sum(tactic.get("closes", False) for tactic in ran),
                    "seconds": sum(tactic["seconds"] for tactic in ran),
                }
            )
    return pd.DataFrame(rows, columns=columns + counts)


def errors(trace: Json) -> pd.DataFrame:
    """The failed tactics by kind, the most frequent first: their number, the seconds that Lean took
    for them, and the first of them as an example."""
    import pandas as pd

    kinds: dict[str, list[Json]] = defaultdict(list)
    for graph in trace["graphs"]:
        for _, tactic in _tactics(graph):
            if "message" in tactic:
                kinds[tactic["kind"]].append(tactic)
    rows = [
        {
            "kind": kind,
            "tactics": len(failed),
            "seconds": sum(tactic["seconds"] for tactic in failed),
            "example": failed[0]["tactic"],
            "message": failed[0]["message"],
        }
        for kind, failed in sorted(kinds.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    columns = ["tactics", "seconds", "example", "message"]
    return pd.DataFrame(rows, columns=["kind", *columns]).set_index("kind")


def seconds(trace: Json) -> pd.DataFrame:
    """The wall time by phase, in seconds and as a share of the whole (0 to 1)."""
    import pandas as pd

    table = pd.DataFrame({"seconds": pd.Series(trace["seconds"], dtype=float)})
    table.index.name = "phase"
    whole = table["seconds"].sum()
    table["share"] = table["seconds"] / whole if whole else 0.0
    return table


def _tactics(graph: Json) -> Iterator[tuple[str, Json]]:
    """What ran in a search, with the goal that it ran on; a step tells whether it `closes` it."""
    after: dict[str, list[str]] = defaultdict(list)
    for edge in graph["edges"]:
        after[edge["source"]].append(edge["target"])
    before = {step: goal for goal, steps in after.items() for step in steps}
    nodes: Sequence[Json] = graph["nodes"]
    for node in nodes:
        if node["kind"] == "step":
            yield before[node["id"]], {**node, "closes": node["id"] not in after}
        else:
            yield from ((node["id"], failed) for failed in node["failed"])
