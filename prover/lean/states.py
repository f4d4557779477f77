"""What comes back from Lean: results of tactics with LeanDojo's names and fields, and texts.

`TacticState`, `ProofFinished`, `LeanError` and `ProofGivenUp` carry over the names and fields of
LeanDojo (Yang et al. 2023, lean-dojo/LeanDojo, `interaction/dojo.py`), so that its users know them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from search.context import (
    Binder,
    Context,
    Equation,
    Function,
    InductiveType,
    Instance,
    Premise,
    Signature,
    Tree,
)
from search.interfaces import FunctionType, Goal, Hypothesis, State


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
    "false": "the tactic leaves a goal that is false",
    "timeout": "the tactic ran out of wall time and its process was killed",
    "memory": "the process ran out of memory",
    "crash": "the process died",
}
"""The kinds of failure of a tactic, with what they mean."""


@dataclass(frozen=True, slots=True)
class Message:
    """One of Lean's messages. Lines count from 1, columns from 0, in characters of the text. `parse`:
    it is about what the text is, not about what it means. `command` is the command that it came with,
    `end` the line and the column where its place ends.
    """

    severity: str
    line: int
    column: int
    text: str
    parse: bool = False
    command: int | None = None
    end: tuple[int, int] | None = None

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.severity}: {self.text}"


Name = tuple[str | int, ...]
"""A name of Lean's by its parts: nothing that a part holds can be mistaken for another name."""


Place = tuple[int, int | None, Name]
"""A declaration of a text: its command, which of its sides it is in, its name."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant that a command made. `auxiliary`: Lean made it to go with another. `sorry`: its own
    term holds `sorry`. `kind` is `theorem`, `def`, `opaque`, `axiom`, `inductive`, `constructor`,
    `recursor`, `syntax` (what a `notation` or `macro` makes of itself) or `unsafe` (a program, which
    no proof can use)."""

    name: Name
    shown: str
    kind: str
    auxiliary: bool
    sorry: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """Where in a command a declaration is written. Positions are byte offsets in UTF-8; `body` is
    where the `:=`, the `|` or the `where` after its signature begins, `id` the name that is given
    there, `more` what in the body is more than a proof: code that would run, an attribute."""

    first: int
    last: int
    kind: str
    id: Name | None
    body: int | None
    body_end: int | None
    more: str | None

    def holds(self, first: int, last: int) -> bool:
        return self.first <= first and last <= self.last


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a text, the constants that it made, and those as data for a judge: `segments` are
    one for each of `sides` (what was made and left again, an `example`) and one for the rest.
    `variables` is `∀ variables, True` for the variables of its section, also as data."""

    first: int
    last: int
    kind: str
    tainted: bool
    pieces: tuple[Piece, ...]
    constants: tuple[Constant, ...]
    sides: tuple[tuple[Constant, ...], ...]
    variables: Mapping[str, Any] | None
    segments: tuple[Mapping[str, Any], ...]

    @property
    def theorems(self) -> list[Name]:
        """The theorems that it declares, without those that Lean proves of a type or a function."""
        made = {c.name for c in self.constants if c.kind != "theorem"}
        return [
            c.name
            for c in self.constants
            if c.kind == "theorem"
            and not c.auxiliary
            and not any(_is_under(c.name, name) for name in made)
        ]


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a person sees as one declaration: a constant, and those that were made with it. The
    environment decides which there are; the text, at most, where they stand.

    `command` is the index of the command in its text, `side` which of its sides it is in.
    """

    name: str
    constant: Constant
    constants: tuple[Constant, ...]
    command: int
    side: int | None
    piece: Piece | None
    first: int
    last: int

    @property
    def kind(self) -> str:
        return self.constant.kind

    @property
    def place(self) -> Place:
        """What tells it from all others of its text, and finds it in a text that is alike: an
        `example` has no name of its own."""
        return (self.command, self.side, self.constant.name)

    @property
    def names(self) -> tuple[Name, ...]:
        """Its constants, its own first; without programs that no proof can use."""
        own = self.constant
        return (own.name, *(c.name for c in self.constants if c != own and c.kind != "unsafe"))

    @property
    def sorry(self) -> bool:
        """Whether it is left open: its own terms hold `sorry`."""
        return any(constant.sorry for constant in self.constants)

    @property
    def listed(self) -> bool:
        """Whether it is one that somebody declared, and a matter of logic."""
        return self.kind not in ("syntax", "unsafe")


