"""What is asked of a resident engine and what it answers, as the JSON of the wire.

A request is `POST /v1/METHOD` with the JSON object of its class; the fields without a default must be
there. Positions are byte offsets in UTF-8.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar

from prover.errors import ProverError, WrongUse

T = TypeVar("T")

MOST_SECONDS = 86_400.0
MOST_EXPANSIONS = 1_000_000
"""What one hole may be given by a request."""


class ServeError(ProverError):
    """The resident engine cannot be had, or refused a request. `kind` is the class of the error that
    it met, `code` the exit code of a command that this ends."""

    def __init__(self, message: str, hint: str = "", kind: str = "", code: int = 2) -> None:
        super().__init__(message, hint)
        self.kind = kind or type(self).__name__
        self.exit_code = code  # type: ignore[misc]


class EngineGone(ServeError):
    """The engine ended before it answered. A request that changes nothing can be made again."""


class QueueFull(ServeError):
    """Too many requests wait already."""


class UnknownState(ServeError):
    """A state, a document or a job that this session does not have (any more)."""


class Superseded(ServeError):
    """A newer version of a document took the place of what was asked about."""


class EngineStopped(ServeError):
    """The engine was told to stop while it worked on a request."""


class Lenient:
    """A request that may have fields that nobody here knows."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Where:
    """The Lean and the model of a request: those of a folder, as `Settings` has them. `model` is
    `auto` (the one that comes with the package, if it can run; also None), `none`, or a name."""

    folder: str
    lean: str = "auto"
    jobs: int | None = None
    model: str | None = None
    format: str | None = None
    few_shot: str | None = None


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How a search is done, as `Options` has it; what is left out is as there."""

    expansions: int | None = 600
    heartbeats: int | None = None
    tokens: int | None = None
    seconds: float | None = 300.0
    seed: int = 0
    paranoid: bool = False
    refute: bool = True
    discover: bool = True


@dataclass(frozen=True, slots=True)
class Prove:
    """Fills the holes of a `text`, of its declaration `name` or its declarations `names`, or the one
    hole `at` a byte offset; or proves a `statement`. `job` is a name by which `cancel` ends its
    searches early: what they have is then the answer."""

    where: Where
    text: str | None = None
    statement: str | None = None
    header: str = ""
    informal: str = ""
    name: str | None = None
    names: tuple[str, ...] | None = None
    at: int | None = None
    options: SearchOptions = field(default_factory=SearchOptions)
    graphs: bool = False
    job: str | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Ends the searches of a job of this session."""

    job: str


@dataclass(frozen=True, slots=True)
class Check:
    """The verdicts on a finished text."""

    where: Where
    text: str
    name: str | None = None
    statements: str | None = None
    paranoid: bool = False


@dataclass(frozen=True, slots=True)
class Goals:
    """The holes of a `text`, or of a `statement` that is to be proved, with states to run tactics on.
    With `header`, `text` is what follows it. Positions are in the `text` of the answer: the one that
    was given, or the whole text that a statement stands for, which `begin`s after the header."""

    where: Where
    text: str | None = None
    header: str | None = None
    statement: str | None = None


@dataclass(frozen=True, slots=True)
class RunTactic:
    """Runs a tactic on a state. `goal_order` and `kept` of the answer are those of `Progress`: what
    the script of a proof needs to know."""

    state: str
    tactic: str
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Suggest:
    """Tactics that work on a state: at most `most`, looked for at most `seconds`."""

    state: str
    most: int = 8
    seconds: float = 10.0
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Refute:
    """Looks for a disproof of a theorem of a `text` (`name`, or its last), or of a `statement`."""

    where: Where
    text: str | None = None
    name: str | None = None
    statement: str | None = None
    header: str = ""


@dataclass(frozen=True, slots=True)
class Premises:
    """Theorems that may help with a state."""

    state: str
    most: int = 16
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """Says that states will not be asked for again."""

    states: tuple[str, ...]
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """Asks what the engine is and does."""

    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """Has the engine end: `now`, or once nobody has asked anything for a minute."""

    now: bool = True


@dataclass(frozen=True, slots=True)
class ShownHypothesis:
    name: str
    type: str
    value: str | None


@dataclass(frozen=True, slots=True)
class ShownGoal:
    pp: str
    target: str
    hypotheses: tuple[ShownHypothesis, ...]
    case: str | None


@dataclass(frozen=True, slots=True)
class ShownState:
    """Goals that belong together, and the name of their state in its session."""

    id: str
    pp: str
    goals: tuple[ShownGoal, ...]


def read(kind: type[T], value: Any, what: str = "the request") -> T:
    """A request from plain JSON values.

    Raises:
        WrongUse: a field is missing, is of another type, or is not known; the message names it.
    """
    if not isinstance(value, Mapping):
        raise WrongUse(f"{what} must be a JSON object")
    hints = _hints(kind)  # type: ignore[arg-type]
    prefix = "" if what == "the request" else f"{what}."
    if unknown := [] if issubclass(kind, Lenient) else [n for n in value if n not in hints]:
        raise WrongUse(f"{prefix}{unknown[0]} is no field; there are: {', '.join(hints)}")
    given = {n: _value(hints[n], one, prefix + n) for n, one in value.items() if n in hints}
    for own in fields(kind):  # type: ignore[arg-type]
        needed = own.default is MISSING and own.default_factory is MISSING
        if needed and own.name not in given:
            raise WrongUse(f"{prefix}{own.name} is missing")
    return kind(**given)


NAMES = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


def _value(hint: Any, value: Any, what: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        if value is None:
            return None
        hint, *others = (one for one in arguments if one is not type(None))
        return _value(type(value) if type(value) in others else hint, value, what)
    if origin is tuple:
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise WrongUse(f"{what} must be a list")
        return tuple(_value(arguments[0], one, f"{what}[{i}]") for i, one in enumerate(value))
    if is_dataclass(hint):
        return read(hint, value, what)  # type: ignore[arg-type]
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise WrongUse(f"{what} must be {NAMES[hint]}")
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise WrongUse(f"{what} is no Unicode text") from None
    if isinstance(value, float) and not (0 <= value < float("inf")):
        raise WrongUse(f"{what} must be at least 0")
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)
