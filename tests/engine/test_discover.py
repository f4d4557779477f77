"""Lemmas that nobody wrote, with real Lean."""

import asyncio
import re
from dataclasses import replace
from typing import Any

import pytest

from prover.api import Options
from prover.engine import discover, exploring
from prover.engine.discover import Discovered, Discovery, Lemma
from prover.engine.options import Filled
from prover.verify.verdict import Outcome
from search.budget import Budget
from tests.lab import Lab

LISTS = """
inductive Chain (α : Type) where
  | nil : Chain α
  | cons (x : α) (xs : Chain α) : Chain α

variable {β : Type}

def join : Chain β → Chain β → Chain β
  | .nil, ys => ys
  | .cons x xs, ys => .cons x (join xs ys)

def turn : Chain β → Chain β
  | .nil => .nil
  | .cons x xs => join (turn xs) (.cons x .nil)
"""

TWICE = f"""
namespace Work
{LISTS}
/-- Turning twice changes nothing. -/
theorem turn_twice (xs : Chain β) : turn (turn xs) = xs := sorry

theorem after : 1 + 1 = 2 := by
  sorry

end Work
"""

TAKEN = """
inductive Num where
  | zero
  | next (n : Num)

def plus : Num → Num → Num
  | .zero, m => m
  | .next n, m => .next (plus n m)

def even : Num → Bool
  | .zero => true
  | .next .zero => false
  | .next (.next n) => even n

def half : Num → Num
  | .zero => .zero
  | .next .zero => .zero
  | .next (.next n) => .next (half n)

def plus_next := 3

theorem even_plus (n : Num) : even (plus n n) = true := by
  sorry

theorem half_plus (n : Num) : half (plus n n) = n := by
  sorry
"""

TREE = """
inductive Tree where
  | leaf (label : Nat)
  | node (left right : Tree)

def Tree.count : Tree → Nat
  | .leaf _ => 1
  | .node l r => l.count + r.count

def Tree.labels : Tree → List Nat → List Nat
  | .leaf n, rest => n :: rest
  | .node l r, rest => l.labels (r.labels rest)

def total : List Nat → Nat
  | [] => 0
  | _ :: ns => total ns + 1

theorem total_labels (t : Tree) : total (t.labels []) = t.count := by
  sorry
"""

OPTIONS = Options(Budget(expansions=40, seconds=240.0), refute=False)
FIRST = 5
"""Expansions of `OPTIONS` that the search before that for lemmas has."""


def fill(lab: Lab, text: str, options: Options = OPTIONS) -> Filled:
    return lab.wait(lab.prover.prove_text(text, options=options))


def holds(lab: Lab, filled: Filled, asked: str) -> bool:
    """Whether a text proves all that was asked, as a file that somebody hands in for it."""
    verdicts = lab.wait(lab.prover.check_text(filled.text, statements=asked))
    return all(verdict.proved for verdict in verdicts)


def before(filled: Filled, name: str) -> list[str]:
    """The theorems of a text before one, and itself."""
    names = re.findall(r"^theorem (\S+)", filled.text, re.MULTILINE)
    return names[: names.index(name) + 1]


