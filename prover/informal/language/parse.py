"""From the tokens of a sentence to its tree, and from the trees of formulas to what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedEOF, UnexpectedInput, UnexpectedToken
from lark.lexer import Lexer, PatternStr

from prover.informal.language import tokens as texts
from prover.informal.language.errors import nearest_form
from prover.informal.language.tokens import Source
from prover.informal.language.vocabulary import CLASSES, SAME, SILENT

Node = Tree[Token]

_CLASS = {word: kind for kind, words in CLASSES.items() for word in words.split()}
_KINDS = {"name": "NAME", "number": "NUMBER", "set": "SET", "code": "CODE"}
_SAMPLES = {"NAME": "a name", "NUMBER": "a number", "SET": "ℕ or ℤ", "CODE": "a name in backticks"}
MOST_TOKENS = 250

_END = re.compile(r"\.?(\s*(\$\$?|\\\]|\\\)|\\end\{\w+\*?\}))?\.?")
"""What belongs to a sentence after its last word."""


class _Given(Lexer):
    """Hands the tokens of a sentence to the parser, by the names of the terminals."""

    def __init__(self, conf: Any) -> None:
        self.literals = {
            t.pattern.value: t.name for t in conf.terminals if isinstance(t.pattern, PatternStr)
        }

    def lex(self, given: Any, *_: Any) -> Iterator[Token]:
        for one in given.text if hasattr(given, "text") else given:
            name = one.kind if one.kind.isupper() else self.literals.get(one.kind)
            yield Token(
                name or "UNKNOWN", one.text, start_pos=one.first, end_pos=one.last, line=1, column=1,
                end_line=1, end_column=1,
            )  # fmt: skip


@lru_cache(maxsize=1)
def _parser() -> Lark:
    grammar = files("prover.informal.language").joinpath("grammar.lark").read_text("utf-8")
    return Lark(
        grammar,
        parser="earley",
        lexer=_Given,
        start=["claim_sentence", "proof_sentence", "case_sentence"],
        propagate_positions=True,
        maybe_placeholders=False,
    )


@dataclass(frozen=True, slots=True)
class Word:
    """A token as the grammar knows it."""

    kind: str
    text: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """The words of a sentence, and where it stands in the text. `paragraph` says that one begins."""

    words: tuple[Word, ...]
    first: int
    last: int
    paragraph: bool = False


def sentences(source: Source, first: int, last: int) -> list[Sentence]:
    """The sentences of a part of a text. Raises as `tokens.tokens`."""
    found: list[Sentence] = []
    own: list[texts.Token] = []
    fresh = True

    def close(point: texts.Token | None = None) -> None:
        nonlocal own, fresh
        if own:
            words = tuple(_words(own))
            end = _END.match(source.text, (point or own[-1]).last, last)
            stop = end.end() if end else own[-1].last
            found.append(Sentence(words, own[0].first, stop, fresh))
            fresh = False
        own = []

    for token in texts.tokens(source, first, last):
        if token.kind == "end":
            close()
            fresh = True
        elif token.kind == "." and not _abbreviates(own):
            close(token)
        else:
            own.append(token)
    close()
    return found


def _abbreviates(own: Sequence[texts.Token]) -> bool:
    """Whether a point belongs to the label that a paragraph begins with."""
    return len(own) == 1 and own[0].kind == "number"


def _words(given: Sequence[texts.Token]) -> Iterator[Word]:
    found: list[Word] = []
    waiting = 0
    for place, token in enumerate(given):
        text = token.text.lower()
        beside = {t.kind for t in given[max(0, place - 1) : place + 2] if t is not token}
        if token.kind == "word" and len(text) < 4 and beside & _SIGNS and not _is_word(text):
            for i, letter in enumerate(token.text):
                found.append(Word("NAME", letter, token.first + i, token.first + i + 1))
            continue
        if token.text == "A" and token.kind == "a" and (place or beside != {"word"}):
            found.append(Word("NAME", "A", token.first, token.last))
            continue
        if token.kind == "word":
            text = SAME.get(text, text)
            kind = _CLASS.get(text, text)
            if text == "if" and not (place and given[place - 1].text.lower() == "only"):
                waiting += 1
            elif text == "then":
                kind = "then" if waiting else "THUS"
                waiting = max(0, waiting - 1)
        else:
            kind = _KINDS.get(token.kind, token.kind)
        found.append(Word(kind, token.text, token.first, token.last))
    at = 0
    while at < len(found):
        long = next((s for s in _LONG if _same(found[at : at + len(s)], s)), None)
        if long is not None:
            last = at + len(long)
            yield Word("IFF", "if and only if", found[at].first, found[last - 1].last)
            at = last
            continue
        silent = next((s for s in _SILENT if _same(found[at : at + len(s)], s)), None)
        if silent is None:
            yield found[at]
            at += 1
            if found[at - 1].kind == "THUS" and at < len(found) and found[at].kind == ",":
                at += 1
            continue
        at += len(silent)
        if at < len(found) and found[at].kind == ",":
            at += 1
    return


_SIGNS = frozenset(
    ("=", "≠", "<", "≤", ">", "≥", "+", "-", "*", "/", "^", "(", ")", "∣", "≡", "number")
)
_LONG = (("if", "and", "only", "if"), ("exactly", "when"), ("just", "in", "case"))


@lru_cache(maxsize=1)
def _vocabulary() -> frozenset[str]:
    literals = (t.pattern.value for t in _parser().terminals if isinstance(t.pattern, PatternStr))
    silent = (word for phrase in SILENT for word in phrase.split())
    return frozenset([*literals, *_CLASS, *SAME, *silent])


def _is_word(text: str) -> bool:
    return text in _vocabulary() or text in ("if", "an", "and", "so", "in", "qed")


_SILENT = sorted((tuple(s.split()) for s in SILENT), key=len, reverse=True)


def _same(words: Sequence[Word], silent: tuple[str, ...]) -> bool:
    return len(words) == len(silent) and all(
        word.text.lower() == one and word.kind != "NAME"
        for word, one in zip(words, silent, strict=True)
    )


def parsed(source: Source, sentence: Sentence, start: str) -> Node:
    """The tree of a sentence.

    Raises:
        NotUnderstood: it is none of the forms of the grammar.
    """
    words = sentence.words
    whole = source.text[sentence.first : sentence.last]
    if len(words) > MOST_TOKENS:
        raise source.error("this sentence is too long to be read", sentence.first, sentence.last)
    try:
        return _parser().parse(words, start=start)
    except UnexpectedToken as error:
        place = next(
            (i for i, w in enumerate(words) if w.first == error.token.start_pos), len(words) - 1
        )
        word = words[place]
        raise source.error(
            _unexpected(word, place, error.accepts or error.expected or set()),
            word.first,
            max(word.last, _phrase_end(words, place)),
            nearest_form(whole),
        ) from None
    except (UnexpectedEOF, UnexpectedInput) as error:
        expected = set(getattr(error, "expected", ()))
        raise source.error(
            "the sentence ends too early" + _expected(expected),
            sentence.first,
            sentence.last,
            nearest_form(whole),
        ) from None


def _phrase_end(words: Sequence[Word], place: int) -> int:
    """Where the unknown words end that begin at a place."""
    last = words[place].last
    for word in words[place : place + 4]:
        if word.kind.islower() and word.kind.isalpha():
            last = word.last
        else:
            break
    return last


def _unexpected(word: Word, place: int, expected: set[str]) -> str:
    if place == 0 and word.kind.isalpha():
        return "no sentence that can be read begins like this"
    return "this cannot be read here" + _expected(expected)


def _expected(expected: set[str]) -> str:
    lexer = _parser().terminals
    shown = []
    for terminal in lexer:
        if terminal.name in expected and isinstance(terminal.pattern, PatternStr):
            shown.append(f"“{terminal.pattern.value}”")
    shown += [sample for name, sample in _SAMPLES.items() if name in expected]
    shown += [f"“{CLASSES[name].split()[0]}”" for name in CLASSES if name in expected]
    if not 0 < len(shown) <= 6:
        return ""
    return f": expected {' or '.join(shown)}"


def nodes(tree: Node, *names: str) -> list[Node]:
    """The children that are trees of these rules."""
    return [c for c in tree.children if isinstance(c, Tree) and (not names or c.data in names)]


def node(tree: Node, *names: str) -> Node | None:
    return next(iter(nodes(tree, *names)), None)


def words_of(tree: Node) -> list[str]:
    return [str(c) for c in tree.children if isinstance(c, Token)]


def place_of(tree: Node) -> tuple[int, int]:
    """Where a tree stands in the text."""
    first = getattr(tree.meta, "start_pos", 0)
    return first, getattr(tree.meta, "end_pos", first)
