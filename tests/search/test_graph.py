import json
import math
import time
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.graph import MESSAGE_KEPT, GoalNode, Graph, Status
from search.interfaces import Cost, Failure, Goal, State


def state(name: object) -> State:
    return State(str(name), (Goal(f"⊢ {name}", str(name)),))


def step(
    graph: Graph, goal: str, children: list[object], logprob: float = -1.0, tactic: str = "t"
) -> list[GoalNode]:
    node = graph.find(state(goal))
    assert node is not None
    return graph.add_step(node, tactic, logprob, [state(c) for c in children], range(len(children)))


def node(graph: Graph, name: object) -> GoalNode:
    found = graph.find(state(name))
    assert found is not None
    return found


def exhaust(graph: Graph, *names: object) -> None:
    for name in names:
        graph.exhaust(node(graph, name))
        graph.check()


def brute_force(graph: Graph) -> dict[GoalNode, Status]:
    """Both fixpoints, written independently of the graph: by rank, over plain dictionaries."""
    steps = [(s.goal, set(s.children)) for s in graph.steps if not s.banned]

    def closure(found: set[GoalNode]) -> set[GoalNode]:
        for _ in graph.goals:
            found = found | {goal for goal, children in steps if not children - found}
        return found

    proved = closure(set())
    alive = closure(proved | {goal for goal in graph.goals if not goal.exhausted})
    return {
        goal: Status.PROVED if goal in proved else Status.OPEN if goal in alive else Status.FAILED
        for goal in graph.goals
    }


