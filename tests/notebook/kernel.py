"""A real kernel of Jupyter, which is told what a notebook's frontend tells one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from jupyter_client.manager import KernelManager

ROOT = Path(__file__).parents[2]
SECONDS = 300.0


@dataclass
class Outputs:
    """What a cell has put out."""

    messages: list[dict[str, Any]] = field(default_factory=list)

    def shown(self) -> list[dict[str, Any]]:
        """What a saved notebook has: what is displayed, as it was at last."""
        last = {
            message["content"]["transient"]["display_id"]: message["content"]
            for message in self.messages
            if message["content"].get("transient", {}).get("display_id")
        }
        kinds = ("stream", "display_data", "execute_result")
        found = [m["content"] for m in self.messages if m["msg_type"] in kinds]
        return [last.get(one.get("transient", {}).get("display_id"), one) for one in found]

    @property
    def bundles(self) -> list[dict[str, Any]]:
        return [one["data"] for one in self.shown() if "data" in one]

    @property
    def text(self) -> str:
        """Streams, and what is displayed as text, without the bar of a search."""
        return "".join(
            one["text"] if "text" in one else one["data"].get("text/plain", "") + "\n"
            for one in self.shown()
            if not one.get("transient", {}).get("display_id")
        )

    @property
    def html(self) -> str:
        return "\n".join(bundle.get("text/html", "") for bundle in self.bundles)

    @property
    def error(self) -> str | None:
        """Its error, as it is shown."""
        found = [m["content"] for m in self.messages if m["msg_type"] == "error"]
        return "\n".join(found[-1]["traceback"]) if found else None


class Kernel:
    """Use it as a context manager."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._manager = KernelManager(kernel_name="python3")
        self._folder = folder
        self._environment = {**os.environ, **environment, "PYTHONPATH": str(ROOT)}

    def __enter__(self) -> Self:
        self._manager.start_kernel(cwd=str(self._folder), env=self._environment)
        self._client = self._manager.blocking_client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def begin(self, code: str, cell: str | None = None) -> str:
        """Runs a cell; gives the id of the request. `cell` is the id of the cell in its notebook."""
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        metadata = {} if cell is None else {"cellId": cell}
        message = self._client.session.msg("execute_request", content, metadata=metadata)
        self._client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def end(
        self, request: str, when: Callable[[Outputs], object] | None = None, then: Any = None
    ) -> Outputs:
        """What a cell puts out until it is done. Once `when` says so of what there is, `then` is
        called."""
        outputs = Outputs()
        end = time.monotonic() + SECONDS
        while True:
            message = self._client.get_iopub_msg(timeout=max(0.1, end - time.monotonic()))
            if message["parent_header"].get("msg_id") != request:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return outputs
            outputs.messages.append(message)
            if when is not None and when(outputs):
                when = None
                then()

    def run(self, code: str, cell: str | None = None) -> Outputs:
        return self.end(self.begin(code, cell))

    def interrupt(self) -> None:
        """Presses the stop button."""
        self._manager.interrupt_kernel()

    def restart(self) -> None:
        self._manager.restart_kernel(now=True)
        self._client.wait_for_ready(timeout=SECONDS)

    def custom(self, model: str, content: Mapping[str, Any]) -> None:
        """Sends a message of the browser to a widget."""
        data = {"method": "custom", "content": dict(content)}
        message = self._client.session.msg("comm_msg", {"comm_id": model, "data": data})
        self._client.shell_channel.send(message)
