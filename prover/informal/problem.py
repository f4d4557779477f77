"""What is to be proved, and reading and mending the sketches that a model writes for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from prover.errors import WrongUse
from prover.informal.sketch import Sketch, Step, comments
from prover.lean.source import bare
from prover.lean.states import Message

_HEAD = (
    r"^(?:@\[[^\]]*\]\s*)*(?:(?:private|protected|noncomputable|nonrec)\s+)*(?:theorem|lemma)\s+"
)
_FENCE = re.compile(
    r"```[ \t]*(?:lean ?4?)?[ \t]*\n(.*?)(?:\n[ \t]*```|\Z)", re.DOTALL | re.IGNORECASE
)
_BY = re.compile(r"\bby\b")
_PROOF = re.compile(r":=\s*by\b")


class NoSketch(WrongUse):
    """A model's answer is no sketch of the theorem. The message says what it lacks."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A theorem of a Lean text, which holds its imports, and what is said of it in words."""

    text: str
    name: str
    words: str = ""
    proof: str = ""

    @property
    def place(self) -> tuple[int, int]:
        """The lines of the theorem, from 0, the second not included.

        Raises:
            WrongUse: the text has no such theorem in its margin.
        """
        found = place_of(self.text, self.name)
        if found is None:
            raise WrongUse(f"the text has no theorem {self.name} at the beginning of a line")
        return found

    @property
    def formal(self) -> str:
        """The statement, without its proof."""
        first, last = self.place
        code = "\n".join(self.text.split("\n")[first:last])
        by = re.search(r":=\s*(by\b.*|sorry\s*)\Z", code, re.DOTALL)
        return bare(code[: by.start()] if by else code)

    def sketch(self, answer: str) -> Sketch:
        """The sketch in a model's answer: its last block of code with the theorem, in the place of
        the theorem in the text.

        Raises:
            NoSketch: there is none.
        """
        short = self.name.rpartition(".")[2]
        blocks = [found[1] for found in _FENCE.finditer(answer)] or [answer]
        block = next((b for b in reversed(blocks) if place_of(b, short)), None)
        if block is None:
            raise NoSketch(f"the answer holds no Lean code with the theorem {short}")
        lines = self.text.split("\n")
        first, last = self.place
        known = {line.strip() for line in lines[:first]}
        own = [
            re.sub(r"^lemma\b", "theorem", line)
            for line in block.split("\n")
            if not line.startswith("import ")
            and not (line.startswith(("open ", "set_option ")) and line.strip() in known)
        ]
        code = "\n".join(own).strip("\n")
        place = place_of(code, short)
        assert place is not None
        said = comments("\n".join(code.split("\n")[place[0] : place[1]]))
        names = [
            found[1]
            for found in re.finditer(rf"{_HEAD}(\S+?)(?=[\s:({{\[])", code, re.MULTILINE)
            if found[1] != short
        ]
        return Sketch(
            "\n".join([*lines[:first], code, "", *lines[last:]]),
            self.name,
            tuple(Step(words, _span(words, self.proof)) for _, words in said),
            tuple(names),
        )

    def code(self, text: str) -> str:
        """What a text with a sketch holds in the place of the theorem."""
        first, last = self.place
        lines = self.text.split("\n")
        after = len(lines) - last
        own = text.split("\n")
        return "\n".join(own[first : len(own) - after]).strip("\n")


def place_of(text: str, name: str) -> tuple[int, int] | None:
    """The lines of a theorem, from 0, the second not included: up to the next in the margin."""
    short = re.escape(name.rpartition(".")[2])
    head = re.compile(rf"{_HEAD}(?:{re.escape(name)}|{short})(?![\w'.!?])")
    lines = text.split("\n")
    first = next((at for at, line in enumerate(lines) if head.match(line)), None)
    if first is None:
        return None
    last = first + 1
    while last < len(lines) and (not lines[last].strip() or lines[last][0].isspace()):
        last += 1
    while not lines[last - 1].strip():
        last -= 1
    return first, last


def _span(words: str, proof: str) -> tuple[int, int]:
    """Where a proof in words says something, without regard to case and spaces."""
    wanted = r"\s+".join(map(re.escape, words.split()))
    found = re.search(wanted, proof, re.IGNORECASE)
    return found.span() if found else (0, 0)


def mended(sketch: Sketch, errors: Sequence[Message]) -> Sketch | None:
    """The sketch with a gap in the place of the tactic, or of the proof, that its first error is
    about, and without what goes on after such a tactic. None where the error is about more than the
    proof of its theorem or of its lemmas."""
    lines = sketch.text.split("\n")
    for name in (*sketch.lemmas, sketch.name):
        place = place_of(sketch.text, name)
        if place is None:
            continue
        own = [e for e in errors if place[0] < e.line <= place[1]]
        if own:
            error = min(own, key=lambda e: (e.line, e.column))
            new = _without(lines, place, error)
            return None if new is None or new == lines else replace(sketch, text="\n".join(new))
    return None


def _without(lines: list[str], place: tuple[int, int], error: Message) -> list[str] | None:
    at = error.line - 1
    line = lines[at]
    main = next((n for n in range(*place) if _PROOF.search(lines[n])), place[0])
    own = 0 if at == main else _indent(line)
    rest = at + 1
    while rest < place[1] and (not lines[rest].strip() or _indent(lines[rest]) > own):
        rest += 1
    block = [one for one in lines[at + 1 : rest] if one.strip()]
    bys = [found.start() for found in _BY.finditer(line) if found.start() <= error.column]
    if (
        bys
        and line[bys[-1] :].strip() == "by"
        and error.text.startswith("unsolved goals")
        and block
    ):
        last = at + 1 + max(n for n, one in enumerate(lines[at + 1 : rest]) if one.strip())
        return [*lines[: last + 1], " " * _indent(block[0]) + "sorry", *lines[last + 1 :]]
    if bys and (at > place[0] or line[: bys[-1]].rstrip().endswith(":=")):
        return [*lines[:at], line[: bys[-1]] + "by sorry", *lines[rest:]]
    if at == place[0] or not any(_BY.search(one) for one in lines[place[0] : at]):
        return None
    if opener := re.match(r"\s*(?:· |\| .*?=>\s)", line):
        return [*lines[:at], line[: opener.end()] + "sorry", *lines[rest:]]
    while rest < place[1] and (not lines[rest].strip() or _indent(lines[rest]) >= own):
        if _indent(lines[rest]) == own and re.match(r"\s*(·|\|)", lines[rest]):
            break
        rest += 1
    return [*lines[:at], " " * own + "sorry", *lines[rest:]]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
