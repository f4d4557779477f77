"""The static tree: what is open and what is folded, large graphs, and texts of somebody else."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.render import page, tree_html
from prover.render.text import clean
from search.graph import Graph
from search.interfaces import Cost, Failure
from tests.render.graphs import chain, grown, hostile, plain, state, trusted
from tests.render.reading import Seen, harmless

NASTY = "<script>alert('&amp;')</script> \"quoted\" </details></code></pre><!-- -->"


def searched() -> Graph:
    graph = Graph(state("root", "p q : Prop\n⊢ p ∧ q"))
    graph.add_step(graph.root, "constructor", -0.5, [state("l", "⊢ p"), state("r", "⊢ q")], [0, 1])
    graph.add_step(graph.root, "apply wrong", -0.1, [state("w", "⊢ False")], [0])
    graph.add_failure(graph.root, "simp", -0.2, Failure("tactic", "no progress", Cost(0, 0.25)), 1)
    for name in ("l", "r"):
        goal = graph.find(state(name))
        assert goal is not None
        graph.add_step(goal, f"exact h{name}", -1.5, [], [], cost=Cost(0, 2.5))
    return graph


def test_the_proof_is_open_and_all_else_is_folded() -> None:
    seen = harmless(tree_html(plain(searched()) | {"graph": {"name": "both"}}))
    tactics = ["constructor", "exact hl", "exact hr"]
    assert [text for text in seen.bold if text in (*tactics, "apply wrong")] == tactics
    places = [seen.visible.index(text) for text in ("both", "⊢ p ∧ q", *tactics)]
    assert places == sorted(places)
    for folded in ("apply wrong", "⊢ False", "no progress", "p q : Prop"):
        assert folded in seen.text and folded not in seen.visible, folded
    assert "also tried: 1 that ran, 1 that failed" in seen.visible
    assert "4 goals, 4 tactics that ran, 1 that failed" in seen.visible
    for figure in ("−0.50", "2.5 s", "250 ms", "tactic: no progress", "leaves nothing"):
        assert figure in seen.text, figure


def test_without_a_proof_what_failed_is_folded() -> None:
    graph = searched()
    for step in graph.steps[2:]:
        graph.ban(step)
    for goal in graph.goals[1:3]:
        graph.exhaust(goal)
    seen = harmless(tree_html(plain(graph)))
    assert "apply wrong" in seen.visible and "⊢ False" in seen.visible, "the only one that is left"
    assert "exact hl" in seen.text and "constructor" not in seen.visible
    graph.exhaust(graph.goals[3])
    graph.exhaust(graph.root)
    seen = harmless(tree_html(plain(graph)))
    assert "apply wrong" in seen.visible and "constructor" in seen.visible
    assert "⊢ False" in seen.text and "⊢ False" not in seen.visible


def test_a_goal_says_where_it_is_false() -> None:
    graph = searched()
    graph.goals[1].counterexample, graph.goals[3].counterexample = "n = 3", ""
    assert "false at n = 3" in (seen := harmless(tree_html(plain(graph)))).text
    assert seen.text.count("false at") == 1 and "· false" in seen.text


def test_a_search_that_has_just_begun_is_drawn() -> None:
    assert "⊢ True" in harmless(tree_html(plain(Graph(state("root", "⊢ True"))))).visible


def test_a_goal_is_drawn_once_also_on_a_cycle() -> None:
    graph = Graph(state("root", "⊢ root"))
    graph.add_step(graph.root, "there", -1.0, [state("a", "⊢ a")], [0])
    graph.add_step(graph.goals[1], "back", -1.0, [state("root")], [0])
    graph.add_step(graph.root, "twice", -2.0, [state("a"), state("b", "⊢ b")], [0, 1])
    seen = harmless(tree_html(plain(graph)))
    assert seen.text.count("back") == 1
    assert seen.text.count("drawn above") == 2


def test_a_goal_of_the_proof_is_drawn_there_although_others_lead_to_it() -> None:
    graph = Graph(state("root", "⊢ root"))
    graph.add_step(graph.root, "split", -1.0, [state("l", "⊢ l"), state("r", "⊢ r")], [0, 1])
    left, right = graph.goals[1:]
    graph.add_step(left, "aside", -0.1, [state("m", "⊢ m"), state("n", "⊢ n")], [0, 1])
    graph.add_step(graph.goals[3], "into", -0.1, [state("b", "⊢ b")], [0])
    graph.add_step(left, "left", -1.0, [], [])
    graph.add_step(right, "second", -1.0, [state("b")], [0])
    graph.add_step(graph.goals[5], "third", -1.0, [], [])
    seen = harmless(tree_html(plain(graph)))
    tactics = [text for text in seen.bold if not text.startswith("⊢")]
    assert tactics == ["split", "left", "second", "third"]
    assert all(tactic in seen.visible for tactic in tactics)
    assert seen.text.count("drawn in the proof") == 1


def test_an_older_trace_is_drawn_too() -> None:
    graph = plain(searched())
    for node in graph["nodes"]:
        for key in ("winning", "failed", "seconds", "expansion"):
            node.pop(key, None)
    assert "constructor" in harmless(tree_html(graph)).visible


def test_thousands_of_nodes_are_drawn_in_less_than_two_seconds() -> None:
    graph = trusted(grown(5_000))
    assert len(graph["nodes"]) >= 5_000
    begin = time.thread_time()
    drawn = tree_html(graph)
    assert time.thread_time() - begin < 2.0
    seen = harmless(drawn)
    assert seen.deepest < 400
    for node in graph["nodes"]:
        if node.get("winning"):
            assert node["tactic"] in seen.visible


def test_of_a_huge_graph_the_proof_is_drawn_and_what_is_left_out_is_told() -> None:
    graph = trusted(grown(100_000))
    begin = time.thread_time()
    drawn = tree_html(graph)
    assert time.thread_time() - begin < 10.0
    assert len(drawn) < 4_000_000
    seen = harmless(drawn)
    assert "goals not drawn, the trace has all" in seen.visible
    for node in graph["nodes"]:
        if node.get("winning"):
            assert node["tactic"] in seen.visible


def folded_chain(length: int) -> dict[str, Any]:
    """A chain of which nothing is proved, with a dead end at each goal."""
    graph = Graph(state(0))
    for n in range(length):
        goal = graph.goals[n]
        graph.add_step(goal, f"step {n}", -0.001, [state(n + 1)], [0])
    for n in range(length):
        goal = graph.goals[n]
        assert goal is graph.find(state(n))
        graph.add_step(goal, "aside", -1.0, [state(f"dead {n}")], [0])
    return trusted(graph)


@pytest.mark.parametrize("make", [lambda: trusted(chain(2_000)), lambda: folded_chain(1_000)])
def test_long_ways_do_not_nest_without_end(make: Callable[[], dict[str, Any]]) -> None:
    seen = harmless(tree_html(make()))
    assert seen.deepest < 400
    assert "step 50" in seen.text


def test_a_goal_with_hundreds_of_tactics_is_drawn() -> None:
    graph = Graph(state("root"))
    for n in range(400):
        graph.add_step(graph.root, f"exact h{n}", -float(n), [state(n)], [0])
        graph.add_failure(graph.root, f"bad {n}", -float(n), Failure("tactic", "no"))
    seen = harmless(tree_html(trusted(graph)))
    assert "exact h299" in seen.text and "exact h300" not in seen.text
    assert "100 more that ran are not drawn" in seen.text
    assert "bad 19" in seen.text and "bad 20" not in seen.text
    assert "380 more are not drawn" in seen.text


@given(st.text(), st.text(min_size=1), st.text())
def test_texts_of_somebody_else_are_shown_and_nothing_more(
    pp: str, tactic: str, message: str
) -> None:
    seen = harmless(tree_html(hostile(NASTY + pp, NASTY + tactic, NASTY + message)))
    shown = clean(seen.text).replace("\r", "\n")
    for text in (pp, tactic, message):
        for line in clean(NASTY + text).replace("\r", "\n").split("\n")[:1]:
            assert line[:150].rstrip() in shown


def test_a_page_is_whole_and_needs_nothing() -> None:
    text = page(NASTY, tree_html(hostile(NASTY, NASTY, NASTY)))
    seen = Seen(text)
    assert text.startswith("<!DOCTYPE html>")
    assert not seen.tags & {"script", "link", "img", "iframe"}
    assert seen.attributes <= {"class", "open", "lang", "charset", "name", "content"}
    assert "http" not in text and "url(" not in text and "@import" not in text
