"""Every layout becomes one schema, and copies are told apart."""

import io
import json
import os
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from prover.evaluate import benchmark
from prover.evaluate.benchmark import (
    SOURCES,
    BenchmarkError,
    Theorem,
    by_types,
    diff,
    digest,
    fetch,
    known_wrong,
    load_benchmark,
    write_benchmark,
)
from tests.lab import Lab

COPIES = Path(__file__).with_name("copies")
MINIF2F = Path(
    os.environ.get("PROVER_MINIF2F", Path(__file__).parents[3] / "shared" / "data" / "minif2f")
).resolve()
FILE = MINIF2F / "minif2f.jsonl"
MISSING = pytest.mark.skipif(not FILE.exists(), reason=f"there is no {FILE}")


def load(name: str, informal: str | None = None) -> dict[str, Theorem]:
    words = None if informal is None else str(COPIES / informal)
    return {t.name: t for t in load_benchmark(str(COPIES / name), words)}


def test_lean_files_become_statements_with_their_headers_and_splits() -> None:
    found = load("lean", "informal")
    assert set(found) == {"sum_even", "product"}
    even = found["sum_even"]
    assert even.statement.endswith("(h₁ : b % 2 = 0) :\n    (a + b) % 2 = 0")
    assert even.statement.startswith("theorem sum_even (a b : ℕ)")
    assert even.header.startswith("import Mathlib\n") and even.header.endswith("Topology Rat")
    assert (even.split, even.informal_proof) == ("test", "Halve both.")
    product = found["product"]
    assert (product.split, product.informal_statement) == ("valid", "The product is what it is.")
    assert product.header == "import Mathlib\n\nopen BigOperators"


def test_an_answer_of_putnambench_stands_in_its_place() -> None:
    (one,) = load("putnam").values()
    assert one.header.endswith("abbrev putnam_0000_a1_solution : ℕ → ℕ := fun n ↦ n + 1")
    assert one.statement.endswith("putnam_0000_a1_solution n = n + 1")
    assert one.informal_statement == "Find every natural number."


def test_json_lines_of_deepseek_and_ai_mo() -> None:
    found = load("deepseek.jsonl")
    even = found["sum_even"]
    assert even.statement.endswith("(a + b) % 2 = 0")
    assert even.header.startswith("import Mathlib\nimport Aesop\n")
    assert even.informal_statement == "The sum of even numbers is even."
    assert found["product"].split == "valid"
    (other,) = load("ai_mo.jsonl").values()
    assert other.header == "import Mathlib\n\nset_option maxHeartbeats 400000\n\nopen Nat Real"
    assert other.statement.startswith("theorem sum_even") and "sorry" not in other.statement
    assert (other.split, other.copy) == ("test", "ai-mo")


def test_a_lean_file_with_many_proved_theorems(tmp_path: Path) -> None:
    file = tmp_path / "valid.lean"
    file.write_text(
        "import Mathlib\nopen Nat\n\n/-- One. -/\ntheorem one (n : ℕ := 2) : n = n :=\n  by rfl\n\n"
        "/-- Two. -/\nlemma two : let x := 1; x = 1 := by sorry\n"
    )
    one, two = load_benchmark(str(file))
    assert (one.statement, one.informal_statement) == ("theorem one (n : ℕ := 2) : n = n", "One.")
    assert (two.statement, two.informal_statement) == ("lemma two : let x := 1; x = 1", "Two.")
    assert {one.header, two.header} == {"import Mathlib\nopen Nat"}
    assert {one.split, two.split} == {"valid"}


def test_the_schema_is_read_back_and_its_hash_is_of_the_content(tmp_path: Path) -> None:
    first = load_benchmark(str(COPIES / "lean"), str(COPIES / "informal"))
    out = tmp_path / "own.jsonl"
    write_benchmark(out, first)
    assert load_benchmark(str(out)) == first
    assert digest(load_benchmark(str(out))) == digest(first)
    changed = [replace(first[0], header="open Nat"), *first[1:]]
    assert digest(changed) != digest(first)


