"""From a proof in words to a verdict: a scripted model over HTTP, real sketches, real Lean."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from prover.api import Filled, Options, Settings, StatementError
from prover.informal.fill import StatementChanged, fill
from prover.informal.problem import NoSketch, Problem, mended
from prover.informal.prompts import DIVIDES_SKETCH, EVEN_PROOF, EVEN_SKETCH
from prover.informal.rounds import Attempt, NothingSketched, Plan, prove_by_sketches
from prover.informal.sketch import Sketch, Step
from prover.informal.writer import Writer
from prover.lean.states import Message
from prover.serve.remote import Remote
from prover.verify.verdict import Outcome
from search.budget import Budget
from tests.informal.scripted import ScriptedModel
from tests.lab import Lab
from tests.serve.resident import Resident

OPTIONS = Options(Budget(expansions=48, seconds=60.0), refute=False, discover=False)
FEW = replace(OPTIONS, budget=Budget(expansions=12, seconds=60.0))
DOUBTING = replace(OPTIONS, refute=True)

SUM = """def twice : Nat → Nat
  | 0 => 0
  | n + 1 => twice n + 2

theorem twice_eq (n : Nat) : twice n = 2 * n := by sorry
"""
SUM_PROOF = """1. Induction on n.
2. For n = 0 both sides are 0.
3. In the step both sides grow by 2."""
SUM_SKETCH = """theorem twice_eq (n : Nat) : twice n = 2 * n := by
  -- Induction on n.
  induction n with
  | zero =>
    -- For n = 0 both sides are 0.
    sorry
  | succ n ih =>
    -- In the step both sides grow by 2.
    have h : twice (n + 1) = twice n + 2 := by
      sorry
    sorry"""


def lean(code: str) -> str:
    return f"Here it is.\n```lean\n{code}\n```"


def attempt(
    lab: Lab,
    model: ScriptedModel,
    problem: Problem,
    told: list[str] | None = None,
    options: Options = OPTIONS,
    **plan: int,
) -> Attempt:
    async def run() -> Attempt:
        writer = await Writer.load(model.url)
        try:
            return await prove_by_sketches(
                lab.beside(options),
                writer,
                problem,
                Plan(**{"sketches": 1, **plan}),
                (lambda what: None) if told is None else told.append,
            )
        finally:
            await writer.aclose()

    return lab.wait(run())


def test_a_sketch_is_filled_and_keeps_the_words(lab: Lab, model: ScriptedModel) -> None:
    model.when("twice_eq", say=lean(SUM_SKETCH))
    told: list[str] = []
    done = attempt(lab, model, Problem(SUM, "twice_eq", "Twice n.", SUM_PROOF), told)
    (verdict,) = done.filled.verdicts
    assert verdict.proved and "statement" in {layer.name for layer in verdict.layers}
    assert "sorry" not in done.filled.text and done.filled.text.startswith("def twice")
    for step in done.sketch.steps:
        assert f"-- {step.words}" in done.filled.text
        assert SUM_PROOF[slice(*step.span)] == step.words
    assert any(said.startswith("step 2 of 3: For n = 0") for said in told)
    (prompt,) = model.asked
    assert SUM_PROOF in prompt and "Twice n." in prompt and "theorem twice_eq" in prompt
    assert lab.wait(lab.prover.check_text(done.filled.text, statements=SUM))[0].proved


def test_our_own_examples_elaborate_and_are_filled(lab: Lab) -> None:
    for sketch, name in ((EVEN_SKETCH, "even_mul_succ"), (DIVIDES_SKETCH, "dvd_combination")):
        filled = lab.wait(fill(lab.beside(OPTIONS), Sketch(sketch, name), None))
        assert filled.proved, filled.verdicts
        assert all(f"-- {line[3:]}" in filled.text for line in EVEN_PROOF.split("\n")) or (
            name != "even_mul_succ"
        )


def test_without_a_proof_in_words_the_model_drafts_one(lab: Lab, model: ScriptedModel) -> None:
    model.when("short numbered steps", say="1. Both sides are computed.")
    model.when("Both sides are computed.", say=lean("theorem t : 2 + 2 = 4 := by\n  sorry"))
    done = attempt(lab, model, Problem("theorem t : 2 + 2 = 4 := by sorry", "t", "2 + 2 = 4"))
    assert done.filled.proved and done.proof == "1. Both sides are computed."


FALSE = """theorem t (n : Nat) (h : 2 ∣ n) : 2 ∣ n * n + 2 := by
  -- So n is 2.
  have h2 : n = 2 := by
    sorry
  subst h2
  decide"""
TRUE = """theorem t (n : Nat) (h : 2 ∣ n) : 2 ∣ n * n + 2 := by
  -- So n is twice something.
  obtain ⟨k, hk⟩ := h
  have h2 : n * n + 2 = 2 * (k * n + 1) := by
    sorry
  exact ⟨_, h2⟩"""


def test_a_false_gap_goes_back_with_its_counterexample(lab: Lab, model: ScriptedModel) -> None:
    model.when("gaps of it stay open", say=lean(TRUE))
    model.when("theorem t", say=lean(FALSE))
    text = "theorem t (n : Nat) (h : 2 ∣ n) : 2 ∣ n * n + 2 := by sorry"
    done = attempt(lab, model, Problem(text, "t", "", "So n is 2."), options=DOUBTING)
    assert done.filled.proved
    first, second = model.asked
    assert "FALSE at" not in first and "This is FALSE at n = 0" in second
    assert "step 1 of 1: So n is 2." in second and "⊢ n = 2" in second
    assert [one.round for one in done.tried] == [1, 2]


def test_a_gap_that_resists_goes_back_with_what_was_tried(lab: Lab, model: ScriptedModel) -> None:
    hard = "(x y z : Nat) (hx : 0 < x) (hy : 0 < y) : x ^ 3 + y ^ 3 ≠ z ^ 3"
    code = f"theorem fermat {hard} := by\n  -- This is known.\n  have h : x ^ 3 + y ^ 3 ≠ z ^ 3 := by sorry\n  exact h"
    model.when("theorem fermat", without="stay open", say=lean(code))
    model.when("gaps of it stay open", say=lean(code + "\n"))
    done = attempt(
        lab,
        model,
        Problem(f"theorem fermat {hard} := by sorry", "fermat", "", "Known."),
        options=FEW,
    )
    (verdict,) = done.filled.verdicts
    assert verdict.outcome is Outcome.GAVE_UP and "sorry" in done.filled.text
    assert "The search did not find a proof" in model.asked[1]
    assert "These fail on it: `" in model.asked[1]
    assert (
        sum(v.spent.expansions for one in done.tried if one.filled for v in one.filled.verdicts)
        <= 60
    )


def test_what_does_not_elaborate_goes_back_with_leans_error(lab: Lab, model: ScriptedModel) -> None:
    broken = SUM_SKETCH.replace("have h : twice (n +", "have h : thrice (n +").replace(
        "| zero =>\n", "| zero =>\n    exact nonsense\n"
    )
    model.when("Lean does not accept this", say=lean(SUM_SKETCH))
    model.when("twice_eq", say=lean(broken))
    done = attempt(lab, model, Problem(SUM, "twice_eq", "", SUM_PROOF))
    assert done.filled.proved
    second = model.asked[1]
    assert "nonsense" in second and "error" in second
    assert "Lean accepts this much of it" in second
    kept = second.rpartition("this much of it")[2]
    assert "induction n with" in kept and "sorry" in kept and "nonsense" not in kept


def test_what_is_never_mended_leaves_its_good_prefix(lab: Lab, model: ScriptedModel) -> None:
    broken = SUM_SKETCH.replace("have h : twice (n +", "have h : thrice (n +")
    model.when("twice_eq", say=lean(broken))
    done = attempt(lab, model, Problem(SUM, "twice_eq", "", SUM_PROOF), repairs=1)
    assert len(model.asked) == 2
    assert done.filled.proved and "induction n with" in done.filled.text


def test_a_sketch_that_changes_the_statement_is_refused(lab: Lab, model: ScriptedModel) -> None:
    text = "theorem t (a b : Nat) : a + b = b + a := by sorry"
    other = "theorem t (a b : Nat) : a + 0 = a := by\n  sorry"
    with pytest.raises(StatementChanged, match="changes the statement of t"):
        lab.wait(fill(lab.beside(), Sketch(other, "t"), text))
    model.when("theorem t", say=lean(other))
    with pytest.raises(NothingSketched, match="changes the statement of t"):
        attempt(lab, model, Problem(text, "t", "", "Trivial."))
    assert "changes the statement" in model.asked[1]


@pytest.mark.parametrize(
    ("before", "what"),
    [("axiom cheat : False\n\n", "cheat"), ("def Nat.add' := 1\n\n", "")],
)
def test_a_sketch_brings_nothing_but_a_proof(lab: Lab, before: str, what: str) -> None:
    text = "theorem t (a b : Nat) (h : a = b + 1) : b < a := by sorry"
    proof = "exact cheat.elim" if what else "sorry"
    sketch = Sketch(before + text.replace("sorry", proof), "t")
    filled = lab.wait(fill(lab.beside(), sketch, text))
    assert filled.verdicts[-1].proved is (not what)


def test_lemmas_are_proved_first_and_kept_if_used(lab: Lab, model: ScriptedModel) -> None:
    helpers = """-- Nobody needs this.
