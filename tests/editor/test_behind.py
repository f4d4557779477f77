"""The proxy in front of a language server that elaborates Lean: our own, in the place of `lake serve`."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from platformdirs import user_cache_dir

from prover.editor.positions import changed
from prover.lean.embedded import node_folder, node_program
from prover.lean.toolchain import Lean
from tests.editor.editing import FULL, Editor
from tests.serve.resident import Resident

START = """
import sys
from prover.editor.proxy import serve_proxy
from prover.interrupt import run_cancellable
from prover.streams import open_streams
open_streams()
sys.exit(run_cancellable(serve_proxy(sys.argv[1:], model="none")))
"""
PROXY = (sys.executable, "-P", "-c", START)
"""As `prover lsp --model none` starts it."""
COUNTING_IN_UTF_16 = {key: value for key, value in FULL.items() if key != "general"}
FILE = """theorem first (𝔸 : Prop) (h : 𝔸) (n : Nat) : 𝔸 ∧ n + 0 = n := by
  constructor
  · sorry
  · sorry
"""
HARD = """def f : Nat → Nat → Nat
  | _, 0 => 1
  | a, n + 1 => f a n * a
theorem hard (a b c n : Nat) (h : n > 2) (ha : a > 0) (hb : b > 0) : f a n + f b n ≠ f c n := by
  sorry
"""


@pytest.fixture(scope="module")
def resident(tmp_path_factory: pytest.TempPathFactory, lean: Lean) -> Iterator[Resident]:
    """An engine of its own, which a test may kill."""
    engine = Resident(tmp_path_factory.mktemp("run"))
    engine.start()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def behind(resident: Resident, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    with Editor(tmp_path_factory.mktemp("project"), resident, *PROXY) as editor:
        editor.hello(COUNTING_IN_UTF_16)
        yield editor
        editor.goodbye()


@pytest.fixture
def editor(behind: Editor, tmp_path: Path) -> Iterator[Editor]:
    with behind.within(tmp_path) as editor:
        yield editor


def test_a_file_with_holes_is_filled(editor: Editor, resident: Resident) -> None:
    assert [one["severity"] for one in editor.open(FILE)] == [2]
    assert editor.request("$/lean/plainGoal", editor.at("sorry"))["goals"]
    assert editor.act("Prove this goal", "sorry") is not None
    assert editor.raw.count("sorry") == 1
    assert editor.act("Fill all holes in this file", "sorry") is not None
    assert "sorry" not in editor.raw
    assert editor.elaborated() == []
    editor.path.write_text(editor.raw, "utf-8")
    code, out, err = resident.run("check", str(editor.path), "--lean", "embedded", "--json")
    assert code == 0, err
    assert [verdict["outcome"] for verdict in json.loads(out)] == ["proved"]


def test_work_is_shown_and_ends_when_it_is_cancelled(editor: Editor) -> None:
    editor.open(HARD)
    identity = editor.send("codeAction/resolve", editor.actions("sorry")["Prove this goal"])
    begun = editor.wait_for("$/progress")
    assert begun["value"]["kind"] == "begin" and begun["value"]["cancellable"]
    editor.notify("$/cancelRequest", {"id": identity})
    asked = time.monotonic()
    assert editor.reply(identity)["error"]["code"] == -32800
    assert time.monotonic() - asked < 5
    seen = [one for one in editor.seen if one.get("method") == "$/progress"]
    ended = [one["params"]["value"]["kind"] for one in seen]
    assert ended[-1] == "end"


def test_work_ends_when_its_progress_is_dismissed(editor: Editor) -> None:
    editor.open(HARD)
    identity = editor.send("codeAction/resolve", editor.actions("sorry")["Prove this goal"])
    begun = editor.wait_for("$/progress")
    editor.notify("window/workDoneProgress/cancel", {"token": begun["token"]})
    assert "edit" not in editor.reply(identity)["result"]


def test_work_ends_when_the_text_changes(editor: Editor) -> None:
    editor.open(HARD)
    identity = editor.send("codeAction/resolve", editor.actions("sorry")["Prove this goal"])
    editor.type("theorem hard", "-- 𝔸\n")
    assert editor.reply(identity)["error"]["code"] == -32801


def test_what_lean_says_does_not_wait_for_our_work(editor: Editor) -> None:
    editor.open(HARD)
    identity = editor.send("codeAction/resolve", editor.actions("sorry")["Prove this goal"])
    editor.wait_for("$/progress")
    took = []
    for _ in range(5):
        begin = time.monotonic()
        editor.request("textDocument/documentSymbol", {"textDocument": editor.document})
        took.append(time.monotonic() - begin)
    assert sorted(took)[2] < 2
    editor.notify("$/cancelRequest", {"id": identity})
    editor.reply(identity)


def test_an_engine_that_is_killed_is_started_again(resident: Resident, tmp_path: Path) -> None:
    with Editor(tmp_path, resident, *PROXY) as editor:
        editor.hello(COUNTING_IN_UTF_16)
        editor.open(FILE)
        resident.kill()
        assert editor.act("Prove this goal", "sorry") is not None
        status = resident.run("engine", "status")[1]
        assert ", no model, " in status and ", small, " not in status
        editor.process.send_signal(signal.SIGTERM)
        assert editor.wait() == 130
        assert bytes(editor.errors) == b""


@pytest.fixture(scope="module")
def packages() -> Path:
    """A folder with VS Code's language client protocol, from npm."""
    folder = Path(user_cache_dir("prover")) / "test-programs" / "npm"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / "node_modules" / "vscode-languageserver-protocol").exists():
            npm = node_folder() / "lib/node_modules/npm/bin/npm-cli.js"
            install = ["install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]
            fetched = subprocess.run(
                [str(node_program()), str(npm), *install, "vscode-languageserver-protocol@3.17.5"],
                check=False,
                capture_output=True,
                text=True,
            )
            if fetched.returncode:
                shutil.rmtree(folder / "node_modules", ignore_errors=True)
                pytest.skip(f"npm cannot fetch the language client: {fetched.stderr.strip()}")
    return folder


def test_the_language_client_of_vscode(packages: Path, resident: Resident, tmp_path: Path) -> None:
    file = tmp_path / "A.lean"
    file.write_text(FILE, "utf-8")
    server = [sys.executable, "-m", "prover", "lsp", "--lean", "embedded", "--model", "none"]
    script = Path(__file__).with_name("vscode.cjs")
    done = subprocess.run(
        [str(node_program()), str(script), str(packages), str(file), *PROXY, *server],
        env=resident.environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["begun"]["capabilities"]["codeActionProvider"]["resolveProvider"] is True
    titles = [action["title"] for action in said["actions"]]
    assert titles == [*titles[:4], *titles[:4]]  # those of the server, and ours
    (edits,) = said["resolved"]["edit"]["changes"].values()
    last_first = sorted(edits, key=lambda edit: edit["range"]["start"]["character"], reverse=True)
    after = changed(FILE, [{"range": e["range"], "text": e["newText"]} for e in last_first])
    assert [line for line in after.split("\n") if "sorry" in line] == ["  · sorry"]
    assert after.split("\n")[:2] == FILE.split("\n")[:2]
    assert said["error"] == -32800
    assert "$/lean/fileProgress" in said["seen"]
    assert (said["code"], said["errors"], said["faults"]) == (0, "", [])
