"""The methods of a resident engine, asked with the real client over its socket."""

import asyncio
import os
import re
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from prover.api import Options
from prover.serve.client import Client
from prover.serve.client import ask as ask_engine
from prover.serve.schema import ServeError, UnknownState
from search.budget import Budget
from tests.lab import Lab
from tests.serve.resident import Resident, ask, call, here, plain

COMM = "theorem t (a b : Nat) : a + b = b + a"
HARD = "theorem t (a b c n : Nat) (h : 2 < n) : (a + 1) ^ n + (b + 1) ^ n ≠ (c + 1) ^ n"


def test_a_proof_is_steered_state_by_state(engine: Resident, tmp_path: Path) -> None:
    text = "-- ∀∃\ntheorem t (p q : Prop) (hp : p) (hq : q) : p ∧ q := by\n  sorry\n"

    async def steer() -> None:
        client = Client(start=False)
        found = await client.call("goals", {"where": here(tmp_path), "text": text})
        (hole,) = found["holes"]
        assert text.encode()[hole["first"] : hole["last"]] == b"sorry"
        assert (hole["declaration"], hole["tactic"]) == ("t", True)
        (goal,) = hole["state"]["goals"]
        assert goal["target"] == "p ∧ q"
        assert {"name": "hp", "type": "p", "value": None} in goal["hypotheses"]
        state = hole["state"]["id"]

        bad = await client.call("run_tactic", {"state": state, "tactic": "rfl"})
        assert (bad["outcome"], bad["kind"]) == ("error", "tactic")
        step = await client.call("run_tactic", {"state": state, "tactic": "constructor"})
        assert step["outcome"] == "progress"
        assert [one["goals"][0]["target"] for one in step["states"]] == ["p", "q"]
        for one, tactic in zip(step["states"], ("exact hp", "exact hq"), strict=True):
            done = await client.call("run_tactic", {"state": one["id"], "tactic": tactic})
            assert (done["outcome"], done["states"]) == ("finished", [])
        asked = await client.call("run_tactic", {"state": state, "tactic": "exact?"})
        assert asked["tactic"] == "exact ⟨hp, hq⟩"  # what a proof records

    ask(steer())


def test_positions_are_those_of_the_text_as_it_was_given(engine: Resident, tmp_path: Path) -> None:
    text = "\ufeffimport Lean\r\n-- ∀\r\ntheorem a : True := by\r\n  sorry\r\ntheorem b : True := sorry\r\n"
    found = call("goals", {"where": here(tmp_path), "text": text})
    assert [hole["declaration"] for hole in found["holes"]] == ["a", "b"]
    for hole in found["holes"]:
        assert text.encode()[hole["first"] : hole["last"]] == b"sorry"
    assert [m["line"] for m in found["messages"]] == [3, 5]


def test_suggestions_are_tactics_that_work(engine: Resident, tmp_path: Path) -> None:
    async def suggested() -> None:
        client = Client(start=False)
        goals = await client.call("goals", {"where": here(tmp_path), "text": f"{COMM} := sorry"})
        state = goals["holes"][0]["state"]["id"]
        told: list[Any] = []
        found = await client.call("suggest", {"state": state, "most": 4}, told.append)
        some = found["suggestions"]
        assert 0 < len(some) <= 4
        closing = [not one["states"] for one in some]
        assert closing == sorted(closing, reverse=True) and closing[0]
        assert some[0]["tactic"] in [one.get("tactic") for one in told]
        for one in some[:2]:
            again = await client.call("run_tactic", {"state": state, "tactic": one["tactic"]})
            assert again["outcome"] == "finished"

    ask(suggested())


