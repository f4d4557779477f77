"""The resident process: where it is, how it is started and stopped, and what it does on the way.

Each version of the package has a process of its own, so that none that runs is ever taken for another.
What is known of it stands in the user's runtime folder: `engine-BUILD.json`, beside its socket, its
locks and its log. The folder is the user's alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import secrets
import stat
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from prover.errors import ProverError, WrongUse
from prover.files import write_file
from prover.serve.schema import ServeError, Where

LONGEST_SOCKET_PATH = 100
"""Bytes. Longer ones do not fit into the address of a Unix socket everywhere."""

WANTED = "PROVER_ENGINE_BUILD"
"""The variable that tells an engine for which version of the package it is started."""

DECIDING = ("LEAN", "LAKE", "ELAN", "PROVER_CACHE", "PROVER_LEAN", "OPENAI_", "HF_", "CUDA_")

LOG_BYTES, LOGS = 2**20, 2

IDLE_SECONDS = 30 * 60.0
"""After this long without a request an engine that was started in the background ends."""


class StartFailed(ServeError):
    """The resident engine did not come up. The message has what it said."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A resident engine: how to reach it, and what it is. `socket` is the path of its Unix socket,
    None where there are none; `port` is on 127.0.0.1. `programs` is what decides which Lean it finds
    (see `programs`)."""

    pid: int
    build: str
    socket: str | None
    port: int | None
    token: str
    programs: str
    log: str


def runtime_folder(*, make: bool = True) -> Path:
    """The folder of the engine's files, made if need be; with `make` false, it may not be there.

    Raises:
        ServeError: it is not the user's alone, or cannot be made.
    """
    given = os.environ.get("PROVER_RUNTIME")
    folder = Path(given).absolute() if given else _user_folder()
    try:
        if make:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = folder.lstat()
    except FileNotFoundError:
        return folder
    except OSError as error:
        raise ServeError(
            f"cannot make the folder {folder}: {error.strerror}",
            "set PROVER_RUNTIME to another one",
        ) from None
    if sys.platform != "win32" and (
        not stat.S_ISDIR(found.st_mode)
        or found.st_uid != os.getuid()
        or stat.S_IMODE(found.st_mode) & 0o077
    ):
        raise ServeError(
            f"the folder {folder} is open to other users: no engine is looked for there",
            f"chmod 700 {folder}, if it is yours; or set PROVER_RUNTIME to another one",
        )
    return folder


def _user_folder() -> Path:
    from platformdirs import user_cache_dir, user_runtime_dir

    with warnings.catch_warnings():  # where there is no such folder, another one is named
        warnings.simplefilter("ignore")
        folder = Path(user_runtime_dir("prover"))
    if os.access(folder if folder.exists() else folder.parent, os.W_OK):
        return folder
    return Path(user_cache_dir("prover")) / "run"


@cache
def build() -> str:
    """What tells this version of the package from others: a hash of its files' times and sizes."""
    root = Path(__file__).parents[2]
    places = [root / "prover", root / "search", root / "lean_project"]
    found: list[str] = []
    while places:
        with contextlib.suppress(OSError), os.scandir(places.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "__pycache__":
                        places.append(Path(entry.path))
                elif entry.name.endswith((".py", ".lean", ".cjs")):
                    info = entry.stat()
                    found.append(f"{entry.path} {info.st_mtime_ns} {info.st_size}")
    return hashlib.sha256("\n".join([sys.prefix, *sorted(found)]).encode()).hexdigest()[:12]


def programs() -> str:
    """A hash of what in the environment decides which Lean and which model there are: an engine that
    was started with another one may give other answers."""
    from shutil import which

    names = [name for name in os.environ if name.startswith(DECIDING)]
    values = [f"{name}={os.environ[name]}" for name in sorted(names)]
    found = [*values, which("lean") or "", which("lake") or "", str(Path.home())]
    return hashlib.sha256("\n".join(found).encode(errors="surrogateescape")).hexdigest()


def find(folder: Path | None = None, wanted: str | None = None) -> Endpoint | None:
    """The engine of this version, as far as the files tell; it may have died. Raises as
    `runtime_folder`."""
    path = (folder or runtime_folder(make=False)) / f"engine-{wanted or build()}.json"
    try:
        return Endpoint(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def find_all() -> list[Endpoint]:
    """The engines of all versions whose files are there."""
    folder = runtime_folder(make=False)
    names = [path.stem.removeprefix("engine-") for path in sorted(folder.glob("engine-*.json"))]
    return [found for name in names if (found := find(folder, name)) is not None]


def runs(endpoint: Endpoint) -> bool:
    """Whether the process of an engine is there."""
    import psutil

    try:
        return bool(psutil.Process(endpoint.pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


async def start(answers: Callable[[], Any], wait: float) -> None:
    """Starts an engine of this version, detached, and waits until it `answers` (a coroutine function
    that says so). Of two that do this at once, one starts it.

    Raises:
        StartFailed: it did not come up in time; the message has what it printed.
    """
    from filelock import FileLock, Timeout

    folder = runtime_folder()
    end = time.monotonic() + wait
    lock = FileLock(folder / "start.lock")
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            if time.monotonic() > end:
                raise StartFailed(f"no engine came up within {wait:.0f} s") from None
            await asyncio.sleep(0.05)
    try:
        if await answers():
            return
        said = folder / f"start-{build()}.txt"
        child = _spawn(folder, said)
        while time.monotonic() < end:
            if await answers():
                return
            if child.poll() == -9:  # somebody kills it
                child = _spawn(folder, said)
            elif child.returncode is not None:
                lines = _read(said).strip().splitlines()[-8:]
                what = "\n".join(lines) or f"exit code {child.returncode}"
                raise StartFailed(f"the engine did not start: {what}")
            await asyncio.sleep(0.02)
        child.kill()
        raise StartFailed(f"the engine did not start within {wait:.0f} s")
    finally:
        lock.release()


def _spawn(folder: Path, said: Path) -> subprocess.Popen[bytes]:
    """An engine of its own, whose standard error goes to a file."""
    with _writable(said) as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "prover", "serve", "--resident"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=output,
            cwd=folder,
            env={**os.environ, **_source_tree(), WANTED: build()},
            **_detached(),
        )
    threading.Thread(target=child.wait, daemon=True).start()  # whenever that is, it is buried
    return child


def _source_tree() -> dict[str, str]:
    """What lets a process in another folder import this package where it is not installed."""
    root = Path(__file__).parents[2]
    if not (root / "pyproject.toml").exists():
        return {}
    paths = [str(root), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


def _detached() -> dict[str, Any]:
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS
        return {"creationflags": flags}
    return {"start_new_session": True}


def _writable(path: Path) -> Any:
    try:
        return path.open("wb")
    except OSError:
        return contextlib.nullcontext(subprocess.DEVNULL)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""


async def serve(
    *,
    port: int | None = None,
    lean: str = "auto",
    patience: float | None = None,
    tell: Callable[[str], None],
) -> None:
    """Is the engine of this version until it is stopped, or, with `patience`, nobody has asked anything
    for so many seconds. `port` is one on 127.0.0.1 that it listens on too; 0 takes a free one. `lean`
    is that of requests which name no place (Kimina's).

    Raises:
        WrongUse: one runs already, the port cannot be had, or it is started for another version.
    """
    import uvicorn
    from filelock import FileLock, Timeout

    from prover.serve.server import Service, create_app

    if os.environ.get(WANTED, build()) != build():
        raise WrongUse(
            "the package has changed since the program that asks was started",
            "start that program (the editor, the notebook) again",
        )
    folder = runtime_folder()
    lock = FileLock(folder / f"engine-{build()}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise WrongUse(
            "an engine of this version runs already", "`prover engine stop` ends it"
        ) from None
    file = folder / f"engine-{build()}.json"
    try:
        keep_log(folder / "engine.log")
        sockets, path, number = _listen(folder, port)
        token = secrets.token_urlsafe(24)
        service = Service(token, _version(), Where(str(Path.cwd()), lean), tell=tell)
        service.patience = patience if patience is not None else float("inf")
        config = uvicorn.Config(
            create_app(service),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=5,
        )
        server = _server(config)
        listening = asyncio.create_task(server.serve(sockets))
        while not (server.started or listening.done()):
            await asyncio.sleep(0.005)
        here = Endpoint(
            os.getpid(), build(), path, number, token, programs(), str(folder / "engine.log")
        )
        _publish(file, here)
        await _retire_others(here)
        at = [*([path] if path else []), *([f"http://127.0.0.1:{number}"] if number else [])]
        service.say(f"listening on {', '.join(at)} (pid {os.getpid()})")
        try:
            await service.look_after()
        finally:
            file.unlink(missing_ok=True)
            await service.close()
            server.should_exit = True
            await asyncio.gather(listening, return_exceptions=True)
            if path is not None:
                Path(path).unlink(missing_ok=True)
    finally:
        lock.release()


def _server(config: Any) -> Any:
    import uvicorn

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Any:  # they are the command's
            yield

    return Server(config)


def _listen(folder: Path, port: int | None) -> tuple[list[Any], str | None, int | None]:
    import socket

    sockets: list[socket.socket] = []
    path = folder / f"engine-{build()}.sock"
    unix = sys.platform != "win32" and len(os.fsencode(path)) <= LONGEST_SOCKET_PATH
    if sys.platform != "win32" and unix:
        path.unlink(missing_ok=True)  # of one that died: the lock says that none runs
        own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        own.bind(str(path))
        path.chmod(0o600)
        sockets.append(own)
    number = None
    if port is not None or not unix:
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if sys.platform != "win32":
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tcp.bind(("127.0.0.1", port or 0))
        except OSError as error:
            raise WrongUse(f"--port {port}: {error.strerror}") from None
        number = tcp.getsockname()[1]
        sockets.append(tcp)
    for one in sockets:
        one.setblocking(False)
    return sockets, str(path) if unix else None, number


def _publish(file: Path, here: Endpoint) -> None:
    write_file(file, json.dumps(asdict(here)))
    file.chmod(0o600)


async def _retire_others(here: Endpoint) -> None:
    """Has engines of other versions end as soon as nobody works with them."""
    from prover.serve.client import ask

    for other in find_all():
        if other.build != here.build:
            with contextlib.suppress(ProverError):
                await ask(other, "stop", {"now": False})


def keep_log(path: Path) -> None:
    """Writes what the package logs into a file that does not grow without end. What cannot be written
    is dropped: a full disk does not stop an engine."""
    import logging
    from logging.handlers import RotatingFileHandler

    log = logging.getLogger("prover")
    log.setLevel(logging.INFO)
    log.propagate = False
    logging.raiseExceptions = False
    try:
        handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOGS, encoding="utf-8")
    except OSError:
        log.addHandler(logging.NullHandler())
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(message)s"))
    log.addHandler(handler)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("prover")
    except PackageNotFoundError:
        return ""
