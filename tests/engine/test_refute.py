"""What is false is disproved, with a proof of the negation; what is not, never."""

import contextlib
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from prover.api import Filled, Options
from prover.engine import targets
from prover.engine.refute import (
    GLANCE,
    GLANCE_AFTER,
    STUDY,
    STUDY_AFTER,
    Disproof,
    Effort,
    Refuter,
    Unanswered,
)
from prover.lean.pool import Refutation
from prover.verify.judge import Made
from prover.verify.verdict import Outcome, Verdict
from search.budget import Budget
from search.interfaces import State
from tests.lab import Lab

DEFINITIONS = """
inductive Chain (α : Type u) where
  | stop
  | link (head : α) (rest : Chain α)

def Chain.join : Chain α → Chain α → Chain α
  | stop, c => c
  | link a r, c => link a (join r c)

inductive Shape where
  | dot
  | box (inside : List Shape)

def Shape.parts : Shape → Nat
  | dot => 1
  | box inside => inside.length

mutual
inductive Even : Nat → Prop
  | zero : Even 0
  | next : Odd n → Even (n + 1)
inductive Odd : Nat → Prop
  | next : Even n → Odd (n + 1)
end

structure Span where
  low : Int
  high : Int
  ordered : low ≤ high

inductive Row (α : Type) : Nat → Type
  | none : Row α 0
  | more : α → Row α n → Row α (n + 1)

def Row.total : Row Nat n → Nat
  | none => 0
  | more x r => x + r.total

def Ascending : List Nat → Prop
  | a :: b :: rest => a ≤ b ∧ Ascending (b :: rest)
  | _ => True

def halvings (n : Nat) : Nat := if n < 2 then 0 else halvings (n / 2) + 1

partial def search (n : Nat) : Nat := if n > 5 then n else search (n + 1)

def tower : Nat → Nat
  | 0 => 2
  | n + 1 => 2 ^ tower n
"""

FALSE = {
    "(n : Nat) : n < 9": "n = 9",
    "(n : Nat) : n * n ≠ 169": "n = 13",
    "(n : Nat) (h : 1200 < n) : 1300 < n": None,
    "(m n : Nat) (h : m ≤ n) : n ≤ m": "m = 0, n = 1",
    "(a b : Int) : a * b ≥ 0": "a = 1, b = -1",
    "(p q : Prop) : (p → q) → q → p": "p = False, q = True",
    "(b c : Bool) : (b || c) = b": "b = false, c = true",
    "(x : Fin 5) : x + 4 ≠ 2": "x = 3",
    "(x : UInt8) : x < x + 1": "x = 255",
    "(s : String) : s.length < 2": 's = "ab"',
    "(o : Option Nat) : o.isSome = false": "o = some 0",
    "(p : Nat × Nat) : p.1 ≤ p.2": "p = (1, 0)",
    "(x : {n : Nat // n % 3 = 0}) : x.1 < 3": "x = ⟨3, (by decide)⟩",
    "(xs : List Nat) (i : Nat) (h : i < xs.length) : xs[i] = 0": "xs = [1], i = 0",
    "{α : Type} (xs ys : List α) : xs ++ ys = ys ++ xs": "α = Nat, xs = [0], ys = [1]",
    "{α : Type u} {β : Type v} (x y : α × β) : x = y": None,
    "{α : Sort u} : Nonempty α": "α = Empty",
    "{α : Type} (x : α) : ∃ y, y ≠ x": "α = Unit, x = ()",
    "[BEq α] (a b : α) (h : (a == b) = true) : a = b": (
        "α = Nat, inst = ⟨(fun _ => (fun _ => true))⟩, a = 0, b = 1"
    ),
    "[DecidableEq α] (xs : List α) (a : α) : a ∈ xs": "α = Nat, xs = [], a = 0",
    "(f : Nat → Nat) : f 1 = 1": "f = fun _ => 0",
    "(f g : Bool → Nat) : f = g": "f = fun _ => 0, g = fun _ => 1",
    "{α : Type} (f g : α → α) : f ∘ g = g ∘ f": "α = Nat, f = fun _ => 0, g = fun _ => 1",
    ": ∃ n : Nat, ∀ m, m ≤ n": "",
    ": ∃ f : Nat → Nat, ∀ n m, f n = m → n = m + 1": "",
    "(p : α → Prop) (h : ∃ x, p x) : ∀ x, p x": None,
    "(f : α → β) (h : ∀ x y, f x = f y → x = y) : ∀ y, ∃ x, f x = y": None,
    "(r : Nat → Nat → Prop) (h : ∀ x y, r x y → r y x) : ∀ x, r x x": None,
    "(n : Nat) : ∃ m, m < n": "n = 0",
    "(a b : Chain Nat) : a.join b = b.join a": "a = .link 0 .stop, b = .link 1 .stop",
    "(s : Shape) : s.parts = 1": "s = .box []",
    "(n : Nat) : Even n": "n = 1",
    "(n : Nat) (h : Odd n) : n < 4": "n = 5",
    "(s : Span) : s.low = s.high": None,
    "(r : Row Nat 2) : r.total ≤ 1": None,
    "(xs : List Nat) : Ascending xs": "xs = [1, 0]",
    "(n : Nat) : halvings n < 3": "n = 8",
    "(n : Nat) : 2 ^ 2 ^ 20 < n": "n = 0",
    ": 7 * 8 = 54": "",
    ": ¬ 2 < 3": "",
    "(x : Nat) : let y := x + 1; y * y = x * x + 1": "x = 1",
    ": ∀ a b c : Nat, a - (b - c) = (a - b) + c": "a = 0, b = 0, c = 1",
}

