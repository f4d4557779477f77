"""Text of anybody, made fit to be shown, and Lean with its words marked."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from prover.lean.syntax import TOKEN

_UNSHOWABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_PART = re.compile(
    rf'(?P<comment>--[^\n]*)|(?P<block>/-)|(?P<string>"(?:\\.|[^"\\])*")|(?P<token>{TOKEN.pattern})',
    re.DOTALL,
)
_BLOCK_EDGE = re.compile(r"/-|-/")
_WORDS = frozenset(
    [
        *("abbrev", "axiom", "by", "calc", "class", "def", "deriving", "do", "else", "end"),
        *("example", "exists", "extends", "from", "fun", "have", "if", "import", "in", "inductive"),
        *("instance", "lemma", "let", "macro", "match", "mutual", "namespace", "noncomputable"),
        *("notation", "obtain", "opaque", "open", "partial", "private", "protected", "rcases"),
        *("return", "rintro", "section", "set_option", "show", "structure", "suffices", "syntax"),
        *("termination_by", "then", "theorem", "universe", "unsafe", "using", "variable", "where"),
        "with",
    ]
)
_ALARMING = frozenset(["admit", "axiom", "sorry"])


def clean(text: str) -> str:
    """Without what no HTML, XML or UTF-8 can hold, and what turns the order of letters: a picture of
    it, or U+FFFD, stands there instead."""
    return _UNSHOWABLE.sub(_picture, text)


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(0x2400 + code) if code < 0x20 else "\ufffd"


def shortened(text: str, most: int) -> str:
    """The beginning of a text, and how much of it is left out."""
    if len(text) <= most:
        return text
    return f"{text[:most]} … {len(text) - most:,} characters left out"


def lean(text: str) -> Markup:
    """Lean as HTML: keywords in `<b>`, comments in `<i>`, `sorry` in `<mark>`."""
    parts: list[str] = []
    at = 0
    while found := _PART.search(text, at):
        parts.append(escape(text[at : found.start()]))
        at = found.end()
        if found.lastgroup == "block":
            at = _end_of_block(text, at)
        part = escape(text[found.start() : at])
        if found.lastgroup in ("comment", "block"):
            parts.append(f"<i>{part}</i>")
        elif found.lastgroup == "token" and part in _ALARMING:
            parts.append(f"<mark>{part}</mark>")
        elif found.lastgroup == "token" and part in _WORDS:
            parts.append(f"<b>{part}</b>")
        else:
            parts.append(part)
    parts.append(escape(text[at:]))
    return Markup("").join(map(Markup, parts))


def _end_of_block(text: str, at: int) -> int:
    depth = 1
    for edge in _BLOCK_EDGE.finditer(text, at):
        depth += 1 if edge[0] == "/-" else -1
        if depth == 0:
            return edge.end()
    return len(text)


def goals(text: str) -> Markup:
    """Printed goals as HTML: what is to be proved in `<b>`, the names of cases in `<i>`."""
    lines: list[str] = []
    in_target = False
    for line in text.split("\n"):
        in_target = line.startswith("⊢") or (in_target and line.startswith(" "))
        shown = escape(line)
        if in_target:
            shown = Markup(f"<b>{shown}</b>")
        elif line.startswith("case "):
            shown = Markup(f"<i>{shown}</i>")
        lines.append(shown)
    return Markup("\n").join(lines)


def target(text: str) -> str:
    """What the first of some printed goals says is to be proved, on one line, and how many follow."""
    lines = text.split("\n")
    first = next((i for i, line in enumerate(lines) if line.startswith("⊢")), len(lines) - 1)
    last = first + 1
    while last < len(lines) and lines[last].startswith(" "):
        last += 1
    more = sum(line.startswith("⊢") for line in lines[last:])
    said = " ".join(line.strip() for line in lines[first:last])
    return said + (f" (and {more} more)" if more else "")


def number(value: float) -> str:
    """A number to two places, with a real minus sign."""
    return f"{value:.2f}".replace("-", "−")


def duration(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
