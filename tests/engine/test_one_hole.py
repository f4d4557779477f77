"""One hole of a file is searched, and the others stay."""

import pytest

from prover.api import Filled, Options, StatementError
from search.budget import Budget
from tests.lab import Lab

TEXT = """import Init

theorem before (a : Nat) : a = a := by
  sorry

theorem two (p q : Prop) (hp : p) (hq : q) : p ∧ (q ∧ 1 = 1) := by
  constructor
  · sorry
  · constructor
    · sorry
    · sorry

theorem «after» : 1 = 2 := by
  exact nothing_of_this_name
"""
HOLES = [TEXT.encode().index(b"sorry")]
while (more := TEXT.encode().find(b"sorry", HOLES[-1] + 1)) >= 0:
    HOLES.append(more)


def fill(lab: Lab, text: str, at: int) -> Filled:
    options = Options(Budget(expansions=2), refute=False)
    return lab.wait(lab.prover.prove_text(text, at=at, options=options))


@pytest.mark.parametrize("which", [0, 2])
def test_only_the_hole_at_a_place_is_filled(lab: Lab, which: int) -> None:
    filled = fill(lab, TEXT, HOLES[which])
    (verdict,) = filled.verdicts
    assert verdict.name == ("before" if which == 0 else "two")
    assert verdict.proved == (which == 0)
    before, after = TEXT.encode()[: HOLES[which]], TEXT.encode()[HOLES[which] + 5 :]
    found = filled.text.encode()
    assert found.startswith(before) and found.endswith(after)
    assert b"sorry" not in found[len(before) : len(found) - len(after)]
    assert filled.text.count("sorry") == 3
    if which:
        assert verdict.reason == "other holes are left as they are"


def test_a_hole_that_stays_open_is_not_touched(lab: Lab) -> None:
    text = "theorem odd (n m : Nat) (h : n = m) : n = m ∧ n * n * n = n := ⟨sorry, sorry⟩\n"
    filled = fill(lab, text, text.encode().rindex(b"sorry"))
    assert filled.text == text
    (verdict,) = filled.verdicts
    assert not verdict.proved


def test_a_place_without_a_hole_is_said(lab: Lab) -> None:
    with pytest.raises(StatementError, match="there is no `sorry` at this place"):
        fill(lab, TEXT, HOLES[0] - 1)


def test_errors_of_other_declarations_do_not_matter(lab: Lab) -> None:
    text = """theorem broken : True ∧ True := by
  constructor

theorem unread : True := by

theorem wanted (p : Prop) (h : p) : p := by
  sorry

theorem below : 1 = := by
  simp
"""
    filled = fill(lab, text, text.encode().index(b"sorry"))
    (verdict,) = filled.verdicts
    assert verdict.proved, verdict.reason
    assert filled.text == text.replace("sorry", "assumption")


def test_what_rests_on_a_broken_declaration_is_not_proved(lab: Lab) -> None:
    text = """theorem broken (n : Nat) : n * n = n := by
  omega

theorem wanted (n : Nat) : n * n = n := by
  sorry
"""
    filled = fill(lab, text, text.encode().index(b"sorry"))
    (verdict,) = filled.verdicts
    assert not verdict.proved


def test_errors_of_the_declaration_itself_are_told(lab: Lab) -> None:
    text = "theorem two : True ∧ True := by\n  constructor\n  · sorry\n"
    with pytest.raises(StatementError, match="unsolved goals"):
        fill(lab, text, text.encode().index(b"sorry"))
