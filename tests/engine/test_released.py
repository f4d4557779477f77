"""What a job leaves behind in Lean: an engine stays for days."""

import gc

from prover.api import Options
from prover.lean.pool import Handle
from search.budget import Budget
from tests.lab import Lab

TEXT = """def triple : Nat → Nat
  | 0 => 0
  | n + 1 => triple n + 3

theorem triple_eq (n : Nat) : triple n = 3 * n := by
  sorry
theorem triple_pos (n : Nat) (h : 0 < n) : 0 < triple n ∧ n = n + 0 := by
  constructor
  · sorry
  · sorry
theorem triple_false (n : Nat) : triple n = n := by
  sorry
theorem triple_hard (n : Nat) (h : triple (n * n * n) = 81) : n = 3 := by
  sorry
def both (n : Nat) : { m : Nat // m = triple n } := ⟨sorry, by sorry⟩
"""


def test_no_state_is_held_when_a_job_is_done(lab: Lab) -> None:
    options = Options(Budget(expansions=4, seconds=60.0))
    filled = lab.wait(lab.beside(options).prove_text(TEXT))
    assert len(filled.verdicts) == 5
    held = [
        one for one in gc.get_objects() if issubclass(type(one), Handle) and "triple" in one.text
    ]
    assert held
    assert [(one.text[-80:], one.tactic) for one in held if one.names] == []