def test_the_outcome_is_that_of_a_prover_of_ones_own(
    engine: Resident, tmp_path: Path, lab: Lab
) -> None:
    text = f"def two := 2\n{COMM} := by\n  sorry\n\ntheorem u : two = 3 := by sorry\n"
    options = {"expansions": 40, "seconds": 60.0, "seed": 3}
    told: list[dict[str, Any]] = []
    client = Client(start=False)
    asked = {"where": here(tmp_path), "text": text, "options": options, "graphs": True}
    answer = ask(client.call("prove", asked, told.append))
    own = lab.beside(Options(Budget(expansions=40, seconds=60.0), seed=3))
    filled = lab.wait(own.prove_text(text))
    assert plain(answer["verdicts"]) == plain([v.to_json() for v in filled.verdicts])
    assert [v["outcome"] for v in answer["verdicts"]] == ["proved", "disproved"]
    assert answer["text"] == filled.text
    assert plain(answer["graphs"]) == plain(filled.trees)
    assert any(event.get("name") == "t" for event in told)


def test_a_check_is_that_of_a_prover_of_ones_own(
    engine: Resident, tmp_path: Path, lab: Lab
) -> None:
    text = "axiom cheat : False\ntheorem a : 1 = 1 := rfl\ntheorem b : 1 = 2 := cheat.elim\n"
    answer = call("check", {"where": here(tmp_path), "text": text})
    verdicts = lab.wait(lab.prover.check_text(text))
    assert plain(answer["verdicts"]) == plain([v.to_json() for v in verdicts])
    assert [v["outcome"] for v in answer["verdicts"]] == ["proved", "cheated"]


def test_a_false_statement_is_refuted(engine: Resident, tmp_path: Path) -> None:
    asked = {"where": here(tmp_path), "statement": "theorem f (a : Nat) : a + 1 = 2"}
    found = call("refute", asked)
    assert found["counterexample"] == "a = 0"
    assert found["verdict"]["outcome"] == "disproved"
    checked = call("check", {"where": here(tmp_path), "text": found["text"]})
    outcomes = {v["name"]: v["outcome"] for v in checked["verdicts"]}
    assert outcomes["negation_of_the_statement"] == "proved"
    true = call("refute", {"where": here(tmp_path), "text": f"{COMM} := sorry", "name": "t"})
    assert true["verdict"]["outcome"] == "gave_up" and true["reason"]


def test_theorems_before_a_hole_are_premises(engine: Resident, tmp_path: Path) -> None:
    text = """def twice (n : Nat) := n + n
theorem twice_zero : twice 0 = 0 := rfl
theorem t : twice (twice 0) = 0 := by sorry
theorem later : twice 1 = 2 := rfl
"""

    async def asked(text: str, most: int) -> list[tuple[str, str]]:
        client = Client(start=False)
        goals = await client.call("goals", {"where": here(tmp_path), "text": text})
        state = goals["holes"][0]["state"]["id"]
        found = await client.call("premises", {"state": state, "most": most})
        return [(one["name"], one["source"]) for one in found["premises"]]

    assert ask(asked(text, 16))[0] == ("twice_zero", "file")
    lists = f"{text}theorem l (xs ys : List Nat) : (xs ++ ys).reverse = [] := by sorry\n"
    found = ask(asked(lists.replace("by sorry", "rfl", 1), 8))
    assert {name for name, source in found if source == "file"} == {"twice_zero", "t", "later"}
    assert "List.reverse_append" in [name for name, source in found if "List" in source]


def test_a_state_belongs_to_its_session(engine: Resident, tmp_path: Path) -> None:
    async def two_clients() -> None:
        one, other = Client(start=False), Client(start=False)
        text = f"{COMM} := sorry"
        goals = await one.call("goals", {"where": here(tmp_path), "text": text})
        state = goals["holes"][0]["state"]["id"]
        run = {"state": state, "tactic": "omega"}
        for client in (other, Client(start=False)):
            with pytest.raises(UnknownState, match=state):
                await client.call("run_tactic", run)
            await client.call("release", {"states": [state]})
        assert (await one.call("run_tactic", run))["outcome"] == "finished"
        await one.call("release", {"states": [state]})
        with pytest.raises(UnknownState):
            await one.call("run_tactic", run)

    ask(two_clients())


