"""A finite world to search in, a brute-force solver for it, and a reader of its scripts.

Goals are small numbers with a colour. Goals of colour 0 are independent; goals of another colour
that stem from one coupled state share a metavariable and stay together. A tactic replaces the first
goal of a state by new ones and may solve some of the hidden ones of the same state on the way.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from search.interfaces import (
    UNFINISHED,
    Cost,
    Failure,
    Goal,
    Outcome,
    Progress,
    Request,
    State,
    Suggestion,
)
from search.proof import Proof

LARGEST_STATE = 3
Group = tuple[int, ...]


@dataclass(frozen=True)
class Rule:
    """What a tactic does to a first goal: None fails; else new goals, and values it solves. A brief
    try of a `dear` one does not finish."""

    new: Group | None
    solves: frozenset[int] = frozenset()
    logprob: float = -1.0
    text: str = ""
    dear: bool = False


@dataclass(frozen=True)
class Applied:
    flat: tuple[int, ...]
    groups: tuple[Group, ...]
    goal_order: tuple[int, ...]
    kept: tuple[int, ...]


@dataclass(frozen=True)
class World:
    colours: tuple[int, ...]
    rules: tuple[tuple[Rule, ...], ...]

    def tactics(self, group: Group) -> dict[str, Rule]:
        return {rule.text: rule for rule in self.rules[group[0]]}

    def apply(self, group: Group, tactic: str) -> Applied | None:
        rule = self.tactics(group).get(tactic)
        if rule is None or rule.new is None:
            return None
        kept = tuple(i for i in range(1, len(group)) if group[i] not in rule.solves)
        flat = (*rule.new, *(group[i] for i in kept))
        members: dict[object, list[int]] = {}
        order: list[object] = []
        for position, goal in enumerate(flat):
            colour = self.colours[goal]
            cluster: object = ("alone", position) if colour == 0 else colour
            members.setdefault(cluster, []).append(goal)
            order.append(cluster)
        clusters = list(members)
        groups = tuple(tuple(members[cluster]) for cluster in clusters)
        if any(len(group) > LARGEST_STATE for group in groups):
            return None
        return Applied(flat, groups, tuple(clusters.index(cluster) for cluster in order), kept)

    def provable(self, root: Group) -> bool:
        """Least fixpoint over everything that can be reached, by plain iteration."""
        steps: list[tuple[Group, tuple[Group, ...]]] = []
        seen = {root}
        stack = [root]
        while stack:
            group = stack.pop()
            for tactic in self.tactics(group):
                if (applied := self.apply(group, tactic)) is not None:
                    steps.append((group, applied.groups))
                    fresh = set(applied.groups) - seen
                    seen |= fresh
                    stack.extend(sorted(fresh))
        proved: set[Group] = set()
        while True:
            more = {group for group, children in steps if proved.issuperset(children)}
            if more <= proved:
                return root in proved
            proved |= more

    def state(self, group: Group, handle: int | None = None) -> State:
        return State(repr(group), tuple(Goal(f"⊢ {g}", str(g)) for g in group), handle)

    def outcome(
        self,
        state: State,
        tactic: str,
        handle: Callable[[], int] | None = None,
        *,
        brief: bool = False,
    ) -> Outcome:
        applied = self.apply(group_of(state), tactic)
        cost = Cost(heartbeats=len(tactic))
        rule = self.tactics(group_of(state)).get(tactic)
        if brief and rule is not None and rule.dear:
            return Failure(UNFINISHED, f"{tactic} takes more", cost)
        if applied is None:
            return Failure("tactic", f"{tactic} does not apply", cost)
        children = tuple(
            self.state(group, None if handle is None else handle()) for group in applied.groups
        )
        return Progress(tactic, children, applied.goal_order, cost, applied.kept)

    def suggestions(self, state: State) -> list[Suggestion]:
        return [Suggestion(r.text, r.logprob, 1) for r in self.rules[group_of(state)[0]]]

    def replays(self, proof: Proof) -> bool:
        """Whether every step of a proof is what the world says, down to the leaves."""
        for node in proof.nodes():
            applied = self.apply(group_of(node.state), node.tactic)
            if applied is None or len(applied.groups) != len(node.children):
                return False
            if [group_of(child.state) for child in node.children] != list(applied.groups):
                return False
        return True


def group_of(state: State) -> Group:
    return tuple(int(goal.target) for goal in state.goals)


@dataclass
class LeanGoals:
    """Lean's flat list of goals while a script runs: (goal, what it shares a metavariable with)."""

    world: World
    goals: list[tuple[int, object]]

    def tactic(self, text: str) -> None:
        assert self.goals, f"no goal left for {text!r}"
        cluster = self.goals[0][1]
        own = [i for i, goal in enumerate(self.goals) if goal[1] is cluster]
        group = tuple(self.goals[i][0] for i in own)
        applied = self.world.apply(group, text)
        assert applied is not None, f"{text!r} fails on {group}"
        tokens = [object() for _ in applied.groups]
        after = [
            (goal, tokens[child])
            for goal, child in zip(applied.flat, applied.goal_order, strict=True)
        ]
        new = len(after) - len(applied.kept)
        survivors = {own[k]: after[new + n] for n, k in enumerate(applied.kept)}
        rest = [
            survivors.get(i, goal)
            for i, goal in enumerate(self.goals)
            if i not in own or i in survivors
        ]
        self.goals = after[:new] + rest

    def block(self, lines: list[str]) -> None:
        """Runs the lines of one tactic block, which begins in column 0."""
        items: list[list[str]] = []
        for line in lines:
            if line.startswith(" "):
                items[-1].append(line)
            else:
                items.append([line])
        for head, *rest in items:
            if head.startswith("· "):
                inside = LeanGoals(self.world, [self.goals.pop(0)])
                assert all(inside.goals[0][1] is not other for _, other in self.goals)
                inside.block([head[2:], *dedented(rest)])
                assert not inside.goals, f"goals left in {head!r}"
            elif head == "focus":
                self.tactic("\n".join(dedented(rest)))
            elif head.startswith("focus "):
                assert not rest
                self.tactic(head.removeprefix("focus "))
            else:
                assert len(self.goals) == 1, f"{head!r} sees {len(self.goals)} goals"
                self.tactic("\n".join([head, *rest]))


