"""Graphs for other programs, read back by them."""

import json
import os
import subprocess
from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.render import joined, to_dot, to_graphml, to_networkx
from prover.render.text import clean
from tests.debian import libraries, unpacked
from tests.render.graphs import grown, hostile, plain

GRAPHVIZ = [
    *("graphviz", "libann0", "libcdt5", "libcgraph6", "libgvc6", "libgvpr2", "libpathplan4"),
    *("libxdot4", "libltdl7"),
]


def same_structure(one: "nx.Graph[Any]", other: "nx.Graph[Any]") -> bool:
    return set(one.nodes) == set(other.nodes) and set(one.edges) == set(other.edges)


def test_networkx_has_the_graph_of_the_search() -> None:
    graph = grown(300)
    made = to_networkx(plain(graph) | {"graph": {"name": "t"}})
    own = graph.to_networkx()
    assert nx.utils.graphs_equal(made, nx.DiGraph(own, name="t")) or (
        dict(made.nodes) == dict(own.nodes) and same_structure(made, own)
    )
    assert made.graph["name"] == "t"


def test_graphml_is_read_back() -> None:
    graph = plain(grown(300))
    read = nx.parse_graphml(to_graphml(graph))
    made = to_networkx(graph)
    assert same_structure(read, made)
    for name, node in made.nodes.items():
        kept = dict(read.nodes[name])
        if node["kind"] == "goal":
            assert json.loads(kept.pop("failed")) == node.pop("failed")
        assert kept == {k: v for k, v in node.items() if v is not None}


@given(st.text(), st.text(min_size=1), st.text())
def test_texts_of_somebody_else_make_no_other_graphml(pp: str, tactic: str, message: str) -> None:
    graph = hostile(f"]]>&<{pp}", f"</node>{tactic}", message)
    read = nx.parse_graphml(to_graphml(graph))
    assert same_structure(read, to_networkx(graph))
    assert read.nodes["g0"]["pp"] == clean(f"]]>&<{pp}")
    assert read.nodes["s0"]["tactic"] == clean(f"</node>{tactic}")


def drawn(text: str) -> tuple[set[tuple[str, str]], dict[str, list[str]]]:
    """The edges that Graphviz finds, and the lines that it writes into each node."""
    root = unpacked("graphviz", GRAPHVIZ)
    plugins = next(root.glob("usr/lib/*/graphviz"))
    environment = {**os.environ, "LD_LIBRARY_PATH": libraries(root), "GVBINDIR": str(plugins)}
    dot = root / "usr/bin/dot"
    if not list(plugins.glob("config*")):
        subprocess.run([dot, "-c"], env=environment, check=True)
    done = subprocess.run(
        [dot, "-Tjson"], input=text.encode(), env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    read: dict[str, Any] = json.loads(done.stdout)
    names = {node["_gvid"]: node["name"] for node in read["objects"]}
    lines = {
        node["name"]: [op["text"] for op in node["_ldraw_"] if op["op"] == "T"]
        for node in read["objects"]
    }
    return {(names[edge["tail"]], names[edge["head"]]) for edge in read["edges"]}, lines


def test_graphviz_draws_what_stands_there() -> None:
    nasty = 'a\\nb \\N "q" &lt; <b> {x|y} \\'
    graph = hostile(f"h : {nasty}\n⊢ {nasty}", nasty, "\x1b")
    edges, lines = drawn(to_dot(graph))
    assert edges == set(to_networkx(graph).edges)
    assert lines["g0"] == [f"h : {nasty}", f"⊢ {nasty}"]
    assert lines["s0"] == [nasty, "−1.00"]


def test_several_graphs_stand_side_by_side() -> None:
    one, other = plain(grown(20)), plain(grown(30, seed=1))
    assert joined([one]) is one
    both = to_networkx(joined([one, other]))
    assert nx.number_weakly_connected_components(both) == 2
    assert {name.split(".")[0] for name in both} == {"1", "2"}
    assert both.nodes["2.g0"] == to_networkx(other).nodes["g0"]
    assert same_structure(nx.parse_graphml(to_graphml(joined([one, other]))), both)


@pytest.mark.parametrize("write", [to_graphml, to_dot])
def test_nothing_is_written_for_no_graph(write: Any) -> None:
    assert write(joined([])).strip()
