"""What a person sees who runs the commands in a terminal: a real one (a pty), a real Lean."""

import json
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pexpect
import pytest

from prover.lean import embedded
from tests.e2e.screen import Screen
from tests.test_cli import COMM, HARD, Shell, prover  # noqa: F401 (a fixture)

pytestmark = pytest.mark.filterwarnings("ignore:.*forkpty:DeprecationWarning")

COLOUR = re.compile(rb"\x1b\[(?:[\d;]*;)?[349]\d(?:;[\d;]*)?m")
SEARCH = ["prove", "a.lean", "--budget", "100000", "--model", "none", "--jobs", "1"]


class Window:
    """The command in a window: what it has shown, and keys to press."""

    def __init__(
        self, shell: Shell, *args: str, columns: int = 100, rows: int = 24, **environment: str
    ) -> None:
        self._written = BytesIO()
        self._fed = 0
        self.screen = Screen(columns)
        variables = {**shell.environment, "TERM": "xterm-256color", **environment}
        del variables["COLUMNS"]
        if "NO_COLOR" not in environment:
            del variables["NO_COLOR"]
        command = [sys.executable, "-m", "prover", *args]
        if args[0] == "bash":
            command = list(args)
        self.child = pexpect.spawn(
            command[0],
            command[1:],
            cwd=str(shell.folder),
            env=variables,
            dimensions=(rows, columns),
            timeout=60,
        )
        self.child.delaybeforesend = None
        self.child.logfile_read = self._written

    @property
    def raw(self) -> bytes:
        return self._written.getvalue()

    def wait_for(self, pattern: bytes) -> None:
        self.child.expect(pattern)
        self._feed()

    def _feed(self) -> None:
        data = self.raw[self._fed :]
        whole = data.decode(errors="ignore").encode()  # a character may still be on its way
        if whole and (escape := re.search(rb"\x1b[^A-Za-z]*\Z", whole)):
            whole = whole[: escape.start()]
        self._fed += len(whole)
        self.screen.feed(whole)

    def resize(self, columns: int) -> None:
        """Between two drawings."""
        self.child.kill(signal.SIGSTOP)
        time.sleep(0.05)
        while True:
            try:
                self.child.read_nonblocking(65536, timeout=0.1)
            except pexpect.TIMEOUT:
                break
        self._feed()
        self.child.setwinsize(24, columns)
        self.screen.resize(columns)
        self.child.kill(signal.SIGCONT)

    def interrupt(self, patience: float = 15.0) -> int:
        """Presses Ctrl-C; the exit code."""
        pressed = time.monotonic()
        self.child.sendintr()
        code = self.end()
        assert time.monotonic() - pressed < patience, self.screen.text()
        return code

    def end(self) -> int:
        self.child.expect(pexpect.EOF)
        self._feed()
        self.child.close()
        assert self.child.exitstatus is not None, self.screen.text()
        code: int = self.child.exitstatus
        return code


@pytest.fixture
def window(prover: Shell) -> Iterator[Callable[..., Window]]:  # noqa: F811
    opened: list[Window] = []

    def opens(*args: str, **options: Any) -> Window:
        opened.append(Window(prover, *args, **options))
        return opened[-1]

    yield opens
    for one in opened:
        one.child.close(force=True)


Opens = Callable[..., Window]


@pytest.fixture
def path(prover: Shell) -> Path:  # noqa: F811
    """A file with a hole that cannot be filled."""
    path = prover.folder / "a.lean"
    path.write_text(f"{HARD} := sorry\n")
    return path


