"""`prover prove` and `prover check` with the resident engine: as without it, and when it fails them."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from prover.serve import process
from tests.serve.resident import Resident, plain, without_times

COMM = "theorem t (a b : Nat) : a + b = b + a"
HARD = "theorem t (a b c n : Nat) (h : 2 < n) : (a + 1) ^ n + (b + 1) ^ n ≠ (c + 1) ^ n"
FILE = """def two := 2

theorem first : two = 2 := by sorry

theorem second (a b : Nat) : a + b = b + a := by
  sorry

theorem wrong : two = 3 := sorry
"""
SAME = ("--lean", "embedded")
ALONE = ("--model", "none", *SAME)


def served(engine: Resident) -> int:
    """How many requests the engine has answered, by its log."""
    log = Path(engine.endpoint.log).read_text("utf-8").splitlines()
    return sum(" prove ok " in line or " check ok " in line for line in log)


def test_what_asks_a_warm_engine_loads_little() -> None:
    code = (
        "import sys, prover.cli, prover.serve.remote, h11\n"
        "print(*{'networkx', 'httpx', 'psutil', 'starlette', 'torch'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_the_outcome_is_the_same(engine: Resident, tmp_path: Path) -> None:
    (tmp_path / "file.lean").write_text(FILE)
    (tmp_path / "cheat.lean").write_text("axiom cheat : False\ntheorem t : 1 = 2 := cheat.elim\n")
    for args in (
        ("prove", "file.lean", "--json", "--seed", "5", *ALONE),
        ("check", "cheat.lean", "-v", *SAME),
    ):
        before = served(engine)
        with_engine = engine.run(*args, cwd=tmp_path)
        assert served(engine) - before == 1, with_engine
        without = engine.run(*args, "--engine", "off", cwd=tmp_path)
        assert served(engine) - before == 1
        assert with_engine[0] == without[0] == 1, (with_engine, without)
        if "--json" in args:
            assert plain(json.loads(with_engine[1])) == plain(json.loads(without[1]))
        else:
            assert without_times(with_engine[1]) == without_times(without[1])
    code, out, err = engine.run("prove", "theorem t : Nope", *ALONE, cwd=tmp_path)
    assert (code, out) == (2, "")
    assert "error: 1:12: error: Unknown identifier `Nope`" in err, err


def test_the_file_and_the_trace_are_written(engine: Resident, tmp_path: Path) -> None:
    file = tmp_path / "file.lean"
    file.write_bytes(FILE.replace("\n", "\r\n").encode())
    args = ("prove", "file.lean:first", "--write", "--trace", "tree.json", *ALONE)
    before = served(engine)
    code, _, err = engine.run(*args, cwd=tmp_path)
    assert (code, served(engine) - before) == (0, 1), err
    assert b"theorem first : two = 2 := by\r\n  " in file.read_bytes()
    document = json.loads((tmp_path / "tree.json").read_text())
    assert document["verdicts"][0]["outcome"] == "proved"
    assert {node["id"] for node in document["graphs"][0]["nodes"]} >= {"g0", "s0"}
    assert document["settings"]["lean"] == "embedded"


def test_ctrl_c_keeps_what_there_is(engine: Resident, tmp_path: Path) -> None:
    text = f"theorem easy : 1 + 1 = 2 := by sorry\n\n{HARD} := by sorry\n"
    (tmp_path / "file.lean").write_text(text)
    args = ("prove", "file.lean", "--budget", "1000000", "--no-lemmas", *ALONE)
    started = engine.command(*args, cwd=tmp_path)
    assert started.stderr is not None
    line = b""
    while b"t: " not in line:  # a line of progress, after five seconds
        line = started.stderr.readline()
        assert line, started.communicate()
    started.send_signal(signal.SIGINT)
    out, _ = started.communicate(timeout=60)
    assert started.returncode == 130
    assert b"proved easy" in out
    assert b"gave_up t: interrupted" in out
    assert not searches(engine)


def searches(engine: Resident) -> int:
    """How many searches go on, after a moment for them to end."""
    for _ in range(100):
        _, out, _ = engine.run("engine", "status", "--json")
        running = json.loads(out)[0]["queue"]["search"]["running"]
        if not running:
            break
        time.sleep(0.05)
    return int(running)


def test_two_signals_end_it_at_once(engine: Resident, tmp_path: Path) -> None:
    args = ("prove", HARD, "--budget", "1000000", "--no-lemmas", *ALONE)
    started = engine.command(*args, cwd=tmp_path)
    while _running(engine) == 0:
        assert started.poll() is None, started.communicate()
    started.send_signal(signal.SIGTERM)
    started.send_signal(signal.SIGTERM)
    started.communicate(timeout=60)
    assert started.returncode == 130
    assert not searches(engine)


def _running(engine: Resident) -> int:
    _, out, _ = engine.run("engine", "status", "--json")
    return int(json.loads(out)[0]["queue"]["search"]["running"])


def test_what_the_engine_cannot_do_the_same_way_runs_without(
    engine: Resident, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = served(engine)
    canary = engine.run("prove", COMM, "--canaries", "1", "--budget", "2", *ALONE, cwd=tmp_path)
    assert (canary[0], served(engine)) == (0, before), canary
    monkeypatch.setitem(engine.environment, "LEAN_PATH", "/somewhere")
    assert engine.run("check", "-", *SAME, cwd=tmp_path)[0] == 2
    other = engine.run("prove", COMM, *ALONE, cwd=tmp_path)
    assert (other[0], served(engine)) == (0, before), other
    assert engine.run("prove", COMM, "--engine", "maybe")[2].strip().endswith("give auto or off")


def test_the_command_goes_on_without_an_engine_that_dies(own: Resident, tmp_path: Path) -> None:
    own.start()
    started = own.command("prove", COMM, "--json", *ALONE, cwd=tmp_path)
    while not _running(own):
        assert started.poll() is None, started.communicate()
    own.kill()
    out, err = started.communicate(timeout=120)
    assert started.returncode == 0, err
    assert json.loads(out)[0]["outcome"] == "proved"
    assert "going on without it" in err.decode()
    assert process.find(own.runtime) is not None  # its file is left, and does no harm
    assert own.run("prove", COMM, *ALONE, cwd=tmp_path)[0] == 0
