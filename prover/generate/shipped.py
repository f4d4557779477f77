"""The model and the ranker that come with the package. This module loads at once."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prover.generate.ranker import Ranker
    from search.interfaces import TacticGenerator

SHIPPED = "small"
SHIPPED_FORMAT = "prover"
SHIPPED_FOLDER = Path(__file__).parents[1] / "models" / SHIPPED
RANKER_FOLDER = Path(__file__).parents[1] / "models" / "ranker"

THRIFT = 0.0
"""How much the default order minds what a tactic costs (`Ranker.ranked`)."""


def portfolio() -> TacticGenerator:
    """The portfolio as the ranker rates it that comes with the package."""
    from prover.generate.portfolio import Portfolio

    return rated(Portfolio())


def rated(generator: TacticGenerator) -> TacticGenerator:
    """What a generator suggests, as that ranker rates it."""
    from prover.generate.ranker import Ranked

    return Ranked(generator, _ranker(), THRIFT)


@cache
def _ranker() -> Ranker:
    from prover.generate.ranker import Ranker

    return Ranker.load(RANKER_FOLDER)


def default_model() -> str | None:
    """The model that comes with the package, if what runs it (the extra `model`) is installed."""
    can_run = all(find_spec(name) is not None for name in ("torch", "transformers"))
    return SHIPPED if can_run and (SHIPPED_FOLDER / "model.safetensors").exists() else None
