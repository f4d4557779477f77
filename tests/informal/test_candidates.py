"""Formal statements of a scripted model: which agree, what is wrong with them, which is accepted."""

from typing import Any

import pytest

from prover.errors import WrongUse
from prover.informal.candidates import (
    Formalized,
    NothingFormalized,
    as_proposition,
    formalize,
    read_candidate,
)
from prover.informal.writer import Writer
from tests.informal.scripted import ScriptedModel
from tests.lab import Lab

WORDS = "The square of an even natural number is divisible by 4."
GOOD = "theorem square (n : Nat) (h : 2 ∣ n) : 4 ∣ n * n := by sorry"
SAME = "theorem four_dvd (k m : Nat) (hm : m = 2 * k) : 4 ∣ m * m := by\n  sorry"
VACUOUS = "theorem square (n : Nat) (h : 2 ∣ n) (h0 : n < 0) : 4 ∣ n * n := by sorry"
FALSE = "theorem square (n : Nat) : 4 ∣ n * n := by sorry"
BROKEN = "theorem square (n : Nat) (h : Even n) : 4 ∣ n * n := by sorry"


def lean(code: str) -> str:
    return f"```lean\n{code}\n```"


def formalized(lab: Lab, model: ScriptedModel, words: str = WORDS, **more: Any) -> Formalized:
    async def run() -> Formalized:
        writer = await Writer.load(model.url)
        try:
            return await formalize(lab.prover, writer, words, **more)
        finally:
            await writer.aclose()

    return lab.wait(run())


def scripted(model: ScriptedModel, *statements: str) -> None:
    model.when("begin with the word SAME", "It says so.", say="SAME: so it says.")
    model.when("begin with the word SAME", say="DIFFERENT: something is missing.")
    model.when("Say in one or two sentences", "(h : 2 ∣ n) : 4", say="It says so.")
    model.when("Say in one or two sentences", say="It says something else.")
    model.when(WORDS, say=[lean(one) for one in statements])


def test_what_is_wrong_with_a_statement_is_told_and_ranks_it_last(
    lab: Lab, model: ScriptedModel
) -> None:
    scripted(model, VACUOUS, FALSE, GOOD, GOOD)
    done = formalized(lab, model)
    first, *others = done.candidates
    assert first.statement == GOOD.removesuffix(" := by sorry")
    assert (first.samples, first.flags, first.same, first.says) == (2, (), True, "It says so.")
    assert first.instances > 0
    flags = {flag for one in others for flag in one.flags}
    assert any(flag.startswith("vacuous") for flag in flags)
    assert "false at n = 1: its negation is proved" in flags
    assert done.accept("best") == first and "written by 2" in done.why(first)
    assert done.accept("2") == others[0]
    for number in ("0", "4", "x"):
        with pytest.raises(WrongUse, match="from 1 to 3"):
            done.accept(number)


def test_if_all_are_wrong_none_is_the_best(lab: Lab, model: ScriptedModel) -> None:
    words = "Five is below five."
    model.when("begin with the word SAME", say="DIFFERENT: something is missing.")
    model.when(words, say=lean("theorem below : 5 < 5 := by sorry"))
    model.when("Say in one or two sentences", say="It says something else.")
    done = formalized(lab, model, words, samples=1)
    assert done.candidates[0].same is False
    with pytest.raises(WrongUse, match="every candidate is vacuous or false"):
        done.accept("best")


def test_statements_that_prove_each_other_agree(lab: Lab, model: ScriptedModel) -> None:
    one = "theorem a (x y : Int) (h : x < y) : x + 1 ≤ y * 1 := by sorry"
    other = "theorem b (x y : Int) : ¬ y ≤ x → x < y + 0 := by sorry"
    same = "theorem c (x : Int) (y : Int) (hxy : x < y) : x + 1 ≤ y * 1 := by sorry"
    reordered = "theorem d (y x : Int) (h : x < y) : x + 1 ≤ y * 1 := by sorry"
    scripted(model, one, same, reordered, other)
    done = formalized(lab, model)
    # The samples come in no order: `a` and `c`, which are the same, go by the name of either.
    found = {c.name.replace("c", "a"): (c.samples, c.agreeing) for c in done.candidates}
    assert found["a"] == (2, 1) and found["d"] == (1, 2)
    assert found["b"] == (1, 0)  # both are proved at once, which tells nothing of either


def test_what_does_not_elaborate_goes_back(lab: Lab, model: ScriptedModel) -> None:
    model.when("Lean does not accept this", say=lean("theorem two : 1 + 1 = 2 := by sorry"))
    scripted(model, BROKEN)
    done = formalized(lab, model, samples=1)
    assert done.candidates[0].name == "two" and not done.refused
    assert "Even" in model.asked[1] and "error" in model.asked[1]


def test_if_nothing_elaborates_lean_is_quoted(lab: Lab, model: ScriptedModel) -> None:
    scripted(model, BROKEN)
    with pytest.raises(NothingFormalized, match="Even"):
        formalized(lab, model, samples=1)


@pytest.mark.parametrize(
    ("statement", "proposition"),
    [
        ("theorem t (n : Nat) : n = n", "∀ (n : Nat), n = n"),
        ("theorem t : 1 = 1", "1 = 1"),
        ("theorem t {α : Type} [Inhabited α] (f : α → Nat) : f = f", "∀ {α : Type} [Inhabited α] (f : α → Nat), f = f"),
        ("def two := 2\ntheorem t : two = 2", None),
    ],
)  # fmt: skip
def test_a_theorem_as_a_proposition(statement: str, proposition: str | None) -> None:
    assert as_proposition(statement) == proposition


def test_a_statement_is_read_without_proof_and_imports() -> None:
    text = "import Mathlib\n\ndef two := 2\n\nlemma t (n : Nat) :\n    n = n := by\n  rfl"
    assert read_candidate(lean(text)) == ("def two := 2\n\ntheorem t (n : Nat) :\n    n = n", "t")
    with pytest.raises(WrongUse, match="no theorem"):
        read_candidate("I cannot.")
