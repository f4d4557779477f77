"""What goes wrong around a resident engine: each time a readable message, and it works again."""

import asyncio
import json
import signal
import socket
import stat
import sys
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from prover.engine.options import Options, Settings
from prover.errors import WrongUse
from prover.serve import process, server
from prover.serve.client import Client, connect
from prover.serve.client import ask as ask_engine
from prover.serve.schema import EngineGone, ServeError
from prover.terminal import run_resident
from tests.serve.resident import Resident, ask, call, here

TRUE = "theorem t (a b : Nat) : a + b = b + a"
HARD = "theorem t (a b c n : Nat) (h : 2 < n) : (a + 1) ^ n + (b + 1) ^ n ≠ (c + 1) ^ n"


def raw(engine: Resident, data: bytes, close: bool = True) -> bytes:
    """What the engine answers to bytes over its port."""
    endpoint = engine.endpoint
    assert endpoint.port is not None
    with socket.create_connection(("127.0.0.1", endpoint.port), timeout=20) as connection:
        connection.sendall(data)
        if close:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(2**16):
            answer += part
        return answer


def head(engine: Resident, size: int) -> bytes:
    token = engine.endpoint.token
    return (
        f"POST /v1/status HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Length: {size}\r\nConnection: close\r\n\r\n"
    ).encode()


# A request that is none. The engine needs no Lean for it.


@pytest.mark.lean
def test_a_body_that_is_no_request(engine: Resident) -> None:
    url = f"http://127.0.0.1:{engine.endpoint.port}/v1/check"
    token = {"Authorization": f"Bearer {engine.endpoint.token}"}
    for body, message in (
        (b"", "the request is no JSON"),
        (b"{", "the request is no JSON"),
        (b"[" * 100_000, "the request is no JSON"),
        (b'{"text": NaN}', "NaN is no number"),
        (b"[]", "must be a JSON object"),
        (b'{"text": "\xff"}', "the request is not UTF-8 (byte 10)"),
        (b'{"where": {"folder": "/"}, "text": "\\ud800"}', "text is no Unicode text"),
        (b'{"where": {"folder": "/", "jobs": true}, "text": ""}', "where.jobs must be a whole"),
        (b'{"where": {"folder": "/"}, "text": ""}', "the text makes no declaration"),
    ):
        found = httpx.post(url, content=body, headers=token, timeout=60)
        assert found.status_code == 400, body
        assert message in found.json()["message"]
    assert httpx.get(url, headers=token).status_code == 405
    assert call("status", {})["pid"] == engine.endpoint.pid


@pytest.mark.lean
def test_a_body_that_is_too_long_is_not_kept(engine: Resident) -> None:
    before = memory(engine)
    body = b'{"text": "' + b"x" * (100 * 2**20) + b'"}'
    found = httpx.post(
        f"http://127.0.0.1:{engine.endpoint.port}/v1/check",
        content=body,
        headers={"Authorization": f"Bearer {engine.endpoint.token}"},
        timeout=60,
    )
    assert found.status_code == 413
    assert found.json()["kind"] == "TooLarge"
    assert "at most 16,777,216 are read" in found.json()["message"]
    assert memory(engine) - before < 60
    with pytest.raises(ServeError, match="at most") as raised:
        call("check", {"where": here(engine.runtime), "text": "x" * (20 * 2**20)})
    assert raised.value.kind == "TooLarge"


def memory(engine: Resident) -> float:
    import psutil

    return float(psutil.Process(engine.endpoint.pid).memory_info().rss / 2**20)


@pytest.mark.lean
def test_half_a_message_is_dropped(engine: Resident) -> None:
    assert raw(engine, head(engine, 100) + b'{"x"') == b""
    assert b"400" in raw(engine, b"\x16\x03\x01nonsense\r\n\r\n")
    assert raw(engine, b"POST /v1/status HTTP/1.1\r\nHos") == b""
    assert call("status", {})["queue"]["quick"]["running"] == 0


@pytest.mark.lean
def test_a_token_that_does_not_fit(engine: Resident) -> None:
    wrong = replace(engine.endpoint, token="wrong")
    for body in ({}, {"header": "-" * 4_000_000}):
        with pytest.raises(ServeError, match="token") as raised:
            ask(ask_engine(wrong, "status", body))
        assert raised.value.kind == "NotAllowed"
    assert "prover engine status --token" in raised.value.hint
    code, out, _ = engine.run("engine", "status", "--token")
    assert (code, out.strip()) == (0, engine.endpoint.token)


