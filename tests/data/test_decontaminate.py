"""Planted benchmark statements, in the disguises that training data comes in."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prover.data.decontaminate import (
    RULES,
    Benchmark,
    Contaminated,
    Hit,
    Problem,
    check_clean,
    load_benchmark,
    longest_common_subsequence,
)
from prover.data.lean_text import shapes
from prover.data.theorems.corpus import TESTS, held_out
from prover.errors import WrongUse
from prover.files import write_jsonl
from prover.lean.syntax import split_at_comments
from prover.train.outcomes import read_training
from tests.timing import grows_linearly
from tests.train.school import ROWS

SAMPLE = Path(__file__).with_name("benchmark.jsonl")
MINIF2F = Path(
    os.environ.get("PROVER_MINIF2F", Path(__file__).parents[3] / "shared" / "data" / "minif2f")
).resolve()
ASCII = {
    "→": "->",
    "↔": "<->",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "∧": "/\\",
    "ℕ": "Nat",
    "ℤ": "Int",
    "ℝ": "Real",
    "ℚ": "Rat",
}


FILE = MINIF2F / "minif2f.jsonl"
MISSING = pytest.mark.skipif(not FILE.exists(), reason=f"there is no {FILE}")
TIP = MINIF2F.parent / "tip"
PUBLIC = [FILE, TIP / "isaplanner.jsonl", TIP / "false.jsonl"]


def groups(statement: str) -> tuple[str, list[str], str]:
    """`theorem name`, the binder groups and `: type`."""
    named = re.match(r"theorem \S+\s*", statement)
    assert named is not None
    at = named.end()
    head, found = statement[:at], []
    while statement[at] in "({[":
        depth, start = 0, at
        while True:
            depth += (statement[at] in "({[") - (statement[at] in ")}]")
            at += 1
            if depth == 0:
                break
        found.append(statement[start:at])
        while statement[at].isspace():
            at += 1
    return head, found, statement[at:]


def verbatim(statement: str) -> str:
    return f"{statement} := by\n  nlinarith\n"


def renamed(statement: str) -> str:
    _head, binders, rest = groups(statement)
    names = [
        name
        for binder in binders
        for name in binder[1:].split(":")[0].split()
        if re.fullmatch(r"\w+", name)
    ]
    new = {name: f"w{i}" if len(name) == 1 else f"hyp_{i}" for i, name in enumerate(names)}
    body = " ".join([*binders, rest])
    return "lemma other " + re.sub(
        r"(?<![\w.])[^\W\d]\w*", lambda match: new.get(match[0], match[0]), body
    )


def reordered(statement: str) -> str:
    head, binders, rest = groups(statement)
    data = [binder for binder in binders if not re.match(r".h[\w']*\s*:", binder)]
    facts = [binder for binder in binders if binder not in data]
    return " ".join([head, *data, *reversed(facts), rest])


def retyped(statement: str) -> str:
    text = "".join(ASCII.get(letter, letter) for letter in statement)
    return re.sub(r"\s*([()+*^,])\s*", r" \1 ", text).replace("Real .", "Real.")


def as_state(statement: str) -> str:
    _, binders, rest = groups(statement)
    return "\n".join(binder[1:-1] for binder in binders) + "\n⊢ " + rest[1:].strip()


DISGUISES = [verbatim, renamed, reordered, retyped, as_state]


def numbers_changed(statement: str) -> str:
    """Another problem: the last numeral of the conclusion is another."""
    parts = re.fullmatch(r"(?s)(.*?)(\d+)(\D*)", groups(statement)[2])
    assert parts is not None
    head, numeral, tail = parts.groups()
    unchanged = statement[: -len(groups(statement)[2])]
    return f"{unchanged}{head}{int(numeral) + 1}{tail}"


@pytest.mark.parametrize(
    "path",
    [pytest.param(SAMPLE, id="invented"), pytest.param(FILE, id="miniF2F", marks=MISSING)],
)
def test_what_each_rule_finds(path: Path) -> None:
    problems = load_benchmark(path)
    near = []
    for problem in problems:
        if re.search(r"\d", groups(problem.statement)[2]):
            near.append(numbers_changed(problem.statement))
    statements = {problem.statement for problem in problems}
    near = [text for text in near if text not in statements]
    recall: dict[tuple[str, str], float] = {}
    false_hits: dict[str, int] = {}
    print(f"\n{path.name}: {len(problems)} problems, {len(near)} near misses")
    for rule in RULES:
        benchmark = Benchmark(problems, [rule])
        false_hits[rule] = len({hit.row for hit in benchmark.hits(near)})
        line = []
        for disguise in DISGUISES:
            planted = [disguise(problem.statement) for problem in problems]
            found = {
                hit.row
                for hit in benchmark.hits(planted)
                if hit.problem == problems[hit.row].name
                or shape_of(problems[hit.row]) == shape_of(by_name(problems, hit.problem))
            }
            recall[rule, disguise.__name__] = len(found) / len(planted)
            precision = len(found) / max(1, len(found) + false_hits[rule])
            line.append(
                f"{disguise.__name__} {recall[rule, disguise.__name__]:.2f}/{precision:.2f}"
            )
        print(f"  {rule:<13} recall/precision: {', '.join(line)}")
    assert recall["deepseekmath", "verbatim"] > 0.6
    assert all(recall["lean", disguise.__name__] >= 0.97 for disguise in DISGUISES)
    assert recall["deepseekmath", "renamed"] < 0.5  # what makes the Lean rule necessary
    assert false_hits["lean"] <= 0.02 * len(near)


def shape_of(problem: Problem) -> tuple[str, str]:
    shape = next(shapes(problem.statement))
    return shape.conclusion, str(sorted(shape.hypotheses.items()))


def by_name(problems: list[Problem], name: str) -> Problem:
    return next(problem for problem in problems if problem.name == name)


def rules_that_hit(text: str, problem: Problem) -> set[str]:
    return {hit.rule for hit in Benchmark([problem], RULES).hits([text])}


def words(count: int, start: int = 0) -> str:
    return " ".join(f"w{i}" for i in range(start, start + count))


@pytest.mark.parametrize(
    ("shared", "expected"),
    [
        (9, set()),
        (10, {"deepseekmath"}),
        (13, {"deepseekmath"}),  # 13 of 40 words is less than 0.6
        (20, {"deepseekmath", "llemma-20"}),
        (25, {"deepseekmath", "llemma-20", "qwen2-math"}),
        (30, {"deepseekmath", "llemma-20", "llemma-30", "qwen2-math"}),
    ],
)
def test_the_published_rules_start_at_their_published_lengths(
    shared: int, expected: set[str]
) -> None:
    problem = Problem("p", words(40))
    text = f"before {words(shared)} after and {words(30, start=1000)}"
    assert rules_that_hit(text, problem) == expected


def test_qwens_subsequence_may_have_gaps() -> None:
    problem = Problem("p", words(30))
    near = f"{words(13)} a {words(3, 14)} b {words(3, 18)}"
    far = f"{words(13)} a {words(3, 14)} b {words(2, 18)}"
    assert "qwen2-math" in rules_that_hit(near, problem)
    assert "qwen2-math" not in rules_that_hit(far, problem)


def test_a_short_text_is_found_as_a_whole() -> None:
    problem = Problem("p", "two is even")
    assert rules_that_hit("that Two  is even, they say: two is even", problem) == {"deepseekmath"}
    assert rules_that_hit("two is not even", problem) == set()
    assert rules_that_hit("even is", Problem("p", "is even")) == set()


def test_qwen_ignores_punctuation_and_case() -> None:
    problem = Problem("p", "What, is two?")
    assert rules_that_hit("what is TWO", problem) == {"qwen2-math"}


@pytest.mark.parametrize(
    "text",
    [
        "theorem s (b a : Nat) (q : b > 0) (p : a < 7) : a + b = b + a + 0 := by omega",
        "example {a : Nat} (_ : a < 7) (b : ℕ) (g : 0 < b) : a + b = (b + a) + 0 := by omega",
        "theorem s : ∀ a b : ℕ, a < 7 → 0 < b → a + b = b + a + 0 := by omega",
        "theorem s (a b : ℕ) (h : a < 7 ∧ 0 < b) : a + b = b + a + 0",
        "∀ (x y : Nat), x < 7 → y > 0 → x + y = y + x + 0",
        (
            "some prose before, then\nlemma s (x y : ℕ)\n    (h : x < 7) -- small\n    (g : 0 < y) :\n"
            "    x + y = y + x + 0 := sorry"
        ),
        "[GOAL]case inl\nx y : ℕ\nh : x < 7\ng : y >\n    0\n⊢ x + y = y + x + 0[PROOFSTEP]omega",
        "[CONTEXT]theorem s : ∀ a b : ℕ, a < 7 → 0 < b → a + b = b + a + 0\n[GOAL]⊢ 1 < 2[PROOFSTEP]simp",
        "theorem t : True := trivial\ntheorem s (a b : ℕ) (h : a < 7) (g : 0 < b) : b + a + 0 = a + b",
        "import X\ntheorem big : True := by\n  have : ∀ a b : ℕ, a < 7 → 0 < b → a + b = b + a + 0 := foo",
    ],
)
def test_the_lean_rule_knows_a_statement_again(text: str) -> None:
    problem = Problem("p", "theorem p (a b : ℕ) (h₀ : a < 7) (h₁ : 0 < b) : a + b = b + a + 0")
    assert "lean" in rules_that_hit(text, problem)


def test_quantifiers_are_known_again_as_lean_prints_them() -> None:
    written = "theorem p (R : α → α → Prop) (h : ∀ x : α, ∀ y : α, ¬R x y) : ¬(∃ x : α, ∃ y, R x y)"
    printed = "R : α → α → Prop\nh : ∀ (x y : α), ¬R x y\n⊢ ¬∃ x y, R x y"
    assert "lean" in rules_that_hit(printed, Problem("p", written))
    other = printed.replace("∃ x y,", "∃ x, ∀ y,")
    assert "lean" not in rules_that_hit(other, Problem("p", written))


def test_functions_are_known_again_where_lean_prints_them_as_fields() -> None:
    written = (
        "theorem p (a : Peano) (xs ys : List Nat) (h : (xs ++ ys).length = List.length ys) : "
        "half (Peano.more (Peano.more (half a))) = .more a"
    )
    printed = (
        "a : Peano\nxs ys : List Nat\nh : (xs ++ ys).length = ys.length\n"
        "⊢ half (half a).more.more = a.more"
    )
    assert "lean" in rules_that_hit(printed, Problem("p", written))
    other = printed.replace("= a.more", "= a.more.more")
    assert "lean" not in rules_that_hit(other, Problem("p", written))


@pytest.mark.parametrize(
    "text",
    [
        "theorem s (a b : ℕ) (h : a < 7) (g : 0 < b) : a + b = b + a + 1",
        "theorem s (a b : ℕ) : a + b = b + a + 0",  # says more than the problem
        "theorem s (a b : ℕ) (h : a < 8) (g : 1 < b) : a + b = b + a + 0",
        "def f (a b : ℕ) : ℕ := a + b",
        "",
        "(((",
    ],
)
def test_the_lean_rule_lets_others_pass(text: str) -> None:
    problem = Problem("p", "theorem p (a b : ℕ) (h₀ : a < 7) (h₁ : 0 < b) : a + b = b + a + 0")
    assert "lean" not in rules_that_hit(text, problem)


@example("⊢()")
@example("theorem t : (())")
@example("theorem t : " + "(a ∧ " * 1_500)
@example("theorem t : " + "(a ∧ " * 1_000 + "a" + ")" * 1_000)
@given(st.text(alphabet="abhx01 :=(){}[]⟨⟩∀∃λ∑∈,|→↔∧∨<≤⊢.\n\ntheorem", max_size=80))
def test_any_text_can_be_read(text: str) -> None:
    for shape in shapes(text):
        assert shape.covered_by(shape) == 1


OLD_COMMENT = re.compile(r"/-.*?-/|--[^\n]*", re.DOTALL)


@given(st.text(alphabet="/-a \n", max_size=40))
def test_comments_are_where_a_plain_pattern_finds_them(text: str) -> None:
    assert split_at_comments(text) == OLD_COMMENT.split(text)


@pytest.mark.parametrize(
    "unit", ["/-- ", " ", "\n", "have ", "⊢ ", "⊢ a\n", "{|", "(a ∧ ", "a → ", "∀ a, ", "h : a\n"]
)
def test_reading_statements_takes_time_by_length(unit: str) -> None:
    assert grows_linearly(lambda n: list(shapes(unit * n)), 16_000)


def test_hits_name_row_rule_and_problem() -> None:
    benchmark = Benchmark(load_benchmark(SAMPLE))
    texts = [
        "nothing here",
        "theorem q (u v : ℚ) (a : max u v = 17) (b : min u v = 4) : u + v = 21",
    ]
    assert list(benchmark.hits(texts)) == [Hit(1, "lean", "max_min", "21 = v0 + v1")]


def test_check_clean_counts_or_raises() -> None:
    benchmark = Benchmark(load_benchmark(SAMPLE))
    clean = ["theorem a : 1 + 1 = 2", "b"]
    assert check_clean(clean, benchmark) == 2
    with pytest.raises(Contaminated, match=r"row 2 contains the benchmark problem pair_sum"):
        check_clean([*clean, verbatim(benchmark.problems[0].statement)], benchmark)


def test_an_unknown_rule_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'gpt'.*llemma-20.*lean"):
        Benchmark([], ["gpt"])


@pytest.mark.parametrize("line", ["{", "[]", '{"name": "x"}', "3"])
def test_a_broken_benchmark_names_its_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "b.jsonl"
    file.write_text(f'{{"name": "a", "statement": "b"}}\n{line}\n')
    with pytest.raises(WrongUse, match=r"b\.jsonl, line 2"):
        load_benchmark(file)


@pytest.mark.parametrize("file", PUBLIC, ids=lambda file: file.stem)
def test_a_public_benchmark_is_apart_from_our_tests_and_kept_from_training(
    file: Path, tmp_path: Path
) -> None:
    if not file.exists():
        pytest.skip(f"there is no {file}")
    problems = load_benchmark(file)
    known = Benchmark(problems)
    for test in TESTS:
        assert known.hit("\n\n".join(row.statement for row in held_out(test))) is None, test
    kept = ROWS[0]
    stolen = [
        replace(kept, name=f"own{i}", statement=one.statement.replace(one.name, f"own{i}"), key="0")
        for i, one in enumerate(problems)
    ]
    write_jsonl(tmp_path / "rows.jsonl", [row.to_json() for row in [*stolen, kept]])
    assert read_training(tmp_path / "rows.jsonl", problems) == [kept]


def test_an_empty_benchmark_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_text("")
    with pytest.raises(WrongUse, match="no problem"):
        load_benchmark(tmp_path / "b.jsonl")


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_the_common_subsequence_is_the_textbooks(first: list[str], second: list[str]) -> None:
    table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            table[i + 1][j + 1] = (
                table[i][j] + 1 if a == b else max(table[i][j + 1], table[i + 1][j])
            )
    assert longest_common_subsequence(first, second) == table[-1][-1]
