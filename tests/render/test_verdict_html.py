"""Verdicts and proofs of real Lean, and what somebody else could write into one."""

import json
from dataclasses import replace
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.render import page, proof_html, proof_steps, trace_page, tree_html, verdict_html
from prover.render.text import clean
from prover.verify.verdict import Layer, LeanVersion, Outcome, Verdict
from tests.render.reading import Seen, harmless
from tests.serve.resident import Resident, call, here

GOOD = """theorem good (p q : Prop) (hp : p) (hq : q ∧ p) : p ∧ q := by
  sorry
"""
FILE = f"""{GOOD}
theorem hard (α : Type) (f : α → α) (x : α) (h : f (f (f x)) = x) : f x = x := by
  sorry
"""


def prove(engine: Resident, folder: Path, text: str, name: str) -> str:
    """The trace of the searches for all of a text, written under a name."""
    (folder / "file.lean").write_text(text, "utf-8")
    options = ["--lean", "embedded", "--model", "none", "--budget", "2", "--no-lemmas"]
    code, _, err = engine.run("prove", "file.lean", *options, "--trace", name, cwd=folder)
    assert code == (text != GOOD), err
    return (folder / name).read_text("utf-8")


@pytest.mark.lean
def test_real_verdicts_and_searches_are_shown(resident: Resident, tmp_path: Path) -> None:
    trace = json.loads(prove(resident, tmp_path, FILE, "trace.json"))
    good, hard = trace["graphs"]
    assert [good["graph"]["name"], hard["graph"]["name"]] == ["good", "hard"]
    (won, *_) = [node for node in good["nodes"] if node.get("winning")]
    seen = harmless(tree_html(good))
    assert won["tactic"].split("\n")[0] in seen.visible and "✓ good" in seen.visible
    assert any(node["failed"] for node in hard["nodes"] if node["kind"] == "goal")
    shown = harmless(tree_html(hard))
    for node in hard["nodes"]:
        if node["kind"] == "step":
            assert node["tactic"].split("\n")[0] in shown.text

    proved, gave_up = [harmless(verdict_html(Verdict.from_json(one))) for one in trace["verdicts"]]
    verdict = trace["verdicts"][0]
    for text in ("✓ proved", "good", verdict["proof"], "kernel", verdict["lean"]["version"]):
        assert text in proved.visible, text
    assert "checked in another process" in proved.text
    spent = f"{trace['verdicts'][1]['spent']['expansions']} expansions"
    for text in ("✗ gave up", spent, trace["verdicts"][1]["open_goals"][0]):
        assert text in gave_up.visible, text

    steps = proof_steps(good)
    assert sorted(tactic for tactic, _ in steps) == sorted(
        node["tactic"] for node in good["nodes"] if node.get("winning")
    )
    assert steps[-1][1] == "" and proof_steps(hard) == []

    whole = trace_page(trace)
    assert Seen(whole).text.count("no goals are left") == 1
    assert "<title>good, hard</title>" in whole
    assert whole.index("gave up") < whole.index("⊢ f x = x</code>")
    assert Seen(whole).text.count("✓ proved, ✗ failed, ○ open") == 1


@pytest.mark.lean
def test_a_real_counterexample_is_shown(
    resident: Resident, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PROVER_RUNTIME", str(resident.runtime))
    asked = {"where": here(tmp_path), "statement": "theorem small (n : Nat) : n < 3"}
    verdict = Verdict.from_json(call("refute", asked)["verdict"])
    seen = harmless(verdict_html(verdict))
    for text in ("✗ disproved", "small", "Counterexample: n = 3", "The proof of its negation"):
        assert text in seen.visible, text


@pytest.mark.lean
def test_the_suffix_of_a_trace_says_what_it_is(resident: Resident, tmp_path: Path) -> None:
    written = prove(resident, tmp_path, GOOD, "trace.html")
    assert written.startswith("<!DOCTYPE html>") and "<title>good</title>" in written
    assert "⊢ p ∧ q" in Seen(written).visible
    graphml = nx.parse_graphml(prove(resident, tmp_path, GOOD, "trace.graphml"))
    assert graphml.nodes["g0"]["pp"].endswith("⊢ p ∧ q")
    dot = prove(resident, tmp_path, GOOD, "trace.dot")
    assert dot.startswith("digraph") and dot.count("[shape=box") >= 1


@given(st.text(), st.text(), st.text())
def test_texts_of_somebody_else_are_shown_and_nothing_more(a: str, b: str, c: str) -> None:
    nasty = "<script>alert(1)</script>" + a
    verdict = Verdict(
        Outcome.PROVED,
        nasty,
        LeanVersion(b, c, (nasty,), b),
        reason=nasty,
        proof=f"exact {nasty} -- {b}",
        counterexample=c,
        text=f"theorem {nasty}",
        layers=(Layer(nasty, False, b),),
        could_not_run=(nasty,),
        axioms=(nasty, b),
        open_goals=(f"⊢ {nasty}",),
        rests_on=(c,),
        lemmas=(nasty,),
    )
    seen = harmless(verdict_html(verdict))
    assert "<script>alert(1)</script>" in seen.visible
    for text in (nasty, b, c):
        assert clean(text).replace("\r", "\n") in seen.text.replace("\r", "\n")
    harmless(verdict_html(replace(verdict, outcome=Outcome.DISPROVED, disproof=nasty)))
    steps = harmless(proof_html([(nasty, f"⊢ {nasty}"), (b or "x", "")]))
    assert "no goals are left" in steps.text


def test_a_proof_shows_the_goals_after_each_tactic() -> None:
    nodes = [
        {"id": "g0", "kind": "goal", "pp": "⊢ p ∧ q"},
        {"id": "s0", "kind": "step", "tactic": "simp", "winning": False},
        {"id": "s1", "kind": "step", "tactic": "constructor", "winning": True},
        {"id": "g1", "kind": "goal", "pp": "⊢ p"},
        {"id": "g2", "kind": "goal", "pp": "⊢ q"},
        {"id": "s2", "kind": "step", "tactic": "exact hp", "winning": True},
        {"id": "s3", "kind": "step", "tactic": "exact hq", "winning": True},
    ]
    pairs = ["g0 s0", "g0 s1", "s1 g1", "s1 g2", "g2 s3", "g1 s2"]
    edges = [dict(zip(("source", "target"), pair.split(), strict=True)) for pair in pairs]
    assert proof_steps({"nodes": nodes, "edges": edges}) == [
        ("constructor", "⊢ p\n\n⊢ q"),
        ("exact hp", "⊢ q"),
        ("exact hq", ""),
    ]
    assert proof_steps({"nodes": nodes, "edges": edges[:-1]}) == []

    steps = [("intro n", "n : Nat\n⊢ n + 0 = n"), ("simp", "")]
    seen = harmless(proof_html(steps))
    assert "intro n" in seen.visible and "⊢ n + 0 = n" not in seen.visible
    assert seen.text.index("intro n") < seen.text.index("⊢ n + 0 = n") < seen.text.index("simp")
    assert seen.text.rstrip().endswith("✓ no goals are left")


def test_a_huge_text_is_cut() -> None:
    lean = LeanVersion("4.28.0", "embedded")
    long = "have := x\n" * 200_000
    shown = verdict_html(Verdict(Outcome.PROVED, "t", lean, proof=long, reason="y" * 10**6))
    assert len(shown) < 400_000 and "characters left out" in shown


def test_a_page_without_a_verdict_is_one() -> None:
    assert "<title>prover</title>" in trace_page({"verdicts": [], "graphs": []})
    assert "&lt;b&gt;" in page("<b>")
