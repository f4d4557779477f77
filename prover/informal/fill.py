"""From a sketch to a verdict: its statement is the user's, its holes are goals like any other."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from prover.api import Filled, StatementError
from prover.errors import ProverError
from prover.informal.sketch import Sketch, without_lemmas
from prover.verify.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from prover.api import Prover
    from prover.serve.remote import Remote


class StatementChanged(ProverError):
    """A sketch is not about what was to be proved. The message says what is different."""

    hint = "A sketch proves the statement as it was given; its proof is all that it may bring."


async def fill(prover: Prover | Remote, sketch: Sketch, statement: str | None) -> Filled:
    """Searches the holes of a sketch: those of its lemmas first, which are premises of what comes
    after them. A lemma that the proof does not use is not kept. `statement` is the whole text with
    what was to be proved: the verdict on the theorem is that of `prover check --statements` on what
    comes out.

    Raises:
        StatementChanged: the sketch proves something else.
        StatementError: the statement or the sketch does not elaborate.
    """
    name = sketch.name
    (verdict,) = await prover.check_text(sketch.text, name=name, statements=statement)
    expect_same(verdict)
    if verdict.outcome is Outcome.CHEATED:
        return Filled((verdict,), sketch.text, ())
    if verdict.proved:
        return Filled((verdict,), await _tidied(prover, sketch, sketch.text, statement), ())
    filled = await prover.prove_text(sketch.text, name=[*sketch.lemmas, name])
    others = [v for v in filled.verdicts if not _is(v, name)]
    about = next((v for v in filled.verdicts if _is(v, name)), None)
    if about is not None and not about.proved:
        return filled
    (verdict,) = await prover.check_text(filled.text, name=name, statements=statement)
    text = await _tidied(prover, sketch, filled.text, statement) if verdict.proved else filled.text
    if about is not None:
        verdict = replace(verdict, spent=about.spent, seed=about.seed, lemmas=about.lemmas)
    kept = [v for v in others if not verdict.proved or re.search(_whole(v.name), text)]
    return replace(filled, verdicts=(*kept, replace(verdict, text=text)), text=text)


def _is(verdict: Verdict, name: str) -> bool:
    return verdict.name == name or verdict.name.endswith(f".{name}")


def expect_same(verdict: Verdict) -> None:
    """Raises `StatementChanged` where the verdict on a text says that its statement is another, and
    `StatementError` where it does not elaborate so far that this can be told."""
    statement = next((layer for layer in verdict.layers if layer.name == "statement"), None)
    if statement is None or statement.passed:
        return
    if re.match(r"\d+:\d+: error", statement.detail):
        raise StatementError(statement.detail)
    raise StatementChanged(
        f"the sketch changes the statement of {verdict.name}: {statement.detail}"
    )


async def _tidied(prover: Prover | Remote, sketch: Sketch, text: str, statement: str | None) -> str:
    """A finished text without the lemmas of the sketch that its proof does not need."""
    spare = [name for name in sketch.lemmas if not _used(text, name)]
    if not spare:
        return text
    less = without_lemmas(text, tuple(spare))
    (verdict,) = await prover.check_text(less, name=sketch.name, statements=statement)
    return less if verdict.proved else text


def _used(text: str, name: str) -> bool:
    """Whether a lemma is mentioned beside where it is stated."""
    return len(re.findall(_whole(name), text)) > 1


def _whole(name: str) -> str:
    """A regular expression for a name that stands alone in a text."""
    return rf"(?<![\w'.!?]){re.escape(name)}(?![\w'!?])"
