"""Programs from Debian's packages, unpacked into the cache folder: nothing is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from filelock import FileLock
from platformdirs import user_cache_dir


def unpacked(name: str, packages: Sequence[str]) -> Path:
    """A folder with the files of packages, those that are fetched once. A test that needs them is
    skipped where there is no Debian to have them from."""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        pytest.skip(f"it takes Debian's apt-get and dpkg to fetch {name}")
    folder = Path(user_cache_dir("prover")) / "test-programs" / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            _fetch(folder.with_suffix(".part"), packages)
            folder.with_suffix(".part").rename(folder)
    return folder


def _fetch(folder: Path, packages: Sequence[str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "debs").mkdir(parents=True)
    missing = [package for package in packages if not _is_installed(package)]
    fetched = subprocess.run(
        ["apt-get", "download", "-q", *missing],
        cwd=folder / "debs",
        check=False,
        capture_output=True,
        text=True,
    )
    if fetched.returncode:
        pytest.skip(f"apt-get cannot fetch {' '.join(missing)}: {fetched.stderr.strip()}")
    for package in sorted((folder / "debs").glob("*.deb")):
        subprocess.run(["dpkg", "-x", str(package), str(folder)], check=True)
    shutil.rmtree(folder / "debs")


def _is_installed(package: str) -> bool:
    """Whether the system has a library. Programs are fetched all the same: they are asked for by
    their place in the folder."""
    asked = ["dpkg-query", "-W", "-f", "${Status}", package]
    found = subprocess.run(asked, check=False, capture_output=True, text=True)
    return package.startswith("lib") and found.stdout.endswith("ok installed")


def libraries(root: Path) -> str:
    """The value of LD_LIBRARY_PATH that finds the libraries of a folder."""
    found = {str(path.parent) for path in root.glob("usr/lib/**/*.so*")}
    return os.pathsep.join(sorted(found))
