import json

import pytest

from prover.api import StatementError
from prover.verify.layers import lean_version
from prover.verify.verdict import Outcome, Verdict
from tests.lab import Lab

OTHER_NUMBERS = """local notation "Nat" => Unit
instance : Add Unit := ⟨fun _ _ => ()⟩
instance : OfNat Unit n := ⟨()⟩
theorem t : (2 : Nat) + 2 = 4 := rfl
"""
ASKED = "theorem t : (2 : Nat) + 2 = {} := sorry"


def judged(lab: Lab, candidate: str, trusted: str | None, name: str = "t") -> Verdict:
    (verdict,) = lab.wait(lab.prover.check_text(candidate, name=name, statements=trusted))
    return verdict


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
            "it rests on `helper`, which is not finished",
        ),
        ("theorem u : 2 + 2 = 4 := rfl", Outcome.REJECTED, "no declaration of this name"),
        ("axiom t : 2 + 2 = 4", Outcome.CHEATED, "a definition, not a theorem"),
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


@pytest.mark.parametrize(
    ("text", "verdicts"),
    [
        (
            "theorem a : 1 = 1 := rfl\ntheorem b : 1 = 2 := rfl\ntheorem c : 2 = 2 := rfl",
            {"a": True, "b": False, "c": True},
        ),
        (
            "mutual\ntheorem a : 1 = 1 := rfl\ntheorem b : 1 = 2 := sorry\nend",
            {"a": True, "b": False},
        ),
        ("def f := 1\n#check nothing\n", {"f": True, "line 2": False}),
        ("theorem a : 1 = 1 := rfl\nend\n", {"a": True, "line 2": False}),
        ("theorem a : 1 = 1 := rfl\n#exit\ntheorem b : 1 = 2 := rfl", {"a": True, "line 2": False}),
        ("theorem a (n : Nat) : n = := rfl\ndef f := 1", {"a": False, "f": True}),
        ("theorem a : 1 = 1 := rfl\nwhere\n  x : 1 = 2 := sorry", {"a": False}),
        ("structure S where\n  n : Nat\n  h : n = n := by sorry", {"S": False}),
        (
            "example : 1 = 1 := rfl\nexample : 1 = 2 := sorry",
            {"example:1": True, "example:2": False},
        ),
        (
            "example : 1 = 2 := rfl\nexample : 1 = 1 := rfl\nexample : 2 = 3 := rfl",
            {"example:1": False, "example:2": True, "example:3": False},
        ),
        ("partial def f (n : Nat) : Nat := f n\nunsafe def g : Nat := g", {"f": True}),
        ("private theorem a : 1 = 1 := rfl", {"a": True}),
        ("instance : Inhabited (Fin 3) := ⟨sorry⟩", {"instInhabitedFinOfNatNat": False}),
        ("axiom no : False\ntheorem a : 1 = 2 := no.elim", {"a": False}),
    ],
)
def test_a_file_is_judged_by_what_it_made(lab: Lab, text: str, verdicts: dict[str, bool]) -> None:
    assert {v.name: v.proved for v in lab.wait(lab.prover.check_text(text))} == verdicts


def test_what_the_kernel_never_saw_is_told_before_a_search(lab: Lab) -> None:
    text = """set_option debug.skipKernelTC true in
theorem lem : (1 : Nat) = 2 := by decide +kernel
theorem t : (1 : Nat) = 2 := by sorry
"""
    with pytest.raises(StatementError, match="the kernel rejects `lem` of the text itself"):
        lab.wait(lab.prover.prove_text(text))


def test_the_first_difference_is_named(lab: Lab) -> None:
    asked = "def f (n : Nat) := n + 1\ntheorem t : f 1 = 2 := sorry"
    verdict = judged(lab, "def f (n : Nat) := 2\ntheorem t : f 1 = 2 := rfl", asked)
    assert verdict.outcome is Outcome.CHEATED
    assert "f is declared differently" in verdict.reason


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