operations = st.lists(
    st.one_of(
        st.tuples(
            st.just("step"),
            st.integers(0, 7),
            st.lists(st.integers(0, 7), max_size=3),
            st.sampled_from([0.0, -0.1, -0.5, -1.0, -3.0]),
        ),
        st.tuples(st.just("exhaust"), st.integers(0, 7)),
        st.tuples(st.just("ban"), st.integers(0, 30)),
    ),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(operations, st.sampled_from([0.0, 0.0, 0.5, 1.0, 2.0]))
def test_invariants_hold_after_every_change(changes: list[tuple[Any, ...]], alpha: float) -> None:
    graph = Graph(state(0), alpha=alpha)
    for change in changes:
        target = graph.find(state(change[1]))
        if change[0] == "ban":
            if change[1] < len(graph.steps):
                graph.ban(graph.steps[change[1]])
        elif target is None:
            continue
        elif change[0] == "exhaust":
            graph.exhaust(target)
        elif not target.exhausted:
            before = {goal: (goal.logprob, goal.depth) for goal in graph.goals}
            improved = graph.add_step(
                target, "t", change[3], [state(c) for c in change[2]], range(len(change[2]))
            )
            changed = [g for g in graph.goals if before.get(g) != (g.logprob, g.depth)]
            assert set(changed) <= set(improved)
        graph.check()
        assert {goal: goal.status for goal in graph.goals} == brute_force(graph)
        assert [g for g in graph.goals if graph.relevant(g)] == sorted(
            graph.relevant_goals(), key=lambda g: g.order
        )
        proof = graph.proof()
        assert (proof is not None) == (graph.root.status is Status.PROVED)


@settings(max_examples=200, deadline=None)
@given(operations)
def test_without_depth_the_paths_are_the_most_probable_ones(changes: list[tuple[Any, ...]]) -> None:
    graph = Graph(state(0))
    for change in changes:
        target = graph.find(state(change[1]))
        if change[0] == "step" and target is not None:
            graph.add_step(
                target, "t", change[3], [state(c) for c in change[2]], range(len(change[2]))
            )
    weights: nx.DiGraph[int] = nx.DiGraph()
    weights.add_node(0)
    for s in graph.steps:
        for child in s.children:
            edge = (s.goal.order, child.order)
            weight = min(-s.logprob, weights.get_edge_data(*edge, {"w": math.inf})["w"])
            weights.add_edge(*edge, w=weight)
    distances = nx.single_source_dijkstra_path_length(weights, 0, weight="w")
    assert {g.order: g.logprob for g in graph.goals} == pytest.approx(
        {order: -distance for order, distance in distances.items()}
    )


def test_a_cycle_that_only_supports_itself_fails() -> None:
    graph = Graph(state("root"))
    step(graph, "root", ["a"])
    step(graph, "a", ["b"])
    step(graph, "b", ["a"])
    step(graph, "b", ["way out"])
    exhaust(graph, "root", "a", "b")
    assert graph.root.status is Status.OPEN
    exhaust(graph, "way out")
    assert {goal.status for goal in graph.goals} == {Status.FAILED}


def test_a_broken_support_is_replaced_from_outside() -> None:
    graph = Graph(state("root"))
    step(graph, "root", ["a"])
    step(graph, "a", ["b"])
    step(graph, "b", ["c", "a"])
    step(graph, "b", ["d"])
    exhaust(graph, "root", "a", "b", "c")
    assert graph.root.status is Status.OPEN
    exhaust(graph, "d")
    assert graph.root.status is Status.FAILED


def test_a_goal_proved_once_is_proved_everywhere() -> None:
    graph = Graph(state("root"))
    step(graph, "root", ["a", "b"])
    step(graph, "a", ["lemma"])
    step(graph, "b", ["lemma"])
    step(graph, "lemma", [])
    graph.check()
    assert graph.root.status is Status.PROVED


def test_a_step_that_returns_to_its_goal_proves_nothing() -> None:
    graph = Graph(state("root"))
    step(graph, "root", ["root"])
    graph.check()
    assert graph.root.status is Status.OPEN
    exhaust(graph, "root")
    assert graph.root.status is Status.FAILED


def test_goals_behind_failed_or_proved_ones_are_not_relevant() -> None:
    graph = Graph(state("root"))
    step(graph, "root", ["a", "b"])
    step(graph, "root", ["c"])
    step(graph, "a", ["below a"])
    step(graph, "c", ["below c"])
    assert graph.relevant(node(graph, "below a"))
    exhaust(graph, "b")
    assert not graph.relevant(node(graph, "below a"))
    assert graph.relevant(node(graph, "below c"))
    step(graph, "c", [])
    assert not graph.relevant(node(graph, "below c"))


def test_a_better_path_found_later_improves_a_goal_and_what_hangs_below_it() -> None:
    graph = Graph(state("root"))
    step(graph, "root", ["a"], -5.0)
    step(graph, "a", ["b"], -1.0)
    step(graph, "root", ["detour"], -1.0)
    improved = step(graph, "detour", ["a"], -1.0)
    graph.check()
    assert {goal.state.key for goal in improved} == {"a", "b"}
    assert (node(graph, "b").logprob, node(graph, "b").depth) == (-3.0, 3)
    assert not step(graph, "b", ["a"], 0.0)


def test_depth_normalisation_prefers_longer_paths_but_never_a_cycle() -> None:
    graph = Graph(state("root"), alpha=1.0)
    step(graph, "root", ["a"], -4.0)
    step(graph, "a", ["b"], 0.0)
    step(graph, "b", ["a"], 0.0)
    graph.check()
    assert graph.priority(node(graph, "b").logprob, node(graph, "b").depth) == -2.0
    step(graph, "root", ["c"], -2.0)
    step(graph, "c", ["a"], -3.0)
    graph.check()
    assert (node(graph, "a").logprob, node(graph, "a").depth) == (-5.0, 2)


def test_of_two_steps_to_the_same_goals_the_more_probable_stays() -> None:
    graph = Graph(state("root"))
    step(graph, "root", ["a", "b"], -2.0, "first")
    step(graph, "a", ["c"], -1.0)
    step(graph, "root", ["b", "a"], -1.0, "second")
    step(graph, "root", ["a", "b"], -3.0, "third")
    graph.check()
    assert [s.tactic for s in graph.root.steps] == ["second"]
    assert node(graph, "c").logprob == -2.0


def test_log_probabilities_are_clipped_to_finite_ones_of_at_most_zero() -> None:
    graph = Graph(state("root"))
    step(graph, "root", ["a"], 3.0)
    step(graph, "root", ["b"], -math.inf)
    graph.check()
    assert node(graph, "a").logprob == 0.0
    assert math.isfinite(node(graph, "b").logprob)
    with pytest.raises(ValueError, match="NaN"):
        step(graph, "root", ["c"], math.nan)
    graph.check()


def test_an_exhausted_goal_takes_no_steps() -> None:
    graph = Graph(state("root"))
    exhaust(graph, "root")
    with pytest.raises(ValueError, match="exhausted"):
        step(graph, "root", [])


def test_the_smallest_proof_is_extracted() -> None:
    graph = Graph(state("root"))
    step(graph, "root", ["long"], 0.0, "long way")
    step(graph, "long", ["longer"])
    step(graph, "longer", [])
    step(graph, "root", ["short"], -9.0, "short way")
    step(graph, "short", [])
    proof = graph.proof()
    assert proof is not None
    assert proof.tactic == "short way"
    assert len(list(proof.nodes())) == 2


def test_a_proof_is_never_cyclic() -> None:
    graph = Graph(state("root"))
    step(graph, "root", ["a"])
    step(graph, "a", ["root"])
    step(graph, "a", ["b"])
    step(graph, "b", ["a"])
    step(graph, "b", [])
    proof = graph.proof()
    assert proof is not None
    assert [p.state.key for p in proof.nodes()] == ["root", "a", "b"]


def test_banning_a_step_withdraws_what_it_proved() -> None:
    graph = Graph(state("root"))
    step(graph, "root", ["a"])
    step(graph, "a", [], tactic="wrong")
    assert graph.root.status is Status.PROVED
    graph.ban(graph.steps[-1])
    graph.check()
    assert graph.root.status is Status.OPEN
    step(graph, "a", [], tactic="right")
    graph.check()
    assert [p.tactic for p in graph.proof().nodes()] == ["t", "right"]
    graph.exhaust(node(graph, "a"))
    graph.exhaust(graph.root)
    graph.ban(graph.steps[-1])
    graph.check()
    assert graph.root.status is Status.FAILED


def test_large_graphs_need_no_recursion_and_little_time() -> None:
    size = 20_000
    graph = Graph(state(0))
    begin = time.process_time()
    for i in range(size):
        graph.add_step(graph.goals[i], "t", -0.001, [state(i + 1)], [0])
    for goal in graph.goals[:-1]:
        graph.exhaust(goal)
    assert graph.root.status is Status.OPEN
    assert graph.relevant(graph.goals[-1])
    graph.add_step(graph.goals[-1], "close", -0.001, [], [])
    proof = graph.proof()
    assert proof is not None
    assert sum(1 for _ in proof.nodes()) == size + 1
    graph.ban(graph.steps[-1])
    graph.exhaust(graph.goals[-1])
    assert graph.root.status is Status.FAILED
    assert time.process_time() - begin < 5


def test_networkx_attributes_are_plain() -> None:
    graph = Graph(state("root"))
    step(graph, "root", ["a", "a", "b"], -1.0, "intro")
    step(graph, "a", [])
    failure = Failure("tactic", "no progress" * 99, Cost(5, 0.25))
    graph.add_failure(graph.root, "simp", -2.0, failure, 1)
    plain = graph.to_networkx()
    json.dumps(nx.node_link_data(plain, edges="edges"), allow_nan=False)
    (failed,) = plain.nodes["g0"]["failed"]
    assert len(failed.pop("message")) == MESSAGE_KEPT
    costs = {"logprob": -2.0, "seconds": 0.25, "expansion": 1}
    assert failed == {"tactic": "simp", "kind": "tactic", **costs}
    assert plain.nodes["g1"]["status"] == "proved"
    assert plain.nodes["s0"]["tactic"] == "intro"
    assert set(plain.successors("s0")) == {"g1", "g2"}


def test_the_steps_of_the_proof_are_winning() -> None:
    graph = Graph(state("root"))
    step(graph, "root", ["long"], -1.0, "around")
    step(graph, "long", ["longer"])
    step(graph, "longer", [])
    step(graph, "root", ["a", "b"], -2.0, "split")
    step(graph, "a", [])
    assert winning(graph) == {"around", "t"}
    step(graph, "b", [], -1.0, "close")
    assert winning(graph) == {"around", "t"}, "as many steps, and earlier ones"
    graph.ban(graph.steps[1])
    assert winning(graph) == {"split", "t", "close"}
    graph.ban(graph.steps[-1])
    assert winning(graph) == set()


def winning(graph: Graph) -> set[str]:
    nodes = graph.to_networkx().nodes.values()
    return {node["tactic"] for node in nodes if node.get("winning")}
