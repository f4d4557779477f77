"""New statements from old ones by tactics: one runs on the goal of a statement, and a goal that it
leaves is the child. So Lean, not a reading of the text, says what a numeral, a variable or a side of a
conjunction is. The operators are those of Evol-Instruct (WizardMath, Luo et al. 2023, arXiv
2308.09583), upward `generalise`, `abstract`, `strengthen`, `conjoin`, `chain`, and downward
`specialise`, `drop_conjunct`, `lift`.

A child may be false: who keeps it, has it looked at (`prover.train.evolve`).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from random import Random

from prover.data.theorems.evolve import conjoin, restated, signature
from prover.data.theorems.statement import Draft, Row, renamed
from prover.engine.checking import StatementError
from prover.engine.targets import open_statement
from prover.generate import shapes
from prover.generate.shapes import INT, NAT, RELATIONS, View, shape
from prover.lean.pool import LeanPool
from prover.lean.source import with_options
from prover.lean.worker import ElaborationFailed
from search.interfaces import Failure, Goal, State

UP, DOWN = "up", "down"
DEFINITION, PRECISION = "definition", "precision"
"""What a refused child lacks: Lean does not accept it, or it says nothing that is new and true."""

TRIES = 3
"""Of an operator on one statement, until a child comes of it."""

VALUES = range(11)
"""What a variable is specialised to."""

Move = tuple[str, int]
"""A tactic, and which of the goals that it leaves is the child."""


@dataclass(frozen=True, slots=True)
class Parent:
    """A statement that is opened in Lean, its variables and hypotheses introduced. `draft` is how Lean
    prints it, None where this print does not mean the same."""

    row: Row
    state: State
    draft: Draft | None

    @property
    def goal(self) -> Goal:
        return self.state.goals[0]


@dataclass(frozen=True, slots=True)
class Child:
    """What an operator has made: `by` is the tactic or what else did it. Without a `row`, `refused`
    says why there is no statement."""

    operator: str
    direction: str
    parents: tuple[Row, ...]
    by: str
    row: Row | None = None
    refused: str = ""


# Moves


def generalise(view: View) -> Iterator[Move]:
    """A numeral becomes a variable, in the hypotheses too."""
    types = dict.fromkeys([NAT, *view.variables.values()])
    for numeral, type_ in product(view.numerals, types):
        if numeral > 1:
            yield _as_variable(view, f"({numeral} : {type_})")


def abstract(view: View) -> Iterator[Move]:
    """A term becomes a variable: what was known of it, is not known any more."""
    for term in dict.fromkeys(_terms(view.goal.target)):
        if not (shapes.usable(term) or term.isdigit()):
            yield _as_variable(view, f"({term})")


def strengthen(view: View) -> Iterator[Move]:
    """A conclusion from which that of the statement follows."""
    if view.target.head in ("≤", "≥"):
        yield "first | refine Std.le_of_lt ?_ | refine le_of_lt ?_", 0
    if view.target.head == "∨":
        yield "refine Or.inl ?_", 0
        yield "refine Or.inr ?_", 0
    if view.goal.hypotheses and view.goal.hypotheses[-1].is_prop:
        yield f"revert {view.goal.hypotheses[-1].name}; refine Iff.mp ?_", 0


def specialise(view: View) -> Iterator[Move]:
    """A number in the place of a variable."""
    equation = view.fresh("h")[0]
    for name, value in product(view.of_type(NAT, INT), VALUES):
        yield f"rcases Classical.em ({name} = {value}) with rfl | {equation}", 0


def drop_conjunct(view: View) -> Iterator[Move]:
    """One side of a conjunction."""
    if view.target.head == "∧":
        sides = len(view.target.parts)
        for side in range(sides):
            yield f"refine ⟨{', '.join(['?_'] * sides)}⟩", side


MOVES: dict[str, tuple[str, Callable[[View], Iterator[Move]]]] = {
    "generalise": (UP, generalise),
    "abstract": (UP, abstract),
    "strengthen": (UP, strengthen),
    "specialise": (DOWN, specialise),
    "drop_conjunct": (DOWN, drop_conjunct),
}


TO_A_VARIABLE = ("generalise", "abstract")
"""Operators whose statements are often false: then another term is tried."""


def _as_variable(view: View, term: str) -> Move:
    name = view.fresh("c")[0]
    return f"generalize {term} = {name} at * <;> fail_if_success clear {name}", 0


def _terms(text: str) -> Iterator[str]:
    """Terms that stand in no binder: the sides of relations, and what stands in round brackets."""
    form = shape(text)
    if form.head in RELATIONS:
        for side in form.parts:
            yield side
            yield from re.findall(r"\(([^()]+)\)", side)
    elif form.head not in ("∀", "∃"):
        for part in form.parts:
            yield from _terms(part)


# Statements in Lean


async def open_goal(pool: LeanPool, header: str, statement: str) -> State:
    """The goal of a text that is one theorem and nothing else.

    Raises:
        StatementError: it does not elaborate, or is something else.
    """
    header = with_options(header, statement)
    try:
        text = await open_statement(pool, header, statement)
    except ElaborationFailed as failed:
        raise StatementError(str(failed)) from None
    why = next((message.text for message in text.errors), "")
    if not why and (text.tainted or len(text.declarations) != 1 or len(text.holes) != 1):
        why = "it is more than one theorem"
    if why:
        pool.release([hole.state for hole in text.holes])
        raise StatementError(why)
    return text.holes[0].state


async def open_parent(pool: LeanPool, row: Row) -> Parent:
    """A statement to evolve. The caller releases its state.

    Raises:
        StatementError: it does not elaborate.
    """
    state = await _after(pool, await open_goal(pool, row.header, row.statement), "intros")
    if names := shapes.renamed(state.goals[0])[1]:
        state = await _after(pool, state, f"rename_i {' '.join(names)}")
    draft = _draft(row, *signature(state.goals[0]))
    try:
        again = await open_goal(pool, draft.header, draft.statement)
    except StatementError:
        return Parent(row, state, None)
    pool.release([again])
    return Parent(row, state, draft if type_key(again) == type_key(state) else None)


async def _after(pool: LeanPool, state: State, tactic: str) -> State:
    """The state that a tactic leaves; the same where it fails."""
    outcome = await pool.run(state, tactic)
    if isinstance(outcome, Failure):
        return state
    pool.release([state])
    return outcome.children[0]


def _draft(row: Row, binders: tuple[str, ...] = (), conclusion: str = "") -> Draft:
    return Draft(
        row.family,
        row.knobs["template"],
        binders,
        conclusion,
        row.header,
        knobs=row.knobs,
        seed=row.seed,
        lineage=row.lineage,
        split=row.split,
    )


def type_key(state: State) -> str:
    """Lean's hash of the closed goal, which is that of `Row`."""
    return state.key.split(".")[0]


