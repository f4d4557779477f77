"""From text to tokens: words, and formulas in LaTeX or Unicode, with the places they stand at."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from prover.informal.language.errors import NotUnderstood

MOST_MACROS = 1000
"""How many macros a text may expand."""

SYMBOLS = {
    "leq": "≤", "le": "≤", "leqslant": "≤", "geq": "≥", "ge": "≥", "geqslant": "≥", "lt": "<",
    "gt": ">", "neq": "≠", "ne": "≠", "mid": "∣", "nmid": "∤", "equiv": "≡", "in": "∈",
    "notin": "∉", "subseteq": "⊆", "subset": "⊆", "cdot": "*", "times": "*", "ast": "*",
    "frac": "frac", "dfrac": "frac", "tfrac": "frac", "sum": "∑", "prod": "∏", "cup": "∪",
    "cap": "∩", "emptyset": "∅", "varnothing": "∅", "to": "→", "rightarrow": "→", "colon": ":",
    "Rightarrow": "⇒", "implies": "⇒", "Longrightarrow": "⇒", "iff": "⇔", "Leftrightarrow": "⇔",
    "Longleftrightarrow": "⇔", "neg": "¬", "lnot": "¬", "land": "∧", "wedge": "∧", "lor": "∨",
    "vee": "∨", "forall": "∀", "exists": "∃", "lfloor": "⌊", "rfloor": "⌋", "circ": "∘",
    "bmod": "mod", "mod": "mod", "vert": "|", "lvert": "|", "rvert": "|", "langle": "⟨",
    "gcd": "gcd", "max": "max", "min": "min", "{": "{{", "}": "}}", "ell": "ℓ", "prime": "'",
}  # fmt: skip
GREEK = {
    name: unicodedata.lookup(f"GREEK SMALL LETTER {name.upper()}")
    for name in ("alpha", "beta", "gamma", "delta", "epsilon", "mu", "nu", "sigma", "tau", "phi")
}
_SILENT = """left right big Big bigl bigr Bigl Bigr displaystyle textstyle limits quad qquad , ; ! : qed
blacksquare square Box hfill noindent medskip smallskip bigskip newline nonumber label"""
NOTHING = frozenset(_SILENT.split())
"""LaTeX commands that say nothing here."""

UNICODE = {
    "·": "*", "×": "*", "⋅": "*", "∗": "*", "−": "-", "–": "-", "⩽": "≤", "⩾": "≥", "∶": ":",
    "⟹": "⇒", "⟺": "⇔", "↔": "⇔", "⊂": "⊆", "│": "|", "’": "'", "′": "'",
}  # fmt: skip
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹ⁿᵏᵐ⁺⁻⁽⁾", "0123456789nkm+-()")
LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉ₙₖₘ₊₋", "0123456789nkm+-")
SETS = {"N": "Nat", "Z": "Int", "Q": "Rat", "R": "Real"}
BLACKBOARD = {"ℕ": "Nat", "ℤ": "Int", "ℚ": "Rat", "ℝ": "Real"}
LETTER = "[A-Za-zÀ-ɏα-ωΑ-Ω]"
LISTS = ("xs", "ys", "zs")
"""Names of more than one letter that need no introduction."""

ENVIRONMENTS = re.compile(r"(align|gather|equation|multline|displaymath|eqnarray)\*?$")
CONTAINERS = re.compile(
    r"(theorem|lemma|proposition|claim|problem|statement|proof|document|center|itemize|enumerate)\*?$"
)
FOREIGN = {
    "German": "sei seien für alle gilt ist und dass daß beweis satz eine einer eines einen der die das"
    " nicht zahl zahlen ganze natürliche gerade ungerade durch teilt wir nehmen annahme also wenn dann"
    " induktion nach voraussetzung behauptung gibt es zu zeigen folgt somit damit daher jede jeder",
    "French": "soit soient pour tout tous est et que donc une nombre nombres entier entiers naturel"
    " alors si par récurrence démontrons supposons il existe on les des preuve théorème pair impair",
    "Spanish": "sea sean para todo todos es que entonces una número números entero enteros natural"
    " si por inducción demostración supongamos existe los las demostrar par impar",
}


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is the terminal of the grammar: `word`, `name`, `number`, `set`, `code`, `end`, or the
    symbol itself. Offsets count characters of the text."""

    kind: str
    text: str
    first: int
    last: int
    math: bool = False


@dataclass
class Source:
    """A text, and where in it things stand."""

    text: str
    macros: dict[str, tuple[int, str]] = field(default_factory=dict)
    names: tuple[str, ...] = LISTS

    def error(self, why: str, first: int, last: int, nearest: str = "") -> NotUnderstood:
        before = self.text[:first]
        words = " ".join(self.text[first:last].split())
        if len(words) > 80:
            words = words[:79] + "…"
        return NotUnderstood(
            why, before.count("\n") + 1, first - (before.rfind("\n") + 1) + 1, words, nearest
        )


