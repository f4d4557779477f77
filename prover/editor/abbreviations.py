"""What stands for a symbol that keyboards lack: `\\to` for →."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def abbreviations() -> dict[str, str]:
    """The symbols by their abbreviations, without the backslash. Those that Lean's users know from its
    other editors, as far as they are common."""
    path = Path(__file__).with_name("abbreviations.tsv")
    lines = path.read_text("utf-8").splitlines()
    return {name: symbol for name, _, symbol in (line.partition("\t") for line in lines)}
