"""What `prover prove` and `prover check` work on: a statement, a file, or what is piped in."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from prover.errors import WrongUse
from prover.files import SourceText, write_file
from prover.terminal import err

EXAMPLE = '"theorem t (n : Nat) : n + 0 = n"'


@dataclass(frozen=True)
class Source:
    """A text, and where it is from. `name` is that of the one declaration that is meant. A
    statement is anything that does not begin as a file must."""

    file: SourceText
    path: Path | None = None
    name: str | None = None
    is_statement: bool = False

    @property
    def text(self) -> str:
        return self.file.text

    @property
    def folder(self) -> Path:
        return self.path.resolve().parent if self.path else Path.cwd()

    def write(self, text: str) -> None:
        """Writes the file if it has changed here and not meanwhile."""
        if self.path is None or text == self.text:
            return
        if self.path.read_bytes() != self.file.data:
            raise WrongUse(f"{self.path} has changed meanwhile, so nothing was written to it")
        write_file(self.path, self.file.restore(text))
        err.print(f"wrote {self.path}", markup=False)


def read_target(target: str, *, statement: bool = False) -> Source:
    """A file, one declaration of it, a statement, or - for standard input. With `statement`, what
    is piped in is one, whatever it begins with."""
    path, name = _place(target)
    if target == "-" or _is_pipe(path):
        piped = _read_pipe(target)
        is_file = starts_like_a_file(piped.text) and not statement
        return Source(piped) if is_file else _statement(piped)
    if not target.strip():
        raise WrongUse("there is no statement")
    if os.path.exists(path):
        return Source(_read(path), path, name)
    if _is_prose(path):
        return _statement(_source_text(target, "the statement"))
    raise _no_file(path, f"; a statement looks like {EXAMPLE}")


def read_finished(target: str) -> Source:
    """A file, one declaration of it, or - for standard input."""
    path, name = _place(target)
    if target == "-" or _is_pipe(path):
        return Source(_read_pipe(target))
    if os.path.exists(path):
        return Source(_read(path), path, name)
    raise _no_file(path, "; `prover prove` takes statements" if _is_prose(path) else "")


def read_header(header: str) -> str:
    """A header, given as a text or as the path of a file."""
    path = Path(header)
    if header and os.path.exists(path):
        return _read(path).text
    word = header.split() == [header] and header not in ("module", "prelude", "section")
    if word or re.fullmatch(r"(?!.*--).*\.lean", header):
        raise _no_file(path)
    return _source_text(header, "--header").text


def starts_like_a_file(text: str) -> bool:
    """Whether the first word of a text, after comments, is one that only a file begins with."""
    text = text.lstrip()
    while comment := re.match(r"--|/-(?![-!])", text):
        text = text[_end_of_comment(text, comment[0] == "/-") :].lstrip()
    return re.match(r"(import|module|prelude)(?![\w'.!?])", text) is not None


def _end_of_comment(text: str, block: bool) -> int:
    if not block:
        return (text + "\n").index("\n")
    depth = 0
    for mark in re.finditer("/-|-/", text):
        depth += 1 if mark[0] == "/-" else -1
        if depth == 0:
            return mark.end()
    return len(text)


def _place(target: str) -> tuple[Path, str | None]:
    """The path and the name that file.lean:name gives."""
    named = re.fullmatch(r"(.*?\.lean):((?:[^\s:«»]|«[^»\n]*»)*)", target, re.DOTALL)
    return (Path(named[1]), named[2] or None) if named else (Path(target), None)


def _is_prose(path: Path) -> bool:
    """Whether what was read as a path cannot have been meant as one."""
    words = str(path)
    if not re.search(r"\s", words):
        return re.match(r"(example|instance)\b.*:", words) is not None
    return ":" in words or path.suffix != ".lean"


def _statement(file: SourceText) -> Source:
    if ":" not in file.text:
        raise WrongUse(f"this is neither a file nor a statement, which looks like {EXAMPLE}")
    return Source(file, is_statement=True)


def _no_file(path: Path, advice: str = "") -> WrongUse:
    other = Path(f"{path}.lean")
    meant = f" (is it {other}?)" if os.path.exists(other) else ""
    return WrongUse(f"there is no file {path}{meant}{advice}")


def _is_pipe(path: Path) -> bool:
    """Whether it is what a shell makes of `<(…)`, or a device."""
    return os.path.exists(path) and not path.is_file() and not path.is_dir()


def _read_pipe(target: str) -> SourceText:
    name = "standard input" if target == "-" else target
    if target == "-" and sys.stdin is None:
        raise WrongUse("there is no statement: standard input is closed")
    if target == "-" and sys.stdin.isatty():
        raise WrongUse("standard input is a terminal: give a statement or a file, or pipe one in")
    try:
        data = sys.stdin.buffer.read() if target == "-" else Path(target).read_bytes()
    except OSError as error:
        raise WrongUse(f"cannot read {name}: {error.strerror}") from None
    file = _source_text(data, name)
    if not file.text.strip():
        raise WrongUse(f"there is no statement: {name} is empty")
    return file


def _read(path: Path) -> SourceText:
    if path.is_dir():
        first = min(path.glob("*.lean"), default=None)
        such = f", such as {first}" if first else ""
        raise WrongUse(f"{path} is a folder; give one .lean file{such}")
    if path.suffix != ".lean":
        raise WrongUse(f"{path} is not a .lean file; if it is Lean, pipe it in: - < {path}")
    try:
        return _source_text(path.read_bytes(), str(path))
    except OSError as error:
        raise WrongUse(f"cannot read {path}: {error.strerror}") from None


def _source_text(given: str | bytes, what: str) -> SourceText:
    try:
        return SourceText(given if isinstance(given, bytes) else given.encode())
    except UnicodeDecodeError as error:
        raise WrongUse(f"{what} is not UTF-8 (byte {error.start}): save it as UTF-8") from None
    except UnicodeEncodeError:
        raise WrongUse(f"{what} is not UTF-8") from None
