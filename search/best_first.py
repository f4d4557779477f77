"""One best-first search over the proof graph, as a deterministic machine without I/O or clock.

A visit of a goal (one expansion) runs its next `width` untried suggestions, the most probable
first; then the goal queues again with the priority of its next one. So likely tactics are tried
everywhere before unlikely ones anywhere (aesop: one rule per visit; AlphaProof: progressive
sampling). The first try of a tactic is brief; what does not finish is tried again, as less likely.
The outcomes of a visit are committed in the order of its suggestions, whatever the order in which
they were found, and costs count when committed: the tree does not depend on timing.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
import math
from collections import Counter, deque
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Literal

from search.budget import Budget, Spent
from search.context import NOTHING, Context
from search.graph import GoalNode, Graph, Status, clip_logprob
from search.interfaces import (
    MALFORMED,
    UNFINISHED,
    Cost,
    Failure,
    Outcome,
    Progress,
    Request,
    State,
    Suggestion,
)
from search.proof import layout, script

Ending = Literal["open", "proved", "exhausted", "budget", "interrupted"]

LEFT_OPEN = "left_open"
"""The kind of failure of a tactic that leaves more states than its suggestion allows."""

OPEN_GOALS_SHOWN = 5

SECOND_TRY = 1.0
"""How much less probable a tactic is that a brief try did not finish."""


@dataclass(frozen=True, slots=True)
class Expansion:
    """A visit to make. With a `request`, the goal needs suggestions first; `begun`: it has had some,
    and asks for the rest."""

    goal: GoalNode
    request: Request | None
    begun: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Commit:
    """A tactic that a search took, in which expansion (counted from 1), and what came of it: the kind
    of failure, or none and the goals that it led to."""

    goal: GoalNode
    suggestion: Suggestion
    failure: str | None
    children: tuple[GoalNode, ...]
    cost: Cost
    expansion: int


@dataclass(frozen=True, slots=True, eq=False)
class SearchResult:
    """`reason` names the limit that ended the search: a field of the budget, or `max_depth`.

    `proof` is a tactic block (without `by`), present iff `status` is "proved". `open_goals` are the
    goals best worth looking at, the best first. `failures` counts failed tactics by kind: those of
    the environment, and `MALFORMED`.
    """

    status: Ending
    reason: str | None
    proof: str | None
    graph: Graph
    spent: Spent
    open_goals: tuple[GoalNode, ...]
    failures: Counter[str]


def rank(suggestions: Iterable[Suggestion]) -> list[Suggestion]:
    """Merges equal tactics (best log-probability, all tokens, the most that one may leave) and sorts,
    the most probable first.
    Ties go by text, so that the order does not depend on the order of arrival. What cannot be run
    is left out."""
    merged: dict[str, Suggestion] = {}
    for suggestion in suggestions:
        if suggestion.flaw is not None or not (tactic := layout(suggestion.tactic)):
            continue
        logprob, tokens = clip_logprob(suggestion.logprob), suggestion.tokens
        leaves, source, prior = suggestion.leaves, suggestion.source, suggestion.prior
        again = suggestion.again
        if (other := merged.get(tactic)) is not None:
            if other.logprob >= logprob:
                source, prior = other.source, other.prior
            again = again or other.again
            logprob = (min if again else max)(logprob, other.logprob)
            tokens += other.tokens
            both = leaves is not None and other.leaves is not None
            leaves = max(leaves or 0, other.leaves or 0) if both else None
        merged[tactic] = Suggestion(tactic, logprob, tokens, leaves, source, prior, again)
    return _sorted(merged.values())


def _sorted(suggestions: Iterable[Suggestion]) -> list[Suggestion]:
    return sorted(suggestions, key=lambda s: (-s.logprob, s.tactic))


class BestFirst:
    """A search for a proof of `root`, driven from outside:

        while expansion := search.next_expansion():
            if expansion.request and <it is false>: search.refute(expansion.goal, <where>)
            elif expansion.request: search.add_suggestions(expansion.goal, <all of them>)
            for suggestion in search.tactics(expansion.goal):
                if search.commit(expansion.goal, suggestion, <outcome>): break

    `alpha` is the depth normalisation of `Graph`; `value` estimates the log-probability that a
    state can be proved (at most 0, asked once per goal) and is added to its priority. `max_depth`
    is the largest number of tactics from the root along a goal's best path. `commits` are all that was
    tried, in order, each once: a brief try that did not finish only counts as cost.
    """

    def __init__(
        self,
        root: State,
        *,
        alpha: float = 0.0,
        width: int = 8,
        max_depth: int | None = None,
        value: Callable[[State], float] | None = None,
        budget: Budget | None = None,
        seed: int = 0,
        context: Context = NOTHING,
    ) -> None:
        if width < 1:
            raise ValueError(f"width must be at least 1, not {width}")
        self.graph = Graph(root, alpha=alpha)
        self.width = width
        self.max_depth = max_depth
        self.budget = budget or Budget()
        self.spent = Spent()
        self.seed = seed
        self.context = context
        self.failures: Counter[str] = Counter()
        self.commits: list[Commit] = []
        self._value = value
        self._values: dict[GoalNode, float] = {}
        self._untried: dict[GoalNode, deque[Suggestion]] = {}
        self._begun: dict[GoalNode, set[str]] = {}  # what was run on goals that wait for the rest
        self._queue: list[tuple[float, int]] = []  # (minus priority, order of the goal)
        self._queued: dict[GoalNode, float] = {}  # the entries of the queue that count
        self._parked: dict[GoalNode, None] = {}  # not relevant when their turn came
        self._visited: GoalNode | None = None
        self._left = 0  # tactics left to commit in this visit
        self._ended: tuple[Ending, str | None] | None = None
        self._unneeded: list[State] = []
        self._released: set[GoalNode] = set()
        self._enqueue(self.graph.root)

    @property
    def proved(self) -> bool:
        return self.graph.root.status is Status.PROVED

    def next_expansion(self) -> Expansion | None:
        """Ends the current visit and begins one of the best relevant goal. None: the search is
        over, `result` says why."""
        self._end_visit()
        if self.graph.root.status is Status.OPEN:
            if reason := self.budget.exhausted(self.spent):
                self._ended = ("budget", reason)
                return None
            if goal := self._pop():
                self.spent.expansions += 1
                self._visited = goal
                begun = goal in self._begun
                if goal in self._untried and not begun:
                    self._left = min(self.width, len(self._untried[goal]))
                    return Expansion(goal, None)
                request = Request(goal.state, self._history(goal), self._seed(goal), self.context)
                return Expansion(goal, request, begun)
        if not self.proved:
            deep = "max_depth" if self.graph.root.status is Status.OPEN else None
            self._ended = ("exhausted", deep)
        return None

    def add_suggestions(
        self, goal: GoalNode, suggestions: Iterable[Suggestion], *, more: bool = False
    ) -> None:
        """Gives the visited goal all suggestions it will ever have; with `more`, those that are
        tried in this visit, and the rest is asked for in the next. Until then the goal keeps the
        priority that it had: nobody knows yet what it will be offered. Tokens count here, and what
        has a flaw counts as a failure."""
        if goal is not self._visited or (goal in self._untried and goal not in self._begun):
            raise ValueError("suggestions were not asked for this goal")
        suggestions = list(suggestions)
        self.spent.tokens += sum(suggestion.tokens for suggestion in suggestions)
        self.failures.update(MALFORMED for s in suggestions if s.flaw is not None)
        tried = self.tried(goal)
        self._begun.pop(goal, None)
        known = rank([*self._untried.get(goal, ()), *suggestions])
        ranked = deque(s for s in known if s.tactic not in tried)
        self._left = min(self.width, len(ranked))
        if more:
            self._begun[goal] = set()
        self._untried[goal] = ranked
        self._exhaust_if_tried(goal)

    def refute(self, goal: GoalNode, counterexample: str) -> None:
        """Says, in the place of suggestions, where the visited goal is false: it has failed."""
        goal.counterexample = counterexample
        self.add_suggestions(goal, ())

    def tried(self, goal: GoalNode) -> AbstractSet[str]:
        """What was run on a goal that waits for the rest of its suggestions."""
        return self._begun.get(goal, frozenset())

    def tactics(self, goal: GoalNode) -> tuple[Suggestion, ...]:
        """What the visit of this goal has still to run, in the order of its commits."""
        if goal is not self._visited:
            return ()
        return tuple(itertools.islice(self._untried.get(goal, ()), self._left))

    def commit(self, goal: GoalNode, suggestion: Suggestion, outcome: Outcome) -> bool:
        """Records the outcome of the next of `tactics(goal)`. True: the visit is over, and what is
        still running for it is of no use."""
        if goal is not self._visited or not self._left or suggestion != self._untried[goal][0]:
            raise ValueError(f"{suggestion.tactic!r} is not the next tactic of the visit")
        if isinstance(outcome, Progress):
            _validate(goal.state, outcome)
        self._untried[goal].popleft()
        self._left -= 1
        self.spent.tactics += 1
        self.spent.heartbeats += outcome.cost.heartbeats
        if isinstance(outcome, Failure) and outcome.kind == UNFINISHED and not suggestion.again:
            again = replace(suggestion, logprob=suggestion.logprob - SECOND_TRY, again=True)
            untried = list(self._untried[goal])
            now, later = untried[: self._left], [*untried[self._left :], again]
            self._untried[goal] = deque([*now, *_sorted(later)])
        else:
            self._take(goal, suggestion, outcome)
        limit = self.budget.heartbeats
        if (limit is not None and self.spent.heartbeats >= limit) or not self.graph.relevant(goal):
            self._left = 0
        return self._left == 0

    def _take(self, goal: GoalNode, suggestion: Suggestion, outcome: Outcome) -> None:
        if (begun := self._begun.get(goal)) is not None:
            begun.add(suggestion.tactic)
        most = suggestion.leaves
        if isinstance(outcome, Progress) and most is not None and len(outcome.children) > most:
            self.discard(outcome)
            outcome = Failure(LEFT_OPEN, "it leaves goals open", outcome.cost)
        if isinstance(outcome, Failure):
            self.failures[outcome.kind] += 1
            self.graph.add_failure(
                goal, suggestion.tactic, suggestion.logprob, outcome, self.spent.expansions
            )
        else:
            self._progress(goal, suggestion, outcome)
        self._record(goal, suggestion, outcome)
        self._exhaust_if_tried(goal)

    def discard(self, outcome: Outcome) -> None:
        """Takes back an outcome that will not be committed, so that its states are released."""
        if isinstance(outcome, Progress):
            for state in {(s.key, s.handle): s for s in outcome.children}.values():
                node = self.graph.find(state)
                if node is None or node.state.handle != state.handle:
                    self._unneeded.append(state)

    def reject_proof(self) -> None:
        """Says that the present proof is none: withdraws the last committed of its steps."""
        proof = self.graph.proof()
        if proof is None:
            raise ValueError("there is no proof to reject")
        self._visited, self._left = None, 0
        self._parked = {}
        self.graph.ban(self.graph.steps[max(node.order for node in proof.nodes())])
        for goal in self.graph.goals:
            self._enqueue(goal)

    def take_unneeded(self) -> list[State]:
        """States that will not be run again, each returned once: for `Environment.release`."""
        states, self._unneeded = self._unneeded, []
        return states

    def take_all(self) -> list[State]:
        """All states not returned before, but the root, which is whose it was: no search can go on
        after this. The graph stays."""
        for goal in self.graph.goals:
            self._release(goal)
        return self.take_unneeded()

    def script(self) -> str | None:
        """The Lean script of the smallest proof found."""
        proof = self.graph.proof()
        return None if proof is None else script(proof)

    def result(self, status: Ending | None = None, reason: str | None = None) -> SearchResult:
        """What is known now, at any moment; a `status` given says why the driver stopped here."""
        if status is None:
            status, reason = ("proved", None) if self.proved else self._ended or ("open", None)
        best = [goal for goal in self.graph.relevant_goals() if self._expandable(goal)]
        return SearchResult(
            status,
            reason,
            self.script() if status == "proved" else None,
            self.graph,
            replace(self.spent),
            tuple(heapq.nsmallest(OPEN_GOALS_SHOWN, best, key=self._key)),
            self.failures.copy(),
        )

    def _progress(self, goal: GoalNode, suggestion: Suggestion, outcome: Progress) -> None:
        known = any(self.graph.find(state) for state in outcome.children)
        improved = self.graph.add_step(
            goal,
            layout(outcome.tactic),
            suggestion.logprob,
            outcome.children,
            outcome.goal_order,
            outcome.kept,
            cost=outcome.cost,
            expansion=self.spent.expansions,
        )
        self.discard(outcome)
        # A step to a known goal can make goals relevant again.
        parked, self._parked = (self._parked, {}) if known else ({}, self._parked)
        for node in itertools.chain(improved, parked):
            self._enqueue(node)

    def _record(self, goal: GoalNode, suggestion: Suggestion, outcome: Outcome) -> None:
        kind: str | None = None
        children: tuple[GoalNode, ...] = ()
        if isinstance(outcome, Failure):
            kind = outcome.kind
        else:
            found = map(self.graph.find, outcome.children)
            children = tuple(child for child in found if child is not None)
        self.commits.append(
            Commit(goal, suggestion, kind, children, outcome.cost, self.spent.expansions)
        )

    def _exhaust_if_tried(self, goal: GoalNode) -> None:
        if not self._untried[goal] and goal not in self._begun:
            self.graph.exhaust(goal)
            self._release(goal)

    def _release(self, goal: GoalNode) -> None:
        if goal is not self.graph.root and goal not in self._released:
            self._released.add(goal)
            self._unneeded.append(goal.state)

    def _end_visit(self) -> None:
        goal, self._visited, self._left = self._visited, None, 0
        if goal is not None:
            if goal not in self._untried:
                self._visited = goal
                raise ValueError("the visited goal still waits for its suggestions")
            self._enqueue(goal)

    def _expandable(self, goal: GoalNode) -> bool:
        return (
            goal.status is Status.OPEN
            and not goal.exhausted
            and (self.max_depth is None or goal.depth < self.max_depth)
        )

    def _enqueue(self, goal: GoalNode) -> None:
        if goal is self._visited or not self._expandable(goal):
            return
        key, _ = entry = self._key(goal)
        if self._queued.get(goal) != key:
            self._queued[goal] = key
            heapq.heappush(self._queue, entry)

    def _pop(self) -> GoalNode | None:
        while self._queue:
            key, order = heapq.heappop(self._queue)
            goal = self.graph.goals[order]
            if self._queued.get(goal) != key:
                continue
            del self._queued[goal]
            if self._expandable(goal):
                if self.graph.relevant(goal):
                    return goal
                self._parked[goal] = None
        return None

    def _key(self, goal: GoalNode) -> tuple[float, int]:
        """The place in the queue: the priority of the path to the goal, or to what its next untried
        suggestion leads to, plus the value."""
        logprob, depth = goal.logprob, goal.depth
        if goal not in self._begun and (untried := self._untried.get(goal)):
            logprob, depth = logprob + untried[0].logprob, depth + 1
        return -self.graph.priority(logprob, depth) - self._value_of(goal), goal.order

    def _value_of(self, goal: GoalNode) -> float:
        if self._value is None:
            return 0.0
        if goal not in self._values:
            value = self._value(goal.state)
            if math.isnan(value):
                raise ValueError("the value of a state is NaN")
            self._values[goal] = value
        return self._values[goal]

    def _history(self, goal: GoalNode) -> tuple[str, ...]:
        return tuple(step.tactic for step in goal.path.steps())[::-1]

    def _seed(self, goal: GoalNode) -> int:
        """The same for a goal wherever and whenever the search meets it: 31 bits."""
        digest = hashlib.blake2b(f"{self.seed} {goal.state.key}".encode(), digest_size=4).digest()
        return int.from_bytes(digest) >> 1


def _validate(state: State, outcome: Progress) -> None:
    sizes = {i: len(child.goals) for i, child in enumerate(outcome.children)}
    kept = outcome.kept or ()
    if (
        Counter(outcome.goal_order) != sizes
        or len(kept) > len(outcome.goal_order)
        or not set(kept) <= set(range(1, len(state.goals)))
    ):
        raise ValueError(
            f"the environment reports {outcome.tactic!r} inconsistently: children of "
            f"{list(sizes.values())} goals, goal_order {outcome.goal_order}, kept {outcome.kept}"
        )
