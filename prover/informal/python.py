"""Python programs that a model wrote, run apart from everything.

One process with one thread that reads no file but Python's own library and sympy's, writes none,
reaches no network, and is ended at its limits. Where these cannot be had, nothing is run.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import platform
import re
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prover.errors import ProverError
from prover.lean import sandbox
from prover.lean.process import die_with_parent, end

SECONDS = 10.0
MEMORY_MB = 1024
OUTPUT = 2**16
"""What a program may take: seconds of wall time and of the processor, memory, bytes of output."""

MOST_WORK = 3_600
"""Seconds of the processor that a worker takes in all."""

_START = (
    "import sys; sys.path += sys.argv[1:]; text = sys.stdin.read(); "
    "exec(compile(text, '<program>', 'exec'), {'__name__': '__main__'})"
)
_REFUSED = re.compile(
    r"PermissionError|not permitted|can't start new thread|BlockingIOError|File too large"
)


class PythonUnavailable(ProverError):
    """Programs of a model cannot be kept apart here, so they are not run. The message says why."""

    hint = "Answer without programs, or on Linux 6.2 or later with Landlock."


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program printed, and in `stopped` why it did not come to its end, or failed."""

    output: str
    stopped: str = ""


def unavailable() -> str:
    """Why programs cannot be run here; empty where they can."""
    if sys.platform != "linux":
        return "it is no Linux"
    if why := sandbox.unavailable():
        return why
    if platform.machine() not in sandbox.LONE_CALLS:
        return f"the system calls of {platform.machine()} are not known"
    if sandbox.abi() < 3:
        return f"its Landlock is version {sandbox.abi()}, which cannot keep files from being cut"
    return ""


async def run_python(
    program: str,
    *,
    seconds: float = SECONDS,
    memory_mb: int = MEMORY_MB,
    output: int = OUTPUT,
) -> Ran:
    """Runs a program under limits.

    Raises:
        PythonUnavailable: its limits cannot be had on this machine.
    """
    if why := unavailable():
        raise PythonUnavailable(f"a model's Python programs cannot be run apart here: {why}")
    process = await _start(_START, ("sympy",), seconds + 1, memory_mb, apart=True)
    try:
        async with asyncio.timeout(seconds):
            return await _finish(process, program, output, memory_mb)
    except TimeoutError:
        return Ran("", f"it ran longer than {seconds:g} s")
    finally:
        await end(process)


class Worker:
    """A Python process for work on texts that a model wrote, kept between requests: lines of JSON to
    it, each with a line of JSON back. It is apart where that can be had, and ended when an answer
    takes too long; the next request starts another."""

    def __init__(self, program: str, packages: tuple[str, ...], seconds: float = SECONDS) -> None:
        self._program = program
        self._packages = packages
        self._seconds = seconds
        self._process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()

    async def ask(self, request: object) -> object | None:
        """The answer to a request; None if there was none in time."""
        async with self._lock:
            try:
                if self._process is None:
                    apart = not unavailable()
                    self._process = await _start(
                        self._program, self._packages, MOST_WORK, MEMORY_MB, apart=apart
                    )
                process = self._process
                assert process.stdin is not None and process.stdout is not None
                async with asyncio.timeout(self._seconds):
                    process.stdin.write(json.dumps(request).encode() + b"\n")
                    await process.stdin.drain()
                    line = await process.stdout.readline()
                answer: object = json.loads(line)
                return answer
            except (TimeoutError, ConnectionError, ValueError):
                await self.aclose()
                return None
            except BaseException:
                await self.aclose()
                raise

    async def aclose(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await end(process)


async def _start(
    code: str, packages: tuple[str, ...], seconds: float, memory_mb: int, *, apart: bool
) -> asyncio.subprocess.Process:
    """Python with some code, which finds these packages in the folders that are its arguments."""
    python = Path(os.path.realpath(sys.executable))
    found = [importlib.util.find_spec(name) for name in packages]
    specs = [Path(spec.origin).parent.parent for spec in found if spec and spec.origin]
    folders = tuple(dict.fromkeys(specs))
    with contextlib.ExitStack() as stack:
        unix: dict[str, Any] = {}
        if apart and sys.platform != "win32":
            import resource

            library = Path(sysconfig.get_path("stdlib"))
            may = sandbox.Sandbox(read=(library, *folders), execute=(python,), alone=True)
            enter = stack.enter_context(may.entrance())
            limits = {
                resource.RLIMIT_CPU: int(seconds) + 1,
                resource.RLIMIT_AS: memory_mb * 2**20,
                resource.RLIMIT_FSIZE: 0,
                resource.RLIMIT_NOFILE: 64,
            }

            def prepare() -> None:
                die_with_parent()
                enter()  # opens a file, so before few may be open: the parent may have many
                for which, most in limits.items():
                    hard = resource.getrlimit(which)[1]
                    lower = most if hard == resource.RLIM_INFINITY else min(most, hard)
                    resource.setrlimit(which, (lower, lower))

            unix = {"start_new_session": True, "preexec_fn": prepare}
        try:
            return await asyncio.create_subprocess_exec(
                str(python),
                *("-I", "-S", "-B", "-X", "utf8", "-c", code, *map(str, folders)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE if apart else asyncio.subprocess.DEVNULL,
                env={**({} if apart else os.environ), "LC_ALL": "C.UTF-8"},
                cwd="/" if apart else None,
                **unix,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise PythonUnavailable(f"a Python process cannot be started apart: {error}") from None


async def _finish(
    process: asyncio.subprocess.Process, program: str, output: int, memory_mb: int
) -> Ran:
    assert process.stdin is not None
    said, errors = asyncio.gather(_read(process.stdout, output), _read(process.stderr, output)), b""
    try:
        process.stdin.write(program.encode(errors="replace"))
        process.stdin.close()
        printed, errors = await said
    except _TooMuch:
        return Ran("", f"it printed more than {output >> 10} kB")
    except ConnectionError:
        said.cancel()
        return Ran("", "it did not start")
    code = await process.wait()
    text = printed.decode(errors="replace").strip()
    if code == 0:
        return Ran(text, "" if text else "it printed nothing")
    words = errors.decode(errors="replace").strip().split("\n")[-1][:300]
    if "MemoryError" in words or (not words and code == -9):
        return Ran(text, f"it took more than {memory_mb} MB of memory")
    if _REFUSED.search(words):
        return Ran(text, f"it may use no files, network, threads or other processes: {words}")
    return Ran(text, f"it failed: {words or f'exit code {code}'}")


class _TooMuch(Exception):
    """A program printed more than it may."""


async def _read(stream: asyncio.StreamReader | None, most: int) -> bytes:
    assert stream is not None
    found = b""
    while block := await stream.read(2**14):
        found += block
        if len(found) > most:
            raise _TooMuch
    return found
