"""What is wrong with statements is found, and what is fine is left alone."""

import json
from pathlib import Path

import pytest

from prover.api import Options
from prover.errors import WrongUse
from prover.evaluate.audit import Finding, Problem, audit, read_findings, read_problems, report
from search.budget import Budget
from tests.lab import Lab

SMALL = Budget(expansions=1, seconds=30.0)


def look(lab: Lab, *statements: str, header: str = "") -> dict[str, Finding]:
    async def run() -> dict[str, Finding]:
        problems = [Problem(s.split()[1], s, header) for s in statements]
        return {f.name: f async for f in audit(lab.beside(Options(SMALL)), problems)}

    return lab.wait(run())


def test_each_defect_is_told_from_the_others(lab: Lab) -> None:
    found = look(
        lab,
        "theorem fine (a b c : Nat) (h : a < b) : a + c < b + c",
        "theorem contradictory (n : Nat) (h : n < 3) (g : 5 < n) : n = 7",
        "theorem contradictory_inside : ∀ n m : Nat, n < m → m < n → n = 7",
        "theorem refuted (n : Nat) : n + 1 = n",
        "theorem same (n : Nat) : n = n",
        "theorem given (n : Nat) (h : n < 5) : n < 5",
        "theorem negative (n : Nat) (h : n < 3) : ¬ 5 < n",
        "theorem misspelled (n : Nt) : n = n",
    )
    assert {name for name, f in found.items() if f.contradiction} == {
        "contradictory",
        "contradictory_inside",
    }
    assert {name for name, f in found.items() if f.negation} == {"refuted"}
    assert {name: f.trivial for name, f in found.items() if f.trivial} == {
        "same": "rfl",
        "given": "assumption",
    }
    assert [name for name, f in found.items() if f.error] == ["misspelled"]
    assert "Unknown identifier `Nt`" in (found["misspelled"].error or "")
    assert {name for name, f in found.items() if f.wrong} == {
        "contradictory",
        "contradictory_inside",
        "refuted",
    }


def test_the_type_hash_is_of_what_the_statement_means(lab: Lab) -> None:
    def hash_of(statement: str, header: str = "") -> str:
        return lab.wait(lab.prover.texts.type_hash(statement, header=header))

    plain = hash_of("theorem a (n m : Nat) : n + m = m + n")
    assert len(plain) == 64
    assert hash_of("theorem b : ∀ (x y : Nat), x + y = y + x") == plain
    assert hash_of("theorem a (n m : ℕ) : n + m = m + n", 'notation "ℕ" => Nat') == plain
    assert hash_of("theorem a (n m : Int) : n + m = m + n") != plain
    assert hash_of("theorem a (n m : Nat) : n + m = n + m") != plain


def test_a_report_names_what_was_found() -> None:
    found = [
        Finding(
            name="a", statement_sha256="0", lean="4.28.0", type_hash="hash", negation="omega | skip"
        ),
        Finding(name="b", statement_sha256="1", lean="4.28.0", error="unknown"),
    ]
    text = report(found)
    assert "| a | it is false: its negation is proved | `omega \\| skip` |" in text
    assert "2 statements, 1 elaborate" in text


def test_findings_are_read_back_even_if_the_last_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    whole = {"name": "a", "statement_sha256": "0", "lean": "4.28.0", "type_hash": "hash"}
    other = {**whole, "statement_sha256": "1", "lean": "4.29.0"}
    path.write_text(f"{json.dumps(whole)}\n{json.dumps(other)}\n{json.dumps(whole)[:20]}")
    assert read_findings(path, "4.28.0") == {"0": Finding(**whole)}
    assert read_findings(tmp_path / "none.jsonl", "4.28.0") == {}


@pytest.mark.parametrize("line", ["{", "3", '{"name": "a"}'])
def test_a_row_that_is_no_statement_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"name": "a", "statement": "theorem a : True"}\n' + line + "\n")
    with pytest.raises(WrongUse, match="line 2: not a statement"):
        read_problems(path)
