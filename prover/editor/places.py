"""Where in a Lean text something can be proved: read from the text and from Lean's diagnostics, without
a Lean.

A *copy* is the text with `sorry` where something is to be proved, which is what the engine is asked
about. Offsets are indices of characters here, not bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

UNSOLVED = re.compile(r"\s*(error:\s*)?unsolved goals")
_COMMENT_OR_STRING = re.compile(
    r"/-|--[^\n]*|r\"[^\"]*\"|r(#+)\".*?\"\1|\"(?:\\.|[^\"\\])*\"|'(?:\\[^\n]{1,8}?|[^\\\n])'|«[^»\n]*»"
    r"|[^\W\d][\w'!?]*",
    re.DOTALL,
)
_SORRY = re.compile(r"(?<![\w.'!?])sorry(?![\w'!?])")
_BY = re.compile(r"(?<![\w.'!?])by(?![\w'!?.])")
_OPENER = re.compile(r"(?<![\w.'!?])by(?![\w'!?.])|[·;]|=>|<;>|(?<=\s)\.(?=\s)")
_PAIRS = {")": "(", "]": "[", "}": "{", "⟩": "⟨"}


@dataclass(frozen=True, slots=True)
class Place:
    """Something to prove. `kind` is `hole` (a `sorry`), `empty` (a `by` with nothing after it),
    `unsolved` (a block that leaves goals, `goals` of them) or `failing` (a tactic that fails)."""

    kind: str
    first: int
    last: int
    goals: int = 1


@dataclass(frozen=True, slots=True)
class Copy:
    """A text with `sorry` where something is to be proved, and where those begin."""

    text: str
    holes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Error:
    """An error of Lean's at a place of a text."""

    first: int
    last: int
    message: str


def code_only(text: str) -> str:
    """The text with blanks for comments, strings and quoted names, each character in its place."""
    parts, at = [], 0
    while found := _COMMENT_OR_STRING.search(text, at):
        end = _end_of_block(text, found.start()) if found[0] == "/-" else found.end()
        piece = text[found.start() : end]
        plain = piece[0].isalpha() and not piece.endswith('"') and '"' not in piece
        parts.append(text[at : found.start()])
        parts.append(piece if plain or piece[0] == "_" else re.sub(r"[^\n]", " ", piece))
        at = end
    return "".join([*parts, text[at:]])


def _end_of_block(text: str, start: int) -> int:
    depth = 0
    for mark in re.compile("/-|-/").finditer(text, start):
        depth += 1 if mark[0] == "/-" else -1
        if depth == 0:
            return mark.end()
    return len(text)


def holes(text: str) -> list[tuple[int, int]]:
    """Where a text says `sorry`."""
    return [found.span() for found in _SORRY.finditer(code_only(text))]


def places(text: str, first: int, last: int, errors: Sequence[Error]) -> list[Place]:
    """What can be proved at a part of a text, or in the lines that it touches, the nearest first."""
    code = code_only(text)
    begin = code.rfind("\n", 0, first) + 1
    end = (code + "\n").index("\n", last)
    found = [Place("hole", *one.span()) for one in _SORRY.finditer(code, begin, end)]
    found.sort(key=lambda place: (max(first - place.last, place.first - last, 0), place.first))
    if found:
        return found
    for by in _BY.finditer(code, 0, end):
        if by.end() >= begin - 1 and _is_empty(code, by) and _touches(code, by.end(), first):
            return [Place("empty", by.end(), by.end())]
    near = [e for e in errors if e.first <= end and begin <= max(e.first, e.last)]
    near.sort(key=lambda error: (not error.first <= first <= error.last, -error.first))
    for error in near:
        block = _block_after(code, error.first)
        if not UNSOLVED.match(error.message):
            if _in_tactics(code, error.first):
                found.append(Place("failing", error.first, error.last))
        elif block is not None:
            inside = [e for e in errors if block[0] <= e.first <= block[1] and e is not error]
            cause = next((e for e in inside if not UNSOLVED.match(e.message)), None)
            goals = len(re.findall(r"^⊢", error.message, re.MULTILINE))
            if block[0] == block[1]:
                found.append(Place("empty", *block))
            elif cause is not None:
                found.append(Place("failing", cause.first, cause.last))
            else:
                found.append(Place("unsolved", error.first, error.last, max(goals, 1)))
    return found


def _touches(code: str, end: int, at: int) -> bool:
    """Whether nothing but blanks is between the end of a `by` and a place, or that is before it, in
    its line."""
    return not code[end:at].strip()


def _is_empty(code: str, by: re.Match[str]) -> bool:
    """Whether no tactic follows a `by`, a `·` or a `=>`: its line ends there, and the next one does
    not go on."""
    rest = code[by.end() :]
    line, _, below = rest.partition("\n")
    if line.strip():
        return line.lstrip()[0] in ")]}⟩,"
    following = next((one for one in below.split("\n") if one.strip()), "")
    own = code[code.rfind("\n", 0, by.start()) + 1 : by.end()]
    return _column(following) <= _column(own)


