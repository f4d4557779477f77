"""Mathlib, set up by a `lake` that stands in for the real one: it writes what that would, and notes
what it was asked."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from prover.doctor import diagnose
from prover.errors import WrongUse
from prover.lean import embedded, mathlib
from prover.lean.toolchain import SetupError, choose_lean
from tests.command import command

LAKE = """\
echo "$*" >> "$HOME/asked"
case "$*" in
update) mkdir -p .lake/packages/mathlib; echo '{}' > lake-manifest.json ;;
"exe cache get")
  [ -e "$HOME/offline" ] && { echo 'uncaught exception: no route to host' >&2; exit 1; }
  printf 'Downloaded: 1 file(s) [attempted 1/2 = 50%%]\\rDownloaded: 2 file(s) [2/2 = 100%%]\\n'
  [ -e "$HOME/slow" ] && { sleep 600 & echo $! > "$HOME/child"; wait; }
  touch .lake/cached ;;
"env lean Check.lean") [ -e .lake/cached ] || exit 1 ;;
"env lean --version") echo 'Lean (version 4.28.0, commit 0123456789abcdef, Release)' ;;
"env lean --print-prefix") echo "$HOME/toolchain" ;;
env) echo "LEAN_PATH=$PWD/.lake" ;;
*) exit 9 ;;
esac
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Lean, where `lake` can be put."""
    monkeypatch.setenv("PROVER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(mathlib, "DISK_GB", 0.001)
    return tmp_path


@pytest.fixture
def lake(home: Path) -> Path:
    program = home / ".elan" / "bin" / "lake"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{LAKE}")
    program.chmod(0o755)
    lean = home / "toolchain" / "bin" / "lean"
    lean.parent.mkdir(parents=True)
    lean.touch()
    return program


def asked(home: Path) -> list[str]:
    return (home / "asked").read_text().splitlines()


def test_a_project_is_made_once_and_found(home: Path, lake: Path) -> None:
    seen: list[tuple[str, float]] = []
    folder = mathlib.ensure(progress=lambda *step: seen.append(step), lake=str(lake))
    assert asked(home) == ["update", "exe cache get", "env lean Check.lean"]
    assert (folder / "lean-toolchain").read_text() == f"leanprover/lean4:{mathlib.VERSION}\n"
    assert f'rev = "{mathlib.VERSION}"' in (folder / "lakefile.toml").read_text()
    assert [share for step, share in seen if "compiled" in step] == [0.0, 0.5, 1.0]
    assert mathlib.ensure(lake=str(lake)) == folder == mathlib.ready()
    assert len(asked(home)) == 3
    lean = choose_lean(home, "mathlib")
    assert (lean.kind, lean.version, lean.root) == ("project", "4.28.0", folder)


def test_what_fails_says_why_and_goes_on_where_it_was(home: Path, lake: Path) -> None:
    (home / "offline").touch()
    done = command("setup", "--mathlib")
    assert done.code == 2
    assert "`lake exe cache get` fails" in done.err and "no route to host" in done.err
    assert "goes on where this one stopped" in done.err
    assert mathlib.ready() is None
    (home / "offline").unlink()
    done = command("setup", "--mathlib")
    assert done.code == 0 and "use it with --lean mathlib" in done.err
    assert asked(home).count("update") == 1


def test_an_interrupt_leaves_no_process_and_what_was_fetched(home: Path, lake: Path) -> None:
    (home / "slow").touch()
    process = subprocess.Popen(
        [sys.executable, "-m", "prover", "setup", "--mathlib"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    child = home / "child"
    try:
        while not (child.exists() and child.read_text().strip()):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
    finally:
        process.kill()
        process.wait()
    left = [p for p in psutil.process_iter(["pid", "status"]) if p.pid == int(child.read_text())]
    assert all(p.info["status"] == psutil.STATUS_ZOMBIE for p in left)
    (home / "slow").unlink()
    mathlib.ensure(lake=str(lake))
    assert asked(home).count("update") == 1


def test_what_a_killed_set_up_left_running_is_ended(home: Path, lake: Path) -> None:
    (home / "slow").touch()
    process = subprocess.Popen(
        [sys.executable, "-m", "prover", "setup", "--mathlib"], stderr=subprocess.DEVNULL
    )
    child = home / "child"
    while not (child.exists() and child.read_text().strip()):
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    left = psutil.Process(int(child.read_text()))
    (home / "slow").unlink()
    mathlib.ensure(lake=str(lake))
    assert not left.is_running() or left.status() == psutil.STATUS_ZOMBIE


def test_sources_that_came_in_part_are_fetched_anew(home: Path, lake: Path) -> None:
    torn = (
        embedded.cache_folder()
        / f"mathlib-{mathlib.VERSION}/.lake/packages/mathlib/.git/index.lock"
    )
    torn.parent.mkdir(parents=True)
    torn.touch()
    mathlib.ensure(lake=str(lake))
    assert not torn.exists()


def test_two_at_once_make_it_once(home: Path, lake: Path) -> None:
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "prover", "setup", "--mathlib"], stderr=subprocess.DEVNULL
        )
        for _ in range(2)
    ]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert asked(home).count("update") == 1


def test_the_version_that_was_asked_for_last_is_used(home: Path, lake: Path) -> None:
    first = mathlib.ensure("v4.27.0", lake=str(lake))
    assert mathlib.ensure(lake=str(lake)) == mathlib.ready() != first
    assert mathlib.ensure("v4.27.0") == mathlib.ready() == first


def test_a_full_disk_is_called_that(home: Path, lake: Path) -> None:
    script = lake.read_text()
    says = '"exe cache get") echo "leantar: No space left on device (os error 28)"; exit 1 ;;\n'
    lake.write_text(script.replace('"exe cache get")', says + '"later")', 1))
    with pytest.raises(SetupError, match="No space left") as caught:
        mathlib.ensure(lake=str(lake))
    assert "network" not in caught.value.hint and "free" in caught.value.hint


def test_doctor_says_how_far_it_is(home: Path, lake: Path) -> None:
    def says() -> str:
        return "\n".join(f"{found.text} {found.hint}" for found in diagnose(home, "mathlib"))

    assert "no Mathlib was set up" in says()
    (home / "offline").touch()
    assert command("setup", "--mathlib").code == 2
    assert f"`prover setup --mathlib {mathlib.VERSION}` goes on" in says()
    (home / "offline").unlink()
    folder = mathlib.ensure(lake=str(lake))
    assert f"Mathlib is set up in {folder}" in says()


def test_what_is_missing_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = command("setup", "--mathlib")
    assert done.code == 2 and "elan.lean-lang.org" in done.err
    with pytest.raises(SetupError, match="not set up"):
        choose_lean(home, "mathlib")
    monkeypatch.setattr(mathlib, "DISK_GB", 10**9)
    with pytest.raises(SetupError, match="make room"):
        mathlib.ensure(lake="lake")
    for version in ("4.28.0", "v4.28.0/../..", "master"):
        with pytest.raises(WrongUse, match="no version of Mathlib"):
            mathlib.ensure(version, lake="lake")
    assert command("setup", "v4.28.0").code == 2


@pytest.mark.parametrize(
    ("options", "chosen"), [([], "mathlib"), (["--subset", "core"], "auto"), (["--lean", "x"], "x")]
)
def test_a_benchmark_with_mathlib_takes_it(
    home: Path, lake: Path, options: list[str], chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mathlib.ensure(lake=str(lake))
    monkeypatch.chdir(home)
    row = {"name": "t", "header": "import Mathlib", "statement": "theorem t : 1 = 1"}
    Path("some.jsonl").write_text(json.dumps(row) + "\n")
    used: list[str] = []
    monkeypatch.setattr(
        "prover.evaluate.cli.run_prover", lambda settings, *_: used.append(settings.lean)
    )
    done = command("eval", "run", "some.jsonl", "--model", "none", *options)
    assert done.code == 0, done
    assert used == [chosen]


def test_proofs_over_mathlib_are_checked_with_it(
    home: Path, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mathlib.ensure(lake=str(lake))
    monkeypatch.chdir(home)
    row = {"name": "t", "header": "import Mathlib", "statement": "theorem t : 1 = 1"}
    Path("some.jsonl").write_text(json.dumps(row) + "\n")
    Path("proofs.jsonl").write_text(json.dumps({"name": "t", "code": "rfl"}) + "\n")
    used: list[str] = []
    monkeypatch.setattr(
        "prover.evaluate.cli.run_prover", lambda settings, *_: used.append(settings.lean)
    )
    for options in ([], ["--subset", "core"]):
        command("eval", "recheck", "proofs.jsonl", "--statements", "some.jsonl", *options)
    assert used == ["mathlib", "auto"]
