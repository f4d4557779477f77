"""The commands with a scripted model behind a server, and real Lean."""

import json
from pathlib import Path

import pytest

from prover.informal.modelled import split_words
from prover.lean.toolchain import Lean
from tests.command import command
from tests.informal.scripted import ScriptedModel

PROBLEM = """# Problem

What is the smallest number that is greater than 3?

## Proof

1. Numbers are counted up.
"""
GOOD = "theorem answer : 3 < 4 := by sorry"
OTHER = "theorem answer : 5 ≤ 4 := by sorry"
SKETCH = GOOD.replace("sorry", "\n  -- Numbers are counted up.\n  sorry")


def fenced(code: str) -> str:
    return f"```lean\n{code}\n```"


def scripted(model: ScriptedModel) -> None:
    model.when("Python program", say="```python\nprint(next(n for n in range(9) if n > 3))\n```")
    model.when("SAME", say="SAME: it is.")
    model.when("Say in one or two sentences", say="A number above 3 is at least 4.")
    model.when("Formal statement", "theorem answer", say=fenced(SKETCH))
    model.when("Show that the answer is 4.", say=[fenced(GOOD), fenced(OTHER)])


def test_words_are_formalised_and_what_is_accepted_is_proved(
    lean: Lean, model: ScriptedModel, folder: Path
) -> None:
    (folder / "problem.md").write_text(PROBLEM)
    scripted(model)
    asked = (
        "formalize",
        "problem.md",
        "--model",
        model.url,
        "--lean",
        "embedded",
        "--samples",
        "2",
    )
    done = command(*asked, "--answers", "2", "--accept", "best", "--jobs", "1", "--json")
    assert done.code == 0, done
    found = json.loads(done.out)
    assert (found["answer"], found["votes"], found["accepted"]) == ("4", 2, 1)
    assert found["words"].endswith("Show that the answer is 4.")
    first, second = found["candidates"]
    assert first["statement"] == GOOD.removesuffix(" := by sorry") and not first["flags"]
    assert second["flags"] == ["false: its negation is proved"]
    assert "candidate 1 of 2: written by 1" in found["why"]
    (verdict,) = found["verdicts"]
    assert verdict["outcome"] == "proved" and "-- Numbers are counted up." in verdict["text"]


def test_nothing_is_proved_that_nobody_accepted(
    lean: Lean, model: ScriptedModel, folder: Path
) -> None:
    (folder / "problem.md").write_text("Show that the answer is 4.")
    scripted(model)
    asked = ("formalize", "problem.md", "--model", model.url, "--lean", "embedded", "--jobs", "1")
    done = command(*asked, "--samples", "1")
    assert done.code == 0, done
    assert "says: A number above 3 is at least 4." in done.out
    assert "None is proved" in done.out and "Formal statement" not in "".join(model.asked)


def test_a_theorem_is_proved_along_words(lean: Lean, model: ScriptedModel, folder: Path) -> None:
    (folder / "a.lean").write_text(f"theorem other : 1 = 1 := by sorry\n\n{GOOD}\n")
    (folder / "proof.md").write_text("Numbers are counted up.")
    scripted(model)
    asked = ("prove", "a.lean:answer", "--informal", "proof.md", "--sketcher", model.url)
    done = command(*asked, "--write", "--lean", "embedded", "--jobs", "1")
    assert done.code == 0, done
    assert "step 1 of 1: Numbers are counted up." in done.err and "sketch 1: proved" in done.err
    written = (folder / "a.lean").read_text()
    assert written.startswith("theorem other : 1 = 1 := by sorry\n\ntheorem answer")
    assert "  -- Numbers are counted up.\n" in written and written.count("sorry") == 1


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--accept", "1"), "for the statements of a --model"),
        (("--model", "http://127.0.0.1:9/v1#x", "--prove"), "--accept NUMBER names one"),
    ],
)
def test_options_that_do_not_go_together(args: tuple[str, ...], words: str, folder: Path) -> None:
    (folder / "problem.md").write_text(PROBLEM)
    done = command("formalize", "problem.md", *args)
    assert done.code == 2 and words in " ".join(done.err.split())


@pytest.mark.parametrize(
    ("text", "statement", "proof"),
    [
        (PROBLEM, "What is the smallest number that is greater than 3?", "1. Numbers are counted up."),
        ("All is well.", "All is well.", ""),
        ("So it is.\n\nProof. Clear.", "So it is.", "Clear."),
        ("So it is.\n**Proof.** Clear.", "So it is.", "Clear."),
        ("\\begin{theorem}So it is.\\end{theorem}\n\\begin{proof}Clear.\\end{proof}", "So it is.", "Clear."),
        ("命题。\n证明：显然。", "命题。", "显然。"),
    ],
)  # fmt: skip
def test_statement_and_proof_of_a_text(text: str, statement: str, proof: str) -> None:
    assert split_words(text) == (statement, proof)