def test_the_progress_of_a_slow_search_is_alive(
    window: Opens,
    path: Path,
    prover: Shell,  # noqa: F811
) -> None:
    seen = window(*SEARCH)
    seen.wait_for(rb"starting Lean")
    seen.wait_for(rb"Lean [\d.]+\S* is ready")
    counts: list[int] = []
    while len(counts) < 3 or (counts[-1] == counts[0] and len(counts) < 30):  # one may take seconds
        seen.wait_for(rb"t: \d+ expansions, \d+ tactics \(\d+/s\), \d+ open goals")
        counts.append(int(re.findall(rb"(\d+) tactics", seen.raw)[-1]))
        seen.wait_for("⊢".encode())
        assert not seen.screen.overran
        time.sleep(0.5)
    assert counts == sorted(counts) and counts[-1] > counts[0], "it goes on"
    assert COLOUR.search(seen.raw)
    assert seen.interrupt() == 130
    assert prover.left_running() == []
    first, *rest = [row for row in seen.screen.text().splitlines() if "^C" not in row]
    assert first.startswith("gave_up t: interrupted"), seen.screen.text()
    assert "  best goals left:" in rest and "    a b c n : Nat" in rest
    assert not any("open goals; idle" in row or "is ready" in row for row in rest)


def test_nothing_wraps_in_a_narrow_window(window: Opens, path: Path) -> None:
    long = " ∧ ".join(["n ≠ 0"] * 20)
    path.write_text(HARD.replace("(h :", f"(k : {long}) (h :") + " := sorry\n")
    seen = window(*SEARCH, columns=30, rows=12)
    for _ in range(3):
        seen.wait_for(rb"t: \d+ expan")
        time.sleep(0.3)
    seen.wait_for(rb"n : Nat")
    assert not seen.screen.overran
    live = seen.screen.text().splitlines()
    assert len(live) < 12 and all(row.endswith("…") for row in live[1:2]), live
    assert seen.interrupt() == 130
    whole = "\n".join(seen.screen.lines).replace("^C", "")
    assert whole.lstrip().startswith("gave_up t: interrupted"), whole
    assert "is ready" not in whole and whole.count("expansions") == 1


