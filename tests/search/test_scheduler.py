import asyncio
import contextlib
import gc
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.best_first import BestFirst, SearchResult
from search.budget import Budget
from search.graph import Status
from search.interfaces import LONGEST_TACTIC, MALFORMED, Outcome, Request, State, Suggestion
from search.scheduler import Scheduler, SearchFailed
from tests.search.search_world import (
    Rule,
    World,
    WorldEnvironment,
    WorldGenerator,
    script_proves,
    worlds,
)


def run(main: Callable[[], Awaitable[None]]) -> None:
    """Runs a test in a loop of its own; leftover tasks and unseen exceptions are errors. Only what
    the test made is searched for garbage: all that other tests imported takes long."""
    complaints: list[str] = []

    async def guarded() -> None:
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: complaints.append(str(context))
        )
        await asyncio.wait_for(main(), 20)
        for _ in range(3):
            await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    gc.freeze()
    asyncio.run(guarded())
    gc.collect()
    gc.unfreeze()
    assert not complaints


def tree(result: SearchResult) -> str:
    plain = nx.node_link_data(result.graph.to_networkx(), edges="edges")
    return json.dumps([plain, result.status, result.reason, result.proof, repr(result.spent)])


def without_time(result: SearchResult) -> SearchResult:
    result.spent.seconds = 0.0
    return result


async def search_world(
    world: World,
    *,
    seed: int | None = None,
    capacity: int = 3,
    budget: Budget | None = None,
    width: int = 2,
    **options: Any,
) -> SearchResult:
    environment = WorldEnvironment(world, capacity, seed)
    async with Scheduler(environment) as scheduler:
        search = BestFirst(environment.start((0,)), width=width, budget=budget)
        result = await scheduler.run(search, WorldGenerator(world, seed), **options)
    assert not environment.live
    assert environment.running == 0
    assert environment.most_running <= capacity
    return without_time(result)


def chain(length: int, *, wide: int = 0, closes: bool = True) -> World:
    """Goal i leads to goal i+1; `wide` more tactics of every goal fail."""
    rules = []
    for i in range(length):
        last = i == length - 1
        new = (i + 1,) if not last else (() if closes else None)
        failing = tuple(Rule(None, logprob=-0.01, text=f"f{i}_{n}") for n in range(wide))
        rules.append((Rule(new, logprob=-1.0, text=f"t{i}"), *failing))
    return World((0,) * length, tuple(rules))


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(worlds(), st.integers(1, 3), st.integers(0, 1000))
def test_the_tree_does_not_depend_on_timing(world: World, width: int, seed: int) -> None:
    async def main() -> None:
        budget = Budget(expansions=30, heartbeats=400)
        plain = await search_world(world, width=width, budget=budget)
        for options in ({"seed": seed}, {"seed": seed + 1, "capacity": 1}):
            delayed = await search_world(
                world,
                width=width,
                budget=budget,
                on_progress=lambda search: search.graph.check(),
                **options,
            )
            assert tree(plain) == tree(delayed)
        assert plain.spent.expansions <= 30
        assert plain.proof is None or script_proves(world, (0,), plain.proof)

    run(main)


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(worlds(4))
def test_verification_sees_scripts_until_one_is_accepted(world: World) -> None:
    async def main() -> None:
        seen: list[str] = []

        async def verify(script: str) -> bool:
            await asyncio.sleep(0)
            assert script_proves(world, (0,), script)
            seen.append(script)
            return len(seen) == 3

        result = await search_world(world, seed=1, verify=verify)
        result.graph.check()
        assert (result.status == "proved") == (len(seen) == 3)
        assert bool(seen) == world.provable((0,))
        if result.status == "proved":
            assert result.proof == seen[-1]

    run(main)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.lists(worlds(), min_size=2, max_size=6), st.integers(0, 100))
