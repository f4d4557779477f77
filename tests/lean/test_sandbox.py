"""A real process in the real sandbox tries what it must not be able to do."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from prover.doctor import diagnose
from prover.lean import sandbox
from prover.lean.limits import Limits
from prover.lean.process import GymDied, GymProcess
from prover.lean.sandbox import Sandbox
from prover.lean.toolchain import Launch, Lean, find_lean
from tests.lean.native_standin.standin import PROJECT, Standin, make_bin, python

pytestmark = pytest.mark.skipif(sandbox.abi() == 0, reason=sandbox.unavailable() or "-")

READ, EXECUTE = python()


def inside(box: Sandbox, code: str, *args: object) -> subprocess.CompletedProcess[str]:
    """Runs a Python program in a sandbox that also lets Python itself start."""
    box = Sandbox((*box.read, *READ), (*box.execute, *EXECUTE), box.write)
    with box.entrance() as enter:
        return subprocess.run(
            [sys.executable, "-I", "-c", code, *map(str, args)],
            preexec_fn=enter,
            start_new_session=True,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


def refused(box: Sandbox, statement: str, *args: object) -> str:
    """The name of the error that a statement ends with; `a` are the arguments."""
    code = (
        "import os, sys, socket, subprocess, signal, ctypes\na = sys.argv[1:]\n"
        f"try:\n    {statement}\nexcept OSError as error:\n    print(type(error).__name__)\n"
        "else:\n    print('allowed')\n"
    )
    done = inside(box, code, *args)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def box(tmp_path: Path) -> Sandbox:
    """It can read `read/`, and write `write/`; `secret` and `outside/` lie beside them."""
    for name in ("read", "write", "outside", "programs"):
        (tmp_path / name).mkdir()
    (tmp_path / "read/file").write_text("known")
    (tmp_path / "secret").write_text("secret")
    return Sandbox((tmp_path / "read",), write=(tmp_path / "write",))


def test_it_reads_what_it_may(box: Sandbox, tmp_path: Path) -> None:
    code = "import sys; print(open(sys.argv[1]).read())"
    assert inside(box, code, tmp_path / "read/file").stdout == "known\n"


@pytest.mark.parametrize("name", ["secret", "outside"])
def test_it_reads_nothing_else(box: Sandbox, tmp_path: Path, name: str) -> None:
    reads = "open(a[0]).read() if os.path.isfile(a[0]) else os.listdir(a[0])"
    assert refused(box, reads, tmp_path / name) == "PermissionError"


def test_a_link_to_a_secret_does_not_help(box: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "read/link").symlink_to(tmp_path / "secret")
    assert refused(box, "open(a[0])", tmp_path / "read/link") == "PermissionError"


@pytest.mark.parametrize("path", ["/etc/passwd", "/proc/self/environ", "/proc/self/cmdline"])
def test_it_does_not_read_the_machine(box: Sandbox, path: str) -> None:
    assert refused(box, "open(a[0]).read()", path) == "PermissionError"


def test_it_does_not_see_what_its_parent_was_started_with(box: Sandbox) -> None:
    for name in ("environ", "cmdline", "mem"):
        path = f"/proc/{os.getpid()}/{name}"
        assert refused(box, "open(a[0], 'rb').read(1)", path) == "PermissionError"


def test_its_own_stack_can_be_found(box: Sandbox) -> None:
    """Lean does not start where the C library cannot read this."""
    assert "[stack]" in inside(box, "print(open('/proc/self/maps').read())").stdout


def test_it_writes_only_where_it_may(box: Sandbox, tmp_path: Path) -> None:
    write = "open(a[0], 'w').write('x')"
    assert refused(box, write, tmp_path / "write/new") == "allowed"
    assert (tmp_path / "write/new").read_text() == "x"
    assert refused(box, write, "/dev/null") == "allowed"
    for path in ("outside/new", "read/file", "read/new", "secret"):
        assert refused(box, write, tmp_path / path) == "PermissionError"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("outside", "programs", "read", "secret", "write")
    ]
    assert list((tmp_path / "outside").iterdir()) == []


CHANGES = {
    "os.truncate(a[0], 0)": "PermissionError",
    "os.unlink(a[0])": "PermissionError",
    "os.rename(a[0], a[0] + '2')": "PermissionError",
    "os.chmod(a[0], 0o777)": "PermissionError",
    "os.utime(a[0], (0, 0))": "PermissionError",
    "os.chown(a[0], os.getuid(), os.getgid())": "PermissionError",
    "os.link(a[0], a[1] + '/hard')": "OSError",  # as across file systems
}


@pytest.mark.parametrize("change", CHANGES)
def test_it_does_not_change_files_in_other_ways(box: Sandbox, tmp_path: Path, change: str) -> None:
    file = tmp_path / "read/file"
    before = file.stat()
    assert refused(box, change, file, tmp_path / "write") == CHANGES[change]
    after = file.stat()
    for what in ("st_mode", "st_uid", "st_mtime_ns", "st_ctime_ns", "st_size", "st_nlink"):
        assert getattr(before, what) == getattr(after, what), what
    free = f"import os, sys; a = sys.argv[1:]; {change}"
    argv = [sys.executable, "-I", "-c", free, str(file), str(tmp_path / "write")]
    assert subprocess.run(argv, check=False).returncode == 0


def test_its_own_folder_takes_files_only(box: Sandbox, tmp_path: Path) -> None:
    for make in ("os.mkdir(a[0])", "os.symlink('/', a[0])", "os.mkfifo(a[0])"):
        assert refused(box, make, tmp_path / "write/new") == "PermissionError"


def test_it_executes_only_what_it_may(box: Sandbox, tmp_path: Path) -> None:
    run = "subprocess.run([a[0], *a[1:]], check=True)"
    assert refused(box, run, "/bin/sh", "-c", "true") == "PermissionError"
    wider = replace(box, execute=(Path("/bin/sh").resolve(),))
    assert refused(wider, run, "/bin/sh", "-c", "true") == "allowed"


def test_what_it_wrote_it_does_not_execute(box: Sandbox, tmp_path: Path) -> None:
    program = tmp_path / "write/program"
    program.write_bytes(Path("/bin/true").read_bytes())
    program.chmod(0o755)
    assert subprocess.run([program], check=False).returncode == 0
    assert refused(box, "subprocess.run([a[0]])", program) == "PermissionError"


def test_the_loader_runs_no_program_that_cannot_be_read(box: Sandbox) -> None:
    (loader,) = sandbox._loaders((Path("/bin/sh"),))
    done = inside(
        box,
        "import subprocess, sys; print(subprocess.run(sys.argv[1:]).returncode)",
        *(loader, "/bin/sh", "-c", "echo ran"),
    )
    assert "ran" not in done.stdout
    assert done.stdout.strip() != "0"


@contextmanager
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    "use",
    [
        "socket.create_connection(('127.0.0.1', int(a[0])), 2)",
        "socket.create_server(('127.0.0.1', 0))",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', int(a[0])))",
        "socket.socket(socket.AF_UNIX)",
    ],
)
def test_it_has_no_network(box: Sandbox, use: str) -> None:
    with listener() as port:
        code = f"import socket, sys\na = sys.argv[1:]\n{use}"
        free = [sys.executable, "-I", "-c", code, str(port)]
        assert subprocess.run(free, check=False).returncode == 0
        assert refused(box, use, port) == "PermissionError"


@pytest.mark.skipif(sandbox.abi() < 4, reason="this Landlock does not know TCP")
def test_landlock_alone_refuses_tcp(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "DENIED_CALLS", {})
    connect = "socket.create_connection(('127.0.0.1', int(a[0])), 2)"
    with listener() as port:
        assert refused(box, connect, port) == "PermissionError"
    assert refused(box, "socket.create_server(('127.0.0.1', 0))") == "PermissionError"
    assert refused(box, "socket.socket(socket.AF_UNIX)") == "allowed"


@pytest.mark.skipif(sandbox.abi() < 6, reason="this Landlock does not know signals")
def test_it_kills_no_other_process(box: Sandbox) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as sibling:
        assert refused(box, "os.kill(int(a[0]), signal.SIGKILL)", sibling.pid) == "PermissionError"
        assert refused(box, "os.kill(os.getppid(), 0)") == "PermissionError"
        assert sibling.poll() is None
        sibling.kill()


def test_it_cannot_leave_its_group(box: Sandbox) -> None:
    start = "subprocess.run([sys.executable, '-I', '-c', ''], check=True, {})"
    assert refused(box, start.format("start_new_session=True")) == "PermissionError"
    assert refused(box, start.format("process_group=0")) == "PermissionError"
    assert refused(box, start.format("")) == "allowed"


def test_long_files_and_core_dumps_are_limited(box: Sandbox, tmp_path: Path) -> None:
    code = (
        "import os, resource, signal, sys\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE))\n"
        "with open(sys.argv[1], 'wb') as file:\n"
        "    file.seek(int(sys.argv[2]))\n    file.write(b'x')\n"
    )
    done = inside(box, code, tmp_path / "write/big", sandbox.FILE_MB * 2**20)
    assert done.stdout == "(0, 0)\n"
    assert "File too large" in done.stderr


def test_a_path_that_is_not_there_is_left_out(box: Sandbox, tmp_path: Path) -> None:
    wider = replace(box, read=(*box.read, tmp_path / "missing"))
    assert inside(wider, "print('runs')").stdout == "runs\n"


def test_a_child_that_cannot_enter_does_not_run(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "RESTRICT_SELF", 445)
    with pytest.raises(subprocess.SubprocessError):
        inside(box, "open(sys.argv[1], 'w')", tmp_path / "outside/ran")
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.fixture(scope="module")
def standin(lean: Lean, tmp_path_factory: pytest.TempPathFactory) -> Lean:
    """The native stand-in, found as a user's Lean is found. `lean` has set up what it runs: from
    the sandbox it could not."""
    folder = make_bin(tmp_path_factory.mktemp("toolchain") / "bin")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        patch.setenv("SECRET_KEY", "secret")
        found = find_lean(PROJECT / "Some.lean")
    return Standin(**{name: getattr(found, name) for name in found.__dataclass_fields__})


def test_a_native_lean_answers_from_the_sandbox(standin: Lean) -> None:
    async def run() -> tuple[bool, bool]:
        gym = await GymProcess.start(standin, Limits())
        try:
            header = await gym.request(60, cmd="open", header="")
            text = "theorem t (a b : Nat) : a + b = b + a := by omega"
            done = await gym.request(60, cmd="elab", env=header.fields["env"], text=text)
            assert psutil.Process(gym.pid).cmdline()[-1] != gym._word.decode()
            return header.ok, done.ok
        finally:
            await gym.close()

    assert asyncio.run(run()) == (True, True)


def test_a_native_lean_gets_what_it_needs_and_nothing_else(standin: Lean) -> None:
    launch = standin.start_command("Gym")
    assert launch.sandbox is not None
    assert "SECRET_KEY" not in launch.environment
    assert PROJECT in launch.sandbox.read
    assert Path.home() not in launch.sandbox.read
    assert standin.native is not None
    assert standin.native.toolchain in launch.sandbox.execute


def test_a_project_that_is_all_of_home_is_not_opened(
    standin: Lean, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert standin.native is not None
    native = replace(standin.native, root=tmp_path)
    inside_project = native.launch([], tmp_path).sandbox
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    inside_home = native.launch([], tmp_path).sandbox
    assert inside_project is not None and inside_home is not None
    assert tmp_path in inside_project.read
    assert tmp_path not in inside_home.read


def test_doctor_says_that_lean_runs_in_a_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_bin(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    assert any("Lean runs in a sandbox" in finding.text for finding in diagnose(PROJECT))
    monkeypatch.setattr(sandbox, "CREATE_RULESET", 999)  # a kernel that does not know the call
    (found,) = (f for f in diagnose(PROJECT) if "no sandbox for Lean" in f.text)
    assert (found.level, "5.13" in found.text) == ("warn", True)
    assert "embedded" in found.hint


HELLO = """
import json, os, subprocess, sys, time
word = sys.stdin.readline().strip()
def say(text): print(text, flush=True)
say(word + ' {"id":0,"ok":true,"version":"4.0.0"}')
for line in sys.stdin:
    id = json.loads(line)["id"]
    if id < 0: sys.exit()
    answer = word + ' {"id":%d,"ok":true,"heartbeats":1,"us":2,"note":%s}'
    ok = lambda note: say(answer % (id, json.dumps(note)))
