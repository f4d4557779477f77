"""The model that comes with the package."""

import asyncio
import json
from pathlib import Path

import pytest

pytest.importorskip("torch")

from prover.api import Options, Prover, Settings
from prover.data.theorems.corpus import held_out
from prover.generate.models import load_model
from prover.generate.shipped import SHIPPED, SHIPPED_FOLDER, default_model
from prover.verify.verdict import Verdict
from search.budget import Budget

UNSEEN = "expand_witness_2e72d4b4f4"
"""A held-out statement that the portfolio does not prove in so many expansions."""

BUDGET = Budget(expansions=12, seconds=120.0)


def prove(model: str | None) -> Verdict:
    (row,) = (row for row in held_out() if row.name == UNSEEN)

    async def main() -> Verdict:
        async with Prover(Settings(lean="embedded", jobs=1, model=model)) as prover:
            options = Options(BUDGET, refute=False, discover=False)
            return await prover.prove(row.statement, header=row.header, options=options)

    return asyncio.run(main())


def test_it_is_the_default_and_small_and_has_a_card() -> None:
    assert default_model() == SHIPPED
    assert sum(file.stat().st_size for file in SHIPPED_FOLDER.iterdir()) < 15e6
    assert "held_out.jsonl" in (SHIPPED_FOLDER / "README.md").read_text("utf-8")
    config = json.loads((SHIPPED_FOLDER / "config.json").read_text("utf-8"))
    assert not any("/" in str(value) for value in config.values())
    assert load_model(SHIPPED).format.name == "prover"


@pytest.mark.lean
def test_it_proves_what_it_has_not_seen_and_the_portfolio_does_not() -> None:
    with_model = prove(SHIPPED)
    assert with_model.proved, with_model
    assert with_model.spent.tokens > 0
    assert not prove(None).proved


def test_without_weights_the_portfolio_is_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("prover.generate.shipped.SHIPPED_FOLDER", tmp_path)
    assert default_model() is None
