"""What `prover?` asks for: the proof of one goal of a text."""

from pathlib import Path

import pytest

from prover.goal import new_script
from tests.serve.resident import Resident

TEXT = """theorem before (a : Nat) : a = a := by
  prover? 5

theorem two (p q : Prop) (hp : p) (hq : q) : p ∧ (q ∧ 1 = 1) := by
  constructor
  · sorry
  · prover?

theorem low (n : Nat) : n * n < 9 := by sorry

theorem twice (p q : Prop) (hp : p) : p ∧ q := by constructor <;> sorry

theorem wrong : 1 = no.such.thing := by
  sorry
"""


@pytest.mark.parametrize(
    ("before", "after", "filled", "script"),
    [
        ("t := by\n  ", "\n", "t := by\n  rfl\n", "rfl"),
        ("t := by ", "\n", "t := by\n  intro h\n  exact h\n", "intro h\nexact h"),
        ("t := by\n      ", "\n", "t := by\n  a\n  b\n", "a\nb"),
        (
            "  · ",
            "\n  · sorry",
            "  · cases h with\n    | a => b\n  · sorry",
            "cases h with\n| a => b",
        ),
        ("x <;> ", "", "x <;> (a\n       b)", "(a\n b)"),
        ("é := ", " -- é", "é := (by rfl) -- é", "(by rfl)"),
        ("t := by ", "", "t := by sorry", "sorry"),
    ],
)
def test_the_script_is_what_was_put_in(before: str, after: str, filled: str, script: str) -> None:
    assert new_script(before, after, filled) == script


@pytest.mark.parametrize(
    ("place", "code", "says"),
    [
        ("prover? 5", 0, "rfl"),
        ("prover?\n", 0, "simp_all"),
        ("sorry\n\ntheorem twice", 1, "false at n = 3"),
        ("sorry\n\ntheorem wrong", 1, "no proof was found"),
        ("sorry\n", 0, "assumption"),
        ("theorem", 2, "begins at byte 0"),
    ],
)
def test_the_command_proves_one_goal(
    engine: Resident, tmp_path: Path, place: str, code: int, says: str
) -> None:
    file = tmp_path / "Text.lean"
    file.write_text(TEXT)
    at = TEXT.encode().index(place.encode())
    own = ("--lean", "embedded", "--model", "none", "--timeout", "100")
    done, out, err = engine.run("tactic", str(file), "--at", str(at), *own)
    assert done == code, err
    assert says in (err if code else out)
    assert "sorry" not in out


def test_errors_of_the_text_are_told(engine: Resident, tmp_path: Path) -> None:
    file = tmp_path / "Text.lean"
    file.write_text(text := TEXT[TEXT.index("theorem wrong") :])
    at = text.index("sorry")
    code, out, err = engine.run("tactic", str(file), "--at", str(at), "--lean", "embedded")
    assert (code, out) == (2, "") and "no.such.thing" in err
