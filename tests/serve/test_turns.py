"""The queue, by itself and behind the application."""

import asyncio
from dataclasses import dataclass

import httpx
import pytest

from prover.serve.methods import Call, Json, Method
from prover.serve.schema import QueueFull
from prover.serve.server import Service, create_app
from prover.serve.turns import Turns
from tests.serve.resident import ask


def test_clients_come_by_turns() -> None:
    async def order() -> list[str]:
        turns, done = Turns(1, 100), []

        async def work(client: str) -> None:
            async with turns.turn(client):
                done.append(client)
                await asyncio.sleep(0)

        await asyncio.gather(*(work(c) for c in ["a"] * 4 + ["b"] * 2 + ["c"]))
        assert (turns.running, turns.waiting) == (0, 0)
        return done

    assert ask(order()) == ["a", "a", "b", "c", "a", "b", "a"]


def test_a_full_queue_refuses_and_one_who_leaves_makes_room() -> None:
    async def full() -> None:
        turns = Turns(1, 1)
        hold, go = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            async with turns.turn("a"):
                hold.set()
                await go.wait()

        first = asyncio.create_task(work())
        await hold.wait()
        second = asyncio.create_task(work())
        await asyncio.sleep(0)
        with pytest.raises(QueueFull):
            await work()
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        third = asyncio.create_task(work())
        await asyncio.sleep(0)
        assert turns.waiting == 1
        go.set()
        await asyncio.gather(first, third)
        last = asyncio.create_task(work())
        await last
        assert (turns.running, turns.waiting) == (0, 0)

    ask(full())


def test_a_turn_that_is_given_to_one_who_has_left_goes_on() -> None:
    async def leave() -> None:
        turns = Turns(1, 5)
        go = asyncio.Event()

        async def work() -> None:
            async with turns.turn("a"):
                await go.wait()

        first = asyncio.create_task(work())
        await asyncio.sleep(0)
        second = asyncio.create_task(work())
        await asyncio.sleep(0)
        go.set()
        await first  # the turn is the second's now
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        await asyncio.wait_for(work(), 1)

    ask(leave())


@dataclass(frozen=True, slots=True)
class Nothing:
    """A request without fields."""


def test_too_many_requests_are_told_to_come_again() -> None:
    async def crowd() -> None:
        go = asyncio.Event()

        async def slow(call: Call, asked: Nothing) -> Json:
            await go.wait()
            return {"done": True}

        service = Service("token", table={"slow": Method(Nothing, slow)})
        service.queues["quick"] = Turns(1, 1)
        transport = httpx.ASGITransport(create_app(service))
        headers = {"Authorization": "Bearer token"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://engine", headers=headers
        ) as client:
            tasks = [asyncio.create_task(client.post("/v1/slow", json={})) for _ in range(2)]
            while service.queues["quick"].waiting == 0:
                await asyncio.sleep(0)
            third = await client.post("/v1/slow", json={})
            assert (third.status_code, third.headers["retry-after"]) == (429, "5")
            assert third.json()["kind"] == "QueueFull"
            go.set()
            assert [(await task).json() for task in tasks] == [{"done": True}] * 2
            assert 'method="slow",result="QueueFull"} 1' in service.figures()

    ask(crowd())
