"""A found proof and its Lean script."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from search.interfaces import State


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Proof:
    """`tactic` turns `state` into `children`, which are proved in turn. Equal subproofs are shared.

    `goal_order` and `kept` are those of `Progress`; `order` is the number of the step in its graph.
    """

    state: State
    tactic: str
    children: tuple[Proof, ...]
    goal_order: tuple[int, ...]
    kept: tuple[int, ...] | None
    order: int

    def nodes(self) -> Iterator[Proof]:
        """Every different part of the proof once, each before what it consists of."""
        seen = {self}
        stack = [self]
        while stack:
            proof = stack.pop()
            yield proof
            for child in reversed(proof.children):
                if child not in seen:
                    seen.add(child)
                    stack.append(child)


def layout(tactic: str) -> str:
    """A tactic text without outer blank space, with its relative indentation."""
    return (textwrap.dedent(tactic) if "\n" in tactic else tactic.strip()).strip("\r\n").rstrip()


@dataclass(slots=True, eq=False)
class _Open:
    """A proof that is being written; `goals` in `_Scope` holds it once per goal it still has."""

    proof: Proof


@dataclass(slots=True)
class _Scope:
    """A block of the script: Lean's list of visible goals and where the next line stands."""

    goals: list[_Open]
    indent: str = ""
    head: str = ""
    bullets: bool = False

    def lines(self, text: str) -> Iterator[str]:
        for line in text.split("\n"):
            yield (self.head + line).rstrip()
            self.head = self.indent


def script(proof: Proof) -> str:
    """The tactic block of a proof, without the leading `by`.

    Lean keeps one flat list of goals. The script always works on its first goal: a goal that shares
    nothing with the others gets a `·` block, a coupled one is worked on in place under `focus`.
    """
    lines: list[str] = []
    scopes = [_Scope([_Open(proof)] * len(proof.state.goals))]
    while scopes:
        scope = scopes[-1]
        if not scope.goals:
            scopes.pop()
            continue
        first = scope.goals[0]
        alone = len(scope.goals) == 1
        if len(first.proof.state.goals) == 1 and (scope.bullets or not alone):
            scope.bullets = True
            del scope.goals[0]
            scopes.append(_Scope([first], scope.indent + "  ", scope.indent + "· "))
            continue
        scope.bullets = False
        text = layout(first.proof.tactic)
        if not alone:
            text = f"focus\n{textwrap.indent(text, '  ')}" if "\n" in text else f"focus {text}"
        lines.extend(scope.lines(text))
        scope.goals = _after(scope.goals)
    return "\n".join(lines)


def _after(goals: list[_Open]) -> list[_Open]:
    """The flat list after the first goal's tactic: its new goals, then what is left of the rest."""
    first = goals[0]
    proof = first.proof
    size = len(proof.state.goals)
    kept = proof.kept
    if kept is None:
        kept = tuple(range(max(1, size - len(proof.goal_order)), size))
    children = [_Open(child) for child in proof.children]
    left = [children[index] for index in proof.goal_order]
    new = len(left) - len(kept)
    survivors = dict(zip(kept, left[new:], strict=True))
    result = left[:new]
    position = 0
    for goal in goals[1:]:
        if goal is not first:
            result.append(goal)
            continue
        position += 1
        if position in survivors:
            result.append(survivors[position])
    return result