def test_names_that_come_again_are_numbered(tmp_path: Path) -> None:
    file = tmp_path / "proofnet.jsonl"
    rows = [
        {"name": "exercise_1_1", "statement": f"theorem exercise_1_1 : {n} = {n}"} for n in (1, 2)
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    assert [t.name for t in load_benchmark(str(file))] == ["exercise_1_1", "exercise_1_1#2"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no statement"),
        ('{"name": "a"}', "line 1: no statement"),
        ('{"name": "a", "statement": "theorem a : 1 = 1"}\n{', "line 2: "),
        ('{"name": "a", "statement": 3}', "line 1: statement is no text"),
        ("[1]", "entry 1: not an object"),
        ('{"name": "a", "formal_statement": "1 = 1"}', "line 1: no theorem"),
    ],
)
def test_what_is_no_benchmark_is_told_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(text)
    with pytest.raises(BenchmarkError, match=says):
        load_benchmark(str(file))


def test_other_bad_places(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="neither a file or folder nor one of minif2f"):
        load_benchmark(str(tmp_path / "nowhere"))
    with pytest.raises(BenchmarkError, match="words only: give it as --informal"):
        load_benchmark(str(COPIES / "informal"))
    (tmp_path / "latin.jsonl").write_bytes(b'{"name": "\xe9"}')
    with pytest.raises(BenchmarkError, match="not UTF-8"):
        load_benchmark(str(tmp_path / "latin.jsonl"))


# Differences


def kinds(first: str, second: str) -> tuple[str, str]:
    (one,) = diff([Theorem("t", first)], [Theorem("T", second)])
    return one.kind, one.why


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("theorem t (a b : ℕ) : a = b", "theorem t (a : ℕ)\n  (b : ℕ) : a = b"),
        ("theorem t (h₀ : 1 = 2) : 2 = 1", "lemma t (h : (1 = 2)) : (2 = 1)"),
        ("theorem t (f : ℕ → ℕ) : f = fun x ↦ x", "theorem t (f : Nat -> Nat) : f = λ y => y"),
        ("theorem t (n : ℕ) : ∑ k ∈ s, k = n", "theorem t (m : ℕ) : ∑ i in s, i = m -- so"),
        ("theorem t (x : ℝ) : f (x) = ((x))", "theorem t (y : ℝ) : f y = (y)"),
        ("theorem t (x : ℕ) : x.gcd 2 = 1", "theorem t (y : ℕ) : y.gcd 2 = 1"),
    ],
)
def test_spelling_is_cosmetic(first: str, second: str) -> None:
    assert kinds(first, second)[0] == "cosmetic"


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (
            "theorem t : ∑ k ∈ s, 2 * k + 1 = n",
            "theorem t : ∑ k ∈ s, (2 * k + 1) = n",
            "in brackets only",
        ),
        ("theorem t (a b : ℕ) : a - b = 0", "theorem t (a b : ℤ) : a - b = 0", ""),
        ("theorem t (a b : ℕ) : a - b = 0", "theorem t (a b : ℕ) : b - a = 0", ""),
        ("theorem t (a b : ℕ) (h : a < b) : a = b", "theorem t (a b : ℕ) : a = b", ""),
        ("theorem t (a : ℕ) : a < 3", "theorem t (a : ℕ) : a ≤ 3", ""),
        ("theorem t {a : ℕ} : a < 3", "theorem t (a : ℕ) : a < 3", ""),
    ],
)
def test_what_may_be_another_theorem_differs(first: str, second: str, why: str) -> None:
    assert kinds(first, second) == ("differing", why)


