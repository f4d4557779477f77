"""A prover that accepts something false is stopped."""

import asyncio

import pytest

from prover.api import Options, Prover
from prover.evaluate import canaries as module
from prover.evaluate.canaries import CANARIES, CanaryProved, canaries
from prover.verify.layers import lean_version
from prover.verify.verdict import Outcome, Verdict
from search.budget import Budget
from tests.lab import Lab


@pytest.fixture
def small(lab: Lab) -> Prover:
    return lab.beside(Options(Budget(expansions=1, seconds=20.0), discover=False))


def test_every_canary_elaborates_and_none_is_proved(lab: Lab, small: Prover) -> None:
    async def run() -> int:
        async with canaries(small, "", false=len(CANARIES)) as watch:
            pass
        return watch.searched

    assert lab.wait(run()) == len(CANARIES)


def test_an_accepted_canary_ends_the_batch_at_once(
    lab: Lab, small: Prover, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CANARIES", ("theorem not_false_at_all : 1 + 1 = 2",))
    ended = []

    async def run() -> None:
        async with canaries(small, "", false=1):
            try:
                await asyncio.sleep(200)
            finally:
                ended.append(True)

    with pytest.raises(CanaryProved, match="not_false_at_all"):
        lab.wait(run())
    assert ended == [True]


def test_a_statement_and_its_negation_are_not_both_accepted(lab: Lab, small: Prover) -> None:
    statement = "theorem odd (n : Nat) : n = n + 1"

    async def run() -> None:
        async with canaries(small, "", false=0, negated_statements=(statement,)) as watch:
            watch.watch(Verdict(Outcome.GAVE_UP, "odd", lean_version(lab.prover.lean)))
            watch.watch(Verdict(Outcome.PROVED, "odd", lean_version(lab.prover.lean)))

    with pytest.raises(CanaryProved, match="odd and its negation"):
        lab.wait(run())


def test_a_batch_does_not_wait_for_its_canaries(lab: Lab, small: Prover) -> None:
    """More canaries than there is room for searches at a time: a theorem is proved while all but the
    first of them wait."""

    async def run() -> None:
        async with canaries(small, "", false=len(CANARIES)) as watch:
            assert (await small.prove("theorem t : 1 + 1 = 2")).proved
            assert watch.searched < len(CANARIES) // 2
            raise LookupError("the others need not be searched")

    with pytest.raises(LookupError):
        lab.wait(run())


def test_what_goes_wrong_in_the_batch_comes_out_as_it_is(lab: Lab, small: Prover) -> None:
    async def run() -> None:
        async with canaries(small, ""):
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        lab.wait(run())
