import pytest

from prover.lean.source import fill, with_hole
from prover.lean.states import Hole
from search.interfaces import State
from tests.lab import Lab

SCRIPT = "have h : 1 = 1 := by\n  rfl\nexact trivial"

TEXTS = [
    "theorem t : True := by sorry",
    "theorem t : True := sorry",
    "theorem t : True := by\n  sorry",
    "theorem t :\n    True :=\n  sorry",
    "theorem t : True :=\n  by sorry -- later",
    "theorem t : True ∧ True := by\n  constructor\n  · sorry\n  · trivial",
    "theorem t : True ∧ True := ⟨sorry, trivial⟩",
    "theorem t : True ∧ True := ⟨trivial, by sorry⟩",
    "theorem t : True ∧ True := ⟨by\n  sorry, trivial⟩",
    "theorem t : True := by\n  have h : True := by sorry\n  exact h",
    "theorem t : True := by\n  have h : True := sorry\n  exact h",
    "theorem t : True := by\n  have h : True :=\n    sorry\n  exact h",
    "theorem t : True := by\n  (sorry)",
    "theorem t : True := by { sorry }",
    "theorem t : True := by exact (sorry)",
    "theorem t : True := by first | exact foo | sorry",
    "theorem t : True := by\n  skip; skip; sorry",
    "theorem t : True := by\n  skip <;> sorry",
    "theorem t (n : Nat) : True := by\n  induction n with\n  | zero => trivial\n  | succ n ih => sorry",
    "theorem t (n : Nat) : True := by\n  cases n with\n  | zero => sorry\n  | succ n => trivial",
    "theorem t : Nat → True\n  | 0 => trivial\n  | _ + 1 => sorry",
    "theorem t : Nat → True\n  | 0 => by sorry\n  | _ + 1 => trivial",
    "theorem t : True := by\n  match 3 with\n  | 0 => trivial\n  | _ => sorry",
    "theorem t : True := by\n  exact show True from sorry",
    "theorem t : True := by\n  suffices h : True by exact h\n  sorry",
    "theorem t : True := have h : True := sorry\n  h",
    "theorem t : True := have h : True := by sorry\n  h",
    "theorem t : True := (fun (h : True) => h) sorry",
    "theorem t : True := (fun (h : True) => h) (by sorry)",
    "theorem t : True := id <| by\n  sorry",
    "theorem t : True := by\n  refine id ?_\n  case _ => sorry",
    "theorem t : True := by\n  all_goals\n    sorry",
    "theorem t : True ∧ True where\n  left := sorry\n  right := trivial",
    "theorem t : True ∧ True where\n  left := by sorry\n  right := by trivial",
    "theorem t : True ∧ True := { left := by sorry, right := trivial }",
    "theorem t : 1 = 1 := by\n  calc 1\n    _ = 1 := (fun (h : True) => rfl) sorry",
    "theorem t : 1 ≤ 3 := by\n  have h : True := by\n    -- «ℕ» comment\n    sorry\n  decide",
    "namespace A\nsection\n  theorem t : True := by sorry\nend\nend A",
    "/-- ℕ, 𝔸 and ⟨⟩ -/ theorem t : True := by /- ∀ -/ sorry /- after -/",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("script", ["trivial", SCRIPT])
def test_a_script_fits_into_every_hole(lab: Lab, text: str, script: str) -> None:
    done = lab.elaborate(text)
    assert done.errors == ()
    (hole,) = done.holes
    lab.pool.release([hole.state])
    assert text.encode()[hole.first : hole.last] == b"sorry"
    filled = fill(text, hole, script)
    again = lab.elaborate(filled)
    assert again.messages == (), filled
    assert again.holes == ()
    before, after = _around(text, hole)
    assert filled.startswith(before)
    assert filled.endswith(after)


def _around(text: str, hole: Hole) -> tuple[str, str]:
    """The parts of a text that must stay: up to the `:=` or `by` before a hole, and after it."""
    data = text.encode()
    before = data[: hole.first].decode().rstrip().removesuffix("by").rstrip()
    return before.removesuffix(":="), data[hole.last :].decode()


def test_calc_steps_can_be_filled_one_by_one(lab: Lab) -> None:
    text = (
        "theorem t (a b c : Nat) (h : a = b) (g : b = c) : a = c := by\n"
        "  calc a = b := by sorry\n    _ = c := sorry\n"
    )
    first, second = lab.elaborate(text).holes
    filled = fill(fill(text, second, "have h := g\nexact h"), first, "have g := h\nexact g")
    assert lab.elaborate(filled).messages == ()


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("theorem t : p", "theorem t : p := by sorry"),
        ("theorem t : p := by sorry\n", "theorem t : p := by sorry"),
        ("theorem t : p := sorry", "theorem t : p := by sorry"),
        ("theorem t : p :=\n  by\n  sorry", "theorem t : p := by sorry"),
        ("theorem t : p :=", "theorem t : p := by sorry"),
        ("theorem t : p := by", "theorem t : p := by sorry"),
        ("theorem t : p -- note", "theorem t : p -- note\n  := by sorry"),
    ],
)
def test_a_statement_is_given_with_or_without_a_hole(statement: str, expected: str) -> None:
    assert with_hole(statement) == expected


def test_a_hole_in_a_comment_line_is_found(lab: Lab) -> None:
    assert lab.state("theorem t (n : Nat) : n = n -- reflexive").goals[0].target == "n = n"


def test_offsets_are_those_of_utf_8() -> None:
    text = "theorem ℕℕ : True := by skip; sorry"
    first = text.encode().index(b"sorry")
    hole = Hole(first, first + 5, True, True, False, State("", ()))
    assert fill(text, hole, "trivial") == "theorem ℕℕ : True := by skip; trivial"