def test_copies_are_compared_by_name() -> None:
    found = {
        d.name: d.kind
        for d in diff(list(load("lean").values()), list(load("deepseek.jsonl").values()))
    }
    assert found == {"sum_even": "cosmetic", "product": "differing"}
    found = {
        d.name: d.kind
        for d in diff(list(load("lean").values()), list(load("ai_mo.jsonl").values()))
    }
    assert found == {"sum_even": "cosmetic", "product": "missing"}
    assert kinds("theorem t : 1 = 1", "theorem t : 1 = 1") == ("identical", "")


def test_lean_settles_what_text_cannot(lab: Lab) -> None:
    pairs = [
        ("theorem t (a b : Nat) : a + b * 2 = 1", "theorem t (a b : Nat) : a + (b * 2) = 1"),
        ("theorem t (a b : Nat) : a * b + 2 = 1", "theorem t (a b : Nat) : a * (b + 2) = 1"),
        ("theorem t (a : Nat) : a = foo", "theorem t (a : Nat) : a = (foo bar)"),
    ]
    found = [diff([Theorem("t", one)], [Theorem("t", two)])[0] for one, two in pairs]
    assert [d.kind for d in found] == ["differing"] * 3

    async def run() -> list[tuple[str, str]]:
        return [(d.kind, d.why) async for d in by_types(lab.prover, found)]

    assert lab.wait(run()) == [
        ("cosmetic", "the same type"),
        ("differing", "other types"),
        ("differing", "does not elaborate"),
    ]


# Fetching


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Serves archives as GitHub does; gives the addresses that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            data = io.BytesIO()
            with tarfile.open(fileobj=data, mode="w:gz") as archive:
                archive.add(COPIES / "lean", "miniF2F-lean4-5746b7d")
                archive.add(COPIES / "putnam", "miniF2F-lean4-5746b7d/other")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(data.getvalue())

        def log_message(self, *_: object) -> None:
            pass

    served = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    monkeypatch.setattr(benchmark, "GITHUB", f"http://127.0.0.1:{served.server_port}")
    monkeypatch.setenv("PROVER_CACHE", str(tmp_path / "cache"))
    yield asked
    served.shutdown()
    served.server_close()


def test_a_known_copy_is_fetched_once(server: list[str]) -> None:
    first = load_benchmark("minif2f")
    assert {t.name for t in first} == {"sum_even", "product"}
    assert load_benchmark("MiniF2F") == first
    assert server == [f"/yangky11/miniF2F-lean4/archive/{SOURCES['minif2f'].revision}.tar.gz"]


def test_a_copy_that_cannot_be_reached_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark, "GITHUB", "http://127.0.0.1:9")
    monkeypatch.setenv("PROVER_CACHE", str(tmp_path / "cache"))
    with pytest.raises(BenchmarkError, match="trishullab/PutnamBench, which cannot be reached"):
        fetch("putnambench")
    assert list((tmp_path / "cache" / "benchmarks").iterdir()) == []


# The whole of miniF2F


@MISSING
def test_all_of_minif2f_is_read() -> None:
    rows = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
    found = load_benchmark(str(FILE))
    assert [t.sha256 for t in found] == [row["statement_sha256"] for row in rows]
    assert [t.split for t in found].count("valid") == 244
    assert [t.split for t in found].count("test") == 244
    assert set(known_wrong()) <= {t.name.lower() for t in found}


@MISSING
def test_another_layout_of_all_of_minif2f_is_the_same_benchmark(tmp_path: Path) -> None:
    found = load_benchmark(str(FILE))
    for theorem in found:
        place = tmp_path / theorem.split / f"{theorem.name}.lean"
        place.parent.mkdir(exist_ok=True)
        place.write_text(f"{theorem.header}\n\n{theorem.statement} := by sorry\n")
    again = {t.name: t for t in load_benchmark(str(tmp_path))}
    assert len(again) == 488
    for theorem in found:
        other = again[theorem.name]
        assert (other.statement, other.split) == (theorem.statement, theorem.split)
        assert other.header.strip() == theorem.header.strip()
    assert {d.kind for d in diff(found, list(again.values()))} == {"identical"}
