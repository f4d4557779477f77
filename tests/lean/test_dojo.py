import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from prover.api import StatementError
from prover.dojo import Dojo, from_lean_dojo, to_lean_dojo
from prover.lean.limits import Limits
from prover.lean.states import (
    LeanError,
    ProofFinished,
    ProofGivenUp,
    TacticResult,
    TacticState,
)
from search.interfaces import Goal

STATEMENT = "theorem t (p q : Prop) (h : p ∧ q) : q ∧ p"


@pytest.fixture(scope="module")
def started(lean: object) -> Iterator[tuple[Dojo, TacticState]]:
    with Dojo(STATEMENT, lean="embedded", limits=Limits(tactic_seconds=60.0)) as both:
        yield both


def two_goals(started: tuple[Dojo, TacticState]) -> tuple[Dojo, TacticState]:
    dojo, state = started
    both = dojo.run_tac(state, "constructor")
    assert isinstance(both, TacticState)
    return dojo, both


def test_a_state_holds_all_goals(started: tuple[Dojo, TacticState]) -> None:
    _, both = two_goals(started)
    assert both.num_goals == 2
    assert [goal.target for goal in both.goals] == ["q", "p"]
    assert both.pp == (
        "case left\np q : Prop\nh : p ∧ q\n⊢ q\n\ncase right\np q : Prop\nh : p ∧ q\n⊢ p"
    )


@pytest.mark.parametrize(
    ("tactic", "targets"),
    [
        ("exact h.2", ["p"]),
        ("rotate_left", ["p", "q"]),
        ("all_goals skip", ["q", "p"]),
        ("all_goals simp [h]", []),
        ("case right => exact h.1", ["q"]),
        ("any_goals exact h.1", ["q"]),
        ("· exact h.2\n· exact h.1", []),
        ("(skip; skip) <;> skip", ["q", "p"]),
    ],
)
def test_a_tactic_sees_all_goals(
    started: tuple[Dojo, TacticState], tactic: str, targets: list[str]
) -> None:
    dojo, both = two_goals(started)
    result = dojo.run_tac(both, tactic)
    if targets:
        assert isinstance(result, TacticState), result
        assert [goal.target for goal in result.goals] == targets
    else:
        assert isinstance(result, ProofFinished), result


def test_a_hanging_tactic_is_an_error_and_the_states_stay(
    started: tuple[Dojo, TacticState],
) -> None:
    dojo, state = started
    assert dojo._pool is not None
    dojo._pool.limits = Limits(tactic_seconds=1.0)
    error = dojo.run_tac(state, "sleep 100000")
    assert isinstance(error, LeanError)
    assert error.kind == "timeout"
    dojo._pool.limits = Limits(tactic_seconds=60.0)
    assert isinstance(dojo.run_tac(state, "constructor"), TacticState)


def test_results_have_lean_dojo_s_types(started: tuple[Dojo, TacticState]) -> None:
    dojo, state = started
    assert isinstance(dojo.run_tac(state, "exact ⟨h.2, h.1⟩"), ProofFinished)
    assert isinstance(dojo.run_tac(state, "sorry"), ProofGivenUp)
    assert isinstance(dojo.run_tac(state, "exact sorryAx _ true"), ProofGivenUp)
    _, both = two_goals(started)
    assert isinstance(dojo.run_tac(both, "all_goals exact sorryAx _ true"), ProofGivenUp)
    assert isinstance(dojo.run_tac(both, "rotate_left\nexact sorryAx _ true"), ProofGivenUp)
    error = dojo.run_tac(state, "exact h")
    assert isinstance(error, LeanError)
    assert "Type mismatch" in error.error
    parse = dojo.run_tac(state, "exact (")
    assert isinstance(parse, LeanError)
    assert parse.kind == "parse"


def test_states_stay_usable_and_are_new_each_time(started: tuple[Dojo, TacticState]) -> None:
    dojo, state = started
    first, second = dojo.run_tac(state, "constructor"), dojo.run_tac(state, "constructor")
    assert isinstance(first, TacticState)
    assert isinstance(second, TacticState)
    assert first == second
    assert first.id != second.id
    finished = dojo.run_tac(first, "all_goals simp [h]")
    assert isinstance(finished, ProofFinished)
    with pytest.raises(ValueError, match="no goals"):
        dojo.run_tac(TacticState("", finished.tactic_state_id), "skip")


def test_a_statement_that_does_not_elaborate(lean: object) -> None:
    with (
        pytest.raises(StatementError, match=r"1:12: error: Unknown identifier `foo`"),
        Dojo("theorem t : foo = 1", lean="embedded"),
    ):
        pass


RESULTS: list[TacticResult] = [
    TacticState("p : Prop\nh : p\n⊢ p", 3, "note"),
    TacticState("case left\nx y : Nat\n⊢ x = y\n\ncase right\n⊢ True", 4),
    ProofFinished(5, "done"),
    ProofFinished(6),
    LeanError("unknown tactic"),
    ProofGivenUp(),
]


@pytest.fixture(scope="module")
def lean_dojo() -> Any:
    # lean_dojo asks GitHub for its rate limit when it finds a token.
    token = os.environ.pop("GITHUB_ACCESS_TOKEN", None)
    try:
        return pytest.importorskip("lean_dojo")
    finally:
        if token is not None:
            os.environ["GITHUB_ACCESS_TOKEN"] = token


@pytest.mark.parametrize("result", RESULTS)
def test_conversion_to_lean_dojo_and_back(lean_dojo: Any, result: TacticResult) -> None:
    theirs = to_lean_dojo(result)
    assert type(theirs) is getattr(lean_dojo, type(result).__name__)
    assert from_lean_dojo(theirs) == result
    if isinstance(result, TacticState):
        assert (theirs.pp, theirs.id, theirs.message) == (result.pp, result.id, result.message)
        assert theirs.num_goals == result.pp.count("⊢")


def test_lean_dojo_reads_our_goals(lean_dojo: Any, started: tuple[Dojo, TacticState]) -> None:
    _, both = two_goals(started)
    theirs = to_lean_dojo(both)
    assert [goal.conclusion for goal in theirs.goals] == ["q", "p"]
    assert [(d.ident, d.lean_type) for d in theirs.goals[0].assumptions] == [
        ("p", "Prop"),
        ("q", "Prop"),
        ("h", "p ∧ q"),
    ]


def test_what_is_no_result_is_refused() -> None:
    with pytest.raises(TypeError, match="not a result"):
        from_lean_dojo(Goal("", ""))


def test_our_dojo_does_without_lean_dojo(tmp_path: Path) -> None:
    (tmp_path / "lean_dojo.py").write_text("raise ImportError('not here')")
    code = "import prover.dojo as d; d.to_lean_dojo(d.ProofGivenUp())"
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{root}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ImportError: not here" in done.stderr
