"""What the calls give: values that show themselves in a notebook, as static HTML and as text."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from prover.notebook.work import Work
from prover.verify.verdict import Outcome, Verdict

if TYPE_CHECKING:
    import pandas

    from prover.notebook.steering import Steering
    from prover.notebook.tree import Tree

T = TypeVar("T")

SHOWN_TREES = 10
"""Of how many searches a result shows the tree."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found. `text` is what was given, with the proofs; `graphs` are the searches as
    `prover prove --trace` writes them, `seconds` the wall time by phase."""

    verdicts: tuple[Verdict, ...]
    text: str
    graphs: tuple[Mapping[str, Any], ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)


class Shown(Generic[T]):
    """What a call gives. Where a cell or a function with `await` asks for it, it is there at once and
    waits when something is wanted of it: `await` it, or have several worked on side by side:

        one, other = await asyncio.gather(prove(first), prove(second))
    """

    def __init__(self, work: Work[T] | T) -> None:
        self._work = work

    @property
    def _answer(self) -> T:
        if isinstance(self._work, Work):
            self._work = self._work.result()
        return self._work

    def __await__(self) -> Generator[Any, None, Self]:
        if isinstance(self._work, Work):
            self._work = yield from self._work.__await__()
        return self

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._html()}

    def _html(self) -> str:
        raise NotImplementedError


class Result(Shown[Answer]):
    """The verdicts on what was proved, checked or refuted, and what the searches saw. The attributes
    of a `Verdict` are those of the last one; it is also a sequence of them all."""

    def __init__(self, work: Work[Answer] | Answer, steering: Steering | None = None) -> None:
        super().__init__(work)
        self._steering = steering

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return self._answer.verdicts

    @property
    def text(self) -> str:
        """What was given, with the proofs that were found."""
        return self._answer.text

    @property
    def graphs(self) -> tuple[Mapping[str, Any], ...]:
        """The searches, as `prover prove --trace` writes them."""
        return self._answer.graphs

    @property
    def proved(self) -> bool:
        """Whether everything is."""
        return all(verdict.proved for verdict in self.verdicts)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.verdicts[-1], name)

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.verdicts)

    def __len__(self) -> int:
        return len(self.verdicts)

    def __getitem__(self, place: int) -> Verdict:
        return self.verdicts[place]

    def __repr__(self) -> str:
        return _plain(self.verdicts)

    def _html(self) -> str:
        from prover.render import tree_html, verdict_html

        parts = [verdict_html(verdict) for verdict in self.verdicts]
        if self.outcome is not Outcome.DISPROVED:
            parts += [tree_html(graph) for graph in self.graphs[:SHOWN_TREES]]
        if len(self.graphs) > SHOWN_TREES:
            parts.append(f"<p>… {len(self.graphs) - SHOWN_TREES} more searches are not shown</p>")
        return "\n".join(parts)

    def tree(self, number: int = 0) -> Tree:
        """The live view of a search: click a goal, run tactics on it, ask what may help, or resume
        the search there."""
        from prover.notebook.tree import Tree

        tree = Tree(graph=self.graphs[number])
        if self._steering is not None:
            self._steering.steer(tree)
        return tree

    def expansions(self) -> pandas.DataFrame:
        """A row for each visit of a goal."""
        from prover.notebook import tables

        return tables.expansions(self._trace)

    def errors(self) -> pandas.DataFrame:
        """How often tactics failed, by the kind of the failure."""
        from prover.notebook import tables

        return tables.errors(self._trace)

    def seconds(self) -> pandas.DataFrame:
        """The wall time, by what it went to."""
        from prover.notebook import tables

        return tables.seconds(self._trace)

    @property
    def _trace(self) -> Mapping[str, Any]:
        return {"graphs": list(self.graphs), "seconds": dict(self._answer.seconds)}


@dataclass(frozen=True, slots=True)
class Hole:
    """A `sorry` of a text: its line, from 1, and its column, from 0, in characters; and the goals
    there, as Lean prints them."""

    declaration: str | None
    line: int
    column: int
    goals: tuple[str, ...]

    def __str__(self) -> str:
        where = f"{self.line}:{self.column}"
        place = f"`sorry` in {self.declaration}" if self.declaration else "`sorry`"
        return "\n".join([f"{where}: {place}", *self.goals])


class Goals(Shown[tuple[tuple[Hole, ...], tuple[str, ...]]]):
    """What is to be proved in a text, and what Lean says of it. It is also a sequence of its holes."""

    @property
    def holes(self) -> tuple[Hole, ...]:
        return self._answer[0]

    @property
    def messages(self) -> tuple[str, ...]:
        """Lean's messages, each with its line and column."""
        return self._answer[1]

    def __iter__(self) -> Iterator[Hole]:
        return iter(self.holes)

    def __len__(self) -> int:
        return len(self.holes)

    def __getitem__(self, place: int) -> Hole:
        return self.holes[place]

    def __repr__(self) -> str:
        shown = [*map(str, self.holes), *self.messages]
        return "\n\n".join(shown) or "no `sorry`, and no messages"

    def _html(self) -> str:
        from prover.render import proof_html

        steps = [(str(hole).split("\n", 1)[0], "\n\n".join(hole.goals)) for hole in self.holes]
        return proof_html([*steps, *((message, "") for message in self.messages)])


def _plain(verdicts: tuple[Verdict, ...]) -> str:
    """As the command prints it."""
    from prover.terminal import Terminal, print_verdicts

    sheet = io.StringIO()
    shown = Terminal(file=sheet, highlight=False, soft_wrap=True, color_system=None, width=100)
    print_verdicts(verdicts, statement=len(verdicts) == 1, verbose=False, to=shown)
    return sheet.getvalue().rstrip("\n")
