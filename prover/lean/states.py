"""What comes back from Lean: results of tactics with LeanDojo's names and fields, and texts.

`TacticState`, `ProofFinished`, `LeanError` and `ProofGivenUp` carry over the names and fields of
LeanDojo (Yang et al. 2023, lean-dojo/LeanDojo, `interaction/dojo.py`), so that its users know them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from search.interfaces import Goal, Hypothesis, State


@dataclass(frozen=True)
class TacticState:
    """Open goals. `id` names the state in the process that holds it and takes no part in equality."""

    pp: str
    id: int = field(compare=False)
    message: str | None = field(default=None, compare=False)
    goals: tuple[Goal, ...] = field(default=(), compare=False, repr=False)

    @property
    def num_goals(self) -> int:
        return len(self.goals)


@dataclass(frozen=True)
class ProofFinished:
    """No goals are left, says Lean's tactic framework; a verdict needs `prover.check`."""

    tactic_state_id: int
    message: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class LeanError:
    """The tactic failed. `kind` is one of `ERROR_KINDS`."""

    error: str
    kind: str = field(default="tactic", compare=False)


@dataclass(frozen=True)
class ProofGivenUp:
    """The tactic left `sorry` in the proof."""


TacticResult = TacticState | ProofFinished | LeanError | ProofGivenUp

ERROR_KINDS = {
    "parse": "the text is not a tactic",
    "tactic": "the tactic failed",
    "heartbeats": "the tactic ran out of heartbeats",
    "recursion": "the tactic went too deep",
    "sorry": "the tactic leaves `sorry` in the proof",
    "timeout": "the tactic ran out of wall time and its process was killed",
    "memory": "the process ran out of memory",
    "crash": "the process died",
}
"""The kinds of failure of a tactic, with what they mean."""


@dataclass(frozen=True, slots=True)
class Message:
    """One of Lean's messages. Lines count from 1, columns from 0, in characters of the text."""

    severity: str
    line: int
    column: int
    text: str

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.severity}: {self.text}"


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declaration of a text. Positions are byte offsets in UTF-8; `body` is where the `:=`, the
    `|` or the `where` after its signature begins.
    """

    name: str
    kind: str
    first: int
    last: int
    body: int
    body_end: int


@dataclass(frozen=True, slots=True)
class Hole:
    """A `sorry` of a text: its byte offsets in UTF-8, whether it is a tactic or a term, and what is
    to be proved there.
    """

    first: int
    last: int
    tactic: bool
    state: State


@dataclass(frozen=True, slots=True)
class Elaborated:
    """What Lean made of a text."""

    messages: tuple[Message, ...]
    declarations: tuple[Declaration, ...]
    holes: tuple[Hole, ...]

    @property
    def errors(self) -> tuple[Message, ...]:
        return tuple(m for m in self.messages if m.severity == "error")


def read_goal(reply: Mapping[str, Any]) -> Goal:
    """A goal as the gym writes it. Types and values are read off the print, where Lean puts
    neighbours of one type on one line, indents what continues a line, and marks with a dagger the
    names that no proof can mention: those are given as empty."""
    lines: list[str] = reply["pp"].split("\n")
    if reply["case"] is not None:
        lines = lines[1:]
    turnstile = next(i for i, line in enumerate(lines) if line.startswith("⊢ "))
    entries: list[str] = []
    for line in lines[:turnstile]:
        if line.startswith(" ") and entries:
            entries[-1] += "\n" + line
        else:
            entries.append(line)
    rest = iter(reply["hyps"])
    hypotheses = []
    for entry in entries:
        names, _, type_ = entry.partition(" :")
        type_ = type_.strip()
        for name, (is_prop, is_let) in zip(names.split(" "), rest, strict=False):
            value = None
            if is_let:
                type_, _, value = (part.strip() for part in type_.partition(":="))
            hypotheses.append(Hypothesis("" if "✝" in name else name, type_, value, is_prop))
    return Goal(
        pp=reply["pp"],
        target="\n".join(lines[turnstile:])[2:],
        hypotheses=tuple(hypotheses),
        case=reply["case"],
    )


def read_messages(reply: Mapping[str, Any]) -> tuple[Message, ...]:
    """The messages of a reply of the gym."""
    return tuple(
        Message(m["severity"], m["line"], m["column"], m["text"]) for m in reply.get("messages", ())
    )


def read_declarations(reply: Mapping[str, Any]) -> tuple[Declaration, ...]:
    """The declarations of a reply of the gym."""
    return tuple(
        Declaration(d["name"], d["kind"], d["first"], d["last"], d["body"], d["body_end"])
        for d in reply["decls"]
    )
