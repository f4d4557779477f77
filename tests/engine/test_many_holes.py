"""A file with many holes about functions of its own, as the command has it: with the model that comes
with the package, for which many searches go on at once."""

import asyncio

import pytest

from prover.api import Options, Prover, Settings
from prover.engine.options import Filled
from prover.generate.shipped import SHIPPED
from search.budget import Budget

TRIPLE = "def triple : Nat → Nat\n  | 0 => 0\n  | n + 1 => triple n + 3\n\n"
HOLES = 16


@pytest.mark.lean
def test_no_search_pays_for_verdicts_that_wait_for_others() -> None:
    pytest.importorskip("torch")
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