TRUE = (
    "(n : Nat) : n + 0 = n",
    "(n : Nat) (h : n < n) : n = 5",
    "(n : Nat) (h : n * n + 41 = 3000) (h' : 60 < n) : n = 0",
    "(n : Nat) : 2 ^ n < 2 ^ (n + 1)",
    "(n : Nat) : n < 2 ^ 2 ^ 2 ^ 20",
    "(n : Nat) : 2 ≤ tower n",
    "(n : Nat) : ∃ m, 40 < m ∧ n < m",
    "(n : Nat) : search n = search n",
    "{α : Type} (xs ys zs : List α) : xs ++ ys ++ zs = xs ++ (ys ++ zs)",
    "{α : Type} (x y : α) (h : x ≠ y) : y ≠ x",
    "{α : Type} [Inhabited α] : Nonempty α",
    "[DecidableEq α] (a b : α) (h : (a == b) = true) : a = b",
    "(p q : Prop) : p ∧ q ↔ q ∧ p",
    "(f : Nat → Nat) (h : ∀ x, f x = x) : f 3 = 3",
    "(a b c : Chain α) : (a.join b).join c = a.join (b.join c)",
    "(n : Nat) (h : Even n) : ¬ Odd n",
    "(s : Span) : s.low ≤ s.high",
    "(e : Empty) : 1 = 2",
    "(x : Nat) (h : ∀ y, y < 100 → x ≠ y) : 100 ≤ x",
)


def look(
    lab: Lab,
    text: str,
    name: str = "t",
    header: str = "",
    efforts: Sequence[Effort] = (GLANCE, STUDY),
) -> Disproof | None:
    """A look at one theorem of a text, as at the start of a search and, if need be, beside it."""
    done = lab.elaborate(text, header)
    assert done.errors == (), done.errors
    lab.pool.release([hole.state for hole in done.holes])
    (declaration,) = targets.named(done, name)
    refuter = Refuter(lab.prover.engine, lab.prover.texts)
    for effort in efforts:
        found = lab.wait(refuter.disprove(header, done, declaration, effort))
        if found is not None:
            return found
    return None


def fill(lab: Lab, text: str, options: Options | None = None) -> Filled:
    chosen = options or Options(Budget(expansions=20, seconds=60.0))
    return lab.wait(lab.beside(chosen).prove_text(text))


@pytest.mark.parametrize(("statement", "where"), FALSE.items())
def test_what_is_false_is_disproved(lab: Lab, statement: str, where: str | None) -> None:
    found = look(lab, f"theorem t {statement} := by sorry", header=DEFINITIONS)
    assert found is not None
    assert found.judgement.proved, found.judgement
    assert where is None or found.counterexample == where, found


@pytest.mark.parametrize("statement", TRUE)
def test_what_is_true_is_not(lab: Lab, statement: str) -> None:
    quick = replace(GLANCE, points=500, heartbeats=1_000, guesses=1)
    done = lab.elaborate(f"theorem t {statement} := by sorry", DEFINITIONS)
    assert done.errors == (), done.errors
    (declaration,) = targets.named(done, "t")
    refuter = Refuter(lab.prover.engine, lab.prover.texts)
    with contextlib.suppress(Unanswered):  # a number that the kernel cannot write down
        assert lab.wait(refuter.disprove(DEFINITIONS, done, declaration, quick)) is None


