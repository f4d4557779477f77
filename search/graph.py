"""The proof graph: goals (OR) and steps (AND), with incremental statuses and path scores.

A goal needs one of its steps, a step all of its children. `Graph.check` recomputes what is written
here, and fails where it does not hold:

 1. There is one goal per `State.key`; the root is the first and its path is empty.
 2. A step stands once in its goal's `steps` and once in the `parents` of each different child.
 3. No two steps of a goal that are not banned have the same set of children.
 4. A goal is PROVED iff it is in the least set that holds every goal with a step that is not banned
    and whose children are all in the set.
 5. A goal is FAILED iff it is not in the least set that holds every goal that is PROVED or not
    exhausted, and every goal with a step that is not banned and whose children are all in the set.
    So goals on a cycle that only support each other are FAILED.
 6. A goal has a `support` iff it is OPEN and exhausted: one of its own steps, not banned, with no
    FAILED child. Following supports from a goal never comes back to it.
 7. A goal's `path` starts at the root, follows steps of the graph, visits no goal twice, and its
    score is the sum along it. No step offers its child a better path, except around a cycle.

The path score is the sum of log-probabilities (ReProver) over depth**alpha (BFS-Prover's length
normalisation): natural logarithms, depth in tactics, the root at 0. Paths are compared by this
priority, then by smaller depth. With alpha 0 the stored path is the best of all. Otherwise a longer
path can be the better one and a part of a best path need not be best itself, so what is stored is
best only among the extensions of the stored paths. Paths go through steps of any status.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from search.interfaces import Cost, Failure, State
from search.proof import Proof

if TYPE_CHECKING:
    import networkx as nx

LOWEST_LOGPROB = -1e9

FREE = Cost()

MESSAGE_KEPT = 300
"""How much of the message of a failed tactic is kept, in characters."""


class Status(StrEnum):
    OPEN = "open"
    PROVED = "proved"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Path:
    """A way from the root: its sum of log-probabilities, its number of steps, its last step."""

    logprob: float = 0.0
    depth: int = 0
    step: StepNode | None = None
    before: Path | None = None

    def steps(self) -> Iterator[StepNode]:
        """The steps of the path, the last first."""
        path: Path | None = self
        while path is not None and path.step is not None:
            yield path.step
            path = path.before


@dataclass(frozen=True, slots=True)
class FailedTactic:
    """How a tactic failed on a goal, with the beginning of the message, and in which expansion of the
    search, counted from 1."""

    logprob: float
    failure: Failure
    expansion: int


@dataclass(slots=True, eq=False)
class GoalNode:
    """A state to prove. `exhausted`: no further step will ever be added to it. `failed` are the
    tactics that did not run on it, in the order of their commits. `counterexample` is where it is
    false, if that is known."""

    state: State
    order: int
    path: Path = field(repr=False)
    status: Status = Status.OPEN
    exhausted: bool = False
    steps: list[StepNode] = field(default_factory=list, repr=False)
    parents: list[StepNode] = field(default_factory=list, repr=False)
    failed: dict[str, FailedTactic] = field(default_factory=dict, repr=False)
    counterexample: str | None = None
    support: StepNode | None = field(default=None, repr=False)

    @property
    def logprob(self) -> float:
        return self.path.logprob

    @property
    def depth(self) -> int:
        return self.path.depth


@dataclass(slots=True, eq=False)
class StepNode:
    """A tactic that turns `goal` into `children`; `goal_order`, `kept` and `cost` as in `Progress`.
    It ran in an `expansion` of the search, counted from 1."""

    goal: GoalNode = field(repr=False)
    order: int
    tactic: str
    logprob: float
    children: tuple[GoalNode, ...] = field(repr=False)
    goal_order: tuple[int, ...] = field(repr=False)
    kept: tuple[int, ...] | None = field(repr=False)
    cost: Cost = field(default=FREE, repr=False)
    expansion: int = 0
    banned: bool = False

    @property
    def status(self) -> Status:
        if self.banned or any(child.status is Status.FAILED for child in self.children):
            return Status.FAILED
        if all(child.status is Status.PROVED for child in self.children):
            return Status.PROVED
        return Status.OPEN

    def different_children(self) -> Iterable[GoalNode]:
        return dict.fromkeys(self.children)


def clip_logprob(logprob: float) -> float:
    """A finite log-probability of at most 0."""
    if math.isnan(logprob):
        raise ValueError("a log-probability is NaN")
    return min(0.0, max(logprob, LOWEST_LOGPROB))


class Graph:
    """Everything a search knows. Nodes are read freely, but changed only through these methods."""

    def __init__(self, root: State, *, alpha: float = 0.0) -> None:
        if not 0.0 <= alpha < math.inf:
            raise ValueError(f"alpha must be at least 0, not {alpha}")
        self.alpha = alpha
        self.root = GoalNode(root, 0, Path())
        self.goals = [self.root]
        self.steps: list[StepNode] = []
        self._by_key = {root.key: self.root}

    def find(self, state: State) -> GoalNode | None:
        return self._by_key.get(state.key)

    def priority(self, logprob: float, depth: int) -> float:
        """The score of a path: higher is better, at most 0."""
        return float(logprob / max(depth, 1) ** self.alpha)

    def add_failure(
        self, goal: GoalNode, tactic: str, logprob: float, failure: Failure, expansion: int = 0
    ) -> None:
        """Notes a tactic that did not run on a goal."""
        short = replace(failure, message=failure.message[:MESSAGE_KEPT])
        goal.failed[tactic] = FailedTactic(clip_logprob(logprob), short, expansion)

    def add_step(
        self,
        goal: GoalNode,
        tactic: str,
        logprob: float,
        children: Sequence[State],
        goal_order: Sequence[int],
        kept: Sequence[int] | None = None,
        *,
        cost: Cost = FREE,
        expansion: int = 0,
    ) -> list[GoalNode]:
        """Records a tactic that ran. Returns the goals that are new or have a better path now.

        Of two steps of a goal with the same set of children, the more probable one is kept.
        """
        if goal.exhausted:
            raise ValueError("an exhausted goal takes no further steps")
        logprob = clip_logprob(logprob)
        nodes: list[GoalNode] = []
        for state in children:
            node = self._by_key.get(state.key)
            if node is None:
                node = GoalNode(state, len(self.goals), Path(-math.inf))
                self._by_key[state.key] = node
                self.goals.append(node)
            nodes.append(node)
        step = StepNode(
            goal=goal,
            order=len(self.steps),
            tactic=tactic,
            logprob=logprob,
            children=tuple(nodes),
            goal_order=tuple(goal_order),
            kept=None if kept is None else tuple(kept),
            cost=cost,
            expansion=expansion,
        )
        twin = next(
            (s for s in goal.steps if not s.banned and set(s.children) == set(step.children)), None
        )
        if twin is None:
            goal.steps.append(step)
            self.steps.append(step)
            for child in step.different_children():
                child.parents.append(step)
            if step.status is Status.PROVED:
                self._prove([goal])
        elif step.logprob > twin.logprob:
            twin.tactic, twin.logprob = step.tactic, step.logprob
            twin.children, twin.goal_order = step.children, step.goal_order
            twin.kept = step.kept
            twin.cost, twin.expansion = step.cost, step.expansion
            for other in self.goals[1:]:
                other.path = Path(-math.inf)
            return self._improve_paths(self.root)
        else:
            return []
        return self._improve_paths(goal)

    def exhaust(self, goal: GoalNode) -> None:
        """Says that no further step will be added to this goal."""
        if goal.exhausted:
            return
        goal.exhausted = True
        if goal.status is not Status.OPEN:
            return
        for step in goal.steps:
            if not step.banned and all(
                child.status is Status.PROVED or not child.exhausted for child in step.children
            ):
                goal.support = step
                return
        affected = {goal: None}
        stack = [goal]
        while stack:
            for step in stack.pop().parents:
                if step.goal.support is step and step.goal not in affected:
                    affected[step.goal] = None
                    stack.append(step.goal)
        self._support(affected)

    def ban(self, step: StepNode) -> None:
        """Withdraws a step. Recomputes all statuses: PROVED may become OPEN or FAILED."""
        step.banned = True
        for goal in self.goals:
            goal.status = Status.OPEN
            goal.support = None
        self._prove(self.goals)
        self._support(
            {g: None for g in self.goals if g.exhausted and g.status is not Status.PROVED}
        )

    def relevant(self, goal: GoalNode) -> bool:
        """Whether proving this goal can still help: it is reached from the root through unproved
        goals and steps that have not failed."""
        if goal.status is not Status.OPEN:
            return False
        seen = {goal}
        stack = [goal]
        while stack:
            node = stack.pop()
            if node is self.root:
                return True
            # The last parents first; the step of the best path last, so that it is popped first.
            steps = [*node.parents, node.path.step] if node.path.step else node.parents
            for step in steps:
                parent = step.goal
                if (
                    parent not in seen
                    and parent.status is Status.OPEN
                    and step.status is Status.OPEN
                ):
                    seen.add(parent)
                    stack.append(parent)
        return False

    def relevant_goals(self) -> list[GoalNode]:
        """All goals for which `relevant` holds."""
        if self.root.status is not Status.OPEN:
            return []
        seen = {self.root: None}
        stack = [self.root]
        while stack:
            for step in stack.pop().steps:
                if step.status is Status.OPEN:
                    for child in step.children:
                        if child.status is Status.OPEN and child not in seen:
                            seen[child] = None
                            stack.append(child)
        return list(seen)

    def proof(self) -> Proof | None:
        """The proof of the root with the fewest steps, written out as a tree; of equal ones, the
        earliest steps. Never cyclic: costs are settled from the leaves up (Knuth 1977)."""
        if self.root.status is not Status.PROVED:
            return None
        proofs: dict[GoalNode, Proof] = {}
        for goal, step in self.first_steps().items():
            proofs[goal] = Proof(
                goal.state,
                step.tactic,
                tuple(proofs[child] for child in step.children),
                step.goal_order,
                step.kept,
                step.order,
            )
            if goal is self.root:
                break
        return proofs[self.root]

    def first_steps(self) -> dict[GoalNode, StepNode]:
        """The proved goals, those with the smallest proofs first, each after those that its proof
        consists of, with the first step of the smallest proof; of equal ones the earliest step."""
        usable = [step for step in self.steps if step.status is Status.PROVED]
        missing = {step: len(set(step.children)) for step in usable}
        heap = [(1, step.order) for step in usable if not step.children]
        costs: dict[GoalNode, int] = {}
        found: dict[GoalNode, StepNode] = {}
        while heap:
            cost, order = heapq.heappop(heap)
            step = self.steps[order]
            if step.goal in found:
                continue
            costs[step.goal] = cost
            found[step.goal] = step
            for parent in step.goal.parents:
                if parent in missing:
                    missing[parent] -= 1
                    if missing[parent] == 0:
                        total = 1 + sum(costs[child] for child in parent.children)
                        heapq.heappush(heap, (total, parent.order))
        return found

    def to_networkx(self) -> nx.DiGraph[str]:
        """The graph with plain attributes: goals are named `g<order>`, steps `s<order>`. Those of
        `proof` are `winning`."""
        import networkx as nx

        proof = self.proof()
        winning = set() if proof is None else {node.order for node in proof.nodes()}
        graph: nx.DiGraph[str] = nx.DiGraph(alpha=self.alpha)
        for goal in self.goals:
            graph.add_node(f"g{goal.order}", **self._goal_attributes(goal))
        for step in self.steps:
            name = f"s{step.order}"
            graph.add_node(name, **self._step_attributes(step), winning=step.order in winning)
            graph.add_edge(f"g{step.goal.order}", name)
            for child in step.children:
                graph.add_edge(name, f"g{child.order}")
        return graph

    def check(self) -> None:
        """Raises an AssertionError unless every invariant of the module holds."""
        self._check_shape()
        proved = self._least(set())
        alive = self._least(proved | {goal for goal in self.goals if not goal.exhausted})
        for goal in self.goals:
            assert (goal.status is Status.PROVED) == (goal in proved), f"4: {goal}"
            assert (goal.status is Status.FAILED) == (goal not in alive), f"5: {goal}"
        self._check_supports()
        for goal in self.goals:
            self._check_path(goal)

    def _prove(self, candidates: Iterable[GoalNode]) -> None:
        stack = list(candidates)
        while stack:
            goal = stack.pop()
            if goal.status is not Status.PROVED and any(
                step.status is Status.PROVED for step in goal.steps
            ):
                goal.status = Status.PROVED
                goal.support = None
                stack.extend(step.goal for step in goal.parents)

    def _support(self, affected: dict[GoalNode, None]) -> None:
        """Supports these exhausted goals from outside of them, as far as that reaches; the others
        fail. `affected` is closed: it holds every goal that is supported by one in it."""
        queue = deque(affected)
        while queue:
            goal = queue.popleft()
            if goal not in affected:
                continue
            for step in goal.steps:
                if step.status is not Status.FAILED and affected.keys().isdisjoint(step.children):
                    goal.support = step
                    del affected[goal]
                    queue.extend(s.goal for s in goal.parents if s.goal in affected)
                    break
        for goal in affected:
            goal.status = Status.FAILED
            goal.support = None

    def _improve_paths(self, start: GoalNode) -> list[GoalNode]:
        """Carries the paths on from one goal, best first (Dijkstra with label correction).

        It ends: a path is replaced only by a strictly better one, and none visits a goal twice.
        """
        improved: dict[GoalNode, None] = {}
        heap = [(0.0, start.order)]
        waiting = {start}
        while heap:
            _, order = heapq.heappop(heap)
            goal = self.goals[order]
            if goal not in waiting:
                continue
            waiting.remove(goal)
            for step in goal.steps:
                path = self._extend(goal.path, step)
                for child in step.children:
                    if self._better(path, child.path) and not self._returns(path, child):
                        child.path = path
                        improved[child] = None
                        waiting.add(child)
                        heapq.heappush(
                            heap, (-self.priority(path.logprob, path.depth), child.order)
                        )
        return list(improved)

    def _extend(self, path: Path, step: StepNode) -> Path:
        return Path(path.logprob + step.logprob, path.depth + 1, step, path)

    def _returns(self, path: Path, goal: GoalNode) -> bool:
        """Whether a path that is better than the goal's own goes around a cycle through it: never
        without depth normalisation, where a cycle only costs, nor for a new goal."""
        return self.alpha != 0 and goal.logprob != -math.inf and _visits(path, goal)

    def _better(self, path: Path, than: Path) -> bool:
        ours = self.priority(path.logprob, path.depth)
        theirs = self.priority(than.logprob, than.depth)
        return ours > theirs or (ours == theirs and path.depth < than.depth)

    def _goal_attributes(self, goal: GoalNode) -> dict[str, Any]:
        return {
            "kind": "goal",
            "order": goal.order,
            "status": str(goal.status),
            "exhausted": goal.exhausted,
            "counterexample": goal.counterexample,
            "pp": goal.state.pp,
            "logprob": goal.logprob,
            "depth": goal.depth,
            "priority": self.priority(goal.logprob, goal.depth),
            "failed": [
                {
                    "tactic": tactic,
                    "logprob": failed.logprob,
                    "kind": failed.failure.kind,
                    "message": failed.failure.message,
                    "seconds": failed.failure.cost.seconds,
                    "expansion": failed.expansion,
                }
                for tactic, failed in goal.failed.items()
            ],
        }

    def _step_attributes(self, step: StepNode) -> dict[str, Any]:
        path = self._extend(step.goal.path, step)
        return {
            "kind": "step",
            "order": step.order,
            "status": str(step.status),
            "banned": step.banned,
            "tactic": step.tactic,
            "logprob": step.logprob,
            "seconds": step.cost.seconds,
            "expansion": step.expansion,
            "depth": path.depth,
            "priority": self.priority(path.logprob, path.depth),
        }

    def _least(self, base: set[GoalNode]) -> set[GoalNode]:
        """The least set that holds `base` and is closed under steps; by plain iteration."""
        found = set(base)
        size = -1
        while size != len(found):
            size = len(found)
            found.update(
                s.goal for s in self.steps if not s.banned and found.issuperset(s.children)
            )
        return found

    def _check_shape(self) -> None:
        assert [goal.order for goal in self.goals] == list(range(len(self.goals))), "1: orders"
        assert self._by_key == {goal.state.key: goal for goal in self.goals}, "1: keys"
        assert len(self._by_key) == len(self.goals), "1: one goal per key"
        assert self.root is self.goals[0] and self.root.path.step is None, "1: root"
        assert [step.order for step in self.steps] == list(range(len(self.steps))), "2: orders"
        assert sum(len(goal.steps) for goal in self.goals) == len(self.steps), "2: steps"
        parents = sum(len(goal.parents) for goal in self.goals)
        assert parents == sum(len(set(step.children)) for step in self.steps), "2: parents"
        for step in self.steps:
            assert step.goal.steps.count(step) == 1, f"2: {step}"
            assert all(child.parents.count(step) == 1 for child in step.children), f"2: {step}"
        for goal in self.goals:
            usable = [frozenset(step.children) for step in goal.steps if not step.banned]
            assert len(usable) == len(set(usable)), f"3: {goal}"

    def _check_supports(self) -> None:
        supported: dict[GoalNode, tuple[GoalNode, ...]] = {}
        for goal in self.goals:
            needed = goal.status is Status.OPEN and goal.exhausted
            assert (goal.support is not None) == needed, f"6: {goal}"
            if goal.support is not None:
                assert goal.support in goal.steps, f"6: {goal}"
                assert goal.support.status is not Status.FAILED, f"6: {goal}"
                supported[goal] = goal.support.children
        try:
            TopologicalSorter(supported).prepare()
        except CycleError as error:
            raise AssertionError(f"6: supports are cyclic: {error.args[1]}") from error

    def _check_path(self, goal: GoalNode) -> None:
        steps = list(goal.path.steps())
        visited = [goal, *(step.goal for step in steps)]
        assert visited[-1] is self.root and len(visited) == len(set(visited)), f"7: {goal}"
        assert goal.depth == len(steps), f"7: {goal}"
        for step, child in zip(steps, visited, strict=False):
            assert child in step.children and step in self.steps, f"7: {goal}"
        total = sum(step.logprob for step in steps)
        assert math.isclose(goal.logprob, total, abs_tol=1e-9), f"7: {goal}"
        for step in goal.steps:
            path = self._extend(goal.path, step)
            for child in step.children:
                assert _visits(path, child) or not self._better(path, child.path), f"7: {child}"


def _visits(path: Path, goal: GoalNode) -> bool:
    return any(step.goal is goal for step in path.steps())
