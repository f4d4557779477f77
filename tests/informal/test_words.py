"""From words to proofs that the kernel checked, without a model."""

import json
from pathlib import Path

import pytest

from prover.api import Options
from prover.errors import NOT_PROVED, PROVED, WRONG
from prover.informal.formalise import formalised, proved_along, sketched
from prover.informal.language import read_proof, read_statement
from prover.verify.verdict import Outcome
from search.budget import Budget
from tests.command import command
from tests.lab import Lab

EXAMPLES = Path(__file__).with_name("examples")
OPTIONS = Options(Budget(expansions=40, seconds=120.0), refute=False, discover=False)
DOUBTING = Options(Budget(expansions=4, seconds=60.0), discover=False)


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.*")), ids=lambda path: path.stem)
def test_an_example_goes_from_words_to_a_checked_proof(lab: Lab, path: Path) -> None:
    text = path.read_text("utf-8")
    statement = read_statement(text)
    sketch = sketched(text, statement)
    filled, left = lab.wait(proved_along(lab.beside(OPTIONS), sketch, statement))
    (verdict,) = filled.verdicts
    assert verdict.outcome is Outcome.PROVED, (verdict.reason, left)
    assert {"statement", "axioms", "kernel"} <= {layer.name for layer in verdict.layers}
    assert verdict.text is not None and "sorry" not in verdict.text
    words = " ".join(verdict.text.replace("--", " ").split())
    assert all(" ".join(step.words.split()) in words for step in sketch.steps)


def test_a_false_step_is_told_with_its_counterexample(lab: Lab) -> None:
    statement = read_statement("For every integer n, the number n² + n is even.")
    sketch = read_proof("We have n² + n = 2n. Hence n² + n is even.", statement)
    filled, left = lab.wait(proved_along(lab.beside(DOUBTING), sketch, statement))
    assert not filled.proved
    assert left[0].startswith("step 1 of 2 is false at n = ")
    assert left[0].endswith("as Lean evaluates it: We have n² + n = 2n.")


def test_a_gap_that_is_too_big_is_told_by_its_step(lab: Lab) -> None:
    statement = read_statement(
        "Let f be a function from ℕ to ℕ such that f is injective. Then 0 = 0."
    )
    words = "Clearly 1 = 1. We have f(n) > 0 or f(m) ≥ n for all n and m. Thus 0 = 0."
    sketch = read_proof(words, statement)
    filled, left = lab.wait(proved_along(lab.beside(DOUBTING), sketch, statement))
    assert not filled.proved
    assert left == [
        "step 2 of 3 could not be proved: We have f(n) > 0 or f(m) ≥ n for all n and m."
    ]


@pytest.mark.parametrize(
    ("words", "flaw"),
    [
        ("Let n be an integer with n > 3 and n < 2. Then n is even.", "contradict each other"),
        ("For all natural numbers n, n + 0 = n.", ""),
    ],
)
def test_flaws_of_a_statement_are_found(lab: Lab, words: str, flaw: str) -> None:
    one = lab.wait(formalised(lab.beside(OPTIONS), words))
    assert flaw in one.flaw and bool(flaw) == bool(one.flaw)
    assert (one.scrutiny.trivial == "rfl") == (not flaw)


def test_the_command_shows_what_is_proved_before_it_is(folder: Path, lean: object) -> None:
    text = (EXAMPLES / "first" / "contradiction.md").read_text("utf-8")
    (folder / "problem.md").write_text(text, "utf-8")
    done = command("formalize", "problem.md", "--prove", "--jobs", "1", "--lean", "embedded")
    assert done.code == PROVED, done
    shown = done.out.index("It says: There are no integers x and y with 4·x + 6·y = 9.")
    assert done.out.index("theorem no_solution : ¬ (∃ x y : Int") < shown
    assert shown < done.out.index("-- But $9$ is odd.") < done.out.index("proved no_solution")


def test_the_command_proves_along_words_and_writes(folder: Path, lean: object) -> None:
    file = folder / "Even.lean"
    file.write_text("theorem first : 1 = 1 := rfl\n\n" + EVEN + "\n-- the end\n", "utf-8")
    (folder / "proof.md").write_text("Write n = 2k. Then n * n = 2(2k²), which is even.\n", "utf-8")
    arguments = ["--informal", "proof.md", "--write", "--model", "none", "--lean", "embedded"]
    done = command("prove", "Even.lean:even_square", *arguments, "--jobs", "1", "--engine", "off")
    assert done.code == PROVED, done
    written = file.read_text("utf-8")
    assert written.startswith("theorem first : 1 = 1 := rfl\n\n" + EVEN.removesuffix(" sorry\n"))
    assert "-- Write n = 2k." in written and written.endswith("-- the end\n")
    assert "sorry" not in written


EVEN = "theorem even_square (n : Int) (h : n % 2 = 0) : n * n % 2 = 0 := by sorry\n"


def test_a_false_statement_is_told_as_json(folder: Path, lean: object) -> None:
    words = "For all natural numbers n, n² < 10."
    arguments = ["formalize", "-", "--json", "--prove", "--jobs", "1", "--lean", "embedded"]
    done = command(*arguments, stdin=words)
    assert done.code == NOT_PROVED, done
    answer = json.loads(done.out)
    assert answer["flaw"].startswith("it is false at n = ") and "proof" not in answer
    assert answer["trivial"] is None
    assert answer["reading"] == "For every natural number n: n^2 < 10."


def test_words_that_cannot_be_read_end_the_command_before_lean(folder: Path) -> None:
    (folder / "satz.md").write_text(
        "## Statement\n\nFür alle Zahlen n gilt: n ist gerade.\n", "utf-8"
    )
    done = command("formalize", "satz.md")
    assert done.code == WRONG and "line 3, column 1" in done.err and "German" in done.err
    (folder / "A.lean").write_text(EVEN, "utf-8")
    (folder / "bad.md").write_text("We gesticulate.\n", "utf-8")
    done = command("prove", "A.lean:even_square", "--informal", "bad.md", "--engine", "off")
    assert done.code == WRONG and "“gesticulate”" in done.err and "nearest form" in done.err
