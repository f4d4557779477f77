"""The one answer that search, reports and doors read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from search.budget import Spent


class Outcome(StrEnum):
    """How an attempt at a theorem ended."""

    PROVED = "proved"
    DISPROVED = "disproved"
    REJECTED = "rejected"
    CHEATED = "cheated"
    TIMEOUT = "timeout"
    CRASH = "crash"
    GAVE_UP = "gave_up"


@dataclass(frozen=True, slots=True)
class Layer:
    """One check that ran on a finished proof: its name, whether it passed, and what it found."""

    name: str
    passed: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LeanVersion:
    """The Lean that judged, and what is known against its kernel."""

    version: str
    kind: str
    known_kernel_bugs: tuple[str, ...] = ()
    sound_since: str = ""
    """The first version without any of them."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a theorem is proved, and how that is known.

    `reason` says why not, in a sentence, or what to mind. `proof` is the tactic script, without `by`;
    `text` the whole text that was checked. `axioms` are those the proof rests on as far as this Lean
    shows them. Of a theorem that is false, `disproof` is a proof of its negation, `text`, `layers`
    and `axioms` go with that, and `counterexample` says in words where (`n = 1`); without a disproof,
    it says so of a goal that a proof with holes leaves open. `could_not_run` are the checks that were
    asked for and did not happen, with the reasons.
    `open_goals` are prints of the best goals of a search that gave up. `rests_on` are declarations of
    the text that it needs and that are not finished: it is not proved before they are. `lemmas` are
    theorems that were found on the way and stand before it in `text`: name and statement.
    """

    outcome: Outcome
    name: str
    lean: LeanVersion
    reason: str = ""
    proof: str | None = None
    disproof: str | None = None
    counterexample: str | None = None
    text: str | None = None
    layers: tuple[Layer, ...] = ()
    could_not_run: tuple[str, ...] = ()
    axioms: tuple[str, ...] = ()
    type_hash: str = ""
    spent: Spent = field(default_factory=Spent)
    open_goals: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()
    seed: int | None = None
    lemmas: tuple[str, ...] = ()

    @property
    def proved(self) -> bool:
        return self.outcome is Outcome.PROVED

    def to_json(self) -> dict[str, Any]:
        """The verdict as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Verdict:
        """The verdict that `to_json` has written."""
        given: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list) else v for name, v in value.items()
        }
        lean = value["lean"]
        given["lean"] = LeanVersion(
            lean["version"], lean["kind"], tuple(lean["known_kernel_bugs"]), lean["sound_since"]
        )
        given["outcome"] = Outcome(value["outcome"])
        given["layers"] = tuple(Layer(**layer) for layer in value["layers"])
        given["spent"] = Spent(**value["spent"])
        return cls(**given)
