"""Results that were not found by a search here: very large ones, and graphs that grow."""

import time
from typing import Any

import networkx

from prover.notebook.grafting import root, way, with_graph, with_step
from prover.notebook.result import Answer, Result
from prover.verify.verdict import LeanVersion, Outcome, Verdict
from search.graph import Graph, Status
from search.interfaces import Goal, State


def state(name: str) -> State:
    return State(name, (Goal(f"⊢ {name}", name),))


def plain(graph: Graph) -> dict[str, Any]:
    return networkx.node_link_data(graph.to_networkx(), edges="edges")


def node(graph: Any, name: str) -> Any:
    return next(one for one in graph["nodes"] if one["id"] == name)


def test_a_hundred_thousand_nodes_are_shown_at_once() -> None:
    graph = Graph(state("0"))
    for number in range(50_000):
        goal = graph.goals[number // 3]
        graph.add_step(goal, f"exact t{number}", -1.0, [state(str(number + 1))], [0])
    data = plain(graph)
    assert len(data["nodes"]) > 100_000
    verdict = Verdict(Outcome.GAVE_UP, "t", LeanVersion("4", "embedded"), reason="interrupted")
    result = Result(Answer((verdict,), "", (data,)))
    begin = time.process_time()
    bundle = result._repr_mimebundle_()
    assert time.process_time() - begin < 20
    assert len(bundle["text/html"]) < 2_000_000
    assert "not drawn" in bundle["text/html"]
    assert bundle["text/plain"] == "gave_up t: interrupted"
    begin = time.process_time()
    grown = with_step(data, "g40000", "simp", [])
    assert node(grown, "g40000")["status"] == "proved"
    assert time.process_time() - begin < 20


def test_the_way_to_a_goal_is_the_shortest() -> None:
    graph = Graph(state("a"))
    (b,) = graph.add_step(graph.root, "to b", -1.0, [state("b")], [0])
    (c,) = graph.add_step(b, "to c", -1.0, [state("c")], [0])
    graph.add_step(graph.root, "past b", -5.0, [state("c")], [0])
    graph.add_step(c, "back", -1.0, [state("a")], [0])
    data = plain(graph)
    steps = [(step["tactic"], goal["pp"]) for step, goal in way(data, f"g{c.order}")]
    assert steps == [("past b", "⊢ c")]
    assert way(data, "g0") == []


def test_what_is_found_from_a_goal_proves_what_rests_on_it() -> None:
    graph = Graph(state("a"))
    graph.add_step(graph.root, "split", -1.0, [state("b"), state("c")], [0, 1])
    b, c = graph.goals[1:]
    graph.add_step(b, "close b", -0.5, [], [])
    graph.add_step(b, "dead", -0.5, [state("dead")], [0])
    graph.exhaust(graph.goals[3])
    assert graph.goals[3].status is Status.FAILED
    other = Graph(state("c"))
    other.add_step(other.root, "to d", -2.0, [state("d")], [0])
    other.add_step(other.goals[1], "close d", -1.0, [], [])
    data = plain(graph)
    grown = with_graph(data, f"g{c.order}", plain(other))
    assert root(grown)["status"] == "proved" and root(data)["status"] == "open"
    won = {one["tactic"] for one in grown["nodes"] if one.get("winning")}
    assert won == {"split", "close b", "to d", "close d"}
    (d,) = [one for one in grown["nodes"] if one["kind"] == "goal" and one["pp"] == "⊢ d"]
    assert (d["depth"], d["logprob"], d["status"]) == (2, -3.0, "proved")
    assert node(grown, "g3")["status"] == "failed"
    names = [one["id"] for one in grown["nodes"]]
    assert len(names) == len(set(names))
    again = with_graph(grown, f"g{c.order}", plain(other))
    assert len(again["nodes"]) == len(grown["nodes"])
    alive = with_step(grown, "g3", "try this", ["⊢ e"])
    assert node(alive, "g3")["status"] == "open"
    dead = next(one for one in alive["nodes"] if one.get("tactic") == "dead")
    assert dead["status"] == "open"


def test_a_cycle_proves_nothing() -> None:
    graph = Graph(state("a"))
    (b,) = graph.add_step(graph.root, "to b", -1.0, [state("b")], [0])
    graph.add_step(b, "back", -1.0, [state("a")], [0])
    grown = with_step(plain(graph), "g1", "again", ["⊢ a"])
    assert root(grown)["status"] == "open"
