"""Shapes that know the user's own functions, types and theorems: what they suggest for real goals, and
what a search with them proves."""

import pytest

from prover.api import Options
from prover.generate.portfolio import suggestions
from search.budget import Budget
from search.context import Context
from search.interfaces import Goal, Progress
from tests.lab import Lab

FILE = """
inductive N where
  | z
  | s (n : N)

def add : N → N → N
  | .z, m => m
  | .s n, m => .s (add n m)

inductive L (α : Type) where
  | nil
  | cons (x : α) (xs : L α)

variable {α : Type}

def join : L α → L α → L α
  | .nil, ys => ys
  | .cons x xs, ys => .cons x (join xs ys)

def back : L α → L α → L α
  | .nil, acc => acc
  | .cons x xs, acc => back xs (.cons x acc)

def size : L α → N
  | .nil => .z
  | .cons _ xs => .s (size xs)

def fold {β : Type} (f : β → α → β) : β → L α → β
  | b, .nil => b
  | b, .cons x xs => fold f (f b x) xs

theorem join_nil (xs : L α) : join xs .nil = xs := by
  induction xs <;> simp_all [join]

inductive Small : N → Prop where
  | zero : Small .z
  | one : Small (.s .z)

structure Pair where
  left : Int
  right : Int

def Pair.turn (p : Pair) : Pair := ⟨p.right, p.left⟩

instance : Add Pair := ⟨fun p q => ⟨p.left + q.left, p.right + q.right⟩⟩

"""


def seen(lab: Lab, statement: str, *steps: str) -> tuple[Goal, Context]:
    """The goal of a statement below the file after some tactics, and its context."""

    async def ask() -> Context:
        done = await lab.pool.elaborate("", text)
        before = [name for command in done.commands[:-1] for name in command.theorems]
        return await lab.pool.context(done.holes[0].state, before)

    text = f"{FILE}theorem t {statement} := by sorry"
    state = lab.elaborate(text).holes[0].state
    context = lab.wait(ask())
    for step in steps:
        progress = lab.run(state, step)
        assert isinstance(progress, Progress), progress
        state = progress.children[-1]
    return state.goals[0], context


def tactics(lab: Lab, statement: str, *steps: str) -> list[str]:
    goal, context = seen(lab, statement, *steps)
    return [s.tactic for s in suggestions(goal, context)]


def test_functions_are_unfolded_with_what_they_are_made_of(lab: Lab) -> None:
    found = tactics(lab, "(xs : L α) : size (join xs .nil) = size xs")
    assert "simp_all [size, join]" in found
    assert "grind [size, join]" in found


def test_induction_generalises_what_else_is_there(lab: Lab) -> None:
    found = tactics(lab, "(xs ys zs : L α) : back xs (join ys zs) = join (back xs ys) zs")
    assert "induction xs generalizing ys zs <;> simp_all [back, join]" in found
    assert found.index("induction xs <;> simp_all [back, join]") < found.index(
        "induction zs <;> simp_all [back, join]"
    ), "what the functions recur on comes first"


def test_what_changes_in_recursive_calls_is_generalised_first(lab: Lab) -> None:
    found = tactics(
        lab, "{β : Type} (f : β → α → β) (b : β) (xs : L α) : fold f b (join xs .nil) = fold f b xs"
    )
    general = found.index("induction xs generalizing b <;> simp_all [fold, join]")
    assert general < found.index("induction xs <;> simp_all [fold, join]")


def test_induction_along_a_function(lab: Lab) -> None:
    found = tactics(lab, "(n m : N) : add n m = add m n")
    assert any(t.startswith("fun_induction add n m <;>") for t in found)


def test_arms_have_the_names_of_the_constructors(lab: Lab) -> None:
    found = tactics(lab, "(xs : L α) : join xs .nil = xs")
    assert "induction xs with\n| nil => ?_\n| cons x xs1 ih => ?_" in found


def test_theorems_of_the_file_are_used(lab: Lab) -> None:
    found = tactics(lab, "(xs : L α) : size (join xs .nil) = size xs")
    for tactic in ("rw [join_nil]", "exact join_nil ..", "simp_all [size, join, join_nil]"):
        assert tactic in found


def test_a_term_that_stands_twice_becomes_a_variable(lab: Lab) -> None:
    found = tactics(lab, "(xs ys : L α) : add (size xs) (size ys) = add (size ys) (size xs)")
    assert any(t.startswith("generalize size xs = t\n") for t in found)
    assert any(t.startswith("generalize size xs = s\ngeneralize size ys = t\n") for t in found)


def test_hypotheses_without_a_name_are_used(lab: Lab) -> None:
    found = tactics(lab, "(n : N) : add n .z = n", "induction n")
    assert any("rename_i n _\ncases n" in t for t in found)


def test_predicates_are_taken_apart_and_built(lab: Lab) -> None:
    found = tactics(lab, "(n : N) (h : Small n) : Small (add n .z)")
    assert "exact Small.zero .." in found
    assert "apply Small.one" in found
    assert any(t.startswith("cases h <;> simp_all") for t in found)


def test_structures_are_compared_field_by_field(lab: Lab) -> None:
    found = tactics(lab, "(p q : Pair) : p + q = q + p")
    assert "change Pair.mk _ _ = Pair.mk _ _\ncongr 1 <;> omega" in found


def test_a_goal_of_the_library_gets_what_it_got_before(lab: Lab) -> None:
    goal, context = seen(lab, "(n m : Nat) : n + m = m + n")
    assert suggestions(goal, context) == suggestions(goal)


@pytest.mark.parametrize(
    ("statement", "expansions"),
    [
        ("(n m k : N) : add (add n m) k = add n (add m k)", 5),
        ("(n : N) : add n .z = n", 5),
        ("(xs ys zs : L α) : join (join xs ys) zs = join xs (join ys zs)", 5),
        ("(xs ys zs : L α) : back xs (join ys zs) = join (back xs ys) zs", 5),
        ("(xs ys : L α) : size (join xs ys) = add (size xs) (size ys)", 5),
        ("(n : N) (h : Small n) : n = .z ∨ n = .s .z", 10),
        ("(n : N) (h : Small (.s (.s n))) : False", 5),
        ("(n : N) (h : add n (.s .z) = .z) : False", 10),
        ("(p : Pair) : p.turn.turn = p", 5),
        ("(p q r : Pair) : p + q + r = p + (q + r)", 10),
        ("(xs : L α) (h : size xs = .z) : xs = .nil", 10),
    ],
)
def test_proves(lab: Lab, statement: str, expansions: int) -> None:
    options = Options(Budget(expansions=expansions, seconds=60.0), refute=False)
    text = f"{FILE}theorem t {statement} := by sorry"
    filled = lab.wait(lab.prover.prove_text(text, options=options))
    assert filled.proved, filled.verdicts[-1].reason
