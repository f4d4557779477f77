"""The extension for VS Code: it is built as `make vsix` does it, and its own tests pass."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

from prover.lean.embedded import node_folder, node_program
from tests.serve.resident import ROOT, Resident

EXTENSION = ROOT / "editors" / "vscode"
OFFLINE = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH")

pytestmark = pytest.mark.slow


def npm(
    folder: Path, *arguments: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    program = node_folder() / "lib/node_modules/npm/bin/npm-cli.js"
    path = f"{node_program().parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [str(node_program()), str(program), *arguments],
        cwd=folder,
        env={**(env or os.environ), "PATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the extension's folder, in which it is built."""
    folder = tmp_path_factory.mktemp("extension") / "vscode"
    shutil.copytree(
        EXTENSION, folder, ignore=shutil.ignore_patterns("node_modules", "dist", "*.vsix")
    )
    fetched = npm(folder, "ci", "--prefer-offline")
    if fetched.returncode and OFFLINE.search(fetched.stderr):
        pytest.skip(f"npm cannot fetch what builds the extension: {fetched.stderr.strip()}")
    assert fetched.returncode == 0, fetched.stderr
    packaged = npm(folder, "run", "vsix")
    assert packaged.returncode == 0, packaged.stdout + packaged.stderr
    return folder


def test_it_is_packed_without_sources(built: Path) -> None:
    (archive,) = built.glob("*.vsix")
    with ZipFile(archive) as packed:
        names = {name for name in packed.namelist() if name.startswith("extension/")}
        about = json.loads(packed.read("extension/package.json"))
        license = packed.read("extension/LICENSE.txt")
        notices = packed.read("extension/dist/notices.txt").decode()
    assert names == {
        "extension/package.json",
        "extension/readme.md",
        "extension/LICENSE.txt",
        "extension/dist/extension.cjs",
        "extension/dist/notices.txt",
    }
    assert about["main"] == "./dist/extension.cjs"
    assert (
        about["version"]
        == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    )
    assert license == (ROOT / "LICENSE").read_bytes()
    assert "vscode-languageclient 11.0.0" in notices and "MIT" in notices


def test_its_packages_are_pinned_and_no_registry_is_named() -> None:
    about = json.loads((EXTENSION / "package.json").read_text("utf-8"))
    versions = {**about["dependencies"], **about["devDependencies"]}.values()
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions)
    packages = json.loads((EXTENSION / "package-lock.json").read_text("utf-8"))["packages"]
    del packages[""]
    assert all("integrity" in one and "resolved" not in one for one in packages.values())


def test_its_own_tests(built: Path, resident: Resident, tmp_path: Path) -> None:
    prover = tmp_path / "with a space" / "prover"
    prover.parent.mkdir()
    prover.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m prover "$@"\n')
    prover.chmod(0o755)
    tested = npm(built, "test", env={**resident.environment, "PROVER": str(prover)})
    assert tested.returncode == 0, tested.stdout
    counts = {
        name: int(count) for name, count in re.findall(r"(\w+) (\d+)$", tested.stdout, re.MULTILINE)
    }
    assert counts["pass"] == counts["tests"] >= 20, tested.stdout
