"""Ctrl-C and SIGTERM. This module loads at once: they may come while everything else still loads."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import NoReturn


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM. Not KeyboardInterrupt, of which libraries and Python itself make their own."""


def on_signals(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    """What both do from now on."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """The handler that raises Interrupted."""
    raise Interrupted