def test_nothing_of_a_text_is_seen_by_another_client(engine: Resident, tmp_path: Path) -> None:
    cheat = 'axiom cheat : False\nmacro "win" : tactic => `(tactic| exact cheat.elim)\n#eval 1\n'
    call("goals", {"where": here(tmp_path), "text": f"{cheat}theorem a : 1 = 2 := by win"})
    for tactic in ("win", "exact cheat.elim"):
        text = f"theorem b : 1 = 2 := by {tactic}"
        found = call("goals", {"where": here(tmp_path), "text": text})
        assert any(m["severity"] == "error" for m in found["messages"])


def test_a_state_survives_the_death_of_its_lean(engine: Resident, tmp_path: Path) -> None:
    async def killed() -> None:
        client = Client(start=False)
        goals = await client.call("goals", {"where": here(tmp_path), "text": f"{COMM} := sorry"})
        state = goals["holes"][0]["state"]["id"]
        step = await client.call("run_tactic", {"state": state, "tactic": "induction a"})
        before = await client.call("status", {})
        for one in before["engines"]:
            for pid in one["workers"]:
                os.kill(pid, signal.SIGKILL)
        zero, after = step["states"]
        for one in (zero, after):
            done = await client.call("run_tactic", {"state": one["id"], "tactic": "omega"})
            assert done["outcome"] == "finished"
        status = await client.call("status", {})
        assert sum(one["restarts"] for one in status["engines"]) > 0
        assert status["pid"] == before["pid"]

    ask(killed())


def test_a_client_that_goes_away_ends_its_work(engine: Resident, tmp_path: Path) -> None:
    async def leave() -> None:
        client = Client(start=False)
        begun = asyncio.Event()
        options = {"expansions": None, "seconds": 600.0, "refute": False}
        asked = {"where": here(tmp_path), "statement": HARD, "options": options}
        told = lambda event: begun.set() if "spent" in event else None
        work = asyncio.create_task(client.call("prove", asked, told))
        await asyncio.wait_for(begun.wait(), 60)
        assert (await client.call("status", {}))["queue"]["search"]["running"] == 1
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        for _ in range(100):
            status = await client.call("status", {})
            if not status["queue"]["search"]["running"]:
                break
            await asyncio.sleep(0.05)
        assert status["queue"]["search"]["running"] == 0
        assert [one["users"] for one in status["engines"]] == [0] * len(status["engines"])

    ask(leave())


def test_a_job_that_is_cancelled_gives_what_it_has(engine: Resident, tmp_path: Path) -> None:
    async def cancelled() -> dict[str, Any]:
        client, other = Client(start=False), Client(start=False)
        begun = asyncio.Event()
        options = {"expansions": None, "seconds": 600.0, "refute": False}
        asked = {"where": here(tmp_path), "statement": HARD, "options": options, "job": "mine"}
        told = lambda event: begun.set() if "spent" in event else None
        work = asyncio.create_task(client.call("prove", asked, told))
        await asyncio.wait_for(begun.wait(), 60)
        assert await other.call("cancel", {"job": "mine"}) == {"running": False}
        assert await client.call("cancel", {"job": "mine"}) == {"running": True}
        return await work

    (verdict,) = ask(cancelled())["verdicts"]
    assert (verdict["outcome"], verdict["reason"]) == ("gave_up", "interrupted")
    assert verdict["open_goals"]


def test_errors_come_with_their_kind_and_hint(engine: Resident, tmp_path: Path) -> None:
    for method, body, kind, message in (
        ("prove", {"statement": "theorem t : Nope"}, "StatementError", "Nope"),
        ("prove", {}, "WrongUse", "either a text or a statement"),
        ("check", {"text": "import Nowhere\n"}, "StatementError", "an import is missing"),
        ("check", {"text": COMM, "nonsense": 1}, "WrongUse", "nonsense is no field"),
        ("check", {"text": 1}, "WrongUse", "text must be a text"),
        ("check", {}, "WrongUse", "text is missing"),
        ("check", {"text": "theorem t : 1 = 1 := rfl", "name": "u"}, "StatementError", "called u"),
        ("prove", {"statement": COMM, "options": {"seconds": 1e9}}, "WrongUse", "options.seconds"),
        ("nothing", {}, "WrongUse", "there is no method nothing"),
    ):
        with pytest.raises(ServeError, match=message) as raised:
            call(method, {"where": here(tmp_path), **body})
        assert (raised.value.kind, raised.value.exit_code) == (kind, 2)
    with pytest.raises(ServeError, match="there is no folder"):
        call("check", {"where": here(tmp_path / "gone"), "text": COMM})


