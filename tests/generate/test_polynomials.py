"""Witnesses that are computed, as values: no Lean runs here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.generate.polynomials import Polynomial, divided, read, shown, solutions
from prover.generate.shapes import View
from search.interfaces import Goal, Hypothesis


def tactics(target: str, *naturals: str) -> list[str]:
    hypotheses = tuple(Hypothesis(name, "Nat") for name in naturals)
    return [idea[1] for idea in solutions(View(Goal(f"⊢ {target}", target, hypotheses)))]


@pytest.mark.parametrize(
    ("target", "witness"),
    [
        ("∃ k, 2 * a + 2 * b = 2 * k", "a + b"),
        ("∃ k, (2 * a + 1) * (2 * b + 1) = 2 * k + 1", "2 * a * b + a + b"),
        ("∃ c, a * x * y = a * c", "x * y"),
        ("∃ k, n ^ 2 - 1 = (n + 1) * k", "n - 1"),
        ("∃ k, f a * 3 = k * f a", "3"),
        ("∃ k, 0 = a * k", "0"),
        ("a ∣ a * b + c * a", "b + c"),
        ("∃ k, n = 3 * k + 2", "(n - 2) / 3"),
    ],
)
def test_an_equation_is_solved_for_what_is_to_exist(target: str, witness: str) -> None:
    assert tactics(target)[:2] == [
        f"exact ⟨{witness}, by first | omega | grind⟩",
        f"refine ⟨{witness}, ?_⟩",
    ]


@pytest.mark.parametrize(
    "target",
    [
        "∃ k, k ^ 2 = 2",
        "∃ k, a = b * k",
        "∃ k, f k = 2 * k",
        "∃ k, a < k",
        "∃ k, a = if p then k else 2",
        "∃ k, a * = k",
        "∃ j k, a = j + k",
        "a = b",
        "∃ k, (a + b + c + d + e) ^ 9 = k",
    ],
)
def test_what_has_no_such_solution_has_no_suggestion(target: str) -> None:
    assert tactics(target, "a", "b") == []


def test_cases_by_the_remainder_decide_a_disjunction() -> None:
    found = tactics("(∃ k, n = 2 * k) ∨ ∃ k, n = 2 * k + 1", "n")
    assert "exact Or.inl ⟨n / 2, by omega⟩ | exact Or.inr ⟨(n - 1) / 2, by omega⟩" in found[0]


POLYNOMIALS = st.dictionaries(
    st.lists(
        st.tuples(st.sampled_from("xyz"), st.integers(1, 2)), max_size=2, unique_by=lambda p: p[0]
    )
    .map(sorted)
    .map(tuple),
    st.integers(-5, 5).filter(bool),
    max_size=4,
)


@given(POLYNOMIALS)
def test_what_is_shown_is_read_again(polynomial: Polynomial) -> None:
    assert read(shown(polynomial)) == polynomial


@given(POLYNOMIALS, POLYNOMIALS.filter(bool))
def test_a_product_divided_by_a_factor_is_the_other(one: Polynomial, other: Polynomial) -> None:
    product = read(f"({shown(one)}) * ({shown(other)})")
    assert product is not None
    assert divided(product, other) == one
