"""The entry point of the `prover` command."""

from __future__ import annotations

import os
import signal
import sys

from prover.interrupt import Interrupted, interrupt, on_signals, raise_again
from prover.streams import open_streams


def main() -> None:
    open_streams()
    on_signals(interrupt)
    raise_again()
    try:
        from prover.cli import main as command

        command()
    except Interrupted:
        on_signals(signal.SIG_IGN)
        print("interrupted", file=sys.stderr)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(130)  # at once, even if a thread still loads a model


if __name__ == "__main__":
    main()