"""


def ask(script: str, requests: int = 1, **command: Any) -> tuple[list[Any], GymProcess]:
    """What a "Lean" that is a Python program in a sandbox answers."""

    class Fake(Lean):
        def start_command(self, program: str) -> Launch:
            argv = [sys.executable, "-I", "-c", HELLO + script]
            return Launch(argv, {}, Path("/"), Sandbox(READ, EXECUTE))

    async def run() -> tuple[list[Any], GymProcess]:
        gym = await GymProcess.start(Fake("path", "4.0.0", "", ""), Limits())
        try:
            replies = [await gym.request(20, **command) for _ in range(requests)]
            return [reply.fields["note"] for reply in replies], gym
        finally:
            await gym.close()

    return asyncio.run(run())


def test_a_gym_has_a_scratch_folder_that_goes_with_it() -> None:
    script = (
        "    import tempfile\n    with tempfile.NamedTemporaryFile(delete=False) as file:\n"
        "        file.write(b'x')\n    ok([tempfile.gettempdir(), os.listdir(tempfile.gettempdir())])\n"
    )
    [[folder, files]], _ = ask(script)
    assert len(files) == 1
    assert not Path(folder).exists()


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_noise_without_end_kills_the_process(stream: str) -> None:
    script = f"    while True: sys.{stream}.write('noise' * 1000 + '\\n')\n"
    with pytest.raises(GymDied, match="16 MB that are no answer"):
        ask(script)


def test_some_noise_at_every_request_does_not() -> None:
    script = "    sys.stderr.write('x' * 2**23); print('x' * 2**22)\n    ok('fine')\n"
    assert ask(script, requests=4)[0] == ["fine"] * 4


def test_what_a_gym_starts_does_not_outlive_it() -> None:
    orphan = "import os, subprocess, sys, time; print(os.getpid(), flush=True); time.sleep(600)"
    parent = (
        "import subprocess, sys; p = subprocess.Popen([sys.executable, '-I', '-c', sys.argv[1]], "
        "stdout=subprocess.PIPE, text=True); print(p.stdout.readline(), flush=True)"
    )
    script = (
        f"    done = subprocess.run([sys.executable, '-I', '-c', {parent!r}, {orphan!r}], "
        "stdout=subprocess.PIPE, text=True)\n    ok(int(done.stdout))\n"
    )
    [pid], _ = ask(script)
    deadline = time.monotonic() + 5
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "it runs on"
        time.sleep(0.05)


def test_too_many_processes_kill_the_gym() -> None:
    script = (
        "    for _ in range(80):\n        if os.fork() == 0: time.sleep(600)\n    time.sleep(600)\n"
    )
    with pytest.raises(GymDied, match="over 64 processes"):
        ask(script)


def test_a_full_scratch_folder_kills_the_gym(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prover.lean.process.MAX_SCRATCH", 10 * 2**20)
    script = (
        "    import tempfile\n    for i in range(20):\n"
        "        with open(tempfile.gettempdir() + f'/{i}', 'wb') as file: file.write(bytes(2**20))\n"
        "    time.sleep(600)\n"
    )
    with pytest.raises(GymDied, match="10 MB of temporary files"):
        ask(script)


def test_a_lean_that_cannot_enter_the_sandbox_is_not_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sandbox, "RESTRICT_SELF", 445)
    with pytest.raises(GymDied, match="did not start"):
        ask("    ok('ran')\n")
