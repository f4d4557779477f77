"""Finds a Lean: the one of the user's project, the one on PATH, or the embedded one."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from prover.lean import embedded, mathlib, sandbox
from prover.lean.embedded import EmbeddedLean, Progress, SetupError, source_of
from prover.lean.sandbox import Sandbox

__all__ = [
    "Launch",
    "Lean",
    "Native",
    "Progress",
    "SetupError",
    "find_lean",
    "source_of",
    "source_text",
]

PROJECT_FILES = ("lean-toolchain", "lakefile.toml", "lakefile.lean")
RELEASE = 1_000_000  # a release sorts after its own candidates

Version = tuple[int, int, int, int]
"""Major, minor, patch and the number of the release candidate (-1 for `-pre` and nightlies)."""

VERSION_SECONDS = 120.0  # elan may be fetching the toolchain of the project

HUGE_PAGES = "glibc.malloc.hugetlb=1"
"""The embedded Lean begins with reading 300 MB: with large pages, where Linux has them, it is there in
0.55 s in the place of 0.62, the judge in 0.28 in the place of 0.38 (medians of 15)."""

KEPT_VARIABLES = {
    *("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    *("SYSTEMROOT", "USERPROFILE", "TEMP", "TMP"),  # Windows starts few programs without them
}


@dataclass(frozen=True)
class Launch:
    """How to start a process. Where `sandbox` is None it runs without one."""

    argv: list[str]
    environment: dict[str, str]
    folder: Path
    sandbox: Sandbox | None = None


@dataclass(frozen=True)
class Native:
    """A native Lean without the programs that choose it (elan, lake).

    `environment` is the user's without what is none of Lean's business, secrets above all, and
    with what `lake env` adds for the project.
    """

    toolchain: Path
    environment: dict[str, str]
    root: Path | None

    def launch(self, argv: list[str], folder: Path, read: tuple[Path, ...] = ()) -> Launch:
        """Starts a program of this Lean in the sandbox, where the machine has one.

        It can read the toolchain, the project, the folders that modules are imported from and
        `read`; it can execute what the toolchain and the project's `.lake` hold.
        """
        if sandbox.abi() == 0:
            return Launch(argv, self.environment, folder)
        imported = self.environment.get("LEAN_PATH", "").split(os.pathsep)
        paths = [*read, *(folder / path for path in imported if path)]
        execute = [self.toolchain]
        if self.root is not None:
            execute.append(self.root / ".lake")
            if not Path.home().is_relative_to(self.root):  # a project that is all of home
                paths.append(self.root)
        return Launch(argv, self.environment, folder, Sandbox(tuple(paths), tuple(execute)))


@dataclass(frozen=True)
class Lean:
    """A Lean that was found, and why this one."""

    kind: Literal["project", "path", "embedded"]
    version: str
    commit: str
    why: str
    root: Path | None = None
    """The folder of the project."""
    prefix: tuple[str, ...] = ()
    """The command line of a native Lean up to its arguments."""
    embedded: EmbeddedLean | None = None
    native: Native | None = field(default=None, hash=False)

    def start_command(self, program: str) -> Launch:
        """How to start `Gym` or `Judge`. The embedded Lean comes with a sandbox of its own."""
        if self.embedded is not None:
            variables = {"GLIBC_TUNABLES": HUGE_PAGES, **os.environ}
            variables.pop("NODE_OPTIONS", None)
            return Launch(self.embedded.start_command(program), variables, self.embedded.folder)
        assert self.native is not None
        source = native_source(program, self.version)
        lean = str(self.native.toolchain / "bin" / "lean")
        folder = self.root or source.parent
        return self.native.launch([lean, "--run", str(source)], folder, read=(source.parent,))

    def command(self, args: list[str]) -> list[str]:
        """The command line of a native Lean with these arguments, to be run in `root`."""
        if self.embedded is not None:
            raise ValueError("the embedded Lean is started through EmbeddedLean.command")
        return [*self.prefix, *args]


def find_lean(
    start: Path,
    prefer: str | Path = "auto",
    progress: Progress = lambda step, done: None,
) -> Lean:
    """The Lean to use for a file or folder; the embedded one is set up if it is needed.

    `prefer` is `auto`, `embedded`, `mathlib` (the project that `prover setup --mathlib` makes), or the
    path of a project or of a `lean` executable.

    Raises:
        SetupError: the Lean that should be used does not work.
    """
    lean = choose_lean(start, prefer)
    if lean.kind != "embedded":
        return lean
    return replace(lean, embedded=embedded.ensure(progress))


def choose_lean(start: Path, prefer: str | Path) -> Lean:
    """What `find_lean` decides, without setting up anything. Raises `SetupError`."""
    if prefer == "embedded":
        return _embedded("it was asked for")
    if prefer == "mathlib":
        root = mathlib.ready()
        if root is None:
            raise SetupError("Mathlib is not set up", "run `prover setup --mathlib`")
        return _of_project(root, "it was asked for")
    if prefer != "auto":
        path = Path(prefer).expanduser().absolute()
        if not path.is_dir():
            return _native("path", (str(path),), "it was asked for")
        if find_project(path) != path:
            raise SetupError(
                f"{path} is not a Lean project", f"it has none of {', '.join(PROJECT_FILES)}"
            )
        return _of_project(path, "it was asked for")
    root = find_project(start.absolute())
    if root is not None and find_program("lake") is not None:
        return _of_project(root, f"{start} belongs to the project {root}")
    lean = find_program("lean")
    why = "there is no other Lean: no project above, no `lean` on PATH"
    if lean is not None:
        try:
            return _native("path", (lean,), "`lean` is on PATH, and no project was found")
        except SetupError as error:
            why = f"the `lean` on PATH does not work: {error.message}"
    if root is not None:
        why = f"the project {root} needs `lake`, which is not installed (see elan)"
    return _embedded(why)


def _embedded(why: str) -> Lean:
    return Lean("embedded", embedded.VERSION, embedded.COMMIT, why)


def _of_project(root: Path, why: str) -> Lean:
    lake = find_program("lake")
    if lake is None:
        raise SetupError(
            f"the project {root} needs `lake`, which is not installed",
            "install elan, or ask for the embedded Lean",
        )
    return _native("project", (lake, "env", "lean"), why, root)


def _native(
    kind: Literal["project", "path"], prefix: tuple[str, ...], why: str, root: Path | None = None
) -> Lean:
    version = _ask([*prefix, "--version"], root)
    match = re.search(r"version (v?\d+\.\d+\.\d+[^\s,)]*)", version)
    if match is None:
        raise SetupError(*_fails([*prefix, "--version"], root, "it names no version"))
    commit = re.search(r"commit ([0-9a-f]+)", version)
    toolchain = Path(_ask([*prefix, "--print-prefix"], root).strip())
    lean = "lean.exe" if sys.platform == "win32" else "lean"
    if not (toolchain / "bin" / lean).is_file():
        says = f"there is no bin/lean in {toolchain}"
        raise SetupError(*_fails([*prefix, "--print-prefix"], root, says))
    variables = dict(os.environ)
    if kind == "project":
        for line in _ask([*prefix[:-1]], root).splitlines():
            name, found, value = line.partition("=")
            if found:
                variables[name] = value
    kept = {
        name: value
        for name, value in variables.items()
        if name in KEPT_VARIABLES or name.startswith("LEAN")
    }
    native = Native(toolchain, kept, root)
    return Lean(kind, match[1], commit[1][:8] if commit else "", why, root, prefix, native=native)


def _ask(command: list[str], cwd: Path | None) -> str:
    """What a command of elan, lake or Lean prints."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
            timeout=VERSION_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        _, again = _fails(command, cwd, "")
        raise SetupError(
            f"`{' '.join(command)}` gave no answer within {VERSION_SECONDS:.0f} s (elan may be "
            "waiting for the network)",
            again,
        ) from error
    except OSError as error:
        raise SetupError(*_fails(command, cwd, f"{error.strerror}")) from error
    if done.returncode != 0:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        said = lines[-1].strip() if lines else f"exit code {done.returncode}"
        raise SetupError(*_fails(command, cwd, said))
    return done.stdout