def foreign(text: str) -> tuple[str, int, int] | None:
    """The language that a text seems to be in if it is another one, and where it begins."""
    cjk = re.search(r"[\u3040-\u30ff\u4e00-\u9fff]{2,}", text)
    if cjk:
        return "Chinese or Japanese", cjk.start(), cjk.end()
    words = [(m[0].lower(), m) for m in re.finditer(r"[^\W\d_]{2,}", re.sub(r"\\\w+", "", text))]
    plain = {
        "of",
        "the",
        "for",
        "is",
        "are",
        "be",
        "and",
        "that",
        "we",
        "let",
        "then",
        "by",
        "with",
    }
    english = sum(word in plain for word, _ in words)
    for language, listed in FOREIGN.items():
        known = set(listed.split())
        found = [m for word, m in words if word in known and word not in plain]
        if len(found) >= 3 and len(found) > english:
            at = text.find(found[0][0])
            return language, at, at + len(found[0][0])
    return None


def tokens(source: Source, first: int = 0, last: int | None = None) -> list[Token]:
    """The tokens of a part of a text. Macros that it defines are expanded from there on.

    Raises:
        NotUnderstood: there is a command that nobody defined, or something that never ends.
    """
    reader = _Reader(source, first, len(source.text) if last is None else last)
    return list(_glued(reader.read()))


