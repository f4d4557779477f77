"""The live tree in a page, with a model as anywidget gives one: what is set in the page is kept, what
is sent is noted."""

import base64
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from tests.render.browser import Browser

MODEL = """
class Model {
  constructor(state) { this.state = state; this.listeners = {}; this.sent = []; this.saved = 0; }
  get(name) { return this.state[name]; }
  set(name, value) {
    if (this.state[name] === value) return;
    this.state[name] = value;
    for (const listener of this.listeners[`change:${name}`] ?? []) listener();
  }
  on(event, listener) { (this.listeners[event] ??= []).push(listener); }
  off(event, listener) {
    this.listeners[event] = this.listeners[event].filter((one) => one !== listener);
  }
  save_changes() { this.saved++; }
  send(message) { this.sent.push(message); }
}
"""
PAGE = """<!DOCTYPE html><meta charset="utf-8"><style>
:root { color-scheme: light dark; } body { margin: 12px; color: CanvasText; background: Canvas; }
</style><div id="here"></div><div class="kept">saved</div>"""


def show_live(browser: Browser, graph: Mapping[str, Any], **look: Any) -> None:
    """Draws a graph; `model` is then its model in the page, and `close` takes the view away."""
    module = files("prover.render").joinpath("tree.mjs").read_bytes()
    source = "data:text/javascript;base64," + base64.b64encode(module).decode()
    browser.show(PAGE, **look)
    browser.run(f"""(async () => {{
      {MODEL}
      const {{ default: widget }} = await import({json.dumps(source)});
      window.model = new Model({{ graph: {json.dumps(graph)}, selected: "", answer: "", saved: "kept" }});
      window.close = widget.render({{ model, el: document.getElementById("here") }});
    }})()""")
