"""Problems in words: their parts, and statements as Lean."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lark import Token

from prover.informal.language import tokens as texts
from prover.informal.language.errors import nearest_form
from prover.informal.language.meaning import Declared, Meaning, applied
from prover.informal.language.parse import (
    Node,
    Sentence,
    node,
    nodes,
    parsed,
    place_of,
    sentences,
    words_of,
)
from prover.informal.language.terms import (
    Expr,
    Printer,
    bound,
    conjunction,
    declared,
    free,
    kind_of,
    lean_kind,
    parts,
    reading,
    safe,
    var,
)
from prover.informal.language.tokens import Source

HEADING = re.compile(
    r"^[ \t]*#+[ \t]*(?P<md>statement|theorem|problem|claim|proposition|proof|definitions?)\b[^\n]*$"
    r"|^[ \t]*(?:\*\*|_)?(?P<word>Proof)\b(?:\s+of[^.:\n]*)?[.:]?(?:\*\*|_)?[.:]?"
    r"|\\begin\{(?P<tex>theorem|lemma|proposition|claim|problem|proof)\*?\}(?:\[[^\]]*\])?",
    re.IGNORECASE | re.MULTILINE,
)
LABEL = re.compile(
    r"\s*(?:\*\*)?(?:Theorem|Claim|Proposition|Lemma|Problem|Statement)\b[^.:\n]{0,20}[.:](?:\*\*)?"
)
HEAD = re.compile(r"^(name|header)[ \t]*:[ \t]*(.*)$", re.IGNORECASE | re.MULTILINE)
MACRO = re.compile(
    r"\\(newcommand|renewcommand|providecommand|def|DeclareMathOperator)(?![A-Za-z])"
)
DEFINED = re.compile(
    r"\b(?:[Dd]efine|function|defined by|given by)\s+(?:the\s+function\s+)?\$?(?:\\\w+\{)?([A-Za-z]{2,})\}?\s*[(:]"
)
FACTORIAL = "/-- `factorial n` is n!. -/\ndef factorial : Nat → Nat\n  | 0 => 1\n  | n + 1 => (n + 1) * factorial n\n"


@dataclass(frozen=True, slots=True)
class Problem:
    """A text with a problem: where its statement and its proof stand (None where there is none), and
    what its head says."""

    source: Source
    statement: tuple[int, int] | None
    proof: tuple[int, int] | None
    name: str
    header: str


@dataclass(frozen=True, slots=True)
class Given:
    """What is known when a proof begins: variables, hypotheses by their names, and the goal, None
    where its formal statement cannot be read."""

    scope: dict[str, str]
    facts: tuple[tuple[str, Expr], ...]
    goal: Expr | None
    factorial: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as Lean: `lean` is the theorem, without a proof, `before` and `after` what stands
    around it (imports, definitions). `reading` is what it says in words, as it was taken, and `notes`
    what is easily overlooked about that."""

    name: str
    before: str
    lean: str
    after: str
    reading: str
    notes: tuple[str, ...]
    given: Given = field(repr=False)

    @property
    def text(self) -> str:
        """The whole text, with `sorry` for the proof."""
        return self.with_proof("  sorry")

    def with_proof(self, script: str) -> str:
        return f"{self.before}{self.lean} := by\n{script}\n{self.after}"


