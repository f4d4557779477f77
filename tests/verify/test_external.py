"""The external checkers, with stand-ins: programs that take the arguments of the real ones and
answer with their exit codes and messages, as documented. No real checker runs here."""

import asyncio
import shutil
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from prover.doctor import diagnose
from prover.lean import sandbox
from prover.lean.toolchain import Launch, Lean, Native
from prover.verify import external
from prover.verify.external import Report, check, checkers
from prover.verify.verdict import Layer
from tests.lean.native_standin.standin import python

HEADER = "import Init\n"
TRUSTED = "theorem t : 1 + 1 = 2 := by sorry\n"
HONEST = "theorem t : 1 + 1 = 2 := by rfl\n"

COMMON = """
import json, os, pathlib, signal, subprocess, sys, time
def module(name):
    for folder in os.environ["LEAN_PATH"].split(":"):
        path = pathlib.Path(folder, name + ".olean")
        if path.exists(): return path.read_text()
    sys.exit(f"uncaught exception: Could not find any oleans for: {name}")
def misbehave(text):
    if "HANG" in text:
        print(subprocess.Popen([sys.executable, "-I", "-c", "import time; time.sleep(600)"]).pid)
        sys.stdout.flush()
        time.sleep(600)
    if "LEAVE" in text: subprocess.Popen([sys.executable, "-I", "-c", "import time; time.sleep(600)"])
    while "NOISE" in text: print("noise" * 1000)
    if "CRASH" in text: os.kill(os.getpid(), signal.SIGSEGV)
"""

STANDINS = {
    "lean": """
if sys.argv[1] == "--version":
    print("Lean (version 4.35.0, x86_64-unknown-linux-gnu, commit 0123456789abcdef, Release)")
elif sys.argv[1] == "--print-prefix":
    print(pathlib.Path(sys.argv[0]).parents[1])
else:
    root, dash_o, olean, source = sys.argv[1:]
    assert (root, dash_o) == (f"--root={pathlib.Path(source).parent}", "-o"), sys.argv
    text = pathlib.Path(source).read_text()
    if "ERROR" in text:
        sys.exit(f"{source}:2:0: error: unsolved goals")
    for path in [line.split()[1] for line in text.splitlines() if line.startswith("--write")]:
        try: pathlib.Path(olean).parent.joinpath(path).write_text(text)
        except OSError as error: print(f"{source}:1:0: warning: {error}")
    pathlib.Path(olean).write_text(text)
""",
    "leanchecker": """
[name] = sys.argv[1:]
text = module(name)
misbehave(text)
if "unchecked" in text:
    sys.exit(f"leanchecker found a problem in {name}\\nuncaught exception: (kernel) declaration "
             "type mismatch, 't' has type\\n  True\\nbut it is expected to have type\\n  False")
""",
    "leanexport": """
name, dashes, *names = sys.argv[1:]
assert dashes == "--" and "Nat.add" in names and "propext" in names, names
print(json.dumps({"text": module(name), "name": names[0]}))
""",
    "lake": """
options = dict(arg[2:].split("=") for arg in sys.argv[2:] if "=" in arg)
assert sys.argv[1] == "comparator" and "--paranoid" in sys.argv, sys.argv
config = json.loads(pathlib.Path(options["config"]).read_text())
read = lambda kind: json.loads(pathlib.Path(options[kind + "-from-export"]).read_text())
challenge, solution = read("challenge"), read("solution")
[name] = config["theorem_names"]
assert challenge["name"] == solution["name"] == name
statement = lambda export: export["text"].split(":=")[0].split("--")[0]
if "STRANGE" in solution["text"]:
    sys.exit("error: Const not found in challenge 'Nat.newPrimitive'")
if "REFUSES TO START" in solution["text"]:
    print("error: malformed configuration", file=sys.stderr)
    sys.exit(2)
if statement(challenge) != statement(solution):
    sys.exit(f"error: Challenge and solution theorem statement do not match: '{name}'")
if "axiom" in solution["text"]:
    sys.exit("error: Illegal axiom detected: 'bad'")
for kernel in ("lean4lean", "nanoda", "Lean default"): print(kernel, "kernel accepts the solution")
print("Your solution is okay!")
""",
    "safe_verify": """
target, submission = (pathlib.Path(path).read_text() for path in sys.argv[1:])
misbehave(submission)
print("Finished replay. Found 1 declarations.")
if target.split(":=")[0] == submission.split(":=")[0]:
    print("SafeVerify check passed.", file=sys.stderr)
elif "OLD" in submission:
    print(f"Found a problem in {sys.argv[2]} with declaration t", file=sys.stderr)
    print("Finished.")
else:
    sys.exit("uncaught exception: SafeVerify check failed. For more diagnostic information about "
             "failures, run safe_verify with the -v (or --verbose) flag.")
""",
    "bwrap": """
assert sys.argv[1:] == ["--ro-bind", "/", "/", "true"], sys.argv
if pathlib.Path(sys.argv[0]).with_name("no namespaces").exists():
    sys.exit("bwrap: Creating new namespace failed: Operation not permitted")
""",
    "git": "",
}