def test_concurrent_searches_equal_each_alone(several: list[World], seed: int) -> None:
    async def main() -> None:
        # one union world: goals of world k are shifted behind those of the worlds before it
        colours: list[int] = []
        rules: list[tuple[Rule, ...]] = []
        starts = []
        for world in several:
            shift = len(colours)
            starts.append(shift)
            colours.extend(world.colours)
            for goal_rules in world.rules:
                rules.append(
                    tuple(
                        Rule(
                            None if r.new is None else tuple(g + shift for g in r.new),
                            frozenset(g + shift for g in r.solves),
                            r.logprob,
                            r.text,
                        )
                        for r in goal_rules
                    )
                )
        union = World(tuple(colours), tuple(rules))
        budget = Budget(expansions=25)

        async def together(indices: Sequence[int]) -> list[str]:
            environment = WorldEnvironment(union, 2, seed)
            generator = WorldGenerator(union, seed)
            async with Scheduler(environment) as scheduler:
                results = await asyncio.gather(
                    *(
                        scheduler.run(
                            BestFirst(environment.start((starts[i],)), width=2, budget=budget),
                            generator,
                        )
                        for i in indices
                    )
                )
            assert not environment.live
            return [tree(without_time(result)) for result in results]

        everyone = range(len(several))
        alone = [(await together([i]))[0] for i in everyone]
        assert await together(everyone) == alone

    run(main)


def test_requests_of_many_searches_are_with_the_generator_at_once() -> None:
    async def main() -> None:
        world = chain(4)
        environment = WorldEnvironment(world, capacity=20)
        waiting: list[Request] = []
        complete = asyncio.Event()

        class Batching(WorldGenerator):
            """Answers when eight requests are there, however they came."""

            async def generate(
                self, requests: Sequence[Request]
            ) -> AsyncIterator[tuple[int, Suggestion]]:
                nonlocal complete
                waiting.extend(requests)
                own = complete
                if len(waiting) == 8:
                    waiting.clear()
                    complete = asyncio.Event()
                    own.set()
                await own.wait()
                async for item in super().generate(requests):
                    yield item

        generator = Batching(world)
        async with Scheduler(environment) as scheduler:
            searches = [BestFirst(environment.start((0,))) for _ in range(8)]
            await asyncio.gather(*(scheduler.run(search, generator) for search in searches))
            metrics = scheduler.metrics()
        assert (metrics.requests, metrics.tactics, metrics.expansions) == (32, 32, 32)
        assert 0 <= metrics.generator_idle <= 1
        assert 0 <= metrics.slots_idle <= 1

    run(main)


def test_a_request_waits_for_no_other() -> None:
    async def main() -> None:
        world = chain(3)
        environment = WorldEnvironment(world)
        over = asyncio.Event()

        class Slow(WorldGenerator):
            async def generate(
                self, requests: Sequence[Request]
            ) -> AsyncIterator[tuple[int, Suggestion]]:
                if requests[0].state.key == "(2,)":
                    await over.wait()
                async for item in super().generate(requests):
                    yield item

        generator = Slow(world)
        async with Scheduler(environment) as scheduler:
            slow = asyncio.create_task(scheduler.run(BestFirst(environment.start((2,))), generator))
            await asyncio.sleep(0)
            budget = Budget(expansions=2)
            quick = BestFirst(environment.start((0,)), budget=budget)
            assert (await scheduler.run(quick, generator)).status == "budget"
            assert not slow.done()
            over.set()
            assert (await slow).status == "proved"

    run(main)


class Only:
    """Suggests some tactics for every state, and notes for which it was asked."""

    def __init__(self, **tactics: float) -> None:
        self.tactics = tactics
        self.asked: list[str] = []

    async def generate(self, requests: Sequence[Request]) -> AsyncIterator[tuple[int, Suggestion]]:
        for index, request in enumerate(requests):
            self.asked.append(request.state.key)
            for tactic, logprob in self.tactics.items():
                yield index, Suggestion(tactic, logprob)


def test_what_the_first_generator_closes_is_not_asked_of_the_other() -> None:
    async def main() -> None:
        world = World((0, 0), ((Rule((1,), text="step"),), (Rule((), text="close"),)))
        first, model = Only(close=-2.0), Only(step=-1.0)
        environment = WorldEnvironment(world)
        async with Scheduler(environment) as scheduler:
            search = BestFirst(environment.start((0,)))
            result = await scheduler.run(search, model, first=first)
        assert result.proof == "step\nclose"
        assert (first.asked, model.asked) == (["(0,)", "(1,)"], ["(0,)"])
        assert not environment.live

    run(main)