def read_problem(text: str) -> Problem:
    """The parts of a problem: Markdown with headings, LaTeX with its environments, or plain text in
    which "Proof." begins the proof. Lines `name: …` and `header: …` may stand before the statement.

    Raises:
        NotUnderstood: the text is in another language.
    """
    source = Source(text)
    other = texts.foreign(text)
    if other is not None:
        language, first, last = other
        raise source.error(f"this seems to be {language}; what can be read is English", first, last)
    found: dict[str, tuple[int, int]] = {}
    marks = list(HEADING.finditer(text))
    for place, mark in enumerate(marks):
        kind = (mark["md"] or mark["word"] or mark["tex"]).lower()
        what = "proof" if kind == "proof" else "statement"
        end = marks[place + 1].start() if place + 1 < len(marks) else len(text)
        close = (
            re.compile(rf"\\end\{{{mark['tex']}\*?\}}").search(text, mark.end(), end)
            if mark["tex"]
            else None
        )
        begin = mark.end()
        if what == "statement" and what in found and kind.startswith("definition"):
            continue
        if what == "statement" and what in found:
            begin = found[what][0]
        found.setdefault(what, (begin, close.start() if close else end))
        if kind.startswith("statement") or (what == "statement" and begin < mark.start()):
            found[what] = (begin, close.start() if close else end)
    first = marks[0].start() if marks else len(text)
    head = {m[1].lower(): m[2].strip() for m in HEAD.finditer(text, 0, first)}
    if "statement" not in found:
        begin = max([m.end() for m in HEAD.finditer(text, 0, first)], default=0)
        title = re.compile(r"\s*#[^\n]*\n").match(text, begin)
        begin = title.end() if title else begin
        if text[begin:first].strip():
            found["statement"] = (begin, first)
    if "statement" in found:
        begin, end = found["statement"]
        label = LABEL.match(text, begin, end)
        found["statement"] = (label.end() if label else begin, end)
    for mark in MACRO.finditer(text, 0, first):
        texts.tokens(source, mark.start(), _macro_end(text, mark.end()))
    source.names = (*texts.LISTS, *dict.fromkeys(m[1] for m in DEFINED.finditer(text)))
    title = re.search(r"^#[ \t]+(.+)$", text, re.MULTILINE)
    name = head.get("name") or _slug(title[1] if title else "")
    return Problem(source, found.get("statement"), found.get("proof"), name, head.get("header", ""))


def _macro_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _slug(title: str) -> str:
    slug = re.sub(r"\W+", "_", title.lower()).strip("_")
    return slug if re.match(r"[a-z]", slug) else "statement"


def read_statement(text: str) -> Statement:
    """The formal statement of a problem in words.

    Raises:
        NotUnderstood: something in it cannot be read; it says where.
    """
    problem = read_problem(text)
    if problem.statement is None:
        raise problem.source.error("there is no statement", 0, 0, nearest_form("for all"))
    return _Reader(problem).read()


