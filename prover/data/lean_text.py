"""Lean statements as text: found, cut into hypotheses and conclusion, freed of their names.

A reading of tokens, not an elaboration: it needs no Lean and takes any text. Where two statements
differ only in what `Shape` leaves out, they count as one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise

from prover.lean.syntax import NAME, SPELLINGS, TOKEN, split_at_comments

Tokens = list[str]

_DECLARATION = re.compile(r"\b(?:theorem|lemma|example|have)\b")
_SHORT_NAME = re.compile(r"[^\W\d_][\d'₀-₉✝]*")

_SYNONYMS = SPELLINGS | {"sqrt": "√"}
_OPEN, _CLOSE = {"(": ")", "{": "}", "[": "]", "⦃": "⦄", "⟨": "⟩"}, ")}]⦄⟩"
_QUANTIFIERS = ("∀", "∃", "∃!", "λ", "∑", "∏", "⋃", "⋂", "Σ", "Π")
_RELATIONS = ("=", "≠", "<", "≤", ">", "≥", "∣", "∈", "≡")
_LOOSE = ("→", "↔", "∧", "∨", "¬", *_QUANTIFIERS)
_BOUND = re.compile(rf"{NAME}|[({{⦃]")
_BRACKET_OR_END = re.compile(r"\[GOAL\]|[(){}\[\]⦃⦄]|:=|\n[ \t]*\n")
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
    states (`⊢`), or, without either, the whole text. A statement ends where the next one begins, so
    that no part of a text is read for many.
    """
    *parts, last = split_at_comments(text)
    text = " ".join([*(part.rstrip() for part in parts), last])
    declared = [match.span() for match in _DECLARATION.finditer(text)]
    for (_, start), (end, _) in pairwise([*declared, (len(text), 0)]):
        yield from _header_shape(_header(text, start, end))
    goals = [match.start() for match in re.finditer("⊢", text)]
    for before, turnstile, after in zip([0, *goals], goals, [*goals[1:], len(text)], strict=False):
        yield from _goal_shape(text[before:turnstile], text[turnstile + 1 : after])
    if not (declared or goals) and len(text) <= LONGEST_HEADER:
        yield from _header_shape(text)


def _header(text: str, start: int, end: int) -> str:
    """The text from there to the `:=` outside brackets, to a blank line, to the state of a prompt, or
    to the end."""
    end = min(end, start + LONGEST_HEADER)
    depth = 0
    for match in _BRACKET_OR_END.finditer(text, start, end):
        token = match[0]
        depth += (token in _OPEN) - (token in _CLOSE)
        if depth < 0 or token[0] == "\n" or token == "[GOAL]" or (token == ":=" and depth == 0):
            return text[start : match.start()]
    return text[start:end]


def _header_shape(text: str) -> Iterator[Shape]:
    """A declaration after its keyword: a name perhaps, binders, a colon, the type."""
    tokens = _until(_tokens(text), ":=", "where")
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


def _goal_shape(above: str, below: str) -> Iterator[Shape]:
    """A printed goal: the lines `names : type` above the turnstile, the target below it."""
    names: set[str] = set()
    hypotheses: list[Tokens] = []
    above = re.split(r"\n[ \t]*\n|\[GOAL\]|⊢[^\n]*", above[-LONGEST_HEADER:])[-1]
    for line in re.split(r"\n(?=\S)", above.strip()):
        if re.search(r" :\s", line):
            _binder(_until(_tokens(line), ":="), names, hypotheses)
    target = re.split(r"\n[ \t]*\n|\n(?=case )|\[PROOFSTEP\]", below, maxsplit=1)
    conclusion = _tokens(target[0][:LONGEST_HEADER])
    if conclusion:
        yield _shape(names, hypotheses, conclusion)


def _tokens(text: str) -> Tokens:
    tokens: Tokens = []
    for match in TOKEN.finditer(text):
        first, dot, rest = match[0].partition(".")
        if dot and rest and not first:
            # a field of what is before it, or a constructor as in `.succ n`
            joined = text[match.start() - 1 : match.start()].isalnum()
            field = bool(tokens) and (joined or tokens[-1] in _CLOSE)
            tokens.append(f".{rest}" if field else rest)
            continue
        token = match[0]
        if dot and first and not first.isdigit():
            # x.gcd is a field of x, Nat.gcd is gcd with its namespace open
            if _SHORT_NAME.fullmatch(first) or first[0].islower():
                tokens += [first, *(f".{field}" for field in rest.split("."))]
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


