"""What the language says about words that it cannot read."""

from __future__ import annotations

import difflib
import re

from prover.errors import ProverError

FORMS = (
    "Let n be a natural number.",
    "Let a and b be integers such that a divides b.",
    "Let f be a function from ℕ to ℕ.",
    "Let xs be a list of natural numbers.",
    "Let A and B be sets of natural numbers.",
    "Define f(0) = 0 and f(n+1) = f(n) + 2.",
    "For all natural numbers n, 6 divides n(n+1)(2n+1).",
    "For every integer n with n > 2, n² > 4.",
    "If n is even, then n² is even.",
    "n is even if and only if n + 1 is odd.",
    "There is a natural number m such that m > 5.",
    "There are no integers x and y with 2x + 4y = 1.",
    "Every natural number n ≥ 8 can be written as n = 3a + 5b with natural numbers a and b.",
    "The sum of the first n odd numbers is n².",
    "The sum of the numbers from 1 to n is n(n+1)/2.",
    "The number n leaves remainder 1 when divided by 4.",
    "Assume that n is odd.",
    "Suppose for contradiction that n is odd.",
    "Suppose not.",
    "We proceed by induction on n.",
    "We show by induction on n that n < 2^n.",
    "We use strong induction on n.",
    "Base case: for n = 0 both sides are 0.",
    "Inductive step: assume that the claim holds for n.",
    "We must show that the claim holds for n + 1.",
    "By the induction hypothesis, we have n < 2^n.",
    "We distinguish two cases.",
    "Case 1: n is even.",
    "In both cases, n² + n is even.",
    "Conversely, assume that n is odd.",
    "Since a divides b, there is an integer k with b = ak.",
    "Then n = 2k for some integer k.",
    "Write n = 2k.",
    "Hence n² = 4k² = 2(2k²), which is even.",
    "We have n² = 4k², by step 2.",
    "It suffices to show that n > 0.",
    "Take m = n + 1.",
    "Choose a = 1 and b = 2.",
    "Therefore n² > 0, so n > 0.",
    "This is a contradiction.",
    "This completes the proof.",
)
"""A sentence of each form that can be read."""


class NotUnderstood(ProverError):
    """Words that the language cannot read, or that have no meaning where they stand: `words`, which
    begin at a line and a column of the text, both counted from 1. `nearest` is a sentence of the
    form that comes next to it."""

    def __init__(self, why: str, line: int, column: int, words: str, nearest: str = "") -> None:
        at = f"line {line}, column {column}"
        shown = f" “{words}”" if words else ""
        super().__init__(
            f"{at}:{shown}: {why}" if shown else f"{at}: {why}",
            f"The nearest form that can be read: “{nearest}”" if nearest else "",
        )
        self.line, self.column, self.words, self.nearest = line, column, words, nearest


def nearest_form(sentence: str) -> str:
    """The form that is most like a sentence, by its words."""
    own = _words(sentence)
    return max(FORMS, key=lambda form: difflib.SequenceMatcher(None, own, _words(form)).ratio())


def _words(sentence: str) -> list[str]:
    sentence = re.sub(r"\$[^$]*\$", " x ", sentence.lower())
    return [
        w if len(w) > 1 or w == "a" else "x" for w in re.findall(r"[^\W\d_]+|[≤<>=∣+]", sentence)
    ]
