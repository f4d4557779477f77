"""Lean as tokens and comments, read without a Lean."""

import re

NAME = r"[^\W\d](?:[\w'✝?]|!(?!=))*"
TOKEN = re.compile(
    rf"{NAME}(?:\.{NAME})*|\.{NAME}|\d+(?:\.\d+)?|∃!|<->|:=|->|<-|=>|<=|>=|!=|/\\|\\/|==|\S"
)
_COMMENT_BEGINS = re.compile(r"/-|--[^\n]*")
SPELLINGS = {
    "->": "→",
    "<->": "↔",
    "<=": "≤",
    ">=": "≥",
    "!=": "≠",
    "/\\": "∧",
    "\\/": "∨",
    "=>": "↦",
    "fun": "λ",
    "in": "∈",
    "Nat": "ℕ",
    "Int": "ℤ",
    "Rat": "ℚ",
    "Real": "ℝ",
    "Complex": "ℂ",
}
"""What may be written in two ways."""


def split_at_comments(text: str) -> list[str]:
    """The parts of a text between its comments. One that is nowhere closed is none."""
    last = text.rfind("-/")
    parts: list[str] = []
    start = at = 0
    while found := _COMMENT_BEGINS.search(text, at):
        end = found.end()
        if found[0] == "/-":
            if end > last:
                at = found.start() + 1
                continue
            end = text.index("-/", end) + 2
        parts.append(text[start : found.start()])
        start = at = end
    return [*parts, text[start:]]