def test_a_project_that_cannot_be_used_is_told_of(engine: Resident, tmp_path: Path) -> None:
    (tmp_path / "lakefile.toml").write_text('name = "p"\n')
    asked = {"text": "theorem t : 1 = 1 := rfl"}
    place = {**here(tmp_path), "lean": str(tmp_path)}
    with pytest.raises(ServeError, match="needs `lake`") as raised:
        call("check", {"where": place, **asked})
    assert (raised.value.kind, raised.value.hint[:12]) == ("SetupError", "install elan")
    with pytest.raises(ServeError, match="is not a Lean project"):
        call("check", {"where": {**place, "lean": str(engine.runtime)}, **asked})


def test_metrics_are_what_prometheus_reads(engine: Resident, tmp_path: Path) -> None:
    asked = {"where": here(tmp_path), "text": "theorem t : 1 = 1 := rfl"}
    for method in ("check", "goals", "goals"):
        call(method, asked)
    url = f"http://127.0.0.1:{engine.endpoint.port}"
    token = {"Authorization": f"Bearer {engine.endpoint.token}"}
    found = httpx.get(f"{url}/metrics", headers=token)
    assert found.status_code == 200
    rows, known = {}, set()
    for line in found.text.splitlines():
        if line.startswith("# TYPE"):
            known.add(line.split()[2])
        elif not line.startswith("#"):
            row = re.fullmatch(r"([a-z_]+)(\{[^}]*\})? (-?[\d.e+-]+)", line)
            assert row is not None, line
            assert re.sub(r"_(sum|count)$", "", row[1]) in known
            rows[row[1] + (row[2] or "")] = float(row[3])
    assert rows['prover_requests_total{method="check",result="ok"}'] >= 1
    assert rows['prover_request_seconds{method="check",quantile="0.95"}'] > 0
    assert rows['prover_cache_total{cache="header",result="hit"}'] > 0
    assert rows['prover_cache_total{cache="engine",result="hit"}'] > 0
    for name in ("prover_tactics_total", "prover_engines", "prover_queue_waiting_search"):
        assert name in rows
    assert 0 <= rows["prover_lean_idle_ratio"] <= 1
    assert httpx.get(f"{url}/metrics").status_code == 401
    assert httpx.get(f"{url}/health").json() == {"status": "ok"}


def test_without_events_the_answer_is_plain_json(engine: Resident, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{engine.endpoint.port}/v1"
    token = {"Authorization": f"Bearer {engine.endpoint.token}"}
    asked = {"where": here(tmp_path), "text": "theorem t : 1 = 1 := rfl"}
    found = httpx.post(f"{url}/check", json=asked, headers=token, timeout=60)
    assert found.headers["content-type"] == "application/json"
    assert found.json()["verdicts"][0]["outcome"] == "proved"
    bad = httpx.post(f"{url}/check", json={}, headers=token)
    assert bad.status_code == 400
    assert set(bad.json()) == {"kind", "message", "hint", "exit_code"}


def test_the_socket_and_the_files_are_the_users_alone(engine: Resident) -> None:
    endpoint = engine.endpoint
    assert endpoint.socket is not None
    for path in (endpoint.socket, engine.runtime / f"engine-{endpoint.build}.json"):
        assert Path(path).stat().st_mode & 0o077 == 0
    assert ask(ask_engine(endpoint, "status", {}))["pid"] == endpoint.pid