def dedented(lines: list[str]) -> list[str]:
    assert all(line.startswith("  ") for line in lines)
    return [line[2:] for line in lines]


def script_proves(world: World, root: Group, script: str) -> bool:
    shared = object()
    goals = LeanGoals(world, [(goal, shared) for goal in root])
    lines = script.split("\n")
    assert not any(line != line.rstrip() for line in lines)
    goals.block(lines)
    return not goals.goals


@st.composite
def worlds(draw: st.DrawFn, largest: int = 6) -> World:
    size = draw(st.integers(1, largest))
    goal = st.integers(0, size - 1)
    colours = tuple(draw(st.lists(st.sampled_from([0, 0, 1, 2]), min_size=size, max_size=size)))
    rule = st.builds(
        Rule,
        new=st.one_of(st.none(), st.lists(goal, max_size=3).map(tuple)),
        solves=st.frozensets(goal, max_size=2),
        logprob=st.sampled_from([-4.0, -2.5, -1.0, -0.5, -0.1, 0.0]),
        dear=st.booleans(),
    )
    rules = []
    for index in range(size):
        drawn = draw(st.lists(rule, max_size=4))
        rules.append(tuple(replace(r, text=tactic_text(index, n)) for n, r in enumerate(drawn)))
    return World(colours, tuple(rules))


def tactic_text(goal: int, number: int) -> str:
    """Some tactics have several lines, with an indentation of their own."""
    if number == 2:
        return f"t{goal}_{number} with\n  | a =>\n      b\n  | c"
    return f"t{goal}_{number}"


@dataclass
class WorldEnvironment:
    """Runs tactics after random delays, and keeps account of every state it handed out: `live` are
    those for a search to release, `roots` those that it was given."""

    world: World
    capacity: int = 3
    seed: int | None = None
    false: dict[str, str] = field(default_factory=dict)
    live: set[int] = field(default_factory=set)
    roots: set[int] = field(default_factory=set)
    running: int = 0
    most_running: int = 0
    ran: list[tuple[str, str]] = field(default_factory=list)
    _next: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def start(self, group: Group) -> State:
        self._next += 1
        self.roots.add(self._next)
        return self.world.state(group, self._next)

    def _handle(self) -> int:
        self._next += 1
        self.live.add(self._next)
        return self._next

    async def run(self, state: State, tactic: str, *, brief: bool = False) -> Outcome:
        assert state.handle in self.live | self.roots, f"{state.key} was released"
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            if self.seed is not None:
                for _ in range(self._random.randrange(6)):
                    await asyncio.sleep(0)
            self.ran.append((state.key, tactic))
            return self.world.outcome(state, tactic, self._handle, brief=brief)
        finally:
            self.running -= 1

    async def counterexample(self, state: State) -> str | None:
        assert state.handle in self.live | self.roots, f"{state.key} was released"
        return self.false.get(state.key)

    def release(self, states: Sequence[State]) -> None:
        for state in states:
            assert isinstance(state.handle, int)
            self.live.remove(state.handle)


@dataclass
class WorldGenerator:
    """Streams the suggestions of all requests, interleaved."""

    world: World
    seed: int | None = None
    batches: list[list[str]] = field(default_factory=list)

    async def generate(self, requests: Sequence[Request]) -> AsyncIterator[tuple[int, Suggestion]]:
        self.batches.append([request.state.key for request in requests])
        everything = [
            (index, suggestion)
            for index, request in enumerate(requests)
            for suggestion in self.world.suggestions(request.state)
        ]
        if self.seed is not None:
            random.Random(self.seed).shuffle(everything)
        for item in everything:
            await asyncio.sleep(0)
            yield item