def test_nothing_is_tried_on_a_goal_that_is_false() -> None:
    async def main() -> None:
        rules = (
            (Rule((1,), text="likely"), Rule((2,), text="right")),
            (Rule((), text="impossible"),),
            (Rule((), text="close"),),
        )
        environment = WorldEnvironment(World((0, 0, 0), rules), false={"(1,)": "n = 3", "(0,)": ""})
        generator = Only(likely=-0.1, right=-1.0, impossible=-0.1, close=-2.0)
        async with Scheduler(environment) as scheduler:
            search = BestFirst(environment.start((0,)), width=1)
            result = await scheduler.run(search, generator)
            told_not_to = BestFirst(environment.start((0,)), width=1)
            other = await scheduler.run(
                told_not_to, Only(likely=-0.1, impossible=-0.1), refute=False
            )
        assert result.proof == "right\nclose"  # nobody asks whether the root is false
        assert generator.asked == ["(0,)", "(2,)"]
        by_key = {goal.state.key: goal for goal in result.graph.goals}
        assert (by_key["(1,)"].counterexample, by_key["(1,)"].status) == ("n = 3", Status.FAILED)
        nodes = result.graph.to_networkx().nodes.values()
        assert [n["pp"] for n in nodes if n.get("counterexample") == "n = 3"] == ["⊢ 1"]
        assert other.proof == "likely\nimpossible"
        assert not environment.live

    run(main)


def test_the_rest_is_asked_for_when_the_turn_of_a_goal_comes_again() -> None:
    async def main() -> None:
        world = World(
            (0, 0),
            (
                (Rule(None, text="a"), Rule(None, text="b"), Rule((1,), text="c")),
                (Rule((), text="d"),),
            ),
        )
        first, model = Only(a=-1.0, b=-2.0, c=-3.0), Only(d=-2.5, a=-0.1, b=-0.1)
        environment = WorldEnvironment(world)
        async with Scheduler(environment) as scheduler:
            search = BestFirst(environment.start((0,)), width=2)
            result = await scheduler.run(search, model, first=first)
        assert result.proof == "c\nd"
        ran = [tactic for _, tactic in environment.ran]
        assert ran == ["a", "b", "d", "c", "a", "b", "d"]  # none twice on one goal
        assert model.asked == ["(0,)", "(1,)"]

    run(main)


def test_a_rejected_proof_leaves_both_generators_their_say() -> None:
    async def main() -> None:
        world = World((0,), ((Rule((), text="a"), Rule((), text="b"), Rule((), text="c")),))
        first, model = Only(a=-1.0, b=-2.0), Only(c=-3.0)
        environment = WorldEnvironment(world)
        seen: list[str] = []

        async def verify(script: str) -> bool:
            seen.append(script)
            return script == "c"

        async with Scheduler(environment) as scheduler:
            search = BestFirst(environment.start((0,)))
            result = await scheduler.run(search, model, first=first, verify=verify)
        assert (result.proof, seen) == ("c", ["a", "b", "c"])

    run(main)


def test_a_wide_search_does_not_starve_a_narrow_one() -> None:
    async def main() -> None:
        wide, narrow = chain(1, wide=400), chain(5)
        union = World(
            (0,) * 6,
            (
                *wide.rules,
                *(
                    tuple(
                        Rule(None if r.new is None else tuple(g + 1 for g in r.new), text=r.text)
                        for r in goal_rules
                    )
                    for goal_rules in narrow.rules
                ),
            ),
        )
        environment = WorldEnvironment(union, capacity=2, seed=3)
        async with Scheduler(environment) as scheduler:
            big = BestFirst(environment.start((0,)), width=401)
            task = asyncio.create_task(scheduler.run(big, WorldGenerator(union)))
            while len(environment.ran) < 20:
                await asyncio.sleep(0)
            # the generation is shared too: it must not be what is measured
            while big.spent.tactics < 20:
                await asyncio.sleep(0)
            before = len(environment.ran)
            small = BestFirst(environment.start((1,)))
            assert (await scheduler.run(small, WorldGenerator(union))).status == "proved"
            assert len(environment.ran) - before < 40
            assert (await task).status == "proved"

    run(main)