class _Reader:
    def __init__(self, source: Source, first: int, last: int) -> None:
        self.source = source
        self.first, self.last = first, last
        self.expanded = 0
        self.depth = 0
        self.outermost = (0, 0)
        self.found: list[Token] = []

    def read(self) -> list[Token]:
        text = self.source.text
        self.scan(text, self.first, self.last, lambda at: at, False)
        return self.found

    def add(self, kind: str, text: str, first: int, last: int, math: bool) -> None:
        self.found.append(Token(kind, text, first, last, math))

    def scan(self, text: str, at: int, last: int, place: Callable[[int], int], math: bool) -> None:
        """Reads a part of a text, which may be what a macro stands for: `place` says where that is."""
        while at < last:
            at = self.one(text, at, last, place, math)

    def one(self, text: str, at: int, last: int, place: Callable[[int], int], math: bool) -> int:
        c = text[at]
        if c == "%" and (at == 0 or text[at - 1] != "\\"):
            end = text.find("\n", at)
            return last if end < 0 else end
        blank = re.compile(r"\n[ \t]*(\n\s*)+").match(text, at, last)
        if blank and not math:
            self.add("end", "", place(at), place(at) + 1, False)
            return blank.end()
        if c.isspace() or c in "~&\u200b":
            return at + 1
        if c == "$":
            mark = "$$" if text.startswith("$$", at) else "$"
            return self.inside(text, at + len(mark), last, mark, place, at)
        if c == "`":
            end = text.find("`", at + 1, last)
            if end > 0:
                self.add("code", text[at + 1 : end], place(at), place(end) + 1, math)
                return end + 1
        if c == "\\":
            return self.command(text, at, last, place, math)
        if c in "∎□■◻▪":
            return at + 1
        if text.startswith(("**", "__"), at) and not math:
            return at + 2
        raised = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹ⁿᵏᵐ⁺⁻⁽⁾]+").match(text, at, last)
        lowered = re.compile(r"[₀₁₂₃₄₅₆₇₈₉ₙₖₘ₊₋]+").match(text, at, last)
        if raised or lowered:
            found = raised or lowered
            assert found is not None
            plain = found[0].translate(RAISED if raised else LOWERED)
            here, there = place(at), place(found.end() - 1) + 1
            self.add("^" if raised else "_", found[0], here, here, True)
            self.add("{", "", here, here, True)
            self.scan(plain, 0, len(plain), lambda _: here, True)
            self.add("}", "", there, there, True)
            return found.end()
        number = re.compile(r"\d+(\{,\}\d{3})*").match(text, at, last)
        if number:
            more = re.compile(r"\.\d+").match(text, number.end(), last)
            if more:
                raise self.source.error(
                    "decimal fractions cannot be read: write 1/2 or \\frac12",
                    place(at),
                    place(more.end() - 1) + 1,
                )
            kind = number[0].replace("{,}", "")
            self.add("number", kind, place(at), place(number.end() - 1) + 1, math)
            return number.end()
        return self.letters(text, at, last, place, math)

    def letters(
        self, text: str, at: int, last: int, place: Callable[[int], int], math: bool
    ) -> int:
        c = text[at]
        word = re.compile(rf"{LETTER}+(?:-{LETTER}{{2,}})*").match(text, at, last)
        if c in BLACKBOARD:
            self.add("set", BLACKBOARD[c], place(at), place(at) + 1, True)
            return at + 1
        if word and math:
            name = next(
                (n for n in self.source.names if re.match(rf"{n}(?!{LETTER})", text[at:])), c
            )
            end = at + len(name)
        elif word:
            name, end = word[0], word.end()
        else:
            return self.symbol(text, at, last, place, math)
        primes = re.compile(r"['′’]+").match(text, end, last)
        if primes and (math or len(name) == 1):
            name, end = name + "'" * len(primes[0]), primes.end()
        here, there = place(at), place(end - 1) + 1
        single = len(name.rstrip("'")) == 1 or name in self.source.names
        if math or (single and name not in ("a", "A", "I")):
            self.add("name", name, here, there, math)
        elif name in ("a", "A"):
            self.add("a", name, here, there, False)
        else:
            self.add("word", name, here, there, False)
        return end

    def symbol(self, text: str, at: int, last: int, place: Callable[[int], int], math: bool) -> int:
        for long in ("::", "++", ":=", "<=", ">=", "!=", "=>", "->", "<-"):
            if text.startswith(long, at):
                kind = {"<=": "≤", ">=": "≥", "!=": "≠", ":=": "=", "=>": "⇒", "->": "→"}.get(
                    long, long
                )
                self.add(kind, long, place(at), place(at) + 2, math)
                return at + 2
        c = text[at]
        self.add(UNICODE.get(c, c), c, place(at), place(at) + 1, math)
        return at + 1

    def inside(
        self, text: str, at: int, last: int, mark: str, place: Callable[[int], int], begin: int
    ) -> int:
        """Reads a formula up to its end mark."""
        end = text.find(mark, at, last)
        if end < 0:
            raise self.source.error(
                f"a formula begins here that never ends ({mark} is missing)",
                place(begin),
                place(begin) + len(mark),
            )
        self.scan(text, at, end, place, True)
        return end + len(mark)

    def command(
        self, text: str, at: int, last: int, place: Callable[[int], int], math: bool
    ) -> int:
        found = re.compile(r"\\([A-Za-z]+|.)", re.DOTALL).match(text, at, last)
        if found is None:
            raise self.source.error("a backslash at the end", place(at), place(at) + 1)
        name, end = found[1], found.end()
        here, there = place(at), place(end - 1) + 1
        source = self.source
        if name in ("newcommand", "renewcommand", "providecommand", "def", "DeclareMathOperator"):
            return self.define(text, at, end, last, place)
        if name in source.macros:
            return self.expand(text, name, end, last, here, there, math)
        if name in ("(", "["):
            return self.inside(text, end, last, {"(": "\\)", "[": "\\]"}[name], place, at)
        if name in ("begin", "end"):
            return self.environment(text, at, end, last, place, name)
        if name == "\\":
            self.add("\\\\", "\\\\", here, there, True)
            return end
        if SYMBOLS.get(name) == "frac":
            self.add("frac", found[0], here, there, True)
            for _ in range(2):
                body, end = self.argument(text, end, last, place)
                self.add("{", "", place(body[0]), place(body[0]), True)
                self.scan(text, body[0], body[1], place, True)
                self.add("}", "", place(end - 1) + 1, place(end - 1) + 1, True)
            return end
        if name == "pmod":
            body, stop = self.argument(text, end, last, place)
            self.add("(", "\\pmod", here, there, True)
            self.add("mod", "mod", here, there, True)
            self.scan(text, body[0], body[1], place, True)
            self.add(")", ")", place(stop - 1), place(stop - 1) + 1, True)
            return stop
        if name in ("text", "textrm", "mbox", "textit", "textbf", "emph", "mathrm", "operatorname",
                    "textsc", "mathit"):  # fmt: skip
            body, stop = self.argument(text, end, last, place)
            inner = text[body[0] : body[1]].strip()
            if name in ("mathrm", "operatorname", "mathit") and len(inner) > 1:
                kind = inner if inner in ("gcd", "max", "min") else "name"
                self.add(kind, inner, here, place(stop - 1) + 1, True)
            else:
                self.scan(text, body[0], body[1], place, False)
            return stop
        if name in ("mathbb", "mathbf", "Bbb"):
            body, stop = self.argument(text, end, last, place)
            inner = text[body[0] : body[1]].strip()
            if inner not in SETS:
                raise source.error("this set is none that is known", here, place(stop - 1) + 1)
            self.add("set", SETS[inner], here, place(stop - 1) + 1, True)
            return stop
        if name in ("dots", "ldots", "cdots", "vdots"):
            raise source.error(
                "dots cannot be read: write a sum as \\sum_{k=1}^{n} …, a list as [a, b, c]",
                here, there,
            )  # fmt: skip
        if name == "item":
            self.add("end", "", here, there, False)
            return end
        if name in GREEK:
            self.add("name", GREEK[name], here, there, True)
            return end
        if name in SYMBOLS:
            self.add(SYMBOLS[name], found[0], here, there, True)
            return end
        if name in NOTHING or name.isspace():
            if name == "label":
                return self.argument(text, end, last, place)[1]
            return end
        if name == "not":
            following = re.compile(r"\s*(\\mid|\||\\in(?![A-Za-z])|=)").match(text, end, last)
            if following:
                sign = {"\\mid": "∤", "|": "∤", "\\in": "∉", "=": "≠"}[following[1]]
                self.add(sign, following[0], here, place(following.end() - 1) + 1, True)
                return following.end()
        raise source.error(
            "this command is not known",
            here, there,
            f"\\newcommand{{\\{name}}}{{…}}, before it, says what it stands for"
            if name.isalpha() else "",
        )  # fmt: skip

    def environment(
        self, text: str, at: int, end: int, last: int, place: Callable[[int], int], which: str
    ) -> int:
        body, stop = self.argument(text, end, last, place)
        name = text[body[0] : body[1]].strip()
        here, there = place(at), place(stop - 1) + 1
        if ENVIRONMENTS.match(name) and which == "begin":
            close = f"\\end{{{name}}}"
            finish = text.find(close, stop, last)
            if finish < 0:
                raise self.source.error(f"{close} is missing", here, there)
            self.scan(text, stop, finish, place, True)
            return finish + len(close)
        if CONTAINERS.match(name):
            self.add("end", "", here, there, False)
            title = re.compile(r"\s*\[[^\]]*\]").match(text, stop, last)
            return title.end() if title and which == "begin" else stop
        raise self.source.error(f"the environment {name} cannot be read", here, there)

    def argument(
        self, text: str, at: int, last: int, place: Callable[[int], int]
    ) -> tuple[tuple[int, int], int]:
        """Where the argument of a command stands, without its braces, and where it is over."""
        while at < last and text[at].isspace():
            at += 1
        if at >= last:
            raise self.source.error(
                "an argument is missing at the end", place(last - 1), place(last - 1) + 1
            )
        if text[at] == "\\":
            found = re.compile(r"\\([A-Za-z]+|.)", re.DOTALL).match(text, at, last)
            stop = found.end() if found else at + 1
            return (at, stop), stop
        if text[at] != "{":
            return (at, at + 1), at + 1
        depth = 0
        for i in range(at, last):
            if text[i] in "{}" and text[i - 1] != "\\":
                depth += 1 if text[i] == "{" else -1
                if depth == 0:
                    return (at + 1, i), i + 1
        raise self.source.error("a brace is opened here and never closed", place(at), place(at) + 1)

    def define(self, text: str, at: int, end: int, last: int, place: Callable[[int], int]) -> int:
        name, stop = self.argument(text, end, last, place)
        count = re.compile(r"\s*\[(\d)\]").match(text, stop, last)
        numbered = re.compile(r"((?:#\d)+)").match(text, stop, last)
        arguments = int(count[1]) if count else len(numbered[1]) // 2 if numbered else 0
        stop = count.end() if count else numbered.end() if numbered else stop
        body, stop = self.argument(text, stop, last, place)
        macro = text[name[0] : name[1]].strip().removeprefix("\\")
        meaning = text[body[0] : body[1]]
        if "DeclareMathOperator" in text[at:end]:
            meaning = f"\\operatorname{{{meaning}}}"
        self.source.macros[macro] = (arguments, meaning)
        return stop

    def expand(
        self, text: str, name: str, end: int, last: int, here: int, there: int, math: bool
    ) -> int:
        self.expanded += 1
        if self.expanded > MOST_MACROS:
            raise self.source.error("this macro expands without end", here, there)
        arguments, body = self.source.macros[name]
        for number in range(1, arguments + 1):
            at, end = self.argument(text, end, last, lambda _: here)
            body = body.replace(f"#{number}", text[at[0] : at[1]])
        if len(body) > 10_000:
            raise self.source.error("this macro expands without end", here, there)
        self.depth += 1
        if self.depth == 1:
            self.outermost = here, there
        if self.depth > 50:
            raise self.source.error("this macro expands to itself", *self.outermost)
        self.scan(body, 0, len(body), lambda _: here, math)
        self.depth -= 1
        return end


def _glued(found: list[Token]) -> Iterator[Token]:
    """Row ends of a formula, as what they mean: a chain goes on, or another formula begins."""
    relations = set("=≠<≤>≥∣≡+-*")
    for place, token in enumerate(found):
        if token.kind == "\\\\":
            following = found[place + 1] if place + 1 < len(found) else None
            before = found[place - 1] if place else None
            if following is None or following.kind in relations or following.kind in ("end", "."):
                continue
            if before is not None and before.kind in (",", "."):
                continue
            yield Token(",", token.text, token.first, token.last, True)
        else:
            yield token