theorem spare (n : Nat) : n + 0 = n := by
  sorry

theorem twice (n : Nat) : n + n = 2 * n := by
  sorry

"""
    own = "theorem t (n : Nat) : n + n + 1 = 2 * n + 1 := by\n  -- Twice.\n  rw [twice]"
    text = "theorem before : 1 + 1 = 2 := by sorry\n\ntheorem t (n : Nat) : n + n + 1 = 2 * n + 1 := by sorry\n"
    model.when("theorem t", say=lean(helpers + own))
    done = attempt(lab, model, Problem(text, "t", "", "Twice."))
    assert [v.name for v in done.filled.verdicts] == ["twice", "t"] and done.filled.proved
    assert "spare" not in done.filled.text and "Nobody needs" not in done.filled.text
    assert done.filled.text.startswith("theorem before : 1 + 1 = 2 := by sorry\n")


def test_of_several_sketches_the_one_that_works_counts(lab: Lab, model: ScriptedModel) -> None:
    text = "theorem t (n : Nat) (h : 2 ∣ n) : 2 ∣ n * n + 2 := by sorry"
    model.when("theorem t", say=[lean(FALSE), "I cannot do that.", lean(TRUE), lean(TRUE)])
    done = attempt(
        lab, model, Problem(text, "t", "", "Words."), options=DOUBTING, sketches=3, repairs=0
    )
    assert done.filled.proved and done.sketch.text.startswith(TRUE)


def test_a_false_theorem_is_disproved(lab: Lab, model: ScriptedModel) -> None:
    text = "theorem t (n : Nat) : n < 5 := by sorry"
    model.when("theorem t", say=lean("theorem t (n : Nat) : n < 5 := by\n  -- Clear.\n  sorry"))
    done = attempt(lab, model, Problem(text, "t", "", "Clear."), options=DOUBTING)
    assert done.filled.verdicts[-1].outcome is Outcome.DISPROVED and len(model.asked) == 1


def test_a_statement_that_does_not_elaborate_is_told_before_the_model_is_asked(
    lab: Lab, model: ScriptedModel
) -> None:
    with pytest.raises(StatementError, match=r"(?i)unknown"):
        attempt(lab, model, Problem("theorem t : Foo.bar = 1 := by sorry", "t"))
    assert not model.asked


def test_an_answer_without_the_theorem_is_no_sketch() -> None:
    with pytest.raises(NoSketch, match="no Lean code with the theorem t"):
        Problem("theorem t : 1 = 1 := by sorry", "t").sketch(
            "```lean\ntheorem u : 1 = 1 := rfl\n```"
        )


def test_the_step_of_a_line() -> None:
    sketch = Sketch(
        SUM_SKETCH,
        "twice_eq",
        tuple(Step(w, (0, 0)) for w in ("Induction on n.", "For n = 0 both sides are 0.")),
    )
    assert sketch.step_at(1) is None
    assert sketch.step_at(3) == 1
    assert sketch.progress(6) == "step 2 of 2: For n = 0 both sides are 0."


@pytest.mark.parametrize(
    ("code", "line", "column", "text", "left"),
    [
        ("theorem t : A := by\n  simp\n  foo\n  bar", 3, 2, "no foo", "theorem t : A := by\n  simp\n  sorry"),
        ("theorem t : A := by\n  have h : B := by simp\n  exact h", 2, 19, "simp made no progress", "theorem t : A := by\n  have h : B := by sorry\n  exact h"),
        ("theorem t : A := by\n  have h : B := by\n    simp\n    foo\n  exact h", 2, 16, "unsolved goals", "theorem t : A := by\n  have h : B := by\n    simp\n    foo\n    sorry\n  exact h"),
        ("theorem t : A := by\n  simp", 1, 17, "unsolved goals", "theorem t : A := by\n  simp\n  sorry"),
        ("theorem t\n    : A := by\n  simp", 2, 11, "unsolved goals", "theorem t\n    : A := by\n  simp\n  sorry"),
        ("theorem t : A := by simp", 1, 20, "no", "theorem t : A := by sorry"),
        ("theorem t : A := by\n  constructor\n  · simp\n    foo\n  · bar", 3, 4, "no", "theorem t : A := by\n  constructor\n  · sorry\n  · bar"),
        ("theorem t : A := by\n  cases x with\n  | a => simp\n  | b => bar", 3, 9, "no", "theorem t : A := by\n  cases x with\n  | a => sorry\n  | b => bar"),
        ("theorem t : A := by\n  simp", 1, 12, "unknown A", None),
    ],
)  # fmt: skip
def test_what_is_wrong_becomes_a_gap(
    code: str, line: int, column: int, text: str, left: str | None
) -> None:
    found = mended(Sketch(code, "t"), [Message("error", line, column, text)])
    assert (None if found is None else found.text) == left


def test_the_budget_is_for_all_sketches_together(lab: Lab, model: ScriptedModel) -> None:
    hard = "theorem t (x y z : Nat) (hx : 0 < x) (hy : 0 < y) : x ^ 3 + y ^ 3 ≠ z ^ 3"
    codes = [f"{hard} := by\n  -- Way {n}.\n  sorry" for n in range(3)]
    model.when("theorem t", without="stay open", say=[lean(code) for code in codes])
    model.when("stay open", say=lean(f"{hard} := by\n  sorry"))

    problem = Problem(f"{hard} := by sorry", "t", "", "…")
    done = attempt(lab, model, problem, options=FEW, sketches=3)
    spent = [v.spent.expansions for one in done.tried if one.filled for v in one.filled.verdicts]
    assert len(spent) >= 3 and sum(spent) <= 12


def test_the_resident_engine_fills_a_sketch_too(
    resident: Resident, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVER_RUNTIME", str(resident.runtime))
    lines: list[int] = []
    engine = Remote(
        Settings(lean="embedded", jobs=1),
        OPTIONS,
        tmp_path,
        on_progress=lambda progress: lines.append(progress.line),
        on_setup=lambda step, done: None,
        on_ready=lambda version, why: None,
    )
    text = "theorem t (n : Nat) : n + n + 1 = 2 * n + 1 := by sorry"
    lemma = "theorem twice (n : Nat) : n + n = 2 * n := by\n  sorry\n\n"
    sketch = Sketch(lemma + text.replace("sorry", "\n  rw [twice]"), "t", (), ("twice",))

    async def run() -> Filled:
        async with engine:
            return await fill(engine, sketch, text)

    filled = asyncio.run(run())
    assert filled.proved and [verdict.name for verdict in filled.verdicts] == ["twice", "t"]
    (hole,) = filled.holes
    assert (hole.name, hole.line, hole.proved) == ("twice", 2, True)
    assert set(lines) <= {2}
