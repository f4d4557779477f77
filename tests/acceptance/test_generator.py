"""Generators and servers that propose attacks: nothing false is proved, and the run goes on."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest

pytest.importorskip("httpx")

from prover.api import Filled, Prover, Settings
from prover.generate import openai
from prover.generate.openai import OpenAIGenerator
from prover.generate.prompts import Sampling
from search.budget import Budget
from search.interfaces import Request, Suggestion, TacticGenerator
from tests.acceptance.conftest import Bench
from tests.generate.test_openai import Exchange, serving

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
    "skip\nnotation \"=\" => (· ≤ ·)",
    "skip\nmacro_rules | `($a = $b) => `($a ≤ $b)",
    "skip\nset_option debug.skipKernelTC true",
    "set_option debug.skipKernelTC true in decide +kernel",
    "trace s!\"{1}\ntheorem cheat : False := sorry\"",
    "exact absurd (s!\"{\n\" = \"\") (by decide)",
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
    "exact (include_str \"/etc/passwd\" : _)",
    "bv_check \"/etc/passwd\"",
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


def proved(bench: Bench, generator: TacticGenerator, text: str, width: int = 100) -> Filled:
    """What a prover comes to that has only this generator, on the Lean of the others."""

    async def run() -> Filled:
        settings = Settings(
            lean="embedded", jobs=1, width=width, budget=Budget(expansions=4, seconds=120.0)
        )
        lean = bench.suite.prover.lean
        async with Prover(settings, lean=lean, generator=generator) as prover:
            filled = await prover.prove_text(text)
            if filled.proved:
                verdicts = await prover.check_text(filled.text)
                assert all(verdict.proved for verdict in verdicts)
            return filled

    return asyncio.run(run())


def test_a_generator_of_attacks_proves_nothing_false(bench: Bench) -> None:
    generator = Proposing([Suggestion(text, -1.0) for text in ATTACKS])
    filled = proved(bench, generator, FALSE)
    assert not filled.proved
    assert filled.text == FALSE
    assert sum(filled.failures.values()) > len(ATTACKS) // 2


def test_attacks_do_not_hinder_a_proof(bench: Bench) -> None:
    texts = [*UNREADABLE, *BREAKING_OUT[:8], *LEAVING_SOMETHING[:4], *PROOF]
    filled = proved(bench, Proposing([Suggestion(text, -1.0) for text in texts]), TRUE)
    assert filled.proved, filled.verdicts


@pytest.mark.parametrize("logprob", [math.nan, math.inf, -math.inf, 1e308, 5.0])
def test_scores_that_are_none(logprob: float, bench: Bench) -> None:
    suggestions = [Suggestion("decide", logprob), *(Suggestion(text, -1.0) for text in PROOF)]
    assert proved(bench, Proposing(suggestions), TRUE).proved


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
    from prover.errors import ProverError

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
                assert not math.isnan(completion.logprob)
        except ProverError as error:
            assert str(error)


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
def test_a_server_of_attacks(text: str, bench: Bench) -> None:
    texts = [*(attack for attack in ATTACKS if len(attack) < 1_000), *PROOF]

    async def run() -> Filled:
        async with serving(_answering(texts)) as server:
            sampling = Sampling(len(texts))
            model = OpenAIGenerator(server.url, "m", form="prover", sampling=sampling)
            return await asyncio.to_thread(proved, bench, model, text)

    assert asyncio.run(run()).proved == (text == TRUE)