def test_tactics_run_before_their_batch_is_complete() -> None:
    async def main() -> None:
        world = chain(1)
        environment = WorldEnvironment(world)

        class Slow:
            async def generate(
                self, requests: Sequence[Request]
            ) -> AsyncIterator[tuple[int, Suggestion]]:
                yield 0, Suggestion("nonsense", -2.0)
                while not environment.ran:
                    await asyncio.sleep(0)
                yield 0, Suggestion("t0", -1.0)

        async with Scheduler(environment) as scheduler:
            search = BestFirst(environment.start((0,)), width=1)
            result = await scheduler.run(search, Slow())
        # run early, then found not to be among the first: neither committed nor kept
        assert environment.ran[0][1] == "nonsense"
        assert (result.spent.tactics, result.proof) == (1, "t0")
        assert not environment.live

    run(main)


def test_a_proof_abandons_what_its_search_has_in_flight_and_only_that() -> None:
    async def main() -> None:
        cancelled: list[str] = []
        world = World(
            (0, 0),
            (
                (Rule((), logprob=0.0, text="close"), Rule(None, logprob=-1.0, text="hang")),
                (Rule((), logprob=-1.0, text="later"),),
            ),
        )
        gate = asyncio.Event()

        class Hanging(WorldEnvironment):
            async def run(self, state: State, tactic: str, *, brief: bool = False) -> Outcome:
                try:
                    if tactic == "hang":
                        await asyncio.Event().wait()
                    if tactic == "later":
                        await gate.wait()
                except asyncio.CancelledError:
                    cancelled.append(tactic)
                    raise
                return await super().run(state, tactic, brief=brief)

        environment = Hanging(world, capacity=4)
        async with Scheduler(environment) as scheduler:
            other = asyncio.create_task(
                scheduler.run(BestFirst(environment.start((1,))), WorldGenerator(world))
            )
            result = await scheduler.run(BestFirst(environment.start((0,))), WorldGenerator(world))
            assert result.proof == "close"
            assert cancelled == ["hang"]
            gate.set()
            assert (await other).proof == "later"
        assert cancelled == ["hang"]
        assert not environment.live

    run(main)


@pytest.mark.parametrize("text", ["t0 \ud800", "t0\0", "t" * (LONGEST_TACTIC + 1), "t0"])
def test_what_a_generator_gets_wrong_ends_no_search(text: str) -> None:
    async def main() -> None:
        world = chain(3)
        environment = WorldEnvironment(world)

        class Wrong(WorldGenerator):
            async def generate(
                self, requests: Sequence[Request]
            ) -> AsyncIterator[tuple[int, Suggestion]]:
                for index in range(len(requests)):
                    yield index, Suggestion(text, math.nan if text == "t0" else -0.1, 5)
                async for arrival in super().generate(requests):
                    yield arrival

        async with Scheduler(environment) as scheduler:
            searches = [BestFirst(environment.start((0,)), seed=seed) for seed in range(2)]
            results = await asyncio.gather(
                *(scheduler.run(search, Wrong(world)) for search in searches)
            )
        for result in results:
            assert (result.status, result.proof) == ("proved", "t0\nt1\nt2")
            assert result.failures == {MALFORMED: 3}
            assert (result.spent.tactics, result.spent.tokens) == (3, 18)
        assert {tactic for _, tactic in environment.ran} == {"t0", "t1", "t2"}
        assert not environment.live

    run(main)


class Stuck(WorldEnvironment):
    async def run(self, state: State, tactic: str, *, brief: bool = False) -> Outcome:
        if tactic == "t3":
            await asyncio.Event().wait()
        return await super().run(state, tactic, brief=brief)


def test_the_cap_does_not_count_what_goes_to_other_searches() -> None:
    async def main() -> None:
        world = chain(4)

        class Slow(WorldEnvironment):
            async def run(self, state: State, tactic: str, *, brief: bool = False) -> Outcome:
                await asyncio.sleep(0.1)
                return await super().run(state, tactic, brief=brief)

        environment, generator = Slow(world, capacity=1), WorldGenerator(world)
        budget = Budget(seconds=0.8)
        searches = [BestFirst(environment.start((0,)), budget=budget) for _ in range(4)]
        begin = asyncio.get_running_loop().time()
        async with Scheduler(environment) as scheduler:
            results = await asyncio.gather(*(scheduler.run(s, generator) for s in searches))
        assert asyncio.get_running_loop().time() - begin > 1.5
        assert [result.status for result in results] == ["proved"] * 4
        assert all(0.3 < result.spent.seconds < 0.8 for result in results)

    run(main)


