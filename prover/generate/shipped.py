"""The model and the ranker that come with the package. This module loads at once."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prover.generate.ranker import Ranker
    from search.interfaces import TacticGenerator

SHIPPED = "small"
SHIPPED_FORMAT = "prover"
SHIPPED_FOLDER = Path(__file__).parents[1] / "models" / SHIPPED
RANKER_FOLDER = Path(__file__).parents[1] / "models" / "ranker"

THRIFT = 0.3
"""How much the order minds what a tactic costs (`Ranker.ranked`)."""

WEAK = -3.0
"""The rating below which tactics are weak. In some 150 searches of training statements (programs and
theorems of Init, the portfolio alone) there were 394 goals that none of the eight best rated of what was tried
closed. For 276 the best rating was lower than this, and 2 of them were proved; of the other 118, 6 were."""


def rated(
    generator: TacticGenerator, ranker: str, model: TacticGenerator | None = None
) -> TacticGenerator:
    """What a generator suggests, and a `model` beside it, as a ranker rates it: `none` leaves all as it
    is, `own` and `all` are the ranker that comes with the package, and anything else is the folder of
    one. With a ranker, the model is asked where it rates all else below `WEAK`.

    Raises:
        WrongUse: the folder holds no ranker.
    """
    from prover.generate.mixed import Mixed
    from prover.generate.ranker import Ranked

    if ranker == "none":
        return generator if model is None else Mixed(model, generator)
    return Ranked(generator, _ranker(_folder(ranker)), THRIFT, model, WEAK)


def ranker_digest(ranker: str) -> str | None:
    """The SHA-256 of the weights of a ranker, named as for `rated`; None without one.

    Raises:
        WrongUse: the folder holds no ranker.
    """
    return None if ranker == "none" else sha256(_ranker(_folder(ranker)).weights).hexdigest()


def _folder(ranker: str) -> Path:
    return RANKER_FOLDER if ranker in ("own", "all") else Path(ranker)


@cache
def _ranker(folder: Path) -> Ranker:
    from prover.generate.ranker import Ranker

    return Ranker.load(folder)


def default_model() -> str | None:
    """The model that comes with the package, if its weights came too."""
    return SHIPPED if (SHIPPED_FOLDER / "model.safetensors").exists() else None
