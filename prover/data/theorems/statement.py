"""Theorem statements before and after Lean has seen them, and the split between them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from prover.errors import WrongUse
from prover.files import read_jsonl

Script = tuple[str, ...]
"""A tactic proof as Lean's flat list of steps: each works on the first open goal."""

SPLITS = ("train", "valid", "test")


@dataclass(frozen=True, slots=True)
class Draft:
    """A statement that a generator made.

    `binders` are the groups of the signature, in order, such as `(a b : Nat)`; `header` holds the
    definitions that the statement needs. `scripts` are proofs to try, the one that should work
    first; none of them is known to work before Lean has run it. `template` names what the
    statement is an instance of: whole templates are held out for tests (`split_of`). What was made
    from other statements has the operator and the names of these in `lineage`, and their `split`.
    """

    family: str
    template: str
    binders: tuple[str, ...]
    conclusion: str
    header: str = ""
    scripts: tuple[Script, ...] = ()
    knobs: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    lineage: tuple[str, ...] = ()
    split: str = ""

    @property
    def signature(self) -> str:
        """Binders and conclusion: a declaration without its keyword and name."""
        return " ".join([*self.binders, ":", self.conclusion])

    @property
    def name(self) -> str:
        """A name that tells the template, and that no other statement has."""
        digest = _sha256(self.header + "\n" + self.signature)[:10]
        return f"{self.template}_{digest}"

    @property
    def statement(self) -> str:
        return f"theorem {self.name} {self.signature}"


@dataclass(frozen=True, slots=True)
class Row:
    """A statement that Lean has elaborated: one line of a data file.

    `key` is Lean's hash of the closed goal, the same for statements that differ in bound names
    alone. `statement_sha256` is over header and statement.
    """

    name: str
    header: str
    statement: str
    family: str
    knobs: dict[str, Any]
    seed: int
    lineage: tuple[str, ...]
    key: str
    split: str
    statement_sha256: str

    @classmethod
    def of(cls, draft: Draft, key: str) -> Row:
        return cls(
            name=draft.name,
            header=draft.header,
            statement=draft.statement,
            family=draft.family,
            knobs=draft.knobs | {"template": draft.template},
            seed=draft.seed,
            lineage=draft.lineage,
            key=key,
            split=split_of(draft),
            statement_sha256=statement_sha256(draft.header, draft.statement),
        )

    @property
    def of_new_kind(self) -> bool:
        """Whether it is, or was made from, an instance of a template that training never sees."""
        return any(name.rpartition("_")[0] in HELD_OUT for name in (self.name, *self.lineage))

    @property
    def root(self) -> str:
        """The name of the statement that it descends from, by the first parent of each that has two;
        its own if it was made from no other."""
        return self.lineage[1] if self.lineage else self.name

    @property
    def root_template(self) -> str:
        """What that is an instance of."""
        return self.root.rpartition("_")[0]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Row:
        return cls(**values | {"lineage": tuple(values["lineage"])})


def read_rows(path: Path) -> list[Row]:
    """The statements of a file.

    Raises:
        WrongUse: it is none of statements; names the line.
    """
    rows = []
    for number, row in enumerate(read_jsonl(path), 1):
        try:
            rows.append(Row.from_json(row))
        except (TypeError, KeyError) as error:
            raise WrongUse(
                f"{path} is no file of statements (line {number}: {error}): make one with `python -m "
                "prover.data.theorems`"
            ) from None
    return rows


def statement_sha256(header: str, statement: str) -> str:
    """What results are filed under."""
    return _sha256(header + "\n" + statement)


HELD_OUT = frozenset(
    {
        "contrapose_rule",
        "dvd_linear",
        "residue_excluded",
        "recurrence_invariant",
        "quadratic_roots_nat",
        "foldr_affine",
        "tree_mirror_twice",
        "bin_double",
        "two_step_induction",
        "left_inverse_chain",
        "option_bind",
        "expr_constants",
        "even_back",
        "surjective_cancel",
        "tree_flatten_map",
        "tree_sum_shift",
    }
)
"""Templates that no training statement is an instance of."""

_TEST, _VALID = 0.04, 0.05


def split_of(draft: Draft) -> str:
    """The split of a statement: that of what it was made from; `test` for the held-out templates;
    otherwise by the hash of its skeleton, so that statements that differ only in names and numerals
    stay together.
    """
    if draft.split:
        return draft.split
    if draft.template in HELD_OUT:
        return "test"
    return split_of_text(skeleton(draft))


def split_of_text(text: str) -> str:
    """The split by a text's hash."""
    part = int(_sha256(text)[:8], 16) / 2**32
    return "test" if part < _TEST else "valid" if part < _TEST + _VALID else "train"


def split_of_module(name: str) -> str:
    """The split of the theorems of a library's module: all of one have the same."""
    part = hashlib.sha256(name.encode()).digest()[0]
    return "test" if part % 4 == 0 else "valid" if part % 20 == 1 else "train"


_TOKEN = re.compile(r"[^\W\d][\w'!?₀-₉]*(?:\.[^\W\d][\w'!?₀-₉]*)*|\d+|\S")
_BOUND = re.compile(r"(?:[∀∃]|\bfun)\s+([\w'₀-₉ ()]+?)\s*(?:[:,∈<≤>≥]|=>|↦)")
_NAME = re.compile(r"[^\W\d][\w'₀-₉]*")


def bound_names(draft: Draft) -> set[str]:
    """The names that a statement's binders, quantifiers and functions introduce."""
    names: set[str] = set()
    for group in draft.binders:
        names |= set(_NAME.findall(group[1:].split(":")[0]))
    for text in (*draft.binders, draft.conclusion):
        for match in _BOUND.finditer(text):
            names |= set(_NAME.findall(match[1]))
    return names


def skeleton(draft: Draft) -> str:
    """A statement without what a trivial change alters: its names are numbered in the order they
    appear, and all numerals are one."""
    names = bound_names(draft)
    numbers: dict[str, str] = {}
    tokens = []
    for token in _TOKEN.findall(draft.signature):
        head, dot, rest = token.partition(".")
        if head in names:
            token = numbers.setdefault(head, f"v{len(numbers)}") + dot + rest
        elif token.isdigit():
            token = "0"
        tokens.append(token)
    return draft.header + "\n" + " ".join(tokens)


def renamed(draft: Draft, new: dict[str, str]) -> Draft:
    """The statement and its scripts with names replaced."""

    def change(text: str) -> str:
        def one(match: re.Match[str]) -> str:
            head, dot, rest = match[0].partition(".")
            return new.get(head, head) + dot + rest

        return _TOKEN.sub(one, text)

    return replace(
        draft,
        binders=tuple(change(b) for b in draft.binders),
        conclusion=change(draft.conclusion),
        scripts=tuple(tuple(change(step) for step in script) for script in draft.scripts),
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
