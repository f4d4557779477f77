"""Lean's processes and the engine are killed under the requests of four clients: no result is lost or
changed. The long form, `CHAOS=100`, makes a hundred requests under a hundred kills."""

import asyncio
import os
import random
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from prover.serve import process
from prover.serve.client import Client
from prover.serve.schema import EngineGone, EngineStopped, ServeError, UnknownState
from tests.serve.resident import Resident, ask, here

REQUESTS = int(os.environ.get("CHAOS", "10"))
KILLS = REQUESTS if "CHAOS" in os.environ else 3
CLIENTS = 4

ENDINGS = ("a + b = b + a", "a * b = b * a", "(a + b) + 0 = b + a", "a ≤ a + b")
FALSE = ("a + b = a", "a * b = a + b + 1", "a < b")


def kinds(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """Requests whose answers are known by what they answer without kills."""
    place, options = here(folder), {"expansions": 40, "seconds": 300.0}
    found: list[tuple[str, dict[str, Any]]] = []
    for number in range(REQUESTS):
        true, false = ENDINGS[number % len(ENDINGS)], FALSE[number % len(FALSE)]
        head = f"theorem t{number % 12} (a b : Nat) :"
        kind = number % 5
        if kind == 0:
            found.append(("check", {"where": place, "text": f"{head} {true} := by omega\n"}))
        elif kind == 1:
            found.append(("check", {"where": place, "text": f"{head} {false} := by omega\n"}))
        elif kind == 2:
            asked = {"where": place, "statement": f"{head} {true}", "options": options}
            found.append(("prove", asked))
        elif kind == 3:
            found.append(("refute", {"where": place, "statement": f"{head} {false}"}))
        else:
            found.append(("steer", {"where": place, "text": f"{head} {true} := by\n  sorry\n"}))
    return found


async def steer(client: Client, asked: dict[str, Any]) -> list[str]:
    """Goals, and a tactic on them, from the beginning again if the engine died in between."""
    while True:
        goals = await client.call("goals", asked)
        state = goals["holes"][0]["state"]
        try:
            run = {"state": state["id"], "tactic": "rcases a with _ | k"}
            done = await client.call("run_tactic", run)
            return [state["pp"], *(one["pp"] for one in done["states"])]
        except (UnknownState, EngineGone, EngineStopped):
            continue


async def answer(client: Client, method: str, asked: dict[str, Any]) -> Any:
    """What must not change: outcomes, proofs, and texts."""
    if method == "steer":
        return await steer(client, asked)
    done = await client.call(method, asked)
    if method == "refute":
        return done["counterexample"], done["disproof"], done["verdict"]["outcome"]
    verdicts = [(v["name"], v["outcome"], v["proof"]) for v in done["verdicts"]]
    return verdicts, done.get("text")


async def all_of(requests: list[tuple[str, dict[str, Any]]], clients: int) -> list[Any]:
    """The answers to requests that several clients make at once."""
    todo = list(enumerate(requests))[::-1]
    answers: list[Any] = [None] * len(requests)

    async def work() -> None:
        client = Client(start=True)
        while todo:
            number, (method, asked) = todo.pop()
            for attempt in range(60):
                try:
                    answers[number] = await answer(client, method, asked)
                    break
                except (EngineGone, EngineStopped):
                    assert attempt < 59

    await asyncio.gather(*(work() for _ in range(clients)))
    return answers


async def kill_now_and_then(runtime: Path, dice: random.Random) -> list[str]:
    """Kills a Lean process, or one time in four the engine, until cancelled or all kills are done."""
    done: list[str] = []
    while len(done) < KILLS:
        await asyncio.sleep(dice.uniform(0.3, 2.0))
        endpoint = process.find(runtime)
        if endpoint is None or not process.runs(endpoint):
            continue
        try:
            leans = psutil.Process(endpoint.pid).children(recursive=True)
            if dice.random() < 0.25 or not leans:
                os.kill(endpoint.pid, signal.SIGKILL)
                done.append("engine")
            else:
                dice.choice(leans).kill()
                done.append("lean")
        except (psutil.Error, ProcessLookupError):
            continue
    return done


@pytest.mark.lean
@pytest.mark.timeout(60 * (10 + REQUESTS))
def test_no_result_is_lost_or_changed(own: Resident, lean: object, tmp_path: Path) -> None:
    requests = kinds(tmp_path)

    async def chaos() -> tuple[list[Any], list[Any], list[str]]:
        distinct = {repr(request): request for request in requests}
        known = dict(zip(distinct, await all_of(list(distinct.values()), 1), strict=True))
        killing = asyncio.create_task(kill_now_and_then(own.runtime, random.Random(8)))
        answers: list[Any] = []
        while not killing.done() or not answers:  # more rounds if the requests are the faster ones
            answers += await all_of(requests, CLIENTS)
        expected = [known[repr(request)] for request in requests]
        return expected * (len(answers) // len(requests)), answers, await killing

    expected, answers, killed = ask(chaos())
    assert len(killed) == KILLS
    assert answers == expected
    try:
        ask(Client(start=False).call("status", {}))
    except ServeError:
        ask(Client(start=True).call("status", {}))