class _Reader:
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.source = problem.source
        self.meaning = Meaning(self.source, implicit=True, real="Mathlib" in problem.header)
        self.scope: dict[str, str] = {}
        self.functions: dict[str, str] = {}
        self.variables: dict[str, str] = {}
        self.hypotheses: list[Expr] = []
        self.claims: list[Expr] = []
        self.definitions: list[str] = []
        self.defined: list[str] = []

    def read(self) -> Statement:
        assert self.problem.statement is not None
        for sentence in sentences(self.source, *self.problem.statement):
            self.sentence(sentence)
        if not self.claims:
            first, last = self.problem.statement
            raise self.source.error(
                "the statement claims nothing", first, min(last, first + 60),
                "For all natural numbers n, 6 divides n(n+1)(2n+1).",
            )  # fmt: skip
        return self.statement()

    def sentence(self, sentence: Sentence) -> None:
        tree = parsed(self.source, sentence, "claim_sentence")
        (what,) = nodes(tree)[-1:]
        match what.data:
            case "let":
                if self.claims:
                    raise self.meaning.error(
                        what, "what is introduced stands before what is claimed"
                    )
                for one in nodes(what):
                    if one.data == "such":
                        self.hypotheses += self.meaning.such(one, self.scope)
                    else:
                        self.declare(self.meaning.declared(one, self.scope))
            case "define":
                self.define(what)
            case "assume":
                self.hypotheses += self.meaning.props(nodes(what, "props")[0], self.scope)
            case "assume_claim":
                raise self.meaning.error(what, "there is no claim here yet")
            case _:
                self.claims.append(self.meaning.prop(what, self.scope))
        for name, kind in self.meaning.assumed.items():
            if name not in self.scope:
                self.variables[name] = self.scope[name] = kind

    def declare(self, one: Declared) -> None:
        for name, kind in one.names:
            if not one.typed and name in self.scope:
                continue
            self.variables[name] = self.scope[name] = kind or "Nat"
        self.hypotheses += one.conditions

    def define(self, tree: Node) -> None:
        """A definition by equations, as Lean."""
        head, body = node(tree, "defined"), nodes(tree, "equations")[0]
        equations = nodes(body, "equation")
        result = "Nat"
        asked = ""
        if head is not None:
            sets = [str(c) for c in head.children if isinstance(c, Token) and c.type == "SET"]
            asked = " → ".join(sets)
        names = {self.left(one)[0] for one in equations}
        if len(names) != 1:
            raise self.meaning.error(body, "these equations define more than one function")
        (name,) = names
        rows = []
        kinds = [self.pattern_kind(p) or "Nat" for p in self.left(equations[0])[1]]
        lists = any(
            self.pattern_kind(p).startswith("List") for one in equations for p in self.left(one)[1]
        )
        asked = asked or " → ".join([*kinds, result])
        for _ in range(2):
            self.scope[name] = asked
            rows = [self.row(one) for one in equations]
            found = {
                k
                for k in (kind_of(r[1], r[2]) for r in rows)
                if k not in ("", asked.split(" → ")[-1])
            }
            better = next(iter(found - {"List"}), "")
            if better:
                asked = " → ".join([*asked.split(" → ")[:-1], better])
        result = asked.split(" → ")[-1]
        printer = Printer()
        lines = []
        for patterns_of, value, scope in rows:
            left = ", ".join(printer.term(p, scope) for p in patterns_of)
            shown = printer.term(value, scope)
            if printer.ascribed(value, scope, result):
                shown = f"({shown} : {lean_kind(result)})"
            lines.append(f"  | {left} => {shown}\n")
        kind = " → ".join(lean_kind(k) for k in asked.split(" → "))
        if printer.factorial:
            self.definitions.append(FACTORIAL)
        self.definitions.append(f"def {safe(name)} : {kind}\n{''.join(lines)}")
        said = [f"{reading(applied(var(name), *p), s)} = {reading(v, s)}" for p, v, s in rows]
        what = " on lists of natural numbers" if lists else ""
        self.defined.append(f"Here {name} is the function{what} with {' and '.join(said)}")
        self.functions[name] = asked

    def left(self, equation: Node) -> tuple[str, list[Node]]:
        """The name and the patterns of a defining equation."""
        left = nodes(equation)[0]
        below = nodes(left)
        if left.data == "juxt" and below[0].data == "var" and below[1].data == "group":
            return (words_of(below[0]) or ["a"])[0], nodes(below[1])
        if left.data == "indexed":
            inner = below[0]
            return words_of(left)[0], nodes(inner) if inner.data == "braced" else [inner]
        raise self.meaning.error(
            left, "a definition says what a function is at patterns",
            "Define f(0) = 0 and f(n+1) = f(n) + 2.",
        )  # fmt: skip

    def pattern_kind(self, tree: Node) -> str:
        return "List Nat" if tree.data in ("items", "cons") else ""

    def row(self, equation: Node) -> tuple[list[Expr], Expr, dict[str, str]]:
        name, patterns = self.left(equation)
        kinds = self.scope[name].split(" → ")
        inner = dict(self.scope)
        found = []
        for pattern, kind in zip(patterns, kinds, strict=False):
            own = [
                str(t)
                for t in pattern.scan_values(lambda t: isinstance(t, Token) and t.type == "NAME")
            ]
            element = kind.removeprefix("List ")
            for i, one in enumerate(own):
                is_head = pattern.data == "cons" and i == 0
                inner[one] = element if is_head else kind
            if pattern.data not in ("number", "var", "add", "items", "cons", "term"):
                raise self.meaning.error(
                    pattern, "this is no pattern: 0, n + 1, [] and x :: xs are"
                )
            found.append(self.meaning.term(pattern, inner))
        return found, self.meaning.term(nodes(equation)[1], inner), inner

    def statement(self) -> Statement:
        goal = conjunction(self.claims)
        hypotheses = list(self.hypotheses)
        variables = dict(self.variables)
        while goal.head in ("all", "imp"):
            if goal.head == "all":
                if goal in self.meaning.meant:
                    break
                if goal.name in variables or goal.name in self.functions:
                    break
                variables[goal.name] = goal.kind
                goal = goal.args[0]
            else:
                hypotheses.append(goal.args[0])
                goal = goal.args[1]
        scope = {**self.functions, **variables}
        printer = Printer()
        split = [part for one in hypotheses for part in parts(one)]
        facts = tuple((f"h{i}", one) for i, one in enumerate(split, 1))
        binders = _binders(variables)
        kinds = " ".join([*variables.values(), *(e.kind for e in _binding(goal, hypotheses))])
        if "α" in kinds.split():
            binders.insert(0, "{α : Type}")
        binders += [f"({name} : {printer.lean(e, scope)})" for name, e in facts]
        lean = f"theorem {self.problem.name}{''.join(' ' + b for b in binders)} : {printer.lean(goal, scope)}"
        if printer.factorial and FACTORIAL not in self.definitions:
            self.definitions.insert(0, FACTORIAL)
        lean = _wrapped(lean)
        before = f"{self.problem.header}\n\n" if self.problem.header else ""
        before += "".join(one + "\n" for one in self.definitions)
        said = bound("all", list(variables.items()), _implied(hypotheses, goal))
        words = reading(said, scope)
        if self.defined:
            words = f"{'. '.join(self.defined)}. {words[0].upper()}{words[1:]}"
        notes = list(printer.notes)
        notes += [
            f"{name} was not introduced: it is taken for any {'list' if 'List' in kind else 'natural number'}"
            for name, kind in self.meaning.assumed.items()
            if name in variables
        ]
        unused = [n for n in variables if n not in _mentioned([goal, *hypotheses])]
        notes += [f"{name} does not occur in what is claimed" for name in unused]
        return Statement(
            self.problem.name,
            before,
            lean,
            "",
            f"{words[0].upper()}{words[1:]}.",
            tuple(notes),
            Given(scope, facts, goal, bool(self.definitions)),
        )


