"""What the portfolio makes of theorems of the library."""

from dataclasses import replace

from prover.generate.portfolio import suggestions
from search.context import Context
from search.interfaces import Goal, Hypothesis
from search.premises import Library, Row

SYMBOLS = ["Eq", "Dvd.dvd", "List"]


def named(*parts: str | int) -> Row:
    return parts


ROWS: list[Row] = [
    ["dvd_refl", 1, 1],
    ["dvd_iff", 0, 0, 1],
    *(named(f"other{i}", 0, 0, 2) for i in range(20)),
]
CONTEXT = Context(library=Library(SYMBOLS, [("Numbers", ROWS)]))
GOAL = Goal(
    "a b : Nat\nh : a = b\n⊢ a ∣ b",
    "a ∣ b",
    (Hypothesis("a", "Nat"), Hypothesis("b", "Nat"), Hypothesis("h", "a = b", None, True)),
    constants=("Dvd.dvd", "Eq"),
)


def new(goal: Goal) -> list[str]:
    """What a library adds."""
    without = {suggestion.tactic for suggestion in suggestions(goal)}
    return [s.tactic for s in suggestions(goal, CONTEXT) if s.tactic not in without]


def test_theorems_about_the_goal_become_tactics() -> None:
    assert new(GOAL) == [
        "simp [dvd_refl, dvd_iff]",
        "simp_all [dvd_refl, dvd_iff]",
        "grind [dvd_refl, dvd_iff]",
        "rw [dvd_iff]",
        "rw [← dvd_iff]",
    ]


def test_what_is_sure_or_cheap_comes_before_them() -> None:
    tactics = [suggestion.tactic for suggestion in suggestions(GOAL, CONTEXT)]
    first = tactics.index(new(GOAL)[0])
    assert {"assumption", "omega", "simp_all", "grind", "subst h"} <= set(tactics[:first])


def test_a_goal_about_something_else_has_none() -> None:
    assert new(replace(GOAL, constants=("Tree", "Tree.mirror"))) == []
    assert new(replace(GOAL, constants=())) == []


def test_they_are_a_handful_however_many_there_are() -> None:
    about_lists = replace(GOAL, constants=("List", "Eq"))
    few = Context(
        library=Library(SYMBOLS, [("Numbers", [*ROWS, *(named(f"x{i}", 1, 1) for i in range(90))])])
    )
    without = {suggestion.tactic for suggestion in suggestions(about_lists)}
    more = [s.tactic for s in suggestions(about_lists, few) if s.tactic not in without]
    assert 0 < len(more) <= 9
