"""Mixtures of generators and hints from failed proofs."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.generate.mixed import FIRST_HINT, MOST_NESTED, FairCoin, Hinted, Mixed, Silent, blocks
from prover.generate.portfolio import Portfolio
from search.best_first import BestFirst, SearchResult, rank
from search.budget import Budget
from search.interfaces import (
    Failure,
    Goal,
    Outcome,
    Progress,
    Request,
    State,
    Suggestion,
    TacticGenerator,
)
from search.scheduler import Scheduler
from tests.lab import Lab
from tests.timing import grows_linearly


class Model:
    """Always proposes the same."""

    def __init__(self, *suggestions: Suggestion) -> None:
        self.suggestions = suggestions
        self.closed = 0

    async def generate(self, requests: Sequence[Request]) -> AsyncIterator[tuple[int, Suggestion]]:
        try:
            for index in range(len(requests)):
                for suggestion in self.suggestions:
                    await asyncio.sleep(0)
                    yield index, suggestion
        finally:
            self.closed += 1


def request(target: str, *history: str) -> Request:
    return Request(State(target, (Goal(f"⊢ {target}", target),)), history)


def answers(generator: TacticGenerator, *requests: Request) -> list[tuple[int, Suggestion]]:
    async def main() -> list[tuple[int, Suggestion]]:
        return [arrival async for arrival in generator.generate(requests)]

    return asyncio.run(main())


def test_a_fair_coin_gives_each_half_of_the_probability() -> None:
    model = Model(
        Suggestion("magic", math.log(0.75), 3), Suggestion("more magic", math.log(0.25), 4)
    )
    requests = request("1 + 1 = 2"), request("p ∧ q")
    found = answers(FairCoin(model, Portfolio()), *requests)
    for index in (0, 1):
        mine = [s for at, s in found if at == index]
        magic = sum(math.exp(s.logprob) for s in mine if "magic" in s.tactic)
        rest = sum(math.exp(s.logprob) for s in mine if "magic" not in s.tactic)
        assert (magic, rest) == (pytest.approx(0.5), pytest.approx(0.5))
        plain = [s.tactic for at, s in answers(Portfolio(), *requests) if at == index]
        assert [s.tactic for s in mine if "magic" not in s.tactic] == plain
    assert {s.tokens for _, s in found} == {0, 3, 4}


def test_both_keep_their_scale_and_the_portfolio_comes_first() -> None:
    model = Model(Suggestion("magic", 0.0, 3), Suggestion("rfl", -0.01, 4))
    requests = request("1 + 1 = 2"), request("xs ++ ys = zs")
    alone, found = (answers(g, *requests) for g in (Portfolio(), Mixed(model, Portfolio())))
    assert found == [*alone, *answers(model, *requests)]
    (rfl,) = (s for s in rank(s for at, s in found if at == 0) if s.tactic == "rfl")
    assert rfl.logprob == -0.01  # the surer of them counts


def test_a_model_beside_a_silent_portfolio_is_as_alone() -> None:
    sure = Suggestion("magic", -0.25, 3), Suggestion("", 0.0, 1), Suggestion("bad", math.nan)
    assert str(answers(Mixed(Model(*sure), Silent()), request("p"))) == str(
        answers(Model(*sure), request("p"))
    )


class Tree:
    """A world in which the portfolio's `constructor` halves a goal of `n` and closes those of 1; every
    other tactic fails, but for `magic`, which leads astray for ever."""

    capacity = 2

    def __init__(self) -> None:
        self.visited: list[str] = []

    async def run(self, state: State, tactic: str, *, brief: bool = False) -> Outcome:
        if state.key not in self.visited:
            self.visited.append(state.key)
        if tactic == "magic":
            return Progress(tactic, (fork(f"{state.key}+"),), (0,))
        if tactic != "constructor" or "+" in state.key:
            return Failure("error", "no")
        value = int(state.key)
        if value == 1:
            return Progress(tactic, (), ())
        return Progress(tactic, (fork(str(value // 2)), fork(str(value - value // 2))), (0, 1))

    async def counterexample(self, state: State) -> str | None:
        return None

    def release(self, states: Sequence[State]) -> None:
        pass


def fork(key: str) -> State:
    return State(key, (Goal(f"⊢ {key} ∧ q", f"{key} ∧ q"),))


def test_a_model_that_leads_astray_costs_a_visit_of_each_goal() -> None:
    async def searched(
        generator: TacticGenerator, first: TacticGenerator | None = None
    ) -> SearchResult:
        async with Scheduler(Tree()) as scheduler:
            search = BestFirst(fork("5"), budget=Budget(expansions=50))
            return await scheduler.run(search, generator, first=first)

    plain = asyncio.run(searched(Portfolio()))
    sure = Model(Suggestion("magic", -1.0))
    mixed = asyncio.run(searched(Mixed(sure, Portfolio()), Portfolio()))
    assert plain.status == mixed.status == "proved"
    assert plain.proof == mixed.proof
    assert plain.spent.expansions == 4  # 5, 2, 3 and 1
    assert mixed.spent.expansions <= 2 * 4


@pytest.mark.parametrize("mixture", [Mixed, FairCoin])
def test_spent_tokens_pass_through_and_the_model_is_closed(mixture: type[Mixed | FairCoin]) -> None:
    model = Model(Suggestion("", 0.0, 9))
    found = answers(mixture(model, Portfolio()), request("True"))
    assert found[-1] == (0, Suggestion("", 0.0, 9))

    async def stop() -> None:
        stream = mixture(model, Model()).generate([request("True"), request("False")])
        await anext(stream)
        await stream.aclose()

    asyncio.run(stop())
    assert model.closed == 2


# Blocks


def test_a_proof_is_cut_where_its_lines_stand_in_the_margin() -> None:
    proof = """
      -- first
      intro n
      have h : n = n := by
        rfl  -- clear
      induction n with
      | zero => simp
      | succ k ih =>
        rw [ih]
        /- a longer
        comment -/
      simp only [
        foo,
        bar
      ]
      cases h
        <;> simp
      <;> omega
    """
    assert blocks(proof) == [
        "intro n",
        "have h : n = n := by\n  rfl",
        "induction n with\n| zero => simp\n| succ k ih =>\n  rw [ih]",
        "simp only [\n  foo,\n  bar\n]",
        "cases h\n  <;> simp\n<;> omega",
    ]


def test_bullets_are_taken_apart() -> None:
    proof = "constructor\n· intro h\n  · exact h\n· cases h with\n  | inl a => simp\n  | inr b => rfl\n. rfl"
    assert blocks(proof) == [
        "constructor",
        "intro h",
        "exact h",
        "cases h with\n| inl a => simp\n| inr b => rfl",
        "rfl",
    ]


@given(st.lists(st.sampled_from(["simp", "intro x", "· rfl", "  omega", "| a => b", "]", "", "·"])))
def test_any_text_is_cut_without_loss(lines: list[str]) -> None:
    found = blocks("\n".join(lines))
    assert all(block.strip() and block == block.rstrip() for block in found)
    letters = [c for line in lines for c in line if c not in " \n·"]
    assert [c for block in found for c in block if c not in " \n·"] == letters


def test_bullets_are_taken_apart_to_some_depth() -> None:
    assert blocks("· " * MOST_NESTED + "simp") == ["simp"]
    assert blocks("· " * 3_000 + "simp") == ["· " * (3_000 - MOST_NESTED) + "simp"]


@pytest.mark.parametrize("unit", ["/-- ", "-- ", "· ", "· a\n", "a\n", "  a\n", "(", "\t", "\n"])
def test_cutting_a_proof_takes_time_by_length(unit: str) -> None:
    assert grows_linearly(lambda n: blocks(unit * n), 8_000)


# Hints


def whole(*proofs: str) -> list[Suggestion]:
    return [Suggestion(proof, -3.0, 10) for proof in proofs]


def hints(hinted: Hinted, *requests: Request) -> list[str]:
    return [s.tactic for _, s in answers(hinted, *requests)]


def test_hints_follow_the_proof_along_the_path() -> None:
    root = request("p ∧ q → q ∧ p").state
    proofs = whole("intro h\nconstructor\n· exact h.2\n· exact h.1")
    hinted = Hinted(Model(), proofs)
    start = Request(root)
    assert hints(hinted, start)[0].startswith("intro h\nconstructor")
    assert hints(hinted, start)[1] == "intro h"
    assert hints(hinted, request("q ∧ p", "intro h"))[0] == "constructor"
    assert hints(hinted, request("q", "intro h", "constructor")) == ["exact h.2", "exact h.1"]
    assert hints(hinted, request("p", "intro h", "constructor", "exact h.2")) == ["exact h.1"]
    assert hints(hinted, request("p", "something else")) == []


def test_several_proofs_give_each_hint_once_the_best_first() -> None:
    root = request("p").state
    proofs = whole("intro a\nsimp", "simp", "intro a\nomega")
    found = answers(Hinted(Model(Suggestion("own", -1.0)), proofs), Request(root))
    tactics = [s.tactic for _, s in found]
    assert tactics[-1] == "own" and len(set(tactics)) == len(tactics)
    assert tactics[:3] == ["intro a\nsimp", "simp", "intro a\nomega"]
    assert {s.tactic for _, s in found if s.logprob == FIRST_HINT} == {"intro a"}
    scores = [s.logprob for _, s in found[3:-1]]
    assert scores == sorted(scores, reverse=True)


class Steps:
    """A world in which a goal `n` becomes `n - 1` by `good n`, and nothing else works."""

    capacity = 2

    async def run(self, state: State, tactic: str, *, brief: bool = False) -> Outcome:
        value = int(state.key)
        if tactic != f"good {value}":
            return Failure("error", "no")
        if value == 1:
            return Progress(tactic, (), ())
        return Progress(tactic, (state_of(value - 1),), (0,))

    async def counterexample(self, state: State) -> str | None:
        return None

    def release(self, states: Sequence[State]) -> None:
        pass


def state_of(value: int) -> State:
    return State(str(value), (Goal(f"⊢ {value}", str(value)),))


@pytest.mark.parametrize(("helped", "status"), [(True, "proved"), (False, "exhausted")])
def test_the_good_prefix_of_a_failed_proof_helps_a_search(helped: bool, status: str) -> None:
    """The proof fails at `bad`; the model knows only the last step."""

    async def main() -> str:
        proofs = whole("good 4\ngood 3\ngood 2\nbad") if helped else []
        hinted = Hinted(Model(Suggestion("good 1", -1.0)), proofs)
        async with Scheduler(Steps()) as scheduler:
            search = BestFirst(state_of(4), budget=Budget(expansions=20))
            return (await scheduler.run(search, hinted)).status

    assert asyncio.run(main()) == status


def test_a_failed_proof_helps_in_a_real_lean(lab: Lab) -> None:
    statement = "theorem t (p q : Prop) : p ∧ q → q ∧ p"
    failed = "intro h\nconstructor\n· exact h.right\n· exact h.wrong"
    hinted = Hinted(Model(Suggestion("exact h.left", -1.0)), whole(failed))
    root = lab.state(statement)

    async def main() -> str | None:
        async with Scheduler(lab.pool) as scheduler:
            search = BestFirst(root, budget=Budget(expansions=20))
            return (await scheduler.run(search, hinted)).proof

    proof = lab.wait(main())
    assert proof is not None and "exact h.right" in proof and "exact h.left" in proof
