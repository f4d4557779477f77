import json
import subprocess
from pathlib import Path

import pytest

from prover.doctor import diagnose
from prover.lean import embedded
from prover.lean.toolchain import Lean, SetupError, find_lean, source_text
from prover.verify.kernel_bugs import known_bugs
from tests.lean.native_standin.standin import PROJECT, make_bin

pytestmark = pytest.mark.lean

FILE = PROJECT / "Some.lean"


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without a native Lean, and a folder outside every project."""
    monkeypatch.setenv("PROVER_CACHE", str(embedded.cache_folder()))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def native(bare: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same with `lake` and `lean` on PATH."""
    folder = make_bin(bare / "bin")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_without_a_native_lean_the_embedded_one_is_taken(bare: Path) -> None:
    lean = find_lean(bare)
    assert (lean.kind, lean.version) == ("embedded", embedded.VERSION)
    assert "no other Lean" in lean.why


def test_a_project_without_lake_says_why_it_is_not_used(bare: Path) -> None:
    lean = find_lean(FILE)
    assert lean.kind == "embedded"
    assert str(PROJECT) in lean.why
    assert "lake" in lean.why


def test_the_embedded_lean_can_be_asked_for(native: Path) -> None:
    assert find_lean(FILE, "embedded").kind == "embedded"


def test_a_project_whose_lake_fails_is_an_error(bare: Path) -> None:
    program(bare / ".elan/bin", "lake", "echo 'error: missing manifest' >&2; exit 1")
    with pytest.raises(SetupError, match="error: missing manifest") as caught:
        find_lean(FILE)
    assert "--version" in caught.value.hint


@pytest.mark.parametrize("says", ["Lean (version mine, Release)", "Python 3.11.2"])
def test_a_lean_without_a_version_is_an_error(bare: Path, says: str) -> None:
    program(bare / ".elan/bin", "lake", f"echo '{says}'")
    with pytest.raises(SetupError, match="it names no version"):
        find_lean(FILE)