async def stated(
    pool: LeanPool,
    parents: Sequence[Row],
    draft: Draft,
    direction: str,
    by: str,
    key: str | None = None,
) -> Child:
    """A draft as a child, if it elaborates, and to the type with the hash `key`, if that is known."""
    operator = draft.knobs["operator"]
    child = Child(operator, direction, tuple(parents), by)
    try:
        state = await open_goal(pool, draft.header, draft.statement)
    except StatementError as error:
        return replace(child, refused=f"{DEFINITION}: {error.message.splitlines()[0]}")
    pool.release([state])
    if key is not None and type_key(state) != key:
        return replace(child, refused=f"{DEFINITION}: its print means something else")
    lineage = (*parents[0].lineage, operator, *(row.name for row in parents))
    draft = replace(draft, lineage=lineage, knobs=draft.knobs | {"direction": direction})
    return replace(child, row=Row.of(draft, type_key(state)))


# Operators


async def moved(
    pool: LeanPool, parent: Parent, operator: str, numbers: Random
) -> AsyncIterator[Child]:
    """What the moves of an operator make of a statement, up to the first that is one."""
    direction, moves = MOVES[operator]
    some = list(moves(View(parent.goal)))
    numbers.shuffle(some)
    for tactic, place in some[:TRIES]:
        outcome = await pool.run(parent.state, tactic)
        if isinstance(outcome, Failure):
            continue
        made = outcome.children[outcome.goal_order[place]]
        false = await pool.counterexample(made) if operator in TO_A_VARIABLE else None
        if false is not None:
            pool.release(outcome.children)
            why = f"{PRECISION}: it leaves a goal that is false at {false}"
            yield Child(operator, direction, (parent.row,), tactic, refused=why)
            continue
        child = await of_goal(pool, parent.row, made, operator, direction, tactic)
        pool.release(outcome.children)
        yield child
        if child.row is not None:
            return