@dataclass(frozen=True, slots=True)
class Hole:
    """A `sorry` of a text: its byte offsets in UTF-8, whether it is a tactic or a term, and what is
    to be proved there. `prop`: that is a proposition, not data. `coupled`: it mentions another
    `sorry`, so that it depends on what fills that one.
    """

    first: int
    last: int
    tactic: bool
    prop: bool
    coupled: bool
    state: State


@dataclass(frozen=True, slots=True)
class Elaborated:
    """What Lean made of a text after a header. `head` are the header's commands; `stopped` is where
    reading ended early (`#exit`); `family` is the request that it was elaborated for."""

    text: str
    imports: tuple[Any, ...]
    head: tuple[Command, ...]
    commands: tuple[Command, ...]
    messages: tuple[Message, ...]
    holes: tuple[Hole, ...]
    tainted: bool
    stopped: int | None
    family: str
    heartbeats: int = 0
    first_command: int = 0
    """The index of the first of `commands` in the text: those before were left out."""

    @property
    def errors(self) -> tuple[Message, ...]:
        return tuple(m for m in self.messages if m.severity == "error")

    @property
    def parses(self) -> bool:
        return not any(m.parse for m in self.errors)

    @property
    def declarations(self) -> tuple[Declaration, ...]:
        """All that the text declares, in its order."""
        found: list[Declaration] = []
        for index, command in enumerate(self.commands, self.first_command):
            found += _declarations(command, index, self.text)
        return tuple(found)

    def offset(self, message: Message) -> int:
        """The byte offset of a message in the text."""
        lines = self.text.split("\n")
        before = lines[: message.line - 1]
        rest = lines[message.line - 1][: message.column] if message.line <= len(lines) else ""
        return len("\n".join([*before, rest]).encode())


def _declarations(command: Command, index: int, text: str) -> list[Declaration]:
    """The constants of a command as declarations: each with what Lean made to go with it."""
    found: list[Declaration] = []
    nameless = [piece for piece in command.pieces if piece.id is None]

    def add(own: Constant, made: Sequence[Constant], side: int | None, piece: Piece | None) -> None:
        first, last = (piece or command).first, (piece or command).last
        name = own.shown
        if side is not None:
            line = text.encode()[:first].count(b"\n") + 1
            name = f"example:{line}"
        constants = (own, *(c for c in made if c is not own))
        found.append(Declaration(name, own, constants, index, side, piece, first, last))

    for side, made in enumerate(command.sides):
        own = next((c for c in made if c.name[-1] == "_example"), None)
        if own is not None:
            add(own, made, side, nameless[side] if side < len(nameless) else None)

    owners: list[tuple[Constant, Piece | None]] = []
    for piece in command.pieces:
        owner = next((c for c in command.constants if _is_called(c.name, piece.id)), None)
        if owner is not None:
            owners.append((owner, piece))
    taken = {owner.name for owner, _ in owners}
    beside = [c for c in command.constants if c.name not in taken]
    if len(owners) < len(command.pieces) or not owners:
        free = [p for p in command.pieces if p not in [piece for _, piece in owners]]
        for c in sorted(beside, key=lambda c: len(c.name)):
            inside = any(_is_under(c.name, owner.name) for owner, _ in owners)
            if not (inside or c.auxiliary or c.kind in ("constructor", "recursor")):
                owners.append((c, free.pop(0) if free else None))
    if not owners and command.constants:
        owners.append((command.constants[0], None))
    groups: dict[Name, list[Constant]] = {owner.name: [] for owner, _ in owners}
    for c in command.constants:
        under = [o.name for o, _ in owners if _is_under(c.name, o.name)]
        groups[max(under, key=len) if under else owners[0][0].name].append(c)
    for owner, where in owners:
        add(owner, groups[owner.name], None, where)
    return sorted(found, key=lambda d: d.first)


def _is_called(name: Name, given: Name | None) -> bool:
    """Whether a constant has the name that a text gives, which may be that of something private."""
    return given is not None and (
        name == given or (name[:1] == ("_private",) and name[-len(given) :] == given)
    )


def _is_under(name: Name, prefix: Name) -> bool:
    return name[: len(prefix)] == prefix


