"""How soon the command has its first tactic run by a warm engine, from the shell; and how long it takes.

python tests/bench/bench_serve.py [RUNS]
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time

from prover.serve import process
from prover.serve.client import ask, connect

STATEMENT = "theorem t (a b : Nat) : a + b = b + a"


async def tactics(endpoint: process.Endpoint) -> int:
    status = await ask(endpoint, "status", {})
    return sum(one["tactics"] for one in status["engines"])


async def command() -> asyncio.subprocess.Process:
    args = [sys.executable, "-m", "prover", "prove", STATEMENT, "--model", "none"]
    none = asyncio.subprocess.DEVNULL
    return await asyncio.create_subprocess_exec(*args, stdout=none, stderr=none)


async def measure(endpoint: process.Endpoint) -> tuple[float, float]:
    """Seconds from the start of a command to its first tactic, and to its end."""
    before = await tactics(endpoint)
    begin = time.perf_counter()
    started = await command()
    while await tactics(endpoint) == before:
        await asyncio.sleep(0.01)
    first = time.perf_counter() - begin
    await started.wait()
    return first, time.perf_counter() - begin


async def main(runs: int) -> None:
    client = await connect()
    endpoint = await client.endpoint()
    await (await command()).wait()  # Lean is warm from now on
    found = [await measure(endpoint) for _ in range(runs)]
    for what, times in zip(("first tactic", "verdict"), zip(*found, strict=True), strict=True):
        print(f"{what}: median {statistics.median(times):.3f} s, worst {max(times):.3f} s")
    await client.call("stop", {"now": True})


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PROVER_RUNTIME"] = folder
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10))
