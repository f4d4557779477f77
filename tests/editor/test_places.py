"""What can be proved at a place of a text, and how the engine is asked for it."""

import pytest

from prover.editor.places import Error, code_only, copies, places

FILE = """theorem a : p ∧ q := by
  constructor
  · simp -- sorry
  · exact foo (bar
      baz)
    rfl

theorem b : "sorry" = 'a' := by exact ⟨by simp, by omega⟩
theorem c (h' : x) : x := by
theorem d : x := by
  have h : y := by
  exact sorry
theorem e : x ∧ y := by constructor
theorem f : x ∧ y := by
  induction n with
  | zero =>
  | succ n ih =>
    constructor
theorem g : x := foo sorry (by
  rw [nothing]
  skip)
"""
TWO = "unsolved goals\ncase left\n⊢ x\n\ncase right\n⊢ y"
ONE = "unsolved goals\nh : x\n⊢ y"


def asked(place: str, message: str | None = None, text: str = FILE) -> list[str]:
    """The copies for what is at a place, where Lean has something to say, or nothing."""
    at = text.index(place)
    errors = [] if message is None else [Error(at, at + len(place), message)]
    found = places(text, at, at, errors)
    if not found:
        return []
    made = list(copies(text, found[0]))
    for copy in made:
        assert all(copy.text.startswith("sorry", hole) for hole in copy.holes)
    return [copy.text for copy in made]


@pytest.mark.parametrize(
    ("place", "message", "old", "new"),
    [
        ("simp --", "simp failed", "simp --", "sorry --"),
        ("baz", "unknown identifier", "exact foo (bar\n      baz)", "sorry"),
        ("bar", "unknown identifier", "exact foo (bar\n      baz)", "sorry"),
        ("omega⟩", "omega failed", "by omega⟩", "by sorry⟩"),
        ("simp, by", "simp failed", "by simp,", "by sorry,"),
        ("nothing", "unknown identifier", "rw [nothing]", "sorry"),
        ("theorem c", None, "x := by\ntheorem d", "x := by sorry\ntheorem d"),
        ("have h", None, "y := by\n", "y := by sorry\n"),
        ("· exact", ONE, "    rfl\n", "    rfl\n    sorry\n"),
        ("by constructor\n", TWO, "by constructor", "by\n  constructor\n  · sorry\n  · sorry"),
        ("by\n  constructor\n", TWO, "    rfl\n", "    rfl\n  · sorry\n  · sorry\n"),
        ("| zero", ONE, "zero =>", "zero => sorry"),
        ("| succ", ONE, "    constructor\n", "    constructor\n    sorry\n"),
    ],
)
def test_the_engine_is_asked_for_a_hole_in_its_place(
    place: str, message: str | None, old: str, new: str
) -> None:
    assert asked(place, message)[0] == FILE.replace(old, new, 1)


def test_a_tactic_after_the_one_that_fails_may_have_to_go_too() -> None:
    first, second = asked("exact foo", "unknown identifier")
    assert "  · sorry\n    rfl\n" in first
    assert "  · sorry\n\ntheorem b" in second


def test_of_a_block_that_fails_and_leaves_goals_the_failure_counts() -> None:
    text = "theorem a : x := by\n  rw [nothing]\n"
    errors = [Error(17, 19, ONE), Error(26, 33, "unknown identifier")]
    (place, *_) = places(text, 17, 17, errors)
    assert place.kind == "failing"


@pytest.mark.parametrize("place", ["-- sorry", '"sorry"', "theorem a", "rfl"])
def test_nothing_is_offered_elsewhere(place: str) -> None:
    assert asked(place) == []


def test_an_error_in_a_term_is_no_failing_tactic() -> None:
    assert asked("nonsense", "unknown identifier", "theorem t : 1 = 1 := nonsense\n") == []


def test_comments_and_strings_are_no_code() -> None:
    text = 'a /- x /- sorry -/ sorry -/ b "sor\\"ry" r#"so"rry"# \'s\' h\' «sorry x» c -- sorry'
    assert code_only(text).split() == ["a", "b", "h'", "c"]
    assert len(code_only(text)) == len(text)
    assert code_only("a /- open").split() == ["a"]
