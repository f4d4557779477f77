"""One Lean process, a gym or a judge, that answers one request at a time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from prover.errors import LeanFailed
from prover.lean.limits import Limits
from prover.lean.sandbox import LIBC
from prover.lean.toolchain import Launch, Lean

SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)

MAX_REPLY = 64 * 2**20
"""The longest answer that is read, in bytes. A process that writes more is killed."""

MAX_NOISE = 16 * 2**20
"""How much that is no answer, in bytes, a process may print during a request."""

MAX_SCRATCH = 2**30
"""How much a process in the sandbox may keep in its scratch folder, in bytes."""

MAX_PROCESSES = 64
"""How many processes a gym may consist of: one, and what its tactics start (`bv_decide`)."""

OUT_OF_MEMORY = 137
"""Exit code of the embedded Lean."""

LAST_WORDS_SECONDS = 2.0

WATCH_SECONDS = 0.25
"""How often a process that has been asked something is looked at."""

IDLE_WATCH_SECONDS = 2.0
"""How long one that has not been asked anything is left alone: it may still compute."""

KILLED_TRIES = 16


class GymDied(LeanFailed):
    """The process ended before it answered. `kind` is `timeout`, `memory`, `recursion` (its stack
    overflowed) or `crash`; `killed` is a crash by SIGKILL, from outside of the prover."""

    def __init__(self, kind: str, message: str, *, killed: bool = False) -> None:
        super().__init__(kind, message)
        self.killed = killed

    @property
    def tries(self) -> int:
        """How often it is worth asking the same: what crashed twice will again, and what somebody
        kills need not."""
        return KILLED_TRIES if self.killed else 2


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the gym: its fields, or a kind of failure with a message."""

    ok: bool
    kind: str
    message: str
    heartbeats: int
    seconds: float
    fields: dict[str, Any]


