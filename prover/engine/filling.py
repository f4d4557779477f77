"""The searches that one text is taken apart into, and the text that comes out of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from prover.engine.options import Searched
from prover.engine.targets import Target
from prover.lean.source import cut, fill_all
from prover.lean.states import Declaration, Elaborated, Hole, Name
from prover.lean.syntax import split_at_comments
from prover.verify.layers import errors_by_declaration
from search.best_first import BestFirst, SearchResult
from search.budget import Spent
from search.graph import Graph
from search.interfaces import State

MOST_FAILED, MOST_LEFT = 12, 3
"""How many failed tactics and open goals are told of a hole."""

MOST_THEOREMS = 200
"""How many of the theorems before a hole are looked at, the nearest."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where a search for several holes begins, and the tactic that leads there."""

    state: State
    tactic: str


@dataclass(frozen=True, eq=False)
class Part:
    """One search: the holes of a declaration that it fills, one unless they depend on each other.
    `shown` is the header as its user gave it, `informal` is what the declaration says in words."""

    header: str
    text: Elaborated
    target: Target
    holes: tuple[Hole, ...]
    start: Start | None = None
    shown: str = ""
    informal: str = ""

    @property
    def state(self) -> State:
        return self.start.state if self.start is not None else self.holes[0].state

    @property
    def theorems(self) -> list[Name]:
        """The theorems that stand before it, those of the header first."""
        before = [*self.text.head, *self.text.commands[: self.target.declaration.command]]
        return [name for command in before for name in command.theorems][-MOST_THEOREMS:]

    @property
    def line(self) -> int:
        """The line of its first hole."""
        return self.text.text.encode()[: self.holes[0].first].count(b"\n") + 1

    def is_at(self, at: int) -> bool:
        """Whether it fills a hole at a byte offset of the text."""
        return any(hole.first <= at < hole.last for hole in self.holes)

    def knows(self, names: AbstractSet[str]) -> bool:
        """Whether some of these theorems stand before it."""
        return not {".".join(map(str, name)) for name in self.theorems}.isdisjoint(names)

    def speaks_of(self, constants: AbstractSet[str]) -> list[str]:
        """Those of some constants that stand in the targets of its goals. What else is around may be of
        no use there."""
        return [name for goal in self.state.goals for name in goal.own if name in constants]

    @property
    def whole(self) -> bool:
        """Whether the hole is all of the proof: its goal is the statement."""
        piece, hole = self.target.declaration.piece, self.holes[0]
        if piece is None or piece.body is None:
            return False
        before = self.text.text.encode()[piece.body : hole.first].decode()
        return "".join(split_at_comments(before)).split() in ([":="], [":=", "by"])

    @property
    def in_statement(self) -> bool:
        """Whether a hole of it stands before the proof: what is asked changes with what fills it."""
        piece = self.target.declaration.piece
        return piece is not None and piece.body is not None and self.holes[0].first < piece.body

    @property
    def body(self) -> Hole:
        """The body of the declaration as one hole."""
        piece = self.target.declaration.piece
        assert piece is not None and piece.body is not None and piece.body_end is not None
        first = piece.body + len(":=")
        return replace(self.holes[0], first=first, last=piece.body_end, tactic=False)

    def script(self, found: str) -> str:
        """The tactic script that goes with what a search has found."""
        return found if self.start is None else f"{self.start.tactic}\n{found}"

    def candidate(self, script: str) -> str:
        """The text up to the end of the command, with a script in its place."""
        whole = self.text.text
        hole = self.holes[0] if self.start is None else self.body
        others = [(h, None) for h in self.target.holes if self.start is None and h is not hole]
        filled = fill_all(whole, [(hole, script), *others])
        end = self.text.commands[self.target.declaration.command].last
        return cut(filled, 0, len(filled.encode()) - (len(whole.encode()) - end))


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a search came to, and why the last complete proof that it had was refused. `false` says
    in words where its goal is false, as Lean evaluates it. `earlier` is the search before it that
    found nothing, `premises` the theorems of the text that were known to be proved; it `rests_on` what
    has to be mended first."""

    result: SearchResult
    refused: str | None
    false: str | None = None
    earlier: Found | None = None
    premises: AbstractSet[str] = frozenset()
    rests_on: tuple[str, ...] = ()

    def after(self, earlier: Found | None) -> Found:
        return replace(self, earlier=earlier)

    def stopped(self) -> Found:
        """The same where more would have been done after a budget was spent, and was not."""
        if self.result.status != "budget":
            return self
        return replace(self, result=replace(self.result, status="interrupted", reason=None))

    @property
    def spent(self) -> Spent:
        """What all searches for it took, one after the other."""
        spent = self.result.spent
        return spent if self.earlier is None else self.earlier.spent + spent

    @property
    def failures(self) -> Counter[str]:
        more = Counter[str]() if self.earlier is None else self.earlier.failures
        return self.result.failures + more

    @property
    def graph(self) -> Graph:
        return self.result.graph


def not_searched(part: Part, broken: AbstractSet[str]) -> Found:
    """What is known of a part that is left as it is, some constants of its text being `broken`."""
    why = "other holes are left as they are"
    there = tuple(dict.fromkeys(part.speaks_of(broken)))
    if there:
        why = f"it speaks of `{there[0]}`, which Lean does not accept: mend that first"
    if part.in_statement:
        why = (
            f"the hole in line {part.line} is a part of the statement, which is for you to complete"
        )
    return Found(BestFirst(part.state).result("open", why), None, rests_on=there)


def is_solved(target: Target, found: Sequence[tuple[Part, Found]]) -> bool:
    return all(one.result.proof is not None for part, one in found if part.target is target)


def open_beside(text: Elaborated, target: Target, solved: Sequence[Target]) -> tuple[str, ...]:
    """Declarations of the same command (a `mutual`) that stay open: Lean may put all into one."""
    done = {other.name for other in solved}
    command = target.declaration.command
    return tuple(
        d.name
        for d in text.declarations
        if d.command == command and d.sorry and d.name not in {target.name, *done}
    )


def filled_text(
    text: Elaborated,
    wanted: Sequence[Target],
    found: Sequence[tuple[Part, Found]],
    refused: Mapping[str, str],
) -> str:
    """The text with what was found. A declaration that is not proved as a whole keeps its holes for
    data, and those that depend on each other: what fills one could make another false."""
    proofs: list[tuple[Hole, str | None]] = []
    anew: list[tuple[Hole, str | None]] = []
    for target in wanted:
        own = [(part, one) for part, one in found if part.target is target]
        whole = is_solved(target, found)
        careful = target.coupled or not all(hole.prop for hole in target.holes)
        for part, one in own:
            keep = target.name not in refused and (whole or not careful)
            script = one.result.proof if keep else None
            if part.start is not None:
                anew += [(part.body, part.script(script))] if script is not None else []
            else:
                proofs += [(part.holes[0], script)]
    return fill_all(text.text, [*proofs, *anew])


def accepted(
    text: Elaborated, asked: Sequence[Target], declarations: Sequence[Declaration]
) -> tuple[Sequence[Target], list[tuple[str, str]]]:
    """The targets whose commands Lean accepts but for their holes; and what it does not accept of
    these declarations, or of the whole text, each with its first error."""
    errors, loose = errors_by_declaration(text)
    bad = {d.command: str(errors[d.place][0]) for d in text.declarations if d.place in errors}
    rejected = {d.name: str(errors[d.place][0]) for d in declarations if d.place in errors}
    for target in asked:
        if target.declaration.command in bad:
            rejected.setdefault(target.name, bad[target.declaration.command])
    found = [*rejected.items()]
    if len(declarations) == len(text.declarations):
        found += [(name, str(message)) for name, message in loose]
    return [t for t in asked if t.declaration.command not in bad], found


def not_accepted(text: Elaborated) -> frozenset[str]:
    """What holds a `sorry` in the place of what has errors, by the full names: nothing is known of it.
    An error beside it (of an instance to be derived, of an attribute) leaves it as it should be."""
    errors, _ = errors_by_declaration(text)
    made = (c for d in text.declarations if d.place in errors for c in d.constants if c.sorry)
    return frozenset(".".join(map(str, constant.name)) for constant in made)


def left_open(
    declarations: Sequence[Declaration], wanted: Sequence[Target]
) -> list[tuple[str, str]]:
    """What is left open where no proof can be put, with the reason."""
    searched = {target.name for target in wanted}
    return [
        (d.name, "its `sorry` is written by a macro or a type: no proof can be put there")
        for d in declarations
        if d.sorry and d.name not in searched
    ]


def total(parts: Sequence[Spent]) -> Spent:
    return Spent(
        expansions=sum(part.expansions for part in parts),
        tactics=sum(part.tactics for part in parts),
        tokens=sum(part.tokens for part in parts),
        heartbeats=sum(part.heartbeats for part in parts),
        seconds=max(part.seconds for part in parts),
        generating=max(part.generating for part in parts),
        verifying=max(part.verifying for part in parts),
    )


def best_goals(result: SearchResult) -> list[str]:
    """Prints of the goals best worth looking at; of the first one if none is open any more."""
    return [goal.state.pp for goal in result.open_goals] or [result.graph.root.state.pp]


def searched(part: Part, found: Found, false: str | None) -> Searched:
    """What became of a part; `false` says where its goal is false if a disproof has ended it."""
    name, line, goal = part.target.name, part.line, part.state.pp
    if found.result.proof is not None:
        return Searched(name, line, goal, proved=True)
    return Searched(
        name,
        line,
        goal,
        False,
        why_not(found),
        found.false or false,
        tuple(found.graph.root.failed)[:MOST_FAILED],
        tuple(best_goals(found.result)[:MOST_LEFT]),
    )


def why_not(found: Found) -> str:
    result = found.result
    if found.false is not None:
        return f"a goal of this proof is false at {found.false}, as Lean evaluates it"
    reason = result.reason or result.status
    if result.status == "exhausted":
        reason = "no tactic is left to try"
    elif result.status == "budget":
        reason = f"the budget is spent ({result.reason})"
    if found.refused is not None:
        return f"a proof was found, and refused: {found.refused}; then {reason}"
    return reason
