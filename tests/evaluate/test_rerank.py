"""pass@k, maj@k, RM@k and Lean calls of samples, against all choices and orders counted one by one."""

import json
import random
import statistics
from collections import Counter
from itertools import permutations
from pathlib import Path

import pytest

from prover.data.theorems.corpus import held_out
from prover.evaluate.rerank import Draw, best_at_k, calls_to_success, majority_at_k
from prover.evaluate.run import FORMAT
from prover.train.sft import Pair, read_pairs
from tests.command import command


def test_four_samples_by_hand() -> None:
    """Two that answer A, which is right, and two that answer B. Of the six pairs AA wins, BB loses,
    and four are split; the best score is right in four."""
    draws = [Draw("", True, 0.9, 0), Draw("", False, 0.8, 1)]
    draws += [Draw("", True, 0.7, 0), Draw("", False, 0.6, 1)]
    assert majority_at_k(draws, 2) == (1 + 4 / 2) / 6 and majority_at_k(draws, 4) == 0.5
    assert [best_at_k(draws, k) for k in (1, 2, 3, 4)] == [0.5, 4 / 6, 3 / 4, 1.0]
    assert majority_at_k([*draws, Draw("", False)], 1) == 2 / 5, "one says nothing"
    equal = [Draw("", True, 1.0), Draw("", False, 1.0), Draw("", False, 1.0)]
    assert best_at_k(equal, 2) == pytest.approx(1 / 3), "the scores say nothing"
    costs = [Draw("", True, 0.5, lean_calls=1), Draw("", False, 0.9, lean_calls=2)]
    costs += [Draw("", False, 0.1, lean_calls=3)]
    assert calls_to_success(costs, scored=False) == (1 + 1 + 3 + 4 + 6 + 6) / 6
    assert calls_to_success(costs, scored=True) == 3
    assert calls_to_success(costs[1:], scored=True) == 5, "all are tried"
    for estimate in (majority_at_k, best_at_k):
        with pytest.raises(ValueError, match="cannot be estimated from 4 samples"):
            estimate(draws, 5)


def test_small_cases_against_all_orders() -> None:
    numbers = random.Random(0)
    for _ in range(60):
        draws = [
            Draw("", vote == 0, numbers.choice([0.1, 0.2, 0.3]), vote, numbers.randrange(4))
            for vote in numbers.choices([0, 1, 2, None], k=5)
        ]
        k = numbers.randint(1, 5)
        majority, best, calls, by_score = [], [], [], []
        for order in permutations(draws):
            votes = Counter(draw.vote for draw in order[:k] if draw.vote is not None)
            majority.append(bool(votes) and max(votes, key=votes.__getitem__) == 0)
            best.append(max(order[:k], key=lambda draw: draw.score or 0).correct)
            calls.append(until_success(order))
            by_score.append(until_success(sorted(order, key=lambda draw: -(draw.score or 0))))
        assert majority_at_k(draws, k) == pytest.approx(statistics.fmean(majority))
        assert best_at_k(draws, k) == pytest.approx(statistics.fmean(best))
        assert calls_to_success(draws, scored=False) == pytest.approx(statistics.fmean(calls))
        assert calls_to_success(draws, scored=True) == pytest.approx(statistics.fmean(by_score))


def until_success(order: list[Draw] | tuple[Draw, ...]) -> int:
    spent = 0
    for draw in order:
        spent += draw.lean_calls
        if draw.correct:
            break
    return spent


def test_many_samples_take_no_time() -> None:
    draws = [Draw("", at % 7 == 0, vote=min(at % 7, at % 11)) for at in range(64)]
    assert 0 < majority_at_k(draws, 32) <= 1


def write(file: Path, rows: list[dict[str, object]]) -> str:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(file)


TEST = held_out()[0]
PROOFS: list[dict[str, object]] = [
    {"problem": "⊢ 1 = 1", "sample": "norm_num", "correct": True, "score": 0.1},
    {"problem": "⊢ 1 = 1", "sample": "ring", "correct": False, "score": 0.4},
    {"problem": "⊢ 1 = 1", "sample": "rfl", "correct": True, "score": 0.9},
    {"problem": "⊢ 1 = 1", "sample": " rfl\n", "correct": True, "score": 0.3},
    {"problem": "⊢ False", "sample": "rfl", "correct": False, "score": 0.2},
    {"problem": "⊢ False", "sample": "simp", "correct": False, "score": 0.1},
    {"problem": TEST.statement, "sample": "trivial", "correct": True, "score": 0.3},
    {
        "problem": "⊢ 2 = 2",
        "sample": "decide -- one and one and one is three or two",
        "correct": True,
    },
]
PROOFS[-1] |= {"score": 0.2, "lean_calls": 3}


