"""The widget of the live tree, without a browser: what it keeps, answers and leaves in a notebook."""

from typing import Any

import pytest

from prover.errors import ProverError
from tests.render.graphs import grown, plain
from tests.render.reading import harmless

tree = pytest.importorskip("prover.notebook.tree")

WIDGET = "application/vnd.jupyter.widget-view+json"


def send(widget: Any, content: object) -> None:
    """A message as it comes from a browser."""
    data = {"method": "custom", "content": content}
    widget._handle_msg({"content": {"data": data}, "buffers": []})


def test_a_saved_notebook_has_the_static_tree_beside_the_live_one() -> None:
    widget = tree.Tree(plain(grown(40)))
    data, _ = widget._repr_mimebundle_()
    assert set(data) == {WIDGET, "text/html", "text/plain"}
    assert "rw [lemma_0_0]" in harmless(data["text/html"]).text
    widget.graph = plain(grown(80, seed=3))
    assert f"{len(widget.graph['nodes'])} nodes" in widget._repr_mimebundle_()[0]["text/plain"]


def test_an_empty_tree_can_be_displayed() -> None:
    data, _ = tree.Tree()._repr_mimebundle_()
    assert WIDGET in data and "text/html" not in data


def test_requests_reach_who_answers_them() -> None:
    asked: list[dict[str, Any]] = []

    def answer(request: dict[str, Any]) -> None:
        assert widget.answer == ""
        asked.append(request)
        widget.answer = {"text": "as you like", "tactics": ["simp"]}

    widget = tree.Tree(plain(grown(40)), answer)
    send(widget, {"do": "run", "goal": "g1", "tactic": "simp", "more": 1})
    send(widget, {"do": "prove", "goal": "g2", "tactic": "simp"})
    assert asked == [
        {"do": "run", "goal": "g1", "tactic": "simp"},
        {"do": "prove", "goal": "g2"},
    ]
    assert widget.answer["text"] == "as you like"


@pytest.mark.parametrize(
    "message",
    [
        "run",
        None,
        {},
        {"do": "run", "goal": "s0", "tactic": "simp"},
        {"do": "run", "goal": "g999", "tactic": "simp"},
        {"do": "run", "goal": ["g0"], "tactic": "simp"},
        {"do": ["run"], "goal": "g0"},
        {"do": "erase", "goal": "g0"},
    ],
)
def test_what_is_no_request_is_left_alone(message: object) -> None:
    asked: list[object] = []
    widget = tree.Tree(plain(grown(40)), asked.append)
    send(widget, message)
    assert asked == []


def test_what_cannot_be_done_is_the_answer() -> None:
    def refuse(request: dict[str, Any]) -> None:
        raise ProverError("the engine has ended", "run the cell again")

    widget = tree.Tree(plain(grown(40)), refuse)
    send(widget, {"do": "suggest", "goal": "g0"})
    assert widget.answer == "the engine has ended\nrun the cell again"
    widget = tree.Tree(plain(grown(40)))
    send(widget, {"do": "suggest", "goal": "g0"})
    assert "read from a file" in widget.answer
