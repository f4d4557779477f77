"""The live tree of a search in a notebook, with the static one always beside it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

import anywidget
import traitlets

from prover.errors import ProverError
from prover.render import tree_html

KINDS = ("run", "suggest", "premises", "prove")


class Tree(anywidget.AnyWidget):
    """A search that is drawn while it grows, and can be asked about.

    `graph` is the search as a trace has it; setting it again redraws what has changed. `selected` is the
    name of the goal that was clicked last (`g12`). Requests of the browser go to `on_ask`:
    `{"do": "run", "goal": "g12", "tactic": "simp"}`, or `suggest`, `premises`, or `prove` (resume the
    search there). What it says to them is put into `answer`: a text, or `{"text": …, "tactics": […]}`
    whose tactics are offered as buttons. A `ProverError` of `on_ask` becomes the answer.

    A saved notebook shows the search as it was when it was last displayed. Jupyter shows a widget that
    is no longer there as an error and nothing else of the same output, so in IPython the static tree
    is an output of its own, which the live one hides: its class is `saved`.
    """

    _esm = files("prover.render").joinpath("tree.mjs").read_text("utf-8")
    graph = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode().tag(sync=True)
    answer = traitlets.Any("").tag(sync=True)
    saved = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        graph: Mapping[str, Any] | None = None,
        on_ask: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        saved = f"prover-saved-{secrets.token_hex(8)}"
        super().__init__(graph=dict(graph or {}), saved=saved)
        self.on_ask = on_ask
        self.on_msg(self._asked)

    def _asked(self, _: object, message: object, __: object) -> None:
        request = self._read(message)
        if request is None:
            return
        self.answer = ""
        if self.on_ask is None:
            self.answer = "This search cannot be asked: it was read from a file."
            return
        try:
            self.on_ask(request)
        except ProverError as error:
            self.answer = "\n".join(filter(None, [error.message, error.hint]))

    def _read(self, message: object) -> dict[str, Any] | None:
        """A request of the browser, None for what is none."""
        if not isinstance(message, dict) or message.get("do") not in KINDS:
            return None
        goals = {node["id"] for node in self.graph.get("nodes", ()) if node["kind"] == "goal"}
        if message.get("goal") not in goals:
            return None
        request = {"do": message["do"], "goal": message["goal"]}
        if request["do"] == "run":
            request["tactic"] = str(message.get("tactic", ""))
        return request

    def _ipython_display_(self) -> None:
        from IPython.display import display

        show: Callable[..., object] = display
        data, metadata = self._repr_mimebundle_()
        html = data.pop("text/html", None)
        show(data, metadata=metadata, raw=True)
        if html is not None:
            show({"text/html": f'<div class="{self.saved}">{html}</div>'}, raw=True)

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        data["text/plain"] = f"the tree of a search, {len(self.graph.get('nodes', ()))} nodes"
        if self.graph:
            data["text/html"] = tree_html(self.graph)
        return data, metadata