def install(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        source = STANDINS.get(name) or STANDINS["leanchecker"].replace("leanchecker", name)
        (folder / name).write_text(f"#!{sys.executable} -IS\n{COMMON}{source}")
        (folder / name).chmod(0o755)


@dataclass(frozen=True)
class Standin(Native):
    """A native Lean whose sandbox lets Python, in which the stand-ins are written, start too."""

    def launch(self, argv: list[str], folder: Path, read: tuple[Path, ...] = ()) -> Launch:
        launch = super().launch(argv, folder, read)
        if launch.sandbox is None:
            return launch
        reads, executes = python()
        box = launch.sandbox
        box = replace(box, read=(*box.read, *reads), execute=(*box.execute, *executes))
        return replace(launch, sandbox=box)


@pytest.fixture
def lean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lean:
    """A Lean with every checker; `programs` holds what is on PATH."""
    toolchain, programs, root = (tmp_path / name for name in ("toolchain", "programs", "project"))
    install(toolchain / "bin", "lean", "leanchecker", "leanexport", "lake")
    install(programs, "safe_verify", "bwrap", "git")
    root.mkdir()
    path = f"{programs}:/usr/bin:/bin"
    monkeypatch.setenv("PATH", path)
    native = Standin(toolchain, {"PATH": path, "LEAN_PATH": f"{root}/lib"}, root)
    return Lean("project", "4.35.0", "", "", root, native=native)


def judged(lean: Lean, text: str, trusted: str | None = TRUSTED, seconds: float = 30) -> Report:
    report = asyncio.run(check(lean, HEADER + text, trusted and HEADER + trusted, "t", seconds))
    deadline = time.monotonic() + 5
    while left := running(str(lean.root)):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    return report


def running(mark: str) -> list[psutil.Process]:
    """The processes, orphans too, that have the project in their environment."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if mark in process.environ().get("LEAN_PATH", ""):
                found.append(process)
    return found


def layer(report: Report, name: str) -> Layer:
    (found,) = (layer for layer in report.layers if layer.name == name)
    return found


def test_an_honest_file_passes_every_checker(lean: Lean) -> None:
    report = judged(lean, HONEST)
    assert report.could_not_run == ()
    assert [(layer.name, layer.passed) for layer in report.layers] == [
        ("leanchecker", True),
        ("comparator", True),
        ("safe_verify", True),
    ]
    assert layer(report, "comparator").detail == "kernels: lean4lean, nanoda, Lean default"


def test_what_the_kernel_refuses_fails_the_replay(lean: Lean) -> None:
    found = layer(judged(lean, HONEST + "-- unchecked"), "leanchecker")
    assert not found.passed
    assert "(kernel) declaration type mismatch" in found.detail


def test_another_statement_fails_the_comparisons(lean: Lean) -> None:
    report = judged(lean, "theorem t : 1 = 1 := by rfl\n")
    assert layer(report, "leanchecker").passed
    assert not layer(report, "comparator").passed
    assert "do not match: 't'" in layer(report, "comparator").detail
    assert not layer(report, "safe_verify").passed
    assert "check failed" in layer(report, "safe_verify").detail


def test_an_axiom_fails_the_comparator(lean: Lean) -> None:
    found = layer(judged(lean, HONEST + "axiom bad : False"), "comparator")
    assert (found.passed, "Illegal axiom" in found.detail) == (False, True)


def test_an_old_safe_verify_that_ends_with_0_after_a_failure_is_understood(lean: Lean) -> None:
    found = layer(judged(lean, "theorem t : 1 = 1 := by rfl -- OLD\n"), "safe_verify")
    assert (found.passed, "Found a problem" in found.detail) == (False, True)


def test_without_a_trusted_statement_only_the_replay_runs(lean: Lean) -> None:
    report = judged(lean, HONEST, None)
    assert [layer.name for layer in report.layers] == ["leanchecker"]
    assert report.could_not_run == (
        "comparator: there is no trusted statement to compare with",
        "safe_verify: there is no trusted statement to compare with",
    )


@pytest.mark.parametrize("trusted", [TRUSTED, TRUSTED + "-- ERROR"])
def test_a_text_that_does_not_compile_is_not_judged(lean: Lean, trusted: str) -> None:
    text = HONEST if "ERROR" in trusted else HONEST + "-- ERROR"
    report = judged(lean, text, trusted)
    assert report.layers == ()
    assert len(report.could_not_run) == 1
    assert "does not compile" in report.could_not_run[0]
    assert "unsolved goals" in report.could_not_run[0]


@pytest.mark.parametrize(
    ("what", "why"), [("CRASH", "killed by signal 11"), ("NOISE", "printed over 1 MB")]
)
def test_a_checker_that_gives_no_verdict_has_not_passed(lean: Lean, what: str, why: str) -> None:
    report = judged(lean, f"{HONEST}-- {what}")
    assert [layer.name for layer in report.layers] == ["comparator"]
    for name in ("leanchecker", "safe_verify"):
        (sentence,) = (text for text in report.could_not_run if text.startswith(f"{name}: "))
        assert why in sentence


def test_a_checker_that_hangs_is_killed_with_what_it_started(lean: Lean) -> None:
    report = judged(lean, f"{HONEST}-- HANG", None, seconds=2)
    assert report.layers == ()
    assert report.could_not_run[0] == "leanchecker: no verdict within 2 s"


def test_what_a_checker_leaves_behind_does_not_take_its_verdict_along(lean: Lean) -> None:
    report = judged(lean, f"{HONEST}-- LEAVE", None, seconds=10)
    assert layer(report, "leanchecker").passed


@pytest.mark.parametrize(
    ("mark", "says"),
    [("STRANGE", "Nat.newPrimitive"), ("REFUSES TO START", "exit code 2: error: malformed")],
)
def test_a_comparator_that_did_not_judge_has_not_refused(lean: Lean, mark: str, says: str) -> None:
    report = judged(lean, f"{HONEST}-- {mark}")
    assert [layer.name for layer in report.layers] == ["leanchecker", "safe_verify"]
    (sentence,) = report.could_not_run
    assert says in sentence


def test_a_bubblewrap_without_namespaces_stops_the_comparator(lean: Lean, tmp_path: Path) -> None:
    (tmp_path / "programs/no namespaces").touch()
    report = judged(lean, HONEST)
    assert [layer.name for layer in report.layers] == ["leanchecker", "safe_verify"]
    (sentence,) = report.could_not_run
    assert "bubblewrap does not work here" in sentence


def test_an_export_that_is_too_long_stops_the_comparator(
    lean: Lean, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(external, "MAX_EXPORT", 10)
    (sentence,) = judged(lean, HONEST).could_not_run
    assert sentence.startswith("comparator: it exported over")


@pytest.mark.skipif(sandbox.abi() == 0, reason=sandbox.unavailable() or "-")
def test_a_finished_text_cannot_touch_the_trusted_one(lean: Lean) -> None:
    """Compiling it runs its programs: the stand-in writes where `--write` says."""
    cheat = "theorem t : 1 = 1 := by rfl\n--write ../trusted/ProverFinished.olean\n"
    report = judged(lean, cheat)
    assert not layer(report, "comparator").passed
    assert not layer(report, "safe_verify").passed


def test_missing_checkers_are_named_with_what_to_do(lean: Lean, tmp_path: Path) -> None:
    for name in ("leanchecker", "leanexport"):
        (tmp_path / "toolchain/bin" / name).unlink()
    (tmp_path / "programs/safe_verify").unlink()
    missing = {checker.name: checker.missing for checker in checkers(lean)}
    assert list(missing) == ["leanchecker", "lean4checker", "comparator", "safe_verify"]
    assert "4.28" in missing["leanchecker"]
    assert "4.35" in missing["comparator"]
    assert "leanprover/lean4checker" in missing["lean4checker"]
    assert "GasStationManager/SafeVerify" in missing["safe_verify"]
    report = judged(lean, HONEST)
    assert report.layers == ()
    assert [text.split(":")[0] for text in report.could_not_run] == list(missing)


def test_lean4checker_stands_in_for_a_missing_leanchecker(lean: Lean, tmp_path: Path) -> None:
    (tmp_path / "toolchain/bin/leanchecker").unlink()
    package = tmp_path / "project/.lake/packages/lean4checker/.lake/build/bin"
    install(package, "lean4checker")
    paths = {checker.name: checker.path for checker in checkers(lean)}
    assert paths["lean4checker"] == package / "lean4checker"
    assert layer(judged(lean, HONEST), "lean4checker").passed
    assert not layer(judged(lean, HONEST + "-- unchecked"), "lean4checker").passed


def test_a_comparator_without_bubblewrap_says_so(lean: Lean, tmp_path: Path) -> None:
    (tmp_path / "programs/bwrap").unlink()
    if shutil.which("bwrap"):
        pytest.skip("this machine has bubblewrap")
    (found,) = (checker for checker in checkers(lean) if checker.name == "comparator")
    assert "bubblewrap" in found.missing


def test_doctor_lists_the_checkers(lean: Lean, tmp_path: Path) -> None:
    assert lean.native is not None
    (tmp_path / "programs/safe_verify").unlink()
    findings = diagnose(tmp_path, lean.native.toolchain / "bin/lean")
    assert any(f.level == "ok" and "leanchecker: " in f.text for f in findings)
    assert any(f.level == "warn" and "SafeVerify" in f.hint for f in findings)


def test_the_embedded_lean_has_no_external_checkers() -> None:
    with pytest.raises(ValueError, match="native"):
        checkers(Lean("embedded", "4.28.0", "", ""))
