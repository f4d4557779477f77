"""From words to a formal statement, and from there to a proof, without a model."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from prover.api import Options, Prover, Settings, run_anywhere
from prover.errors import WrongUse
from prover.informal.fill import fill
from prover.informal.language import NotUnderstood, Statement, read_proof, read_statement
from prover.informal.language.lean import statement_of
from prover.informal.language.statement import read_problem
from prover.informal.sketch import Sketch
from search.budget import Budget

if TYPE_CHECKING:
    from prover.api import Filled
    from prover.engine.scrutiny import Scrutiny
    from prover.serve.remote import Remote

LOOK = Budget(expansions=16, seconds=20.0)
"""What a search for a flaw of a statement may take."""


@dataclass(frozen=True, slots=True)
class Formalised:
    """A statement in words as Lean, which elaborates, and what was found out about it."""

    statement: Statement
    scrutiny: Scrutiny

    @property
    def flaw(self) -> str:
        """What is wrong with the statement, empty if nothing was found."""
        seen = self.scrutiny
        if seen.contradiction is not None:
            return "its hypotheses contradict each other, so that it holds for no reason"
        if seen.negation is not None:
            at = f" at {seen.counterexample}" if seen.counterexample else ""
            return f"it is false{at}: its negation is proved"
        return ""

    def to_json(self) -> dict[str, Any]:
        statement, seen = self.statement, self.scrutiny
        return {
            "name": statement.name,
            "lean": statement.lean,
            "text": statement.text,
            "reading": statement.reading,
            "notes": list(statement.notes),
            "flaw": self.flaw,
            "type_hash": seen.type_hash,
            "trivial": seen.trivial,
            "contradiction": seen.contradiction,
            "negation": seen.negation,
            "counterexample": seen.counterexample,
        }


async def formalised(prover: Prover, text: str) -> Formalised:
    """The formal statement of a problem in words, looked at for flaws.

    Raises:
        NotUnderstood: the words cannot be read.
        StatementError: what they say does not elaborate.
    """
    from prover.engine.scrutiny import scrutinise

    statement = read_statement(text)
    before = statement.before
    header = before if "import" in before else ""
    body = statement.text.removeprefix(header)
    seen = await scrutinise(prover.engine, body, header, Options(LOOK, prover.options.seed))
    return Formalised(statement, seen)


def formalize(
    text: str, *, settings: Settings | None = None, options: Options | None = None
) -> Formalised:
    """The formal statement of a problem in words; works in a script as well as inside a running
    event loop. Raises as `formalised`, and SetupError or LeanUnavailable if there is no Lean."""

    async def run() -> Formalised:
        async with Prover(settings or Settings(jobs=1), options) as prover:
            return await formalised(prover, text)

    return run_anywhere(run())


def has_proof(text: str) -> bool:
    """Whether a problem in words comes with a proof."""
    return read_problem(text).proof is not None


def sketched(text: str, statement: Statement) -> Sketch:
    """The sketch of the proof that a problem comes with; without one, all of it is a gap."""
    if has_proof(text):
        return read_proof(text, statement)
    return Sketch(statement.text, statement.name)


@dataclass
class Along:
    """A theorem of a Lean text and the sketch of its proof in words. `left` says of each step that
    stayed open what is known of it."""

    statement: Statement
    sketch: Sketch
    left: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, text: str, name: str | None, words: str) -> Along:
        """`text` holds the theorem `name`, its only one if that is None.

        Raises:
            WrongUse: it has no such theorem.
            NotUnderstood: the words cannot be read as a proof of it.
        """
        if name is None:
            names = re.findall(r"^(?:theorem|lemma)\s+(\S+?)(?=[\s:({\[])", text, re.MULTILINE)
            if len(names) != 1:
                raise WrongUse("--informal: name the theorem that is meant, as in FILE.lean:name")
            (name,) = names
        statement = statement_of(text, name)
        return cls(statement, read_proof(words, statement))

    async def prove(self, prover: Prover | Remote) -> Filled:
        filled, self.left = await proved_along(prover, self.sketch, self.statement)
        return filled


async def proved_along(
    prover: Prover | Remote, sketch: Sketch, statement: Statement
) -> tuple[Filled, list[str]]:
    """Fills a sketch, and says of each step that stays open what is known of it. Raises as `fill`."""
    filled = await fill(prover, sketch, statement.text)
    if filled.proved:
        return filled, []
    steps = [
        _open_step(sketch, hole.line, hole.counterexample)
        for hole in filled.holes
        if not hole.proved
    ]
    return filled, list(dict.fromkeys(steps))


def _open_step(sketch: Sketch, line: int, counterexample: str | None) -> str:
    where = sketch.progress(line)
    number, _, words = where.partition(": ")
    if counterexample is not None:
        at = f" at {counterexample}, as Lean evaluates it" if counterexample else ""
        what = f"is false{at}"
    else:
        what = "could not be proved"
    return f"{number} {what}: {words}" if where else f"a gap {what}"


__all__ = [
    "Along",
    "Formalised",
    "NotUnderstood",
    "formalised",
    "formalize",
    "proved_along",
    "sketched",
]
