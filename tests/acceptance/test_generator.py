"""Generators and servers that propose attacks: nothing false is proved, and the run goes on."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

import pytest

pytest.importorskip("httpx")

from prover.api import Filled, Options, Prover, Settings
from prover.errors import ProverError
from prover.generate import openai
from prover.generate.openai import OpenAIGenerator
from prover.generate.prompts import Sampling
from search.budget import Budget
from search.interfaces import Request, Suggestion, TacticGenerator
from tests.acceptance.conftest import Bench
from tests.generate.test_openai import Exchange, serving

T = TypeVar("T")

FALSE = "theorem t : (1 : Nat) = 2 := by sorry"
TRUE = "theorem t (p q : Prop) (hp : p) (hq : q) : p ∧ q := by sorry"
PROOF = ["constructor", "exact hp", "exact hq"]

UNREADABLE = ["exact \ud800", "\udfff", "rfl\0", "\0", "", " ", "\n", "﻿rfl", "x" * 100_000]
BREAKING_OUT = [
    "skip)",
    ")",
    "(skip",
    "skip /-",
    "/- -/ /-",
    "/-- doc -/",
    "skip\n\ntheorem u : (1 : Nat) = 2 := sorry",
    "skip\nend",
    "#exit",
    "skip\n#exit",
    "import Lean",
    "skip\naxiom cheat : False",
    "skip\ninstance : OfNat Nat 1 := ⟨2⟩",
    'skip\nnotation "=" => (· ≤ ·)',
    "skip\nmacro_rules | `($a = $b) => `($a ≤ $b)",
    "skip\nset_option debug.skipKernelTC true",
    "set_option debug.skipKernelTC true in decide +kernel",
    'trace s!"{1}\ntheorem cheat : False := sorry"',
    'exact absurd (s!"{\n" = "") (by decide)',
    "exact «t»",
    "exact t",
    "\texact t",
    "skip\r\nexact t",
    "skip\rexact t",
    "skip\u2028exact t",
    "by decide",
    ":= by decide",
    "```lean\nexact t\n```",
]
LEAVING_SOMETHING = [
    "let rec @[init] go : IO Unit := pure ()\nexact go",
    "let rec @[instance] go : OfNat Nat 1 := ⟨2⟩\ndecide",
    "let rec @[simp] go : (1 : Nat) = 2 := go\nsimp",
    "have : OfNat Nat 1 := ⟨2⟩\ndecide",
    "exact go\nwhere @[instance] go : (1 : Nat) = 2 := go",
    "run_tac pure ()",
    "exact by_elab (pure (.const ``True.intro []))",
    'exact (include_str "/etc/passwd" : _)',
    'bv_check "/etc/passwd"',
    "exact unsafe unsafeCast ()",
    "exact lcProof",
    "exact sorryAx _",
    "exact sorryAx _ true",
    "admit",
    "stop",
    "native_decide",
    "exact Lean.ofReduceBool _ _ rfl",
    "open Classical in decide",
    "exact (nomatch (sorry : Empty))",
    "all_goals sorry",
    "first | decide | exact sorry",
    "exact?",
    "apply?",
]
ATTACKS = [*UNREADABLE, *BREAKING_OUT, *LEAVING_SOMETHING]


class Proposing:
    """Proposes the same texts everywhere."""

    def __init__(self, suggestions: Sequence[Suggestion]) -> None:
        self._suggestions = suggestions

    async def generate(self, requests: Sequence[Request]) -> AsyncIterator[tuple[int, Suggestion]]:
        for suggestion in self._suggestions:
            for index in range(len(requests)):
                yield index, suggestion


class Arena:
    """A prover whose generator can be exchanged."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._generator: TacticGenerator = Proposing([])
        options = Options(Budget(expansions=4, seconds=120.0), width=100, refute=False)
        self._prover = Prover(
            Settings(lean="embedded", jobs=1),
            options,
            lean=bench.suite.prover.lean,
            generator=self,
        )

    def generate(self, requests: Sequence[Request]) -> AsyncIterator[tuple[int, Suggestion]]:
        return self._generator.generate(requests)

    def start(self) -> None:
        self._bench.wait(self._prover.__aenter__())

    def stop(self) -> None:
        self._bench.wait(self._prover.__aexit__(None, None, None))

    def proved(self, texts: Sequence[str], text: str) -> Filled:
        suggestions = [Suggestion(proposed, -1.0) for proposed in texts]
        return self._bench.wait(self.fill(Proposing(suggestions), text))

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self._bench.wait(work)

    async def fill(self, generator: TacticGenerator, text: str) -> Filled:
        """What comes of a text with this generator alone."""
        self._generator = generator
        filled = await self._prover.prove_text(text)
        if filled.proved:
            verdicts = await self._prover.check_text(filled.text)
            assert all(verdict.proved for verdict in verdicts)
        return filled


