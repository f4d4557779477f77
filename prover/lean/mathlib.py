"""A Lake project with Mathlib, for people who have none: made by elan and Lake in the cache folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

import psutil
from filelock import FileLock

from prover.errors import WrongUse
from prover.files import write_file
from prover.lean.embedded import Progress, SetupError, cache_folder, readable_errors

VERSION = "v4.28.0"
"""The tag of Mathlib that is set up if no other is named; Mathlib's tags are those of Lean."""

DISK_GB = 8
"""What sources, compiled files and the Lean itself take, with room to unpack."""

_TAG = re.compile(r"v4\.\d+\.\d+(-rc\d+)?")
_READY = ".ready"
_PERCENT = re.compile(r"(\d+)\s*%")
_FULL = re.compile(r"no space left|not enough space|disk quota", re.IGNORECASE)
_MARK = "PROVER_SETS_UP"  # of all processes that a set-up starts, however far they descend
_END_SECONDS = 10.0

LAKEFILE = """\
name = "prover_mathlib"

[[require]]
name = "mathlib"
scope = "leanprover-community"
rev = "{version}"
"""

CHECK = "import Mathlib\n\nexample (x : ℝ) (h : 0 < x) : 0 < x * x := by positivity\n"


def ready() -> Path | None:
    """The project that was asked for last and is ready, if there is one."""
    found = sorted(cache_folder().glob(f"mathlib-*/{_READY}"), key=lambda p: p.stat().st_mtime)
    return found[-1].parent if found else None


def begun() -> list[Path]:
    """The projects that are not ready: their set-up was interrupted, or goes on."""
    files = cache_folder().glob("mathlib-*/lean-toolchain")
    return sorted(file.parent for file in files if not file.with_name(_READY).exists())


def ensure(
    version: str = VERSION, progress: Progress = lambda step, share: None, lake: str | None = None
) -> Path:
    """The folder of a project with Mathlib of a version (its tag). What is missing of it is made: a
    call that was interrupted goes on where it was, and two at once make it once. `lake` is the
    program.

    Raises:
        WrongUse: that is no tag.
        SetupError: there is no `lake` or no room, or a command of Lake fails.
    """
    if _TAG.fullmatch(version) is None:
        raise WrongUse(f"{version} is no version of Mathlib: give a tag such as {VERSION}")
    cache = cache_folder()
    folder = cache / f"mathlib-{version}"
    marker = folder / _READY
    if not marker.exists():
        if lake is None:
            raise SetupError(
                "Mathlib is set up by `lake`, which is not installed",
                "install elan, Lean's version manager, which brings it (`curl "
                "https://elan.lean-lang.org/elan-init.sh -sSf | sh`; on Windows see "
                "https://github.com/leanprover/elan), and run this again; without it, `--subset core` "
                "runs what core Lean reads of a benchmark",
            )
        with readable_errors(cache):
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(cache / f"mathlib-{version}.lock"):
                if not marker.exists():
                    _make(folder, version, lake, progress)
    with suppress(OSError):  # a finished one that is not ours to write to is still found
        marker.touch()
    return folder


def _make(folder: Path, version: str, lake: str, progress: Progress) -> None:
    _end(folder)  # what the set-up that was killed has left running
    manifest = folder / "lake-manifest.json"
    if not manifest.exists():  # which is written when all sources are there
        shutil.rmtree(folder / ".lake", ignore_errors=True)
    free = shutil.disk_usage(folder).free / 2**30
    if free + _size_gb(folder) < DISK_GB:
        raise SetupError(
            f"Mathlib takes {DISK_GB} GB, and {folder} has {free:.1f} GB",
            "make room, or set PROVER_CACHE to another folder",
        )
    write_file(folder / "lean-toolchain", f"leanprover/lean4:{version}\n")
    write_file(folder / "lakefile.toml", LAKEFILE.format(version=version))
    write_file(folder / "Check.lean", CHECK)
    if not manifest.exists():
        _run([lake, "update"], folder, "fetching Lean and the sources of Mathlib", progress)
    _run([lake, "exe", "cache", "get"], folder, "fetching Mathlib, compiled", progress)
    _run([lake, "env", "lean", "Check.lean"], folder, "checking `import Mathlib`", progress)
    write_file(folder / _READY, f"{version}\n")


def _run(command: list[str], folder: Path, step: str, progress: Progress) -> None:
    """Runs a command to its end. Whatever ends this ends it, with all that it has started."""
    progress(step, 0.0)
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", "")])
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={
            **os.environ,
            "PATH": path,
            "MATHLIB_NO_CACHE_ON_UPDATE": "1",
            "GIT_TERMINAL_PROMPT": "0",
            _MARK: str(folder),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    last: deque[str] = deque(maxlen=8)
    try:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:  # a carriage return ends one too
                if line.strip():
                    last.append(line.strip())
                if share := _PERCENT.search(line):
                    progress(step, min(1.0, int(share[1]) / 100))
        code = process.wait()
    finally:
        process.kill()
        process.wait()
        _end(folder)
    if code != 0:
        shown = " ".join(["lake", *command[1:]])
        said = "\n".join(last) or f"exit code {code}"
        again = "The same command goes on where this one stopped"
        hint = f"is the network there? {again}"
        if _FULL.search(said):
            hint = (
                f"free {DISK_GB} GB in {folder.parent} and in the home folder, where elan and Mathlib "
                f"keep what they fetch. {again}"
            )
        raise SetupError(f"`{shown}` fails in {folder}:\n{said}", hint)


def _end(folder: Path) -> None:
    """Ends what a set-up has started and is still there."""
    latest = time.monotonic() + _END_SECONDS
    while (left := _started(folder)) and time.monotonic() < latest:
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, timeout=0.1)


def _started(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(_MARK) == str(folder):
                found.append(process)
    return found


def _size_gb(folder: Path) -> float:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total / 2**30
