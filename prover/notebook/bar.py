"""Where a search stands, shown while it takes longer than a moment."""

from __future__ import annotations

import html
import shutil
import sys
import time
from collections.abc import Mapping
from typing import Any

from prover.engine.options import Progress
from search.budget import Budget

PATIENCE_SECONDS = 2.0
"""What takes less shows no bar."""

DRAW_SECONDS = 0.25

SHOWN = 3
"""How many searches are shown, the latest."""


class Bar:
    """Expansions, goals, best score and budget of the searches of one call: a line on the standard
    error of a terminal, an output that is drawn again and again in a notebook, nothing elsewhere."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._begin = time.monotonic()
        self._drawn = 0.0
        self._status = "starting the engine"
        self._ending = "done"
        self._progress: dict[str, Progress] = {}
        self._handle: Any = None
        self._line = False

    def told(self, progress: Progress) -> None:
        self._progress.pop(progress.name, None)
        self._progress[progress.name] = progress

    def setting_up(self, step: str, done: float) -> None:
        self._status = f"setting up the embedded Lean (once): {step} {done:.0%}"

    def ready(self, version: str, why: str) -> None:
        self._status = f"Lean {version} is ready ({why})"

    def draw(self, *, ending: bool = False) -> None:
        now = time.monotonic()
        if now - self._begin < PATIENCE_SECONDS or now - self._drawn < DRAW_SECONDS:
            return
        self._drawn = now
        last = list(self._progress.values())[-SHOWN:]
        status = "ending: once more drops what it has" if ending else self._status
        lines = [f"{now - self._begin:.1f} s  {status}", *map(self._said, last)]
        if in_notebook():
            self._show(lines, [self._share(one) for one in last])
        elif sys.stderr is not None and sys.stderr.isatty():
            self._write(lines[-1] if last and not ending else lines[0])

    def heard(self, event: Mapping[str, Any]) -> None:
        """What an engine tells while it works."""
        if "setup" in event:
            self.setting_up(event["setup"], event["done"])
        elif "lean" in event:
            self.ready(event["lean"], event["why"])

    def ended(self, how: str) -> None:
        self._ending = how

    def close(self) -> None:
        """Leaves a line in a notebook that had a bar: how it ended."""
        if self._handle is not None:
            self._show([f"{time.monotonic() - self._begin:.1f} s  {self._ending}"], [])
        elif self._line:
            self._write("")

    def _said(self, progress: Progress) -> str:
        spent, budget = progress.spent, self._budget
        best = "" if progress.best is None else f", best score {progress.best:.2f}"
        return (
            f"{progress.name}: {_of(spent.expansions, budget.expansions)} expansions, "
            f"{spent.tactics} tactics, {progress.solved} goals solved, {progress.open_goals} open"
            f"{best}, {_of(round(spent.seconds), budget.seconds)} s"
        )

    def _share(self, progress: Progress) -> float:
        """How much of the budget is spent, at most 1."""
        spent, budget = progress.spent, self._budget
        pairs = [(spent.expansions, budget.expansions), (spent.seconds, budget.seconds)]
        return min(1.0, max((used / most for used, most in pairs if most), default=0.0))

    def _show(self, lines: list[str], shares: list[float]) -> None:
        from IPython.display import display

        bundle = {"text/plain": "\n".join(lines), "text/html": _html(lines, shares)}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(bundle, raw=True)

    def _write(self, line: str) -> None:
        from prover.terminal import err

        width = shutil.get_terminal_size().columns
        sys.stderr.write(f"\r\x1b[K{err.harmless(line)[: width - 1]}")
        sys.stderr.flush()
        self._line = True


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    return getattr(_shell(), "kernel", None) is not None


def is_interactive() -> bool:
    """Whether this process is IPython, in a notebook or in a terminal."""
    return _shell() is not None


def _shell() -> Any:
    module = sys.modules.get("IPython")
    return None if module is None else module.get_ipython()


def _of(used: float, most: float | None) -> str:
    return f"{used:g}" if most is None else f"{used:g} of {most:g}"


def _html(lines: list[str], shares: list[float]) -> str:
    first, *rest = map(html.escape, lines)
    rows = [f"<div>{first}</div>"]
    for line, share in zip(rest, shares, strict=True):
        rows.append(
            f"<div>{line}</div>"
            '<div style="height:4px;border-radius:2px;background:rgba(128,128,128,.3)">'
            f'<div style="height:4px;border-radius:2px;width:{share:.1%};background:#4a7bd0"></div>'
            "</div>"
        )
    style = "font-family:monospace;font-size:90%;max-width:60em"
    return f'<div style="{style}">{"".join(rows)}</div>'
