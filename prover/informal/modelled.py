"""What the commands do with a model: formal statements to choose from, and proofs along words."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prover.api import Filled, Prover
from prover.errors import WrongUse
from prover.informal.answers import Answered, Comparer, claim, sample_answers
from prover.informal.candidates import Candidate, Formalized, formalize
from prover.informal.problem import Problem
from prover.informal.python import unavailable
from prover.informal.rounds import Attempt, Plan, prove_by_sketches
from prover.informal.writer import Writer
from prover.lean.source import as_lean_reads, with_hole, with_options

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Tell = Callable[[str], None]

_OPEN = re.compile(r"^(?:theorem|lemma)\s+(\S+?)(?=[\s:({\[])", re.MULTILINE)
_PROOF_HEAD = re.compile(
    r"^[ \t]*(?:#+[ \t]*proof\b[^\n]*|\*{1,2}proof[.:]?\*{1,2}[.:]?|\\begin\{proof\}|proof[.:]|"
    r"#*[ \t]*证明[：:]?)",
    re.IGNORECASE | re.MULTILINE,
)
_HEADING = re.compile(r"\s*#+\s*(?:problem|theorem|statement|lemma|claim|题目)?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Formalization:
    """Candidates for words, with the answer that was claimed, and what came of the accepted one."""

    found: Formalized
    answered: Answered | None = None
    accepted: Candidate | None = None
    filled: Filled | None = None

    def shown(self) -> str:
        """The candidates, each with what it says, and which was accepted, as a text."""
        lines = []
        if self.answered is not None:
            votes, of = self.answered.votes, len(self.answered.samples)
            lines += [f"The answer of {votes} of {of} samples: {self.answered.answer}", ""]
        for number, one in enumerate(self.found.candidates, 1):
            lines += [f"{number}.", _indented(one.statement)]
            lines += [f"  says: {one.says}"] if one.says else []
            lines += [f"  WRONG: {flag}" for flag in one.flags]
            lines += [f"  {note}" for note in one.notes]
            lines.append("")
        if self.accepted is not None:
            lines.append(f"Accepted {self.found.why(self.accepted)}")
        else:
            lines.append(
                "None is proved: whether one says what you mean, only you can say. "
                "--accept NUMBER goes on with it."
            )
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        answered = self.answered
        return {
            "words": self.found.words,
            "answer": answered and answered.answer,
            "votes": answered and answered.votes,
            "samples": answered and len(answered.samples),
            "candidates": [one.to_json() for one in self.found.candidates],
            "refused": [{"answer": a, "why": why} for a, why in self.found.refused],
            "accepted": self.accepted and self.found.candidates.index(self.accepted) + 1,
            "why": self.accepted and self.found.why(self.accepted),
            "verdicts": [v.to_json() for v in self.filled.verdicts] if self.filled else None,
        }


@asynccontextmanager
async def writing(model: str, form: str | None = None) -> AsyncIterator[Writer]:
    """A model to ask, given back at the end. Raises as `Writer.load`."""
    writer = await Writer.load(model, form)
    try:
        yield writer
    finally:
        await writer.aclose()


async def formalize_and_prove(
    prover: Prover,
    writer: Writer,
    words: str,
    proof: str = "",
    *,
    header: str = "",
    samples: int = 4,
    answers: int = 0,
    accept: str | None = None,
    tell: Tell = lambda what: None,
) -> Formalization:
    """Formal statements for words, and only if one is named by `accept` (a number, or `best`) its
    proof: along the proof in words, if there is one. With `answers`, the problem asks for a value:
    so many samples of the model say which, by programs where these can be run, and the claim that
    most of them make is formalised.

    Raises:
        WrongUse: `accept` names none, or no sample has an answer.
        NothingFormalized, NothingSketched, ModelError: the model was of no use.
    """
    if accept is not None and accept != "best" and not accept.isdecimal():
        raise WrongUse(f"--accept {accept}: give the number of a candidate, or best")
    answered = await _answered(prover, writer, words, answers, tell) if answers else None
    if answered is not None:
        words = claim(words, answered.answer or "")
    seed = prover.options.seed
    found = await formalize(
        prover, writer, words, header=header, samples=samples, seed=seed, tell=tell
    )
    if accept is None:
        return Formalization(found, answered)
    chosen = found.accept(accept)
    if proof:
        text, name = whole_text(chosen.statement, header), chosen.name
        problem = Problem(text, name, words, proof)
        filled = (await prove_by_sketches(prover, writer, problem, tell=tell)).filled
    else:
        tell(f"proving candidate {found.candidates.index(chosen) + 1}")
        filled = await prover.fill_statement(chosen.statement, header=header, informal=words)
    return Formalization(found, answered, chosen, filled)


async def prove_along(
    prover: Prover,
    writer: Writer,
    text: str,
    name: str | None,
    words: str,
    proof: str,
    plan: Plan | None = None,
    tell: Tell = lambda what: None,
) -> Attempt:
    """Proves a theorem of a text along words. Raises as `prove_by_sketches`, and `WrongUse` if no
    name is given and the text leaves not just one theorem open."""
    problem = Problem(as_lean_reads(text), name or _only(text), words, proof)
    return await prove_by_sketches(prover, writer, problem, plan, tell)


def split_words(text: str) -> tuple[str, str]:
    """The statement and the proof of a text in words: the proof is what stands after a heading that
    says so, in any way of Markdown, LaTeX or plain text, in English or Chinese."""
    mark = _PROOF_HEAD.search(text)
    if mark is None:
        return _plain(text), ""
    return _plain(text[: mark.start()]), _plain(text[mark.end() :])


def _plain(text: str) -> str:
    """Words without headings and environments around them."""
    text = re.sub(r"\\(?:begin|end)\{(?:proof|theorem|lemma|proposition|claim)\*?\}", "", text)
    lines = text.split("\n")
    return "\n".join(line for line in lines if not _HEADING.fullmatch(line)).strip()


def whole_text(statement: str, header: str) -> str:
    """A statement that comes without a file as a file with a gap."""
    return f"{with_options(header, statement).rstrip()}\n\n{with_hole(as_lean_reads(statement))}\n"


def _only(text: str) -> str:
    """The name of the only theorem of a text that is open."""
    heads = list(_OPEN.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    there = [
        head[1]
        for head, end in zip(heads, ends, strict=True)
        if re.search(r"\bsorry\b", text[head.end() : end])
    ]
    if len(there) != 1:
        raise WrongUse(
            "the words are about one theorem: name it, as in Basic.lean:my_lemma"
            + (f" (open are {', '.join(there)})" if there else "")
        )
    return there[0]


async def _answered(
    prover: Prover, writer: Writer, words: str, samples: int, tell: Tell
) -> Answered:
    way = "reason" if unavailable() else "program"
    tell(f"answering the problem {samples} times")
    seed = prover.options.seed
    comparer = Comparer()
    try:
        given = await sample_answers(writer, [words] * samples, way, seed=seed, greedy=False)
        answered = await comparer.majority(given)
    finally:
        await comparer.aclose()
    if answered.answer is None:
        why = "\n".join(dict.fromkeys(sample.failed for sample in given))
        raise WrongUse(f"no sample of the model has an answer\n{why}")
    return answered


def _indented(text: str) -> str:
    return "    " + text.replace("\n", "\n    ")