@pytest.fixture(scope="module")
def arena(bench: Bench) -> Iterator[Arena]:
    arena = Arena(bench)
    arena.start()
    yield arena
    arena.stop()


def test_a_generator_of_attacks_proves_nothing_false(arena: Arena) -> None:
    filled = arena.proved(ATTACKS, FALSE)
    assert not filled.proved
    assert filled.text == FALSE
    assert sum(filled.failures.values()) > len(ATTACKS) // 2


def test_attacks_do_not_hinder_a_proof(arena: Arena) -> None:
    texts = [*UNREADABLE, *BREAKING_OUT[:8], *LEAVING_SOMETHING[:4], *PROOF]
    filled = arena.proved(texts, TRUE)
    assert filled.proved, filled.verdicts


@pytest.mark.parametrize("logprob", [math.nan, math.inf, -math.inf, 1e308, 5.0])
def test_scores_that_are_none(logprob: float, arena: Arena) -> None:
    suggestions = [Suggestion("decide", logprob), *(Suggestion(text, -1.0) for text in PROOF)]
    assert arena.wait(arena.fill(Proposing(suggestions), TRUE)).proved


def _event(**choice: Any) -> str:
    return json.dumps({"choices": [choice]})


MALFORMED: dict[str, list[str]] = {
    "no JSON": ["{", "nonsense"],
    "null": ["null"],
    "a list": ["[]", "[1]"],
    "a number": ["3"],
    "choices are null": ['{"choices": null}'],
    "choices are a text": ['{"choices": "abc"}'],
    "a choice is null": ['{"choices": [null]}'],
    "an index that is not there": [_event(index=99, text="rfl", finish_reason="stop")],
    "a negative index": [_event(index=-1, text="rfl", finish_reason="stop")],
    "an index that is none": [_event(index="0", text="rfl", finish_reason="stop")],
    "a text that is a number": [_event(index=0, text=7, finish_reason="stop")],
    "a delta that is a list": [_event(index=0, delta=[], finish_reason="stop")],
    "log-probabilities of another shape": [
        _event(index=0, text="rfl", logprobs={"token_logprobs": ["x"]}, finish_reason="stop"),
        _event(index=0, text="rfl", logprobs={"content": [{}]}, finish_reason="stop"),
        _event(index=0, text="rfl", logprobs=[1], finish_reason="stop"),
    ],
    "NaN": ['{"choices": [{"index": 0, "text": "rfl", "logprobs": {"token_logprobs": [NaN]}}]}'],
    "nothing": [],
}


@pytest.mark.parametrize("events", MALFORMED.values(), ids=MALFORMED)
def test_malformed_events_are_no_traceback(
    events: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Either the rest is used, or it is an error that says what the server did."""
    monkeypatch.setattr(openai, "RETRY_SECONDS", 0.01)
    asyncio.run(_served(events))


async def _served(events: list[str]) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.start()
        for event in events:
            await exchange.send(f"data: {event}\n\n")
        await exchange.end()

    async with serving(handler) as server:
        model = OpenAIGenerator(server.url, "m", form="prover", sampling=Sampling(2))
        try:
            async for _, completion in model.complete(["goal"], [0]):
                assert isinstance(completion.text, str)
        except ProverError as error:
            assert str(error)
        finally:
            await model.aclose()


Handler = Callable[[Exchange], Awaitable[None]]


def _answering(texts: Sequence[str]) -> Handler:
    async def handler(exchange: Exchange) -> None:
        await exchange.start()
        for index, text in enumerate(texts):
            await exchange.event(
                index=index, text=text, logprobs={"token_logprobs": [-1.0]}, finish_reason="stop"
            )
        await exchange.end()

    return handler


@pytest.mark.parametrize("text", [FALSE, TRUE])
def test_a_server_of_attacks(text: str, arena: Arena) -> None:
    texts = [*(attack for attack in ATTACKS if len(attack) < 1_000), *PROOF]

    async def run() -> Filled:
        async with serving(_answering(texts)) as server:
            sampling = Sampling(len(texts))
            model = OpenAIGenerator(server.url, "m", form="prover", sampling=sampling)
            async with aclosing(model):
                return await arena.fill(model, text)

    assert arena.wait(run()).proved == (text == TRUE)
