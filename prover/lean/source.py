"""How a proof is put into the hole of a text, and how a hole is put below a statement.

Byte offsets are those of the text in UTF-8, as the gym gives them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from prover.errors import WrongUse
from prover.lean.states import Hole

BARE_HEADER = "set_option autoImplicit false\n"
"""Stands before a statement that comes without a file: a misspelled name is an error, not a new
variable."""

_BLOCK = re.compile(r"(^|\n|·|=>|\bby|[({])[ \t]*\Z")
"""What a hole stands behind where a block of tactics may begin."""

_ASSIGN = re.compile(r":=")
_INNER = re.compile(r":=|=>|<\||;|^\s*[·.|({⟨]|\b(calc|from|by)\b")
"""Where in a line a term begins that what stands below must be right of."""

_UNPROVED = re.compile(r"\s*:=\s*(by\s*)?(sorry\s*)?\Z")


def bare(statement: str) -> str:
    """A statement without its `:= by sorry`."""
    return _UNPROVED.sub("", statement.rstrip())


def with_hole(statement: str) -> str:
    """A statement, given with or without its `:= by sorry`, as a text with one hole."""
    text = bare(statement)
    comment = "--" in text.rsplit("\n", 1)[-1]
    return text + ("\n  := by sorry" if comment else " := by sorry")


class NotText(WrongUse):
    """A text cannot be written as UTF-8."""


def as_lean_reads(text: str) -> str:
    """A text with the line ends that Lean knows, and without a byte order mark.

    Raises:
        NotText: it holds half a character.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NotText(
            f"the text is no Unicode: character {error.start + 1} is half a one"
        ) from None
    return text.removeprefix("\ufeff").replace("\r\n", "\n")


def with_options(header: str, statement: str) -> str:
    """The header for a statement that comes without a file. Raises `NotText`."""
    header = as_lean_reads(header)
    if "autoImplicit" in header + statement:
        return header
    return f"{header.rstrip()}\n{BARE_HEADER}".lstrip()


def cut(text: str, first: int, last: int) -> str:
    """The part of a text between two byte offsets."""
    return text.encode()[first:last].decode()


def replace(text: str, first: int, last: int, new: str) -> str:
    """The text with the bytes between two offsets replaced."""
    data = text.encode()
    return (data[:first] + new.encode() + data[last:]).decode()


def indent(script: str, columns: int) -> str:
    """The script with all lines but the first moved to the right."""
    return script.replace("\n", "\n" + " " * columns)


def either(scripts: Sequence[str]) -> str:
    """A script that works wherever one of these does."""
    different = list(dict.fromkeys(scripts))
    if len(different) == 1:
        return different[0]
    return "\n".join(["first", *("  | " + indent(script, 4) for script in different)])


class Spot(Protocol):
    """Where a hole is: its byte offsets, and whether it stands for a tactic or for a term."""

    @property
    def first(self) -> int: ...

    @property
    def last(self) -> int: ...

    @property
    def tactic(self) -> bool: ...


def fill(text: str, hole: Spot, script: str) -> str:
    """The text with a tactic script in a hole."""
    data = text.encode()
    before = data[: hole.first].decode()
    line = before.rsplit("\n", 1)[-1]
    column = len(line)
    body = re.search(r":=\s*(by\s*)?\Z", before)
    if body and _owns_line(before[: body.start()], data[hole.last :].decode()):
        line = before[: body.start()].rsplit("\n", 1)[-1]
        own = len(line) - len(line.lstrip())
        nested = own > 0 and "\n" not in script
        new = ":= by " + script if nested else ":= by\n" + " " * (own + 2) + indent(script, own + 2)
        return replace(text, len(before[: body.start()].encode()), hole.last, new)
    if hole.tactic and (("\n" not in script and ";" not in script) or _BLOCK.search(before)):
        return replace(text, hole.first, hole.last, indent(script, column))
    if hole.tactic:
        return replace(text, hole.first, hole.last, "(" + indent(script, column + 1) + ")")
    return replace(text, hole.first, hole.last, "(by " + indent(script, column + 4) + ")")


def _owns_line(before: str, after: str) -> bool:
    """Whether a hole is all that a declaration or a `have` on its own line waits for, so that its
    proof can stand below."""
    line = before.rsplit("\n", 1)[-1]
    opener = _INNER if line.startswith((" ", "\t")) else _ASSIGN
    return after.split("\n", 1)[0].strip() == "" and not opener.search(line)


def fill_all(text: str, proofs: Sequence[tuple[Hole, str | None]]) -> str:
    """The text with its holes filled where there is a proof. One `sorry` can be several holes
    (`cases n <;> sorry`)."""
    places: dict[tuple[int, int], list[tuple[Hole, str | None]]] = {}
    for hole, proof in proofs:
        places.setdefault((hole.first, hole.last), []).append((hole, proof))
    for _, there in sorted(places.items(), reverse=True):
        scripts = [proof for _, proof in there if proof is not None]
        if scripts:
            if len(scripts) < len(there):
                scripts.append("sorry")
            text = fill(text, there[0][0], either(scripts))
    return text