def test_a_job_says_disproved(lab: Lab) -> None:
    text = (
        "theorem a (n : Nat) : n < 5 := by sorry\n\ntheorem b (n : Nat) : n + 0 = n := by sorry\n"
    )
    filled = fill(lab, text)
    a, b = filled.verdicts
    assert (a.outcome, b.outcome) == (Outcome.DISPROVED, Outcome.PROVED)
    assert a.counterexample == "n = 5" and a.proof is None and not a.proved and not filled.proved
    assert a.reason == "it is false at n = 5: its negation is proved"
    assert a.disproof == "intro h\nexact absurd (h 5) (by decide)"
    assert (
        a.text is not None and a.text.startswith(text[:24]) and a.disproof.split("\n")[1] in a.text
    )
    assert [layer.name for layer in a.layers if layer.passed] == [layer.name for layer in a.layers]
    assert a.spent.tactics == GLANCE_AFTER
    assert filled.text.startswith("theorem a (n : Nat) : n < 5 := by sorry\n")
    (again,) = lab.wait(lab.prover.check_text(a.text, name="negation_of_the_statement"))
    assert again.proved
    assert a.to_json()["outcome"] == "disproved"


def test_what_is_proved_at_once_is_not_doubted(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    doubted: list[State] = []
    evaluate = lab.pool.refute

    async def told(state: State, **how: Any) -> Refutation:
        doubted.append(state)
        return await evaluate(state, **how)

    monkeypatch.setattr(lab.pool, "refute", told)
    hard = "theorem h (f : Nat → Nat) (n : Nat) : f (f n) = n + f 0 := by sorry\n"
    easy = "theorem e (a b : Nat) : a + b = b + a := by sorry\n"
    assert fill(lab, easy).proved and not doubted
    assert not fill(lab, hard).proved and doubted


def test_a_statement_is_false_wherever_its_holes_are(lab: Lab) -> None:
    text = (
        "namespace N\nvariable {α : Type u}\n"
        "theorem t (xs ys : List α) : xs ++ ys = ys ++ xs := by\n"
        "  induction xs\n  · sorry\n  · sorry\nend N\n"
    )
    (verdict,) = fill(lab, text).verdicts
    assert verdict.outcome is Outcome.DISPROVED
    assert verdict.counterexample == "α = Nat, xs = [0], ys = [1]"


def test_a_goal_that_is_false_is_no_false_statement(lab: Lab) -> None:
    text = "theorem t (n : Nat) : n = n := by\n  have : n < 3 := by sorry\n  rfl\n"
    (verdict,) = fill(lab, text).verdicts
    assert verdict.outcome is Outcome.GAVE_UP
    assert verdict.reason == "a goal of this proof is false at n = 3, as Lean evaluates it"
    assert verdict.counterexample == "n = 3" and verdict.disproof is None
    assert verdict.spent.expansions == 0


def test_a_false_goal_is_named_before_one_that_is_only_hard(lab: Lab) -> None:
    text = (
        "theorem t (f : Nat → Nat) (n : Nat) : n + 0 = n := by\n"
        "  have one : f (f n) = f n → True := by sorry\n"
        "  have two (k : Nat) (h : k < n) : k + 1 < n := by\n    sorry\n  simp\n"
    )
    filled = fill(lab, text)
    (verdict,) = filled.verdicts
    assert verdict.counterexample is not None
    assert verdict.counterexample.endswith("n = 1, k = 0")
    assert "have one : f (f n) = f n → True := by simp_all" in filled.text


def test_what_rests_on_a_hole_is_not_disproved(lab: Lab) -> None:
    text = "def answer : Nat := sorry\n\ntheorem t : answer = 3 ∧ answer = 4 := by sorry\n"
    options = Options(Budget(expansions=STUDY_AFTER + 1, seconds=60.0), discover=False)
    outcomes = {v.name: v.outcome for v in fill(lab, text, options).verdicts}
    assert outcomes["t"] is not Outcome.DISPROVED


def test_a_name_that_means_something_else_is_not_negated(lab: Lab) -> None:
    """The namespace has a theorem of the same full name inside: `A.t` there is another one."""
    text = (
        "theorem A.A.t : 1 = 2 → False := by decide\n"
        "namespace A\ntheorem t (n : Nat) : n = n := by sorry\n"
    )
    assert look(lab, text, "A.t") is None


def test_the_negation_is_that_of_the_statement(lab: Lab) -> None:
    text = (
        "theorem t {α : Type u} (x y : α) : x = y := by sorry\n"
        "theorem n : ¬ type_of% @t.{0} := by sorry\n"
        "theorem m : ¬ type_of% @t.{1} := by sorry\n"
        "theorem o : ¬ (∀ {α : Type} (x : α), x = x) := by sorry\n"
        "theorem p : type_of% @t.{0} := by sorry\n"
    )
    done = lab.elaborate(text)
    t, n, m, o, p = done.declarations
    made = Made.of(done)
    assert made.universes(t) == (0,)
    assert [made.negates(other, t) for other in (n, m, o, p)] == [True, False, False, False]


def test_programs_in_the_file_are_in_nobodys_way(lab: Lab) -> None:
    """A process that has read one serves no other text."""
    text = (
        "unsafe def recast (n : Nat) : Nat := unsafeCast n\n"
        "partial def hunt (n : Nat) : Nat := if n > 5 then n else hunt (n + 1)\n"
        "theorem t (n : Nat) : hunt n = n ∨ n < 3 := by sorry\n"
        "theorem u (n : Nat) : n < 3 := by sorry\n"
    )
    assert look(lab, text, "t", efforts=[GLANCE]) is None
    assert look(lab, text, "u", efforts=[GLANCE]) is not None


def test_it_can_be_left_out(lab: Lab) -> None:
    options = Options(Budget(expansions=1, seconds=60.0), refute=False)
    (verdict,) = fill(lab, "theorem t (n : Nat) : n < 5 := by sorry", options).verdicts
    assert verdict.outcome is Outcome.GAVE_UP


def test_evaluation_that_runs_away_costs_its_limit(lab: Lab) -> None:
    """The kernel does not come back from this one: who asked does, and Lean is there again."""
    text = (
        "def grow : Nat → Nat → Nat\n  | 0, n => n + 1\n  | m + 1, 0 => grow m 1\n"
        "  | m + 1, n + 1 => grow m (grow (m + 1) n)\n"
        "theorem t (n : Nat) : grow 4 (n + 1) ≠ n := by sorry\n"
    )
    done = lab.elaborate(text)
    begin = time.monotonic()
    refuter = Refuter(lab.prover.engine, lab.prover.texts)
    with contextlib.suppress(Unanswered):
        assert lab.wait(refuter.disprove("", done, done.declarations[-1], GLANCE)) is None
    assert time.monotonic() - begin < 40
    assert look(lab, "theorem t (n : Nat) : n < 3 := by sorry") is not None


def test_terms_are_compared_by_their_values(lab: Lab) -> None:
    state = lab.state("theorem t (c : Chain Nat) : c = c", header=DEFINITIONS)
    domain = "fun (a b : Chain Nat) (n : Nat) =>"
    terms = [
        "a.join b",
        "b.join a",
        "(a.join .stop).join b",
        "Chain.link n a",
        "(Chain.link n .stop).join a",
        "no such term",
        "search n",
        "n + n",
        "2 * n",
        "fun m => m + n",
    ]
    rows = lab.wait(lab.pool.evaluate(state, [f"{domain} {term}" for term in terms]))
    join, swapped, padded, link, linked, none, stuck, double, twice, function = rows
    assert join is not None and None not in join and len(join) == 20
    assert join == padded != swapped
    assert link == linked and double == twice
    assert none is None
    assert stuck is not None and set(stuck) == {None}
    assert function is None  # it takes another argument


def test_many_terms_are_compared_in_requests(lab: Lab) -> None:
    state = lab.state("theorem t : True")
    terms = [f"fun (n : Nat) => n * {i % 7} + {i % 3}" for i in range(600)]
    rows = lab.wait(lab.pool.evaluate(state, ["fun (b : Bool) =>", *terms], most=8))
    assert rows[0] is None and all(row is not None for row in rows[1:])
    assert len(set(rows[1:])) == 21
    assert rows[1] == rows[22] and len(rows) == 601


def test_a_verdict_with_a_disproof_is_not_proved(lab: Lab) -> None:
    (verdict,) = fill(lab, "theorem t : 1 = 2 := by sorry").verdicts
    assert isinstance(verdict, Verdict)
    assert (verdict.outcome, verdict.counterexample) == (Outcome.DISPROVED, "")
    assert verdict.reason == "it is false: its negation is proved"