def _until(tokens: Tokens, *marks: str) -> Tokens:
    """The tokens before the first of the marks that stands in no bracket."""
    depth = 0
    for place, token in enumerate(tokens):
        depth += (token in _OPEN) - (token in _CLOSE)
        if token in marks and depth == 0:
            return tokens[:place]
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
    bound = _until(tokens, ":")
    if len(bound) == len(tokens):
        hypotheses.append(tokens)  # an instance without a name
        return
    names.update(bound)
    hypotheses += [tokens[len(bound) + 1 :]] * max(len(bound), 1)


def _shape(names: set[str], hypotheses: list[Tokens], conclusion: Tokens) -> Shape:
    conclusion = _introduce(conclusion, names, hypotheses)
    different = {id(hypothesis): hypothesis for hypothesis in hypotheses}
    parts = {key: list(_conjuncts(hypothesis)) for key, hypothesis in different.items()}
    names |= _inner_names([*chain(*parts.values()), conclusion])
    counts: Counter[str] = Counter()
    for key, times in Counter(map(id, hypotheses)).items():
        for part in filter(None, parts[key]):
            counts[_canonical(part, names)] += times
    return Shape(_canonical(conclusion, names), counts)


def _introduce(conclusion: Tokens, names: set[str], hypotheses: list[Tokens]) -> Tokens:
    """Moves leading `∀ x : T,` and `A →` of a type into the hypotheses, as `intro` does."""
    while conclusion := _unwrap(conclusion):
        if conclusion[0] == "∀":
            bound = _until(conclusion[1:], ",")
            if len(bound) + 1 == len(conclusion):
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
        before = _until(conclusion, "→")
        if len(before) == len(conclusion) or {"↔", *_QUANTIFIERS} & _at_top(before):
            return conclusion
        hypotheses.append(before)
        conclusion = conclusion[len(before) + 1 :]
    return conclusion


def _unwrap(tokens: Tokens) -> Tokens:
    """The tokens without the brackets around all of them."""
    if not tokens or tokens[0] != "(" or _closing(tokens, 0) != len(tokens) - 1:
        return tokens
    opened: list[int] = []
    closes = {}
    for place, token in enumerate(tokens):
        if token in _OPEN:
            opened.append(place)
        elif token in _CLOSE:
            closes[opened.pop()] = place
    around = 1
    while tokens[around] == "(" and closes[around] == len(tokens) - 1 - around:
        around += 1
    return tokens[around:-around]


def _conjuncts(tokens: Tokens) -> Iterator[Tokens]:
    waiting = [tokens]
    while waiting:
        part = _unwrap(waiting.pop())
        if "∧" in (top := _at_top(part)) and not top & {"→", "↔", "∨", *_QUANTIFIERS}:
            waiting += reversed(_split(part, "∧"))
        else:
            yield part


def _inner_names(parts: Iterable[Tokens]) -> set[str]:
    """Names bound by quantifiers inside, and all that look like variables."""
    names = set()
    for tokens in parts:
        last_bar = max((i for i, token in enumerate(tokens) if token == "|"), default=-1)
        read = 0
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
            elif token in _QUANTIFIERS or (token == "{" and i < last_bar):
                read = max(read, i + 1)
                while read < len(tokens) and _BOUND.fullmatch(tokens[read]):
                    if tokens[read] in _QUANTIFIERS:
                        break
                    names.add(tokens[read])
                    read += 1
    return names


def _canonical(tokens: Tokens, names: set[str]) -> str:
    plain = _fields_first(_without_types(tokens))
    tokens = _merged(token for token in plain if token not in "()")
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


def _fields_first(tokens: Tokens) -> Tokens:
    """`n.succ` as `succ n`, and `(a + b).half` as `half (a + b)`."""
    kept: Tokens = []
    opened: list[int] = []
    begin = 0  # of the last term
    for token in tokens:
        if len(token) > 1 and token[0] == ".":
            kept.insert(begin, token[1:])
            continue
        begin = len(kept)
        if token in _OPEN:
            opened.append(begin)
        elif token in _CLOSE and opened:
            begin = opened.pop()
        kept.append(token)
    return kept


def _merged(tokens: Iterable[str]) -> Tokens:
    """`∀ x, ∀ y, p` as `∀ x y, p`, which is how Lean prints it."""
    kept: Tokens = []
    binding = bound = ""  # the quantifier that is read, and the one before the last comma
    for token in tokens:
        if token in _QUANTIFIERS:
            binding = token
            if kept[-1:] == [","] and bound == token:
                kept.pop()
                continue
        elif token == ",":
            binding, bound = "", binding
        else:
            bound = ""
        kept.append(token)
    return kept


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
