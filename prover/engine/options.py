"""What an engine and its jobs are given, and what comes back: nothing here does any of it, so that who
asks an engine in another process loads no more than this."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prover.lean.limits import Limits
from prover.verify.verdict import Verdict
from search.budget import Budget, Spent

if TYPE_CHECKING:
    from search.graph import Graph


@dataclass(frozen=True, slots=True)
class Settings:
    """What an engine runs on.

    `lean` is `auto`, `embedded`, or a path to a project or to a `lean`. `jobs` is the number of
    Lean processes (None: from the machine). `model` (see `prover.generate.models.load_model`, as for the two
    after it) proposes tactics beside the portfolio, or alone without `portfolio`; None is the portfolio alone,
    `prover.generate.shipped.default_model()` what the command takes. Without a model, `prompt_format` is
    that of the generators that jobs are given. `ranker` rates what both suggest
    (`prover.generate.shipped.rated`): `own`, the one that comes with the package, in the first short
    search of a hole about functions of the user's own, any other but `none` in every search. `value` is
    the folder of a model that says how likely a goal is to be proved (`prover.generate.value`): the
    log-probability is added to the goal's priority.
    """

    lean: str = "auto"
    jobs: int | None = None
    limits: Limits = field(default_factory=Limits)
    model: str | None = None
    prompt_format: str | None = None
    few_shot: str | None = None
    portfolio: bool = True
    ranker: str = "own"
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """How one job is done.

    `budget` is per hole. A search visits a goal with `width` tactics at a time and divides the
    log-probability of a path by depth**`alpha` (BFS-Prover, Xin et al. 2025); None is what the
    authors of the model search with, 8 and 0 without one. `paranoid` has every verdict made by a
    process started for it, and by external checkers. `refute`: a theorem may also be disproved, soon
    after its search began or beside it, and goals of the search that are false are dropped. `discover`:
    lemmas are looked for where a hole stays open, under as much of a budget again. `log` is a file that
    a line is added to for each search, with all that it tried (`prover.engine.outcomes`).
    """

    budget: Budget = field(default_factory=lambda: Budget(expansions=600, seconds=300.0))
    seed: int = 0
    width: int | None = None
    alpha: float | None = None
    paranoid: bool = False
    refute: bool = True
    discover: bool = True
    log: Path | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a search stands. `solved` counts the goals that are proved; `best` is the priority of the
    best open goal, a log-probability, None where none is open. The idle shares are between 0 and 1,
    `line` is that of the hole in the text that was given."""

    name: str
    spent: Spent
    open_goals: int
    solved: int
    best: float | None
    best_goal: str
    lean_idle: float
    generator_idle: float
    line: int = 0


@dataclass(frozen=True, slots=True)
class Searched:
    """What became of a hole of the declaration `name`: its line in the text that was given, its goal
    as a print, and, where it stays open, why, the tactics that failed on it first, the best goals
    that are left, and where it is false (`counterexample`)."""

    name: str
    line: int
    goal: str
    proved: bool
    reason: str = ""
    counterexample: str | None = None
    failed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filled:
    """A text whose holes were searched: one verdict for each declaration with holes, the text with
    the proofs that were found, the graphs of the searches, and what became of each hole; `searched`
    names the declaration of each graph.

    `seconds` is the wall time by phase: `elaborate`, `search` (waiting for Lean's tactics),
    `generate`, `verify`. `failures` counts failed tactics by kind.
    """

    verdicts: tuple[Verdict, ...]
    text: str
    graphs: tuple[Graph, ...]
    seconds: dict[str, float] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    searched: tuple[str, ...] = ()
    holes: tuple[Searched, ...] = ()

    @property
    def proved(self) -> bool:
        return all(verdict.proved for verdict in self.verdicts)

    @property
    def trees(self) -> list[dict[str, Any]]:
        """The graphs as plain values, as `networkx.node_link_data` gives them, each with the name of
        its declaration."""
        import networkx

        trees = []
        for name, graph in zip(self.searched, self.graphs, strict=True):
            tree = networkx.node_link_data(graph.to_networkx(), edges="edges")
            trees.append(tree | {"graph": {"name": name, **tree["graph"]}})
        return trees