# The process


def test_a_request_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "BODY_SECONDS", 0.05)

    async def never() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {}

    with pytest.raises(WrongUse, match="did not come within"):
        ask(server.read_json(never))


@pytest.mark.lean
def test_a_stale_socket_is_replaced(own: Resident) -> None:
    first = own.start()
    left = own.endpoint
    own.kill()
    first.wait()
    assert left.socket is not None and Path(left.socket).exists()
    with pytest.raises(EngineGone, match="no engine runs"):
        ask(connect(start=False))
    session = ask(connect(start=True))
    now = ask(session.endpoint())
    assert now.pid != left.pid
    assert ask(session.call("status", {}))["pid"] == now.pid
    own.kill()
    assert ask(session.call("status", {}))["pid"] not in (left.pid, now.pid)  # started by the call
    code, _, err = own.run("engine", "stop")
    assert (code, "stopped: pid" in err) == (0, True)
    assert not Path(left.socket).exists()
    assert own.run("engine", "status")[0] == 1


@pytest.mark.lean
def test_engines_that_are_started_at_once_become_one(own: Resident) -> None:
    starting = [own.command("serve", "--background") for _ in range(3)]
    for one in starting:
        _, said = one.communicate(timeout=60)
        assert (one.returncode, f"pid {own.endpoint.pid}" in said.decode()) == (0, True), said
    code, _, err = own.run("serve")
    assert code == 2
    assert "an engine of this version runs already" in err and "prover engine stop" in err


@pytest.mark.lean
def test_an_engine_that_dies_in_the_midst_says_so(own: Resident, tmp_path: Path) -> None:
    own.start()

    async def killed(start: bool, asked: dict[str, Any]) -> dict[str, Any]:
        client = Client(start=start)
        begun = asyncio.Event()

        def told(event: dict[str, Any]) -> None:
            if "spent" in event and not begun.is_set():
                begun.set()
                own.kill()

        return await client.call("prove", {"where": here(tmp_path), **asked}, told)

    options = {"expansions": None, "seconds": 600.0, "refute": False}
    with pytest.raises(EngineGone) as raised:
        ask(killed(False, {"statement": HARD, "options": options}))
    assert "no engine runs" in str(raised.value) and "prover serve" in raised.value.hint
    own.start()
    answer = ask(killed(True, {"statement": TRUE, "options": {"refute": False}}))
    assert answer["verdicts"][0]["outcome"] == "proved"  # by the engine that was started anew


@pytest.mark.lean
def test_a_tactic_is_not_run_again_by_itself(own: Resident, tmp_path: Path) -> None:
    own.start()

    async def lost() -> None:
        client = Client(start=True)
        asked = {"where": here(tmp_path), "text": f"{TRUE} := sorry"}
        state = (await client.call("goals", asked))["holes"][0]["state"]["id"]
        own.kill()
        run = {"state": state, "tactic": "omega"}
        with pytest.raises(EngineGone, match="ended before it answered"):
            await client.call("run_tactic", run)
        with pytest.raises(ServeError, match="the engine was started anew") as raised:
            await client.call("run_tactic", run)
        assert raised.value.hint == "ask for the goals again"

    ask(lost())


def test_a_folder_that_others_can_open_is_not_used(
    own: Resident, capsys: pytest.CaptureFixture[str]
) -> None:
    async def never(prover: object) -> int:
        raise AssertionError

    own.runtime.chmod(0o755)
    for args in (("engine", "status"), ("serve",)):
        code, _, err = own.run(*args)
        assert code == 2
        assert "is open to other users" in err and "chmod 700" in err
    run_resident(Settings(), own.runtime, never, Options())  # comes back: it is done without
    assert "going on without the resident engine" in capsys.readouterr().err


def test_files_that_are_none_of_an_engine(own: Resident) -> None:
    file = own.runtime / f"engine-{process.build()}.json"
    for content in ("", "{", "[]", '{"pid": 1}', "\0"):
        file.write_text(content)
        assert process.find() is None
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(own.runtime / "other.sock"))
    listener.listen()
    other = process.Endpoint(
        2**30, process.build(), str(own.runtime / "other.sock"), None, "t", "", "log"
    )
    file.write_text(json.dumps(asdict(other)))

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(2**16)
            connection.sendall(b"220 mail ready\r\n")

    thread = threading.Thread(target=answer)
    thread.start()
    with pytest.raises(EngineGone, match="no engine runs"):
        ask(connect(start=False))
    thread.join()
    listener.close()


