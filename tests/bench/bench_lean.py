"""Speed and memory of Lean behind the prover, as a table.

    python tests/bench/bench_lean.py            # a few minutes
    python tests/bench/bench_lean.py --quick    # fewer repetitions

Every ratio compares figures of this one run. Nothing here passes or fails.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import psutil

from prover.api import Prover, Settings
from prover.lean import embedded
from prover.lean.pool import LeanPool
from prover.lean.toolchain import find_lean
from prover.lean.warmup import session
from search.interfaces import Progress, State

SMALL = "theorem small (a b : Nat) (h : a = b) : b = a := by sorry"
QUICK_TACTICS = ["exact h.symm", "rfl", "intro x", "subst h", "simp at h"]


def drop_file_cache() -> bool:
    """Empties the operating system's file cache, where that is allowed."""
    try:
        os.sync()
        Path("/proc/sys/vm/drop_caches").write_text("3")
    except OSError:
        return False
    return True


def seconds_of_command() -> float:
    """Wall time of the whole `prover prove` command on an easy theorem."""
    begin = time.monotonic()
    command = [sys.executable, "-m", "prover", "prove", "theorem t : 2 + 2 = 4", "-j", "1"]
    subprocess.run(command, check=True, capture_output=True)
    return time.monotonic() - begin


async def seconds_to_ready() -> tuple[float, float, float]:
    """From nothing to a ready Lean; then a first and a second theorem in the same run."""
    begin = time.monotonic()
    async with Prover(Settings(jobs=1)) as prover:
        ready = time.monotonic()
        await prover.prove("theorem one (p q : Prop) (hp : p) (hq : q) : p ∧ q")
        first = time.monotonic()
        await prover.prove("theorem two (a b c : Nat) : a + b + c = c + b + a")
        return ready - begin, first - ready, time.monotonic() - first


async def quick_state(pool: LeanPool) -> State:
    return (await pool.elaborate("", SMALL)).holes[0].state


async def throughput(pool: LeanPool, repetitions: int) -> tuple[float, float, float, float]:
    """Tactics a second inside the gym and through Python, the median of a tactic in the gym and of
    what Python adds to it, in milliseconds."""
    state = await quick_state(pool)
    for tactic in QUICK_TACTICS * 40:
        await run_and_release(pool, state, tactic)
    inside: list[float] = []
    outside: list[float] = []
    for tactic in QUICK_TACTICS * repetitions:
        begin = time.perf_counter()
        outcome = await pool.run(state, tactic)
        outside.append(time.perf_counter() - begin)
        inside.append(outcome.cost.seconds)
        if isinstance(outcome, Progress):
            pool.release(outcome.children)
    added = statistics.median(o - i for o, i in zip(outside, inside, strict=True))
    return (
        len(inside) / sum(inside),
        len(outside) / sum(outside),
        statistics.median(inside) * 1e3,
        added * 1e3,
    )


async def run_and_release(pool: LeanPool, state: State, tactic: str) -> None:
    outcome = await pool.run(state, tactic)
    if isinstance(outcome, Progress):
        pool.release(outcome.children)


async def recovery(pool: LeanPool) -> float:
    """From the kill of a worker to the next answer on one of its states."""
    state = await quick_state(pool)
    outcome = await pool.run(state, "subst h")
    assert isinstance(outcome, Progress)
    begin = time.monotonic()
    psutil.Process(pool.pids[0]).kill()
    await pool.run(outcome.children[0], "rfl")
    return time.monotonic() - begin


async def growth(pool: LeanPool, tactics: int) -> tuple[float, float]:
    """Resident memory of the worker before and after many tactics with states freed, in MB."""
    state = await quick_state(pool)
    for tactic in QUICK_TACTICS * 200:
        await run_and_release(pool, state, tactic)
    process = psutil.Process(pool.pids[0])
    before = process.memory_info().rss / 2**20
    for number in range(tactics):
        await run_and_release(pool, state, QUICK_TACTICS[number % len(QUICK_TACTICS)])
    return before, process.memory_info().rss / 2**20


def seconds_of_session(lean: embedded.EmbeddedLean) -> float:
    """What a gym computes, in all its threads, for 120 requests about a file of programs."""
    lines = session(Path(__file__).parents[1] / "engine" / "Programs.lean").splitlines(True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = lean.start_command("Gym")
    subprocess.run(command, input="".join(lines[:121]), text=True, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def with_and_without_code() -> tuple[float, float]:
    """The same with the code that setup has kept, and without."""
    lean = embedded.ensure()
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "gym"
        shutil.copytree(lean.gym, bare, ignore=shutil.ignore_patterns("*.code"))
        return seconds_of_session(lean), seconds_of_session(replace(lean, gym=bare))


async def main(quick: bool) -> None:
    rows: list[tuple[str, str]] = []
    lean = find_lean(Path.cwd(), "embedded")
    if drop_file_cache():
        rows.append(
            ("`prover prove` on an easy theorem, cold file cache", f"{seconds_of_command():.1f} s")
        )
    rows.append(("`prover prove` on an easy theorem, warm", f"{seconds_of_command():.1f} s"))
    cold = drop_file_cache()
    ready, first, second = await seconds_to_ready()
    if cold:
        rows.append(("to a ready Lean, cold file cache", f"{ready:.1f} s"))
        ready, first, second = await seconds_to_ready()
    rows.append(("to a ready Lean, warm", f"{ready:.1f} s"))
    rows.append(("first theorem after that", f"{first:.2f} s"))
    rows.append(("second theorem in the same run", f"{second:.2f} s"))
    async with LeanPool(lean, workers=1) as pool:
        inside, outside, median, added = await throughput(pool, 40 if quick else 200)
        rows.append(("quick tactics, inside the gym", f"{inside:.0f} /s"))
        rows.append(("quick tactics, through Python", f"{outside:.0f} /s"))
        rows.append(("through Python ÷ inside the gym", f"{outside / inside:.2f}"))
        rows.append(("median of a quick tactic", f"{median:.2f} ms"))
        rows.append(("median that Python adds", f"{added:.2f} ms"))
        count = 1_000 if quick else 10_000
        before, after = await growth(pool, count)
        rows.append((f"memory before {count:,} tactics, states freed", f"{before:.0f} MB"))
        rows.append(("memory after ÷ before", f"{after / before:.2f}"))
        rows.append(("from a killed worker to the next answer", f"{await recovery(pool):.1f} s"))
        rows.append(("peak memory of a worker", f"{pool.peak_memory_mb:.0f} MB"))
    kept, bare = with_and_without_code()
    rows.append(("120 requests about programs, computing", f"{kept:.1f} s"))
    rows.append(("with the kept code ÷ without", f"{kept / bare:.2f}"))
    width = max(len(name) for name, _ in rows)
    print(
        f"Lean {lean.version} ({lean.kind}), {os.cpu_count()} cores, Python {sys.version.split()[0]}"
    )
    print(f"| {'what':<{width}} | figure |\n| {'-' * width} | ------ |")
    for name, figure in rows:
        print(f"| {name:<{width}} | {figure} |")


if __name__ == "__main__":
    asyncio.run(main("--quick" in sys.argv))
