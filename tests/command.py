"""The `prover` command, in the process of the tests."""

import signal
from dataclasses import dataclass

import pytest
from typer.testing import CliRunner

from prover.cli import main


@dataclass(frozen=True)
class Done:
    """How a command ended: `code` is 0 where it returned."""

    code: object
    out: str
    err: str

    def __repr__(self) -> str:
        return f"exit code {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"


def command(*args: str, stdin: str = "") -> Done:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        with CliRunner().isolation(stdin) as (out, err, _):
            with pytest.raises(SystemExit) as ended:
                main(args)
            return Done(ended.value.code or 0, out.getvalue().decode(), err.getvalue().decode())
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])