@pytest.mark.lean
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_for_the_log_changes_nothing(own: Resident, tmp_path: Path) -> None:
    (own.runtime / "engine.log").symlink_to("/dev/full")
    own.start()
    assert stat.S_ISCHR(Path(own.endpoint.log).stat().st_mode)
    assert call("status", {})["pid"] == own.endpoint.pid
    with pytest.raises(ServeError, match="no method"):
        call("nothing", {})
    with pytest.raises(ServeError, match="no folder"):
        call("check", {"where": here(tmp_path / "gone"), "text": ""})


def test_the_log_does_not_grow_without_end(tmp_path: Path) -> None:
    code = (
        "import logging, sys; from pathlib import Path; from prover.serve.process import keep_log\n"
        "keep_log(Path(sys.argv[1]) / 'engine.log')\n"
        "for n in range(60): logging.getLogger('prover.serve').info('x' * 100_000)\n"
    )
    import subprocess

    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert set(sizes) == {"engine.log", "engine.log.1", "engine.log.2"}
    assert sum(sizes.values()) < 3.2 * 2**20


def test_an_engine_that_cannot_start_says_why(own: Resident) -> None:
    (own.runtime / f"engine-{process.build()}.sock").mkdir()
    code, _, err = own.run("serve", "--background")
    assert code == 2
    assert "the engine did not start" in err and ".sock" in err
    (own.runtime / f"engine-{process.build()}.sock").rmdir()
    assert own.run("serve", "--background")[0] == 0


def test_a_package_that_has_changed_meanwhile(
    own: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "build", lambda: "older")
    with pytest.raises(ServeError, match="the package has changed since") as raised:
        ask(connect(start=True))
    assert (raised.value.kind, "start that program" in raised.value.message) == (
        "StartFailed",
        True,
    )


def test_a_port_that_is_taken(own: Resident) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, err = own.run("serve", "--port", str(port))
    assert (code, f"--port {port}: Address already in use" in err) == (2, True)


@pytest.mark.lean
def test_another_version_ends_when_nobody_uses_it(own: Resident) -> None:
    own.start()
    old = own.endpoint
    code = (
        "from prover.serve import process; process.build = lambda: 'newer'\n"
        "from prover.cli import main; main(['serve', '--port', '0'])\n"
    )
    import subprocess

    newer = subprocess.Popen(
        [sys.executable, "-c", code], env=own.environment, stderr=subprocess.DEVNULL
    )
    try:
        while process.find(own.runtime, "newer") is None:
            assert newer.poll() is None
            time.sleep(0.02)
        code_, out, _ = own.run("engine", "status")
        assert (code_, out.count("running · pid"), out.count("another version")) == (0, 2, 1)
        log = Path(old.log).read_text()
        assert "stop ok" in log
        _, _, err = own.run("engine", "stop")
        assert str(old.pid) in err and str(newer.pid) in err
        assert newer.wait(10) == 0
    finally:
        newer.kill()
        newer.wait()


def test_it_ends_when_nobody_has_asked_for_long() -> None:
    async def idle() -> float:
        service = server.Service("token")
        service.patience = 0.2
        begin = time.monotonic()
        await service.look_after()
        await service.close()
        return time.monotonic() - begin

    assert 0.2 <= ask(idle()) < 5


@pytest.mark.lean
def test_ctrl_c_ends_it_and_tells_who_waits(own: Resident, tmp_path: Path) -> None:
    started = own.start()

    async def stopped() -> None:
        sent: list[None] = []

        def told(event: dict[str, Any]) -> None:
            if "spent" in event and not sent:
                sent.append(started.send_signal(signal.SIGINT))

        options = {"expansions": None, "seconds": 600.0, "refute": False}
        asked = {"where": here(tmp_path), "statement": HARD, "options": options}
        endpoint = own.endpoint
        with pytest.raises(ServeError) as raised:
            await ask_engine(endpoint, "prove", asked, told)
        assert raised.value.kind == "EngineStopped"

    ask(stopped())
    _, err = started.communicate(timeout=30)
    assert started.returncode == 130
    assert b"listening on" in err and err.strip().endswith(b"interrupted")
    assert process.find(own.runtime) is None