async def of_goal(
    pool: LeanPool, row: Row, state: State, operator: str, direction: str, by: str
) -> Child:
    """A goal that came of a statement, as a child."""
    goal = shapes.renamed(state.goals[0])[0]
    binders, conclusion = signature(goal)
    anew = f"show {conclusion}"  # a tactic may have left notes in the goal, which count in its hash
    if binders:
        names = " ".join(h.name for h in goal.hypotheses)
        anew = f"revert {names}; show ∀ {' '.join(binders)}, {conclusion}"
    shown = await pool.run(state, anew)
    same = state if isinstance(shown, Failure) else shown.children[0]
    draft = restated(_draft(row), goal, operator)
    child = await stated(pool, [row], draft, direction, by, type_key(same))
    if same is not state:
        pool.release([same])
    return child


async def lifted(
    pool: LeanPool, parent: Parent, tactics: Mapping[str, str], numbers: Random
) -> AsyncIterator[Child]:
    """A goal that comes up in a proof, as a statement of its own. `tactics` are those of the proof, by
    the print of the state that each is for."""
    state = await open_goal(pool, parent.row.header, parent.row.statement)
    made, waiting = [state], [state]
    inner: dict[str, tuple[State, str]] = {}
    while waiting:
        at = waiting.pop()
        tactic = tactics.get(at.pp)
        outcome = await pool.run(at, tactic) if tactic is not None else None
        if outcome is None or isinstance(outcome, Failure):
            continue
        made += outcome.children
        for left in outcome.children:
            if left.key not in inner and len(left.goals) == 1 and left.pp in tactics:
                inner[left.key] = left, outcome.tactic
                waiting.append(left)
    some = list(inner.values())
    numbers.shuffle(some)
    for one, tactic in some[:TRIES]:
        child = await of_goal(pool, parent.row, one, "lift", DOWN, tactic)
        yield child
        if child.row is not None:
            break
    pool.release(made)


async def composed(
    pool: LeanPool, parent: Parent, others: Sequence[Parent], numbers: Random
) -> AsyncIterator[Child]:
    """The statement and another as one: both, and that one follows from the other."""
    if parent.draft is None:
        return
    for make in (_both, chain):
        for other in numbers.sample(others, len(others)):
            try:
                draft = make(parent, other)
            except ValueError:
                continue
            rows = (parent.row, other.row)
            yield await stated(pool, rows, draft, UP, f"with {other.row.name}")
            break


def _both(one: Parent, other: Parent) -> Draft:
    if one.draft is None or other.draft is None:
        raise ValueError("a statement does not survive printing")
    return conjoin(one.draft, other.draft)


def chain(one: Parent, other: Parent) -> Draft:
    """That the conclusion of the second follows from that of the first, at the same values of their
    variables.

    Raises:
        ValueError: their variables have other types, or they need different definitions.
    """
    first, second = _both(one, other), other.goal.hypotheses
    variables = [
        [h for h in hypotheses if not h.is_prop] for hypotheses in (one.goal.hypotheses, second)
    ]
    if [h.type for h in variables[0]] != [h.type for h in variables[1]] or not variables[0]:
        raise ValueError("the statements are about variables of other types")
    assert one.draft is not None and other.draft is not None
    taken = {h.name for h in one.goal.hypotheses}
    facts = [h for h in second if h.is_prop]
    names = shapes.fresh(taken, *(h.name for h in facts))
    new = {h.name: name for h, name in zip(facts, names, strict=True)}
    new |= {b.name: a.name for a, b in zip(*variables, strict=True)}
    alone, _ = signature(replace(other.goal, hypotheses=tuple(facts)))
    changed = renamed(replace(other.draft, binders=alone), new)
    return replace(
        first,
        template=f"{one.draft.template}_chain",
        binders=(*one.draft.binders, *changed.binders),
        conclusion=f"({one.draft.conclusion}) → ({changed.conclusion})",
        knobs=first.knobs | {"operator": "chain"},
    )