def test_a_lean_that_hangs_is_an_error(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(bare / ".elan/bin", "lake", "exec sleep 60")
    monkeypatch.setattr("prover.lean.toolchain.VERSION_SECONDS", 0.5)
    with pytest.raises(SetupError, match="no answer within"):
        find_lean(FILE)


def test_a_broken_lean_on_the_path_gives_way_to_the_embedded_one(bare: Path) -> None:
    program(bare / ".elan/bin", "lean", "echo 'no default toolchain configured' >&2; exit 1")
    lean = find_lean(bare)
    assert lean.kind == "embedded"
    assert "no default toolchain configured" in lean.why


def test_a_folder_that_is_no_project_is_refused(native: Path, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="is not a Lean project"):
        find_lean(FILE, tmp_path)


def test_a_lean_on_the_path_is_used_outside_projects(native: Path, bare: Path) -> None:
    lean = find_lean(bare)
    assert (lean.kind, lean.version, lean.root) == ("path", embedded.VERSION, None)
    assert lean.command(["x.lean"]) == [str(native / "lean"), "x.lean"]


def test_the_gym_runs_in_the_project_of_the_file(native: Path) -> None:
    lean = find_lean(FILE)
    assert (lean.kind, lean.root, lean.commit) == ("project", PROJECT, embedded.COMMIT)
    launch = lean.start_command("Gym")
    assert launch.argv[:2] == [str(native / "lean"), "--run"]
    assert launch.environment["LEAN_PATH"] == str(PROJECT / ".lake/build/lib/lean")
    done = subprocess.run(
        launch.argv,
        env=launch.environment,
        cwd=launch.folder,
        input='word\n{"id":1,"cmd":"open","header":""}\n{"id":2,"cmd":"stop"}\n',
        capture_output=True,
        text=True,
        check=False,
    )
    hello, opened = (json.loads(line.removeprefix("word ")) for line in done.stdout.splitlines())
    assert (hello["id"], opened["id"], opened["ok"]) == (0, 1, True)
    assert sorted(path.name for path in PROJECT.iterdir()) == ["lakefile.toml", "lean-toolchain"]


def test_doctor_compiles_gym_and_judge_with_a_native_lean(
    native: Path, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small ones: setup compiles the whole judge with this very Lean, and the whole gym runs above;
    each takes half a minute."""
    tiny = bare / "Tiny.lean"
    tiny.write_text("def main : IO Unit := pure ()\n")
    monkeypatch.setattr("prover.lean.toolchain.source_of", lambda program: tiny)
    findings = diagnose(FILE, compile_gym=True)
    assert [finding for finding in findings if finding.level == "error"] == []
    texts = [finding.text for finding in findings]
    assert "the gym compiles with this Lean" in texts
    assert "the judge compiles with this Lean" in texts
    assert any("9 published soundness bugs" in text for text in texts)


def test_doctor_reports_a_project_that_does_not_work(bare: Path) -> None:
    program(bare / ".elan/bin", "lake", "exit 3")
    first = diagnose(FILE)[0]
    assert first.level == "error"
    assert "exit code 3" in first.text


def test_doctor_reports_the_messages_of_a_gym_that_does_not_compile(bare: Path) -> None:
    script = """case "$*" in
*--version*) echo 'Lean (version 4.20.0, commit 0123456789abcdef, Release)' ;;
*--print-prefix*) dirname "$(dirname "$0")" ;;
*) echo 'Gym.lean:3:4: error: unknown identifier'; exit 1 ;;
esac"""
    program(bare / ".elan/bin", "lean", script)
    errors = [found for found in diagnose(bare, compile_gym=True) if found.level == "error"]
    assert [e.text.split(" does not")[0] for e in errors] == ["the gym", "the judge"]
    assert "Gym.lean:3:4: error: unknown identifier" in errors[0].text
    assert "4.20.0" in errors[0].text


def test_doctor_says_what_the_embedded_lean_has(bare: Path) -> None:
    texts = "\n".join(finding.text for finding in diagnose(bare))
    for part in ("Node 24.19.0", "stack of", "cores", "cache"):
        assert part in texts


def test_old_versions_get_the_old_lines_of_the_gym(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "Gym.lean"
    source.write_text(
        "a\n--#if lean >= 4.25\n  new\n--#else\n--  old\n--#endif\n"
        "b\n--#if embedded\n  ours\n--#else\n--  theirs\n--#endif\nc\n"
    )
    monkeypatch.setattr("prover.lean.toolchain.source_of", lambda program: source)
    theirs = ["b", "--#if embedded", "--  ours", "--#else", "  theirs", "--#endif", "c"]
    new = source_text("Gym", "4.25.0-rc1").splitlines()
    assert new == [*source.read_text().splitlines()[:6], *theirs]
    old = source_text("Gym", "4.24.1").splitlines()
    expected = ["a", "--#if lean >= 4.25", "--  new", "--#else", "  old", "--#endif"]
    assert old == [*expected, *theirs]


@pytest.mark.parametrize(
    ("version", "count"),
    [
        ("4.9.0", 9),
        ("4.28.0-pre", 9),
        ("4.32.0", 9),
        ("4.32.1", 8),
        ("4.32.2", 7),
        ("4.33.0-rc1", 9),
        ("4.33.0-rc2", 7),
        ("4.33.0", 7),
        ("4.33.1", 2),
        ("4.34.0-rc1", 7),
        ("4.34.0", 2),
        ("4.34.1", 0),
        ("4.35.0-rc1", 2),
        ("4.35.0", 0),
        ("4.36.0-nightly-2026-07-25", 8),
        ("4.36.0-nightly-2026-12-01", 0),
        ("5.0.0-rc1", 0),
    ],
)
def test_known_kernel_bugs(version: str, count: int) -> None:
    assert len(known_bugs(version)) == count


def test_the_embedded_lean_has_no_native_command_line() -> None:
    with pytest.raises(ValueError, match="EmbeddedLean"):
        Lean("embedded", "4.28.0", "", "", embedded=embedded.ensure()).command([])
