"""JSON with comments, as VS Code keeps settings, edited so that all else stays byte for byte."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_BLANK = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_SCALAR = re.compile(r'"(?:[^"\\\n]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null')


class NotJson(ValueError):
    """A text is no JSON with comments, or not of the form that is asked for."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value and where it stands. Those in it are by name or by number; `comma` is where the comma
    after it stands."""

    value: Any
    first: int
    last: int
    inner: dict[str, Member]


@dataclass(frozen=True, slots=True)
class Member:
    """A part of an object or an array, from its name on."""

    first: int
    value: Value
    comma: int | None


def parse(text: str) -> Value:
    """Raises `NotJson`, with the place, if it is no JSON with comments. An empty text is an empty
    object that stands nowhere."""
    start = _skip(text, 0)
    if start == len(text):
        return Value({}, start, start, {})
    value = _value(text, start)
    if (end := _skip(text, value.last)) != len(text):
        raise _wrong(text, end)
    return value


def with_first(text: str, name: str, item: str) -> str:
    """The text in which the array of that name has an item, at its start. Raises `NotJson` if there
    is no place for it."""
    root = parse(text)
    if root.first == root.last:
        return f"{text}{{\n    {json.dumps(name)}: [{json.dumps(item)}]\n}}\n"
    if not isinstance(root.value, dict):
        raise NotJson("it holds no object")
    if name not in root.inner:
        return _with_member(text, root, f"{json.dumps(name)}: [{json.dumps(item)}]")
    array = root.inner[name].value
    if not isinstance(array.value, list):
        raise NotJson(f"{name} is no list")
    if item in array.value:
        return text
    comma = ", " if array.value else ""
    return _splice(text, array.first + 1, array.first + 1, json.dumps(item) + comma)


def without(text: str, name: str, item: str) -> str:
    """The text without that item of the array, and without the array if nothing else is in it."""
    root = parse(text)
    member = root.inner.get(name)
    if member is None or not isinstance(member.value.value, list):
        return text
    array = member.value
    if item not in array.value:
        return text
    if len(array.value) == 1:
        return _cut(text, root, [*root.inner].index(name))
    return _cut(text, array, array.value.index(item))


def _with_member(text: str, root: Value, member: str) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    members = [*root.inner.values()]
    if not members:
        inside = text[root.first + 1 : root.last - 1].rstrip()
        new = f"{inside}{newline}    {member}{newline}"
        return _splice(text, root.first + 1, root.last - 1, new)
    last = members[-1]
    line = text[text.rfind("\n", 0, last.first) + 1 : last.first]
    between = newline + line if not line.strip() else " "
    if last.comma is not None:
        return _splice(text, last.comma + 1, last.comma + 1, between + member)
    return _splice(text, last.value.last, last.value.last, "," + between + member)


def _cut(text: str, of: Value, number: int) -> str:
    """The text without a member, its comma and the blanks beside it. Comments stay."""
    members = [*of.inner.values()]
    member = members[number]
    first, last = member.first, member.value.last
    if member.comma is not None:
        text = _splice(text, member.comma, member.comma + 1, "")
    if number + 1 < len(members):
        return text[:first] + text[last:].lstrip()
    text = text[:first].rstrip() + text[last:]
    before = members[number - 1].comma if number else None
    if before is not None and member.comma is None:
        text = _splice(text, before, before + 1, "")
    return text


def _splice(text: str, first: int, last: int, new: str) -> str:
    return text[:first] + new + text[last:]


def _value(text: str, at: int) -> Value:
    if text[at : at + 1] not in ("{", "["):
        found = _SCALAR.match(text, at)
        if found is None:
            raise _wrong(text, at)
        return Value(json.loads(found[0]), at, found.end(), {})
    named = text[at] == "{"
    inner: dict[str, Member] = {}
    here = _skip(text, at + 1)
    while text[here : here + 1] != ("}" if named else "]"):
        first, name = here, str(len(inner))
        if named:
            key = _value(text, here)
            if not isinstance(key.value, str):
                raise _wrong(text, here)
            name, here = key.value, _skip(text, key.last)
            if text[here : here + 1] != ":":
                raise _wrong(text, here)
            here = _skip(text, here + 1)
        value = _value(text, here)
        here = _skip(text, value.last)
        comma = here if text[here : here + 1] == "," else None
        if comma is not None:
            here = _skip(text, here + 1)
        elif text[here : here + 1] not in ("}", "]"):
            raise _wrong(text, here)
        inner[name] = Member(first, value, comma)
    held: Any = [member.value.value for member in inner.values()]
    if named:
        held = dict(zip(inner, held, strict=True))
    return Value(held, at, here + 1, inner)


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    assert found is not None
    return found.end()


def _wrong(text: str, at: int) -> NotJson:
    line = text.count("\n", 0, at) + 1
    return NotJson(f"line {line}, column {at - text.rfind(chr(10), 0, at)}")
