"""A file with many holes about functions of its own, as the command has it: with the model that comes
with the package, for which many searches go on at once."""

import asyncio

import pytest

from prover.api import Options, Progress, Prover, Settings
from prover.engine import job
from prover.engine.options import Filled
from prover.generate.shipped import SHIPPED
from search.budget import Budget
from tests.lab import Lab

TRIPLE = "def triple : Nat → Nat\n  | 0 => 0\n  | n + 1 => triple n + 3\n\n"
HOLES = 16


@pytest.mark.lean
def test_no_search_pays_for_verdicts_that_wait_for_others() -> None:
    text = TRIPLE + "".join(
        f"theorem t{i} (n : Nat) : triple n + {i} = {i} + triple n := by sorry\n"
        for i in range(HOLES)
    )

    async def fill() -> Filled:
        async with Prover(Settings(lean="embedded", jobs=1, model=SHIPPED)) as prover:
            options = Options(Budget(seconds=8.0))
            return await prover.prove_text(text, options=options)

    verdicts = asyncio.run(fill()).verdicts
    assert len(verdicts) == HOLES and all(one.proved for one in verdicts)
    assert {one.spent.expansions for one in verdicts} == {1}


def test_the_glances_count_in_the_budget_and_an_interrupt_is_said(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "FIRST", 2)
    text = "".join(
        f"theorem t{i} (f : Nat → Nat) : f {i} = f (f {i}) := by sorry\n" for i in range(3)
    )
    options = Options(Budget(expansions=20), refute=False)
    filled = lab.wait(lab.beside(options).prove_text(text))
    assert [one.spent.expansions for one in filled.verdicts] == [20, 20, 20]

    async def stopped() -> Filled:
        def cancel(progress: Progress) -> None:
            if progress.name == "t2":  # two are admitted at once: another's glance is over
                work.cancel()

        with job.Job(lab.prover.engine, options, on_progress=cancel) as work:
            return await work.prove_text(text)

    assert all("interrupted" in one.reason for one in lab.wait(stopped()).verdicts)
