"""What the gym tells of the user's own constants in a goal."""

from typing import Any

from prover.lean.states import Elaborated
from search.context import Context
from tests.lab import Lab

TREES = """
inductive Tree (α : Type) where
  | leaf
  | node (left : Tree α) (value : α) (right : Tree α)

namespace Tree

variable {α : Type}

def mirror : Tree α → Tree α
  | leaf => leaf
  | node l x r => node r.mirror x l.mirror

def flat : Tree α → List α → List α
  | leaf, more => more
  | node l x r, more => l.flat (x :: r.flat more)

def twice (t : Tree α) : Tree α := t.mirror.mirror

theorem mirror_leaf : (leaf : Tree α).mirror = leaf := rfl
theorem open_one (t : Tree α) : t.mirror = t := by sorry
"""


def context(lab: Lab, text: str) -> Context:
    async def ask() -> Context:
        done: Elaborated = await lab.pool.elaborate("", text)
        before = [name for command in done.commands[:-1] for name in command.theorems]
        return await lab.pool.context(done.holes[-1].state, before)

    found: Any = lab.wait(ask())
    assert isinstance(found, Context)
    return found


def test_a_function_is_told_by_its_equations(lab: Lab) -> None:
    found = context(lab, TREES + "theorem t (t : Tree α) : t.twice = t := by sorry")
    assert list(found.types) == ["Tree"]
    assert set(found.functions) == {"Tree.twice", "Tree.mirror"}, "what it is made of comes along"
    mirror = found.functions["Tree.mirror"]
    assert mirror.signature.shown == "mirror", "the namespace is open here"
    assert mirror.recursive and mirror.matched == {1} and mirror.descends == {1}
    assert not found.functions["Tree.twice"].recursive
    assert [c.shown for c in found.types["Tree"].constructors] == ["leaf", "node"]
    assert [b.name for b in found.types["Tree"].constructors[1].binders] == [
        "α",
        "left",
        "value",
        "right",
    ]


def test_calls_tell_which_arguments_change(lab: Lab) -> None:
    found = context(lab, TREES + "theorem t (t : Tree α) : t.flat [] = [] := by sorry")
    flat = found.functions["Tree.flat"]
    assert flat.descends == {1}
    assert {call[1:] for call in flat.equations[1].calls} == {(False, False), (False, True)}


def test_theorems_before_a_hole_are_premises(lab: Lab) -> None:
    found = context(lab, TREES + "theorem t (t : Tree α) : t.mirror = t := by sorry")
    assert [(p.signature.shown, p.head, p.open) for p in found.premises[:2]] == [
        ("mirror_leaf", "Eq", False),
        ("open_one", "Eq", True),
    ]
    assert "Tree.mirror" in found.premises[0].own


def test_a_program_that_no_proof_can_unfold_is_opaque(lab: Lab) -> None:
    text = "partial def collatz (n : Nat) : Nat := if n ≤ 1 then 0 else collatz (n / 2) + 1\n"
    found = context(lab, text + "theorem t : collatz 4 = collatz 4 := by sorry")
    assert found.functions["collatz"].opaque


def test_a_goal_about_the_library_has_no_context(lab: Lab) -> None:
    found = context(lab, "theorem t (n : Nat) (l : List Nat) : l.length + n = n := by sorry")
    assert not found.functions and not found.types and not found.instances


def test_predicates_structures_classes_and_instances_are_told(lab: Lab) -> None:
    text = """
inductive Even : Nat → Prop where
  | zero : Even 0
  | step (n : Nat) (h : Even n) : Even (n + 2)

structure Point where
  x : Nat
  y : Nat

def Point.add (p q : Point) : Point := ⟨p.x + q.x, p.y + q.y⟩
instance addPoint : Add Point := ⟨Point.add⟩
"""
    found = context(
        lab, text + "theorem t (p q : Point) (h : Even p.x) : p + q = q + p := by sorry"
    )
    even, point = found.types["Even"], found.types["Point"]
    assert even.prop and even.indices == 1 and even.recursive
    assert point.structure and not point.recursive and not point.prop
    assert list(found.instances) == ["addPoint"]
    assert not found.functions_of(["addPoint"])
    meaning = [made.signature.name for made in found.meaning_of(["addPoint"])]
    assert meaning == ["addPoint", "Point.add"]


def test_a_function_over_mutual_and_nested_types_is_told(lab: Lab) -> None:
    text = """
mutual
inductive Odd : Nat → Prop | step (n : Nat) (h : Ev n) : Odd (n + 1)
inductive Ev : Nat → Prop
  | zero : Ev 0
  | step (n : Nat) (h : Odd n) : Ev (n + 1)
end
inductive Rose where | node (value : Nat) (children : List Rose)
def Rose.value : Rose → Nat | .node v _ => v
"""
    found = context(lab, text + "theorem t (r : Rose) (h : Odd r.value) : r = r := by sorry")
    assert {"Rose"} <= set(found.types)
    assert context(lab, text + "theorem t (h : Odd 3) : Ev 2 := by sorry").types.keys() == {
        "Odd",
        "Ev",
    }


def test_what_is_private_is_told_by_its_plain_name(lab: Lab) -> None:
    told = context(
        lab,
        """
namespace Hidden
private def twice (n : Nat) : Nat := n + n
private theorem twice_zero : twice 0 = 0 := rfl
theorem open_one (n : Nat) : twice n = 2 * n := by sorry
""",
    )
    (twice,) = told.functions.values()
    assert twice.signature.shown == "twice" and twice.equations
    assert [p.signature.shown for p in told.premises] == ["twice_zero"]
