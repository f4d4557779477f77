"""From a statement in words to Lean: candidates of a model, and what can be told of each.

Whether a formal statement says what was meant, no kernel can tell. So a candidate is shown with what
it says in words, with what was found wrong with it, and with how many others agree; which to go on
with is for somebody else to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from prover.api import Options, Prover, StatementError
from prover.engine.refute import GLANCE
from prover.engine.scrutiny import Scrutiny, scrutinise
from prover.errors import NOT_PROVED, ProverError, WrongUse
from prover.informal import prompts
from prover.informal.problem import place_of
from prover.informal.writer import Question, Writer
from prover.lean.source import bare, with_options
from search.budget import Budget

REPAIRS = 2
"""How often a statement that does not elaborate goes back to the model."""

SMALL = Options(Budget(expansions=6, seconds=10.0), refute=False, discover=False)
"""What each question about a candidate may take."""

BY_THE_OTHER = ("exact id", "intro h\nintros\napply h <;> assumption")
"""Proofs of a statement by another that use it: where both are proved at once, only such tell that
they claim the same."""

_BLOCK = re.compile(r"```[ \t]*(?:lean ?4?)?[ \t]*\n(.*?)(?:\n[ \t]*```|\Z)", re.DOTALL)
_NAMED = re.compile(r"^(?:theorem|lemma)\s+(\S+?)(?=[\s:({\[])", re.MULTILINE)
_PROOF = re.compile(r":=\s*(by\b.*|sorry\s*)\Z", re.DOTALL)


class NothingFormalized(ProverError):
    """No statement of a model elaborates. The message holds what Lean says of each."""

    exit_code = NOT_PROVED


@dataclass(frozen=True, slots=True)
class Candidate:
    """A formal statement for words, without its proof.

    `samples` of the model's answers are it, `agreeing` others are proved equivalent to it. `says` is
    what it states in the words of a model that did not see the original, `same` whether that model
    finds it the same as the original, None where it does not say. `instances` were evaluated without
    finding it false. `seen` is what was found wrong with it, `easy`: a small search proves it.
    """

    statement: str
    name: str
    seen: Scrutiny
    samples: int = 1
    agreeing: int = 0
    says: str = ""
    same: bool | None = None
    compared: str = ""
    instances: int = 0
    easy: bool = False

    @property
    def flags(self) -> tuple[str, ...]:
        """What is wrong with it, each of it proved."""
        found = self.seen
        at = f" at {found.counterexample}" if found.counterexample else ""
        wrong = {
            "vacuous: its hypotheses contradict each other": found.contradiction,
            f"false{at}: its negation is proved": found.negation,
        }
        return tuple(what for what, proof in wrong.items() if proof is not None)

    @property
    def notes(self) -> tuple[str, ...]:
        """What speaks for it, and what to mind."""
        said = [f"written by {self.samples}, equivalent to what {self.agreeing} more wrote"]
        if self.seen.trivial is not None:
            said.append(f"trivial: `{self.seen.trivial}` proves it")
        if self.instances and not self.flags:
            said.append(f"not false at {self.instances} small instances")
        if self.compared:
            said.append(f"compared with the words: {self.compared}")
        return tuple(said)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "flags": list(self.flags), "notes": list(self.notes)}


@dataclass(frozen=True, slots=True)
class Formalized:
    """Candidates for words, the best first, and the answers of the model that were none, each with
    why not."""

    words: str
    header: str
    candidates: tuple[Candidate, ...]
    refused: tuple[tuple[str, str], ...] = ()

    def accept(self, which: str) -> Candidate:
        """The candidate of a number, or the best one that nothing is wrong with (`best`).

        Raises:
            WrongUse: there is none.
        """
        if which == "best":
            if not (sound := [one for one in self.candidates if not one.flags]):
                raise WrongUse("--accept best: every candidate is vacuous or false")
            return sound[0]
        if not which.isdecimal() or not 1 <= int(which) <= len(self.candidates):
            most = len(self.candidates)
            raise WrongUse(f"--accept {which}: give a number from 1 to {most}, or best")
        return self.candidates[int(which) - 1]

    def why(self, chosen: Candidate) -> str:
        """Which candidate was taken, and what speaks for it."""
        number = self.candidates.index(chosen) + 1
        return f"candidate {number} of {len(self.candidates)}: {'; '.join(chosen.notes)}"


async def formalize(
    prover: Prover,
    writer: Writer,
    words: str,
    *,
    header: str = "",
    samples: int = 4,
    seed: int = 0,
    tell: Callable[[str], None] = lambda what: None,
) -> Formalized:
    """Asks a model for formal statements and looks at each: what is wrong with it, which agree, what
    it says. It is ranked by that.

    Raises:
        NothingFormalized: none elaborates.
        ModelError: the model failed.
    """
    tell(f"writing {samples} formal statements")
    beside = Prover(engine=prover.engine, options=replace(SMALL, seed=seed))
    question = prompts.formalize(words, "Mathlib" in header)
    found = _Found()
    questions = [question] * samples
    answers = await writer.write(questions, seed=seed)
    for attempt in range(REPAIRS + 1):
        again: list[Question] = []
        for asked, answer in zip(questions, answers, strict=True):
            if answer is None:
                found.refused.append(("", "the answer was cut off"))
                continue
            try:
                await found.add(beside, header, answer)
            except (StatementError, WrongUse) as error:
                if attempt == REPAIRS:
                    found.refused.append((answer, error.message))
                else:
                    again.append(asked.after(answer, prompts.not_accepted(error.message, None)))
        if not again:
            break
        questions = again
        answers = await writer.write(questions, seed=seed + samples * (attempt + 1))
    if not found.candidates:
        why = "\n".join(dict.fromkeys(reason for _, reason in found.refused))
        raise NothingFormalized(f"no formal statement of the model elaborates\n{why}")
    tell("looking for what is wrong with them")
    looked = [await _looked_at(beside, header, one) for one in found.candidates.values()]
    tell("comparing them")
    looked = await _agreed(beside, header, looked)
    looked = await _said(writer, words, looked)
    looked.sort(
        key=lambda c: (bool(c.flags), -(c.samples + c.agreeing), c.same is False, -c.samples)
    )
    return Formalized(words, header, tuple(looked), tuple(found.refused))


@dataclass(slots=True)
class _Found:
    """Statements by the hashes of their types, and what is none."""

    candidates: dict[str, Candidate] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)

    async def add(self, prover: Prover, header: str, answer: str) -> None:
        statement, name = read_candidate(answer)
        own = await prover.texts.type_hash(statement, header=header)
        if own in self.candidates:
            there = self.candidates[own]
            self.candidates[own] = replace(there, samples=there.samples + 1)
        else:
            self.candidates[own] = Candidate(statement, name, Scrutiny(own))


def read_candidate(answer: str) -> tuple[str, str]:
    """The last theorem in a model's answer, without a proof, with what stands before it, and its
    name.

    Raises:
        WrongUse: there is none.
    """
    blocks = [found[1] for found in _BLOCK.finditer(answer)] or [answer]
    for block in reversed(blocks):
        names = [found[1] for found in _NAMED.finditer(block)]
        place = place_of(block, names[-1]) if names else None
        if place is None:
            continue
        lines = block.split("\n")
        before = [line for line in lines[: place[0]] if not line.startswith("import ")]
        own = "\n".join(lines[place[0] : place[1]])
        own = re.sub(r"^lemma\b", "theorem", own)
        if proof := _PROOF.search(own):
            own = own[: proof.start()]
        return "\n".join([*before, bare(own)]).strip(), names[-1]
    raise WrongUse("the answer holds no theorem in Lean that has a name")


def as_proposition(statement: str) -> str | None:
    """The proposition of a theorem that nothing stands before: `∀` its variables. None where the
    text does not show it."""
    head = re.match(r"theorem\s+(\S+?)(?=[\s:({\[])", statement)
    if head is None:
        return None
    depth = 0
    for at in range(head.end(), len(statement)):
        letter = statement[at]
        depth += (letter in "([{⟨") - (letter in ")]}⟩")
        if letter == ":" and depth == 0 and statement[at : at + 2] != ":=":
            binders, claim = statement[head.end() : at].strip(), statement[at + 1 :].strip()
            return f"∀ {binders}, {claim}" if binders else claim
    return None


async def _looked_at(prover: Prover, header: str, one: Candidate) -> Candidate:
    text = await prover.texts.open_statement(one.statement, with_options(header, one.statement))
    try:
        look = await prover.engine.pool.refute(
            text.holes[0].state,
            most=GLANCE.points,
            heartbeats=GLANCE.heartbeats,
            seconds=GLANCE.limit,
        )
    finally:
        prover.engine.pool.release([hole.state for hole in text.holes])
    easy = False
    if look.found is None:
        easy = (await prover.prove(one.statement, header=header)).proved
    seen = await scrutinise(prover.engine, one.statement, header, prover.options, proved=easy)
    return replace(one, seen=seen, instances=max(0, look.points - look.undecided), easy=easy)


async def _agreed(prover: Prover, header: str, found: Sequence[Candidate]) -> list[Candidate]:
    """The candidates with how many samples of others are proved equivalent."""
    groups: list[list[Candidate]] = []
    for one in found:
        for group in groups:
            if await _equivalent(prover, header, group[0], one):
                group.append(one)
                break
        else:
            groups.append([one])
    totals = {id(one): sum(c.samples for c in group) for group in groups for one in group}
    return [replace(one, agreeing=totals[id(one)] - one.samples) for one in found]


async def _equivalent(prover: Prover, header: str, one: Candidate, other: Candidate) -> bool:
    first, second = as_proposition(one.statement), as_proposition(other.statement)
    if first is None or second is None or bool(one.flags) != bool(other.flags):
        return False
    return await _implies(prover, header, first, second, other.easy) and await _implies(
        prover, header, second, first, one.easy
    )


async def _implies(prover: Prover, header: str, first: str, second: str, easy: bool) -> bool:
    statement = f"theorem implied : ({first}) → ({second})"
    try:
        if not easy:
            return (await prover.prove(statement, header=header)).proved
        for script in BY_THE_OTHER:
            judgement, _ = await prover.texts.check_proof(statement, script, header=header)
            if judgement.proved:
                return True
    except StatementError:  # the two are not one text: names of their own, say
        pass
    return False


async def _said(writer: Writer, words: str, found: Sequence[Candidate]) -> list[Candidate]:
    """The candidates with what they say, and whether that is what the words say."""
    said = await writer.write([prompts.say(one.statement) for one in found], temperature=0.0)
    compared = await writer.write(
        [prompts.compare(words, says or "(nothing)") for says in said], temperature=0.0
    )
    told = []
    for one, says, verdict in zip(found, said, compared, strict=True):
        first = re.match(r"\W*(SAME|DIFFERENT)\b", verdict or "", re.IGNORECASE)
        same = None if first is None else first[1].upper() == "SAME"
        told.append(replace(one, says=says or "", same=same, compared=(verdict or "").strip()))
    return told
