import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from prover.lean.limits import Limits
from prover.lean.pool import LeanPool, LeanUnavailable
from prover.lean.process import WATCH_SECONDS, GymDied, GymProcess, _Census
from prover.lean.toolchain import Launch, Lean


def program(lean: Lean, folder: Path, script: str) -> Lean:
    """A "Lean" whose gym is a Python script."""

    class Fake(Lean):
        def start_command(self, program: str) -> Launch:
            return Launch([sys.executable, "-c", script], {}, folder)

    return Fake("path", "4.0.0", "", "")


def test_memory_over_the_limit_kills_the_process(lean: Lean) -> None:
    async def run() -> tuple[GymDied, int, float]:
        gym = await GymProcess.start(lean, Limits())
        try:
            header = await gym.request(60, cmd="open", header="")
            gym._limits = Limits(memory_mb=int(gym.peak_memory_mb) + 200)
            text = "#eval (Array.replicate 150000000 0).size"
            with pytest.raises(GymDied) as caught:
                for _ in range(40):
                    await gym.request(60, cmd="elab", env=header.fields["env"], text=text)
            with pytest.raises(GymDied):
                await gym.request(1, cmd="free", states=[], envs=[])
            return caught.value, gym.pid, gym.peak_memory_mb
        finally:
            await gym.close()

    died, pid, peak = asyncio.run(run())
    assert died.kind == "memory"
    assert "MB of memory" in str(died)
    assert peak > 400
    assert not psutil.pid_exists(pid)


def test_what_cannot_start_processes_is_watched_without_counting_them(
    lean: Lean, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine is idle most of the day: a count reads a file of each process of the machine."""

    async def run() -> tuple[float, bool]:
        gym = await GymProcess.start(lean, Limits())
        try:
            for owner, count in ((psutil, "process_iter"), (psutil.Process, "children")):
                monkeypatch.setattr(owner, count, lambda *args, **options: pytest.fail("counted"))
            await gym.request(60, cmd="open", header="")
            await asyncio.sleep(2 * WATCH_SECONDS)
            return gym.peak_memory_mb, gym._watch.done()
        finally:
            monkeypatch.undo()
            await gym.close()

    peak, over = asyncio.run(run())
    assert peak > 100 and not over


def test_one_count_of_processes_serves_all_that_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    census, counts = _Census(lasts=1000.0), []
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE) as child:
        while not (below := psutil.Process(child.pid).children()):
            time.sleep(0.01)
        count = psutil.process_iter
        monkeypatch.setattr(psutil, "process_iter", lambda attrs: counts.append(1) or count(attrs))
        assert {child.pid, below[0].pid} <= {p.pid for p in census.family(os.getpid())}
        assert census.family(child.pid)[1:] == below
        child.communicate(b"\n")
    assert len(counts) == 1


def test_stop_ends_the_process(lean: Lean) -> None:
    async def run() -> tuple[int, float]:
        gym = await GymProcess.start(lean, Limits())
        assert gym.alive
        reply = await gym.request(5, cmd="nonsense")
        assert (reply.ok, reply.kind) == (False, "request")
        await gym.close()
        assert not gym.alive
        return gym.pid, 0.0

    pid, _ = asyncio.run(run())
    assert not psutil.pid_exists(pid)


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("import sys; sys.exit('no such toolchain')", "no such toolchain"),
        ("print('something else')", "died"),
    ],
)
def test_a_lean_that_dies_at_start_says_why(
    lean: Lean, tmp_path: Path, script: str, says: str
) -> None:
    async def run() -> None:
        async with LeanPool(program(lean, tmp_path, script)):
            pass

    with pytest.raises(LeanUnavailable, match=says):
        asyncio.run(run())


def test_a_lean_that_never_starts_is_given_up_and_killed(lean: Lean, tmp_path: Path) -> None:
    script = (
        "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', "
        "'import time; time.sleep(600)']); open('pid', 'w').write(''); time.sleep(600)"
    )
    before = set(psutil.Process().children(recursive=True))

    async def run() -> None:
        limits = Limits(start_seconds=1.0)
        with pytest.raises(GymDied, match="did not start") as caught:
            await GymProcess.start(program(lean, tmp_path, script), limits)
        assert caught.value.kind == "timeout"
        assert (tmp_path / "pid").exists()
        await asyncio.sleep(0.2)

    asyncio.run(run())
    left = set(psutil.Process().children(recursive=True)) - before
    assert [p for p in left if p.status() != psutil.STATUS_ZOMBIE] == []


HELLO = """
import json, sys
word = sys.stdin.readline().strip()
def say(text): print(text, flush=True)
say(word + ' {"id":0,"ok":true,"version":"4.0.0"}')
for line in sys.stdin:
    id = json.loads(line)["id"]
    answer = word + ' {"id":%d,"ok":true,"heartbeats":1,"us":2,"note":"%s"}'
"""


def test_noise_and_late_answers_are_not_taken_for_the_answer(lean: Lean, tmp_path: Path) -> None:
    script = HELLO + (
        "    say('noise'); say('gym-0 {\"id\":1}'); say(answer % (id - 1, 'late'))\n"
        "    say(' ' + answer % (id, 'indented')); say(answer % (id, 'right'))\n"
    )

    async def run() -> str:
        gym = await GymProcess.start(program(lean, tmp_path, script), Limits())
        try:
            await gym.request(5, cmd="x")
            return str((await gym.request(5, cmd="x")).fields["note"])
        finally:
            await gym.close()

    assert asyncio.run(run()) == "right"


def test_an_answer_that_is_too_long_ends_the_process(lean: Lean, tmp_path: Path) -> None:
    script = HELLO + "    say('x' * (70 * 2**20))\n"

    async def run() -> GymDied:
        gym = await GymProcess.start(program(lean, tmp_path, script), Limits())
        try:
            with pytest.raises(GymDied, match="64 MB") as caught:
                await gym.request(20, cmd="x")
            return caught.value
        finally:
            await gym.close()

    assert asyncio.run(run()).kind == "memory"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("sys.exit(137)", "memory"),
        ("sys.exit('INTERNAL PANIC: out of memory')", "memory"),
        ("sys.stderr.write('Stack overflow detected. Aborting.'); sys.exit(134)", "recursion"),
        ("sys.exit(1)", "crash"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "crash"),
    ],
)
def test_the_way_a_process_ends_is_told(lean: Lean, tmp_path: Path, code: str, kind: str) -> None:
    script = HELLO + f"    {code}\n"

    async def run() -> GymDied:
        gym = await GymProcess.start(program(lean, tmp_path, script), Limits())
        try:
            with pytest.raises(GymDied) as caught:
                await gym.request(20, cmd="x")
            return caught.value
        finally:
            await gym.close()

    assert asyncio.run(run()).kind == kind
