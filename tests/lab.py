"""A real Lean for tests."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from prover.api import Options, Prover, Settings
from prover.api import Progress as Jobs
from prover.engine.options import Filled
from prover.lean.pool import LeanPool
from prover.lean.source import with_hole
from prover.lean.states import Elaborated
from search.budget import Budget
from search.interfaces import Failure, Outcome, Progress, State, TacticGenerator

T = TypeVar("T")


NUMBERS = """inductive Num where
  | zero
  | next (n : Num)

def plus : Num → Num → Num
  | .zero, m => m
  | .next n, m => .next (plus n m)

def less : Num → Num → Bool
  | _, .zero => false
  | .zero, .next _ => true
  | .next n, .next m => less n m
"""
LESS_PLUS = "theorem less_plus (n m : Num) : less n (.next (plus m n)) = true"
"""A theorem about programs of its own that needs a lemma which nobody wrote."""


class Lab:
    """A prover with one Lean process, on an event loop of its own. It searches for proofs alone."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="lab")
        self._thread.start()
        options = Options(Budget(expansions=40, seconds=120.0), refute=False)
        self.prover = Prover(Settings(lean="embedded", jobs=1), options)

    @property
    def pool(self) -> LeanPool:
        return self.prover.engine.pool

    def beside(
        self,
        options: Options | None = None,
        generator: TacticGenerator | None = None,
        on_progress: Callable[[Jobs], None] | None = None,
    ) -> Prover:
        """A prover with options and a generator of its own, on the same Lean."""
        return Prover(
            options=options or self.prover.options,
            generator=generator,
            engine=self.prover.engine,
            on_progress=on_progress,
        )

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=300)

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def elaborate(self, text: str, header: str = "") -> Elaborated:
        return self.wait(self.pool.elaborate(header, text))

    def state(self, statement: str, header: str = "") -> State:
        """The goal of a statement."""
        done = self.elaborate(with_hole(statement), header)
        assert done.errors == ()
        (hole,) = done.holes
        return hole.state

    def run(self, state: State, tactic: str, whole: bool = False) -> Outcome:
        return self.wait(self.pool.run(state, tactic, whole=whole))

    def after(self, state: State, tactic: str, whole: bool = False) -> Progress:
        """What a tactic that works leaves."""
        outcome = self.run(state, tactic, whole)
        assert isinstance(outcome, Progress), outcome
        return outcome

    def failure(self, state: State, tactic: str) -> Failure:
        outcome = self.run(state, tactic)
        assert isinstance(outcome, Failure), outcome
        return outcome

    def limit(self, **changes: Any) -> None:
        """Changes limits for the rest of a test."""
        self.pool.limits = replace(self.pool.limits, **changes)


def fill(lab: Lab, text: str) -> Filled:
    """A file after one short search for each hole, without lemmas of its own."""
    options = Options(Budget(expansions=30, seconds=30.0), refute=False, discover=False)
    return lab.wait(lab.prover.prove_text(text, options=options))