def test_a_window_that_is_resized_keeps_no_remains(window: Opens, path: Path) -> None:
    seen = window(*SEARCH, columns=100)
    seen.wait_for(rb"t: \d+ exp")
    for columns in (35, 120, 25):
        seen.resize(columns)
        seen.screen.overran = False
        for _ in range(3):
            seen.wait_for(rb"t: \d+ exp")
        assert not seen.screen.overran
        rows = seen.screen.text()
        assert rows.count("is ready"[: columns // 8]) <= 1 and rows.count("t: ") == 1, rows
    assert seen.interrupt() == 130
    whole = "\n".join(seen.screen.lines).replace("^C", "")
    assert whole.lstrip().startswith("gave_up t: interrupted"), whole
    assert "is ready" not in whole and whole.count("expansions") == 1


def test_no_colours_where_they_are_not_wanted(window: Opens, path: Path) -> None:
    seen = window(*SEARCH, "--budget", "1", columns=40, NO_COLOR="1")
    assert seen.end() == 1
    assert not COLOUR.search(seen.raw), seen.raw
    first, *rest = seen.screen.text().splitlines()
    assert first.startswith("gave_up t: the budget is spent"), seen.screen.text()
    assert "  best goals left:" in rest and "    a b c n : Nat" in rest
    assert not any("is ready" in row or "open goals" in row for row in rest)


def test_a_dumb_terminal_gets_lines(window: Opens, path: Path) -> None:
    seen = window(*SEARCH, "--timeout", "8", TERM="dumb")
    assert seen.end() == 1
    assert b"\x1b" not in seen.raw, "neither a colour nor a move of the cursor"
    assert re.search(rb"^t: \d+ expansions, \d+ tactics", seen.raw, re.MULTILINE)
    assert "gave_up t: the budget is spent (seconds)" in seen.screen.text()


def test_json_is_clean(window: Opens, prover: Shell) -> None:  # noqa: F811
    args = ["prove", COMM, "--json", "--model", "none", "--jobs", "1"]
    seen = window(*args, columns=30)
    assert seen.end() == 0
    shown = "".join(line + "\n" for line in seen.screen.lines)
    assert json.loads(shown)[0]["outcome"] == "proved", shown
    here = " ".join(f"'{word}'" for word in [sys.executable, "-m", "prover", *args])
    seen = window("bash", "-c", f"{here} | head -1; echo ${{PIPESTATUS[0]}}")
    assert seen.end() == 0
    assert seen.screen.text() == "[\n0"


def test_ctrl_c_while_lean_is_set_up(window: Opens, prover: Shell) -> None:  # noqa: F811
    cache = prover.folder / "cache"
    cache.mkdir()
    lean = embedded.ensure().folder
    (cache / lean.name).symlink_to(lean)
    seen = window("prove", COMM, "--model", "none", PROVER_CACHE=str(cache))
    seen.wait_for(rb"setting up the embedded Lean \(once\): compile")
    time.sleep(1.0)
    assert len(prover.left_running()) > 1, "Lean compiles"
    assert seen.interrupt() == 130
    assert seen.screen.text().replace("^C", "").split() == ["interrupted"]
    assert prover.left_running() == []
    assert sorted(path.name for path in cache.iterdir()) == sorted([lean.name, "setup.lock"])


def test_ctrl_c_while_lean_starts(window: Opens, prover: Shell, path: Path) -> None:  # noqa: F811
    seen = window(*SEARCH)
    seen.wait_for(rb"starting Lean")
    end = time.monotonic() + 20
    while len(prover.left_running()) < 2:
        assert time.monotonic() < end, "Lean does not start"
        time.sleep(0.01)
    assert seen.interrupt() == 130
    assert seen.screen.text().replace("^C", "").split() == ["interrupted"]
    assert prover.left_running() == []


SLOW_DISK = """
import os, time
replace = os.replace
def slowly(source, target):
    if str(target).endswith("a.lean"):
        print("replacing", flush=True)
        time.sleep(1.0)
    replace(source, target)
os.replace = slowly
"""


def test_ctrl_c_while_the_file_is_written(
    window: Opens,
    prover: Shell,  # noqa: F811
    path: Path,
) -> None:
    (prover.folder / "disk").mkdir()
    (prover.folder / "disk" / "sitecustomize.py").write_text(SLOW_DISK)
    before = path.read_text()
    path.write_text("theorem a : 2 = 2 := sorry\n" + before)
    args = [*SEARCH, "--write", "--budget", "1"]
    paths = f"{prover.folder / 'disk'}:{prover.environment['PYTHONPATH']}"
    seen = window(*args, PYTHONPATH=paths)
    seen.wait_for(rb"replacing")
    assert path.read_text().count("sorry") == 2
    seen.child.sendintr()
    assert seen.interrupt() == 130, seen.screen.text()
    assert path.read_text().count("sorry") == 1 and path.read_text().endswith(before)
    assert sorted(entry.name for entry in prover.folder.iterdir()) == ["a.lean", "disk"]
    assert "wrote a.lean" in seen.screen.text() and "proved a" in seen.screen.text()
    assert prover.left_running() == []


def test_a_window_that_is_closed_leaves_nothing_running(
    window: Opens,
    prover: Shell,  # noqa: F811
    path: Path,
) -> None:
    before = path.read_text()
    seen = window(*SEARCH, "--write")
    seen.wait_for(rb"t: \d+ expansions")
    seen.child.ptyproc.fileobj.close()
    seen.child.closed = True
    deadline = time.monotonic() + 10
    while prover.left_running() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert prover.left_running() == [] and path.read_text() == before


def test_a_file_does_not_write_over_its_verdict(window: Opens, path: Path) -> None:
    path.write_text("theorem «a\x1b[1A\x1b[2Kproved b» : 1 = 2 := sorry\n")
    seen = window("check", "a.lean")
    assert seen.end() == 1
    assert (
        seen.screen.text() == "rejected «a␛[1A␛[2Kproved b»: it is not finished: it holds `sorry`"
    )