@pytest.fixture(autouse=True)
def unrated(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tactics in their own order: in that of the ranker some theorems of these tests need no lemma."""
    settings = replace(lab.prover.engine.settings, ranker="none")
    monkeypatch.setattr(lab.prover.engine, "settings", settings)


@pytest.mark.timeout(900)
def test_a_lemma_is_found_proved_and_written_before_the_theorem(lab: Lab) -> None:
    filled = fill(lab, TWICE)
    twice, after = filled.verdicts
    assert twice.proved and after.proved, twice.reason
    assert [layer.name for layer in twice.layers] == [
        "elaboration",
        "statement",
        "axioms",
        "kernel",
    ]
    assert holds(lab, filled, TWICE)
    names = before(filled, "turn_twice")[:-1]
    assert names and not any("." in name for name in names)
    assert names == [lemma.split(" ")[0] for lemma in twice.lemmas]
    assert after.lemmas == ()
    head, rest = TWICE.split("/-- Turning")
    assert filled.text.startswith(head) and "theorem after" in rest
    assert twice.to_json()["lemmas"] == twice.lemmas
    rest = filled.text[len(head) :]
    for name in names:  # each is used, by the theorem or by another
        assert len(re.findall(rf"\b{name}(?![\w'])", rest)) > 1
    assert twice.spent.expansions > FIRST  # what the lemmas took is told


def test_without_the_option_there_are_none(lab: Lab) -> None:
    budget = Budget(expansions=8, seconds=60.0)
    filled = fill(lab, TWICE, Options(budget, discover=False, refute=False))
    twice = filled.verdicts[0]
    assert twice.outcome is Outcome.GAVE_UP and twice.lemmas == ()
    assert twice.spent.expansions <= 8
    assert before(filled, "turn_twice") == ["turn_twice"]


@pytest.mark.timeout(900)
def test_a_name_that_is_taken_by_the_text_or_another_lemma_is_not_taken_again(lab: Lab) -> None:
    filled = fill(lab, TAKEN)
    assert filled.proved, [verdict.reason for verdict in filled.verdicts]
    assert holds(lab, filled, TAKEN)
    even, half = (verdict.lemmas[0].partition(" ") for verdict in filled.verdicts)
    assert (even[0], half[0]) == ("plus_next'", "plus_next_2")
    assert even[2] == half[2] == "(n m : Num) : plus n (Num.next m) = Num.next (plus n m)"
    names = before(filled, "half_plus")
    assert len(names) == len(set(names)) > 3


@pytest.mark.timeout(900)
def test_a_tree_with_an_accumulator_over_lists_of_the_library(lab: Lab) -> None:
    filled = fill(lab, TREE)
    assert filled.proved, filled.verdicts[0].reason
    assert len(filled.verdicts[0].lemmas) == 1
    assert holds(lab, filled, TREE)


@pytest.mark.timeout(900)
def test_all_of_it_stays_within_the_budget(lab: Lab) -> None:
    text = TWICE.replace("turn (turn xs) = xs", "turn (join xs xs) = turn (turn (turn xs))")
    filled = fill(lab, text, Options(Budget(expansions=8, seconds=100.0), refute=False))
    wrong = filled.verdicts[0]
    assert wrong.outcome is Outcome.GAVE_UP
    assert 8 <= wrong.spent.expansions <= 1 + 2 * 8


@pytest.mark.timeout(900)
def test_a_job_that_is_cancelled_ends_the_search_for_lemmas(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = asyncio.Event()
    learned = exploring.learned

    async def telling(*arguments: Any) -> object:
        began.set()
        return await learned(*arguments)

    monkeypatch.setattr(discover, "learned", telling)

    async def work() -> Filled:
        budget = Budget(expansions=8, seconds=240.0)
        with lab.prover.job(replace(OPTIONS, budget=budget)) as job:
            task = asyncio.create_task(job.prove_text(TREE))
            await began.wait()
            job.cancel()
            return await asyncio.wait_for(task, 60)

    filled = lab.wait(work())
    assert filled.verdicts[0].outcome is Outcome.GAVE_UP
    assert (
        filled.verdicts[0].reason == "interrupted"
    )  # not that the short search had no more budget
    assert before(filled, "total_labels") == ["total_labels"]


BOGUS = {
    "unfinished": ("wrong (xs : Chain β) : turn (turn xs) = xs", "sorry"),
    "false": ("wrong : (1 : Nat) = 2", "decide"),
    "of the kernel": ("wrong (xs : Chain β) : turn (turn xs) = xs", "native_decide"),
}


@pytest.mark.parametrize("kind", BOGUS)
def test_a_theorem_that_rests_on_a_bogus_lemma_is_not_proved(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    statement, script = BOGUS[kind]
    name, _, signature = statement.partition(" ")

    async def bogus(self: Discovery) -> Discovered:
        part, failed = self._open[0], self._failed[0]
        proof = "simp [wrong]" if kind != "false" else "exact absurd wrong (by decide)"
        result = replace(failed.result, status="proved", proof=proof)
        lemma = Lemma(name, signature, script)
        return Discovered((lemma,), {part: replace(failed, result=result)})

    monkeypatch.setattr(Discovery, "run", bogus)
    filled = fill(lab, TWICE, Options(Budget(expansions=8, seconds=60.0), refute=False))
    twice, after = filled.verdicts
    assert twice.outcome is Outcome.GAVE_UP
    assert after.proved
    assert "wrong" not in filled.text


def test_a_lemma_that_changes_what_the_statement_means_is_refused(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    shadow = "instance : HAdd Nat Nat Nat := ⟨fun _ _ => 0⟩"

    async def bogus(self: Discovery) -> Discovered:
        part, failed = self._open[0], self._failed[0]
        result = replace(failed.result, status="proved", proof="rfl")
        lemma = Lemma("fine", ": True", f"trivial\n\n{shadow}")
        return Discovered((lemma,), {part: replace(failed, result=result)})

    monkeypatch.setattr(Discovery, "run", bogus)
    monkeypatch.setattr(discover, "indent", lambda script, columns: script)
    text = "def twice (n : Nat) : Nat := n + n\n\ntheorem t (n : Nat) : twice n + 1 = n + n := by sorry\n"
    filled = fill(lab, text, Options(Budget(expansions=8, seconds=60.0), refute=False))
    assert filled.verdicts[0].outcome is Outcome.GAVE_UP
    assert filled.text == text


def test_terms_are_evaluated_at_the_points_that_are_given(lab: Lab) -> None:
    (hole,) = lab.elaborate(f"{LISTS}\ntheorem t : True := by sorry").holes
    chain = "(.cons 1 (.cons 2 .nil) : Chain Nat)"
    points = [("(.nil : Chain Nat)", "(7 : Nat)"), (chain, "(8 : Nat)")]
    terms = ["turn (.cons n xs)", "join (turn xs) (.cons n .nil)", "turn xs", "missing xs"]
    texts = [f"fun (xs : Chain Nat) (n : Nat) => ({term} : Chain Nat)" for term in terms]
    one, same, other, none = lab.wait(lab.pool.evaluate(hole.state, texts, points=points))
    assert one is not None and len(one) == 2 and None not in one
    assert one == same and none is None
    assert other is not None and other[1] != one[1]
    wrong = lab.wait(lab.pool.evaluate(hole.state, texts, points=[("missing", "(7 : Nat)")]))
    assert wrong == [None] * 4
