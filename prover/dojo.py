"""LeanDojo's interface over our own Lean.

LeanDojo's interaction does not work with Lean from 4.12 on (lean-dojo/LeanDojo#211). Code written
against it runs here with another constructor:

    with Dojo("theorem t (p q : Prop) (h : p ∧ q) : q ∧ p") as (dojo, state):
        state = dojo.run_tac(state, "constructor")

Where the `lean-dojo` package is installed (extra `dojo`), `to_lean_dojo` and `from_lean_dojo`
convert results to and from its own classes.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from prover.engine.targets import open_statement
from prover.lean.limits import Limits
from prover.lean.pool import LeanPool
from prover.lean.source import with_options
from prover.lean.states import LeanError, ProofFinished, ProofGivenUp, TacticResult, TacticState
from prover.lean.toolchain import find_lean
from search.interfaces import Failure, Outcome, State

T = TypeVar("T")


class Dojo:
    """An interactive proof of one statement. A tactic sees all goals of its state, as in a file.

    A tactic that hangs, exhausts the memory or kills its process gives a `LeanError` of that kind;
    the states stay usable (LeanDojo raises and loses them).
    """

    def __init__(
        self,
        statement: str,
        *,
        header: str = "",
        lean: str = "auto",
        start: Path | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._statement = statement
        self._header = header
        self._which = lean
        self._start = start or Path.cwd()
        self._limits = limits
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="dojo", daemon=True)
        self._pool: LeanPool | None = None
        self._states: list[State | None] = []

    def __enter__(self) -> tuple[Dojo, TacticState]:
        """Starts Lean and gives the first state.

        Raises:
            StatementError: the statement does not elaborate.
            SetupError, LeanUnavailable: there is no Lean to work with.
        """
        from prover.api import StatementError

        self._thread.start()
        try:
            lean = find_lean(self._start, self._which)
            self._pool = LeanPool(lean, limits=self._limits)
            self._wait(self._pool.__aenter__())
            header = with_options(self._header, self._statement)
            done = self._wait(open_statement(self._pool, header, self._statement))
            if done.errors or not done.holes:
                raise StatementError("\n".join(map(str, done.errors)) or "no goal")
        except BaseException:
            self._stop()
            raise
        return self, self._tactic_state(done.holes[0].state)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def run_tac(self, state: TacticState, tactic: str) -> TacticResult:
        """Runs a tactic on a state that this dojo gave. States are never consumed."""
        own = self._states[state.id]
        if self._pool is None or own is None:
            raise ValueError(f"state {state.id} has no goals or belongs to a closed dojo")
        return self._result(self._wait(self._pool.run(own, tactic, whole=True)))

    def _result(self, outcome: Outcome) -> TacticResult:
        if isinstance(outcome, Failure):
            if outcome.kind == "sorry":
                return ProofGivenUp()
            return LeanError(outcome.message, outcome.kind)
        if not outcome.children:
            self._states.append(None)
            return ProofFinished(len(self._states) - 1)
        return self._tactic_state(outcome.children[0])

    def _tactic_state(self, state: State) -> TacticState:
        self._states.append(state)
        return TacticState(state.pp, len(self._states) - 1, None, state.goals)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _stop(self) -> None:
        if self._pool is not None:
            self._wait(self._pool.close())
            self._pool = None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def to_lean_dojo(result: TacticResult) -> Any:
    """The result as an instance of `lean_dojo`'s class of the same name.

    Raises:
        ImportError: the `dojo` extra is not installed.
        AssertionError: LeanDojo cannot parse the print of a goal.
    """
    import lean_dojo

    if isinstance(result, TacticState):
        return lean_dojo.TacticState(result.pp, result.id, result.message)
    if isinstance(result, ProofFinished):
        return lean_dojo.ProofFinished(result.tactic_state_id, result.message)
    if isinstance(result, LeanError):
        return lean_dojo.LeanError(result.error)
    return lean_dojo.ProofGivenUp()


def from_lean_dojo(result: Any) -> TacticResult:
    """One of `lean_dojo`'s results as one of ours. Goals are left to their print."""
    match type(result).__name__:
        case "TacticState":
            return TacticState(result.pp, result.id, result.message)
        case "ProofFinished":
            return ProofFinished(result.tactic_state_id, result.message)
        case "LeanError":
            return LeanError(result.error)
        case "ProofGivenUp":
            return ProofGivenUp()
        case other:
            raise TypeError(f"not a result of LeanDojo: {other}")