class GymProcess:
    """A running gym, or judge. Requests go one after the other; one that outlives its deadline kills the
    process and everything it started, and every state it held is gone with it.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        word: str,
        limits: Limits,
        scratch: tempfile.TemporaryDirectory[str],
        alone: bool,
    ) -> None:
        """`alone` says that it cannot start other processes."""
        self._process = process
        self._alone = alone
        self._word = word.encode()
        self._limits = limits
        self._scratch = scratch
        self._lock = asyncio.Lock()
        self._busy = asyncio.Event()
        self._last_id = 0
        self._noise = 0
        self._death: GymDied | None = None
        self._watch = asyncio.create_task(self._watch_resources())
        self._listen = asyncio.create_task(self._keep_last_words())
        self._last_words = b""
        self.version = ""
        self.peak_memory_mb = 0.0

    @classmethod
    async def start(cls, lean: Lean, limits: Limits, program: str = "Gym") -> GymProcess:
        """Starts `Gym` or `Judge` and waits until it is ready.

        It marks its answers with a word that it reads first: what a proof prints, or what it
        reads of the command line, does not help to forge one.

        Raises:
            GymDied: it does not start; the message holds what it printed.
        """
        word = f"gym-{secrets.token_hex(8)}"
        scratch = tempfile.TemporaryDirectory(prefix="prover-", ignore_cleanup_errors=True)
        try:
            process = await spawn(lean.start_command(program), Path(scratch.name))
        except BaseException:
            scratch.cleanup()
            raise
        gym = cls(process, word, limits, scratch, alone=lean.embedded is not None)
        gym._busy.set()
        try:
            async with asyncio.timeout(limits.start_seconds):
                await gym._write(word)
                hello = await gym._read(0)
        except BaseException as error:
            gym.kill()
            await gym.close()
            if isinstance(error, TimeoutError):
                seconds = f"{limits.start_seconds:.0f} s"
                raise GymDied("timeout", f"Lean did not start within {seconds}") from None
            if isinstance(error, GymDied):
                message = f"Lean did not start: {error}"
                raise GymDied(error.kind, message, killed=error.killed) from None
            raise
        finally:
            gym._busy.clear()
        gym.version = str(hello["version"])
        return gym

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._death is None and self._process.returncode is None

    async def request(self, seconds: float, **command: Any) -> Reply:
        """Sends one command and waits at most `seconds` for its answer.

        Raises:
            GymDied: the process died, or was killed for its time or its memory.
        """
        async with self._lock:
            if self._death is not None:
                raise self._death
            self._last_id += 1
            self._noise = 0
            command["id"] = self._last_id
            self._busy.set()
            try:
                async with asyncio.timeout(seconds):
                    await self._send(command)
                    fields = await self._read(self._last_id)
            except TimeoutError:
                self.kill("timeout", f"no answer within {seconds:g} s")
                raise self._death from None  # type: ignore[misc]
            except GymDied as died:
                self.kill(died.kind, str(died), killed=died.killed)
                raise self._death from None  # type: ignore[misc]
            except asyncio.CancelledError:
                self.kill("crash", "the request was cancelled")
                raise
            finally:
                self._busy.clear()
        return Reply(
            ok=fields["ok"],
            kind=fields.get("kind", ""),
            message=fields.get("message", ""),
            heartbeats=fields["heartbeats"],
            seconds=fields["us"] / 1e6,
            fields=fields,
        )

    def kill(
        self,
        kind: str = "crash",
        message: str = "the process was stopped",
        *,
        killed: bool = False,
    ) -> None:
        """Kills the process with its children. Later requests raise `GymDied`; `close` waits for the
        end, without which asyncio complains when its loop closes first.
        """
        if self._death is None:
            self._death = GymDied(kind, message, killed=killed)
        self._watch.cancel()
        kill_family(self._process.pid)
        self._scratch.cleanup()

    async def close(self) -> None:
        """Stops the process and waits for its end."""
        if self.alive and not self._lock.locked():
            with contextlib.suppress(ConnectionError, RuntimeError):
                await self._send({"id": -1, "cmd": "stop"})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._process.wait()
        self.kill()
        await end(self._process)

    async def _send(self, command: dict[str, Any]) -> None:
        await self._write(json.dumps(command, ensure_ascii=False))

    async def _write(self, line: str) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(line.encode() + b"\n")
            await stdin.drain()
        except (ConnectionError, RuntimeError) as error:
            raise await self._end() from error

    async def _read(self, wanted: int) -> dict[str, Any]:
        """Reads lines until the answer with this id. Everything else on the pipe is noise."""
        stdout = self._process.stdout
        assert stdout is not None
        while True:
            try:
                line = await stdout.readline()
            except ValueError:
                raise GymDied("memory", f"an answer of over {MAX_REPLY >> 20} MB") from None
            if not line:
                raise await self._end()
            if not line.startswith(self._word):
                self._count_noise(len(line))
                continue
            fields: dict[str, Any] = json.loads(line[len(self._word) :])
            if fields["id"] == wanted:
                return fields

    async def _end(self) -> GymDied:
        """Why the pipe to the process is closed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await asyncio.wait([self._listen])
                await self._process.wait()
        if self._death is not None:
            return self._death
        text = self._last_words.decode(errors="replace").strip()
        if self._process.returncode == OUT_OF_MEMORY or "out of memory" in text:
            return GymDied("memory", "Lean ran out of memory")
        if "Stack overflow" in text:
            return GymDied("recursion", "Lean ran out of stack")
        code = self._process.returncode
        how = f"killed by signal {-code}" if code and code < 0 else f"exit code {code}"
        killed = sys.platform != "win32" and code == -signal.SIGKILL
        return GymDied("crash", text or f"the Lean process died ({how})", killed=killed)

    def _count_noise(self, size: int) -> None:
        self._noise += size
        if self._noise > MAX_NOISE:
            raise GymDied("crash", f"Lean printed over {MAX_NOISE >> 20} MB that are no answer")

    async def _watch_resources(self) -> None:
        try:
            leader = psutil.Process(self._process.pid)
        except psutil.Error:  # it has ended
            return
        while True:
            family = [leader] if self._alone else _CENSUS.family(leader.pid)
            used = 0
            for process in family:
                with contextlib.suppress(psutil.Error):
                    used += process.memory_info().rss
            megabytes = used / 2**20
            self.peak_memory_mb = max(self.peak_memory_mb, megabytes)
            if megabytes > self._limits.memory_mb:
                self.kill("memory", f"over {self._limits.memory_mb} MB of memory")
                return
            if len(family) > MAX_PROCESSES:
                self.kill("crash", f"over {MAX_PROCESSES} processes")
                return
            if _size(Path(self._scratch.name)) > MAX_SCRATCH:
                self.kill("crash", f"over {MAX_SCRATCH >> 20} MB of temporary files")
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(IDLE_WATCH_SECONDS):
                    await self._busy.wait()
            await asyncio.sleep(WATCH_SECONDS)

    async def _keep_last_words(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None
        while text := await stderr.read(2**16):
            self._last_words = (self._last_words + text)[-2000:]
            try:
                self._count_noise(len(text))
            except GymDied as died:
                self.kill(died.kind, str(died))
                return


async def spawn(launch: Launch, scratch: Path) -> asyncio.subprocess.Process:
    """Starts a process that leads a group of its own and, on Linux, dies with this one. In a sandbox
    it can write into `scratch` and keeps its temporary files there.

    Raises:
        GymDied: it does not start, or cannot enter its sandbox.
    """
    environment = launch.environment
    with contextlib.ExitStack() as stack:
        enter: Callable[[], None] | None = None
        if launch.sandbox is not None:
            environment = {**environment, "TMPDIR": str(scratch)}
            inside = replace(launch.sandbox, write=(*launch.sandbox.write, scratch))
            enter = stack.enter_context(inside.entrance())

        def prepare() -> None:
            die_with_parent()
            if enter is not None:
                enter()

        apart: dict[str, Any]
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        else:
            apart = {"start_new_session": True, "preexec_fn": prepare}
        try:
            return await asyncio.create_subprocess_exec(
                *launch.argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=environment,
                cwd=launch.folder,
                limit=MAX_REPLY,
                **apart,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise GymDied("crash", f"Lean did not start: {error}") from error


def kill_family(pid: int) -> None:
    """Kills the leader of a group, the group, and all that descends from it."""
    for process in _Census().family(pid):
        with contextlib.suppress(psutil.Error):
            process.kill()
    if sys.platform != "win32":  # which has no groups to kill
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


class _Census:
    """Who has started whom, of all processes of the machine. To count them costs milliseconds: one
    count serves all that ask within `lasts` seconds."""

    def __init__(self, lasts: float = 0.0) -> None:
        self._lasts = lasts
        self._taken = -math.inf
        self._children: dict[int, list[psutil.Process]] = {}

    def family(self, pid: int) -> list[psutil.Process]:
        """A process, what it has started, and what that has; nothing if it has ended."""
        if time.monotonic() - self._taken > self._lasts:
            self._children = defaultdict(list)
            for process in psutil.process_iter(["ppid", "create_time"]):
                self._children[process.info["ppid"]].append(process)
            self._taken = time.monotonic()
        try:
            found = [psutil.Process(pid)]
        except psutil.Error:
            return []
        for parent in found:
            found += [
                process
                for process in self._children.get(parent.pid, [])
                if process.create_time() >= parent.create_time()  # Windows gives numbers again
                and process not in found
            ]
        return found


_CENSUS = _Census(lasts=WATCH_SECONDS / 2)


def _size(folder: Path) -> int:
    """Bytes in a folder that has no folders."""
    total = 0
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                total += entry.stat(follow_symlinks=False).st_size
    return total


async def exited(process: asyncio.subprocess.Process) -> int:
    """The exit code of a process, once it has one. Its own `wait` also waits for what it has started,
    where that holds its pipes."""
    while process.returncode is None:
        await asyncio.sleep(0.05)
    return process.returncode


async def end(process: asyncio.subprocess.Process) -> None:
    """Kills a process with its children and waits for its end. Its pipes are closed first: asyncio
    counts a process as ended when they are read to their ends, which nobody may do any more."""
    kill_family(process.pid)
    transport: asyncio.SubprocessTransport = process._transport  # type: ignore[attr-defined]
    for descriptor in range(3):
        if pipe := transport.get_pipe_transport(descriptor):
            pipe.close()
    await process.wait()
    transport.close()
    await asyncio.sleep(0)


def die_with_parent() -> None:
    """Has Linux kill this process when its parent dies, however that happens: a Lean that is busy
    would not notice that its input has ended."""
    if sys.platform == "linux" and LIBC is not None:
        LIBC.prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