def test_the_cap_counts_neither_verdicts_nor_what_the_search_has_to_wait_for() -> None:
    async def main() -> None:
        world = chain(3)
        needed: list[int] = []
        generator = WorldGenerator(world)

        async def ready() -> None:
            await asyncio.sleep(0.4)
            needed.append(len(needed))

        async def verify(script: str) -> bool:
            await asyncio.sleep(0.4)
            return True

        async def wait(search: BestFirst) -> None:
            await asyncio.sleep(0.4)
            waited.append(search.spent.tactics)

        def told(search: BestFirst) -> Awaitable[None] | None:
            return wait(search) if search.spent.tactics == 1 else None

        waited: list[int] = []
        environment = WorldEnvironment(world)
        async with Scheduler(environment) as scheduler:
            search = BestFirst(environment.start((0,)), budget=Budget(seconds=0.3))
            result = await scheduler.run(
                search, generator, ready=ready, verify=verify, on_progress=told
            )
        assert result.status == "proved"
        assert result.spent.seconds < 0.3 < result.spent.verifying
        assert needed
        assert waited == [1], "the search stood meanwhile"

    run(main)


def test_the_wall_cap_ends_a_search_that_hangs() -> None:
    async def main() -> None:
        world = chain(6)
        environment = Stuck(world)
        async with Scheduler(environment) as scheduler:
            search = BestFirst(environment.start((0,)), budget=Budget(seconds=0.1))
            result = await scheduler.run(search, WorldGenerator(world))
        assert (result.status, result.reason) == ("budget", "seconds")
        assert 0.1 <= result.spent.seconds < 2
        assert len(result.graph.goals) == 4
        assert not environment.live

    run(main)


def test_a_cancelled_search_keeps_its_graph_and_leaves_nothing_running() -> None:
    async def main() -> None:
        world = chain(6)
        environment = Stuck(world)
        async with Scheduler(environment) as scheduler:
            search = BestFirst(environment.start((0,)))
            task = asyncio.create_task(scheduler.run(search, WorldGenerator(world)))
            while environment.running == 0 and len(search.graph.goals) < 4:
                await asyncio.sleep(0)
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            result = search.result("interrupted")
            assert (result.status, len(result.graph.goals)) == ("interrupted", 4)
            assert [goal.state.key for goal in result.open_goals] == ["(3,)"]
            assert not environment.live
            # the scheduler is still good
            again = BestFirst(environment.start((4,)))
            assert (await scheduler.run(again, WorldGenerator(world))).status == "proved"

    run(main)


def test_a_search_cancelled_while_it_waits_for_suggestions_stops_the_generation() -> None:
    async def main() -> None:
        stopped = []

        class Endless:
            async def generate(
                self, requests: Sequence[Request]
            ) -> AsyncIterator[tuple[int, Suggestion]]:
                try:
                    await asyncio.Event().wait()
                    yield 0, Suggestion("", 0.0)
                finally:
                    stopped.append(len(requests))

        environment = WorldEnvironment(chain(1))
        async with Scheduler(environment) as scheduler:
            search = BestFirst(environment.start((0,)))
            task = asyncio.create_task(scheduler.run(search, Endless()))
            await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.wait([task])
            await asyncio.sleep(0.01)
            assert stopped == [1]
        assert not environment.live

    run(main)


def test_a_request_that_was_given_up_while_it_waited_is_not_generated() -> None:
    async def main() -> None:
        world = chain(2)
        gate = asyncio.Event()

        class Gated(WorldGenerator):
            async def generate(
                self, requests: Sequence[Request]
            ) -> AsyncIterator[tuple[int, Suggestion]]:
                await gate.wait()
                async for item in super().generate(requests):
                    yield item

        environment, generator = WorldEnvironment(world), Gated(world)
        async with Scheduler(environment) as scheduler:
            first, second = (
                asyncio.create_task(
                    scheduler.run(BestFirst(environment.start((1 - i,))), generator)
                )
                for i in range(2)
            )
            await asyncio.sleep(0.01)
            second.cancel()
            await asyncio.wait([second])
            gate.set()
            assert (await first).status == "proved"
        assert generator.batches == [["(1,)"]]

    run(main)


