"""The model that comes with the package. This module loads at once."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

SHIPPED = "small"
SHIPPED_FORMAT = "prover"
SHIPPED_FOLDER = Path(__file__).parents[1] / "models" / SHIPPED


def default_model() -> str | None:
    """The model that comes with the package, if what runs it (the extra `model`) is installed."""
    can_run = all(find_spec(name) is not None for name in ("torch", "transformers"))
    return SHIPPED if can_run and (SHIPPED_FOLDER / "model.safetensors").exists() else None
