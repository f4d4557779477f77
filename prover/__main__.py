"""The entry point of the `prover` command."""

from __future__ import annotations

import signal
import sys

from prover.interrupt import Interrupted, interrupt, on_signals


def main() -> None:
    on_signals(interrupt)
    try:
        from prover.cli import main as command

        command()
    except Interrupted:
        on_signals(signal.SIG_IGN)
        print("interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
