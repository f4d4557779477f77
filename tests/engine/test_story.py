"""A file of programs: what a search knows of it, and theorems that help those after them."""

from pathlib import Path

from prover.api import Options
from prover.engine.options import Filled
from search.budget import Budget
from tests.lab import Lab

PROGRAMS = Path(__file__).with_name("Programs.lean")

OPERATIONS = """
def op (a b : Nat) : Nat := (a * a + b * b) * (a + b + 1)

theorem op_comm (a b : Nat) : op a b = op b a := by
  sorry
"""


def fill(lab: Lab, text: str, expansions: int = 60, name: str | None = None) -> Filled:
    budget = Budget(expansions=expansions, seconds=60.0)
    options = Options(budget, refute=False, discover=False)
    return lab.wait(lab.prover.prove_text(text, name=name, options=options))


def test_a_file_of_programs_is_filled(lab: Lab) -> None:
    filled = fill(lab, PROGRAMS.read_text(), 12)
    open_ones = [v.name for v in filled.verdicts if not v.proved]
    assert len(open_ones) <= 2, open_ones
    if not open_ones:
        assert "sorry" not in filled.text
    checked = lab.wait(lab.prover.check_text(filled.text))
    refused = {v.name for v in checked if not v.proved}
    assert refused == set(open_ones)


def test_what_was_proved_on_the_way_helps_what_comes_after(lab: Lab) -> None:
    text = """
def size : List (List Nat) → Nat
  | [] => 0
  | l :: rest => l.length + size rest

theorem size_append (k l : List (List Nat)) : size (k ++ l) = size k + size l := by
  sorry

theorem size_reverse (l : List (List Nat)) : size l.reverse = size l := by
  sorry
"""
    filled = fill(lab, text, 40)
    assert filled.proved
    assert "size_append" in filled.text.rpartition("size_reverse")[2]


def test_what_rests_on_an_open_theorem_is_not_proved(lab: Lab) -> None:
    text = "def p : Prop := ∃ k : Nat, k * k = 2\n"
    filled = fill(lab, text + "theorem t : p := by sorry\ntheorem u : p := by sorry\n", 2)
    assert not any(v.proved for v in filled.verdicts)
    assert filled.verdicts[1].rests_on in ((), ("t",))


def test_only_one_theorem_is_searched_when_it_is_named(lab: Lab) -> None:
    filled = fill(lab, OPERATIONS + "theorem other : op 1 1 = 6 := by\n  sorry\n", name="other")
    assert [v.name for v in filled.verdicts] == ["other"]
    assert filled.proved and "sorry" in filled.text