def test_an_outcome_that_comes_in_spite_of_being_cancelled_is_released() -> None:
    async def main() -> None:
        world = World(
            (0, 0),
            (
                (Rule((), logprob=0.0, text="close"), Rule((1,), logprob=-1.0, text="stubborn")),
                (),
            ),
        )

        started = asyncio.Event()

        class Stubborn(WorldEnvironment):
            async def run(self, state: State, tactic: str, *, brief: bool = False) -> Outcome:
                if tactic == "close":
                    await started.wait()
                else:
                    started.set()
                    with contextlib.suppress(asyncio.CancelledError):
                        await asyncio.Event().wait()
                return await super().run(state, tactic, brief=brief)

        environment = Stubborn(world)
        async with Scheduler(environment) as scheduler:
            result = await scheduler.run(BestFirst(environment.start((0,))), WorldGenerator(world))
        assert result.proof == "close"
        assert environment.ran[-1][1] == "stubborn"
        assert not environment.live

    run(main)


def test_a_dead_environment_fails_only_the_searches_that_meet_it() -> None:
    async def main() -> None:
        world = chain(6, wide=3)

        class Dying(WorldEnvironment):
            async def run(self, state: State, tactic: str, *, brief: bool = False) -> Outcome:
                if tactic.startswith("f2_"):
                    raise OSError("worker gone")
                return await super().run(state, tactic, brief=brief)

        environment = Dying(world, seed=1)
        async with Scheduler(environment) as scheduler:
            bad, good = BestFirst(environment.start((0,))), BestFirst(environment.start((3,)))
            failed, fine = await asyncio.gather(
                scheduler.run(bad, WorldGenerator(world)),
                scheduler.run(good, WorldGenerator(world)),
                return_exceptions=True,
            )
        assert isinstance(failed, SearchFailed)
        assert failed.source == "environment"
        assert isinstance(failed.__cause__, OSError)
        assert "worker gone" in str(failed)
        assert isinstance(fine, SearchResult)
        assert fine.status == "proved"
        assert len(bad.result("interrupted").graph.goals) == 3
        assert not environment.live

    run(main)


def test_a_failing_generator_fails_the_searches_that_ask_it() -> None:
    async def main() -> None:
        world = chain(3)

        class Failing(WorldGenerator):
            async def generate(
                self, requests: Sequence[Request]
            ) -> AsyncIterator[tuple[int, Suggestion]]:
                async for item in super().generate(requests):
                    yield item
                if any(request.state.key == "(1,)" for request in requests):
                    raise ConnectionError("no model")

        environment = WorldEnvironment(world)
        async with Scheduler(environment) as scheduler:
            for start, expected in ((0, SearchFailed), (1, SearchFailed), (2, SearchResult)):
                search = BestFirst(environment.start((start,)))
                (ended,) = await asyncio.gather(
                    scheduler.run(search, Failing(world)), return_exceptions=True
                )
                assert isinstance(ended, expected)
                if isinstance(ended, SearchFailed):
                    assert (ended.source, type(ended.__cause__)) == ("generator", ConnectionError)
        assert not environment.live

    run(main)


@pytest.mark.parametrize("where", ["verify", "on_progress"])
def test_an_error_of_the_caller_reaches_the_caller(where: str) -> None:
    async def main() -> None:
        def broken(_: object) -> None:
            raise TimeoutError(where)

        async def broken_later(_: object) -> bool:
            raise TimeoutError(where)

        option: Any = {"verify": broken_later, "on_progress": broken}[where]
        with pytest.raises(TimeoutError, match=where):
            await search_world(chain(2, wide=2), **{where: option})

    run(main)


def test_closing_the_scheduler_ends_its_searches() -> None:
    async def main() -> None:
        world = chain(6)
        environment = Stuck(world)
        async with Scheduler(environment) as scheduler:
            search = BestFirst(environment.start((0,)))
            task = asyncio.create_task(scheduler.run(search, WorldGenerator(world)))
            await asyncio.sleep(0.01)
        with pytest.raises(SearchFailed, match="closed"):
            await task
        with pytest.raises(SearchFailed, match="not open"):
            await scheduler.run(BestFirst(environment.start((0,))), WorldGenerator(world))

    run(main)


def test_a_goal_without_suggestions_fails() -> None:
    async def main() -> None:
        result = await search_world(World((0,), ((),)))
        assert (result.status, result.graph.root.status) == ("exhausted", Status.FAILED)

    run(main)
