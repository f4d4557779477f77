"""What the calls give: values that show themselves in a notebook, as static HTML and as text."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from prover.errors import WrongUse
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
    """What a call gives. A statement with an `await`, or a coroutine, has it at once, and it waits when
    something is wanted of it: `await` it, or have several worked on side by side:

        one, other = await asyncio.gather(prove(first), prove(second))
    """

    def __init__(self, work: Work[T] | T) -> None:
        self._work = work

    @property
    def _answer(self) -> T:
        if isinstance(self._work, Work):
            self._work = self._work.result()
        return self._work

    def wait(self) -> None:
        """Until it is there. Raises what it ends with."""
        self._answer  # noqa: B018

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
        return plain(self.verdicts, statement=len(self.verdicts) == 1 and bool(self.graphs))

    def _html(self) -> str:
        from prover.render import proof_html, proof_steps, tree_html, verdict_html

        parts = [verdict_html(verdict) for verdict in self.verdicts]
        if self.outcome is not Outcome.DISPROVED:
            for graph in self.graphs[:SHOWN_TREES]:
                steps = proof_steps(graph)
                parts += [*([proof_html(steps)] if steps else ()), tree_html(graph)]
        if len(self.graphs) > SHOWN_TREES:
            parts.append(f"<p>… {len(self.graphs) - SHOWN_TREES} more searches are not shown</p>")
        return "\n".join(parts)

    def tree(self, number: int = 0) -> Tree:
        """The live view of a search: click a goal, run tactics on it, ask what may help, or resume the
        search there."""
        from prover.notebook.tree import Tree

        tree = Tree(graph=self._grown[number])
        if self._steering is not None:
            self._steering.steer(tree, partial(self._grown.__setitem__, number))
        return tree

    def ask(
        self, goal: str, do: str, tactic: str = "", *, number: int = 0
    ) -> str | list[str] | Result:
        """What a click on a goal (`g3`) of the tree asks, and waits for it: `run` a `tactic` there gives
        the goals that it leaves, with names to go on from; `suggest` tactics that work; `premises`
        theorems that may help; `prove` resumes the search there, and gives its result.

        Raises:
            WrongUse: there is no such goal, or what led to it does not lead there any more.
        """
        if self._steering is None or number >= len(self.graphs):
            raise WrongUse(f"this result has no search {number} that can be asked")
        answer, self._grown[number] = self._steering.wait(self._grown[number], goal, do, tactic)
        return answer

    @cached_property
    def _grown(self) -> dict[int, Mapping[str, Any]]:
        """The graphs, with what was found from their goals since."""
        return dict(enumerate(self.graphs))

    @property
    def resumed(self) -> Result | None:
        """What the last search came to that was resumed from a goal of a tree."""
        return None if self._steering is None else self._steering.latest

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
        from prover.render import notes_html

        holes = [
            (f"{hole.line}:{hole.column}", "goals", "\n\n".join(hole.goals), hole.declaration or "")
            for hole in self.holes
        ]
        said = (*self.messages, *(() if holes else ("no `sorry`",)))
        return notes_html(holes, said)


def plain(verdicts: tuple[Verdict, ...], *, statement: bool) -> str:
    """As the command prints it."""
    from prover.terminal import Terminal, print_verdicts

    sheet = io.StringIO()
    shown = Terminal(
        file=sheet, highlight=False, soft_wrap=True, color_system=None, force_jupyter=False
    )
    print_verdicts(verdicts, statement=statement, verbose=False, to=shown)
    return sheet.getvalue().rstrip("\n")