def _column(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _in_tactics(code: str, at: int) -> bool:
    """Whether there is a `by` before a place, in what begins at the last line that is not indented."""
    starts = [m.start() for m in re.finditer(r"^\S", code[: at + 1], re.MULTILINE)]
    return _BY.search(code, starts[-1] if starts else 0, at) is not None


def copies(text: str, place: Place) -> Iterator[Copy]:
    """The texts that ask for what is to be proved at a place, the least change first: the one to take
    is the first in which Lean finds no error there."""
    code = code_only(text)
    if place.kind == "hole":
        yield Copy(text, (place.first,))
    elif place.kind == "empty":
        yield Copy(text[: place.first] + " sorry" + text[place.last :], (place.first + 1,))
    elif place.kind == "unsolved":
        block = _block_after(code, place.first)
        if block is not None:
            yield _with_more(text, block, place.goals)
    else:
        first, last = _tactic_around(code, place.first)
        ends = [last, _end_of_tactics(code, first)]
        for end in dict.fromkeys(ends):
            yield Copy(text[:first] + "sorry" + text[end:], (first,))


def _block_after(code: str, at: int) -> tuple[int, int] | None:
    """Where the tactics of a block begin and end, given where its error is: at its `by`, its `·`, or
    the line of its `=>`. One that is empty begins and ends there."""
    opener = re.compile(r"by(?![\w'!?.])|[·.](?=\s)|=>").match(code, at)
    if opener is None:
        line_end = (code + "\n").index("\n", at)
        opener = re.compile(r"=>").search(code, at, line_end)
    if opener is None:
        return None
    if _is_empty(code, opener):
        return opener.end(), opener.end()
    first = re.compile(r"\S").search(code, opener.end())
    return None if first is None else (first.start(), _end_of_tactics(code, first.start()))


def _end_of_tactics(code: str, first: int) -> int:
    """Where the tactics that begin at a place end: with the last line that is not left of it, or at
    a bracket that was opened before."""
    column = first - (code.rfind("\n", 0, first) + 1)
    return _end(code, first, lambda own: own >= column)


def _end(code: str, first: int, goes_on: object) -> int:
    assert callable(goes_on)
    last = at = first
    depth = 0
    for line in code[first:].split("\n"):
        if at > first and line.strip() and not goes_on(_column(line)):
            break
        for index, one in enumerate(line):
            if one in _PAIRS.values():
                depth += 1
            elif one in _PAIRS or (one == "," and depth == 0):
                if depth == 0:
                    return (
                        len(code[:at].rstrip())
                        if not line[:index].strip()
                        else at + len(line[:index].rstrip())
                    )
                depth -= 1
        if line.strip():
            last = at + len(line.rstrip())
        at += len(line) + 1
    return last


def _with_more(text: str, block: tuple[int, int], goals: int) -> Copy:
    """The text with a `sorry` for each goal that a block leaves."""
    first, last = block
    begin = text.rfind("\n", 0, first) + 1
    before = text[begin:first]
    parts = ["sorry"] if goals == 1 else ["· sorry"] * goals
    body = text[first:last]
    alone = not before.strip() or before.strip() in ("·", ".")
    if alone:
        margin, start = " " * len(before), text[:first]
    else:
        margin = " " * (_column(text[begin:last]) + 2)
        start = text[:first].rstrip() + "\n" + margin
        body = body.replace("\n" + " " * len(before), "\n" + margin)
    whole = start + body
    places = []
    for part in parts:
        whole += "\n" + margin
        places.append(len(whole) + part.index("sorry"))
        whole += part
    return Copy(whole + text[last:], tuple(places))


def _tactic_around(code: str, at: int) -> tuple[int, int]:
    """Where the tactic begins and ends that an error is in."""
    begin = code.rfind("\n", 0, at) + 1
    first = begin + _column(code[begin:])
    for opener in _OPENER.finditer(code, begin, at):
        if _depth(code, opener.end(), at) >= 0 and not code[opener.end() : at + 1].isspace():
            start = re.compile(r"\S").search(code, opener.end())
            if start is not None and start.start() <= at:
                first = start.start()
    while first == begin + _column(code[begin:]) and begin > 0:
        above = code[: begin - 1].rstrip("\n ")
        line = above[above.rfind("\n") + 1 :]
        if _column(line) >= first - begin or re.search(r"(\bby|=>|·|\bdo|:=|\bwith)\s*$", line):
            break
        opened = [o for o in _OPENER.finditer(line) if line[o.end() :].strip()]
        start_of_line = above.rfind("\n") + 1
        column = _column(line)
        if opened:
            rest = line[opened[-1].end() :]
            column = opened[-1].end() + _column(rest)
        if column >= first - begin:
            break
        begin, first = start_of_line, start_of_line + column
        if opened:
            break
    column = first - (code.rfind("\n", 0, first) + 1)
    last = _end(code, first, lambda own: own > column)
    line = code[first : (code + "\n").index("\n", first)]
    for separator in re.finditer(r"<;>|;", line):
        if _depth(code, first, first + separator.start()) == 0:
            last = min(last, first + len(line[: separator.start()].rstrip()))
            break
    return first, max(last, first)


def _depth(code: str, first: int, last: int) -> int:
    """How many brackets that are opened between two places stay open; less than nothing if some are
    closed that were opened before."""
    depth = 0
    for one in code[first:last]:
        depth += (one in _PAIRS.values()) - (one in _PAIRS)
        if depth < 0:
            return depth
    return depth