def _implied(hypotheses: list[Expr], goal: Expr) -> Expr:
    return Expr("imp", (conjunction(hypotheses), goal)) if hypotheses else goal


def _mentioned(some: list[Expr]) -> set[str]:
    return {name for e in some for name in free(e)}


def _binding(goal: Expr, hypotheses: list[Expr]) -> list[Expr]:
    found = []

    def walk(e: Expr) -> None:
        if e.kind:
            found.append(e)
        for one in e.args:
            walk(one)

    for e in [goal, *hypotheses]:
        walk(e)
    return found


def _binders(variables: dict[str, str]) -> list[str]:
    groups: list[tuple[str, list[str]]] = []
    for name, kind in variables.items():
        if groups and groups[-1][0] == kind:
            groups[-1][1].append(safe(name))
        else:
            groups.append((kind, [safe(name)]))
    return [f"({' '.join(names)} : {lean_kind(kind)})" for kind, names in groups]


def _wrapped(lean: str) -> str:
    """A theorem with its claim on a line of its own where it is long."""
    if len(lean) <= 96:
        return lean
    depth = 0
    for i, c in enumerate(lean):
        depth += (c in "([{") - (c in ")]}")
        if depth == 0 and lean.startswith(" : ", i):
            return f"{lean[: i + 2]}\n    {lean[i + 3 :]}"
    return lean


__all__ = [
    "Given",
    "Problem",
    "Statement",
    "declared",
    "place_of",
    "read_problem",
    "read_statement",
]
