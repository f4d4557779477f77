"""A real engine process for tests, in a runtime folder of its own."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

import psutil

from prover.serve import process
from prover.serve.client import Client, where

T = TypeVar("T")

ROOT = Path(__file__).parents[2]


class Resident:
    """The engine of a runtime folder: `prover serve` in the foreground, on a port too."""

    def __init__(self, runtime: Path) -> None:
        self.runtime = runtime
        self.environment = {
            **os.environ,
            "PROVER_RUNTIME": str(runtime),
            "PYTHONPATH": str(ROOT),
            "NO_COLOR": "1",
            "TERM": "dumb",
            "COLUMNS": "200",
        }
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        """Starts the engine and waits until it listens."""
        started = self.command("serve", "--port", "0", *options)
        self._processes.append(started)
        end = time.monotonic() + 30
        while (found := process.find(self.runtime)) is None or found.pid != started.pid:
            assert started.poll() is None, started.communicate()
            assert time.monotonic() < end
            time.sleep(0.02)
        return started

    def command(self, *args: str, cwd: Path | None = None) -> subprocess.Popen[bytes]:
        """Starts a command of the prover beside the engine."""
        return subprocess.Popen(
            [sys.executable, "-m", "prover", *args],
            cwd=cwd or self.runtime,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, *args: str, cwd: Path | None = None) -> tuple[int, str, str]:
        """Exit code, standard output and standard error of a command."""
        started = self.command(*args, cwd=cwd)
        try:
            out, err = started.communicate(timeout=120)
        finally:
            started.kill()
        return started.returncode, out.decode(), err.decode()

    @property
    def endpoint(self) -> process.Endpoint:
        found = process.find(self.runtime)
        assert found is not None
        return found

    def kill(self) -> None:
        """Kills the engine that runs, whoever started it."""
        found = process.find(self.runtime)
        if found is not None and process.runs(found):
            os.kill(found.pid, signal.SIGKILL)
            psutil.wait_procs([psutil.Process(found.pid)] if process.runs(found) else [], 10)

    def close(self) -> None:
        """Ends what runs in this folder."""
        for started in self._processes:
            if started.poll() is None:
                started.send_signal(signal.SIGTERM)
            started.communicate(timeout=30)
        self.kill()


def ask(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def call(method: str, body: Mapping[str, Any], client: Client | None = None) -> dict[str, Any]:
    """One request with a client that starts no engine."""
    return ask((client or Client(start=False)).call(method, body))


def here(folder: Path, **more: Any) -> dict[str, Any]:
    return where(folder, lean="embedded", model="none", **more)


def without_times(text: str) -> str:
    """What a command prints, without what depends on the clock, or on what a process has done before:
    a warm one elaborates with fewer heartbeats."""
    text = re.sub(r"\d+\.\d+ s\b", "… s", text)
    text = re.sub(r"\b\d+ heartbeats", "… heartbeats", text)
    return re.sub(r'("(?:heartbeats|seconds|generating|verifying)"): [\d.e-]+', r"\1: 0", text)


def plain(value: Any) -> Any:
    """JSON without what depends on the clock: times, and what was spent beside a disproof."""
    read = json.loads(without_times(json.dumps(value, ensure_ascii=False)))
    for one in read:
        if one.get("outcome") == "disproved":
            del one["spent"]
    return read