def _fails(command: list[str], cwd: Path | None, said: str) -> tuple[str, str]:
    shown = " ".join(command)
    return (
        f"`{shown}` fails: {said}",
        f"run `{shown}` in {cwd or 'a shell'}, or ask for the embedded Lean",
    )


def find_project(start: Path) -> Path | None:
    """The nearest folder from here up that is a Lean project."""
    for folder in (start, *start.parents):
        if any((folder / name).is_file() for name in PROJECT_FILES):
            return folder
    return None


def find_program(name: str) -> str | None:
    elan = Path.home() / ".elan" / "bin"
    return shutil.which(name) or shutil.which(name, path=str(elan))


def source_text(program: str, version: str) -> str:
    """The source of the gym or the judge for a version of Lean.

    It is written for the newest; `--#if lean >= X.Y`, `--#else`, `--#endif` hold what older ones
    need instead, commented out, and `--#if embedded` what the user's own Lean does without. Every
    line keeps its number.
    """
    lines: list[str] = []
    branch: Literal["common", "new", "old"] = "common"
    holds = True
    for line in source_of(program).read_text(encoding="utf-8").splitlines():
        if line.startswith("--#if lean >= "):
            wanted = tuple(int(part) for part in line.removeprefix("--#if lean >= ").split("."))
            branch, holds = "new", parse_version(version)[: len(wanted)] >= wanted
        elif line == "--#if embedded":
            branch, holds = "new", False
        elif line == "--#else":
            branch = "old"
        elif line == "--#endif":
            branch, holds = "common", True
        elif not holds:
            line = f"--{line}" if branch == "new" else line.removeprefix("--")
        lines.append(line)
    return "\n".join(lines) + "\n"


def native_source(program: str, version: str) -> Path:
    text = source_text(program, version)
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    path = embedded.cache_folder() / f"native-{key}" / f"{program}.lean"
    if not path.exists():
        with embedded.readable_errors(embedded.cache_folder()):
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
                file.write(text.encode())
            os.replace(file.name, path)
    return path


def parse_version(text: str) -> Version:
    """Reads `4.28.0`, `v4.33.0-rc2`, `4.28.0-pre`, `4.35.0-nightly-2026-10-01`."""
    match = re.search(r"(\d+)\.(\d+)\.(\d+)(?:-(rc(\d+))?)?", text)
    if match is None:
        raise ValueError(f"not a Lean version: {text!r}")
    major, minor, patch = (int(match[group]) for group in (1, 2, 3))
    if match[5]:
        return major, minor, patch, int(match[5])
    return major, minor, patch, -1 if match[0].endswith("-") else RELEASE
