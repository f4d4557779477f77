"""The portfolio on goals as values: no Lean runs here."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.generate.portfolio import FORBIDDEN, Portfolio, suggestions
from prover.generate.shapes import View, shape
from search.interfaces import Goal, Hypothesis, Request, State, Suggestion


def goal(target: str, *hypotheses: str) -> Goal:
    """A goal from `name : type` lines; a `!` before the name makes it a proposition."""
    entries = []
    for line in hypotheses:
        name, _, kind = line.partition(" : ")
        entries.append(Hypothesis(name.lstrip("!"), kind, None, name.startswith("!")))
    pp = "\n".join(f"{h.name} : {h.type}" for h in entries) + f"\n⊢ {target}"
    return Goal(pp, target, tuple(entries))


def tactics(target: str, *hypotheses: str) -> list[str]:
    return [s.tactic for s in suggestions(goal(target, *hypotheses))]


GOALS = [
    goal("True"),
    goal("x + y = y + x", "x : ℕ", "y : ℕ"),
    goal("x ^ 2 % 4 = 0 ∨ x ^ 2 % 4 = 1", "x : ℤ"),
    goal("q ∧ p", "p : Prop", "q : Prop", "!h : p ∧ q"),
    goal("f 9 = 18", "f : ℕ → ℕ", "!h₀ : f 0 = 0", "!h₁ : ∀ (n : ℕ), f (n + 1) = f n + 2"),
    goal("∃ y, y > x", "x : ℕ"),
    goal("(l ++ m).length = m.length + l.length", "α : Type", "l : List α", "m : List α"),
    goal("a = 4", "a : ℕ", "!h✝ : a ≤ 9", "!h : a * a = 16"),
    goal("m.gcd n ∣ m", "m : ℕ", "n : ℕ", "!h : m.gcd n = 6", "!k : m.lcm n = 126"),
    goal("7 ^ 4001 % 10 = 7"),
    goal("¬∀ (a b : ℤ), a ∣ b ↔ ∃ k, b = a * k"),
]


@pytest.mark.parametrize("example", GOALS, ids=lambda g: g.target)
def test_log_probabilities_are_finite_negative_and_different(example: Goal) -> None:
    found = [s.logprob for s in suggestions(example)]
    assert all(math.isfinite(p) and p < 0 for p in found)
    assert len(set(found)) == len(found)
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("example", GOALS, ids=lambda g: g.target)
def test_tactics_are_different_and_written_out(example: Goal) -> None:
    texts = [s.tactic for s in suggestions(example)]
    assert len(set(texts)) == len(texts)
    for text in texts:
        assert text.strip() == text and text
        assert "{" not in text.replace("{}", "")
        assert "✝" not in text


@pytest.mark.parametrize("example", GOALS, ids=lambda g: g.target)
def test_a_goal_always_gets_the_same(example: Goal) -> None:
    assert suggestions(example) == suggestions(example)


def test_generator_answers_every_request_in_turn() -> None:
    requests = [Request(State(g.target, (g,)), ("intro x",), seed) for seed, g in enumerate(GOALS)]

    async def collect() -> list[tuple[int, Suggestion]]:
        return [pair async for pair in Portfolio().generate(requests)]

    pairs = asyncio.run(collect())
    for index, example in enumerate(GOALS):
        assert [s for i, s in pairs if i == index] == suggestions(example)


def test_only_the_first_goal_of_a_state_counts() -> None:
    first, second = GOALS[1], GOALS[3]

    async def collect(*goals: Goal) -> list[tuple[int, Suggestion]]:
        return [pair async for pair in Portfolio().generate([Request(State("k", goals))])]

    assert asyncio.run(collect(first, second)) == asyncio.run(collect(first))


class TestNames:
    def test_new_names_do_not_shadow(self) -> None:
        intro = tactics("∀ (x h : ℕ), x = h", "x : ℕ", "!h : x = 1")
        names = next(t for t in intro if t.startswith("intro ")).split()[1:]
        assert len(names) == 2 and not {"x", "h"} & set(names)

    def test_inaccessible_hypotheses_are_named_before_they_are_mentioned(self) -> None:
        found = tactics("n✝ = 0", "n✝ : ℕ", "k✝ : ℕ", "!h✝ : n✝ = k✝", "!h✝¹ : k✝ = 0")
        assert any(t.startswith("rename_i n _ _ _\ninduction n with") for t in found)
        assert "rename_i h _\nsubst h" in found
        assert "simp_all" in found

    def test_a_conjunction_is_taken_apart_with_as_many_names_as_it_has_parts(self) -> None:
        found = tactics("a = 0", "a : ℕ", "!h : 0 ≤ a ∧ a ≤ 9 ∧ a ≠ 4")
        assert "obtain ⟨h_1, h_2, h_3⟩ := h" in found

    def test_an_existential_keeps_the_name_of_its_variable(self) -> None:
        found = tactics("n = 0", "n : ℕ", "!h : ∃ k, n = 2 * k")
        assert "obtain ⟨k, h_1⟩ := h" in found

    def test_shadowed_hypotheses_are_read_once(self) -> None:
        view = View(goal("a = 0", "a : ℕ", "!h : a = 1", "!h : a = 2"))
        assert view.facts["h"].text == "a = 2"


class TestShapesAreFilledFromTheGoal:
    def test_bounded_variables_are_split(self) -> None:
        found = tactics("a ^ 3 ≠ 5", "a : ℕ", "!h : a ≤ 3")
        assert any("n = 0 ∨ n = 1 ∨ n = 2 ∨ n = 3) a" in t for t in found)

    def test_remainders_follow_the_modulus(self) -> None:
        found = tactics("a ^ 2 % 3 ≠ 2", "a : ℤ")
        assert any("a ^ 2 % 3 = 0 ∨ a ^ 2 % 3 = 1" in t for t in found)

    def test_remainders_by_a_variable_are_below_it(self) -> None:
        found = tactics("(b + 1) % a < a", "a : ℕ", "b : ℕ", "!h : ¬a = 0")
        assert any("Nat.mod_lt (b + 1) r" in t for t in found)
        assert not any("Nat.mod_lt" in t for t in tactics("b % a < a", "a : ℤ", "b : ℤ"))

    def test_what_a_recursion_owes_has_a_tactic_of_its_own(self) -> None:
        order = "Prod.Lex (fun x1 x2 => x1 < x2) (fun x1 x2 => x1 < x2)"
        assert "decreasing_tactic" in tactics(f"{order} (m, 5) (m.succ, 0)", "m : ℕ")[:4]
        assert "decreasing_tactic" not in tactics("m < m.succ", "m : ℕ")

    def test_recurrences_are_instantiated_up_to_the_index(self) -> None:
        found = tactics(
            "f 9 = 18", "f : ℕ → ℕ", "!h₀ : f 0 = 0", "!h₁ : ∀ (n : ℕ), f (n + 1) = f n + 2"
        )
        assert any(all(f":= h₁ {i}\n" in t for i in range(9)) for t in found)

    def test_variables_of_the_right_type_are_induced_on(self) -> None:
        found = tactics("(l ++ m).length = 0", "α : Type", "l : List α", "m : List α", "a : α")
        assert any(t.startswith("induction l") for t in found)
        assert not any(t.startswith(("induction a", "cases a", "induction α")) for t in found)

    def test_connectives_decide_the_first_step(self) -> None:
        assert tactics("p ∧ q", "p : Prop", "q : Prop")[0] == "constructor"
        assert tactics("p → q", "p : Prop", "q : Prop")[0] == "intro h"
        assert tactics("∀ n : ℕ, n = n")[0] == "intro n"


class TestNumeralsGuard:
    @pytest.mark.parametrize("target", ["2 ^ 100000000 % 10 = 6", "3 ^ 99999999 = 3 ^ 99999999"])
    def test_nothing_computes_with_a_power_that_is_too_large(self, target: str) -> None:
        for tactic in tactics(target):
            assert not re.fullmatch(
                r"(rfl|decide|omega|simp|simp_all|grind|decide \+kernel)", tactic
            )

    def test_small_powers_are_computed(self) -> None:
        assert {"rfl", "decide", "omega"} <= set(tactics("2 ^ 10 % 7 = 2"))

    def test_remainders_of_large_powers_go_through_the_order(self) -> None:
        first = tactics("7 ^ 4001 % 10 = 7")[0]
        assert "7 ^ 4001 % 10 = 7" in first and "Nat.pow_mul" in first

    def test_case_splits_stay_small(self) -> None:
        found = tactics("a ≠ 5", "a : ℕ", "!h : a ≤ 100000")
        assert max(t.count(" ∨ ") for t in found) < 200


class TestShape:
    @pytest.mark.parametrize(
        ("text", "head", "parts"),
        [
            ("p ∧ q ∧ r", "∧", ("p", "q", "r")),
            ("p → q → r", "→", ("p", "q → r")),
            ("p ∨ q ↔ r", "↔", ("p ∨ q", "r")),
            ("(p → q)", "→", ("p", "q")),
            ("¬p ∧ q", "∧", ("¬p", "q")),
            ("¬(p ∧ q)", "¬", ("(p ∧ q)",)),
            ("a ^ 2 ∣ b + 1", "∣", ("a ^ 2", "b + 1")),
            ("p ∧ ∃ x, q x ∨ r", "∧", ("p", "∃ x, q x ∨ r")),
            ("Even n", "", ()),
        ],
    )
    def test_outermost_form(self, text: str, head: str, parts: tuple[str, ...]) -> None:
        assert (shape(text).head, shape(text).parts) == (head, parts)

    def test_binders(self) -> None:
        found = shape("∀ (a b : ℕ), 0 < a → a = b")
        assert (found.head, found.names, found.domain) == ("∀", ("a", "b"), "Nat")
        assert found.parts == ("0 < a → a = b",)
        two = shape("∀ (a : ℕ) (b : ℤ), p a b")
        assert two.names == ("a",) and shape(two.parts[0]).names == ("b",)


WORDS = st.sampled_from(
    [
        "p",
        "q",
        "x",
        "y",
        "n",
        "h₀",
        "f",
        "ℕ",
        "ℤ",
        "List",
        "Option",
        "0",
        "1",
        "2",
        "17",
        "999",
        "+",
        "*",
        "^",
        "-",
        "%",
        "∣",
        "=",
        "≠",
        "≤",
        "<",
        "∧",
        "∨",
        "→",
        "↔",
        "¬",
        "∀",
        "∃",
        ",",
        "(",
        ")",
        "⟨",
        "⟩",
        "x✝",
        "fun",
        "↦",
        "if",
        "then",
        "else",
        "gcd",
        "Nat.gcd",
        "sorry",
        "native_decide",
        "admit",
        "[",
        "]",
        "++",
        "↑",
    ]
)
TEXTS = st.lists(WORDS, max_size=14).map(" ".join)
NAMES = st.sampled_from(["x", "y", "n", "h", "h₀", "h✝", "x✝", "inst✝", "this", "sorry", "p", "f"])


def pairs(entries: Iterable[tuple[str, str, bool]]) -> tuple[Hypothesis, ...]:
    return tuple(Hypothesis(name, kind, None, prop) for name, kind, prop in entries)


@given(TEXTS, st.lists(st.tuples(NAMES, TEXTS, st.booleans()), max_size=5))
def test_whatever_the_goal_suggestions_are_sound_values(
    target: str, entries: list[tuple[str, str, bool]]
) -> None:
    example = Goal(target, target, pairs(entries))
    found = suggestions(example)
    assert len({s.logprob for s in found}) == len(found)
    for suggestion in found:
        assert not FORBIDDEN.search(suggestion.tactic)
        assert "✝" not in suggestion.tactic
        assert math.isfinite(suggestion.logprob) and suggestion.logprob < 0
    assert found == suggestions(example)
