import json
from dataclasses import replace

import pytest

from prover.lean.judge import Checked, Text
from prover.lean.states import Message
from prover.verify.axioms import forbidden
from prover.verify.replay import LAYERS, Judgement, _conclude, judge_text, lean_version
from prover.verify.verdict import Outcome, Verdict
from tests.lab import Lab

OTHER_NUMBERS = """local notation "Nat" => Unit
instance : Add Unit := ⟨fun _ _ => ()⟩
instance : OfNat Unit n := ⟨()⟩
theorem t : (2 : Nat) + 2 = 4 := rfl
"""
ASKED = "theorem t : (2 : Nat) + 2 = {} := sorry"


def judged(lab: Lab, candidate: str, trusted: str | None, name: str = "t") -> Judgement:
    asked = None if trusted is None else Text("", trusted)
    text = Text("", candidate)
    return lab.wait(judge_text(lab.pool, asked, text, lambda _: (candidate, [name])))[name]


@pytest.mark.parametrize(
    ("candidate", "outcome", "reason"),
    [
        ("theorem t : 2 + 2 = 4 := rfl", Outcome.PROVED, ""),
        ("theorem t : 2 + 2 = 4 := by decide", Outcome.PROVED, ""),
        ("theorem t : 2 + 2 = 4 := foo", Outcome.REJECTED, "1:25: error: Unknown identifier"),
        ("theorem t : 2 + 2 = 4 := by simp; rfl", Outcome.REJECTED, "error: No goals"),
        ("theorem t : 2 + 2 = 4 :=", Outcome.REJECTED, "error: unexpected end of input"),
        ("theorem t : 2 + 2 = 4 := sorry", Outcome.REJECTED, "not finished"),
        ("theorem t : 2 + 2 = 4 := by exact sorryAx _ true", Outcome.REJECTED, "not finished"),
        (
            'macro "done!" : term => `(sorry)\ntheorem t : 2 + 2 = 4 := done!',
            Outcome.REJECTED,
            "not finished",
        ),
        (
            "theorem helper : 2 + 2 = 4 := sorry\ntheorem t : 2 + 2 = 4 := helper",
            Outcome.REJECTED,
            "not finished",
        ),
        ("theorem u : 2 + 2 = 4 := rfl", Outcome.REJECTED, "no declaration of this name"),
        ("axiom t : 2 + 2 = 4", Outcome.REJECTED, "neither a theorem"),
        ("theorem t : 2 + 3 = 5 := rfl", Outcome.CHEATED, "not the one that was asked"),
        ("theorem t : (2 : Int) + 2 = 4 := rfl", Outcome.CHEATED, "not the one that was asked"),
        (
            OTHER_NUMBERS,
            Outcome.CHEATED,
            "not the one that was asked",
        ),
        ("axiom c : False\ntheorem t : 2 + 2 = 4 := c.elim", Outcome.CHEATED, "rests on c"),
        ("theorem t : 2 + 2 = 4 := by native_decide", Outcome.CHEATED, "Lean.ofReduceBool"),
    ],
)
def test_verdicts(lab: Lab, candidate: str, outcome: Outcome, reason: str) -> None:
    judgement = judged(lab, candidate, ASKED.format(4))
    assert judgement.outcome is outcome, judgement
    assert reason in judgement.reason, judgement
    assert all(layer.passed for layer in judgement.layers) == (outcome is Outcome.PROVED)


def test_the_layers_that_ran_are_listed(lab: Lab) -> None:
    judgement = judged(lab, "theorem t : 2 + 2 = 4 := rfl", ASKED.format(4))
    names = [layer.name for layer in judgement.layers]
    assert names == ["elaboration", "statement", "axioms", "kernel"]
    assert judgement.type_hash
    alone = judged(lab, "theorem t : 2 + 2 = 4 := rfl", None)
    assert [layer.name for layer in alone.layers] == ["elaboration", "axioms", "kernel"]
    assert alone.type_hash == judgement.type_hash


def test_universe_levels_are_part_of_the_statement(lab: Lab) -> None:
    asked = "theorem t.{u} (α : Type u) (a : α) : a = a := sorry"
    fixed = "theorem t (α : Type) (a : α) : a = a := rfl"
    assert judged(lab, fixed, asked).outcome is Outcome.CHEATED
    assert judged(lab, asked.replace("sorry", "rfl"), asked).outcome is Outcome.PROVED


@pytest.mark.parametrize(
    "text",
    [
        "def t (n : Nat) : {m : Nat // m > n} := ⟨n + 1, by omega⟩",
        "instance t : Inhabited (Fin 3) := ⟨1, by decide⟩",
        "private theorem t : 1 = 1 := rfl",
        "@[reducible] def t : Nat := 3",
    ],
)
def test_definitions_are_judged_as_well(lab: Lab, text: str) -> None:
    assert judged(lab, text, None).outcome is Outcome.PROVED


def test_what_fails_one_layer_is_no_proof() -> None:
    for checked, layer in (
        (Checked((), smuggled="it adds commands of its own"), "text"),
        (Checked((Message("error", 3, 4, "bad"),)), "elaboration"),
        (Checked((), same_type=False), "statement"),
        (Checked((), forbidden=("Lean.trustCompiler",)), "axioms"),
        (Checked((), unknown=("gone",)), "axioms"),
        (Checked((), kernel_error="type mismatch"), "kernel"),
    ):
        fine = replace(checked, same_type=layer != "statement")
        judgement = _conclude(fine, [judge(fine) for judge in LAYERS])
        assert judgement.outcome in (Outcome.CHEATED, Outcome.REJECTED), checked
        assert judgement.failed == (layer,)
    unfit = Checked((), unfit="a metavariable is left open")
    judgement = _conclude(unfit, [judge(unfit) for judge in LAYERS])
    assert judgement.outcome is Outcome.CHEATED
    assert judgement.failed == ("statement", "axioms", "kernel")


def test_allowed_axioms() -> None:
    assert forbidden(["propext", "Quot.sound", "Classical.choice"]) == ()
    assert forbidden(["sorryAx", "propext", "Lean.ofReduceBool"]) == (
        "Lean.ofReduceBool",
        "sorryAx",
    )


def test_the_lean_is_named_with_its_kernel_s_bugs(lab: Lab) -> None:
    version = lean_version(lab.prover.lean)
    assert (version.version, version.kind) == (lab.prover.lean.version, "embedded")
    assert len(version.known_kernel_bugs) == 9
    assert version.sound_since == "4.34.1"
    assert all("leanprover/lean4" in bug for bug in version.known_kernel_bugs)


def test_a_verdict_is_plain_json(lab: Lab) -> None:
    verdict = Verdict(Outcome.PROVED, "t", lean_version(lab.prover.lean), proof="rfl")
    again = json.loads(json.dumps(verdict.to_json()))
    assert again["outcome"] == "proved"
    assert again["lean"]["version"] == lab.prover.lean.version
