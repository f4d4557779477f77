"""Whether work takes time in proportion to its size."""

import time
from collections.abc import Callable

SLACK = 0.1
"""Seconds by which what else the machine does may disturb a measurement."""


def grows_linearly(work: Callable[[int], object], size: int) -> bool:
    """Whether work on the double size computes at most three times as long. Quadratic work, which
    does so four times as long, is found out if it takes a second."""
    return _seconds(work, 2 * size) <= 3 * _seconds(work, size) + SLACK


def _seconds(work: Callable[[int], object], size: int) -> float:
    """The least of three measurements, in seconds of this thread's own computing."""
    times = []
    for _ in range(3):
        begin = time.thread_time()
        work(size)
        times.append(time.thread_time() - begin)
    return min(times)
