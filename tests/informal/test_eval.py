"""Benchmarks in words: answers of a scripted model, and sketches beside a search."""

import json
from pathlib import Path
from typing import Any

import pytest

from prover.api import Options, Settings
from prover.errors import WrongUse
from prover.evaluate.answers import read_problems
from prover.evaluate.benchmark import Theorem
from prover.evaluate.recheck import claims_of_run
from prover.evaluate.run import Plan, read_results, run
from prover.train.sft import read_pairs
from search.budget import Budget
from tests.command import command
from tests.informal.scripted import ScriptedModel
from tests.lab import Lab

ROWS: list[dict[str, Any]] = [
    {"problem": "What is 1/4 + 1/4?", "solution": "It is $\\boxed{\\frac{1}{2}}$."},
    {"question": "How many legs have 3 cows?", "answer": "3 * 4 = 12\n#### 12"},
    {"question": "2 + 2?", "answer_number": 4},
]


def rows(folder: Path) -> Path:
    file = folder / "problems.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return file


def test_answers_of_a_file(model: ScriptedModel, folder: Path) -> None:
    say = [f"\\boxed{{{answer}}}" for answer in ("0.5", "1/2", "4", "\\tfrac12")]
    model.when("1/4", say=say)
    model.when("cows", say=["\\boxed{11}", "\\boxed{12}", "\\boxed{12}", "I do not know."])
    model.when("2 + 2", say="The answer is 5.")
    done = command(
        "eval",
        "answers",
        str(rows(folder)),
        "--model",
        model.url,
        "--maj",
        "3",
        "--out",
        "out.jsonl",
    )
    assert done.code == 0, done
    assert "greedy: 1 of 3 right, 33.3%" in done.out and "maj@3: 2 of 3 right, 66.7%" in done.out
    assert "95% interval" in done.out and "no reward model" in done.out
    assert "without an answer: 1 samples" in done.out
    written = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    assert [row["gold"] for row in written] == ["\\frac{1}{2}", "12", "4"]
    assert [row["greedy_right"] for row in written] == [True, False, False]
    table = command("eval", "rerank", "out.jsonl", "--sft", "next.jsonl").out
    assert "| 1 | 3 | 44.4% (0.0 to 66.7) | 44.4% (0.0 to 66.7) |" in table
    assert "| 2 | 3 | 66.7% (20.8 to 93.9) | 55.6% (0.0 to 100.0) |" in table
    pairs = read_pairs(folder / "next.jsonl")
    assert [pair.state for pair in pairs] == ["What is 1/4 + 1/4?"] * 2 + [ROWS[1]["question"]]
    again = command(
        "eval", "answers", str(rows(folder)), "--model", model.url, "--out", "out.jsonl"
    )
    assert again.code == 2 and "out.jsonl exists already" in again.err


def test_answers_by_programs_without_votes(model: ScriptedModel, folder: Path) -> None:
    model.when(
        "1/4", say="```python\nfrom fractions import Fraction\nprint(Fraction(1, 4) * 2)\n```"
    )
    model.when("cows", say="```python\nwhile True:\n    print('moo')\n```")
    model.when("2 + 2", say="```python\nprint(open('/etc/hosts').read())\n```")
    done = command("eval", "answers", str(rows(folder)), "--model", model.url, "--by", "program")
    assert "greedy: 1 of 3 right" in done.out and "maj@" not in done.out
    assert "it printed more than 64 kB" in done.out


@pytest.mark.parametrize("line", ["[]", "{}", '{"problem": "x"}', "no json"])
def test_a_row_that_is_no_problem_is_named(line: str, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"problem": "1 + 1", "answer": "2"}\n' + line + "\n")
    with pytest.raises(WrongUse, match="line 2"):
        read_problems(file)


EASY = Theorem(
    "easy", "theorem easy (a b : Nat) (h : a = b + 1) : b < a", informal_proof="It follows."
)
HARD = Theorem("hard", "theorem hard (p q : Prop) : p → q")


def test_a_run_along_words(lab: Lab, model: ScriptedModel, folder: Path) -> None:
    sketch = "theorem easy (a b : Nat) (h : a = b + 1) : b < a := by\n  -- It follows.\n  have k : b < b + 1 := by sorry\n  sorry"
    model.when("theorem easy", say=f"```lean\n{sketch}\n```")
    model.when("theorem hard", say="I give up.")
    options = Options(Budget(expansions=24, seconds=60.0), refute=False, discover=False)
    plan = Plan(
        (EASY, HARD), "own", Settings(), options, canaries=0, informal=True, sketcher=model.url
    )
    assert lab.wait(run(lab.beside(options), plan, folder / "out.jsonl"))
    results = read_results(folder / "out.jsonl")
    easy, hard = results.rows["easy", 0], results.rows["hard", 0]
    assert easy["outcome"] == "proved" and easy["sketches"] >= 1 and easy["lean_calls"] > 0
    assert "-- It follows." in easy["proof"] and "sorry" not in easy["text"]
    assert easy["words"] == "followed"
    assert hard["outcome"] == "gave_up" and "no Lean code" in hard["words"]
    assert results.settings["sketcher"] == "scripted"
    (claim,) = claims_of_run(results, plan.theorems)
    assert claim.problem == "" and not claim.alone


def test_without_a_model_the_controlled_language_reads_or_says_so(lab: Lab, folder: Path) -> None:
    options = Options(Budget(expansions=24, seconds=60.0), refute=False, discover=False)
    unread = Theorem(
        "other", EASY.statement.replace("easy", "other"), informal_proof="Obviously, by magic!"
    )
    plan = Plan((HARD, unread), "own", Settings(), options, canaries=0, informal=True)
    assert lab.wait(run(lab.beside(options), plan, folder / "out.jsonl"))
    found = read_results(folder / "out.jsonl").rows
    hard, other = found["hard", 0], found["other", 0]
    assert hard["outcome"] == "gave_up" and hard["words"] == "it has no proof in words"
    assert other["outcome"] == "proved" and other["words"].startswith("not read: ")


def test_words_that_do_not_lead_there_are_left(lab: Lab, folder: Path) -> None:
    """Within the same budget: a false step takes no more than half of it."""
    options = Options(Budget(expansions=24, seconds=60.0), refute=False, discover=False)
    astray = Theorem(
        "astray",
        EASY.statement.replace("easy", "astray"),
        informal_proof="We have $a = 2 * b + b^3$. Hence $b < a$.",
    )
    plan = Plan((astray,), "own", Settings(), options, canaries=0, informal=True)
    assert lab.wait(run(lab.beside(options), plan, folder / "out.jsonl"))
    row = read_results(folder / "out.jsonl").rows["astray", 0]
    assert row["outcome"] == "proved" and row["words"] == "gaps stay open"
    assert row["sketches"] == 1 and 1 < row["expansions"] <= 24


def test_a_sketcher_needs_words(folder: Path) -> None:
    done = command("eval", "run", "minif2f", "--sketcher", "http://127.0.0.1:9/v1#x")
    assert done.code == 2 and "--informal" in done.err
