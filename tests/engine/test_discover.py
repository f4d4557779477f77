"""Lemmas that nobody wrote, with real Lean."""

import asyncio
import re
from dataclasses import replace
from typing import Any

import pytest

from prover.api import Options
from prover.engine import discover
from prover.engine.discover import Discovered, Discovery, Lemma
from prover.engine.job import Filled
from prover.verify.verdict import Outcome
from search.budget import Budget
from tests.lab import LESS_PLUS, NUMBERS, Lab

LISTS = """
inductive Chain (α : Type) where
  | nil : Chain α
  | cons (x : α) (xs : Chain α) : Chain α

def join {α : Type} : Chain α → Chain α → Chain α
  | .nil, ys => ys
  | .cons x xs, ys => .cons x (join xs ys)

def turn {α : Type} : Chain α → Chain α
  | .nil => .nil
  | .cons x xs => join (turn xs) (.cons x .nil)
"""

TWICE = (
    LISTS
    + """
/-- Turning twice changes nothing. -/
theorem turn_twice {α : Type} (xs : Chain α) : turn (turn xs) = xs := by
  sorry

theorem after : 1 + 1 = 2 := by
  sorry
"""
)

TAKEN = f"""{NUMBERS}
def plus_next := 3

{LESS_PLUS} := by
  sorry
"""

FOLD = f"""
namespace Work
{LISTS}
variable {{β : Type}}

def onto : Chain β → Chain β → Chain β
  | .nil, ys => ys
  | .cons x xs, ys => onto xs (.cons x ys)

theorem onto_nil (xs : Chain β) : onto xs .nil = turn xs := sorry

end Work
"""

TREE = """
inductive Tree where
  | leaf
  | node (left : Tree) (label : Nat) (right : Tree)

def Tree.count : Tree → Nat
  | .leaf => 0
  | .node l _ r => l.count + 1 + r.count

def Tree.labels : Tree → List Nat → List Nat
  | .leaf, rest => rest
  | .node l n r, rest => l.labels (n :: r.labels rest)

def total : List Nat → Nat
  | [] => 0
  | _ :: ns => total ns + 1

theorem total_labels (t : Tree) : total (t.labels []) = t.count := by
  sorry
"""

OPTIONS = Options(Budget(expansions=160, seconds=240.0), refute=False)
THOROUGH = Options(Budget(expansions=480, seconds=240.0), refute=False)
FIRST = 20
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
    assert names and names == [lemma.split(" ")[0] for lemma in twice.lemmas]
    assert after.lemmas == ()
    head, rest = TWICE.split("/-- Turning")
    assert filled.text.startswith(head) and "theorem after" in rest
    assert twice.to_json()["lemmas"] == twice.lemmas
    rest = filled.text[len(head) :]
    for name in names:  # each is used, by the theorem or by another
        assert len(re.findall(rf"\b{name}(?![\w'])", rest)) > 1
    assert twice.spent.expansions > FIRST  # what the lemmas took is told


def test_without_the_option_there_are_none(lab: Lab) -> None:
    budget = Budget(expansions=30, seconds=60.0)
    filled = fill(lab, TWICE, Options(budget, discover=False, refute=False))
    twice = filled.verdicts[0]
    assert twice.outcome is Outcome.GAVE_UP and twice.lemmas == ()
    assert twice.spent.expansions <= 30
    assert before(filled, "turn_twice") == ["turn_twice"]


@pytest.mark.timeout(900)
def test_a_name_that_is_taken_by_the_text_or_another_lemma_is_not_taken_again(lab: Lab) -> None:
    other = (
        "theorem less_next (n m : Num) : less n (.next (.next (plus m n))) = true := by\n  sorry\n"
    )
    filled = fill(lab, f"{TAKEN}\n{other}", THOROUGH)
    assert filled.proved, [verdict.reason for verdict in filled.verdicts]
    assert holds(lab, filled, f"{TAKEN}\n{other}")
    (lemma,) = filled.verdicts[0].lemmas
    assert lemma.startswith("plus_next' (n m : Num) : plus n (Num.next m) = ")
    names = before(filled, "less_next")
    assert len(names) == len(set(names)) > 2


@pytest.mark.timeout(900)
def test_an_accumulator_in_a_namespace_with_variables(lab: Lab) -> None:
    filled = fill(lab, FOLD)
    assert filled.proved, filled.verdicts[0].reason
    assert holds(lab, filled, FOLD)
    names = before(filled, "onto_nil")
    assert len(names) > 1 and not any("." in name for name in names)


@pytest.mark.timeout(900)
def test_a_tree_with_an_accumulator_over_lists_of_the_library(lab: Lab) -> None:
    filled = fill(lab, TREE)
    assert filled.proved, filled.verdicts[0].reason
    assert holds(lab, filled, TREE)


@pytest.mark.timeout(900)
def test_all_of_it_stays_within_the_budget(lab: Lab) -> None:
    text = TWICE.replace("turn (turn xs) = xs", "turn (join xs xs) = turn (turn (turn xs))")
    filled = fill(lab, text, Options(Budget(expansions=24, seconds=100.0), refute=False))
    wrong = filled.verdicts[0]
    assert wrong.outcome is Outcome.GAVE_UP
    assert 24 <= wrong.spent.expansions <= 3 + 2 * 24


@pytest.mark.timeout(900)
def test_a_job_that_is_cancelled_ends_the_search_for_lemmas(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = asyncio.Event()
    learned = discover.learned

    async def telling(*arguments: Any) -> object:
        began.set()
        return await learned(*arguments)

    monkeypatch.setattr(discover, "learned", telling)

    async def work() -> Filled:
        with lab.prover.job(OPTIONS) as job:
            task = asyncio.create_task(job.prove_text(TREE))
            await began.wait()
            job.cancel()
            return await asyncio.wait_for(task, 60)

    filled = lab.wait(work())
    assert filled.verdicts[0].outcome is Outcome.GAVE_UP
    assert before(filled, "total_labels") == ["total_labels"]


BOGUS = {
    "unfinished": ("wrong {α : Type} (xs : Chain α) : turn (turn xs) = xs", "sorry"),
    "false": ("wrong : (1 : Nat) = 2", "decide"),
    "of the kernel": ("wrong {α : Type} (xs : Chain α) : turn (turn xs) = xs", "native_decide"),
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
