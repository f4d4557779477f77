"""The Lean code of `prover?`. The embedded Lean has no processes, so that what it asks the command
`prover tactic` for is in `tests/serve/test_goal.py`."""

from pathlib import Path

from tests.lab import Lab

SOURCE = Path(__file__).parents[1] / "lean_project" / "Prover.lean"

RUNS = """
example (p q : Prop) (h : p ∧ q) : q ∧ p := by run_tac Prover.run "constructor\\n· exact h.2\\n· exact h.1"
example : 1 = 2 := by run_tac Prover.run "decide )"
example : 1 = 2 := by run_tac Prover.run "decide"
open Lean Elab Tactic in
example : 1 = 1 := by
  run_tac show TacticM Unit from do
    match ← Prover.ask "" 0 1 with
    | .ok found => Prover.run found
    | .error why => throwError why
"""


def test_the_tactic_elaborates_and_runs_what_is_found(lab: Lab) -> None:
    imports, _, body = SOURCE.read_text().partition("\n/-!")
    errors = [m.text for m in lab.elaborate(f"/-!{body}{RUNS}", imports).errors]
    unread, wrong, missing = errors  # and none of the first
    assert "the proof that was found cannot be read" in unread
    assert "1 = 2" in wrong
    assert "cannot run the program `prover`" in missing and "pip install" in missing