def test_proofs_with_scores_and_the_set_to_train_on(folder: Path) -> None:
    file = write(folder / "proofs.jsonl", PROOFS)
    problem: dict[str, object] = {
        "name": "three",
        "statement": "one and one and one is three or two",
    }
    benchmark = write(folder / "benchmark.jsonl", [problem])
    options = ["--sft", "next.jsonl", "--most", "1", "--benchmark", benchmark]
    done = command("eval", "rerank", file, *options)
    assert done.code == 0, done
    head, _, one, two, four, *_ = done.out.splitlines()
    assert head == "| k | problems | pass@k | RM@k |"
    assert one.startswith("| 1 | 4 | 68.8% (") and two.startswith("| 2 | 2 | 50.0% (")
    assert four == "| 4 | 1 | 100.0% (20.7 to 100.0) | 100.0% (20.7 to 100.0) |"
    assert "over the 3 problems that have one" in done.out
    assert "| as drawn | 1.75 | 1.00 to 3.00 |" in done.out, "(1.25 + 1 + 3) / 3"
    assert "| by score | 1.67 | 1.00 to 3.00 |" in done.out, "(1 + 1 + 3) / 3"
    assert read_pairs(folder / "next.jsonl") == [Pair("⊢ 1 = 1", "rfl")]
    assert "1 samples are in next.jsonl; left out for a problem of a benchmark: 2" in done.err
    before = (folder / "next.jsonl").read_bytes()
    assert command("eval", "rerank", file, *options).out == done.out
    assert (folder / "next.jsonl").read_bytes() == before
    command("eval", "rerank", file, "--sft", "next.jsonl")
    pairs = read_pairs(folder / "next.jsonl")
    assert [pair.tactic.split()[0] for pair in pairs] == ["rfl", "norm_num", "decide"]


def test_answers_that_are_the_same_vote_together(folder: Path) -> None:
    rows: list[dict[str, object]] = [
        {"problem": "1/4 + 1/4?", "sample": f"It is {answer}.", "answer": answer, "gold": "1/2"}
        for answer in ("0.5", "\\frac{1}{2}", "4", None)
    ]
    done = command("eval", "rerank", write(folder / "answers.jsonl", rows))
    assert done.out.splitlines()[0] == "| k | problems | pass@k | maj@k |", done
    assert "| 2 | 1 | 83.3%" in done.out, "all pairs but one"
    assert "66.7% (66.7 to 66.7) |" in done.out, "three, and two that are split, of six"
    assert "Lean calls" not in done.out


def test_results_of_a_run_are_read_and_not_trained_on(folder: Path) -> None:
    rows: list[dict[str, object]] = [
        {"run": {"format": FORMAT, "settings": {}, "statements": []}},
        {"name": "a", "attempt": 0, "outcome": "gave_up", "lean_calls": 10},
        {"name": "a", "attempt": 1, "outcome": "proved", "proof": "rfl", "lean_calls": 4},
        {"name": "b", "attempt": 0, "outcome": "not elaborating"},
    ]
    file = write(folder / "results.jsonl", rows)
    done = command("eval", "rerank", file)
    assert "| 1 | 2 | 25.0%" in done.out and "| 2 | 1 | 100.0%" in done.out, done
    assert "| as drawn | 9.00 | 9.00 to 9.00 |" in done.out, "10 / 2 + 4"
    refused = command("eval", "rerank", file, "--sft", "next.jsonl")
    assert refused.code == 2 and "train on none of them" in refused.err
    assert not (folder / "next.jsonl").exists()


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ([], "TypeError"),
        ({"problem": "x", "correct": True}, "KeyError('sample')"),
        ({"problem": 1, "sample": "x", "correct": True}, "problem is 1"),
        ({"problem": "x", "sample": "x", "correct": 1}, "correct is 1"),
        ({"problem": "x", "sample": "x"}, "neither correct nor gold"),
        ({"problem": "x", "sample": "x", "correct": True, "score": float("nan")}, "score is nan"),
        ({"problem": "x", "sample": "x", "correct": True}, "others have one"),
        ({"problem": "x", "gold": "1", "samples": [{"text": "x"}]}, "KeyError('answer')"),
    ],
)
def test_a_row_that_is_no_sample_is_named(row: object, why: str, folder: Path) -> None:
    file = write(folder / "samples.jsonl", [PROOFS[0], row])  # type: ignore[list-item]
    done = command("eval", "rerank", file)
    assert done.code == 2 and "samples.jsonl, line 2: " in done.err and why in done.err, done


def test_nothing_to_look_at(folder: Path) -> None:
    rows: list[dict[str, object]] = [{"problem": "x", "gold": "1", "samples": []}]
    done = command("eval", "rerank", write(folder / "none.jsonl", rows))
    assert done.code == 2 and "draws them with --maj" in done.err
