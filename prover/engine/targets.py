"""What a text wants proved: the one place that decides it, for search, check, recheck and audit.

The environment decides which declarations there are; the text, at most, where they stand and where
their holes are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prover.errors import WrongUse
from prover.lean.pool import LeanPool
from prover.lean.source import cut, replace
from prover.lean.states import Declaration, Elaborated, Hole


class NoDeclaration(WrongUse):
    """A text has no declaration of a name. The message says which there are."""


@dataclass(frozen=True, slots=True)
class Target:
    """A declaration to prove, and its holes."""

    declaration: Declaration
    holes: tuple[Hole, ...]

    @property
    def name(self) -> str:
        return self.declaration.name

    @property
    def constant(self) -> str:
        """The name of what it declares, in full."""
        return ".".join(map(str, self.declaration.constant.name))

    @property
    def coupled(self) -> bool:
        """Whether what fills one hole decides what another asks for."""
        return any(hole.coupled for hole in self.holes)


def named(text: Elaborated, name: str | None) -> list[Declaration]:
    """The declarations of a text that a person means: all, or those of a name, which may leave out
    the namespace where that is clear.

    Raises:
        NoDeclaration: there is none of that name.
    """
    listed = [d for d in text.declarations if d.listed]
    if name is None:
        return listed
    found = [d for d in listed if d.name == name] or [
        d for d in listed if d.name.endswith(f".{name}")
    ]
    if len(found) != 1:
        there = ", ".join(d.name for d in (found or listed)) or "none"
        which = "more than one declaration" if found else "no declaration"
        raise NoDeclaration(f"{which} is called {name}; there are: {there}")
    return found


def asked(text: Elaborated, name: str | None = None) -> list[Declaration]:
    """The declarations that a text of statements asks for: those that it leaves open, or all
    theorems, or all.

    Raises:
        NoDeclaration: there is none of that name.
    """
    there = named(text, name)
    unproved = [d for d in there if d.sorry]
    theorems = [d for d in there if d.kind == "theorem"]
    return unproved or theorems or there


def find_statement(text: Elaborated) -> Declaration | None:
    """The declaration that a text with one statement is about, with what helps it before it: the
    last theorem, or the last that is not a type."""
    listed = [d for d in text.declarations if d.listed and d.piece is not None]
    theorems = [d for d in listed if d.kind == "theorem" or d.side is not None]
    others = [d for d in listed if d.kind in ("def", "opaque")]
    return next(iter([*theorems[::-1], *others[::-1]]), None)


def targets(text: Elaborated, declarations: Sequence[Declaration]) -> list[Target]:
    """Those of some declarations that have holes, with them."""
    holes: dict[int, list[Hole]] = {}
    for hole in text.holes:
        own = _owner(text, hole, declarations)
        if own is not None:
            holes.setdefault(own, []).append(hole)
    return [
        Target(declaration, tuple(holes[index]))
        for index, declaration in enumerate(declarations)
        if index in holes
    ]


def around(text: Elaborated, at: int) -> list[Declaration]:
    """The declaration that has a hole at a byte offset, if there is one."""
    return [
        target.declaration
        for target in targets(text, text.declarations)
        if any(hole.first <= at < hole.last for hole in target.holes)
    ]


def _owner(text: Elaborated, hole: Hole, declarations: Sequence[Declaration]) -> int | None:
    """Which of some declarations a hole belongs to: the only one of its command, or the one that is
    written around it."""
    around = [
        (d.last - d.first, index)
        for index, d in enumerate(declarations)
        if d.first <= hole.first and hole.last <= d.last
    ]
    if not around:
        return None
    size = min(size for size, _ in around)
    found = [index for s, index in around if s == size]
    left_open = [index for index in found if declarations[index].sorry]
    return (left_open or found)[0]


def opened(text: Elaborated, declaration: Declaration, body: str = ":= by sorry") -> str | None:
    """The text with a hole, or something else, for the body of a declaration; None where it has no
    body to replace."""
    piece = declaration.piece
    if piece is None or piece.body is None or piece.body_end is None:
        return None
    return replace(text.text, piece.body, piece.body_end, body)


async def open_statement(pool: LeanPool, header: str, statement: str) -> Elaborated:
    """A statement that is given with or without a proof, with a hole: its own, or one in place of
    the proof that it has or lacks. It may have errors.

    Raises:
        ElaborationFailed: the header does not elaborate, or the process died of the text.
    """
    done = await pool.elaborate(header, statement)
    for end in (
        () if done.parses else (" := by sorry", "\n  := by sorry")
    ):  # it may end in a comment
        more = await pool.elaborate(header, statement.rstrip() + end)
        if more.parses:
            done = more
            break
    declaration = None if done.errors or done.holes else find_statement(done)
    anew = None if declaration is None else opened(done, declaration)
    return done if anew is None else await pool.elaborate(header, anew)


def head(text: Elaborated, declaration: Declaration) -> str:
    """A declaration up to its body."""
    piece = declaration.piece
    last = declaration.last if piece is None or piece.body is None else piece.body
    return cut(text.text, declaration.first, last).strip()
