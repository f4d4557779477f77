"""What the proxy adds to the time from a request of an editor to its answer.

    python tests/bench/bench_proxy.py                    # 2,000 requests of each kind
    python tests/bench/bench_proxy.py --requests 200

A server that sends every message back is asked directly and through the proxy, in turn, so that both
have the same machine at the same time; the figures are round trips, which pass the proxy twice. Nothing
here passes or fails.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.editor.talk import PROXY
from tests.editor.traffic import URI, edited, message, notification, opened, request

ECHO = """
import os
while data := os.read(0, 65536):
    while data:
        data = data[os.write(1, data):]
"""
PIPE = 2**16  # bytes that a pipe holds
LINES = 2_000
FILE = "".join(f"theorem t{n} (𝔸 : Prop) (h : 𝔸) : 𝔸 := h\n" for n in range(LINES))


@contextmanager
def server(*before: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [*before, sys.executable, "-c", ECHO]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    try:
        trip(process, message(opened(FILE)))
        yield process
    finally:
        process.kill()
        process.communicate()


def trip(process: subprocess.Popen[bytes], data: bytes) -> float:
    """Seconds until a message is back."""
    assert process.stdin is not None and process.stdout is not None
    begin = time.perf_counter()
    writer = None
    if len(data) > PIPE:
        writer = threading.Thread(target=process.stdin.write, args=(data,))
        writer.start()
    else:
        process.stdin.write(data)
    back = b""
    while len(back) < len(data):
        back += process.stdout.read(65_536)
    took = time.perf_counter() - begin
    if writer is not None:
        writer.join()
    assert back == data
    return took


def kinds() -> dict[str, list[bytes]]:
    at = {"textDocument": {"uri": URI}, "position": {"line": 1_000, "character": 20}}
    tokens = {"jsonrpc": "2.0", "id": 3, "result": {"data": [*range(5_000)]}}
    found = [{"range": {}, "message": "unsolved goals", "severity": 1}] * 100
    return {
        "a request ($/lean/plainGoal)": [message(request(1, "$/lean/plainGoal", at))],
        "semantic tokens, 29 kB": [message(tokens)],
        "100 diagnostics": [
            message(
                notification("textDocument/publishDiagnostics", {"uri": URI, "diagnostics": found})
            )
        ],
        f"a change in a file of {LINES:,} lines": [
            message(edited(number, 1_000, 0, 1, "t")) for number in (2, 3)
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=2_000)
    given = parser.parse_args()
    print("| message | direct, median | through the proxy | added: median | 99 of 100 |")
    print("| --- | --- | --- | --- | --- |")
    with server() as direct, server(*PROXY) as behind:
        for name, messages in kinds().items():
            took: dict[bool, list[float]] = {False: [], True: []}
            for number in range(given.requests):
                for proxied, process in ((False, direct), (True, behind)):
                    took[proxied].append(trip(process, messages[number % len(messages)]))
            plain, passed = (sorted(took[proxied]) for proxied in (False, True))
            last = int(given.requests * 0.99)
            figures = (
                statistics.median(plain),
                statistics.median(passed),
                statistics.median(passed) - statistics.median(plain),
                passed[last] - plain[last],
            )
            print(f"| {name} | {' | '.join(f'{1000 * figure:.2f} ms' for figure in figures)} |")


if __name__ == "__main__":
    main()
