"""A Lean proof with gaps that follows a proof in words."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

WIDTH = 96
"""Characters of a comment's line, at most, with its indentation."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a proof in words says, and where in it: the characters from `span[0]` up to `span[1]`,
    none where it says nothing of the kind."""

    words: str
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Sketch:
    """A whole Lean text, its imports included, with `sorry` at the gaps.

    `name` is the theorem that it is about, `lemmas` are the theorems that the sketch adds before it,
    which begin and end in the margin. The words of each step stand as a `comment` before the tactic
    that they became, in the order of `steps`.
    """

    text: str
    name: str
    steps: tuple[Step, ...] = ()
    lemmas: tuple[str, ...] = ()

    def step_at(self, line: int) -> int | None:
        """The number, from 1, of the step that a line of the text belongs to: that whose words stand
        in it or last before it. None before the first."""
        found = None
        places = iter(comments(self.text))
        for number, step in enumerate(self.steps, 1):
            wanted = " ".join(step.words.split())
            place = next((at for at, words in places if words == wanted), None)
            if place is None or place > line:
                break
            found = number
        return found

    def progress(self, line: int) -> str:
        """Where a search for the hole in a line is: `step 3 of 5: …`, empty before the first step."""
        number = self.step_at(line)
        if number is None:
            return ""
        return (
            f"step {number} of {len(self.steps)}: {' '.join(self.steps[number - 1].words.split())}"
        )


def comment(words: str, columns: int = 0) -> str:
    """Words as lines of a Lean comment, indented, each with its line end."""
    lines = textwrap.wrap(
        " ".join(words.split()),
        max(WIDTH - columns - len("-- "), 20),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "".join(f"{' ' * columns}-- {line}\n" for line in lines)


def comments(text: str) -> list[tuple[int, str]]:
    """The line comments that have lines of their own, each with its first line, counted from 1;
    lines that follow one another are one comment."""
    found: list[tuple[int, str]] = []
    last = 0
    for number, line in enumerate(text.split("\n"), 1):
        written = re.match(r"\s*--(?!-)\s?(.*)", line)
        if written is None:
            continue
        words = " ".join(written[1].split())
        if found and last == number - 1:
            first, before = found[-1]
            found[-1] = (first, f"{before} {words}".strip())
        else:
            found.append((number, words))
        last = number
    return found


def without_lemmas(text: str, names: tuple[str, ...]) -> str:
    """The text without these of a sketch's lemmas, and without what stands right before them for
    them: comments, a docstring, attributes."""
    for name in names:
        head = re.compile(
            rf"^(?:(?:private|protected)\s+)?(?:theorem|lemma)\s+{re.escape(name)}(?![\w'.!?])"
        )
        lines = text.split("\n")
        first = next((at for at, line in enumerate(lines) if head.match(line)), None)
        if first is None:
            continue
        last = first + 1
        while last < len(lines) and (not lines[last].strip() or lines[last][0].isspace()):
            last += 1
        while first and lines[first - 1].strip() and _belongs(lines[first - 1]):
            first -= 1
        text = "\n".join([*lines[:first], *lines[last:]])
    return text


def _belongs(line: str) -> bool:
    """Whether a line above a lemma is there for it."""
    return line.startswith(("--", "/--", "@[")) or line.endswith("-/")
