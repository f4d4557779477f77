"""Search graphs for other programs.

There is no export for Paperproof: its steps name hypotheses by their ids in Lean, and say which of them
a tactic used; a graph has neither.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from prover.render.text import clean, number, shortened

if TYPE_CHECKING:
    import networkx as nx

LONGEST_LABEL = 400
_COLOURS = {"proved": "#1f8a46", "failed": "#c23b3b", "open": "#6b7785"}


def to_networkx(graph: Mapping[str, Any]) -> nx.DiGraph[str]:
    """A graph with the attributes that the trace gives to goals and steps."""
    import networkx as nx

    made: nx.DiGraph[str] = nx.DiGraph(**graph.get("graph", {}))
    for node in graph["nodes"]:
        made.add_node(node["id"], **{k: v for k, v in node.items() if k != "id"})
    made.add_edges_from((edge["source"], edge["target"]) for edge in graph["edges"])
    return made


def to_graphml(graph: Mapping[str, Any]) -> str:
    """A graph in GraphML, for Gephi, yEd, Cytoscape and igraph. The failed tactics of a goal are one
    text of JSON; what is not known of a node, it lacks."""
    import networkx as nx

    made = to_networkx(graph)
    made.graph = dict(_plain(made.graph))
    for node in made.nodes.values():
        values = dict(_plain(node))
        node.clear()
        node.update(values)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + "\n".join(nx.generate_graphml(made)) + "\n"


def _plain(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, str):
            yield name, clean(value)
        elif isinstance(value, list | dict):
            yield name, clean(json.dumps(value, ensure_ascii=False))
        elif value is not None:
            yield name, value


def to_dot(graph: Mapping[str, Any]) -> str:
    """A graph in the language of Graphviz: goals are boxes, tactics the ellipses between them; what is
    proved is green, what failed is red, and the proof is drawn bold."""
    lines = ["digraph search {", '  node [fontname="monospace", fontsize=10];']
    winning = {node["id"] for node in graph["nodes"] if node.get("winning")}
    for node in graph["nodes"]:
        goal = node["kind"] == "goal"
        text = node["pp"] if goal else f"{node['tactic']}\n{number(node['logprob'])}"
        style = ', style="bold"' if node["id"] in winning else ""
        lines.append(
            f"  {_quoted(node['id'])} [shape={'box' if goal else 'ellipse'}, "
            f'color="{_COLOURS[node["status"]]}", label={_label(text)}{style}];'
        )
    for edge in graph["edges"]:
        ends = edge["source"], edge["target"]
        style = ' [style="bold"]' if winning.intersection(ends) else ""
        lines.append(f"  {_quoted(ends[0])} -> {_quoted(ends[1])}{style};")
    return "\n".join([*lines, "}"]) + "\n"


def joined(graphs: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Several graphs as one, in which a node is called by the number of its graph and its own name."""
    if len(graphs) == 1:
        return graphs[0]
    nodes, edges = [], []
    for n, graph in enumerate(graphs, 1):
        nodes += [node | {"id": f"{n}.{node['id']}"} for node in graph["nodes"]]
        edges += [
            {end: f"{n}.{edge[end]}" for end in ("source", "target")} for edge in graph["edges"]
        ]
    return {"graph": {}, "nodes": nodes, "edges": edges}


def _quoted(text: str) -> str:
    return '"' + clean(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _label(text: str) -> str:
    """A text as a label, whose lines begin at the left. `&` begins an entity there."""
    shown = shortened(text, LONGEST_LABEL).replace("&", "&amp;")
    return _quoted(shown)[:-1].replace("\n", "\\l") + '\\l"'
