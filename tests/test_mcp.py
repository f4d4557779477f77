"""The server for agents, with the client of the protocol's own SDK, over pipes, on a real engine."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp_types import CallToolResult, TextContent, TextResourceContents

from prover.lean.toolchain import Lean
from prover.serve import client as engine

T = TypeVar("T")

TOOLS = {"prove", "check", "goals", "run_tactic", "suggest", "refute", "search_premises"}

HARD = "theorem hard (a b c n : Nat) (h : n > 2) (ha : a > 0) (hb : b > 0) : a^n + b^n ≠ c^n"


class Agent:
    """A server in a process of its own, and a client on an event loop of its own."""

    def __init__(self, folder: Path) -> None:
        self.command = [sys.executable, "-m", "prover", "mcp", "--lean", "embedded"]
        self.command += ["--model", "none", "--jobs", "1"]
        self.folder = folder
        self.progress: list[tuple[float, str]] = []
        self.client: Client
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, name="agent")
        self._thread.start()
        ready = threading.Event()
        self._session = asyncio.run_coroutine_threadsafe(self._open(ready), self._loop)
        assert ready.wait(60) or self._session.result(1)

    async def _open(self, ready: threading.Event) -> None:
        command, *args = self.command
        server = StdioServerParameters(
            command=command, args=args, env=dict(os.environ), cwd=self.folder
        )
        async with Client(server) as self.client:
            ready.set()
            await self._over.wait()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=240)

    async def told(self, progress: float, total: float | None, message: str | None) -> None:
        self.progress.append((progress, message or ""))

    async def tool(self, name: str, given: dict[str, Any]) -> CallToolResult:
        return await self.client.call_tool(name, given, progress_callback=self.told)

    def call(self, tool: str, **given: Any) -> dict[str, Any]:
        """The structured result of a call that works; its text is left in `said`."""
        self.progress.clear()
        result = self.wait(self.tool(tool, given))
        self.said = text_of(result)
        assert not result.is_error, self.said
        assert isinstance(result.structured_content, dict)
        return result.structured_content

    def error(self, tool: str, **given: Any) -> str:
        result = self.wait(self.tool(tool, given))
        assert result.is_error, result
        return text_of(result)

    def read(self, uri: str) -> str:
        (content,) = self.wait(self.client.read_resource(uri)).contents
        assert isinstance(content, TextResourceContents)
        return content.text

    def engine(self, method: str = "status") -> dict[str, Any]:
        async def ask() -> dict[str, Any]:
            async with engine.Client(start=False) as one:
                return await one.call(method, {})

        return self.wait(ask())

    def until(self, done: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while not done():
            assert time.monotonic() < end
            time.sleep(0.05)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._session.result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def text_of(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


@pytest.fixture(scope="module")
def agent(lean: Lean, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with pytest.MonkeyPatch.context() as patch:
        runtime = tmp_path_factory.mktemp("runtime")
        runtime.chmod(0o700)
        patch.setenv("PROVER_RUNTIME", str(runtime))
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
        one = Agent(tmp_path_factory.mktemp("project"))
        yield one
        one.engine("stop")
        one.close()


def test_every_tool_says_what_it_takes_and_gives(agent: Agent) -> None:
    tools = agent.wait(agent.client.list_tools()).tools
    assert {tool.name for tool in tools} == TOOLS
    for tool in tools:
        assert len(tool.description or "") > 80
        assert tool.output_schema is not None and tool.output_schema["type"] == "object"
        assert all("description" in field for field in tool.input_schema["properties"].values())
    assert "run_tactic" in (agent.client.instructions or "")


def test_a_theorem_is_proved_and_its_search_can_be_read(agent: Agent) -> None:
    proved = agent.call("prove", text="theorem t (p q : Prop) (h : p ∧ q) : q ∧ p", seconds=100)
    assert proved["proved"]
    (verdict,) = proved["verdicts"]
    assert verdict["outcome"] == "proved" and "kernel" in verdict["passed"]
    assert agent.said.startswith("proved t") and proved["text"] in agent.said
    assert agent.call("check", text=proved["text"])["proved"]
    tree, full, text = (agent.read(uri) for uri in proved["resources"])
    assert "g0 proved" in tree and "⊢ q ∧ p" in tree and "nothing left" in tree
    assert json.loads(full)[0]["name"] == "t"
    assert text == proved["text"]


def test_progress_is_told_while_a_search_goes_on(agent: Agent) -> None:
    given = agent.call("prove", text=HARD, budget=6, seconds=20)
    assert not given["proved"]
    assert given["verdicts"][0]["open_goals"]
    numbers = [number for number, _ in agent.progress]
    assert numbers == sorted(set(numbers)) and len(numbers) > 1
    assert any(message.startswith("hard: ") for _, message in agent.progress)
    tree = agent.read(f"prover://proof/{given['id']}/tree")
    assert "reached by: " in tree and len(tree) < 45_000


def test_a_proof_is_found_step_by_step(agent: Agent) -> None:
    text = "theorem helper (p q : Prop) (hp : p) (hq : q) : p ∧ q := ⟨hp, hq⟩\n\n"
    text += "theorem steps (n : Nat) (h : n = 2) : n + 1 = 3 ∧ 2 = n := by\n  sorry\n"
    goals = agent.call("goals", text=text)
    (hole,) = goals["holes"]
    assert (hole["declaration"], hole["line"], hole["column"]) == ("steps", 4, 2)
    assert hole["goals"] == ["n : Nat\nh : n = 2\n⊢ n + 1 = 3 ∧ 2 = n"]
    assert any("sorry" in message["text"] for message in goals["messages"])

    wrong = agent.call("run_tactic", state=hole["state"], tactic="rfl")
    assert wrong["outcome"] == "error" and wrong["message"] and wrong["states"] == []
    ran = agent.call("run_tactic", state=hole["state"], tactic="constructor")
    assert ran["outcome"] == "progress"
    left, right = ran["states"]
    assert left["goals"][0].endswith("⊢ n + 1 = 3")
    script = ["constructor"]
    found = agent.call("suggest", state=left["state"], most=3, seconds=60)["suggestions"]
    assert 1 <= len(found) <= 3 and found[0]["states"] == []
    script.append("· " + found[0]["tactic"])
    premises = agent.call("search_premises", state=right["state"])["premises"]
    assert "helper" in [one["name"] for one in premises]
    done = agent.call("run_tactic", state=right["state"], tactic="exact h.symm")
    assert done["outcome"] == "finished" and done["states"] == []
    script.append("· " + done["tactic"])

    whole = text.replace("sorry", "\n  ".join(script))
    checked = agent.call("check", text=whole, name="steps", statements=text)
    assert [(v["declaration"], v["outcome"]) for v in checked["verdicts"]] == [("steps", "proved")]
    assert not agent.call("check", text=text)["proved"]


def test_a_file_is_read_and_never_written(agent: Agent) -> None:
    file = agent.folder / "Some.lean"
    file.write_bytes("\ufefftheorem one : 1 = 1 := by\r\n  sorry\r\n".encode())
    before = file.read_bytes(), file.stat().st_mtime_ns
    given = agent.call("prove", path="Some.lean", seconds=100)
    assert given["proved"] and "sorry" not in given["text"]
    assert agent.call("goals", path=str(file))["holes"][0]["line"] == 2
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before


def test_a_false_statement_is_refuted(agent: Agent) -> None:
    found = agent.call("refute", text="theorem low (n : Nat) : n < 3")
    assert found["refuted"] and found["counterexample"] == "n = 3"
    assert "intro h" in found["disproof"]
    assert not agent.call("refute", text="theorem high (n : Nat) : n < n + 1")["refuted"]


def test_long_goals_are_cut_with_a_word(agent: Agent) -> None:
    given = "".join(f" (h{n} : a ≠ {n})" for n in range(400))
    goals = agent.call("goals", text=f"theorem long (a : Nat){given} : a = 0")
    assert len(json.dumps(goals)) < 10_000 and len(agent.said) < 10_000
    goal = goals["holes"][0]["goals"][0]
    assert "characters left out" in goal and goal.endswith("⊢ a = 0")


def test_a_tactic_that_does_not_end_is_an_error(agent: Agent) -> None:
    state = agent.call("goals", text="theorem t : 1 = 2")["holes"][0]["state"]
    ran = agent.call("run_tactic", state=state, tactic="repeat (have := 1)")
    assert ran["outcome"] == "error" and ran["kind"] in ("heartbeats", "recursion", "timeout")
    assert agent.call("run_tactic", state=state, tactic="symm")["outcome"] == "progress"


@pytest.mark.parametrize(
    ("tool", "given", "says"),
    [
        ("run_tactic", {"state": "nothing", "tactic": "rfl"}, "Call `goals` again"),
        ("suggest", {"state": "nothing"}, "Call `goals` again"),
        ("search_premises", {"state": ""}, "Call `goals` again"),
        ("prove", {}, "give `text`"),
        ("prove", {"text": " \n"}, "give `text`"),
        ("prove", {"text": "theorem t : 1 = 1", "path": "x.lean"}, "give `text`"),
        ("prove", {"text": "theorem t : 1 = 1", "budget": 0}, "between 1 and 20000"),
        ("prove", {"text": "theorem t : 1 = 1", "budget": 1_000_000}, "between 1 and 20000"),
        ("prove", {"text": "theorem t : 1 = 1", "seconds": 1e9}, "between 1 and 3600"),
        ("prove", {"text": "theorem t : 1 = 1", "budget": "many"}, "valid integer"),
        ("prove", {"text": "theorem t : 1 = 1", "name": "u"}, "no declaration is called u"),
        ("prove", {"text": "theorem t : 1 = nothing"}, "nothing"),
        ("prove", {"text": "import Nowhere\ntheorem t : 1 = 1 := sorry"}, "an import is missing"),
        ("goals", {"text": "import Nowhere\n"}, "an import is missing"),
        ("check", {"path": "/etc/passwd"}, "any that can be read"),
        ("check", {"path": "missing.lean"}, "any that can be read"),
        ("check", {"path": "."}, "any that can be read"),
        ("check", {"path": "bytes.lean"}, "not UTF-8 (byte 1)"),
        ("check", {"path": "empty.lean"}, "is empty"),
        ("refute", {"text": "def n : Nat := 3"}, "only a theorem"),
        ("no_such_tool", {}, "no_such_tool"),
    ],
)
def test_bad_input_is_told(agent: Agent, tool: str, given: dict[str, Any], says: str) -> None:
    (agent.folder / "bytes.lean").write_bytes(b"a\xff")
    (agent.folder / "empty.lean").write_bytes(b"\n")
    assert says in agent.error(tool, **given)


def test_a_search_that_is_not_there_cannot_be_read(agent: Agent) -> None:
    for part in ("tree", "verdict", "text"):
        with pytest.raises(MCPError, match="no `prove` has the id p999"):
            agent.read(f"prover://proof/p999/{part}")


def running(agent: Agent) -> int:
    number: int = agent.engine()["queue"]["search"]["running"]
    return number


def test_a_cancelled_call_cancels_the_search(agent: Agent) -> None:
    async def begin() -> asyncio.Task[CallToolResult]:
        given = {"text": HARD, "budget": 20_000, "seconds": 600}
        return asyncio.create_task(agent.tool("prove", given))

    task = agent.wait(begin())
    agent.until(lambda: running(agent) == 1)
    agent._loop.call_soon_threadsafe(task.cancel)
    agent.until(lambda: running(agent) == 0)
    assert agent.call("goals", text="theorem t : 1 = 1")["holes"]


def test_a_client_that_goes_away_in_mid_call_ends_it(agent: Agent) -> None:
    server = subprocess.Popen(
        agent.command,
        cwd=agent.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert server.stdin is not None and server.stdout is not None and server.stderr is not None
    hello = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "0"},
    }
    arguments = {"text": HARD, "budget": 20_000, "seconds": 600}
    call = {"name": "prove", "arguments": arguments, "_meta": {"progressToken": 1}}
    messages = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call},
    ]
    with server:
        server.stdin.write(b"this is no message\n")
        for message in messages:
            server.stdin.write(json.dumps(message).encode() + b"\n")
        server.stdin.flush()
        agent.until(lambda: running(agent) == 1)
        lines = [json.loads(server.stdout.readline()) for _ in range(3)]
        assert lines[0].get("id") in (1, None)
        assert lines[-1]["method"] == "notifications/progress"
        server.stdout.close()
        server.stdin.close()
        assert server.wait(30) == 0
        assert server.stderr.read() == b""
    agent.until(lambda: running(agent) == 0)


def test_an_engine_that_was_killed_is_replaced(agent: Agent) -> None:
    state = agent.call("goals", text="theorem t : 1 = 1")["holes"][0]["state"]
    os.kill(agent.engine()["pid"], signal.SIGKILL)
    said = agent.error("run_tactic", state=state, tactic="rfl")
    assert "Call `goals` again" in said
    state = agent.call("goals", text="theorem t : 1 = 1")["holes"][0]["state"]
    assert agent.call("run_tactic", state=state, tactic="rfl")["outcome"] == "finished"
