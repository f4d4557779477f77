"""Lean statements as text: found, cut into hypotheses and conclusion, freed of their names.

A reading of tokens, not an elaboration: it needs no Lean and takes any text. Where two statements
differ only in what `Shape` leaves out, they count as one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Tokens = list[str]

NAME = r"[^\W\d](?:[\w'✝?]|!(?!=))*"
TOKEN = re.compile(
    rf"{NAME}(?:\.{NAME})*|\.{NAME}|\d+(?:\.\d+)?|∃!|<->|:=|->|<-|=>|<=|>=|!=|/\\|\\/|==|\S"
)
_COMMENT = re.compile(r"\s*(?:/-.*?-/|--[^\n]*)", re.DOTALL)
_DECLARATION = re.compile(r"\b(?:theorem|lemma|example|have)\b")
_SHORT_NAME = re.compile(r"[^\W\d_][\d'₀-₉✝]*")
SPELLINGS = {
    "->": "→",
    "<->": "↔",
    "<=": "≤",
    ">=": "≥",
    "!=": "≠",
    "/\\": "∧",
    "\\/": "∨",
    "=>": "↦",
    "fun": "λ",
    "in": "∈",
    "Nat": "ℕ",
    "Int": "ℤ",
    "Rat": "ℚ",
    "Real": "ℝ",
    "Complex": "ℂ",
}
"""What may be written in two ways."""

_SYNONYMS = SPELLINGS | {"sqrt": "√"}
_OPEN, _CLOSE = {"(": ")", "{": "}", "[": "]", "⦃": "⦄", "⟨": "⟩"}, ")}]⦄⟩"
_QUANTIFIERS = ("∀", "∃", "∃!", "λ", "∑", "∏", "⋃", "⋂", "Σ", "Π")
_RELATIONS = ("=", "≠", "<", "≤", ">", "≥", "∣", "∈", "≡")
_LOOSE = ("→", "↔", "∧", "∨", "¬", *_QUANTIFIERS)
_BRACKET_OR_END = re.compile(r"[(){}\[\]⦃⦄]|:=|\n[ \t]*\n")
LONGEST_HEADER = 8000
"""Characters of a statement that are read."""


@dataclass(frozen=True, eq=False)
class Shape:
    """A statement without names, order of hypotheses, brackets and inner types.

    Each part is a string of tokens in which the bound names are numbered by first occurrence;
    `hypotheses` counts the parts, the types of variables among them.
    """

    conclusion: str
    hypotheses: Counter[str]

    @property
    def weight(self) -> int:
        """The number of tokens."""
        return _weight(self.conclusion) + sum(
            _weight(part) * count for part, count in self.hypotheses.items()
        )

    def covered_by(self, other: Shape) -> float:
        """The share of the tokens, from 0 to 1, that stand in parts that the other has too.

        It is 0 if the conclusions differ.
        """
        if self.conclusion != other.conclusion:
            return 0.0
        shared = self.hypotheses & other.hypotheses
        missing = sum(_weight(part) * count for part, count in (self.hypotheses - shared).items())
        return 1 - missing / self.weight


def _weight(part: str) -> int:
    return part.count(" ") + 1


def shapes(text: str) -> Iterator[Shape]:
    """The shapes of all statements in a text.

    They are the declarations (`theorem`, `lemma`, `example`, `have`), the goals of printed tactic
    states (`⊢`), or, without either, the whole text.
    """
    text = _COMMENT.sub(" ", text)
    found = False
    for match in _DECLARATION.finditer(text):
        found = True
        yield from _header_shape(_header(text, match.end()))
    for match in re.finditer("⊢", text):
        found = True
        yield from _goal_shape(text, match.start())
    if not found and len(text) <= LONGEST_HEADER:
        yield from _header_shape(text)


def _header(text: str, start: int) -> str:
    """The text from there to the `:=` outside brackets, or to a blank line."""
    depth = 0
    for match in _BRACKET_OR_END.finditer(text, start, start + LONGEST_HEADER):
        token = match[0]
        depth += (token in _OPEN) - (token in _CLOSE)
        if depth < 0 or token[0] == "\n" or (token == ":=" and depth == 0):
            return text[start : match.start()]
    return text[start : start + LONGEST_HEADER]


def _header_shape(text: str) -> Iterator[Shape]:
    """A declaration after its keyword: a name perhaps, binders, a colon, the type."""
    tokens = _until(_tokens(text), (":=", "where"))
    names: set[str] = set()
    hypotheses: list[Tokens] = []
    at = 0
    while at < len(tokens) and tokens[at] != ":":
        if tokens[at] not in _OPEN:
            if tokens[at] in (*_QUANTIFIERS, *_RELATIONS):  # no header: a type alone
                at = -1
                hypotheses.clear()
                break
            at += 1
            continue
        end = _closing(tokens, at)
        _binder(tokens[at + 1 : end], names, hypotheses)
        at = end + 1
    conclusion = tokens[at + 1 :]
    if conclusion:
        yield _shape(names, hypotheses, conclusion)


def _goal_shape(text: str, turnstile: int) -> Iterator[Shape]:
    """A printed goal: the lines `names : type` above the turnstile, the target after it."""
    names: set[str] = set()
    hypotheses: list[Tokens] = []
    above = text[max(0, turnstile - LONGEST_HEADER) : turnstile]
    above = re.split(r"\n[ \t]*\n|\[GOAL\]|⊢[^\n]*", above)[-1]
    for line in re.split(r"\n(?=\S)", above.strip()):
        if re.search(r" :\s", line):
            _binder(_until(_tokens(line), (":=",)), names, hypotheses)
    target = re.split(r"\n[ \t]*\n|\n(?=case )|\[PROOFSTEP\]|⊢", text[turnstile + 1 :], maxsplit=1)
    conclusion = _tokens(target[0][:LONGEST_HEADER])
    if conclusion:
        yield _shape(names, hypotheses, conclusion)


def _tokens(text: str) -> Tokens:
    tokens = []
    for token in TOKEN.findall(text):
        first, dot, rest = token.partition(".")
        if dot and first and not first.isdigit():
            # x.gcd is a field of x, Nat.gcd is gcd with its namespace open
            if _SHORT_NAME.fullmatch(first):
                tokens += [first, f".{rest}"]
                continue
            token = rest.rpartition(".")[2]
        token = _SYNONYMS.get(token, token)
        if token != "↑":
            tokens.append(token)
    return tokens


def _closing(tokens: Tokens, at: int) -> int:
    """Where the bracket opened at `at` closes; the end if it does not."""
    depth = 0
    for i in range(at, len(tokens)):
        if tokens[i] in _OPEN:
            depth += 1
        elif tokens[i] in _CLOSE:
            depth -= 1
            if depth == 0:
                return i
    return len(tokens)


def _split(tokens: Tokens, mark: str) -> list[Tokens]:
    """The pieces between the marks that stand in no bracket."""
    pieces: list[Tokens] = [[]]
    depth = 0
    for token in tokens:
        depth += (token in _OPEN) - (token in _CLOSE)
        if token == mark and depth == 0:
            pieces.append([])
        else:
            pieces[-1].append(token)
    return pieces


def _until(tokens: Tokens, marks: Iterable[str]) -> Tokens:
    for mark in marks:
        tokens = _split(tokens, mark)[0]
    return tokens


def _at_top(tokens: Tokens) -> set[str]:
    """The tokens that stand in no bracket."""
    top, depth = set(), 0
    for token in tokens:
        depth += (token in _OPEN) - (token in _CLOSE)
        if depth == 0:
            top.add(token)
    return top


def _binder(tokens: Tokens, names: set[str], hypotheses: list[Tokens]) -> None:
    """Reads `x y : T`: one hypothesis for each name."""
    bound = _split(tokens, ":")[0]
    if len(bound) == len(tokens):
        hypotheses.append(tokens)  # an instance without a name
        return
    names.update(bound)
    hypotheses += [tokens[len(bound) + 1 :]] * max(len(bound), 1)


def _shape(names: set[str], hypotheses: list[Tokens], conclusion: Tokens) -> Shape:
    conclusion = _introduce(conclusion, names, hypotheses)
    parts = [part for hypothesis in hypotheses for part in _conjuncts(hypothesis)]
    names |= _inner_names([*parts, conclusion])
    return Shape(
        _canonical(conclusion, names), Counter(_canonical(part, names) for part in parts if part)
    )


def _introduce(conclusion: Tokens, names: set[str], hypotheses: list[Tokens]) -> Tokens:
    """Moves leading `∀ x : T,` and `A →` of a type into the hypotheses, as `intro` does."""
    while conclusion:
        conclusion = _unwrap(conclusion)
        if conclusion[0] == "∀":
            bound, *body = _split(conclusion[1:], ",")
            if not body:
                return conclusion
            if bound and bound[0] in _OPEN:
                at = 0
                while at < len(bound) and bound[at] in _OPEN:
                    end = _closing(bound, at)
                    _binder(bound[at + 1 : end], names, hypotheses)
                    at = end + 1
            elif ":" in bound:
                _binder(bound, names, hypotheses)
            else:
                relation = next((t for t in bound if t in _RELATIONS), None)
                cut = bound.index(relation) if relation else len(bound)
                names.update(bound[:cut])
                hypotheses += [[name, *bound[cut:]] for name in bound[:cut] if relation]
            conclusion = conclusion[len(bound) + 2 :]
            continue
        before = _split(conclusion, "→")[0]
        if len(before) == len(conclusion) or {"↔", *_QUANTIFIERS} & _at_top(before):
            return conclusion
        hypotheses.append(before)
        conclusion = conclusion[len(before) + 1 :]
    return conclusion


def _unwrap(tokens: Tokens) -> Tokens:
    while tokens and tokens[0] == "(" and _closing(tokens, 0) == len(tokens) - 1:
        tokens = tokens[1:-1]
    return tokens


def _conjuncts(tokens: Tokens) -> Iterator[Tokens]:
    tokens = _unwrap(tokens)
    if "∧" in (top := _at_top(tokens)) and not top & {"→", "↔", "∨", *_QUANTIFIERS}:
        for part in _split(tokens, "∧"):
            yield from _conjuncts(part)
    else:
        yield tokens


def _inner_names(parts: Iterable[Tokens]) -> set[str]:
    """Names bound by quantifiers inside, and all that look like variables."""
    names = set()
    for tokens in parts:
        for i, token in enumerate(tokens):
            if _SHORT_NAME.fullmatch(token) and token not in (
                *_QUANTIFIERS,
                "ℕ",
                "ℤ",
                "ℚ",
                "ℝ",
                "ℂ",
            ):
                names.add(token)
            elif token in _QUANTIFIERS or (token == "{" and "|" in tokens[i:]):
                for name in tokens[i + 1 :]:
                    if not re.fullmatch(rf"{NAME}|[({{⦃]", name) or name in _QUANTIFIERS:
                        break
                    names.add(name)
    return names


def _canonical(tokens: Tokens, names: set[str]) -> str:
    tokens = [token for token in _without_types(tokens) if token not in "()"]
    top = _at_top(tokens)
    relations = [t for t in tokens if t in _RELATIONS and t in top]
    if len(relations) == 1 and not top & set(_LOOSE) and "λ" not in tokens:
        left, right = _split(tokens, relations[0])[:2]
        flipped = {">": "<", "≥": "≤"}.get(relations[0])
        if flipped:
            tokens = [*right, flipped, *left]
        elif relations[0] in "=≠":
            nameless = [["x" if t in names else t for t in side] for side in (left, right)]
            if nameless[0] > nameless[1]:
                tokens = [*right, relations[0], *left]
    numbers: dict[str, str] = {}
    return " ".join(
        numbers.setdefault(token, f"v{len(numbers)}") if token in names else token
        for token in tokens
    )


def _without_types(tokens: Tokens) -> Tokens:
    """Drops `: T` from `(t : T)`, `∀ x : T,`, `{x : T | …}`."""
    kept: Tokens = []
    skipping: list[bool] = [False]
    for token in tokens:
        if token in _CLOSE and len(skipping) > 1:
            skipping.pop()
        elif token in (",", "|", "↦"):
            skipping[-1] = skipping[-1] and len(skipping) > 1 and skipping[-2]
        elif token == ":":
            skipping[-1] = True
            continue
        if not skipping[-1]:
            kept.append(token)
        if token in _OPEN:
            skipping.append(skipping[-1])
    return kept
