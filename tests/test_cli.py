import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import psutil
import pytest

from prover.lean import embedded
from tests.command import command
from tests.lab import LESS_PLUS, NUMBERS
from tests.serve.resident import Resident

ROOT = Path(__file__).parents[1]
COMM = "theorem t (a b : Nat) : a + b = b + a"
HARD = "theorem t (a b c n : Nat) (h : 2 < n) : (a + 1) ^ n + (b + 1) ^ n ≠ (c + 1) ^ n"
"""Nothing here proves it, and no instance is false (Wiles 1995)."""
COLOURS = {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "200"}


class Shell:
    """Runs the command in a folder of its own; what it starts carries a mark."""

    def __init__(self, folder: Path, engine: Resident | None = None) -> None:
        """With an `engine`, that does the work."""
        self.folder = folder
        self.mark = uuid.uuid4().hex
        own = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "PROVER_CACHE": str(embedded.cache_folder()),
            "PROVER_RUNTIME": str(folder / ".runtime"),
            "PYTHONPATH": str(ROOT),
        }
        environment = own if engine is None else engine.environment
        self.environment = {**environment, **COLOURS, "PROVER_TEST_MARK": self.mark}

    def start(self, *args: str, stdin: int | None = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Starts the command; `prove` with the portfolio alone if no model is named."""
        if args[:1] == ("prove",) and "--model" not in args:
            args = (*args, "--model", "none")
        return subprocess.Popen(
            [sys.executable, "-m", "prover", *args],
            cwd=self.folder,
            env=self.environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def __call__(self, *args: str, stdin: str | bytes | None = None) -> "Done":
        data = stdin.encode() if isinstance(stdin, str) else stdin
        process = self.start(*args, stdin=subprocess.DEVNULL if data is None else subprocess.PIPE)
        try:
            out, err = process.communicate(data, timeout=120)
        finally:
            process.kill()
        return Done(process.returncode, out.decode(), err.decode())

    def script(self, text: str) -> "Done":
        """A script for bash that has the command as `prover`."""
        command = f'prover() {{ {shlex.quote(sys.executable)} -m prover "$@"; }}\n'
        done = subprocess.run(
            ["bash", "-c", command + text],
            check=False,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def left_running(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("PROVER_TEST_MARK") == self.mark:
                    found.append(process)
            except psutil.Error:
                continue
        return [p for p in found if p.status() != psutil.STATUS_ZOMBIE]


class Done:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    def __repr__(self) -> str:
        return f"exit code {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"


@pytest.fixture
def prover(tmp_path: Path, lean: object) -> Iterator[Shell]:
    """The command that does its work itself."""
    yield from used(Shell(tmp_path))


@pytest.fixture
def served(tmp_path: Path, resident: Resident) -> Iterator[Shell]:
    """The command that has the resident engine do it."""
    yield from used(Shell(tmp_path, resident))


def used(shell: Shell) -> Iterator[Shell]:
    yield shell
    left = shell.left_running()
    for process in left:
        process.kill()
    assert left == []


# What needs no Lean


def test_help_shows_examples_and_is_quick(prover: Shell) -> None:
    assert prover("--help").out.count("prove") > 2  # compiled from now on
    done = prover("prove", "--help")
    assert done.code == 0
    used = (
        "import resource, subprocess, sys\n"
        "subprocess.run([sys.executable, '-m', 'prover', 'prove', '--help'], capture_output=True)\n"
        "children = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(children.ru_utime + children.ru_stime)"
    )
    measured = subprocess.run(
        [sys.executable, "-c", used], check=True, capture_output=True, text=True
    )
    assert float(measured.stdout) < 0.5, "seconds of one core"
    assert "Examples" in done.out
    assert 'prover prove "theorem t (a b : Nat) : a + b = b + a"' in done.out
    assert "Exit code: 0 proved, 1 not proved, 2 wrong use" in " ".join(done.out.split())


def test_what_is_not_installed_is_told(prover: Shell) -> None:
    missing = 'raise ModuleNotFoundError("No module named rensa", name="rensa")'
    (prover.folder / "rensa.py").write_text(missing)
    (prover.folder / "source").mkdir()
    (prover.folder / "source" / "a.lean").write_text("theorem t : 1 = 1 := rfl\n")
    done = prover("data", "build", "source", "--out", "corpus")
    assert done.code == 2, done
    assert done.err == "error: rensa is not installed\npip install 'prover[train]'\n"
    assert "Traceback" not in done.err


def test_nothing_to_prove() -> None:
    for args, stdin in (
        (["prove", ""], ""),
        (["prove", "  "], ""),
        (["prove"], ""),
        (["prove", "-"], "\n"),
    ):
        done = command(*args, stdin=stdin)
        assert done.code == 2, done
        assert done.err.count("there is no statement") == 1, done
        assert done.out == ""


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["prove", "missing.lean"], "there is no file missing.lean; a statement looks like"),
        (["prove", "missing.lean:t"], "there is no file missing.lean; a statement looks like"),
        (["prove", "good"], "there is no file good (is it good.lean?); a statement looks like"),
        (["prove", "src/"], "src is a folder; give one .lean file, such as src/a.lean"),
        (["prove", "1 + 1 = 2"], "this is neither a file nor a statement, which looks like"),
        (["check", "missing.lean"], "there is no file missing.lean"),
        (["check", "."], ". is a folder; give one .lean file, such as good.lean"),
        (["check", COMM], "`prover prove` takes statements"),
        (["check", "good.lean", "--statements", "src"], "src is a folder"),
        (["prove", "latin.lean"], "latin.lean is not UTF-8 (byte 3)"),
        (["prove", "theorem t\udcff : True"], "the statement is not UTF-8"),
        (["prove", COMM, "--header", "missing.lean"], "there is no file missing.lean"),
        (["prove", COMM, "--header", "src"], "src is a folder"),
        (["prove", "good.lean", "--header", "open Nat"], "--header is for statements"),
        (["prove", COMM, "--write"], "--write needs a file"),
        (["prove", COMM, "--trace", "nowhere/trace.json"], "nowhere"),
        (["prove", COMM, "--trace", "src"], "--trace: src is a folder"),
        (["audit", "rows.jsonl", "--out", "src"], "--out: src is a folder"),
        (["prove", COMM, "--budget", "many"], "--budget many"),
        (["prove", COMM, "--budget", "-3"], "--budget -3"),
        (["prove", COMM, "--budget", "expansions=3,minutes=4"], "minutes=4"),
        (["prove", COMM, "--budget", ""], "--budget"),
        (["prove", COMM, "--jobs", "0"], "--jobs"),
        (["prove", COMM, "--timeout", "soon"], "--timeout"),
        (["prove", COMM, "--nonsense"], "--nonsense"),
        (["prove", COMM, "extra"], "extra"),
        (["prove", COMM, "--lean", "/bin/false"], "/bin/false"),
        (["prove", COMM, "--lean", "nowhere"], "nowhere"),
        (["prove", COMM, "--lean", "."], "is not a Lean project"),
        (["prove", "[bold]x.lean"], "[bold]x.lean"),
    ],
)
def test_wrong_use_is_told_in_one_message(folder: Path, args: list[str], says: str) -> None:
    (folder / "latin.lean").write_bytes("-- \xe9t\xe9\n".encode("latin-1"))
    (folder / "good.lean").write_text("theorem t : 1 = 1 := sorry\n")
    (folder / "src").mkdir()
    (folder / "src" / "a.lean").write_text("theorem t : 1 = 1 := sorry\n")
    (folder / "rows.jsonl").write_text('{"name": "t", "statement": "theorem t : True"}')
    before = sorted(folder.iterdir())
    done = command(*args)
    assert done.code == 2, done
    assert says in " ".join(done.err.split()), done
    assert "Traceback" not in done.err
    assert done.out == ""
    assert sorted(folder.iterdir()) == before


def test_debugging_shows_where_an_error_is_from(prover: Shell) -> None:
    prover.environment["PROVER_DEBUG"] = "1"
    for args in (["prove", "missing.lean"], ["eval", "report", "missing"]):
        done = prover(*args)
        assert done.code == 2, done
        assert "Traceback" in done.err
        assert done.err.splitlines()[-1].startswith("error: "), done


@pytest.mark.parametrize(
    ("script", "code", "says"),
    [
        ("prover prove - <&-", 2, "error: there is no statement: standard input is closed"),
        ("prover prove <&-", 2, "error: there is no statement: standard input is closed"),
        ("prover prove - 0>x", 2, "error: cannot read standard input: Bad file descriptor"),
        ("prover prove missing >&-", 2, "error: there is no file missing"),
        ("prover prove missing 2>&-", 2, ""),
        ("prover --version <&- >&- 2>&-", 0, ""),
        ("prover --help >&-", 0, ""),
        ("prover --help > /dev/full", 2, "error: cannot write to standard output: No space left"),
        ("prover doctor --lean /bin/false > /dev/full", 2, "error: cannot write to standard"),
        ("prover doctor --lean /bin/false | true; exit $PIPESTATUS", 1, ""),
        ("prover --help | head -1; exit $PIPESTATUS", 0, ""),
        ("prover prove missing 2>&1 | true; exit $PIPESTATUS", 2, ""),
    ],
)
def test_standard_streams_may_be_closed_or_full(
    prover: Shell, script: str, code: int, says: str
) -> None:
    done = prover.script(script)
    assert done.code == code, done
    assert done.err.startswith(says) and done.err.count("\n") == bool(says), done


def test_a_file_that_cannot_be_written_is_told_before_the_search(prover: Shell) -> None:
    folder = prover.folder / "read-only"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    try:
        (folder / "a.lean").write_text("theorem t : 1 = 1 := sorry\n")
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        for args in (["read-only/a.lean", "--write"], [COMM, "--trace", "read-only/t.json"]):
            done = prover("prove", *args)
            assert done.code == 2, done
            assert "cannot write" in done.err
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_lean_that_dies_at_start_is_told_with_its_words(prover: Shell) -> None:
    folder = prover.folder / "bin"
    folder.mkdir()
    script = folder / "lean"
    script.write_text(
        "#!/bin/sh\n"
        "case \"$*\" in *--version*) echo 'Lean (version 4.28.0, commit 0123456789, Release)' ;;\n"
        f"*) echo '{prover.folder / 'toolchain'}' ;; esac\n"
    )
    script.chmod(0o755)
    (prover.folder / "toolchain" / "bin").mkdir(parents=True)
    shutil.copy("/bin/ls", prover.folder / "toolchain" / "bin" / "lean")  # knows no --run
    prover.environment["PATH"] = f"{folder}:/usr/bin:/bin"
    done = prover("prove", COMM)
    assert done.code == 2, done
    assert "unrecognized option '--run'" in done.err
    assert "prover doctor" in done.err


def test_doctor_says_what_is_there(prover: Shell) -> None:
    done = prover("doctor")
    assert done.code == 0, done
    assert embedded.VERSION in done.out
    done = prover("doctor", "--lean", "/bin/false")
    assert done.code == 1, done
    assert "/bin/false" in done.out


# What starts a Lean


def test_a_statement_is_proved_and_explained(served: Shell) -> None:
    header = 'notation "ℕ" => Nat'
    statement = "theorem t (a b : ℕ) : a + b = b + a"
    args = [statement, "--header", header, "-v", "--jobs", "1", "--trace", "tree.json"]
    done = served("prove", *args, "--budget", "expansions=50,heartbeats=9000000", "--seed", "7")
    assert done.code == 0, done
    assert header in done.out
    assert statement in done.out
    assert "proved t" in done.out
    for layer in ("elaboration", "statement", "axioms", "kernel"):
        assert f"{layer}: passed" in done.out
    assert "known" in done.out
    trace = json.loads((served.folder / "tree.json").read_text())
    assert trace["settings"]["seed"] == 7
    assert trace["settings"]["budget"]["heartbeats"] == 9_000_000
    assert trace["verdicts"][0]["outcome"] == "proved"
    assert {node["kind"] for node in trace["graphs"][0]["nodes"]} == {"goal", "step"}


def test_what_is_not_proved_ends_with_1_and_its_best_goals_as_json(served: Shell) -> None:
    done = served("prove", "-", "--json", "--budget", "3", "--jobs", "1", stdin=HARD)
    assert done.code == 1, done
    (verdict,) = json.loads(done.out)
    assert verdict["outcome"] == "gave_up"
    assert verdict["spent"]["expansions"] == 3
    assert "expansions" in verdict["reason"]
    assert any("⊢" in goal for goal in verdict["open_goals"])
    assert "best_goal" not in done.err


def test_a_file_is_filled_in_place_byte_for_byte(served: Shell) -> None:
    path = served.folder / "ℕ holes.lean"
    text = (
        "\ufeff-- ℕ — «é»  \r\n\r\ntheorem a (n : Nat) : n + 0 = n := by\r\n  sorry   -- here\r\n\r\n"
        "theorem b (n : Nat) :\r\n    n < 5 := by sorry\r\n  \r\n"
        "theorem c (a b : Nat) (h : a = b) : b = a ∧ 0 + a = b := ⟨sorry, by sorry⟩"
    )
    path.write_bytes(text.encode())
    path.chmod(0o640)
    done = served("prove", path.name, "--write", "--json", "--budget", "8", "--jobs", "1")
    assert done.code == 1, done
    outcomes = {v["name"]: v["outcome"] for v in json.loads(done.out)}
    assert outcomes == {"a": "proved", "b": "disproved", "c": "proved"}
    filled = path.read_bytes().decode()
    assert filled.startswith(
        "\ufeff-- ℕ — «é»  \r\n\r\ntheorem a (n : Nat) : n + 0 = n := by\r\n  "
    )
    assert "   -- here\r\n\r\ntheorem b (n : Nat) :\r\n    n < 5 := by sorry\r\n  \r\n" in filled
    assert filled.count("sorry") == 1
    assert filled.count("\n") == filled.count("\r\n")
    assert path.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in served.folder.iterdir()] == [path.name]


def test_every_line_of_a_file_keeps_its_own_end(served: Shell) -> None:
    path = served.folder / "mixed.lean"
    text = (
        "-- a\rb\r\ntheorem a (n : Nat) : n + 0 = n := by\r\n  sorry\r\n\n"
        "theorem b (p q : Prop) (h : p ∧ q) : q ∧ p := sorry\n\r\n-- end\n"
    )
    path.write_bytes(text.encode())
    done = served("prove", path.name, "--write", "--jobs", "1")
    assert done.code == 0, done
    filled = path.read_bytes().decode()
    assert filled.startswith("-- a\rb\r\ntheorem a (n : Nat) : n + 0 = n := by\r\n  ")
    assert filled.endswith("\n\r\n-- end\n")
    first, second = filled.split("theorem a")[1].split("theorem b")
    assert first.endswith("\r\n\n") and first.count("\n") == first.count("\r\n") + 1
    assert second.count("\r\n") == 1
    assert served("check", path.name).code == 0


def test_windows_texts_are_read_everywhere(served: Shell) -> None:
    (served.folder / "head.lean").write_bytes('\ufeff-- é\r\nnotation "ℕ" => Nat\r\n'.encode())
    statement = "\ufefftheorem t (a b : ℕ) :\r\n    a + b = b + a\r\n".encode()
    done = served("prove", "-", "--header", "head.lean", "--jobs", "1", stdin=statement)
    assert done.code == 0, done
    assert "theorem t (a b : ℕ) :\n    a + b = b + a := by" in done.out
    assert "\r" not in done.out and "\ufeff" not in done.out
    finished = "\ufeffimport Init\r\ntheorem t : 1 = 1 := by\r\n  rfl\r\n".encode()
    checked = served("check", "-", stdin=finished)
    assert checked.code == 0, checked


@pytest.mark.parametrize(
    ("target", "stdin"),
    [
        ("theorem t : True -- see Basic.lean:12", None),
        ("-", "theorem sorry_free (n : Nat) : n + 0 = n\n"),
        ("-", "-- no sorry left here\ntheorem t (n : Nat) : n + 0 = n\n"),
    ],
)
def test_a_statement_may_mention_files_and_holes(
    served: Shell, target: str, stdin: str | None
) -> None:
    done = served("prove", target, "--jobs", "1", stdin=stdin)
    assert done.code == 0, done
    assert "proved" in done.out


def test_all_holes_of_a_piped_text_are_filled(served: Shell) -> None:
    text = "theorem a : 2 = 2 := by sorry\n\ntheorem b (n : Nat) : n + 0 = n := by sorry\n"
    done = served("prove", "-", "--jobs", "1", stdin=text)
    assert done.code == 0, done
    assert "proved a" in done.out and "proved b" in done.out
    assert done.out.count("theorem a : 2 = 2 := by") == 1
    assert done.out.count("theorem b (n : Nat) : n + 0 = n := by") == 1
    assert "sorry" not in done.out


def test_what_a_shell_substitutes_is_read_like_standard_input(served: Shell) -> None:
    done = served.script("prover check <(echo 'theorem t : 1 = 1 := rfl')")
    assert done.code == 0, done
    assert "proved t" in done.out


@pytest.mark.parametrize(
    ("args", "reader", "code"),
    [
        (f"'{COMM}' --json", "head -1", 0),
        (f"'{COMM}' -v", "true", 0),
        (f"'{HARD}' --budget 1", "true", 1),
    ],
)
def test_the_reader_of_the_output_may_go_away(
    served: Shell, args: str, reader: str, code: int
) -> None:
    done = served.script(f"prover prove {args} --model none --jobs 1 | {reader}; exit $PIPESTATUS")
    assert done.code == code, done
    assert "error" not in done.err and "Traceback" not in done.err, done


def test_a_long_goal_is_shown_in_part(served: Shell) -> None:
    hypotheses = " ".join(f"(hypothesis_{i} : n + {i} = {i} + n)" for i in range(70))
    statement = HARD.replace("(h :", f"{hypotheses} (h :")
    (served.folder / "a.lean").write_text(f"{statement} := sorry\n")
    args = ("prove", "a.lean", "--budget", "1", "--jobs", "1")
    done = served(*args)
    assert done.code == 1, done
    assert len(done.out) < 10_000
    goal = done.out.split("best goals left:")[1]
    assert "characters left out (--json has them) …" in goal
    assert "⊢" in goal.split("left out")[1]
    assert len(goal.splitlines()) < 3 * 50 and len(goal) < 3 * 2_500
    (verdict,) = json.loads(served(*args, "--json").out)
    assert max(map(len, verdict["open_goals"])) > 2_000


def test_one_declaration_of_a_file_and_its_check(served: Shell) -> None:
    path = served.folder / "a.lean"
    path.write_text("import Init\n\ntheorem a : 2 = 2 := sorry\n\ntheorem b : 2 = 3 := sorry\n")
    done = served("prove", "a.lean:a", "--write", "--jobs", "1")
    assert done.code == 0, done
    assert "wrote a.lean" in done.err
    assert path.read_text().endswith("\n\ntheorem b : 2 = 3 := sorry\n")
    assert path.read_text().count("sorry") == 1
    checked = served("check", "a.lean")
    assert checked.code == 1, checked
    assert "proved a" in checked.out
    assert "rejected b: it is not finished" in checked.out


def test_a_file_is_checked_against_the_statements_it_was_to_prove(served: Shell) -> None:
    (served.folder / "asked.lean").write_text(
        "theorem same (n : Nat) : n + 0 = n := sorry\n"
        "theorem weaker (n : Nat) : n < n + 2 := sorry\n"
        "theorem absent : 1 + 1 = 2 := sorry\n"
    )
    (served.folder / "done.lean").write_text(
        "theorem helper (n : Nat) : n + 0 = n := rfl\n"
        "theorem same (n : Nat) : n + 0 = n := helper n\n"
        "theorem weaker (n : Nat) (h : False) : n < n + 2 := h.elim\n"
    )
    done = served("check", "done.lean", "--statements", "asked.lean", "--paranoid")
    assert done.code == 1, done
    assert "proved same" in done.out
    assert "passed: elaboration, statement, axioms, kernel" in done.out
    assert "did not run: external checkers: they need a native Lean" in done.out
    assert "cheated weaker: the statement is not the one that was asked" in done.out
    assert "rejected absent: the text makes no declaration of this name" in done.out
    wrong = "import Init\ntheorem same (n : Nat) : n = foo.bar := sorry"
    (served.folder / "asked.lean").write_text(wrong)
    done = served("check", "done.lean", "--statements", "asked.lean")
    assert done.code == 2, done
    assert "in the statements:" in done.err
    assert "2:29: error: Unknown identifier `foo.bar`" in done.err


def test_statements_are_audited_once(prover: Shell) -> None:
    rows = [
        {"name": "fine", "statement": "theorem fine (a b : Nat) (h : a < b) : a + 1 ≤ b"},
        {"name": "wrong", "statement": "theorem wrong (n : Nat) : n + 1 = n"},
    ]
    lines = "\n".join(map(json.dumps, rows))
    (prover.folder / "all.jsonl").write_text(lines)
    audit = ("audit", "all.jsonl", "--out", "found.jsonl", "--jobs", "1")
    arguments = (*audit, "--canaries", "1", "--budget", "1")
    done = prover(*arguments)
    assert done.code == 1, done
    assert "| wrong | it is false at n = 0: its negation is proved |" in done.out
    assert "2 statements, 2 elaborate; contradictory hypotheses: 0; false: 1" in done.out
    assert "canaries: 1 false statements searched, none proved" in done.out
    found = (prover.folder / "found.jsonl").read_text()
    assert [json.loads(line)["name"] for line in found.splitlines()] == ["fine", "wrong"]
    again = prover(*arguments, "--only", "wrong")
    assert again.code == 1, again
    assert (prover.folder / "found.jsonl").read_text() == found
    (prover.folder / "all.jsonl").write_text(lines + "\n{")
    broken = prover(*arguments)
    assert broken.code == 2, broken
    assert "all.jsonl, line 3: not a statement" in broken.err


def test_a_statement_that_does_not_elaborate_is_told_with_its_position(served: Shell) -> None:
    (served.folder / "head.lean").write_text("open Nat\n")
    statement = "theorem t (n : Nat) :\n  succ n = m := by sorry"
    done = served("prove", "-", "--header", "head.lean", "--jobs", "1", stdin=statement)
    assert done.code == 2, done
    assert "2:11: error: Unknown identifier `m`" in done.err
    assert done.out == ""


def test_a_missing_import_is_named(served: Shell) -> None:
    text = "import Mathlib.Tactic.Ring\ntheorem t : 1 = 1 := by ring"
    done = served("prove", "-", "--jobs", "1", stdin=text)
    assert done.code == 2, done
    assert "an import is missing" in done.err
    assert "Mathlib" in done.err.split("an import is missing")[1].splitlines()[0]
    assert "no Mathlib" in done.err


def wait_for(process: subprocess.Popen[bytes], text: str) -> None:
    assert process.stderr is not None
    seen = b""
    while text.encode() not in seen:
        line = process.stderr.readline()
        assert line, seen.decode()
        seen += line


def catches(process: subprocess.Popen[bytes], number: int) -> bool:
    """Whether Python runs and the command has its handler for this signal."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


def end(process: subprocess.Popen[bytes], *signals: int, pause: float = 0.1) -> Done:
    """The process after these signals, to its whole group as from a terminal."""
    started = time.perf_counter()
    for number in signals:
        os.killpg(process.pid, number)
        time.sleep(pause)
    try:
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    print(f"ended after {time.perf_counter() - started:.2f} s")
    return Done(process.returncode, out.decode(), err.decode())


@pytest.mark.parametrize(
    ("number", "delay"),
    [*product((signal.SIGINT, signal.SIGTERM), (0.0, 0.1, 0.5)), (signal.SIGTERM, 1.5)],
)
def test_an_interrupt_while_it_starts(prover: Shell, number: int, delay: float) -> None:
    process = prover.start("prove", HARD, "--jobs", "1")
    while not catches(process, signal.SIGTERM):
        assert process.poll() is None, process.communicate()
        time.sleep(0.001)
    time.sleep(delay)
    done = end(process, number)
    assert done.code == 130, done
    if done.out:  # Lean was there so soon that the search had begun
        assert done.out.startswith("gave_up t: interrupted"), done
    else:
        assert done.err.strip().endswith("interrupted"), done
    assert "Traceback" not in done.err
    assert prover.left_running() == []


def test_an_interrupt_of_a_search_keeps_what_it_has(prover: Shell) -> None:
    path = prover.folder / "a.lean"
    text = f"theorem a : 2 = 2 := sorry\n{HARD} := sorry\n"
    path.write_text(text)
    args = ["prove", "a.lean", "--write", "--json", "--trace", "t.json", "--budget", "100000"]
    process = prover.start(*args, "--jobs", "1")
    wait_for(process, "t: ")  # the first line about it comes when `a` is proved for long
    done = end(process, signal.SIGTERM, signal.SIGTERM, pause=0.01)  # as `timeout` does
    assert done.code == 130, done
    verdicts: list[dict[str, Any]] = json.loads(done.out)
    assert [(v["name"], v["outcome"]) for v in verdicts] == [("a", "proved"), ("t", "gave_up")]
    assert verdicts[1]["reason"] == "interrupted"
    assert verdicts[1]["open_goals"]
    assert path.read_text().endswith(f"\n{HARD} := sorry\n")
    assert path.read_text().count("sorry") == 1
    assert len(json.loads((prover.folder / "t.json").read_text())["graphs"]) == 2


def test_an_interrupted_comparison_goes_on(prover: Shell) -> None:
    args = ["train", "compare", "statements", "--contestants", "portfolio", "--limit", "3"]
    args += ["--calls", "4"]
    args += ["--seconds", "1", "--lean", "embedded", "--out", "out"]
    process = prover.start(*args)
    wait_for(process, "portfolio 1/3")
    done = end(process, signal.SIGINT)
    assert done.code == 130, done
    assert done.err.splitlines()[-2:] == ["the same command goes on", "interrupted"]
    assert "Traceback" not in done.err
    assert prover.left_running() == []
    done = prover(*args)
    assert done.code == 0, done
    assert "portfolio 1/2" in done.err  # the first is not searched again
    assert "| portfolio | " in done.out


def test_a_second_interrupt_ends_everything(prover: Shell) -> None:
    path = prover.folder / "a.lean"
    path.write_text(f"{HARD} := sorry\n")
    args = ["prove", "a.lean", "--write", "--budget", "100000", "--jobs", "2"]
    process = prover.start(*args)
    wait_for(process, "t: ")
    done = end(process, signal.SIGINT, signal.SIGINT, signal.SIGTERM, pause=0.01)
    assert done.code == 130, done
    assert "Traceback" not in done.err
    assert path.read_text() == f"{HARD} := sorry\n"
    assert [entry.name for entry in prover.folder.iterdir()] == ["a.lean"]


def test_a_lemma_is_written_before_the_theorem_and_named(served: Shell) -> None:
    file = served.folder / "Numbers.lean"
    file.write_text(f"{NUMBERS}\n{LESS_PLUS} := by\n  sorry\n", encoding="utf-8")
    without = served("prove", "Numbers.lean", "--no-lemmas", "--budget", "2", "--jobs", "1")
    assert without.code == 1 and "lemma" not in without.out
    done = served("prove", "Numbers.lean", "--write", "--budget", "40", "--jobs", "1")
    assert done.code == 0, done.out
    assert (
        "\n  with a lemma found on the way: plus_next (n m : Num) : plus n (Num.next m) ="
        in done.out
    )
    text = file.read_text(encoding="utf-8")
    assert text.index("theorem plus_next (n m : Num)") < text.index("theorem less_plus")
    assert served("check", "Numbers.lean").code == 0
