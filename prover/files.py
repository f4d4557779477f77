"""Whole files: Lean texts that can be written again byte for byte, writing that leaves either the old
file or the new one, and journals of JSON lines that a kill leaves readable."""

from __future__ import annotations

import glob
import json
import os
import platform
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from difflib import SequenceMatcher
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, BinaryIO

from prover.errors import ProverError, WrongUse

BOM = "\ufeff"


class SourceText:
    """A text as Lean reads it: no byte order mark, every line end a line feed. A carriage return
    that ends no line stays where it is."""

    def __init__(self, data: bytes) -> None:
        """Raises UnicodeDecodeError if it is not UTF-8."""
        given = data.decode()
        self.data = data
        self._bom = BOM if given.startswith(BOM) else ""
        lines = given.removeprefix(BOM).split("\n")
        self._ends = ["\r\n" if line.endswith("\r") else "\n" for line in lines[:-1]]
        self.text = given.removeprefix(BOM).replace("\r\n", "\n")

    def restore(self, text: str) -> bytes:
        """The file that holds an edited text. A line that is as it was keeps its own end; one that
        is new takes the end of the line whose place it takes."""
        lines = text.split("\n")
        ends = self._ends_of(lines)
        whole = "".join(line + end for line, end in zip(lines, [*ends[:-1], ""], strict=True))
        return (self._bom + whole).encode()

    def _ends_of(self, lines: list[str]) -> list[str]:
        usual = max("\n", "\r\n", key=self._ends.count)
        if self._ends.count(usual) == len(self._ends):
            return [usual] * len(lines)
        old = self.text.split("\n")
        ends = [*self._ends, usual]
        first = _common(old, lines)
        last = _common(old[first:][::-1], lines[first:][::-1])
        chosen = ends[:first]
        for begin, end, count in _runs(
            old[first : len(old) - last], lines[first : len(lines) - last]
        ):
            for number in range(count):
                chosen.append(ends[max(first + min(begin + number, end - 1), 0)])
        return chosen + ends[len(old) - last :]


def _runs(old: list[str], new: list[str]) -> Iterator[tuple[int, int, int]]:
    """Where the lines of an edited text stand for old ones, run by run: from which line, up to which
    one, and how many they are. Lines that occur once in both cut the work into small parts."""
    cuts = [(0, 0), *_anchors(old, new), (len(old), len(new))]
    for (at, new_at), (to, new_to) in pairwise(cuts):
        matcher = SequenceMatcher(None, old[at:to], new[new_at:new_to], autojunk=False)
        for _, begin, end, new_begin, new_end in matcher.get_opcodes():
            yield at + begin, at + end, new_end - new_begin


def _anchors(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    """The places of lines that occur once in both texts and in both after the same other ones."""
    once, new_once = Counter(old), Counter(new)
    places = {line: at for at, line in enumerate(new) if new_once[line] == 1}
    pairs = [
        (at, places[line]) for at, line in enumerate(old) if once[line] == 1 and line in places
    ]
    highest = accumulate((place for _, place in pairs), max)
    lowest = [*accumulate((place for _, place in reversed(pairs)), min)][::-1]
    return [pair for pair, high, low in zip(pairs, highest, lowest, strict=True) if high == low]


def _common(one: list[str], other: list[str]) -> int:
    """How many lines at the start are the same."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def read_file(path: Path) -> bytes:
    """The bytes of a file. Raises `WrongUse` if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise WrongUse(f"cannot read {path}: {error.strerror}") from None


def read_text(path: Path) -> str:
    """The text of a file. Raises `WrongUse` if it cannot be read, or is not UTF-8."""
    try:
        return read_file(path).decode()
    except UnicodeDecodeError as error:
        raise WrongUse(f"{path} is not UTF-8 (byte {error.start})") from None


def write_file(path: Path, content: str | bytes) -> None:
    """Replaces a file as a whole, so that an interruption leaves the old one or the new one. What is
    there and is no file, such as /dev/null or a pipe, is written to. Raises `ProverError` if it cannot
    be written."""
    data = content.encode() if isinstance(content, str) else content
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
        else:
            _replace(path.resolve(), lambda file: file.write(data))
    except OSError as error:
        raise ProverError(f"cannot write {path}: {error.strerror}") from error


def _replace(path: Path, write: Callable[[BinaryIO], object]) -> None:
    mode = path.stat().st_mode if path.exists() else 0o644
    _sweep(path)
    handle, temporary = tempfile.mkstemp(
        dir=path.parent, prefix=f"{_unfinished(path)}{os.getpid()}-"
    )
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _unfinished(path: Path) -> str:
    """How the names of files begin that processes of this machine write to take another's place."""
    return f".{path.name}.{platform.node()}-"


def _sweep(path: Path) -> None:
    """Removes what was left by processes that were killed while they wrote a file."""
    begin = _unfinished(path)
    found = list(path.parent.glob(f"{glob.escape(begin)}*-*"))
    if not found:
        return
    import psutil  # some commands must start at once

    for left in found:
        pid = left.name.removeprefix(begin).partition("-")[0]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            left.unlink(missing_ok=True)


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines.

    Raises:
        WrongUse: it cannot be read, or a line is no JSON; names the file and the line.
    """
    return json_lines(read_file(path), str(path))


def json_lines(data: bytes, place: str) -> list[dict[str, Any]]:
    """The objects of JSON lines from a place. Only a line feed ends a line: JSON may hold all else that
    ends lines elsewhere. Raises `WrongUse`, naming place and line."""
    rows = []
    for number, line in enumerate(data.removesuffix(b"\n").split(b"\n") if data else (), 1):
        try:
            rows.append(json.loads(line.decode()))
        except (ValueError, RecursionError) as error:
            raise WrongUse(f"{place}, line {number}: {error}") from None
    return rows


def write_json(path: Path, value: Any) -> None:
    """Writes a file of one JSON value, whole or not at all."""
    write_file(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def write_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Writes a file of JSON lines, whole or not at all. Raises `ProverError` if it cannot be
    written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path.resolve(), lambda file: file.writelines(map(_line, rows)))
    except OSError as error:
        raise ProverError(f"cannot write {path}: {error.strerror}") from error


def _line(row: dict[str, Any]) -> bytes:
    return (json.dumps(row, ensure_ascii=False) + "\n").encode()


def mend(path: Path) -> None:
    """Cuts off the line that a kill has left unfinished."""
    if path.exists():
        data = path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            os.truncate(path, whole)


def append_lines(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    """Adds JSON lines to a file."""
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def same_settings(path: Path, identity: dict[str, Any]) -> None:
    """Notes what a run is about, so that another run does not add to it. What is None is as good as
    not noted: an option that came later does not end the runs of before.

    Raises:
        WrongUse: something else is noted there.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, identity)
        return
    there, identity = _given(json.loads(path.read_text("utf-8"))), _given(identity)
    if there != identity:
        names = [n for n in {**there, **identity} if there.get(n) != identity.get(n)]
        differs = ", ".join(f"{n} {there.get(n)} there, {identity.get(n)} here" for n in names)
        raise WrongUse(
            f"{path.parent} was begun with other settings ({differs}): give another --out to start "
            "anew, or the same settings to go on"
        )


def _given(value: Any) -> Any:
    """Settings without those that are None, at any depth."""
    if not isinstance(value, dict):
        return value
    return {name: _given(one) for name, one in value.items() if one is not None}