def read_goal(reply: Mapping[str, Any]) -> Goal:
    """A goal as the gym writes it. Types and values are read off the print, where Lean puts
    neighbours of one type on one line, indents what continues a line, and marks with a dagger the
    names that no proof can mention."""
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
        for name, (is_prop, is_let, head, equates) in zip(names.split(" "), rest, strict=False):
            value = None
            if is_let:
                type_, _, value = (part.strip() for part in type_.partition(":="))
            hypotheses.append(Hypothesis(name, type_, value, is_prop, head, _extent(equates)))
    return Goal(
        pp=reply["pp"],
        target="\n".join(lines[turnstile:])[2:],
        hypotheses=tuple(hypotheses),
        case=reply["case"],
        own=tuple(reply["own"]),
        around=tuple(reply["around"]),
        constants=tuple(reply["constants"]),
        equates=_extent(reply["equates"]),
    )


def _extent(equates: tuple[int, bool] | None) -> FunctionType | None:
    return None if equates is None else FunctionType(*equates)


def read_context(reply: Mapping[str, Any]) -> Context:
    """A context as the gym writes it."""
    functions, types, instances = {}, {}, {}
    laws: list[Premise] = []
    for row in reply["constants"]:
        signature = _signature(row)
        match row["kind"]:
            case "function":
                equations = tuple(
                    Equation(e["text"], tuple(e["arguments"]), tuple(map(tuple, e["calls"])))
                    for e in row["equations"]
                )
                functions[signature.name] = Function(
                    signature,
                    equations,
                    frozenset(row["own"]),
                    reducible=row["reducible"],
                    monads=frozenset(row["monads"]),
                )
            case "opaque" | "axiom":
                functions[signature.name] = Function(signature, (), opaque=True)
            case "inductive":
                types[signature.name] = InductiveType(
                    signature,
                    tuple(map(_signature, row["constructors"])),
                    row["recursive"],
                    row["prop"],
                    row["params"],
                    row["indices"],
                    row["structure"],
                    row["class"],
                    tuple(row["block"]),
                )
                laws += read_premises(row["laws"])
            case "instance":
                instances[signature.name] = Instance(signature, frozenset(row["own"]))
    return Context(functions, types, instances, (*laws, *read_premises(reply["theorems"])))


def read_premises(
    rows: Iterable[Mapping[str, Any]], sources: Mapping[str, str] = MappingProxyType({})
) -> tuple[Premise, ...]:
    """Theorems as the gym writes them; `sources` are the modules of those that are imported."""
    return tuple(
        Premise(
            _signature(row),
            frozenset(row["own"]),
            row["head"],
            row["sorry"],
            row["grind"],
            sources.get(row["name"]),
        )
        for row in rows
    )


def _signature(row: Mapping[str, Any]) -> Signature:
    binders = tuple(Binder(name, kind, _tree(tree)) for name, kind, tree in row["binders"])
    return Signature(row["name"], row["shown"], row["type"], binders, _tree(row["result"]))


def _tree(row: Any) -> Tree:
    return tuple(map(_tree, row)) if isinstance(row, list) else row


def read_messages(reply: Mapping[str, Any]) -> tuple[Message, ...]:
    """The messages of a reply of the gym."""
    return tuple(
        Message(
            m["severity"],
            m["line"],
            m["column"],
            m["text"],
            m.get("parse", False),
            m.get("command"),
            None if m.get("end") is None else tuple(m["end"]),
        )
        for m in reply.get("messages", ())
    )


def read_commands(rows: Sequence[Mapping[str, Any]]) -> tuple[Command, ...]:
    """The commands of a reply of the gym."""
    return tuple(
        Command(
            first=c["first"],
            last=c["last"],
            kind=c["kind"],
            tainted=c["tainted"],
            pieces=tuple(
                Piece(
                    first=p["first"],
                    last=p["last"],
                    kind=p["kind"],
                    id=None if p["id"] is None else tuple(p["id"]),
                    body=p["body"],
                    body_end=p["body_end"],
                    more=p["more"],
                )
                for p in c["pieces"]
            ),
            constants=_constants(c["constants"]),
            sides=tuple(_constants(side) for side in c["sides"]),
            variables=c["variables"],
            segments=tuple(c["segments"]),
        )
        for c in rows
    )


def _constants(rows: Sequence[Mapping[str, Any]]) -> tuple[Constant, ...]:
    found = (
        Constant(tuple(c["name"]), c["shown"], c["kind"], c["auxiliary"], c["sorry"]) for c in rows
    )
    return tuple(sorted(found, key=lambda c: (len(c.name), [str(part) for part in c.name])))
