"""The proxy as a process, between an editor and a stand-in for Lean's server."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from prover.editor.wire import Frame
from tests.editor import traffic
from tests.editor.talk import PROXY, SERVER, Talk, behind_proxy
from tests.editor.traffic import message, notification, opened, request


class Scene:
    """A folder that tells the stand-in what to say."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "said").mkdir()

    def says(self, number: int, data: bytes) -> None:
        """What the server says once it has heard so many messages."""
        (self.folder / "said" / str(number)).write_bytes(data)

    def ends(self, number: int, how: str, code: int) -> None:
        (self.folder / "said" / f"{number}.{how}").write_text(str(code))

    def talk(self, *arguments: str, **options: Any) -> Talk:
        command = (sys.executable, str(SERVER), str(self.folder), *arguments)
        return behind_proxy(*command, **options)

    @property
    def heard(self) -> bytes:
        return (self.folder / "heard").read_bytes()

    def started(self) -> dict[str, Any]:
        wait_for((self.folder / "started").exists)
        about: dict[str, Any] = json.loads((self.folder / "started").read_text())
        return about

    def gone(self) -> bool:
        """Whether nothing of the server is left."""
        about = self.started()
        return not any(alive(about[name]) for name in ("pid", "child"))


def alive(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def wait_for(condition: Any, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, condition
        time.sleep(0.02)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_traffic_goes_through_byte_for_byte(scene: Scene) -> None:
    for number, said in traffic.FROM_SERVER.items():
        scene.says(number, b"".join(said))
    expected = b"".join(b"".join(said) for said in traffic.FROM_SERVER.values())
    sent = b"".join(traffic.FROM_EDITOR)
    with scene.talk() as talk:
        for one in traffic.FROM_EDITOR:
            talk.say(one)
        talk.answer(8)
        last = message(notification("exit", None))
        talk.say(last)
        assert talk.end() == 0
    assert scene.heard == sent + last
    assert bytes(talk.heard) == expected
    assert talk.errors == b""


def test_a_message_of_many_megabytes_goes_through(scene: Scene) -> None:
    long = "𝔸" * (5 * 2**20)  # 20 MB as UTF-8, 10 of them kept by nobody
    said = message(notification("window/logMessage", {"type": 3, "message": long}))
    scene.says(1, said)
    with scene.talk() as talk:
        talk.say(opened(long)["params"] | {"method": "long"})
        deadline = time.monotonic() + 60
        while len(talk.heard) < len(said):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert talk.end() == 0
    assert bytes(talk.heard) == said
    assert len(scene.heard) > 20 * 2**20


def test_what_lake_prints_does_not_reach_the_editor(scene: Scene) -> None:
    noise = b"info: downloading component 'lean'\n  81.3 MiB / 200.1 MiB\n"
    first, second = traffic.FROM_SERVER[1][0], message(notification("after", None))
    scene.says(1, noise + first + b"no line end: " + second)
    with scene.talk() as talk:
        talk.say(traffic.INITIALIZE)
        assert talk.hear()["id"] == traffic.INITIALIZE_ID
        assert talk.hear()["method"] == "after"
        talk.end()
    assert bytes(talk.heard) == first + second


def test_what_is_no_message_does_not_reach_the_server(scene: Scene) -> None:
    good = message(request(1, "$/lean/plainGoal", None))
    bad = [b"garbage\r\n\r\n", b"Content-Length: -4\r\n\r\n", b"\xff\xfe", b"Content-Length: 20"]
    scene.says(2, message(traffic.answer(1, None)))
    with scene.talk() as talk:
        talk.say(bad[0] + good + bad[1] + bad[2] + good)
        talk.answer(1)
        talk.say(bad[3])  # and no more
        assert talk.end() == 0
    assert scene.heard == good + good
    assert talk.errors == b""


@pytest.mark.parametrize(
    ("how", "number", "code", "says"),
    [("exit", 3, 3, "(exit code 3)"), ("kill", 9, 137, "(killed by signal 9)")],
)
def test_the_editor_is_told_of_a_server_that_dies(
    scene: Scene, how: str, number: int, code: int, says: str
) -> None:
    half = b"Content-Length: 100\r\n\r\n{"
    scene.says(1, half)
    scene.ends(1, how, number)
    with scene.talk("serve", "--") as talk:
        talk.say(traffic.INITIALIZE)
        told = talk.hear()
        assert told["method"] == "window/showMessage" and told["params"]["type"] == 1
        assert says in told["params"]["message"] and "serve --" in told["params"]["message"]
        assert talk.wait() == code
    assert scene.gone()
    assert talk.errors == b""


def test_a_server_that_is_not_there_is_an_answer(tmp_path: Path) -> None:
    with behind_proxy(str(tmp_path / "lake"), "serve") as talk:
        talk.say(traffic.INITIALIZE)
        assert talk.hear()["method"] == "window/showMessage"
        refused = talk.hear()
        assert refused["id"] == traffic.INITIALIZE_ID
        assert "No such file" in refused["error"]["message"]
        assert talk.wait() == 2
    assert talk.errors == b""


def test_the_end_that_the_editor_asks_for_is_no_news(scene: Scene) -> None:
    scene.ends(1, "exit", 7)
    with scene.talk() as talk:
        talk.say(notification("exit", None))
        assert talk.wait() == 7
    assert talk.heard == b"" and talk.errors == b""
    assert scene.gone()


def test_the_editor_goes_away_without_a_word(scene: Scene) -> None:
    with scene.talk() as talk:
        talk.say(traffic.INITIALIZE)
        scene.started()
        assert talk.end() == 0
    assert scene.gone()
    assert talk.errors == b""


def test_the_editor_reads_no_more(scene: Scene) -> None:
    scene.says(1, message(notification("long", "x" * 2**22)))
    command = [*PROXY, sys.executable, str(SERVER), str(scene.folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(message(traffic.INITIALIZE))
    process.stdin.flush()
    assert process.stdout.read(10)
    process.stdout.close()
    assert process.wait(20) is not None
    process.stdin.close()
    assert scene.gone()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_the_server_and_its_children(scene: Scene, number: signal.Signals) -> None:
    with scene.talk() as talk:
        scene.started()
        talk.process.send_signal(number)
        assert talk.wait() == 130
    assert scene.gone()
    assert talk.errors == b""


def test_a_proxy_that_is_killed_leaves_no_server(scene: Scene) -> None:
    with scene.talk() as talk:
        about = scene.started()
        talk.process.kill()
        wait_for(lambda: not alive(about["pid"]))
        os.kill(about["child"], signal.SIGKILL)
        talk.wait()


def test_standard_error_of_the_server_is_left_alone(tmp_path: Path) -> None:
    code = "import sys; sys.stderr.write('a warning\\n'); sys.stdin.read()"
    with behind_proxy(sys.executable, "-c", code) as talk:
        wait_for(lambda: talk.errors)
        assert talk.end() == 0
    assert talk.errors == b"a warning\n"


def test_a_slow_server_does_not_hold_up_what_it_says(scene: Scene) -> None:
    """A server that does not read: what it says arrives all the same."""
    code = (
        "import sys, time\n"
        "time.sleep(1)\n"
        f"sys.stdout.buffer.write({message(notification('busy', None))!r})\n"
        "sys.stdout.flush()\n"
        "sys.stdin.buffer.read()\n"
    )
    with behind_proxy(sys.executable, "-c", code) as talk:
        sent = Frame(b"Content-Length: 4194304\r\n\r\n", b" " * 2**22)
        threading.Thread(target=talk.say, args=(sent,), daemon=True).start()
        assert talk.hear()["method"] == "busy"
