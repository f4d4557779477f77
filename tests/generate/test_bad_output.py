"""Whatever a model writes or a server sends, it costs a suggestion and not the run."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("httpx")

from prover.api import Options, Prover, Settings
from prover.evaluate.benchmark import load_benchmark
from prover.evaluate.compare import Uniform
from prover.evaluate.run import Plan, read_results, run
from prover.generate.mixed import Hinted, Mixed, Silent
from prover.generate.openai import OpenAIGenerator
from prover.generate.portfolio import Portfolio
from prover.generate.prompts import Sampling
from prover.verify.verdict import Verdict
from search.budget import Budget
from search.interfaces import LONGEST_TACTIC, MALFORMED, Goal, Request, State, Suggestion
from tests.generate.test_openai import Exchange, Handler, events, serving
from tests.lab import Lab
from tests.test_cli import COMM, Shell, prover  # noqa: F401 (a fixture)

STATEMENTS = Path(__file__).parents[1] / "evaluate" / "statements.jsonl"
BAD = [
    ("exact \ud800", -0.01),
    ("simp -- \udfff\ud800", -0.01),
    ("exact\0", -0.01),
    ("simp -- " + "x" * LONGEST_TACTIC, -0.01),
    ("simp", math.nan),
    ("omega", math.inf),
]


def answering(*choices: tuple[str, float]) -> Handler:
    """A server whose model writes these texts, with these scores, for every prompt."""

    async def handler(exchange: Exchange) -> None:
        assert exchange.body["n"] == len(choices)
        await exchange.start()
        for index, (text, logprob) in enumerate(choices):
            logprobs = {"token_logprobs": [logprob]}
            await exchange.event(index=index, text=text, logprobs=logprobs, finish_reason="stop")
        await exchange.end()

    return handler


def test_an_evaluation_goes_on_and_counts_what_was_bad(lab: Lab, tmp_path: Path) -> None:
    choices = [*BAD, ("exact Nat.add_comm a b", -0.1)]
    options = Options(Budget(expansions=2, seconds=600.0))
    theorems = tuple(load_benchmark(str(STATEMENTS)))[:2]
    settings = lab.prover.engine.settings
    plan = Plan(theorems, STATEMENTS.name, settings, options, subset="core", canaries=0)

    async def go() -> bool:
        async with serving(answering(*choices)) as server:
            sampling = Sampling(len(choices))
            model = OpenAIGenerator(server.url, "bad", form="prover", sampling=sampling)
            async with aclosing(model):
                prover = lab.beside(generator=model)
                return await run(prover, plan, tmp_path / "out.jsonl")

    assert lab.wait(go())
    rows = read_results(tmp_path / "out.jsonl").rows
    proved, lost = rows["comm", 0], rows["split_and", 0]
    assert (proved["outcome"], proved["proof"]) == ("proved", "exact Nat.add_comm a b")
    assert proved["failures"] == {MALFORMED: len(BAD)}
    assert (lost["outcome"], lost["reason"]) == ("gave_up", "no tactic is left to try")
    assert lost["failures"] == {MALFORMED: len(BAD), "tactic": 1}


@pytest.mark.lean
def test_whole_proofs_that_are_none_leave_the_others() -> None:
    choices = [
        *BAD,
        ("/-- " * 8_000, -1.0),
        ("· " * 1_200 + "simp", -1.0),
        ("exact ⟨251, 257, by decide⟩", -1.0),
    ]

    async def prove() -> Verdict:
        async with serving(answering(*choices)) as server:
            settings = Settings(
                lean="embedded",
                jobs=1,
                model=f"{server.url}/v1#mine",
                prompt_format="goedel-prover",
            )
            options = Options(Budget(expansions=4, seconds=120.0))
            async with Prover(settings, options) as prover:
                (await prover.engine.model()).sampling = Sampling(len(choices))
                filled = await prover.fill_statement(
                    "theorem t : ∃ x y : Nat, x * y = 64507 ∧ 1 < x ∧ 1 < y"
                )
                assert filled.failures[MALFORMED] == len(BAD)
                return filled.verdicts[0]

    verdict = asyncio.run(prove())
    assert verdict.proof == "exact ⟨251, 257, by decide⟩", verdict


@contextmanager
def served(lab: Lab, handler: Handler) -> Iterator[str]:
    """The address of a server that runs beside the test."""
    context = serving(handler)

    async def start() -> str:
        return (await context.__aenter__()).url

    yield lab.wait(start())
    lab.wait(context.__aexit__(None, None, None))


def test_the_command_tells_a_server_that_sends_rubbish_from_what_is_not_proved(
    lab: Lab,
    prover: Shell,  # noqa: F811
) -> None:
    factors = "theorem t : ∃ x y : Nat, x * y = 64507 ∧ 1 < x ∧ 1 < y"
    with served(lab, events(b"\xff[{", b"[]")) as url:
        done = prover("prove", factors, "--jobs", "1", "--model", f"{url}#m", "--format", "prover")
    assert done.code == 2, done
    assert "does not speak OpenAI's protocol" in done.err and "Traceback" not in done.err


class Writes:
    """A generator that makes these suggestions for every state."""

    def __init__(self, *suggestions: Suggestion) -> None:
        self.suggestions = suggestions

    async def generate(self, requests: Sequence[Request]) -> AsyncIterator[tuple[int, Suggestion]]:
        for index in range(len(requests)):
            for suggestion in self.suggestions:
                yield index, suggestion


def answers(generator: Any, *history: str) -> list[Suggestion]:
    request = Request(State("k", (Goal("⊢ True", "True"),)), history)

    async def main() -> list[Suggestion]:
        return [suggestion async for _, suggestion in generator.generate([request])]

    return asyncio.run(main())


FLAWED = [Suggestion(text, logprob, 1) for text, logprob in BAD]


def test_generators_made_of_others_pass_on_what_is_bad_as_it_is() -> None:
    good = Suggestion("trivial", -0.5)
    assert [s for s in answers(Mixed(Writes(*FLAWED, good), Silent())) if s.flaw] == FLAWED
    assert [s for s in answers(Uniform(Writes(*FLAWED, good))) if s.flaw] == FLAWED
    found = answers(Mixed(Silent(), Writes(*FLAWED, good)))
    assert [s for s in found if s.flaw] == FLAWED
    assert found[-1] == good
    impossible = Suggestion("simp", -math.inf)
    assert answers(Mixed(Silent(), Writes(impossible))) == [impossible]
    assert len(answers(Mixed(Writes(impossible), Portfolio()))) > 1


def test_a_bad_proof_gives_no_hints() -> None:
    proof = "intro x\nexact \ud800"
    hinted = Hinted(Silent(), [Suggestion(proof, -1.0), Suggestion("intro x\nsimp", -1.0)])
    assert [s.tactic for s in answers(hinted)] == [proof, "intro x\nsimp", "intro x", "simp"]
    assert [s.tactic for s in answers(hinted, "intro x")] == ["simp"]
