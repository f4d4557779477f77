"""A Lake project with Mathlib, for people who have none: made by elan and Lake in the cache folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import deque
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

LAKEFILE = """\
name = "prover_mathlib"

[[require]]
name = "mathlib"
scope = "leanprover-community"
rev = "{version}"
"""

CHECK = "import Mathlib\n\nexample (x : ℝ) (h : 0 < x) : 0 < x * x := by positivity\n"


def ready() -> Path | None:
    """The project that was set up last, if there is one."""
    found = sorted(cache_folder().glob(f"mathlib-*/{_READY}"), key=lambda p: p.stat().st_mtime)
    return found[-1].parent if found else None


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
    if (folder / _READY).exists():
        return folder
    if lake is None:
        raise SetupError(
            "Mathlib is set up by `lake`, which is not installed",
            "install elan, Lean's version manager, which brings it; then run this again",
        )
    with readable_errors(cache):
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f"mathlib-{version}.lock"):
            if not (folder / _READY).exists():
                _make(folder, version, lake, progress)
    return folder


def _make(folder: Path, version: str, lake: str, progress: Progress) -> None:
    free = shutil.disk_usage(folder).free / 2**30
    fetched = (folder / ".lake").exists()
    if free < DISK_GB and not fetched:
        raise SetupError(
            f"Mathlib takes {DISK_GB} GB, and {folder} has {free:.1f} GB",
            "make room, or set PROVER_CACHE to another folder",
        )
    write_file(folder / "lean-toolchain", f"leanprover/lean4:{version}\n")
    write_file(folder / "lakefile.toml", LAKEFILE.format(version=version))
    write_file(folder / "Check.lean", CHECK)
    if not (folder / "lake-manifest.json").exists():
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
        env={**os.environ, "PATH": path, "MATHLIB_NO_CACHE_ON_UPDATE": "1"},
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
        _end(process)
    if code != 0:
        shown = " ".join(["lake", *command[1:]])
        said = "\n".join(last) or f"exit code {code}"
        raise SetupError(
            f"`{shown}` fails in {folder}:\n{said}",
            "is the network there? The same command goes on where this one stopped",
        )


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is not None:
        return
    try:
        below = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        below = []
    process.kill()
    for child in below:
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue
    process.wait()
