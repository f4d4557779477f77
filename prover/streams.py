"""The standard streams, as a command in a pipeline needs them. This module loads at once."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO

from prover.errors import ProverError

NAMES = ("standard input", "standard output", "standard error")


def open_streams() -> None:
    """Opens those that are closed on the null device, so that no file or pipe that is opened later
    is taken for one of them, and lets readers go away. `sys.stdin` stays None if it was closed."""
    for number in range(len(NAMES)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
            os.set_inheritable(number, True)
    sys.stdout = _writer(sys.stdout, 1)
    sys.stderr = _writer(sys.stderr, 2)


class Pipe(io.FileIO):
    """A stream that swallows what is written once its reader is gone, as after `| head -1`: the
    command does its work and ends with the exit code of that."""

    def __init__(self, number: int) -> None:
        super().__init__(number, "wb", closefd=False)
        self._gone = False

    def write(self, data: Any) -> int:
        if not self._gone:
            try:
                return super().write(data)
            except OSError as error:
                self._gone = True
                if self.fileno() == 1 and not isinstance(error, BrokenPipeError):
                    raise ProverError(f"cannot write to {NAMES[1]}: {error.strerror}") from error
        return memoryview(data).nbytes


def _writer(stream: TextIO | None, number: int) -> TextIO:
    """The stream, which also writes what its encoding does not have."""
    if stream is not None and stream.isatty():
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
        return stream
    unbuffered = getattr(stream, "write_through", False)
    return io.TextIOWrapper(
        Pipe(number) if unbuffered else io.BufferedWriter(Pipe(number)),
        encoding=stream.encoding if stream else "utf-8",
        errors="backslashreplace",
        line_buffering=number == 2,
        write_through=unbuffered,
    )
