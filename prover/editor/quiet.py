"""A server that an editor starts has nothing to say on its standard streams but the protocol."""

from __future__ import annotations

import io
import logging
import sys
from pathlib import Path

from prover.serve.process import keep_log, runtime_folder
from prover.serve.schema import ServeError

log = logging.getLogger("prover.editor")


class _ToLog(io.TextIOBase):
    """A stream whose lines are logged."""

    def write(self, text: str) -> int:
        if text.strip():
            log.warning("%s", text.rstrip())
        return len(text)


def be_quiet() -> Path | None:
    """From now on, what Python or a library prints goes to a log, as all that is logged does. Editors
    show whatever a server writes on standard error as a failure.

    Returns:
        The log; None if it cannot be had, and what is logged is dropped.
    """
    sys.stdout = sys.stderr = _ToLog()
    logging.captureWarnings(True)
    try:
        path = runtime_folder() / "editor.log"
    except ServeError:
        logging.getLogger("prover").addHandler(logging.NullHandler())
        return None
    keep_log(path)
    return path
