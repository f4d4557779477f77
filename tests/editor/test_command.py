"""`prover lsp` where there is a `lake`, and where there is none."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.editor import traffic
from tests.editor.talk import SERVER, Talk

COMMAND = [sys.executable, "-m", "prover", "lsp"]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A Lake project, and a `lake` on the path that is a stand-in."""
    (tmp_path / "bin").mkdir()
    lake = tmp_path / "bin" / "lake"
    lake.write_text(f'#!/bin/sh\nexec {sys.executable} {SERVER} {tmp_path} "$@"\n')
    lake.chmod(0o755)
    (tmp_path / "said").mkdir()
    (tmp_path / "run").mkdir(mode=0o700)
    (tmp_path / "project" / "inside").mkdir(parents=True)
    (tmp_path / "project" / "lakefile.toml").touch()
    return tmp_path / "project"


def talk(project: Path, folder: Path, *arguments: str) -> Talk:
    environment = {
        **os.environ,
        "PATH": f"{project.parent / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PROVER_RUNTIME": str(project.parent / "run"),
        "PYTHONPATH": str(ROOT),
    }
    return Talk([*COMMAND, *arguments], cwd=folder, env=environment)


def test_in_a_lake_project_it_stands_before_lake_serve(project: Path) -> None:
    answer = {"jsonrpc": "2.0", "id": traffic.INITIALIZE_ID, "result": {"capabilities": {}}}
    body = json.dumps(answer).encode()
    said = project.parent / "said" / "1"
    said.write_bytes(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    with talk(project, project / "inside", "--", "--stdio") as editor:
        editor.say(traffic.INITIALIZE)
        assert editor.hear()["result"]["capabilities"]["codeActionProvider"]
        started = json.loads((project.parent / "started").read_text())
        assert started["arguments"] == ["serve", "--stdio"]


@pytest.mark.parametrize("where", ["elsewhere", "--lean"])
def test_elsewhere_it_is_a_server_of_its_own(project: Path, where: str) -> None:
    folder = project.parent if where == "elsewhere" else project
    with talk(project, folder, *(["--lean", "embedded"] if where == "--lean" else [])) as editor:
        editor.say(traffic.INITIALIZE)
        assert editor.hear()["result"]["serverInfo"]["name"] == "prover"
        assert editor.end() == 1
    assert not (project.parent / "started").exists()
    assert bytes(editor.errors) == b""


def test_without_its_packages_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "pygls.py").write_text("raise ModuleNotFoundError(name='pygls')")
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run(
        COMMAND,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 2
    assert "pygls is not installed" in done.stderr and "prover[editor]" in done.stderr
